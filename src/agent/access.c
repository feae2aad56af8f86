/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/access.h"
#include "agent/access_list.h"
#include "agent/child.h"
#include "agent/dispatch.h"
#include "agent/handlers.h"
#include "agent/open.h"
#include "agent/owner.h"
#include "agent/pin.h"
#include "agent/proc.h"
#include "agent/translate.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>
#include <asm/statfs.h>

enum access_kind access_kind(void)
{
	const struct credentials *credentials;
	const struct identity *identity = &image_data()->identity;

	if (!identity_is_on())
		return ACCESS_KERNEL;
	credentials = identity_now();
	if (credentials_can(credentials, CAP_DAC_OVERRIDE) && credentials_can(credentials, CAP_FOWNER))
		return ACCESS_ROOT;
	return identity->uid && credentials->fsuid == identity->uid ? ACCESS_KERNEL : ACCESS_CHECKED;
}

bool access_in_group(const struct credentials *credentials, uint32_t gid)
{
	if (credentials->fsgid == gid)
		return true;
	for (uint32_t i = 0; i < credentials->group_count; i++)
		if (credentials->groups[i] == gid)
			return true;
	return false;
}

static bool is_directory(const struct stat *status)
{
	return (status->st_mode & S_IFMT) == S_IFDIR;
}

/* capable_wrt_inode_uidgid() of generic_permission(). */
static bool overrides(const struct credentials *credentials, const struct stat *status, unsigned int mask)
{
	bool writes = mask & ACCESS_WRITE, executes = mask & ACCESS_SEARCH;

	if (credentials_can(credentials, CAP_DAC_READ_SEARCH) && !writes && (is_directory(status) || !executes))
		return true;
	if (!credentials_can(credentials, CAP_DAC_OVERRIDE))
		return false;
	return is_directory(status) || !executes || status->st_mode & 0111;
}

bool access_may(const struct credentials *credentials, int directory, const char *path, const struct stat *status,
		unsigned int mask)
{
	unsigned int granted = status->st_mode;
	long listed = access_list_check(credentials, directory, path, status, mask);

	if (credentials->fsuid == status->st_uid)
		granted >>= 6;
	else if (access_in_group(credentials, status->st_gid))
		granted >>= 3;
	if (listed == ACCESS_LIST_NONE ? !(mask & ~granted & 7) : !listed)
		return true;
	return overrides(credentials, status, mask);
}

bool access_is_owner(const struct credentials *credentials, const struct stat *status)
{
	return credentials->fsuid == status->st_uid || credentials_can(credentials, CAP_FOWNER);
}

/* The status the guest sees of PATH: 0 or a negative errno. To look at "." needs no leave to search. */
static long look_at(int directory, const char *path, unsigned long flags, struct stat *status)
{
	long error;

	if (text_equal(path, "."))
		path = "";
	error = GATE_4(NR_newfstatat, directory, path, status, flags | AT_EMPTY_PATH);

	if (!error)
		owner_tell(directory, path, flags | AT_EMPTY_PATH, status);
	return error;
}

long access_check_at(int directory, const char *path, unsigned int mask)
{
	struct stat status;

	if (look_at(directory, path, 0, &status))
		return 0;
	return access_may(identity_now(), directory, path, &status, mask) ? 0 : -EACCES;
}

long access_check_directory(int directory, const char *path, unsigned int mask)
{
	struct stat status;

	if (look_at(directory, path, 0, &status) || !is_directory(&status))
		return 0;
	return access_may(identity_now(), directory, path, &status, mask) ? 0 : -EACCES;
}

/* Whether NAME may be removed from its directory: __check_sticky(), fs/namei.c. */
static long check_sticky(const struct host_path *path, const struct stat *parent)
{
	const struct credentials *credentials = identity_now();
	struct stat status;

	if (!(parent->st_mode & S_ISVTX) || credentials->fsuid == parent->st_uid ||
	    credentials_can(credentials, CAP_FOWNER) ||
	    look_at(path->directory, path->path, AT_SYMLINK_NOFOLLOW, &status))
		return 0;
	return credentials->fsuid == status.st_uid ? 0 : -EPERM;
}

static bool are_links_protected(void)
{
	long fd = GATE_4(NR_openat, AT_FDCWD, "/proc/sys/fs/protected_hardlinks", O_RDONLY | O_CLOEXEC, 0);
	char text = '0';

	if (fd < 0)
		return false;
	GATE_3(NR_read, fd, &text, 1);
	GATE_1(NR_close, fd);
	return text == '1';
}

