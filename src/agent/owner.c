/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/owner.h"
#include "agent/access.h"
#include "agent/child.h"
#include "agent/device.h"
#include "agent/guest_memory.h"
#include "agent/identity.h"
#include "agent/proc.h"
#include "agent/proc_owner.h"
#include "agent/raised.h"
#include "agent/seen.h"
#include "agent/store.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#define PERMISSIONS 07777
#define OWNER_READS 0400
#define OWNER_WRITES 0200

/* A path that calls without a descriptor take: PATH itself, or in BUF. NULL when it is too long. */
static const char *whole_name(int directory, const char *path, char *buf, size_t size)
{
	struct text name;

	if (path[0] == '/' || (directory == AT_FDCWD && path[0]))
		return path;
	text_init(&name, buf, size);
	if (directory == AT_FDCWD) {
		text_add(&name, "/proc/thread-self/cwd"); /* which asks for no leave to search it */
	} else {
		text_add(&name, PROC_DESCRIPTORS);
		text_add_number(&name, directory);
		text_add(&name, path[0] ? "/" : "");
		text_add(&name, path);
	}
	return name.full ? NULL : buf;
}

long owner_get_attribute(int directory, const char *path, unsigned long flags, const char *attribute, void *value,
			 size_t size)
{
	bool follows = !path[0] || !(flags & AT_SYMLINK_NOFOLLOW);
	char buf[PATH_SIZE];
	const char *name;

	if (!path[0] && directory != AT_FDCWD) {
		long status = GATE_4(NR_fgetxattr, directory, attribute, value, size);

		if (status != -EBADF) /* of O_PATH */
			return status;
	}
	name = whole_name(directory, path, buf, sizeof(buf));
	if (!name)
		return -ENODATA;
	return GATE_4(follows ? NR_getxattr : NR_lgetxattr, name, attribute, value, size);
}

static bool carries_attributes(const struct stat *status)
{
	uint32_t type = status->st_mode & S_IFMT;

	return type == S_IFREG || type == S_IFDIR;
}

static bool is_users(const struct stat *status)
{
	return status->st_uid == image_data()->identity.host_uid;
}

#define ATTRIBUTE_SIZE 256 /* other tools may say more than we do */

static void note_without_owner(const struct stat *status)
{
	const struct seen seen = { status->st_dev, status->st_ino, (int64_t)status->st_ctime,
				   (uint32_t)status->st_ctime_nsec };

	if (!seen_is_started(status->st_dev))
		seen_start(status->st_dev);
	seen_note(&seen);
}

static bool find_record(int directory, const char *path, unsigned long flags, const struct stat *status,
			struct owner_record *record)
{
	unsigned char value[ATTRIBUTE_SIZE];
	long length = -EOPNOTSUPP;

	if (!is_users(status))
		return false;
	if (store_find_forgettable(directory, path, flags, status, record))
		return true;
	if (carries_attributes(status))
		length = owner_get_attribute(directory, path, flags, OWNER_ATTRIBUTE, value, sizeof(value));
	if (length >= 0)
		return owner_record_read(record, value, (size_t)length);
	if (length == -ENODATA && status->st_ctime) /* statx may not have asked for it */
		note_without_owner(status);
	return length == -EOPNOTSUPP && store_find(directory, path, flags, status, record);
}

bool owner_is_device(uint32_t mode)
{
	return (mode & S_IFMT) == S_IFCHR || (mode & S_IFMT) == S_IFBLK;
}

bool owner_record_is_device(const struct owner_record *record)
{
	return record->has_mode && owner_is_device(record->mode);
}

/* STATUS, the kernel's, becomes what RECORD says. A device is a socket to the kernel. */
static void apply(const struct owner_record *record, struct stat *status)
{
	const struct identity *identity = &image_data()->identity;

	status->st_uid = record->uid == OWNER_KEEP ? identity->uid : record->uid;
	status->st_gid = record->gid == OWNER_KEEP ? identity->gid : record->gid;
	if (!record->has_mode)
		return;
	if (owner_is_device(record->mode) && (status->st_mode & S_IFMT) == S_IFSOCK) {
		status->st_mode = record->mode;
		status->st_rdev = record->device;
	} else {
		status->st_mode = (status->st_mode & S_IFMT) | (record->mode & PERMISSIONS);
	}
}

static struct owner_record default_record(void)
{
	return (struct owner_record){ .uid = image_data()->identity.uid, .gid = image_data()->identity.gid };
}

static void tell(int directory, const char *path, unsigned long flags, struct stat *status, struct owner_record *record)
{
	if (!find_record(directory, path, flags, status, record))
		*record = default_record();
	if (is_users(status))
		apply(record, status);
}

