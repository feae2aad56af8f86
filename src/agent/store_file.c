/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/store_file.h"
#include "agent/signal.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <asm/signal.h>
#include <linux/fcntl.h>
#include <linux/resource.h>
#include <linux/stat.h>
#include <linux/time.h>

#define LOCK_EX 2
#define LOCK_NB 4
#define LOCK_UN 8

#define MODE 0600
#define OTHERS_WRITE 022

/*
 * How often the lock is tried for before a pause, which is of a millisecond; and how many pauses are made. A table that
 * grows is synced, which takes as long as the disk wants.
 */
#define TRIES_MOST 20
#define PAUSES_MOST 60000

/* How often the file may be replaced by others between opening and locking it. */
#define REPLACEMENTS_MOST 100

void store_file_path(const char *directory, char buf[STORE_PATH_SIZE])
{
	struct text text;

	text_init(&text, buf, STORE_PATH_SIZE);
	text_add(&text, directory);
	text_add(&text, "/" STORE_NAME);
	text_add_number(&text, image_data()->identity.host_uid);
}

/* With all descriptors in use the soft limit is lifted for this one, which is closed before the call is done. */
long store_file_open_any(const char *path, unsigned long flags)
{
	struct rlimit limit, lifted;
	long fd;

	flags |= O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	fd = GATE_4(NR_openat, AT_FDCWD, path, flags, MODE);
	if (fd != -EMFILE || GATE_2(NR_getrlimit, RLIMIT_NOFILE, &limit))
		return fd;
	lifted = (struct rlimit){ limit.rlim_max, limit.rlim_max };
	GATE_2(NR_setrlimit, RLIMIT_NOFILE, &lifted);
	fd = GATE_4(NR_openat, AT_FDCWD, path, flags, MODE);
	GATE_2(NR_setrlimit, RLIMIT_NOFILE, &limit);
	return fd;
}

/*
 * The directory may be /tmp. A file of the user's that somebody else has linked there has a second name; one without
 * any has just been replaced.
 */
static bool is_trusted(const struct stat *status)
{
	return (status->st_mode & S_IFMT) == S_IFREG && status->st_uid == image_data()->identity.host_uid &&
	       status->st_nlink <= 1 && !(status->st_mode & OTHERS_WRITE);
}

/* The directory that PATH is in, into BUF, and its STATUS: 0 or a negative errno. */
static long look_at_directory(const char *path, char buf[STORE_PATH_SIZE], struct stat *status)
{
	size_t length = (size_t)(text_base_name(path) - path);

	memcpy(buf, path, length);
	buf[length] = '\0';
	return GATE_4(NR_newfstatat, AT_FDCWD, buf, status, 0);
}

/* What we put beside the guest's files is no change of their directory. Times of another's can't be set. */
static void restore_times(const char *directory, const struct stat *status)
{
	const struct {
		long seconds, nanoseconds;
	} times[2] = { { (long)status->st_atime, (long)status->st_atime_nsec },
		       { (long)status->st_mtime, (long)status->st_mtime_nsec } };

	GATE_4(NR_utimensat, AT_FDCWD, directory, times, 0);
}

static long open_or_make(const char *path, unsigned long flags)
{
	char directory[STORE_PATH_SIZE];
	struct stat status;
	long fd = -ENOENT, error;

	if (!(flags & O_EXCL))
		fd = store_file_open_any(path, flags & ~(unsigned long)O_CREAT);
	if (fd != -ENOENT || !(flags & O_CREAT))
		return fd;
	error = look_at_directory(path, directory, &status);
	fd = store_file_open_any(path, flags);
	if (fd >= 0 && !error)
		restore_times(directory, &status);
	return fd;
}

long store_file_open(const char *path, unsigned long flags, struct stat *status)
{
	long fd = open_or_make(path, flags | O_NOFOLLOW);

	if (fd >= 0 && (GATE_2(NR_fstat, fd, status) || !is_trusted(status))) {
		GATE_1(NR_close, fd);
		return -EPERM;
	}
	return fd == -ELOOP ? -EPERM : fd;
}

bool store_file_read_header(int fd, const struct stat *status, uint32_t *bits)
{
	struct store_header header;

	return GATE_4(NR_pread64, fd, &header, sizeof(header), 0) == sizeof(header) &&
	       store_header_read(&header, bits) && status->st_size >= (long)store_size(*bits);
}

static bool read_bucket(int fd, uint32_t index, struct store_bucket *bucket)
{
	return GATE_4(NR_pread64, fd, bucket, sizeof(*bucket), store_bucket_offset(index)) == sizeof(*bucket);
}

