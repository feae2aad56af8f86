/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening may wait (a fifo, a terminal), so it resumes at the gate.
 */
#include "agent/open.h"
#include "agent/access.h"
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/hardlinks.h"
#include "agent/mounts.h"
#include "agent/overlay.h"
#include "agent/pin.h"
#include "agent/proc.h"
#include "agent/proc_files.h"
#include "agent/readonly.h"
#include "agent/root.h"
#include "agent/translate.h"
#include "agent/virtual.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/openat2.h>
#include <linux/stat.h>

static call_handler open_resolved;

static bool is_virtual(const struct call *call)
{
	return call->paths[0].is_resolved && call->paths[0].result->is_virtual;
}

/* The flags of open(2) and openat(2), or those creat(2) implies. */
static unsigned long flags_of(const struct call *call)
{
	static const unsigned long with_path = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	unsigned long flags = call->arguments[call->nr == NR_openat ? 2 : 1];

	if (call->nr == NR_creat)
		return O_CREAT | O_WRONLY | O_TRUNC;
	return flags & O_PATH ? flags & with_path : flags;
}

uint64_t open_flags_of(const struct call *call)
{
	uint64_t flags = 0;

	if (call->nr != NR_openat2)
		return flags_of(call);
	guest_read(&flags, call->original[2] + offsetof(struct open_how, flags), sizeof(flags));
	return flags;
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

	call->holds |= call->tries >= TRANSLATE_HOLDING_TRY;
	row.paths[0].follow = follow_of(flags, call->slot->path[0]);
	call->row = &row;
	status = translate_path(call, 0, translate_flags | (flags & O_CREAT ? TRANSLATE_MAY_MAKE : 0));
	call->row = call_find(call->nr);
	return status;
}

struct open_how open_how_of(unsigned long flags, unsigned long mode)
{
	static const unsigned long known = 037777703, with_path = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	struct open_how how = { .resolve = RESOLVE_NO_SYMLINKS };

	how.flags = flags & (flags & O_PATH ? with_path : known);
	if (!(how.flags & O_PATH))
		how.flags |= O_LARGEFILE;
	if (how.flags & (O_CREAT | __O_TMPFILE))
		how.mode = mode & 07777;
	return how;
}

static struct open_how how_of(const struct call *call)
{
	return open_how_of(flags_of(call), call->arguments[call->nr == NR_openat ? 3 : call->nr == NR_open ? 2 : 1]);
}

/* Who changes names all the time must not keep another process here for ever. */
#define TRIES_MOST 1000

/* Whether names of /proc are enough, or those of a directory outside the view, or there is no path. */
static bool is_left_to_kernel(const struct host_path *path)
{
	return !path->guest_path || path->is_own_way ||
	       (path->is_resolved && (path->result->is_magic || text_begins(path->result->host, "/proc/")));
}

/*
 * The path is resolved to one without links: openat2 sees to it that this is
 * true still, or it begins anew. Only names without ".." will do, or the
 * directory as a descriptor. So it has to be where the last component may be a
 * link that is to be opened or refused as such. 0, PIN_AGAIN or an errno.
 */
static long hold_for_open(struct call *call, unsigned long flags)
{
	struct host_path *path = &call->paths[0];
	enum pin_kind kind = PIN_PARENT;

	if (call->tries++ > TRIES_MOST)
		return -ELOOP;
	if (!path->base_link[0] && !pin_goes_up(path->path) && !(flags & O_NOFOLLOW && call->tries > 1))
		return 0;
	/* What is made needs a name, and the kernel says so of dots. */
	if (!(flags & O_CREAT) && pin_ends_in_dots(path->path))
		kind = PIN_OBJECT;
	return pin_path(path, kind, true, call->slot->pinned[0]);
}

/*
 * Whether the kernel must see the last component as it is: the link to what is held,
 * or one that is not followed. Then ELOOP is its answer, and no reason to begin anew.
 */
static bool is_last_left(const struct host_path *path, unsigned long flags)
{
	return path->pin >= 0 && (flags & O_NOFOLLOW || text_begins(path->path, PROC_DESCRIPTORS));
}

static long open_named(struct call *call, unsigned long flags)
{
	struct open_how *how = (struct open_how *)call->slot->spare;
	struct host_path *path = &call->paths[0];
	long status = hold_for_open(call, flags);

	if (status == PIN_AGAIN)
		return open_resolved(call);
	if (status)
		return translate_refuse(call, 0, status);
	if (identity_is_on()) {
		struct open_how wanted = how_of(call);

		status = access_open(call, &wanted);
		if (status == -EACCES)
			return translate_refuse(call, 0, status);
		if (status != ACCESS_KERNEL_OPENS)
			return status;
		/* Where it is kept has been used for something else. */
		*how = how_of(call);
	}
	*how = how_of(call);
	if (is_last_left(path, flags)) {
		how->resolve = 0;
		return call_resume_open(call, path->directory, path->path, how, NULL);
	}
	return call_resume_open(call, path->directory, path->path, how, open_resolved);
}

