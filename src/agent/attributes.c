/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that change or ask for modes, owners and times, or make entries: where the guest is
 * not who the kernel knows, they are about what owner.h says.
 */
#include "agent/attributes.h"
#include "agent/access.h"
#include "agent/child.h"
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/hardlinks.h"
#include "agent/object.h"
#include "agent/overlay.h"
#include "agent/owner.h"
#include "agent/path.h"
#include "agent/raised.h"
#include "agent/store.h"
#include "agent/translate.h"
#include "agent/xattr.h"
#include <asm/fcntl.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/stat.h>
#include <linux/time_types.h>

#define PERMISSIONS 07777u
#define OWNER_READS 0400u
#define OWNER_DOES_ALL 0700u
#define UTIME_NOW_ 0x3fffffffl /* UTIME_NOW, include/linux/stat.h in the kernel */

#define FLAGS_OF_PATHS ((unsigned int)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))

/* The object of a call that may be one by descriptor, which has no path in its row. */
static long take_file(struct call *call, struct object *object)
{
	const struct call_path *shape = &call->row->paths[0];
	long status;

	object->is_opened = false;
	if (shape->follow == FOLLOW_UNLESS && (unsigned int)call->original[shape->flags] & ~FLAGS_OF_PATHS)
		return -EINVAL;
	/* Unlike "", also with AT_EMPTY_PATH: getname_uflags(), fs/namei.c. */
	if (shape->follow != FOLLOW_NONE && !call->original[shape->path])
		return translate_refuse(call, 0, -EFAULT);
	status = shape->follow == FOLLOW_NONE ? object_take_descriptor((int)call->original[0], object) :
						object_take(call, object);
	return status ? status : overlay_check_object(call, object->fd);
}

/* Put RECORD in the place of what was stored; what has no name can't be found again. */
static long put(struct object *object, const struct owner_record *record)
{
	long status = owner_put(object, record);

	return object->status.st_nlink ? status : 0;
}

/* Whether something is stored with the file, which so must stay readable to the owner that the kernel knows. */
static bool is_kept(const struct owner_record *record)
{
	const struct identity *identity = &image_data()->identity;

	return record->has_mode || record->uid != identity->uid || record->gid != identity->gid;
}

uint32_t attributes_kept_bits(const struct object *object)
{
	return status_is_directory(&object->status) && store_is_in(object->fd, &object->status) ? OWNER_DOES_ALL : 0;
}

/*
 * The mode that the guest sees changes in one step: that of the inode, or that of the record where it
 * counts before or behind.
 */
static long change_mode(struct object *object, struct owner_record *record, uint32_t mode)
{
	bool is_node = owner_record_is_device(record);
	uint32_t type = is_node ? record->mode & S_IFMT : object->status.st_mode & S_IFMT, told = mode;
	long status = 0;

	told &= ~owner_hidden_bits(object->status.st_mode);
	/* Also a mode that has been stored till now: who is killed here must not leave one that is seen again later. */
	if ((is_kept(record) || told != mode) && !is_node)
		told |= OWNER_READS;
	told |= attributes_kept_bits(object);
	if (told != mode || record->has_mode) {
		record->has_mode = true;
		record->mode = type | mode;
		status = put(object, record);
	}
	if (!status)
		status = object_change_mode(object, told);
	if (status || is_node || record->has_mode == ((object->status.st_mode & PERMISSIONS) != mode))
		return status;
	record->has_mode = !record->has_mode;
	record->mode = record->has_mode ? type | mode : 0;
	return put(object, record);
}

static bool in_group_or_capable(uint32_t gid)
{
	const struct credentials *credentials = identity_now();

	return credentials_in_group(credentials, gid) || credentials_can(credentials, CAP_FSETID);
}

/*
 * Of a file that is not the user's, what the guest's root may do is what changes nothing but the time: scripts that put
 * owners and modes right meet files where they are.
 */
static long granted(long status, bool may, bool changes)
{
	return status == -EPERM && may && !changes ? 0 : status;
}

