/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "unpack/store.h"

#include "base/text.h"
#include "cli/cache.h"
#include "image/removal.h"
#include "unpack/progress.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define LOCK ".lock"
#define SETTLED 2 /* seconds: no file system's times are coarser (FAT) */

static long system_call(long nr, unsigned long a, unsigned long b, unsigned long c, unsigned long d, unsigned long e,
			unsigned long f)
{
	long result = syscall(nr, a, b, c, d, e, f);

	return result < 0 ? -errno : result;
}

/* "PATH/A/BC" in BUF of PATH_SIZE; what is too long names nothing that is there. */
static void join(char *buf, const char *path, const char *a, const char *b, const char *c)
{
	if (snprintf(buf, PATH_SIZE, "%s/%s%s%s%s", path, a, *b ? "/" : "", b, c) >= PATH_SIZE)
		*buf = '\0';
}

/* Lock FILE, which is made if MAKES. A descriptor, or -EWOULDBLOCK: somebody else has it; or another error. */
static int lock(const char *file, bool makes, bool waits)
{
	struct stat held, named;
	int fd, error;

	do {
		fd = open(file, O_RDWR | O_CLOEXEC | O_NOFOLLOW | (makes ? O_CREAT : 0), 0600);
		if (fd < 0)
			return -errno;
		if (flock(fd, LOCK_EX | (waits ? 0 : LOCK_NB)) || fstat(fd, &held)) {
			error = -errno;
			close(fd);
			return error;
		}
		/* Who had it has removed it. */
		if (!stat(file, &named) && named.st_dev == held.st_dev && named.st_ino == held.st_ino)
			return fd;
		close(fd);
	} while (makes && !progress_signal());
	return -ENOENT;
}

static void remove_tree(const char *path)
{
	removal_run(system_call, path);
}

/* Remove the tree ID that is being made, if it is not: who makes it has the lock. */
static void remove_left(const char *path, const char *id)
{
	char file[PATH_SIZE], tree[PATH_SIZE];
	int fd;

	join(file, path, CACHE_NEW, id, LOCK);
	join(tree, path, CACHE_NEW, id, "");
	fd = lock(file, true, false);
	if (fd < 0)
		return;
	remove_tree(tree);
	unlink(file);
	close(fd);
}

static void remove_all_left(const char *path)
{
	char directory[PATH_SIZE], id[NAME_LONGEST + 1];
	struct dirent *entry;
	DIR *listing;

	join(directory, path, CACHE_NEW, "", "");
	listing = opendir(directory);
	while (listing && (entry = readdir(listing))) {
		snprintf(id, sizeof(id), "%s", entry->d_name);
		if (text_ends(id, LOCK))
			id[strlen(id) - strlen(LOCK)] = '\0';
		if (strspn(id, "0123456789abcdef") == SHA256_HEX && !id[SHA256_HEX])
			remove_left(path, id);
	}
	if (listing)
		closedir(listing);
}

/* Who may look into them is said by the mode of the cache itself. */
int store_open(struct store *store, const char *path, struct failure *failure)
{
	static const char *const parts[] = { CACHE_TREES, CACHE_NEW, CACHE_FILES };
	char buf[PATH_SIZE];

	*store = (struct store){ .path = path, .lock = -1 };
	for (unsigned int i = 0; i < ARRAY_SIZE(parts); i++) {
		join(buf, path, parts[i], "", "");
		if (mkdir(buf, 0755) && errno != EEXIST)
			return failure_set(failure, "%s: %s", buf, strerror(errno));
	}
	remove_all_left(path);
	return 0;
}

int store_begin(struct store *store, const char *id, struct failure *failure)
{
	char file[PATH_SIZE];

	snprintf(store->id, sizeof(store->id), "%s", id);
	join(file, store->path, CACHE_NEW, id, LOCK);
	join(store->place, store->path, CACHE_NEW, id, "");
	join(store->tree, store->path, CACHE_TREES, id, "");
	store->lock = lock(file, true, true);
	if (store->lock < 0)
		return failure_set(failure, "%s: %s", file, strerror(-store->lock));
	if (access(store->tree, F_OK) == 0)
		return 1;
	remove_tree(store->place);
	return mkdir(store->place, 0755) ? failure_set(failure, "%s: %s", store->place, strerror(errno)) : 0;
}

int store_write(struct store *store, const char *name, const char *text, size_t length, struct failure *failure)
{
	char file[PATH_SIZE];
	ssize_t written;
	int fd;

	join(file, store->place, name, "", "");
	fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	written = fd < 0 ? -1 : write(fd, text, length);
	if (written >= 0 && (size_t)written < length)
		errno = ENOSPC;
	if (fd >= 0)
		close(fd);
	return written == (ssize_t)length ? 0 : failure_set(failure, "%s: %s", file, strerror(errno));
}

int store_commit(struct store *store, struct failure *failure)
{
	int fd = open(store->place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error = fd < 0 || syncfs(fd) || rename(store->place, store->tree) ? errno : 0;

	if (fd >= 0)
		close(fd);
	if (error)
		return failure_set(failure, "%s: %s", store->tree, strerror(error));
	*store->place = '\0';
	return 0;
}

void store_close(struct store *store)
{
	char file[PATH_SIZE];

	if (store->lock < 0)
		return;
	if (*store->place)
		remove_tree(store->place);
	join(file, store->path, CACHE_NEW, store->id, LOCK);
	unlink(file);
	close(store->lock);
	store->lock = -1;
}

/* A file that is changed twice within what times can tell looks as if it had been changed once. */
static bool is_settled(const struct stat *status)
{
	return time(NULL) > status->st_ctim.tv_sec + SETTLED;
}

void store_note_file(const struct store *store, const struct stat *status, const char *cpu)
{
	char name[NAME_LONGEST + 1], file[PATH_SIZE];

	if (!is_settled(status))
		return;
	cache_name_file(status, cpu, name);
	join(file, store->path, CACHE_FILES, name, "");
	unlink(file);
	if (symlink(store->id, file))
		return;
}
