/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that change or ask for modes, owners and times, or make entries: where the guest is
 * not who the kernel knows, they are about what owner.h says.
 */
#include "agent/access.h"
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/object.h"
#include "agent/owner.h"
#include "agent/path.h"
#include "agent/pin.h"
#include "agent/translate.h"
#include <asm/fcntl.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/securebits.h>
#include <linux/stat.h>
#include <linux/time_types.h>

#define PERMISSIONS 07777u
#define OWNER_READS 0400u
#define UTIME_NOW_ 0x3fffffffl /* UTIME_NOW, include/linux/stat.h in the kernel */

/* The object of a call that may be one by descriptor, which has no path in its row. */
static long take(struct call *call, struct object *object)
{
	if (call->row->paths[0].follow == FOLLOW_NONE)
		return object_take_descriptor((int)call->original[0], object);
	return object_take(call, object);
}

/* As they count for access(2): do_faccessat(), fs/open.c. */
static struct credentials real_credentials(void)
{
	struct credentials credentials = *identity_now();

	credentials.fsuid = credentials.uid;
	credentials.fsgid = credentials.gid;
	if (!(credentials.securebits & SECBIT_NO_SETUID_FIXUP))
		credentials.effective = credentials.uid ? 0 : credentials.permitted;
	return credentials;
}

static long check_access(const struct object *object, const struct credentials *credentials, unsigned int mask)
{
	struct owner_record record;
	struct stat status;
	long result = GATE_4(NR_faccessat2, object->fd, "", mask, AT_EMPTY_PATH | AT_EACCESS);

	/* What the modes do not decide: read-only file systems, files of others. */
	if (result && (result != -EACCES || !owner_is_users(object)))
		return result;
	owner_of(object, &status, &record);
	return access_may(credentials, &status, mask) ? 0 : -EACCES;
}

long handle_access(struct call *call)
{
	unsigned int at = call->nr == NR_access ? 1 : 2, mask = (unsigned int)call->arguments[at];
	unsigned long flags = call->nr == NR_faccessat2 ? call->arguments[3] : 0;
	struct credentials credentials;
	struct object object;
	long result;

	if (access_kind() == ACCESS_KERNEL)
		return handle_paths(call);
	result = handle_paths(call);
	if (result && result != -EACCES)
		return result;
	memcpy(call->arguments, call->original, sizeof(call->arguments));
	pin_release(call);
	if (!(mask & 7))
		return result;
	credentials = flags & AT_EACCESS ? *identity_now() : real_credentials();
	result = object_take(call, &object);
	if (!result)
		result = check_access(&object, &credentials, mask & 7);
	object_release(&object);
	return result;
}

/* Put RECORD in the place of what was stored; what has no name can't be found again. */
static long put(struct object *object, const struct owner_record *record)
{
	long status = owner_put(object, record);

	return object->status.st_nlink ? status : 0;
}

/* What the kernel does for the owner it knows, and what of MODE that leaves to be remembered. */
static long change_mode(struct object *object, struct owner_record *record, uint32_t mode)
{
	uint32_t type = record->has_mode && record->device ? record->mode & S_IFMT : object->status.st_mode & S_IFMT;
	bool is_other = record->device || record->uid != image_data()->identity.uid ||
			record->gid != image_data()->identity.gid;
	bool has_mode = record->has_mode;
	long status;

	status = GATE_2(NR_chmod, object->name, is_other && !record->device ? mode | OWNER_READS : mode);
	if (!status)
		status = GATE_4(NR_newfstatat, object->fd, "", &object->status, AT_EMPTY_PATH);
	if (status)
		return status;
	record->has_mode = record->device || (object->status.st_mode & PERMISSIONS) != mode;
	record->mode = record->has_mode ? type | mode : 0;
	return record->has_mode || has_mode ? put(object, record) : 0;
}

static long chmod_object(struct object *object, uint32_t mode)
{
	const struct credentials *credentials = identity_now();
	struct owner_record record;
	struct stat status;

	if (!owner_is_users(object))
		return GATE_2(NR_chmod, object->name, mode);
	owner_of(object, &status, &record);
	if (!access_is_owner(credentials, &status))
		return -EPERM;
	if ((status.st_mode & S_IFMT) == S_IFLNK)
		return -EOPNOTSUPP;
	/* setattr_copy(), fs/attr.c */
	if (!access_in_group(credentials, status.st_gid) && !credentials_can(credentials, CAP_FSETID))
		mode &= ~(uint32_t)S_ISGID;
	return change_mode(object, &record, mode);
}

long handle_chmod(struct call *call)
{
	bool is_at = call->nr == NR_fchmodat || call->nr == NR_fchmodat2;
	uint32_t mode = (uint32_t)call->arguments[is_at ? 2 : 1] & PERMISSIONS;
	struct object object;
	long status;

	if (!identity_is_on())
		return handle_paths(call);
	status = take(call, &object);
	if (!status)
		status = chmod_object(&object, mode);
	object_release(&object);
	return status;
}

/* chown_ok() and chgrp_ok(), fs/attr.c. */
static bool may_chown(const struct stat *status, uint32_t uid, uint32_t gid)
{
	const struct credentials *credentials = identity_now();
	bool is_owner = credentials->fsuid == status->st_uid;

	if (credentials_can(credentials, CAP_CHOWN))
		return true;
	if (uid != CREDENTIALS_KEEP && !(is_owner && uid == status->st_uid))
		return false;
	return gid == CREDENTIALS_KEEP || (is_owner && (gid == status->st_gid || access_in_group(credentials, gid)));
}

