/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening may wait (a fifo, a terminal), so it resumes at the gate.
 */
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/proc_files.h"
#include "agent/translate.h"
#include "agent/virtual.h"
#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/openat2.h>

static bool is_virtual(const struct call *call)
{
	return call->paths[0].is_resolved && call->paths[0].result->is_virtual;
}

/* The flags of open(2) and openat(2), those creat(2) implies; with O_PATH few count. */
static unsigned long flags_of(const struct call *call)
{
	static const unsigned long with_path = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	unsigned long flags = call->arguments[call->nr == NR_openat ? 2 : 1];

	if (call->nr == NR_creat)
		return O_CREAT | O_WRONLY | O_TRUNC;
	return flags & O_PATH ? flags & with_path : flags;
}

/*
 * How the last component is treated, which more flags decide than the table
 * can say. With O_CREAT and O_EXCL it is made: a link there is not followed,
 * but EEXIST. With O_CREAT and a slash behind it, it is EISDIR unseen.
 */
static enum call_follow follow_of(unsigned long flags, const char *guest_path)
{
	size_t length = strlen(guest_path);

	if (flags & O_CREAT && length && guest_path[length - 1] == '/')
		return FOLLOW_MAKES;
	return flags & O_NOFOLLOW || (flags & O_CREAT && flags & O_EXCL) ? FOLLOW_NO : FOLLOW_YES;
}

/* Translate the path, which is in slot->path[0] already, for an open with FLAGS. */
static long translate_for(struct call *call, unsigned long flags, unsigned int translate_flags)
{
	struct call_row row = *call->row;
	long status;

	row.paths[0].follow = follow_of(flags, call->slot->path[0]);
	call->row = &row;
	status = translate_path(call, 0, translate_flags | (flags & O_CREAT ? TRANSLATE_MAY_MAKE : 0));
	call->row = call_find(call->nr);
	return status;
}

static long open_resolved(struct call *call)
{
	unsigned long flags = flags_of(call);
	long status = translate_for(call, flags, proc_file_may_be(call->slot->path[0]) ? TRANSLATE_FULL : 0);

	if (status < 0)
		return translate_refuse(call, 0, status);
	if (!status && is_virtual(call))
		return virtual_open(call->paths[0].result->mount, flags);
	if (call->paths[0].is_resolved) {
		status = proc_file_open(call->slot, call->paths[0].result->host, flags);
		if (status != -ENOSYS)
			return status;
	}
	return call_resume(call, call->nr, NULL);
}

/* What open(2) makes of its arguments, build_open_how() in fs/open.c: openat2 refuses what open ignores. */
static struct open_how how_of(const struct call *call)
{
	static const unsigned long known = 037777703;
	struct open_how how = { .resolve = RESOLVE_NO_SYMLINKS };

	how.flags = flags_of(call) & known;
	if (!(how.flags & O_PATH))
		how.flags |= O_LARGEFILE;
	if (how.flags & (O_CREAT | __O_TMPFILE))
		how.mode = call->arguments[call->nr == NR_openat ? 3 : call->nr == NR_open ? 2 : 1] & 07777;
	return how;
}

/*
 * Most paths meet neither binding nor link: openat2 opens those in one call,
 * and says ELOOP of the others.
 */
long handle_open(struct call *call)
{
	const struct call_path *shape = &call->row->paths[0];
	struct host_path *path = &call->paths[0];
	struct slot *slot = call->slot;
	struct open_how *how = (struct open_how *)slot->spare;
	unsigned int count;
	long status = guest_read_string(slot->path[0], call->arguments[shape->path], PATH_SIZE);

	if (status < 0)
		return translate_refuse(call, 0, status);
	if (proc_file_may_be(slot->path[0]) || (the_view()->flags & VIEW_VIRTUAL && flags_of(call) & O_CREAT))
		return open_resolved(call);
	*path = (struct host_path){
		.directory = AT_FDCWD, .guest_path = slot->path[0], .path = slot->path[0], .object = -1
	};
	if (slot->path[0][0] == '/') {
		if (!view_to_host_plain(the_view(), slot->path[0], slot->results[0].host))
			return open_resolved(call);
		path->path = slot->results[0].host;
	} else {
		if (!view_is_relative_plain(the_view(), slot->path[0], &count))
			return open_resolved(call);
		path->directory = shape->directory == CALL_CWD ? AT_FDCWD : (int)call->arguments[shape->directory];
	}
	*how = how_of(call);
	return call_resume_open(call, path->directory, path->path, how, open_resolved);
}

#define HOW_SIZE_LEAST 24 /* OPEN_HOW_SIZE_VER0, include/uapi/linux/openat2.h */
#define RESOLVE_BELOW (RESOLVE_BENEATH | RESOLVE_IN_ROOT)

/* Copy the guest's struct open_how into slot->spare, and point the call at it. */
static long read_how(struct call *call, struct open_how *how)
{
	size_t size = call->arguments[3];
	long status;

	if (size < HOW_SIZE_LEAST)
		return -EINVAL;
	if (size > PATH_SIZE)
		return -E2BIG;
	status = guest_read(how, call->arguments[2], sizeof(*how));
	return status;
}

/* The path that stands in for EACCES leads through a link of /proc: that must be allowed in the copy. */
static long refuse_search(struct call *call, const struct open_how *how)
{
	struct open_how *copy = (struct open_how *)call->slot->spare;

	if (guest_read(copy, call->arguments[2], call->arguments[3]))
		return -EFAULT;
	copy->resolve = how->resolve & ~(uint64_t)(RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV);
	call->arguments[2] = (unsigned long)copy;
	return translate_refuse(call, 0, -EACCES);
}

/*
 * BENEATH and IN_ROOT keep the walk below the descriptor, so the kernel can do
 * it as it is: nothing outside the view is met. NO_XDEV speaks of the guest's
 * mounts, which the kernel does not know.
 */
long handle_openat2(struct call *call)
{
	struct open_how how;
	struct open_how *copy = (struct open_how *)call->slot->spare;
	long status = read_how(call, &how);

	if (status)
		return status;
	status = guest_read_string(call->slot->path[0], call->arguments[1], PATH_SIZE);
	if (status < 0)
		return translate_refuse(call, 0, status);
	if (how.resolve & RESOLVE_BELOW) {
		call->arguments[1] = (unsigned long)call->slot->path[0];
	} else {
		status = translate_for(call, how.flags,
				       (how.resolve & RESOLVE_NO_SYMLINKS ? TRANSLATE_NO_LINKS : 0) |
					       (how.resolve & RESOLVE_NO_MAGICLINKS ? TRANSLATE_NO_MAGIC : 0));
		if (status == -EACCES)
			return refuse_search(call, &how);
		if (status < 0)
			return translate_refuse(call, 0, status);
	}
	if (is_virtual(call))
		return virtual_open(call->paths[0].result->mount, how.flags);
	if (guest_read(copy, call->arguments[2], call->arguments[3]))
		return -EFAULT;
	*copy = how;
	copy->resolve &= ~(uint64_t)RESOLVE_NO_XDEV;
	call->arguments[2] = (unsigned long)copy;
	return call_resume(call, call->nr, NULL);
}
