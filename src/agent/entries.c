/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that remove, rename or link directory entries: where bindings are
 * mount points, and two bindings two mounts.
 */
#include "agent/dispatch.h"
#include "agent/handlers.h"
#include "agent/translate.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#define ACCESS_WRITE_SEARCH 3 /* W_OK | X_OK */
#define ACCESS_EXISTS 0	      /* F_OK */

/* Whether the entry is a mount point of the guest, or a directory with one below that the host does not have. */
static bool holds_binding(const struct host_path *path)
{
	return path->is_resolved && view_has_below(the_view(), path->result->guest, path->result->guest_length);
}

static bool is_mount_point(const struct host_path *path)
{
	return path->is_resolved && path->result->is_mount_point;
}

/* The directory that holds the last component, or is named by it: its guest path to BUF, of PATH_SIZE. */
static void parent_of(const struct host_path *path, char *buf)
{
	size_t length = path->result->guest_length;

	memcpy(buf, path->result->guest, length + 1);
	if (path->result->ends_in_dot)
		return;
	while (length && buf[--length] != '/')
		;
	buf[length] = '\0';
}

/* The host path of that directory, with "/." behind it. Lies in slot->spare. */
static const char *host_parent_of(const struct call *call, const struct host_path *path)
{
	char *guest_path = call->slot->scratch.link, *host_path = call->slot->spare;
	size_t length;

	parent_of(path, guest_path);
	translate_stand_in(guest_path, host_path);
	length = strlen(host_path);
	if (length + 3 < PATH_SIZE)
		memcpy(host_path + length, "/.", 3);
	return host_path;
}

/* Ask for ACCESS to the directory that holds the last component: 0 or the errno. */
static long check_parent(const struct call *call, const struct host_path *path, int access)
{
	return GATE_4(NR_faccessat2, AT_FDCWD, host_parent_of(call, path), access, AT_EACCESS);
}

/*
 * Whether HOST_PATH and the directory of the new name lie on two file systems
 * of the host too: then the kernel itself refuses to join them.
 */
static bool is_kernel_boundary(const struct call *call, const char *host_path)
{
	struct stat old, new;

	return !GATE_2(NR_lstat, host_path, &old) && !GATE_2(NR_stat, host_parent_of(call, &call->paths[1]), &new) &&
	       old.st_dev != new.st_dev;
}

/*
 * The type bits of what the path names, slashes behind it aside; 0 when it does
 * not exist, or a negative errno. Overwrites slot->spare.
 */
static long type_of(const struct call *call, const struct host_path *path)
{
	size_t length = strlen(path->path);
	char *name = call->slot->spare;
	struct stat file;
	long status;

	if (path->result->is_virtual)
		return S_IFDIR;
	memcpy(name, path->path, length + 1);
	while (length > 1 && name[length - 1] == '/')
		name[--length] = '\0';
	status = GATE_4(NR_newfstatat, path->directory, name, &file, AT_SYMLINK_NOFOLLOW);
	if (status)
		return status == -ENOENT ? 0 : status;
	return file.st_mode & S_IFMT;
}

/* What the kernel says before it says EBUSY of a mount point: may_delete(), fs/namei.c. */
static long refuse_mount_point(const struct call *call, bool wants_directory)
{
	const struct host_path *path = &call->paths[0];
	bool is_directory = type_of(call, path) == S_IFDIR;

	if (!path->result->guest_length)
		return wants_directory ? -EBUSY : -EISDIR;
	if (path->result->wants_directory && !wants_directory)
		return is_directory ? -EISDIR : -ENOTDIR;
	if (check_parent(call, path, ACCESS_WRITE_SEARCH) == -EACCES)
		return -EACCES;
	if (wants_directory != is_directory)
		return is_directory ? -EISDIR : -ENOTDIR;
	return -EBUSY;
}