/* What chown(2) takes away from a mode that is not the inode's: setattr_should_drop_suidgid(), fs/attr.c. */
static void drop_set_id(const struct object *object, struct owner_record *record)
{
	if (!record->has_mode || record->device || (object->status.st_mode & S_IFMT) == S_IFDIR)
		return;
	record->mode &= ~(uint32_t)S_ISUID;
	if (record->mode & S_IXGRP)
		record->mode &= ~(uint32_t)S_ISGID;
}

static long chown_object(struct object *object, uint32_t uid, uint32_t gid)
{
	struct owner_record record;
	struct stat status;
	long result;

	if (!owner_is_users(object))
		return GATE_5(NR_fchownat, object->fd, "", uid, gid, AT_EMPTY_PATH);
	owner_of(object, &status, &record);
	if (!may_chown(&status, uid, gid))
		return -EPERM;
	/* To the owner it has: the kernel does what else is to be done. */
	result = GATE_5(NR_fchownat, object->fd, "", uid == CREDENTIALS_KEEP ? uid : object->status.st_uid,
			gid == CREDENTIALS_KEEP ? gid : object->status.st_gid, AT_EMPTY_PATH);
	if (result || (uid == CREDENTIALS_KEEP && gid == CREDENTIALS_KEEP))
		return result;
	GATE_4(NR_newfstatat, object->fd, "", &object->status, AT_EMPTY_PATH);
	record.uid = uid == CREDENTIALS_KEEP ? status.st_uid : uid;
	record.gid = gid == CREDENTIALS_KEEP ? status.st_gid : gid;
	drop_set_id(object, &record);
	return put(object, &record);
}

long handle_chown(struct call *call)
{
	unsigned int at = call->nr == NR_fchownat ? 2 : 1;
	uint32_t uid = (uint32_t)call->arguments[at], gid = (uint32_t)call->arguments[at + 1];
	struct object object;
	long status;

	if (!identity_is_on())
		return handle_paths(call);
	status = take(call, &object);
	if (!status)
		status = chown_object(&object, uid, gid);
	object_release(&object);
	return status;
}

/* Whether both times are to be the present: that may whoever may write the file. */
static bool is_touch(const struct call *call)
{
	unsigned long at = call->arguments[call->nr == NR_utime || call->nr == NR_utimes ? 1 : 2];
	struct __kernel_timespec times[2] = { 0 };

	if (!at)
		return true;
	return call->nr == NR_utimensat && !guest_read(times, at, sizeof(times)) && times[0].tv_nsec == UTIME_NOW_ &&
	       times[1].tv_nsec == UTIME_NOW_;
}

static long check_times(const struct object *object, bool is_touch)
{
	const struct credentials *credentials = identity_now();
	struct owner_record record;
	struct stat status;

	owner_of(object, &status, &record);
	if (access_is_owner(credentials, &status) || (is_touch && access_may(credentials, &status, ACCESS_WRITE)))
		return 0;
	return is_touch ? -EACCES : -EPERM;
}

long handle_utimes(struct call *call)
{
	bool is_by_descriptor = call->nr == NR_utimensat && !call->arguments[1];
	struct object object;
	long status;

	if (!access_is_checked())
		return handle_paths(call);
	status = is_by_descriptor ? object_take_descriptor((int)call->arguments[0], &object) :
				    object_take(call, &object);
	if (!status)
		status = check_times(&object, is_touch(call));
	object_release(&object);
	pin_release(call);
	memcpy(call->arguments, call->original, sizeof(call->arguments));
	return status ? status : handle_paths(call);
}

static bool is_device(uint32_t mode)
{
	return (mode & S_IFMT) == S_IFCHR || (mode & S_IFMT) == S_IFBLK;
}

/* The socket that has just been made is a device from now on. */
static long make_device(const struct host_path *path, uint32_t mode, uint64_t device)
{
	struct owner_record record;
	struct object object;
	struct stat status;
	long result = object_take_entry(path->directory, path->path, &object);

	if (!result) {
		owner_of(&object, &status, &record);
		record.has_mode = true;
		record.mode = (mode & S_IFMT) | (object.status.st_mode & PERMISSIONS);
		record.device = device;
		result = owner_put(&object, &record);
	}
	object_release(&object);
	return result;
}

/* What the new entry is to be besides what the kernel has made; where that fails there is none. */
static long finish_entry(struct call *call, uint32_t mode, uint64_t device)
{
	const struct host_path *path = &call->paths[0];
	bool is_directory = call->nr == NR_mkdir || call->nr == NR_mkdirat;
	int directory;
	const char *parent = translate_parent(call, path, &directory);
	long status = owner_note_made(directory, parent, path->directory, path->path, -1);

	if (!status && is_device(mode))
		status = make_device(path, mode, device);
	if (status)
		GATE_3(NR_unlinkat, path->directory, path->path, is_directory ? AT_REMOVEDIR : 0);
	return status;
}

long handle_make(struct call *call)
{
	bool is_node = call->nr == NR_mknod || call->nr == NR_mknodat;
	unsigned int at = call->nr == NR_mknodat ? 2 : 1;
	uint32_t mode = is_node ? (uint32_t)call->arguments[at] : 0, device = (uint32_t)call->arguments[at + 1];
	long status;

	if (!identity_is_on())
		return handle_paths(call);
	status = translate_path(call, 0, TRANSLATE_FULL);
	if (status < 0)
		return translate_refuse(call, 0, status);
	if (!status)
		status = path_use_stand_in(call, 0);
	if (status < 0)
		return status;
	if (is_device(mode) && credentials_can(identity_now(), CAP_MKNOD)) {
		call->arguments[at] = S_IFSOCK | (mode & PERMISSIONS);
		call->arguments[at + 1] = 0;
	}
	status = call_make(call, call->nr);
	return status || !call->paths[0].is_resolved ? status : finish_entry(call, mode, device);
}
