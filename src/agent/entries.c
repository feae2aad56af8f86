/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that remove, rename or link directory entries: where bindings are
 * mount points, and two bindings two mounts.
 */
#include "agent/access.h"
#include "agent/capability.h"
#include "agent/child.h"
#include "agent/dispatch.h"
#include "agent/entries.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/identity.h"
#include "agent/hardlinks_change.h"
#include "agent/overlay.h"
#include "agent/overlay_entries.h"
#include "agent/owner.h"
#include "agent/pin.h"
#include "agent/proc.h"
#include "agent/readonly.h"
#include "agent/translate.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#define ACCESS_WRITE_SEARCH 3 /* W_OK | X_OK */
#define ACCESS_WRITE 2	      /* W_OK */
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

/* Ask for ACCESS to the directory that holds the last component, in an overlay to that of the uppermost layer. */
static long check_parent(const struct call *call, const struct host_path *path, int access)
{
	int directory;
	const char *name = translate_parent(call, path, &directory);

	if (access == ACCESS_WRITE_SEARCH && path->is_resolved && overlay_is_mount(path->result->parent_mount))
		return overlay_check_parent(path);
	return GATE_4(NR_faccessat2, directory, name, access, AT_EACCESS);
}

static long stat_parent(const struct call *call, const struct host_path *path, struct stat *status)
{
	int directory;
	const char *name = translate_parent(call, path, &directory);

	return GATE_4(NR_newfstatat, directory, name, status, 0);
}

static bool is_same_parent(const struct call *call)
{
	struct stat old, new;

	return !stat_parent(call, &call->paths[0], &old) && !stat_parent(call, &call->paths[1], &new) &&
	       old.st_dev == new.st_dev &&old.st_ino == new.st_ino;
}

/*
 * Whether what the kernel would be given is in the directory that stat_parent() looks at: not so where something is
 * mounted, nor, maybe, in an overlay.
 */
static bool is_in_parent(const struct host_path *path)
{
	return path->is_resolved && !path->result->is_mount_point && !overlay_is_mount(path->result->parent_mount);
}

/* Whether OLD lies on another file system of the host than the directory of the new name: the kernel itself refuses. */
static bool is_kernel_boundary(const struct call *call, const struct stat *old)
{
	struct stat new;

	return is_in_parent(&call->paths[1]) && !stat_parent(call, &call->paths[1], &new) && old->st_dev != new.st_dev;
}

static void strip_slashes(char *path)
{
	size_t length = strlen(path);

	while (length > 1 && path[length - 1] == '/')
		path[--length] = '\0';
}

/*
 * The type bits of what the path names, slashes behind it aside; 0 when it does
 * not exist, or a negative errno. Overwrites slot->spare.
 */
static long type_of(const struct call *call, const struct host_path *path)
{
	char *name = call->slot->spare;
	struct stat file;
	long status;

	if (path->result->is_virtual)
		return S_IFDIR;
	/* There may be a whiteout. */
	if (overlay_is_mount(path->result->mount) && !path->result->is_mount_point && !path->result->place.is_there)
		return strlen(text_base_name(path->result->guest)) > NAME_LONGEST ? -ENAMETOOLONG : 0;
	memcpy(name, path->path, strlen(path->path) + 1);
	strip_slashes(name);
	status = GATE_4(NR_newfstatat, path->directory, name, &file, AT_SYMLINK_NOFOLLOW);
	if (status)
		return status == -ENOENT ? 0 : status;
	return file.st_mode & S_IFMT;
}

/*
 * What lies below a mount point is the kernel's victim; it has the name in its
 * directory. In slot->spare or in slot->scratch.link, relative to *DIRECTORY.
 */
static const char *covered_name(const struct call *call, const struct host_path *path, int *directory)
{
	char *name = translate_parent(call, path, directory);
	size_t length = strlen(name);
	struct text last;

	text_init(&last, name + length, PATH_SIZE - length);
	text_add(&last, "/");
	text_add(&last, text_base_name(path->result->guest));
	return name;
}