/* The kernel does it, of a file that is not the user's. */
static long chmod_other(struct object *object, uint32_t mode)
{
	return granted(GATE_3(NR_fchmodat, AT_FDCWD, object->name, mode),
		       access_is_owner(identity_now(), &object->status),
		       (object->status.st_mode & PERMISSIONS) != mode);
}

static long chmod_object(struct object *object, uint32_t mode)
{
	const struct credentials *credentials = identity_now();
	struct owner_record record;
	struct stat status;

	if (!owner_is_users(object))
		return chmod_other(object, mode);
	owner_of(object, &status, &record);
	if ((status.st_mode & S_IFMT) == S_IFLNK)
		return -EOPNOTSUPP;
	if (!access_is_owner(credentials, &status))
		return -EPERM;
	/* setattr_copy(), fs/attr.c */
	if (!in_group_or_capable(status.st_gid))
		mode &= ~(uint32_t)S_ISGID;
	return change_mode(object, &record, mode);
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
	return gid == CREDENTIALS_KEEP ||
	       (is_owner && (gid == status->st_gid || credentials_in_group(credentials, gid)));
}

/* What a change takes away from a mode: setattr_should_drop_sgid() and ..._suidgid(), fs/attr.c. */
static uint32_t without_set_id(const struct stat *status)
{
	uint32_t mode = status->st_mode, lost = S_ISUID;

	if ((mode & S_IFMT) == S_IFDIR)
		return mode;
	if (mode & S_IXGRP || !in_group_or_capable(status->st_gid))
		lost |= S_ISGID;
	return mode & ~lost;
}

/* Owner and mode change in one step: as long as the kernel has not changed the inode's, the record has the mode. */
static long change_owner(struct object *object, struct owner_record *record, uint32_t uid, uint32_t gid, uint32_t mode)
{
	uint32_t told = record->has_mode ? record->mode : object->status.st_mode;
	long status;

	if (told != mode) {
		record->has_mode = true;
		record->mode = mode;
	}
	status = put(object, record);
	/* To the owner it has: the kernel does what else is to be done. */
	if (!status)
		status = GATE_5(NR_fchownat, object->fd, "", uid == CREDENTIALS_KEEP ? uid : object->status.st_uid,
				gid == CREDENTIALS_KEEP ? gid : object->status.st_gid, AT_EMPTY_PATH);
	if (status || !record->has_mode)
		return status;
	status = object_look_again(object);
	if (status || object->status.st_mode != record->mode)
		return status;
	record->has_mode = false;
	return put(object, record);
}

static long chown_other(struct object *object, uint32_t uid, uint32_t gid)
{
	const struct stat *status = &object->status;

	return granted(GATE_5(NR_fchownat, object->fd, "", uid, gid, AT_EMPTY_PATH), may_chown(status, uid, gid),
		       (uid != CREDENTIALS_KEEP && uid != status->st_uid) ||
			       (gid != CREDENTIALS_KEEP && gid != status->st_gid) ||
			       without_set_id(status) != status->st_mode);
}

static long chown_object(struct object *object, uint32_t uid, uint32_t gid)
{
	struct owner_record record;
	struct stat status;
	uint32_t mode;
	long result;

	if (!owner_is_users(object))
		return chown_other(object, uid, gid);
	owner_of(object, &status, &record);
	if (!may_chown(&status, uid, gid))
		return -EPERM;
	mode = without_set_id(&status);
	/* To change a mode is the owner's, and the new group counts: setattr_prepare(), fs/attr.c. */
	if (mode != status.st_mode && !access_is_owner(identity_now(), &status))
		return -EPERM;
	if (mode != status.st_mode && gid != CREDENTIALS_KEEP && !in_group_or_capable(gid))
		mode &= ~S_ISGID;
	record.uid = uid == CREDENTIALS_KEEP ? status.st_uid : uid;
	record.gid = gid == CREDENTIALS_KEEP ? status.st_gid : gid;
	result = change_owner(object, &record, uid, gid, mode);
	if (!result && (status.st_mode & S_IFMT) != S_IFDIR)
		xattr_drop_capability(object);
	return result;
}

/* What is to be changed. */
struct change {
	struct object object;
	bool is_of_mode;
	uint32_t mode, uid, gid;
	long status;
};

