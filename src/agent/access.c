/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/access.h"
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

bool access_may(const struct credentials *credentials, const struct stat *status, unsigned int mask)
{
	unsigned int granted = status->st_mode;

	if (credentials->fsuid == status->st_uid)
		granted >>= 6;
	else if (access_in_group(credentials, status->st_gid))
		granted >>= 3;
	return !(mask & ~granted & 7) || overrides(credentials, status, mask);
}

bool access_is_owner(const struct credentials *credentials, const struct stat *status)
{
	return credentials->fsuid == status->st_uid || credentials_can(credentials, CAP_FOWNER);
}

/* The status the guest sees of PATH: 0 or a negative errno. */
static long look_at(int directory, const char *path, unsigned long flags, struct stat *status)
{
	long error = GATE_4(NR_newfstatat, directory, path, status, flags | AT_EMPTY_PATH);

	if (!error)
		owner_tell(directory, path, flags | AT_EMPTY_PATH, status);
	return error;
}

long access_check_at(int directory, const char *path, unsigned int mask)
{
	struct stat status;

	if (look_at(directory, path, 0, &status))
		return 0;
	return access_may(identity_now(), &status, mask) ? 0 : -EACCES;
}

long access_check_directory(int directory, const char *path, unsigned int mask)
{
	struct stat status;

	if (look_at(directory, path, 0, &status) || !is_directory(&status))
		return 0;
	return access_may(identity_now(), &status, mask) ? 0 : -EACCES;
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
	    access_may(credentials, &status, ACCESS_READ | ACCESS_WRITE))
		return 0;
	return -EPERM;
}

/* The last component is made or removed: its directory has to be writable. */
static long check_entry(const struct call *call, unsigned int which)
{
	const struct host_path *path = &call->paths[which];
	struct stat parent, status;
	int directory;
	const char *name = translate_parent(call, path, &directory);

	if (look_at(directory, name, 0, &parent))
		return 0;
	/* What is there already, or is not there, is told before. */
	if ((call->row->paths[which].follow == FOLLOW_MAKES) ==
	    !GATE_4(NR_newfstatat, path->directory, path->path, &status, AT_SYMLINK_NOFOLLOW))
		return 0;
	if (call->row->handler == handle_link && check_link(call))
		return -EPERM;
	if (!access_may(identity_now(), &parent, ACCESS_WRITE | ACCESS_SEARCH))
		return -EACCES;
	return call->row->paths[which].follow == FOLLOW_REMOVES ? check_sticky(path, &parent) : 0;
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
	return access_may(identity_now(), &status, call->row->needs) ? 0 : -EACCES;
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

/* All ways come before what is at their ends. What is wrong with them the call tells; EACCES is told by this. */
static long check_paths(struct call *call)
{
	long status = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(call->paths) && call->row->paths[i].follow != FOLLOW_NONE; i++) {
		status = translate_path(call, i, TRANSLATE_FULL | TRANSLATE_NAME);
		if (status < 0)
			return status == -EACCES ? status : 0;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(call->paths) && !status; i++)
		status = check_place(call, i);
	return MIN(status, 0);
}

/* As it was before a path was translated. */
static void start_anew(struct call *call)
{
	pin_release(call);
	memcpy(call->arguments, call->original, sizeof(call->arguments));
}

static bool has_entry(const struct call_row *row)
{
	return is_entry(&row->paths[0]) || is_entry(&row->paths[1]);
}

long access_check(struct call *call)
{
	long status = has_entry(call->row) || call->row->needs ? check_paths(call) : 0;

	start_anew(call);
	/* Other arguments are looked at before. */
	return status == -EACCES ? translate_refuse(call, 0, status) : status;
}

/* Modes that have been changed for the time of a call, by descriptors. */
#define RAISED_MOST 24

struct raised {
	unsigned int count;
	struct object objects[RAISED_MOST];
	uint32_t modes[RAISED_MOST];
};

static void lower(struct raised *raised)
{
	while (raised->count--) {
		GATE_2(NR_chmod, raised->objects[raised->count].name, raised->modes[raised->count]);
		object_release(&raised->objects[raised->count]);
	}
}

static bool is_regular_or_directory(const struct stat *status)
{
	return is_directory(status) || (status->st_mode & S_IFMT) == S_IFREG;
}

/* Let the user do all with what lies at HOST_PATH. False where that changes nothing, or can't be. */
static bool raise(struct raised *raised, const char *host_path, unsigned long flags)
{
	struct object *object = &raised->objects[raised->count];
	bool is_raised = false;
	uint32_t mode, wanted;

	if (raised->count == RAISED_MOST)
		return false;
	object->is_opened = false;
	if (!object_take_entry(AT_FDCWD, host_path, object) && owner_is_users(object) &&
	    is_regular_or_directory(&object->status)) {
		mode = object->status.st_mode & 07777;
		wanted = mode | (is_directory(&object->status) || flags & ACCESS_SEARCH ? 0700 : 0600);
		is_raised = wanted != mode && !GATE_2(NR_chmod, object->name, wanted);
		raised->modes[raised->count] = mode;
	}
	if (is_raised)
		raised->count++;
	else
		object_release(object);
	return is_raised;
}

