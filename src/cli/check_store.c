/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "cli/check_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <linux/stat.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd); /* and the lock is given back */
}

#define SCOPED_FD int __attribute__((cleanup(close_fd)))

void check_say(struct check *check, bool is_repaired, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	puts(is_repaired ? " (repaired)" : "");
	check->problems++;
	check->left += !is_repaired;
}

/* As agents trust it: agent/store_file.c. What is wrong with it, or NULL. */
static const char *distrust(const struct check *check, const struct stat *status)
{
	if (!S_ISREG(status->st_mode))
		return "not a regular file";
	if (status->st_uid != check->user)
		return "not the user's";
	if (status->st_nlink > 1)
		return "has a second name";
	return status->st_mode & (S_IWGRP | S_IWOTH) ? "others may write to it" : NULL;
}

/* A store with BUCKETS as it should be: of a damaged header its size may tell enough. */
static bool find_bits(off_t size, uint32_t *bits)
{
	for (*bits = 0; *bits <= STORE_BITS_MOST; ++*bits)
		if (size == (off_t)store_size(*bits))
			return true;
	return false;
}

static bool write_header(int fd, uint32_t bits)
{
	struct store_header header;

	store_header_init(&header, bits);
	return pwrite(fd, &header, sizeof(header), 0) == sizeof(header);
}

/* FD is the open file, with STATUS: false when it is no store, or an empty one. */
static bool check_header(struct check *check, struct checked_store *store, int fd, const struct stat *status)
{
	struct store_header header = { 0 };
	bool is_repaired;

	if (pread(fd, &header, sizeof(header), 0) < 0)
		return false;
	if (store_header_is_blank(&header) && status->st_size <= (off_t)store_size(0))
		return false;
	if (!store_header_read(&header, &store->bits)) {
		is_repaired = find_bits(status->st_size, &store->bits);
		if (is_repaired && check->repairs)
			is_repaired = write_header(fd, store->bits);
		check_say(check, is_repaired && check->repairs, "%s: its header is damaged", store->path);
		return is_repaired;
	}
	if (status->st_size < (off_t)store_size(store->bits)) {
		is_repaired = check->repairs && !ftruncate(fd, (off_t)store_size(store->bits));
		check_say(check, is_repaired, "%s: its end is missing", store->path);
	}
	if (store_is_replaced(&header)) {
		is_repaired = check->repairs && write_header(fd, store->bits);
		check_say(check, is_repaired, "%s: marked as replaced", store->path);
	}
	return true;
}

/* Free a slot; the file is locked. */
static bool free_slot(int fd, const struct store_bucket *bucket, uint32_t index, unsigned int slot)
{
	struct store_change change;
	size_t offset = store_bucket_offset(index);

	store_free_slot(bucket, slot, &change);
	return pwrite(fd, &change.copy, sizeof(change.copy), (off_t)(offset + change.offset)) == sizeof(change.copy);
}

/* Whether SLOT holds what no search finds: it is in a wrong bucket, or there is another one. */
static bool is_unreachable(const struct store_bucket *bucket, uint32_t bits, uint32_t index, unsigned int slot,
			   const struct store_record *record)
{
	struct store_record other;

	if (store_bucket_of(bits, &record->key) != index || !store_find_in(bucket, &record->key, &other))
		return true;
	for (unsigned int i = 0; i < STORE_SLOTS; i++)
		if (i != slot && store_read(bucket, i, &other) == STORE_RECORD &&
		    other.key.inode == record->key.inode && other.key.filesystem == record->key.filesystem)
			return i < slot;
	return false;
}

static void keep(struct check *check, struct checked_store *store, const struct store_record *record, uint32_t bucket,
		 unsigned int slot)
{
	check->records++;
	store->records[store->count++] = (struct checked_record){ .record = *record, .bucket = bucket, .slot = slot };
}

/* Keep the records of a bucket; FD is for writing when there are repairs to be made. */
static void check_bucket(struct check *check, struct checked_store *store, int fd, uint32_t index,
			 struct store_bucket *bucket)
{
	struct store_record record;

	for (unsigned int slot = 0; slot < STORE_SLOTS; slot++) {
		enum store_state state = store_read(bucket, slot, &record);
		bool is_damaged = state == STORE_DAMAGED, is_repaired;

		if (state == STORE_RECORD && !is_unreachable(bucket, store->bits, index, slot, &record))
			keep(check, store, &record, index, slot);
		else if (is_damaged || state == STORE_RECORD) {
			is_repaired = check->repairs && free_slot(fd, bucket, index, slot);
			check_say(check, is_repaired, "%s: record %u of bucket %u is %s", store->path, slot, index,
				  is_damaged ? "damaged" : "out of place");
		}
	}
}

static int compare(const void *a, const void *b)
{
	const struct checked_record *left = a, *right = b;

	return left->record.key.inode < right->record.key.inode ? -1 : left->record.key.inode > right->record.key.inode;
}

static bool check_buckets(struct check *check, struct checked_store *store, int fd)
{
	uint32_t count = 1u << store->bits;
	struct store_bucket bucket;

	store->records = NULL;
	store->count = 0;
	for (uint32_t i = 0; i < count; i++) {
		struct checked_record *more =
			reallocarray(store->records, store->count + STORE_SLOTS, sizeof(*store->records));
		ssize_t size = more ? pread(fd, &bucket, sizeof(bucket), (off_t)store_bucket_offset(i)) : -1;

		if (!more)
			return false;
		store->records = more;
		if (size == sizeof(bucket))
			check_bucket(check, store, fd, i, &bucket);
		else if (size < 0)
			check_say(check, false, "%s: bucket %u: %s", store->path, i, strerror(errno));
	}
	qsort(store->records, store->count, sizeof(*store->records), compare);
	return true;
}