/* Of a path on a read-only mount, to be changed by that, or to be written. */
static long open_readonly(struct call *call, unsigned long flags)
{
	long status = translate_refuse(call, 0, -ENOENT);

	if (status != -ENOENT)
		return status;
	status = call->tries++ > TRIES_MOST ? -ELOOP : readonly_open(call, flags);
	if (status == PIN_AGAIN)
		return open_resolved(call);
	if (status != READONLY_OPENS)
		return status;
	*(struct open_how *)call->slot->spare = how_of(call);
	return call_resume_waiting(call);
}

static long open_resolved(struct call *call)
{
	unsigned long flags = flags_of(call);
	long status = translate_for(call, flags, TRANSLATE_FULL | TRANSLATE_NAME), fd;

	if (status < 0)
		return translate_refuse(call, 0, status);
	if (!status && is_virtual(call))
		return virtual_open(call->paths[0].result->mount, flags);
	if (call->paths[0].is_resolved) {
		fd = proc_file_open(call->slot, call->paths[0].result->host, flags);
		if (fd != -ENOSYS)
			return fd;
	}
	call->mount = mounts_of_open(call, flags);
	if (overlay_forbids_open(call, flags))
		return -EROFS;
	if (readonly_forbids_open(call, flags))
		return open_readonly(call, flags);
	if (!is_left_to_kernel(&call->paths[0]))
		return open_named(call, flags);
	status = access_open_magic(call, flags);
	return status ? status : call_resume(call, call->nr, NULL);
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
	const char *name;
	unsigned int count;
	uint32_t mount;
	long status = guest_read_string(slot->path[0], call->arguments[shape->path], PATH_SIZE);

	if (status < 0)
		return translate_refuse(call, 0, status);
	name = text_base_name(slot->path[0]);
	if (proc_file_may_be(name, strlen(name)) || access_is_checked(call) ||
	    hardlinks_want_walk(slot->path[0], flags_of(call) & O_NOFOLLOW ? 0 : VIEW_FOLLOW) ||
	    ((the_view()->flags & VIEW_VIRTUAL || identity_is_on()) &&
	     (flags_of(call) & (O_CREAT | O_TRUNC) || (flags_of(call) & __O_TMPFILE) == __O_TMPFILE)))
		return open_resolved(call);
	*path = (struct host_path){
		.directory = AT_FDCWD, .guest_path = slot->path[0], .path = slot->path[0], .pin = -1, .held = -1
	};
	if (slot->path[0][0] == '/') {
		if (!plain_host_path(slot->path[0], (size_t)status, slot->results[0].host, PATH_SIZE, &mount) ||
		    mounts_may_need_note(slot->results[0].host, flags_of(call)) ||
		    (readonly_may_forbid(flags_of(call)) && readonly_is_mount(mount)))
			return open_resolved(call);
		path->path = slot->results[0].host;
	} else {
		if (!view_is_relative_plain(the_view(), slot->path[0], &count) ||
		    mounts_may_need_note(slot->path[0], flags_of(call)) || readonly_may_forbid(flags_of(call)))
			return open_resolved(call);
		path->is_as_is = true;
		path->directory = shape->directory == CALL_CWD ? AT_FDCWD : (int)call->arguments[shape->directory];
	}
	*how = how_of(call);
	return call_resume_open(call, path->directory, path->path, how, open_resolved);
}

#define HOW_SIZE_LEAST 24 /* OPEN_HOW_SIZE_VER0, include/uapi/linux/openat2.h */
#define RESOLVE_BELOW (RESOLVE_BENEATH | RESOLVE_IN_ROOT)

/* As check_zeroed_user(), lib/usercopy.c: 0, -E2BIG where a byte is not zero, or -EFAULT. */
static long check_zero(unsigned long address, size_t size)
{
	while (size) {
		unsigned long word = 0;
		size_t part = MIN(size, sizeof(word) - address % sizeof(word));

		if (guest_read(&word, address, part))
			return -EFAULT;
		if (word)
			return -E2BIG;
		address += part;
		size -= part;
	}
	return 0;
}

/*
 * As copy_struct_from_user(), include/linux/uaccess.h: what lies behind the fields known here must be zero. Of two ways
 * to stay below a directory there can be one only: build_open_flags(), fs/open.c.
 */