void owner_tell(int directory, const char *path, unsigned long flags, struct stat *status)
{
	struct owner_record record;

	raised_tell(status);
	if (!proc_owner_tell(directory, path, flags, status))
		tell(directory, path, flags, status, &record);
}

void owner_of(const struct object *object, struct stat *status, struct owner_record *record)
{
	*status = object->status;
	tell(object->fd, "", AT_EMPTY_PATH, status, record);
}

bool owner_is_users(const struct object *object)
{
	return is_users(&object->status);
}

static bool is_default(const struct owner_record *record)
{
	const struct owner_record usual = default_record();

	return record->uid == usual.uid && record->gid == usual.gid && !record->has_mode && !record->device;
}

static long write_attribute(const struct object *object, const struct owner_record *record)
{
	unsigned char value[OWNER_RECORD_SIZE];
	size_t length;
	long status;

	if (is_default(record)) {
		status = GATE_2(NR_removexattr, object->name, OWNER_ATTRIBUTE);
		return status == -ENODATA ? 0 : status;
	}
	length = owner_record_write(record, value, sizeof(value));
	return GATE_5(NR_setxattr, object->name, OWNER_ATTRIBUTE, value, length, 0);
}

struct write_steps {
	struct object *object;
	struct owner_record record;
	long status;
};

/* The mode that lasts with RECORD: a file with an owner stays readable, and the record has what it is told to be. */
static uint32_t lasting_mode(const struct object *object, struct owner_record *record)
{
	uint32_t mode = object->status.st_mode & PERMISSIONS;

	if (is_default(record) || mode & OWNER_READS)
		return mode;
	if (!record->has_mode)
		record->mode = object->status.st_mode;
	record->has_mode = true;
	return mode | OWNER_READS;
}

/* With a mode that lets it be done for that long. What has been seen of it before may have been others' doing. */
static long write_between(struct slot *steps_at, long unused)
{
	struct write_steps *steps = (struct write_steps *)steps_at;
	struct object *object = steps->object;
	uint32_t mode, lasting;

	(void)unused;
	steps->status = object_look(object);
	if (steps->status)
		return 0;
	mode = object->status.st_mode & PERMISSIONS;
	lasting = lasting_mode(object, &steps->record);
	steps->status = object_change_mode(object, mode | OWNER_READS | OWNER_WRITES);
	if (!steps->status)
		steps->status = write_attribute(object, &steps->record);
	return object_change_mode(object, steps->status ? mode : lasting);
}

/* Only who may write a file can write its attributes, and who may read it read them. */
static long write_with_access(struct object *object, const struct owner_record *record)
{
	struct write_steps steps = { object, *record, write_attribute(object, record) };

	if (steps.status == -EACCES ||
	    (!steps.status && !(object->status.st_mode & OWNER_READS) && !is_default(record)))
		child_run_alone(write_between, &steps, 0);
	return steps.status;
}

/* What is to be forgotten hides what lasts, so it is kept even if it is the default. */
static long put_in_store(const struct object *object, const struct owner_record *record)
{
	if (is_default(record) && !image_data()->identity.forgets)
		return store_remove(object->fd, "", AT_EMPTY_PATH, &object->status);
	return store_put(object->fd, "", AT_EMPTY_PATH, &object->status, record);
}

long owner_put(struct object *object, const struct owner_record *record)
{
	long status = -EOPNOTSUPP;

	if (carries_attributes(&object->status) && !image_data()->identity.forgets)
		status = write_with_access(object, record);
	return status == -EOPNOTSUPP ? put_in_store(object, record) : status;
}

/* Whether DIRECTORY/PARENT gives what is made in it its group, which *GID becomes. */
static bool hands_down_group(int directory, const char *parent, uint32_t *gid)
{
	struct stat status;

	/* The directory itself can be looked at also by who may not search it. */
	if (text_equal(parent, "."))
		parent = "";
	if (GATE_4(NR_newfstatat, directory, parent, &status, AT_EMPTY_PATH) || !(status.st_mode & S_ISGID))
		return false;
	owner_tell(directory, parent, AT_EMPTY_PATH, &status);
	*gid = status.st_gid;
	return true;
}

/* mode_strip_sgid(), fs/inode.c: nobody makes a set-group-id program of a group that is not his own. */
static bool loses_set_gid(const struct credentials *credentials, uint32_t gid, uint64_t mode)
{
	return (mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) && (mode & S_IFMT) != S_IFDIR &&
	       !credentials_in_group(credentials, gid) && !credentials_can(credentials, CAP_FSETID);
}