/*
 * Whether the guest's user may link to the first path of CALL: may_linkat(), fs/namei.c. The kernel itself asks that
 * of the user it knows.
 */
static long check_link(const struct call *call)
{
	const struct credentials *credentials = identity_now();
	const struct host_path *old = &call->paths[0];
	bool is_named = old->is_resolved;
	int directory = is_named ? old->directory : call->nr == NR_linkat ? (int)call->original[0] : AT_FDCWD;
	struct stat status;

	if (!are_links_protected() || look_at(directory, is_named ? old->path : "", AT_SYMLINK_NOFOLLOW, &status) ||
	    access_is_owner(credentials, &status))
		return 0;
	if ((status.st_mode & S_IFMT) == S_IFREG && !(status.st_mode & S_ISUID) &&
	    (status.st_mode & (S_ISGID | S_IXGRP)) != (S_ISGID | S_IXGRP) &&
	    access_may(credentials, directory, is_named ? old->path : "", &status, ACCESS_READ | ACCESS_WRITE))
		return 0;
	return -EPERM;
}

/* A directory that gets another parent must be writable, for its ".." changes: vfs_rename(), fs/namei.c. */
static long check_parent_change(const struct call *call)
{
	const struct host_path *old = &call->paths[0], *new = &call->paths[1];
	struct stat status, parents[2];
	int directory;

	if (look_at(old->directory, old->path, AT_SYMLINK_NOFOLLOW, &status) || !is_directory(&status))
		return 0;
	for (unsigned int i = 0; i < 2; i++) {
		const char *name = translate_parent(call, i ? new : old, &directory);

		if (GATE_4(NR_newfstatat, directory, name, &parents[i], 0))
			return 0;
	}
	if (parents[0].st_ino == parents[1].st_ino && parents[0].st_dev == parents[1].st_dev)
		return 0;
	return access_may(identity_now(), old->directory, old->path, &status, ACCESS_WRITE) ? 0 : -EACCES;
}

/* The last component is made or removed: its directory has to be writable. */
static long check_entry(const struct call *call, unsigned int which)
{
	const struct host_path *path = &call->paths[which];
	struct stat parent, status;
	int directory;
	const char *name;

	if (path->result->ends_in_dot || path->result->is_root)
		return 0;
	name = translate_parent(call, path, &directory);
	if (look_at(directory, name, 0, &parent))
		return 0;
	/* What is there already, or is not there, is told before. */
	if (!(which == 1 && call->row->handler == handle_rename) &&
	    (call->row->paths[which].follow == FOLLOW_MAKES) ==
		    !GATE_4(NR_newfstatat, path->directory, path->path, &status, AT_SYMLINK_NOFOLLOW))
		return 0;
	if (call->row->handler == handle_link && check_link(call))
		return -EPERM;
	if (!access_may(identity_now(), directory, name, &parent, ACCESS_WRITE | ACCESS_SEARCH))
		return -EACCES;
	if (call->row->paths[which].follow != FOLLOW_REMOVES)
		return 0;
	if (check_sticky(path, &parent))
		return -EPERM;
	return which == 0 && call->row->handler == handle_rename ? check_parent_change(call) : 0;
}

static long check_object(const struct call *call, unsigned int which)
{
	const struct host_path *path = &call->paths[which];
	bool follows = call_follows(&call->row->paths[which], call->original);
	struct stat status;

	if (!call->row->needs || look_at(path->directory, path->path, follows ? 0 : AT_SYMLINK_NOFOLLOW, &status))
		return 0;
	/* vfs_truncate(), fs/open.c, says so before. */
	if (call->nr == NR_truncate && (status.st_mode & S_IFMT) != S_IFREG)
		return 0;
	if (call->row->needs == CALL_NEEDS_OWNER)
		return access_is_owner(identity_now(), &status) ? 0 : -EPERM;
	return access_may(identity_now(), path->directory, path->path, &status, call->row->needs) ? 0 : -EACCES;
}

static bool is_entry(const struct call_path *shape)
{
	return shape->follow == FOLLOW_MAKES || shape->follow == FOLLOW_REMOVES;
}

/* What the row says of path WHICH, which has been translated. */
static long check_place(const struct call *call, unsigned int which)
{
	const struct call_path *shape = &call->row->paths[which];

	if (shape->follow == FOLLOW_NONE || !call->paths[which].is_resolved || call->paths[which].result->is_virtual)
		return 0;
	return is_entry(shape) ? check_entry(call, which) : check_object(call, which);
}