long handle_remove(struct call *call)
{
	long status = translate_path(call, 0, 0);
	bool wants_directory = call->nr == NR_rmdir || (call->nr == NR_unlinkat && call->arguments[2] & AT_REMOVEDIR);
	const struct host_path *path = &call->paths[0];

	if (status < 0)
		return translate_refuse(call, 0, status);
	if (status || (path->is_resolved && path->result->ends_in_dot))
		return call_make(call, call->nr);
	if (call->nr == NR_unlinkat && call->arguments[2] & 0xffffffff & ~(unsigned long)AT_REMOVEDIR)
		return -EINVAL;
	if (is_mount_point(path))
		return refuse_mount_point(call, wants_directory);
	if (wants_directory && holds_binding(path))
		return check_parent(call, path, ACCESS_WRITE_SEARCH) == -EACCES ? -EACCES : -ENOTEMPTY;
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

static bool is_below(const struct host_path *path, const struct host_path *above)
{
	const struct view_result *low = path->result, *high = above->result;

	return low->guest_length > high->guest_length && low->guest[high->guest_length] == '/' &&
	       !memcmp(low->guest, high->guest, high->guest_length);
}

/* That both directories can be entered comes before everything else. */
static long check_parents(const struct call *call)
{
	long status = check_parent(call, &call->paths[0], ACCESS_EXISTS);

	return status ? status : check_parent(call, &call->paths[1], ACCESS_EXISTS);
}

/*
 * One of the paths is a mount point, or above one: what do_renameat2(),
 * fs/namei.c, says, in its order.
 */
static long refuse_rename(const struct call *call, unsigned int flags)
{
	const struct host_path *old = &call->paths[0], *new = &call->paths[1];
	long old_type = type_of(call, old), new_type = type_of(call, new), status = check_parents(call);

	if (status)
		return status;
	if (!old->result->guest_length)
		return -EBUSY;
	if (!new->result->guest_length)
		return flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
	if (old_type <= 0)
		return old_type ? old_type : -ENOENT;
	if (new_type < 0)
		return new_type;
	if (new_type && flags & RENAME_NOREPLACE)
		return -EEXIST;
	if (!new_type && flags & RENAME_EXCHANGE)
		return -ENOENT;
	if (flags & RENAME_EXCHANGE && new_type != S_IFDIR && new->result->wants_directory)
		return -ENOTDIR;
	if (old_type != S_IFDIR &&
	    (old->result->wants_directory || (new->result->wants_directory && !(flags & RENAME_EXCHANGE))))
		return -ENOTDIR;
	if (is_below(new, old))
		return -EINVAL;
	if (is_below(old, new))
		return flags & RENAME_EXCHANGE ? -EINVAL : -ENOTEMPTY;
	if (text_equal(old->result->guest, new->result->guest))
		return 0;
	if (check_parent(call, old, ACCESS_WRITE_SEARCH) == -EACCES ||
	    check_parent(call, new, ACCESS_WRITE_SEARCH) == -EACCES)
		return -EACCES;
	if (new_type && !(flags & RENAME_EXCHANGE) && (old_type == S_IFDIR) != (new_type == S_IFDIR))
		return old_type == S_IFDIR ? -ENOTDIR : -EISDIR;
	return -EBUSY;
}

static long refuse_two_mounts(const struct call *call)
{
	long status;

	if (is_kernel_boundary(call, host_parent_of(call, &call->paths[0])))
		return call_make(call, call->nr);
	status = check_parents(call);
	return status ? status : -EXDEV;
}

#define RENAME_FLAGS (RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT)

long handle_rename(struct call *call)
{
	const struct host_path *paths = call->paths;
	unsigned int flags = call->nr == NR_renameat2 ? (unsigned int)call->arguments[4] : 0;
	long result, status;

	if (flags & ~(unsigned int)RENAME_FLAGS || (flags & RENAME_EXCHANGE && flags & ~(unsigned int)RENAME_EXCHANGE))
		return -EINVAL;
	status = translate_both(call, 0, &result);
	if (!status && !is_same_place(call))
		status = translate_both(call, TRANSLATE_FULL, &result);
	if (status < 0)
		return result;
	if (status || !paths[0].is_resolved || !paths[1].is_resolved)
		return call_make(call, call->nr);
	if (paths[0].result->parent_mount != paths[1].result->parent_mount)
		return refuse_two_mounts(call);
	/* Dots are refused by the kernel; the root, which is a name to it, is not. */
	if (is_mount_point(&paths[0]) && !paths[0].result->guest_length)
		return (status = check_parents(call)) ? status : -EBUSY;
	if (paths[0].result->ends_in_dot || paths[1].result->ends_in_dot)
		return call_make(call, call->nr);
	for (unsigned int i = 0; i < 2; i++)
		if (is_mount_point(&paths[i]) || holds_binding(&paths[i]))
			return refuse_rename(call, flags);
	return call_make(call, call->nr);
}

/* What linkat(2) says of the new name before EXDEV. */
static long refuse_new_name(const struct call *call)
{
	const struct host_path *new = &call->paths[1];
	long status = check_parent(call, new, ACCESS_EXISTS);

	if (status)
		return status;
	if (new->result->ends_in_dot || new->result->is_mount_point)
		return -EEXIST;
	status = type_of(call, new);
	if (status)
		return status < 0 ? status : -EEXIST;
	return new->result->wants_directory ? -ENOENT : -EXDEV;
}

/* The same, and first of the old one. */
static long refuse_other_mount(const struct call *call)
{
	const struct host_path *old = &call->paths[0], *new = &call->paths[1];
	long status;

	if (!new->result->is_mount_point && is_kernel_boundary(call, old->result->host))
		return call_make(call, call->nr);
	status = GATE_4(NR_faccessat2, old->directory, old->path, ACCESS_EXISTS, AT_SYMLINK_NOFOLLOW);
	return status ? status : refuse_new_name(call);
}

/* linkat of an open file (AT_EMPTY_PATH): whether its place is known to be on another mount than the new name's. */
static bool is_descriptor_elsewhere(struct call *call)
{
	char *guest_path = call->slot->path[0];

	if (!call->original[1] || !(call->original[4] & AT_EMPTY_PATH) || translate_path(call, 1, TRANSLATE_FULL))
		return false;
	if (!call->paths[1].is_resolved || (int)call->original[0] == AT_FDCWD ||
	    translate_directory((int)call->original[0], guest_path, call->slot->scratch.link))
		return false;
	call->arguments[1] = (unsigned long)"";
	return view_find_above(the_view(), guest_path, strlen(guest_path)) != call->paths[1].result->parent_mount;
}

#define LINK_FLAGS (AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)

long handle_link(struct call *call)
{
	const struct host_path *paths = call->paths;
	long result, status;

	if (call->nr == NR_linkat && call->arguments[4] & 0xffffffff & ~(unsigned long)LINK_FLAGS)
		return -EINVAL;
	status = translate_both(call, 0, &result);
	if (!status && !is_same_place(call))
		status = translate_both(call, TRANSLATE_FULL, &result);
	if (status == TRANSLATE_NOTHING && is_descriptor_elsewhere(call))
		return refuse_new_name(call);
	if (status < 0)
		return result;
	if (!paths[0].is_resolved || !paths[1].is_resolved)
		return call_make(call, call->nr);
	if (paths[1].result->is_mount_point ||
	    (paths[0].result->mount != paths[1].result->parent_mount && !paths[0].result->is_magic))
		return refuse_other_mount(call);
	return call_make(call, call->nr);
}