static long stat_covered(const struct call *call, const struct host_path *path, struct stat *status)
{
	int directory;
	const char *name = covered_name(call, path, &directory);

	return GATE_4(NR_newfstatat, directory, name, status, AT_SYMLINK_NOFOLLOW);
}

/* Whether both names are one, or hard links to one file: to rename them is to do nothing. */
static bool is_same_file(const struct call *call)
{
	struct stat old, new;

	return text_equal(call->paths[0].result->guest, call->paths[1].result->guest) ||
	       (!stat_covered(call, &call->paths[0], &old) && !stat_covered(call, &call->paths[1], &new) &&
		old.st_dev == new.st_dev &&old.st_ino == new.st_ino);
}

/* Whether a sticky directory keeps the guest from removing FILE: __check_sticky(), fs/namei.c. */
static bool is_kept_by_sticky(const struct call *call, const struct host_path *path)
{
	struct stat parent, file;
	unsigned int user = (unsigned int)GATE_0(NR_geteuid);

	if (stat_parent(call, path, &parent) || !(parent.st_mode & S_ISVTX) || parent.st_uid == user)
		return false;
	if (stat_covered(call, path, &file) || file.st_uid == user)
		return false;
	return !has_capability(CAP_FOWNER);
}

/* May a directory, or something else, be removed there? The first part of may_delete(), fs/namei.c, and its order. */
static long check_delete(const struct call *call, const struct host_path *path, bool wants_directory)
{
	bool is_directory = type_of(call, path) == S_IFDIR;

	if (check_parent(call, path, ACCESS_WRITE_SEARCH) == -EACCES)
		return -EACCES;
	if (is_kept_by_sticky(call, path))
		return -EPERM;
	if (wants_directory != is_directory)
		return is_directory ? -EISDIR : -ENOTDIR;
	return 0;
}

/* What the kernel says before it says EBUSY of a mount point. */
static long refuse_mount_point(const struct call *call, bool wants_directory)
{
	const struct host_path *path = &call->paths[0];
	long status;

	if (path->result->is_root)
		return wants_directory ? -EBUSY : -EISDIR;
	if (path->result->wants_directory && !wants_directory)
		return type_of(call, path) == S_IFDIR ? -EISDIR : -ENOTDIR;
	status = check_delete(call, path, wants_directory);
	return status ? status : -EBUSY;
}

/* Make the call, by which the entry VICTIM may go. */
static long make_and_drop(const struct call *call, const struct host_path *victim)
{
	struct owner_remains remains;
	long status;

	owner_look_before(victim, &remains);
	status = call_make(call, call->nr);
	if (!status)
		owner_drop(victim, &remains);
	return status;
}

/* Make the call on an entry that may be one of several names. */
static long make_remove(struct call *call)
{
	struct hardlinks_change change = { .call = call, .removes = true };
	long status;

	if (!hardlinks_are_on())
		return make_and_drop(call, &call->paths[0]);
	status = hardlinks_change_begin(&change);
	if (status != HARDLINKS_GO_ON)
		return status;
	status = make_and_drop(call, &call->paths[0]);
	if (status == -ENOTEMPTY && hardlinks_clear(call, 0))
		status = make_and_drop(call, &call->paths[0]);
	hardlinks_change_end(&change, status);
	return status;
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
	return make_remove(call);
}

/* Whether the old path of linkat begins at a descriptor, with AT_EMPTY_PATH: false also for what is no path. */
static bool begins_at_descriptor(struct call *call)
{
	char *path = call->slot->path[0];

	if (call->nr != NR_linkat || !(call->original[4] & AT_EMPTY_PATH) || (int)call->original[0] == AT_FDCWD)
		return false;
	return guest_read_string(path, call->original[1], PATH_SIZE) >= 0 && path[0] != '/';
}

/*
 * The descriptor that linkat's old path begins at may be linked to, whatever the kernel thinks of who has opened it: it
 * is told the link of /proc, in slot->scratch.link. One that is not open it tells of by itself.
 */