static long make_change(struct slot *change_at, long is_alone)
{
	struct change *change = (struct change *)change_at;

	change->status = is_alone ? object_look(&change->object) : 0;
	if (!change->status && change->is_of_mode)
		change->status = chmod_object(&change->object, change->mode);
	else if (!change->status)
		change->status = chown_object(&change->object, change->uid, change->gid);
	return 0;
}

#define OWNER_READS_AND_WRITES (OWNER_READS | 0200u)

/* Whether the mode must be raised to store the owner. */
static bool wants_raised(const struct change *change)
{
	return !change->is_of_mode && owner_is_users(&change->object) &&
	       ~change->object.status.st_mode & OWNER_READS_AND_WRITES;
}

/* The mode that is seen must not be one that another guest has raised; nor may two store an owner with raised modes. */
static long change(struct call *call, struct change *change)
{
	uint64_t mark = raised_mark();

	change->status = take_file(call, &change->object);
	if (!change->status && (raised_may_have_been(mark) || wants_raised(change)))
		child_run_alone(make_change, change, true);
	else if (!change->status)
		make_change((struct slot *)change, false);
	object_release(&change->object);
	return change->status;
}

long handle_chmod(struct call *call)
{
	bool is_at = call->nr == NR_fchmodat || call->nr == NR_fchmodat2;

	if (!identity_is_on())
		return handle_paths(call);
	return change(call, &(struct change){ .is_of_mode = true,
					      .mode = (uint32_t)call->arguments[is_at ? 2 : 1] & PERMISSIONS });
}

long handle_chown(struct call *call)
{
	unsigned int at = call->nr == NR_fchownat ? 2 : 1;

	if (!identity_is_on())
		return handle_paths(call);
	return change(call, &(struct change){ .uid = (uint32_t)call->arguments[at],
					      .gid = (uint32_t)call->arguments[at + 1] });
}

/* What is done by a descriptor, or by the path, which is held. */
static long truncate_object(struct call *call, const struct object *object)
{
	if (call->nr == NR_ftruncate)
		return call_make(call, call->nr);
	return GATE_2(NR_truncate, object->name, call->arguments[1]);
}

uint32_t attributes_mode_written(const struct stat *status)
{
	return credentials_can(identity_now(), CAP_FSETID) ? status->st_mode : without_set_id(status);
}

void attributes_settle_written(struct object *object, uint32_t mode)
{
	struct owner_record record;
	struct stat status;

	if ((object->status.st_mode & S_IFMT) != S_IFREG || !owner_is_users(object) || object_look_again(object))
		return;
	owner_of(object, &status, &record);
	if (status.st_mode != mode)
		change_mode(object, &record, mode & PERMISSIONS);
	xattr_drop_capability(object);
}

static long truncate_taken(struct call *call, struct object *object)
{
	struct access_file file = access_file_of(object);
	long status = truncate_object(call, object);

	if (!status)
		attributes_settle_written(object, attributes_mode_written(&file.status));
	return status;
}

long handle_truncate(struct call *call)
{
	struct object object;
	long status;

	if (!identity_is_on())
		return handle_paths(call);
	status = take_file(call, &object);
	if (!status)
		status = truncate_taken(call, &object);
	else if (call->nr == NR_truncate)
		status = translate_refuse_own(call, 0, status);
	object_release(&object);
	return status;
}

#define UTIME_OMIT_ 0x3ffffffel