bool store_file_find(int fd, uint32_t bits, const struct store_key *key, struct store_record *record)
{
	struct store_bucket bucket;

	return read_bucket(fd, store_bucket_of(bits, key), &bucket) && store_find_in(&bucket, key, record);
}

long store_file_lock(int fd)
{
	static const struct __kernel_timespec pause = { .tv_nsec = 1000000 };
	long status = GATE_2(NR_flock, fd, LOCK_EX | LOCK_NB);

	for (unsigned int tries = 0; status == -EWOULDBLOCK && tries < TRIES_MOST + PAUSES_MOST; tries++) {
		if (tries < TRIES_MOST)
			GATE_0(NR_sched_yield);
		else
			GATE_2(NR_nanosleep, &pause, NULL);
		status = GATE_2(NR_flock, fd, LOCK_EX | LOCK_NB);
	}
	return status == -EWOULDBLOCK ? -EBUSY : status;
}

void store_file_close(int fd)
{
	GATE_2(NR_flock, fd, LOCK_UN);
	GATE_1(NR_close, fd);
}

/*
 * RLIMIT_FSIZE is the guest's, and not for what we write: the soft limit is lifted meanwhile. Beyond the hard one
 * there is SIGXFSZ, which is blocked here.
 */
static long write_at(int fd, const void *data, size_t size, size_t offset)
{
	static const unsigned long too_large = SIGNAL_BIT(SIGXFSZ);
	static const struct __kernel_timespec no_time;
	struct rlimit limit, lifted;
	bool has_limit = !GATE_2(NR_getrlimit, RLIMIT_FSIZE, &limit) && limit.rlim_cur < offset + size;
	long done;

	lifted = (struct rlimit){ limit.rlim_max, limit.rlim_max };
	if (has_limit)
		GATE_2(NR_setrlimit, RLIMIT_FSIZE, &lifted);
	done = GATE_4(NR_pwrite64, fd, data, size, offset);
	if (has_limit)
		GATE_2(NR_setrlimit, RLIMIT_FSIZE, &limit);
	if (done == -EFBIG)
		GATE_4(NR_rt_sigtimedwait, &too_large, NULL, &no_time, SIGNAL_SET_SIZE);
	if (done < 0)
		return done == -EFBIG ? -ENOSPC : done;
	return done == (long)size ? 0 : -ENOSPC;
}

/* The header comes last: before it is there, nobody takes the file for a store. */
static long initialise(int fd, const struct stat *status)
{
	struct store_bucket empty;
	struct store_header header;
	long error = 0;

	GATE_2(NR_fchmod, fd, MODE);
	memset(&empty, 0, sizeof(empty));
	store_header_init(&header, 0);
	if (status->st_size < (long)store_size(0))
		error = write_at(fd, &empty, sizeof(empty), store_bucket_offset(0));
	return error ? error : write_at(fd, &header, sizeof(header), 0);
}

/* A file that its maker had no time to fill: nothing is in it. */
static bool is_new(int fd, const struct stat *status)
{
	struct store_header header = { 0 };

	return status->st_size <= (long)store_size(0) && GATE_4(NR_pread64, fd, &header, sizeof(header), 0) >= 0 &&
	       store_header_is_blank(&header);
}

/* At what is open and locked. */
static long look_into(struct store_file *file)
{
	struct stat status;
	long error = GATE_2(NR_fstat, file->fd, &status);

	if (error)
		return error;
	if (is_new(file->fd, &status)) {
		file->bits = 0;
		file->has_changed = true;
		return initialise(file->fd, &status);
	}
	return store_file_read_header(file->fd, &status, &file->bits) ? 0 : -EIO;
}

/* Whether the locked file is still the one at its path: -EAGAIN when it has been replaced or removed. */
static long check_place(const struct store_file *file, const struct stat *status)
{
	struct stat now;

	if (GATE_4(NR_newfstatat, AT_FDCWD, file->path, &now, AT_SYMLINK_NOFOLLOW))
		return -EAGAIN;
	return now.st_ino == status->st_ino && now.st_dev == status->st_dev ? 0 : -EAGAIN;
}

long store_file_begin(struct store_file *file, const char *path, bool makes)
{
	struct stat status;
	long error = -EAGAIN;

	for (unsigned int i = 0; error == -EAGAIN && i < REPLACEMENTS_MOST; i++) {
		long fd = store_file_open(path, O_RDWR | (makes ? O_CREAT : 0), &status);

		if (fd < 0)
			return fd;
		*file = (struct store_file){ .fd = (int)fd, .path = path };
		error = store_file_lock(file->fd);
		if (!error)
			error = check_place(file, &status);
		if (!error)
			error = look_into(file);
		if (error)
			store_file_close(file->fd);
	}
	return error == -EAGAIN ? -EBUSY : error;
}