static void name_descriptor(struct call *call, bool has_path)
{
	struct text name;

	if (!has_path && GATE_2(NR_fcntl, call->original[0], F_GETFD) < 0)
		return;
	call->arguments[4] &= ~(unsigned long)AT_EMPTY_PATH;
	if (has_path)
		return;
	text_init(&name, call->slot->scratch.link, PATH_SIZE);
	text_add(&name, PROC_DESCRIPTORS);
	text_add_number(&name, (int)call->original[0]);
	call->arguments[0] = (unsigned long)AT_FDCWD;
	call->arguments[1] = (unsigned long)name.text;
	call->arguments[4] |= AT_SYMLINK_FOLLOW;
}

/* Negative on an error, and then *RESULT is the call's, or it is PIN_AGAIN. What is wrong with the first path counts.
 */
static long name_both(struct call *call, unsigned int flags, long *result)
{
	bool is_by_descriptor = identity_is_on() && begins_at_descriptor(call);
	long first = translate_path(call, 0, flags), second;

	if (first < 0) {
		*result = translate_refuse(call, 0, first);
		return first;
	}
	second = translate_path(call, 1, flags);
	if (is_by_descriptor)
		name_descriptor(call, first != TRANSLATE_NOTHING);
	if (second >= 0)
		return first | second;
	first = first ? 0 : translate_hold(call, 0);
	if (first != PIN_AGAIN)
		*result = first ? translate_refuse(call, 0, first) : translate_refuse(call, 1, second);
	return first ? first : second;
}

static bool is_of_proc(const struct host_path *path)
{
	return path->is_resolved && text_begins(path->result->host, "/proc/");
}

/*
 * The same for what they name. In /proc nothing can be made or moved, but its
 * names may be of a descriptor that is held: they are looked up before.
 */
static long hold_both(struct call *call, long *result)
{
	const struct host_path *old = &call->paths[0];
	long status = 0;

	if (is_of_proc(&call->paths[1]) || (is_of_proc(old) && !old->result->is_magic))
		return 0;
	if (is_of_proc(old))
		status = *result = GATE_4(NR_faccessat2, old->directory, old->path, ACCESS_EXISTS, AT_SYMLINK_NOFOLLOW);
	for (unsigned int i = 0; i < ARRAY_SIZE(call->paths) && !status; i++) {
		if (i)
			pin_borrow(&call->paths[i], old);
		if (call->paths[i].path)
			status = translate_hold(call, i);
		if (status < 0 && status != PIN_AGAIN)
			*result = translate_refuse(call, i, status);
	}
	return status;
}

#define TRIES_MOST 1000

/* Both paths are named before one is held: a path may lead through the descriptors of its own process. */
static long translate_both(struct call *call, unsigned int flags, long *result)
{
	long status, held = PIN_AGAIN;

	for (unsigned int tries = 0; held == PIN_AGAIN && tries < TRIES_MOST; tries++) {
		pin_release(call);
		status = name_both(call, flags | TRANSLATE_NAME, result);
		if (status < 0 && status != PIN_AGAIN)
			return status;
		held = status < 0 ? status : hold_both(call, result);
		if (!held)
			return status;
		flags |= TRANSLATE_FULL;
	}
	if (held == PIN_AGAIN)
		*result = held = -ELOOP;
	return held;
}

static int start_of(const struct call *call, unsigned int which)
{
	int directory = call->row->paths[which].directory;

	return directory == CALL_CWD ? AT_FDCWD : (int)call->original[directory];
}