static long read_how(const struct call *call, struct open_how *how)
{
	size_t size = call->arguments[3];
	long status;

	if (size < HOW_SIZE_LEAST)
		return -EINVAL;
	if (size > PATH_SIZE)
		return -E2BIG;
	status = size > sizeof(*how) ? check_zero(call->arguments[2] + sizeof(*how), size - sizeof(*how)) : 0;
	*how = (struct open_how){ 0 };
	if (!status)
		status = guest_read(how, call->arguments[2], MIN(size, sizeof(*how)));
	return status || (how->resolve & RESOLVE_BELOW) != RESOLVE_BELOW ? status : -EINVAL;
}

/* Let the call be made with a copy of HOW, and RESOLVE in it. */
static void set_how(struct call *call, const struct open_how *how, uint64_t resolve)
{
	struct open_how *copy = (struct open_how *)call->slot->spare;

	*copy = *how;
	copy->resolve = resolve;
	call->arguments[2] = (unsigned long)copy;
	call->arguments[3] = sizeof(*copy);
}

/*
 * The path leads to ERROR. The kernel looks at the flags first: it is asked by
 * a path of which it says the same, or ENOENT, whatever the flags that would
 * not let it go that way.
 */
static long refuse(struct call *call, const struct open_how *how, long error)
{
	uint64_t resolve = how->resolve &
			   ~(uint64_t)(RESOLVE_BELOW | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV);
	long status;

	if (!(how->flags & (O_CREAT | O_TRUNC | __O_TMPFILE)))
		resolve &= ~(uint64_t)RESOLVE_CACHED;
	set_how(call, how, resolve);
	if (error != -EXDEV)
		return translate_refuse(call, 0, error);
	status = translate_refuse(call, 0, -ENOENT);
	return status == -ENOENT ? error : status;
}

/*
 * Whether the kernel can do the walk itself: it stays below the descriptor, and
 * nothing is bound there, nor is a file of /proc made there; or it does not
 * take a step.
 */
static bool stays_plain(struct call *call)
{
	const struct view *view = the_view();
	char *base = call->slot->results[0].guest, *host_base = call->slot->results[0].host;
	const char *path = call->slot->path[0];

	if (translate_directory((int)call->arguments[0], base, host_base) ||
	    view_binding(view, view_find_above(view, base, strlen(base)))->flags & (VIEW_VIRTUAL | VIEW_OVERLAY))
		return false;
	while (*path == '/')
		path++;
	return !*path || !(view_has_below(view, base, strlen(base)) || text_begins(host_base, "/proc"));
}

static unsigned int translate_flags_of(uint64_t resolve)
{
	return (resolve & RESOLVE_NO_SYMLINKS ? TRANSLATE_NO_LINKS : 0) |
	       (resolve & RESOLVE_NO_MAGICLINKS ? TRANSLATE_NO_MAGIC : 0) |
	       (resolve & RESOLVE_BENEATH ? VIEW_BENEATH : 0) | (resolve & RESOLVE_IN_ROOT ? VIEW_IN_ROOT : 0) |
	       (resolve & RESOLVE_NO_XDEV ? VIEW_NO_MOUNTS : 0) |
	       (resolve & (RESOLVE_BELOW | RESOLVE_NO_XDEV) ? TRANSLATE_FULL : 0);
}

/* The host's mount that a path lies on, or -1. */
static long mount_of(int directory, const char *path)
{
	struct statx status;

	if (GATE_5(NR_statx, directory, path, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT, STATX_MNT_ID,
		   &status) ||
	    !(status.stx_mask & STATX_MNT_ID))
		return -1;
	return (long)status.stx_mnt_id;
}

/* Inside of what is bound there may be mounts of the host. */
static bool crosses_inner_mount(const struct call *call, const struct open_how *how)
{
	bool from_root = call->slot->path[0][0] == '/' && !(how->resolve & RESOLVE_IN_ROOT);
	char *root = call->slot->spare;
	long to = mount_of(call->paths[0].directory, call->paths[0].path), from;

	translate_stand_in(root_path(), root);
	from = from_root ? mount_of(AT_FDCWD, root) : mount_of((int)call->original[0], "");
	return from >= 0 && to >= 0 && from != to;
}

/* How CALL, an open of any kind, opens: 0 or a negative errno. */
static long read_any_how(const struct call *call, struct open_how *how)
{
	if (call->nr == NR_openat2)
		return read_how(call, how);
	*how = how_of(call);
	how->resolve = 0;
	return 0;
}

long open_ask(struct call *call, const struct open_how *how)
{
	return call->nr == NR_openat2 ? refuse(call, how, -ENOTDIR) : translate_refuse(call, 0, -ENOTDIR);
}

