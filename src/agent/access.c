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
	if (call->row->needs == CALL_NEEDS_OWNER)
		return access_is_owner(identity_now(), &status) ? 0 : -EPERM;
	return access_may(identity_now(), &status, call->row->needs) ? 0 : -EACCES;
}

static bool is_entry(const struct call_path *shape)
{
	return shape->follow == FOLLOW_MAKES || shape->follow == FOLLOW_REMOVES;
}

static long check_path(struct call *call, unsigned int which)
{
	long status = translate_path(call, which, TRANSLATE_FULL | TRANSLATE_NAME);

	if (status)
		return status == -EACCES ? status : 0;
	if (!call->paths[which].is_resolved || call->paths[which].result->is_virtual)
		return 0;
	return is_entry(&call->row->paths[which]) ? check_entry(call, which) : check_object(call, which);
}

/* As it was before a path was translated. */
static void start_anew(struct call *call)
{
	pin_release(call);
	memcpy(call->arguments, call->original, sizeof(call->arguments));
}

long access_check(struct call *call)
{
	long status = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(call->paths) && !status; i++)
		if (is_entry(&call->row->paths[i]) || (!i && call->row->needs))
			status = check_path(call, i);
	start_anew(call);
	return status;
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
	if (call->row->handler == handle_open || call->row->handler == handle_openat2)
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

long access_override(struct call *call, long result)
{
	if (call->is_overriding)
		return result;
	call->is_overriding = true;
	start_anew(call);
	child_run_to_the_end(override, call, 0);
	call->is_overriding = false;
	return call->slot->result;
}
