/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that remove, rename or link directory entries: where bindings are
 * mount points, and two bindings two mounts.
 */
#include "agent/dispatch.h"
#include "agent/handlers.h"
#include "agent/translate.h"
#include <asm/fcntl.h>
#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#define ACCESS_WRITE_SEARCH 3 /* W_OK | X_OK */

/* Whether the entry is a mount point of the guest, or a directory with one below that the host does not have. */
static bool holds_binding(const struct host_path *path)
{
	return path->is_resolved &&
	       view_has_below(the_view(), path->result->guest, path->result->guest_length);
}

static bool is_mount_point(const struct host_path *path)
{
	return path->is_resolved && path->result->is_mount_point;
}

/* What the kernel says before it says EBUSY: may_delete(), fs/namei.c. */
static long refuse_mount_point(const struct host_path *path, bool wants_directory)
{
	const struct view_binding *binding = view_binding(the_view(), path->result->mount);
	bool is_directory = binding->flags & (VIEW_DIRECTORY | VIEW_VIRTUAL);
	size_t length = path->result->guest_length;
	char *guest_path = path->result->guest;

	while (length && guest_path[--length] != '/')
		;
	guest_path[length] = '\0';
	translate_stand_in(guest_path, path->result->host);
	if (GATE_4(NR_faccessat2, AT_FDCWD, path->result->host, ACCESS_WRITE_SEARCH, AT_EACCESS) == -EACCES)
		return -EACCES;
	if (wants_directory != is_directory)
		return is_directory ? -EISDIR : -ENOTDIR;
	return -EBUSY;
}

long handle_remove(struct call *call)
{
	long status = translate_path(call, 0, 0);
	bool wants_directory = call->nr == NR_rmdir || (call->nr == NR_unlinkat && call->arguments[2] & AT_REMOVEDIR);

	if (status < 0)
		return translate_refuse(call, 0, status);
	if (!status && is_mount_point(&call->paths[0]))
		return refuse_mount_point(&call->paths[0], wants_directory);
	if (!status && wants_directory && holds_binding(&call->paths[0]))
		return -ENOTEMPTY;
	return call_make(call, call->nr);
}

/* Negative on an error, and then *RESULT is the call's. */
static long translate_both(struct call *call, unsigned int flags, long *result)
{
	long first = translate_path(call, 0, flags), second;

	if (first < 0) {
		*result = translate_refuse(call, 0, first);
		return first;
	}
	second = translate_path(call, 1, flags);
	if (second < 0)
		*result = translate_refuse(call, 1, second);
	return second < 0 ? second : first | second;
}

/* Whether both paths are known well enough to say that they lie on one mount of the guest. */
static bool is_same_place(const struct call *call)
{
	const struct host_path *paths = call->paths;

	return !paths[0].is_resolved && !paths[1].is_resolved && paths[0].directory == paths[1].directory;
}

long handle_rename(struct call *call)
{
	struct host_path *paths = call->paths;
	long result, status = translate_both(call, 0, &result);

	if (!status && !is_same_place(call))
		status = translate_both(call, TRANSLATE_FULL, &result);
	if (status < 0)
		return result;
	if (paths[0].is_resolved && paths[1].is_resolved &&
	    paths[0].result->parent_mount != paths[1].result->parent_mount)
		return -EXDEV;
	if (is_mount_point(&paths[0]) && is_mount_point(&paths[1]) && paths[0].result->guest_length &&
	    paths[0].result->mount == paths[1].result->mount)
		return 0; /* one object: vfs_rename() looks at that first */
	for (unsigned int i = 0; i < 2; i++)
		if (is_mount_point(&paths[i]) || holds_binding(&paths[i]))
			return -EBUSY;
	return call_make(call, call->nr);
}

/* What linkat(2) says before EXDEV: of the old name, then of the new. */
static long refuse_other_mount(const struct call *call)
{
	long status = GATE_4(NR_faccessat2, AT_FDCWD, call->paths[0].path, 0, AT_SYMLINK_NOFOLLOW);

	if (status)
		return status;
	status = GATE_4(NR_faccessat2, AT_FDCWD, call->paths[1].path, 0, AT_SYMLINK_NOFOLLOW);
	if (!status || call->paths[1].result->is_mount_point)
		return -EEXIST;
	return status == -ENOENT && !call->paths[1].result->wants_directory ? -EXDEV : status;
}

long handle_link(struct call *call)
{
	struct host_path *paths = call->paths;
	long result, status = translate_both(call, 0, &result);

	if (!status && !is_same_place(call))
		status = translate_both(call, TRANSLATE_FULL, &result);
	if (status < 0)
		return result;
	if (paths[0].is_resolved && paths[1].is_resolved && paths[0].result->mount != paths[1].result->parent_mount &&
	    !paths[0].result->is_magic)
		return refuse_other_mount(call);
	return call_make(call, call->nr);
}