/* Whether both paths are known well enough to say that they lie on one mount of the guest. */
static bool is_same_place(const struct call *call)
{
	const struct host_path *old = &call->paths[0], *new = &call->paths[1];

	if (old->is_plain || new->is_plain)
		return old->is_plain && new->is_plain;
	return !old->is_resolved && !new->is_resolved &&start_of(call, 0) == start_of(call, 1);
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

/* A directory that gets another parent must be writable: its ".." changes. */
static bool may_change_parent(const struct call *call, const struct host_path *path, long type)
{
	int directory;
	const char *name;

	if (type != S_IFDIR)
		return true;
	name = covered_name(call, path, &directory);
	return GATE_4(NR_faccessat2, directory, name, ACCESS_WRITE, AT_EACCESS) != -EACCES;
}

/* The last questions: vfs_rename(), fs/namei.c. */
static long check_rename(const struct call *call, long old_type, long new_type, unsigned int flags)
{
	const struct host_path *old = &call->paths[0], *new = &call->paths[1];
	long status = check_delete(call, old, old_type == S_IFDIR);

	if (!status && !new_type)
		status = check_parent(call, new, ACCESS_WRITE_SEARCH) == -EACCES ? -EACCES : 0;
	else if (!status)
		status = check_delete(call, new, (flags & RENAME_EXCHANGE ? new_type : old_type) == S_IFDIR);
	if (status || is_same_parent(call))
		return status ? status : -EBUSY;
	if (!may_change_parent(call, old, old_type) ||
	    (flags & RENAME_EXCHANGE && !may_change_parent(call, new, new_type)))
		return -EACCES;
	return -EBUSY;
}

/* Whether the directory of either name has been removed: nothing is looked up there. */
static bool is_in_removed(const struct call *call)
{
	struct stat parent;

	for (unsigned int i = 0; i < ARRAY_SIZE(call->paths); i++)
		if (!stat_parent(call, &call->paths[i], &parent) && !parent.st_nlink)
			return true;
	return false;
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
	if (old->result->is_root)
		return -EBUSY;
	if (new->result->is_root)
		return flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
	if (is_in_removed(call))
		return -ENOENT;
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
	if (is_same_file(call))
		return 0;
	return check_rename(call, old_type, new_type, flags);
}

static long refuse_two_mounts(const struct call *call)
{
	struct stat old;
	long status = stat_parent(call, &call->paths[0], &old);

	if (!status && is_in_parent(&call->paths[0]) && is_kernel_boundary(call, &old))
		return call_make(call, call->nr);
	status = check_parents(call);
	return status ? status : -EXDEV;
}

struct whiteout {
	struct call *call;
	struct owner_record record;
	long status;
};

static long rename_and_put(struct slot *whiteout_at, long unused)
{
	struct whiteout *whiteout = (struct whiteout *)whiteout_at;
	struct call *call = whiteout->call;
	const struct host_path *old = &call->paths[0];
	struct stat before, after;

	(void)unused;
	GATE_4(NR_newfstatat, old->directory, old->path, &before, AT_SYMLINK_NOFOLLOW);
	whiteout->status = make_and_drop(call, &call->paths[1]);
	strip_slashes((char *)old->path);
	/* One file renamed to itself stays. */
	if (!whiteout->status && !GATE_4(NR_newfstatat, old->directory, old->path, &after, AT_SYMLINK_NOFOLLOW) &&
	    before.st_ino != after.st_ino)
		owner_put_new(old->directory, old->path, -1, &whiteout->record);
	return 0;
}

/* What RENAME_WHITEOUT leaves behind is the caller's: a device without a number, which users may make. */
static long rename_entry(struct call *call, unsigned int flags)
{
	struct whiteout whiteout = { .call = call };
	const char *parent;
	int directory;

	/* Nothing goes. */
	if (flags & RENAME_EXCHANGE)
		return call_make(call, call->nr);
	if (!(flags & RENAME_WHITEOUT) || !identity_is_on() || !call->paths[0].is_resolved)
		return make_and_drop(call, &call->paths[1]);
	parent = translate_parent(call, &call->paths[0], &directory);
	if (!owner_of_new(directory, parent, &whiteout.record, NULL))
		return make_and_drop(call, &call->paths[1]);
	child_run_to_the_end(rename_and_put, &whiteout, 0);
	return whiteout.status;
}

/* The same of entries that may be among several names. */
static long make_rename(struct call *call, unsigned int flags)
{
	struct hardlinks_change change = { .call = call, .flags = flags };
	long status;

	if (!hardlinks_are_on())
		return rename_entry(call, flags);
	status = hardlinks_change_begin(&change);
	if (status != HARDLINKS_GO_ON)
		return status;
	status = rename_entry(call, flags);
	if (status == -ENOTEMPTY && hardlinks_clear(call, 1))
		status = rename_entry(call, flags);
	hardlinks_change_end(&change, status);
	return status;
}

/* Whether the new name of a call with two would be on a read-only mount. */
static bool changes_readonly(const struct host_path *path)
{
	return readonly_is_there() && readonly_holds(path, true);
}

#define RENAME_FLAGS (RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT)

long handle_rename(struct call *call)
{
	const struct host_path *paths = call->paths;
	unsigned int flags = call->nr == NR_renameat2 ? (unsigned int)call->arguments[4] : 0;
	long result, status;

	if (flags & ~(unsigned int)RENAME_FLAGS || (flags & RENAME_EXCHANGE && flags & ~(unsigned int)RENAME_EXCHANGE))
		return -EINVAL;
	status = translate_both(call, flags & RENAME_WHITEOUT && identity_is_on() ? TRANSLATE_FULL : 0, &result);
	if (!status && !is_same_place(call))
		status = translate_both(call, TRANSLATE_FULL, &result);
	if (status < 0)
		return result;
	if (status)
		return call_make(call, call->nr);
	if (!paths[0].is_resolved || !paths[1].is_resolved)
		return make_rename(call, flags);
	if (paths[0].result->parent_mount != paths[1].result->parent_mount)
		return refuse_two_mounts(call);
	/* Dots are refused by the kernel; the root, which is a name to it, is not. */
	if (is_mount_point(&paths[0]) && paths[0].result->is_root)
		return (status = check_parents(call)) ? status : -EBUSY;
	if (paths[0].result->ends_in_dot || paths[1].result->ends_in_dot)
		return call_make(call, call->nr);
	if (changes_readonly(&paths[1]))
		return (status = check_parents(call)) ? status : -EROFS;
	for (unsigned int i = 0; i < 2; i++)
		if (is_mount_point(&paths[i]) || holds_binding(&paths[i]))
			return refuse_rename(call, flags);
	return make_rename(call, flags);
}

/* What linkat(2) says of the new name before EXDEV. */
static long refuse_new_name(const struct call *call)
{
	const struct host_path *new = &call->paths[1];
	long status = check_parent(call, new, ACCESS_EXISTS);
	struct stat parent;

	if (status)
		return status;
	if (new->result->ends_in_dot || new->result->is_mount_point)
		return -EEXIST;
	/* In a removed directory nothing is looked up. */
	if (!stat_parent(call, new, &parent) && !parent.st_nlink)
		return -ENOENT;
	status = type_of(call, new);
	if (status)
		return status < 0 ? status : -EEXIST;
	if (new->result->wants_directory)
		return -ENOENT;
	return changes_readonly(new) ? -EROFS : -EXDEV;
}

/* The same, and first of the old one. */
static long refuse_other_mount(const struct call *call)
{
	const struct host_path *old = &call->paths[0], *new = &call->paths[1];
	struct stat file;
	bool follows = call->nr == NR_linkat && call->arguments[4] & AT_SYMLINK_FOLLOW;
	int flags = old->result->is_magic || follows ? 0 : AT_SYMLINK_NOFOLLOW;
	long status = GATE_4(NR_newfstatat, old->directory, old->path, &file, flags);

	if (!status && !new->result->is_mount_point && !changes_readonly(new) && is_kernel_boundary(call, &file))
		return call_make(call, call->nr);
	return status ? status : refuse_new_name(call);
}

static long refuse_descriptor(const struct call *call)
{
	struct stat file;

	if (!GATE_4(NR_newfstatat, call->arguments[0], "", &file, AT_EMPTY_PATH) && is_kernel_boundary(call, &file))
		return call_make(call, call->nr);
	return refuse_new_name(call);
}

/* linkat of an open file (AT_EMPTY_PATH): whether its place is known to be on another mount than the new name's. */
static bool is_descriptor_elsewhere(struct call *call)
{
	char *guest_path = call->slot->path[0];

	if (!call->original[1] || !(call->original[4] & AT_EMPTY_PATH) || translate_path(call, 1, TRANSLATE_FULL))
		return false;
	if (!call->paths[1].is_resolved ||
	    translate_directory((int)call->original[0], guest_path, call->slot->scratch.link))
		return false;
	call->arguments[1] = (unsigned long)"";
	return view_find_above(the_view(), guest_path, strlen(guest_path)) != call->paths[1].result->parent_mount;
}

/* The mount that an existing object lies on; that of the other path where it can't be told. */
static uint32_t mount_of(struct call *call, const struct host_path *path)
{
	char *name = call->slot->scratch.rest, *text = call->slot->spare, *guest_path = call->slot->scratch.link;
	long length;

	if (!path->result->is_magic)
		return path->result->mount;
	memcpy(name, path->result->host, path->result->host_length + 1);
	length = proc_read_link_guest(name, text, guest_path);
	if (length < 0)
		return call->paths[1].result->parent_mount;
	return view_find_above(the_view(), guest_path, (size_t)length);
}

/*
 * The kernel is asked with a new name that can't be made. To a child that makes the call (agent/access.h) all
 * descriptors are others', so it is not asked there again.
 */
bool entries_is_foreign(struct call *call)
{
	if (!begins_at_descriptor(call) || call->is_overriding)
		return false;
	if (identity_is_on() && credentials_can(identity_now(), CAP_DAC_READ_SEARCH))
		return false;
	return GATE_5(NR_linkat, call->original[0], "", AT_FDCWD, "/", AT_EMPTY_PATH) == -ENOENT &&
	       !access_opened_for_us((int)call->original[0]);
}

/* linkat of an open file to a name on a read-only mount. Of no file the kernel says what is wrong. */
static long refuse_descriptor_there(const struct call *call)
{
	bool is_descriptor = call->nr == NR_linkat && call->original[1] && call->original[4] & AT_EMPTY_PATH;
	struct stat file;

	if (!is_descriptor || GATE_4(NR_newfstatat, call->original[0], "", &file, AT_EMPTY_PATH))
		return call_make(call, call->nr);
	return refuse_new_name(call);
}

#define LINK_FLAGS (AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)

static long link_as_kernel(struct call *call)
{
	const struct host_path *paths = call->paths;
	bool is_by_descriptor = identity_is_on() && begins_at_descriptor(call);
	long result, status;

	if (call->nr == NR_linkat && call->arguments[4] & 0xffffffff & ~(unsigned long)LINK_FLAGS)
		return -EINVAL;
	if (!call->original[call->row->paths[0].path])
		return -EFAULT;
	if (entries_is_foreign(call))
		return -ENOENT;
	status = translate_both(call, hardlinks_are_on() ? TRANSLATE_FULL : 0, &result);
	if (!status && !is_same_place(call))
		status = translate_both(call, TRANSLATE_FULL, &result);
	if (status == TRANSLATE_NOTHING && is_descriptor_elsewhere(call))
		return refuse_descriptor(call);
	if (status < 0)
		return result;
	if (is_by_descriptor)
		name_descriptor(call, status != TRANSLATE_NOTHING);
	if (status == TRANSLATE_NOTHING && changes_readonly(&paths[1]))
		return refuse_descriptor_there(call);
	if (!paths[0].is_resolved || !paths[1].is_resolved)
		return call_make(call, call->nr);
	if (changes_readonly(&paths[1]) || paths[1].result->is_mount_point ||
	    mount_of(call, &paths[0]) != paths[1].result->parent_mount)
		return refuse_other_mount(call);
	return call_make(call, call->nr);
}

long handle_link(struct call *call)
{
	long status = link_as_kernel(call);

	return hardlinks_are_on() && hardlinks_is_refusal(status) ? hardlinks_make(call, status) : status;
}