static long look_at_entry(const struct host_path *path, struct stat *status)
{
	return GATE_4(NR_newfstatat, path->directory, path->path, status, AT_SYMLINK_NOFOLLOW);
}

static bool is_missing(const struct host_path *path)
{
	struct stat status;

	return path->is_resolved && !path->result->is_virtual && look_at_entry(path, &status);
}

/* Whether the entry BELOW lies below ABOVE. */
static bool is_above(const struct host_path *above, const struct host_path *below)
{
	size_t length = above->result->guest_length;

	return below->result->guest_length > length && below->result->guest[length] == '/' &&
	       !memcmp(above->result->guest, below->result->guest, length);
}

/* Of a slash behind a name. NEW is not given one in exchange, so it may be what OLD is. */
static bool is_no_directory(const struct host_path *paths, const struct stat *old, const struct stat *new,
			    unsigned int flags)
{
	if (flags & RENAME_EXCHANGE && !is_directory(new) && paths[1].result->wants_directory)
		return true;
	return !is_directory(old) &&
	       (paths[0].result->wants_directory || (!(flags & RENAME_EXCHANGE) && paths[1].result->wants_directory));
}

/*
 * Whether do_renameat2() or vfs_rename(), fs/namei.c, come to an end before they ask who may: because of what is
 * there, and what not.
 */
static bool is_rename_ended(const struct call *call)
{
	unsigned int flags = call->nr == NR_renameat2 ? (unsigned int)call->original[4] : 0;
	const struct host_path *old = &call->paths[0], *new = &call->paths[1];
	struct stat status[2];
	bool is_there;

	if (!old->is_resolved || !new->is_resolved || old->result->is_virtual || new->result->is_virtual)
		return false;
	if (old->result->ends_in_dot || old->result->is_root || new->result->ends_in_dot || new->result->is_root ||
	    look_at_entry(old, &status[0]))
		return true;
	is_there = !look_at_entry(new, &status[1]);
	if (is_there ? flags & RENAME_NOREPLACE : flags & RENAME_EXCHANGE)
		return true;
	if (is_no_directory(old, &status[0], &status[1], flags) || is_above(old, new) || is_above(new, old))
		return true;
	return is_there && status[0].st_ino == status[1].st_ino && status[0].st_dev == status[1].st_dev;
}

/* All ways come before what is at their ends. What is wrong with them the call tells; EACCES is told by this. */
static long check_paths(struct call *call)
{
	long status = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(call->paths) && call->row->paths[i].follow != FOLLOW_NONE; i++) {
		status = translate_path(call, i, TRANSLATE_FULL | TRANSLATE_NAME);
		if (status < 0)
			return status == -EACCES ? status : 0;
		if (!i && call->row->handler == handle_link && is_missing(&call->paths[0]))
			return 0;
	}
	if (call->row->handler == handle_rename && is_rename_ended(call))
		return 0;
	for (unsigned int i = 0; i < ARRAY_SIZE(call->paths) && !status; i++)
		status = check_place(call, i);
	return MIN(status, 0);
}

static bool has_entry(const struct call_row *row)
{
	return is_entry(&row->paths[0]) || is_entry(&row->paths[1]);
}

long access_check(struct call *call)
{
	long status = has_entry(call->row) || call->row->needs ? check_paths(call) : 0;

	call_start_anew(call);
	/* Other arguments are looked at before. */
	return status == -EACCES ? translate_refuse(call, 0, access_deny(call)) : status;
}

#define MOUNT_NOEXEC 8 /* ST_NOEXEC, include/linux/statfs.h */

static bool is_on_noexec(int directory, const char *path)
{
	struct object object = { .is_opened = false };
	struct statfs mount = { 0 };

	if (!(path[0] ? object_take_entry(directory, path, &object) : object_take_any(directory, &object)))
		GATE_2(NR_statfs, object.name, &mount);
	object_release(&object);
	return mount.f_flags & MOUNT_NOEXEC;
}

long access_check_executable(int directory, const char *path, unsigned long flags, long result)
{
	struct stat status;

	if (GATE_4(NR_newfstatat, directory, path, &status, flags))
		return result;
	if (result && (status.st_uid != image_data()->identity.host_uid || (status.st_mode & S_IFMT) != S_IFREG ||
		       is_on_noexec(directory, path)))
		return result;
	owner_tell(directory, path, flags, &status);
	return access_may(identity_now(), directory, path, &status, ACCESS_SEARCH) ? 0 : -EACCES;
}