bool owner_of_new(int directory, const char *parent, struct owner_record *record, uint64_t *mode)
{
	const struct credentials *credentials = identity_now();

	*record = (struct owner_record){ .uid = credentials->fsuid, .gid = credentials->fsgid };
	if (hands_down_group(directory, parent, &record->gid) && mode && loses_set_gid(credentials, record->gid, *mode))
		*mode &= ~(uint64_t)S_ISGID;
	if (mode && *mode & owner_hidden_bits((uint32_t)*mode)) {
		record->has_mode = true;
		record->mode = (uint32_t)*mode & owner_hidden_bits((uint32_t)*mode);
		*mode &= ~(uint64_t)record->mode;
	}
	return !is_default(record);
}

long owner_put_new(int directory, const char *name, int fd, const struct owner_record *record)
{
	struct object object;
	struct owner_record whole = *record;
	long status = fd >= 0 ? object_take_descriptor(fd, &object) : object_take_entry(directory, name, &object);

	/* The umask has been applied by the kernel. */
	if (whole.has_mode)
		whole.mode |= object.status.st_mode;
	if (!status)
		status = owner_put(&object, &whole);
	object_release(&object);
	return status;
}

/* To be read or written: what else can be held by a descriptor of O_PATH only. */
static bool can_be_open(const struct stat *status)
{
	return carries_attributes(status) || (status->st_mode & S_IFMT) == S_IFIFO;
}

void owner_look_before(const struct host_path *path, struct owner_remains *remains)
{
	struct stat *status = &remains->status;

	remains->is_kept = identity_is_on() &&
			   !GATE_4(NR_newfstatat, path->directory, path->path, status, AT_SYMLINK_NOFOLLOW) &&
			   is_users(status) && status->st_nlink == 1 && !can_be_open(status) &&
			   !store_knows_none(status->st_dev, status->st_ino, path->path) &&
			   store_look(path->directory, path->path, AT_SYMLINK_NOFOLLOW, status, &remains->found);
}

/* A rename to itself removes nothing. */
void owner_drop(const struct host_path *path, const struct owner_remains *remains)
{
	struct stat now;

	if (!remains->is_kept)
		return;
	if (!GATE_4(NR_newfstatat, path->directory, path->path, &now, AT_SYMLINK_NOFOLLOW) &&
	    now.st_ino == remains->status.st_ino && now.st_dev == remains->status.st_dev)
		return;
	store_remove_found(remains->status.st_dev, &remains->found);
}

uint64_t owner_device(uint32_t major, uint32_t minor)
{
	return (minor & 0xff) | (uint64_t)(major & 0xfff) << 8 |
	       (uint64_t)(minor & ~0xffu) << 12; /* new_encode_dev() */
}

/* What of STATUS the records are found by, and hold. */
static struct stat from_statx(const struct statx *status)
{
	return (struct stat){ .st_mode = status->stx_mode,
			      .st_uid = status->stx_uid,
			      .st_gid = status->stx_gid,
			      .st_ino = status->stx_ino,
			      .st_dev = owner_device(status->stx_dev_major, status->stx_dev_minor),
			      .st_rdev = owner_device(status->stx_rdev_major, status->stx_rdev_minor),
			      .st_nlink = status->stx_nlink,
			      .st_ctime = (unsigned long)status->stx_ctime.tv_sec,
			      .st_ctime_nsec = status->stx_ctime.tv_nsec };
}

static void to_statx(struct statx *status, const struct stat *from)
{
	status->stx_ino = from->st_ino;
	status->stx_nlink = (uint32_t)from->st_nlink;
	status->stx_dev_major = (uint32_t)(from->st_dev >> 8 & 0xfff);
	status->stx_dev_minor = (uint32_t)((from->st_dev & 0xff) | (from->st_dev >> 12 & 0xfff00));
	status->stx_mode = (uint16_t)from->st_mode;
	status->stx_uid = from->st_uid;
	status->stx_gid = from->st_gid;
	status->stx_rdev_major = (uint32_t)(from->st_rdev >> 8 & 0xfff);
	status->stx_rdev_minor = (uint32_t)((from->st_rdev & 0xff) | (from->st_rdev >> 12 & 0xfff00));
}

long owner_tell_guest(int directory, const char *path, unsigned long flags, unsigned long at, bool is_statx)
{
	struct statx more;
	struct stat status;

	if (guest_read(is_statx ? (void *)&more : &status, at, is_statx ? sizeof(more) : sizeof(status)))
		return -EFAULT;
	if (is_statx)
		status = from_statx(&more);
	if (is_users(&status))
		owner_tell(directory, path, flags, &status);
	else if (path[0] || !device_tell(directory, &status))
		return 0;
	if (is_statx)
		to_statx(&more, &status);
	return guest_write(at, is_statx ? (void *)&more : &status, is_statx ? sizeof(more) : sizeof(status));
}