/* The rest of a growth that was broken off. */
static void check_aside(struct check *check, const struct checked_store *store)
{
	char aside[PATH_MAX + sizeof(STORE_ASIDE)];
	struct stat status;

	snprintf(aside, sizeof(aside), "%s" STORE_ASIDE, store->path);
	if (!lstat(aside, &status) && status.st_uid == check->user)
		check_say(check, check->repairs && !unlink(aside), "%s: is left from a change that was broken off",
			  aside);
}

/* Open and locked, if that is there and may be trusted; or -1. */
static int open_store(struct check *check, const struct checked_store *store, struct stat *status)
{
	int fd = open(store->path, (check->repairs ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	const char *wrong = NULL;

	if (fd < 0 && errno == ENOENT)
		return -1;
	if (fd < 0)
		wrong = errno == ELOOP ? "a link" : strerror(errno);
	else if (fstat(fd, status) || flock(fd, LOCK_EX))
		wrong = strerror(errno);
	else
		wrong = distrust(check, status);
	if (!wrong)
		return fd;
	check_say(check, false, "%s: is not used: %s", store->path, wrong);
	close_fd(&fd);
	return -1;
}

bool check_store_open(struct check *check, struct checked_store *store, const char *directory)
{
	struct stat status, here;
	SCOPED_FD fd = -1;

	snprintf(store->directory, sizeof(store->directory), "%s", directory);
	if (snprintf(store->path, sizeof(store->path), "%s/" STORE_NAME "%u", strcmp(directory, "/") ? directory : "",
		     check->user) >= (int)sizeof(store->path) ||
	    stat(directory, &here))
		return false;
	store->device = here.st_dev;
	fd = open_store(check, store, &status);
	if (fd < 0)
		return false;
	check_aside(check, store);
	return check_header(check, store, fd, &status) && check_buckets(check, store, fd);
}

static struct checked_record *find(const struct checked_store *store, ino_t inode)
{
	struct checked_record wanted = { .record = { .key = { .inode = inode } } };

	return bsearch(&wanted, store->records, store->count, sizeof(wanted), compare);
}

static int64_t handle_birth(const char *path)
{
	struct {
		struct file_handle handle;
		unsigned char bytes[MAX_HANDLE_SZ];
	} room = { .handle = { .handle_bytes = MAX_HANDLE_SZ } };
	int mount;

	if (name_to_handle_at(AT_FDCWD, path, &room.handle, &mount, 0))
		return 0;
	return store_handle_birth(room.handle.f_handle, room.handle.handle_bytes);
}

static bool is_born_then(const char *path, const struct store_record *record)
{
	struct statx status;

	/* musl 1.2.3 has no statx(2). */
	if (syscall(SYS_statx, AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BTIME, &status))
		return true;
	if (!(status.stx_mask & STATX_BTIME))
		return record->birth_seconds == handle_birth(path) && !record->birth_nanoseconds;
	return status.stx_btime.tv_sec == record->birth_seconds &&
	       status.stx_btime.tv_nsec == record->birth_nanoseconds;
}

void check_store_meet(struct checked_store *store, const char *path, const struct stat *status, bool has_attribute)
{
	struct checked_record *record = status->st_dev == store->device ? find(store, status->st_ino) : NULL;

	if (!record)
		return;
	record->is_met = is_born_then(path, &record->record);
	record->is_anew = !record->is_met;
	record->is_twice = record->is_met && has_attribute;
}

static bool is_same(const struct store_record *a, const struct store_record *b)
{
	return a->key.inode == b->key.inode && a->key.filesystem == b->key.filesystem &&
	       a->birth_seconds == b->birth_seconds && a->birth_nanoseconds == b->birth_nanoseconds &&
	       a->uid == b->uid && a->gid == b->gid && a->mode == b->mode && a->flags == b->flags &&
	       a->device == b->device;
}

/* With LOCKED the open file, if nobody has changed the record meanwhile. */
static bool remove_record(int locked, const struct checked_record *record)
{
	struct store_record now;
	struct store_bucket bucket;

	if (pread(locked, &bucket, sizeof(bucket), (off_t)store_bucket_offset(record->bucket)) != sizeof(bucket))
		return false;
	if (store_read(&bucket, record->slot, &now) != STORE_RECORD || !is_same(&now, &record->record))
		return false;
	return free_slot(locked, &bucket, record->bucket, record->slot);
}

void check_store_close(struct check *check, struct checked_store *store, bool is_sure)
{
	struct check quiet = { .repairs = check->repairs, .user = check->user };
	struct stat status;
	SCOPED_FD fd = check->repairs ? open_store(&quiet, store, &status) : -1;

	for (size_t i = 0; i < store->count; i++) {
		const struct checked_record *record = &store->records[i];
		const char *wrong = record->is_twice ? "its object has an attribute as well" :
				    record->is_anew  ? "its object is gone, and the inode another's" :
				    !record->is_met  ? "its object is gone" :
						       NULL;

		if (wrong && (is_sure || record->is_anew || record->is_twice))
			check_say(check, fd >= 0 && remove_record(fd, record), "%s: inode %llu, owner %u:%u: %s",
				  store->path, (unsigned long long)record->record.key.inode, record->record.uid,
				  record->record.gid, wrong);
	}
	free(store->records);
}