/* All of the new table that was in the old one, into FD. */
static long write_buckets(const struct store_file *file, int fd)
{
	struct store_bucket old, split;
	uint32_t bits = file->bits + 1;
	unsigned long records = 0;
	long status = 0;

	for (uint32_t i = 0; i < 1u << bits && !status; i++) {
		if (i % 2 == 0 && !read_bucket(file->fd, i / 2, &old))
			return -EIO;
		records += store_split(&split, bits, i, &old);
		status = write_at(fd, &split, sizeof(split), store_bucket_offset(i));
	}
	if (!status && ((size_t)STORE_SLOTS << bits) / STORE_SLOTS_EACH > records)
		return -ENOSPC;
	return status;
}

/* It must be on the disk before it takes the old one's place: a power cut must not leave half of it there. */
static long fill_new(const struct store_file *file, int fd)
{
	struct store_header header;
	long status = write_buckets(file, fd);

	store_header_init(&header, file->bits + 1);
	if (!status)
		status = write_at(fd, &header, sizeof(header), 0);
	return status ? status : GATE_1(NR_fsync, fd);
}

/* What is there already is of a writer that died: the lock is ours. */
static long make_aside(const struct store_file *file, char *aside)
{
	struct stat status;
	struct text text;
	long fd;

	text_init(&text, aside, STORE_PATH_SIZE);
	text_add(&text, file->path);
	text_add(&text, STORE_ASIDE);
	GATE_3(NR_unlinkat, AT_FDCWD, aside, 0);
	fd = store_file_open(aside, O_RDWR | O_CREAT | O_EXCL, &status);
	if (fd >= 0)
		GATE_2(NR_fchmod, fd, MODE);
	return fd;
}

/* For those who have the old one in memory. Where this fails, they find out later, by its name. */
static void mark_replaced(int fd)
{
	static const uint32_t is_replaced = 1;

	write_at(fd, &is_replaced, sizeof(is_replaced), offsetof(struct store_header, replaced));
}

/* The file ASIDE comes to PATH: 0 or a negative errno. */
static long replace(const char *path, const char *aside)
{
	char directory[STORE_PATH_SIZE];
	struct stat status;
	long seen = look_at_directory(path, directory, &status);
	long error = GATE_4(NR_renameat, AT_FDCWD, aside, AT_FDCWD, path);

	if (!error && !seen)
		restore_times(directory, &status);
	return error;
}

/* A table of twice as many buckets in the file's place. It is locked before anybody else can find it. */
static long grow(struct store_file *file)
{
	char aside[STORE_PATH_SIZE];
	long fd, status;

	if (file->bits == STORE_BITS_MOST)
		return -ENOSPC;
	fd = make_aside(file, aside);
	if (fd < 0)
		return fd;
	status = store_file_lock((int)fd);
	if (!status)
		status = fill_new(file, (int)fd);
	if (!status)
		status = replace(file->path, aside);
	if (status) {
		GATE_3(NR_unlinkat, AT_FDCWD, aside, 0);
		store_file_close((int)fd);
		return status;
	}
	mark_replaced(file->fd);
	store_file_close(file->fd);
	*file = (struct store_file){ .fd = (int)fd, .bits = file->bits + 1, .path = file->path, .has_changed = true };
	return 0;
}

/* One change of what is in a bucket: RECORD REMOVES it, or becomes that of its key. */
static long change(const struct store_file *file, const struct store_record *record, bool removes)
{
	uint32_t index = store_bucket_of(file->bits, &record->key);
	struct store_bucket bucket;
	struct store_change made;
	long status;

	if (!read_bucket(file->fd, index, &bucket))
		return -EIO;
	status = removes ? store_remove_from(&bucket, record, &made) : store_put_in(&bucket, record, &made);
	if (status)
		return status == -ENOSPC ? -E2BIG : status;
	return write_at(file->fd, &made.copy, sizeof(made.copy), store_bucket_offset(index) + made.offset);
}

/* -E2BIG: the bucket is full, which is not that the disk is. */
long store_file_put(struct store_file *file, const struct store_record *record)
{
	long status = change(file, record, false);

	while (status == -E2BIG) {
		status = grow(file);
		if (!status)
			status = change(file, record, false);
	}
	return status;
}

long store_file_remove(struct store_file *file, const struct store_record *record)
{
	return change(file, record, true);
}

void store_file_end(struct store_file *file)
{
	store_file_close(file->fd);
}