long open_find(struct call *call, struct open_how *how)
{
	long status = read_any_how(call, how);

	if (!status)
		status = guest_read_string(call->slot->path[0], call->original[call->row->paths[0].path], PATH_SIZE);
	return status < 0 ? status :
			    translate_for(call, how->flags,
					  TRANSLATE_FULL | TRANSLATE_NAME | translate_flags_of(how->resolve));
}

/* As open_named(), with RESOLVE for the kernel. */
static long resume_open(struct call *call, const struct open_how *how, uint64_t resolve)
{
	struct host_path *path = &call->paths[0];
	bool is_left;
	long status;

	call->mount = mounts_of_open(call, how->flags);
	if (is_left_to_kernel(path)) {
		status = access_open_magic(call, how->flags);
		set_how(call, how, resolve);
		return status ? status : call_resume(call, call->nr, NULL);
	}
	status = hold_for_open(call, how->flags);
	if (status == PIN_AGAIN)
		return handle_openat2(call);
	if (status)
		return refuse(call, how, status);
	if (identity_is_on()) {
		struct open_how wanted = *how;

		wanted.resolve = resolve | RESOLVE_NO_SYMLINKS;
		status = access_open(call, &wanted);
		if (status == -EACCES)
			return refuse(call, how, status);
		if (status != ACCESS_KERNEL_OPENS)
			return status;
	}
	is_left = is_last_left(path, how->flags);
	if (is_left)
		resolve &= ~(uint64_t)(RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
	else
		resolve |= RESOLVE_NO_SYMLINKS;
	set_how(call, how, resolve);
	call->arguments[0] = (unsigned long)path->directory;
	call->arguments[1] = (unsigned long)path->path;
	return call_resume_retry(call, is_left ? NULL : handle_openat2);
}

/* As open_readonly(). */
static long open_readonly_2(struct call *call, const struct open_how *how)
{
	long status = refuse(call, how, -ENOENT);

	if (status != -ENOENT)
		return status;
	status = call->tries++ > TRIES_MOST ? -ELOOP : readonly_open(call, how->flags);
	if (status == PIN_AGAIN)
		return handle_openat2(call);
	if (status != READONLY_OPENS)
		return status;
	*(struct open_how *)call->slot->spare = *how;
	return call_resume_waiting(call);
}

/* The path is resolved: the kernel is given where it leads. */
static long open_result(struct call *call, const struct open_how *how)
{
	const struct view_result *result = call->paths[0].result;
	uint64_t resolve = how->resolve & ~(uint64_t)(RESOLVE_BELOW | RESOLVE_NO_XDEV);
	long status;

	if (result->is_virtual) {
		status = refuse(call, how, -ENOENT);
		return status == -ENOENT ? virtual_open(result->mount, how->flags) : status;
	}
	if (how->resolve & RESOLVE_NO_XDEV && crosses_inner_mount(call, how))
		return refuse(call, how, -EXDEV);
	status = proc_file_open(call->slot, result->host, how->flags);
	if (status != -ENOSYS)
		return status;
	if (overlay_forbids_open(call, how->flags))
		return -EROFS;
	if (readonly_forbids_open(call, how->flags))
		return open_readonly_2(call, how);
	return resume_open(call, how, resolve);
}

/* The flags of openat2's RESOLVE_ speak of the guest's root, mounts and links: the resolver keeps to them. */
long handle_openat2(struct call *call)
{
	struct open_how how;
	long status;

	memcpy(call->arguments, call->original, sizeof(call->arguments));
	status = read_how(call, &how);
	if (status)
		return status;
	status = guest_read_string(call->slot->path[0], call->arguments[1], PATH_SIZE);
	if (status < 0)
		return refuse(call, &how, status);
	if (how.resolve & RESOLVE_BELOW && !identity_is_on() && !readonly_may_forbid(how.flags) &&
	    !hardlinks_are_on() && stays_plain(call)) {
		call->paths[0].guest_path = call->slot->path[0];
		call->paths[0].is_as_is = true;
		call->arguments[1] = (unsigned long)call->slot->path[0];
		set_how(call, &how, how.resolve);
		return call_resume(call, call->nr, NULL);
	}
	status = translate_for(call, how.flags,
			       TRANSLATE_NAME | (call->tries || readonly_may_forbid(how.flags) ? TRANSLATE_FULL : 0) |
				       translate_flags_of(how.resolve));
	if (status < 0)
		return refuse(call, &how, status);
	if (call->paths[0].is_resolved)
		return open_result(call, &how);
	return resume_open(call, &how, how.resolve);
}