/* The first directory above HOST_PATH that may not be searched: raise it. HOST_PATH is changed meanwhile. */
static bool raise_above(struct raised *raised, char *host_path)
{
	bool is_raised = false;

	for (char *at = host_path + 1; *at && !is_raised; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		is_raised = GATE_4(NR_faccessat2, AT_FDCWD, host_path, ACCESS_SEARCH, AT_EACCESS) == -EACCES &&
			    raise(raised, host_path, 0);
		*at = '/';
	}
	return is_raised;
}

static bool raise_parent(struct raised *raised, char *host_path)
{
	char *last = (char *)text_base_name(host_path), *slash = last > host_path + 1 ? last - 1 : last, kept = *slash;
	bool is_raised;

	*slash = '\0';
	is_raised = raise(raised, host_path, 0);
	*slash = kept;
	return is_raised;
}

static void strip_slashes(char *path)
{
	size_t length = strlen(path);

	while (length > 1 && path[length - 1] == '/')
		path[--length] = '\0';
}

static bool opens(const struct call_row *row)
{
	return row->handler == handle_open || row->handler == handle_openat2;
}

/* Whether something in the way of path WHICH has been raised. */
static bool raise_for(struct call *call, unsigned int which, struct raised *raised)
{
	struct host_path *path = &call->paths[which];
	long status = translate_path(call, which, TRANSLATE_FULL | TRANSLATE_NAME);
	char *host_path;

	if ((status && status != -EACCES) || (!status && !path->is_resolved))
		return false;
	host_path = path->result->host;
	strip_slashes(host_path);
	if (raise_above(raised, host_path))
		return true;
	if (status)
		return raise(raised, host_path, 0);
	if (call->row->handler == handle_access)
		return false; /* what the object's own mode grants, it has been told */
	if (opens(call->row))
		return raise(raised, host_path, 0) || raise_parent(raised, host_path);
	return is_entry(&call->row->paths[which]) ? raise_parent(raised, host_path) : raise(raised, host_path, 0);
}

static bool raise_something(struct call *call, struct raised *raised)
{
	bool is_raised = false;

	for (unsigned int i = 0; i < ARRAY_SIZE(call->paths) && !is_raised; i++)
		if (call->row->paths[i].follow != FOLLOW_NONE)
			is_raised = raise_for(call, i, raised);
	start_anew(call);
	return is_raised;
}

static long override(struct slot *call_at, long unused)
{
	struct raised raised = { .count = 0 };
	struct call *call = (struct call *)call_at;
	long result = -EACCES;

	(void)unused;
	while (result == -EACCES && raise_something(call, &raised)) {
		result = call->row->handler(call);
		start_anew(call);
	}
	lower(&raised);
	call->slot->result = result;
	return 0;
}

/* A new descriptor is to be the lowest free one, as if we had held none. */
static long lowest(int fd)
{
	bool is_closed = GATE_2(NR_fcntl, fd, F_GETFD) & FD_CLOEXEC;
	long lower = GATE_3(NR_fcntl, fd, is_closed ? F_DUPFD_CLOEXEC : F_DUPFD, 0);

	if (lower < 0)
		return fd;
	GATE_1(NR_close, lower < fd ? fd : lower);
	return MIN(lower, (long)fd);
}

long access_override(struct call *call, long result)
{
	/* A program is executed by the process itself: see exec.c. */
	if (call->is_overriding || call->row->handler == handle_execve || access_kind() == ACCESS_KERNEL)
		return result;
	call->is_overriding = true;
	start_anew(call);
	child_run_to_the_end(override, call, 0);
	call->is_overriding = false;
	result = call->slot->result;
	return result >= 0 && opens(call->row) ? lowest((int)result) : result;
}

struct opening {
	struct object object;
	long result;
};

static long open_between(struct slot *opening_at, long unused)
{
	struct opening *opening = (struct opening *)opening_at;
	uint32_t mode = opening->object.status.st_mode & 07777;

	(void)unused;
	opening->result = GATE_2(NR_chmod, opening->object.name, mode | 0400);
	if (!opening->result)
		opening->result = GATE_4(NR_openat, AT_FDCWD, opening->object.name, O_RDONLY, 0);
	return GATE_2(NR_chmod, opening->object.name, mode);
}

long access_read_anyway(int fd)
{
	struct opening opening = { .result = -EACCES };
	long status = object_take_any(fd, &opening.object);

	if (!status && access_kind() != ACCESS_KERNEL && owner_is_users(&opening.object) &&
	    is_regular_or_directory(&opening.object.status))
		child_run_to_the_end(open_between, &opening, 0);
	return status ? status : opening.result;
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
	return access_may(identity_now(), &status, ACCESS_SEARCH) ? 0 : -EACCES;
}