bool attributes_omits_times(const struct call *call)
{
	struct __kernel_timespec times[2] = { 0 };

	return call->nr == NR_utimensat && call->arguments[2] &&
	       !guest_read(times, call->arguments[2], sizeof(times)) && times[0].tv_nsec == UTIME_OMIT_ &&
	       times[1].tv_nsec == UTIME_OMIT_;
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

static long check_times(struct call *call, const struct object *object)
{
	const struct credentials *credentials = identity_now();
	struct access_file file = access_file_of(object);
	bool touches = is_touch(call);

	if (access_is_owner(credentials, &file.status) || (touches && access_may(credentials, &file, ACCESS_WRITE)))
		return 0;
	return touches ? access_deny(call) : -EPERM;
}

long handle_utimes(struct call *call)
{
	bool is_by_descriptor = call->nr == NR_utimensat && !call->arguments[1];
	struct object object;
	long status;

	if (!access_is_checked(call) || attributes_omits_times(call))
		return handle_paths(call);
	status = is_by_descriptor ? object_take_descriptor((int)call->arguments[0], &object) :
				    object_take(call, &object);
	if (!status)
		status = check_times(call, &object);
	object_release(&object);
	call_start_anew(call);
	return status ? status : handle_paths(call);
}

/* An entry that is to be more than the kernel makes of it. */
struct new_entry {
	struct call *call;
	struct owner_record record;
	uint32_t mode; /* of a device; or 0 */
	uint64_t device;
	long status;
};

/* The socket that has just been made is a device from now on. */
static long put_device(const struct host_path *path, struct new_entry *entry)
{
	struct object object;
	long status = object_take_entry(path->directory, path->path, &object);

	if (!status) {
		entry->record.has_mode = true;
		entry->record.mode = (entry->mode & S_IFMT) | (object.status.st_mode & PERMISSIONS);
		entry->record.device = entry->device;
		status = owner_put(&object, &entry->record);
	}
	object_release(&object);
	return status;
}

/* Made, and what else it is to be; where that fails there is none. */
static long make_entry(struct slot *entry_at, long unused)
{
	struct new_entry *entry = (struct new_entry *)entry_at;
	struct call *call = entry->call;
	const struct host_path *path = &call->paths[0];
	bool is_directory = call->nr == NR_mkdir || call->nr == NR_mkdirat;

	(void)unused;
	entry->status = call_make(call, call->nr);
	if (entry->status)
		return 0;
	if (entry->mode)
		entry->status = put_device(path, entry);
	else
		entry->status = owner_put_new(path->directory, path->path, -1, &entry->record);
	if (entry->status)
		GATE_3(NR_unlinkat, path->directory, path->path, is_directory ? AT_REMOVEDIR : 0);
	return 0;
}

long attributes_make_entry(struct call *call)
{
	unsigned int at = call->nr == NR_mknodat ? 2 : 1;
	bool is_node = call->nr == NR_mknod || call->nr == NR_mknodat;
	struct new_entry entry = { .call = call };
	int directory;
	const char *parent = translate_parent(call, &call->paths[0], &directory);
	uint64_t mode = is_node ? call->arguments[at] : 0;
	bool is_owned = owner_of_new(directory, parent, &entry.record, &mode);

	if (is_node)
		call->arguments[at] = mode;

	if (is_node && owner_is_device((uint32_t)call->arguments[at]) && credentials_can(identity_now(), CAP_MKNOD)) {
		entry.mode = (uint32_t)call->arguments[at];
		entry.device = (uint32_t)call->arguments[at + 1];
		call->arguments[at] = S_IFSOCK | (entry.mode & PERMISSIONS);
		call->arguments[at + 1] = 0;
	}
	if (!is_owned && !entry.mode)
		return call_make(call, call->nr);
	child_run_to_the_end(make_entry, &entry, 0);
	return entry.status;
}

/* Whether a link with the text of one of several names is to be made: it would be one, and not be counted. */
static bool makes_name(struct call *call)
{
	struct hardlinks_text read;
	long length;

	if (!hardlinks_are_on() || (call->nr != NR_symlink && call->nr != NR_symlinkat))
		return false;
	length = guest_read_string(call->slot->spare, call->arguments[0], PATH_SIZE);
	return length > 0 && hardlinks_read_text(call->slot->spare, (size_t)length, &read);
}

long handle_make(struct call *call)
{
	long status;

	if (makes_name(call))
		return -EPERM;
	if (!identity_is_on())
		return handle_paths(call);
	status = translate_path(call, 0, TRANSLATE_FULL);
	if (status < 0)
		return translate_refuse(call, 0, status);
	if (!status)
		status = path_use_stand_in(call, 0);
	if (status < 0)
		return status;
	return call->paths[0].is_resolved ? attributes_make_entry(call) : call_make(call, call->nr);
}
