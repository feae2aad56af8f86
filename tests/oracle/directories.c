/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include "sequence.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The threads share one set, but for the one that has descriptors of its own. */
static struct kept {
	int fds[KEPT_MOST];
	int count;
} common, own;
static __thread struct kept *kept;

static struct kept *kept_here(void)
{
	return kept ? kept : &common;
}

void kept_own(void)
{
	kept = &own;
}

void kept_forget(void)
{
	kept_here()->count = 0;
}

int kept_any(void)
{
	struct kept *here = kept_here();

	return here->count ? here->fds[random_below((uint32_t)here->count)] : -1;
}

int kept_random(void)
{
	unsigned int number = random_below(100);

	if (number < 45)
		return AT_FDCWD;
	if (number < 47)
		return -1;
	if (number < 49)
		return 777;
	return kept_any();
}

void kept_drop_one(void)
{
	struct kept *here = kept_here();
	uint32_t index;

	if (!here->count)
		return;
	index = random_below((uint32_t)here->count);
	close(here->fds[index]);
	here->fds[index] = here->fds[--here->count];
}

void kept_add(int fd)
{
	struct kept *here = kept_here();

	if (random_chance(50) && here->count < KEPT_MOST) {
		here->fds[here->count++] = fd;
		return;
	}
	close(fd);
}

/* Whether what LINK of /proc leads to can be reached by its name: 0 or an errno. */
static int reach(const char *link)
{
	char path[PATH_MAX];
	ssize_t length = readlink(link, path, sizeof(path) - 1);
	struct stat status;

	if (length <= 0)
		return ENOENT;
	path[length] = '\0';
	return stat(path, &status) ? errno : 0;
}

static bool is_lost(int fd)
{
	struct stat status;
	char link[64];
	int error;

	snprintf(link, sizeof(link), "/proc/thread-self/fd/%d", fd);
	if (fstat(fd, &status))
		return false;
	error = reach(link);
	return S_ISDIR(status.st_mode) ? error : error == EACCES;
}

/* Without /proc. */
static bool is_closed(int directory)
{
	return faccessat(directory, "../../../../../../../../../../../..", F_OK, 0) && errno == EACCES;
}

void kept_settle(const char *place)
{
	struct kept *here = kept_here();

	if ((place ? reach("/proc/thread-self/cwd") : is_closed(AT_FDCWD)) && chdir(place ? place : "/"))
		return;
	for (int i = here->count; i-- > 0;)
		if (place ? is_lost(here->fds[i]) : is_closed(here->fds[i])) {
			close(here->fds[i]);
			here->fds[i] = here->fds[--here->count];
		}
}

/* Objects that are known by device and inode, as the guest sees them. */
struct objects {
	unsigned int count;
	struct {
		dev_t device;
		ino_t inode;
	} list[BINDINGS_MOST * 16 + 2];
};

static struct objects above;  /* directories above bindings */
static struct objects tops;   /* what is bound */
static struct objects places; /* directories with a binding over a missing place */

static void note(struct objects *objects, const char *path)
{
	struct stat status;

	if (lstat(path, &status))
		return;
	objects->list[objects->count].device = status.st_dev;
	objects->list[objects->count++].inode = status.st_ino;
}

static bool is_among(const struct objects *objects, const struct stat *status)
{
	for (unsigned int i = 0; i < objects->count; i++)
		if (objects->list[i].inode == status->st_ino && objects->list[i].device == status->st_dev)
			return true;
	return false;
}

bool is_binding(const struct stat *status)
{
	return is_among(&tops, status);
}

bool has_missing_place(const struct stat *status)
{
	return is_among(&places, status);
}

void protected_start(void)
{
	char path[256];

	above.count = tops.count = places.count = 0;
	note(&above, "/");
	note(&above, "/bin"); /* nothing can be executed without it */
	for (int i = 0; i < binding_count; i++) {
		strcpy(path, bindings[i].guest);
		note(&tops, path);
		for (char *slash = strrchr(path, '/'); slash > path; slash = strrchr(path, '/')) {
			*slash = '\0';
			if (bindings[i].is_missing &&
			    slash == strrchr(bindings[i].guest, '/') - bindings[i].guest + path)
				note(&places, *path ? path : "/");
			note(&above, path);
		}
	}
}

static bool is_above(int directory, const char *path, int flags)
{
	struct stat status;

	/* Under proot a directory that has been copied has another number. */
	if (is_of_layers)
		protected_start();
	return !fstatat(directory, path, &status, flags) && is_among(&above, &status);
}

bool is_protected(int directory, const char *path)
{
	return is_above(directory, path, AT_SYMLINK_NOFOLLOW);
}

bool is_bound_in_sticky(int directory, const char *path)
{
	struct stat status, top, parent;
	char above_it[256];

	if (fstatat(directory, path, &status, 0))
		return false;
	for (int i = 0; i < binding_count; i++) {
		strcpy(above_it, bindings[i].guest);
		*strrchr(above_it, '/') = '\0';
		if (!lstat(bindings[i].guest, &top) && top.st_dev == status.st_dev && top.st_ino == status.st_ino)
			return !lstat(*above_it ? above_it : "/", &parent) && parent.st_mode & S_ISVTX;
	}
	return false;
}

static bool would_close(int directory, const char *path, unsigned int mode)
{
	return geteuid() && !(mode & S_IXUSR) && is_above(directory, path, AT_EMPTY_PATH);
}

/*
 * For overlayfs two names of a fifo or a socket are two inodes, for they can't carry user.overlay.origin: it goes by
 * the mode that each of them had when it came into memory.
 */
static bool has_two_modes(int directory, const char *path)
{
	struct stat status;

	return is_of_layers && !fstatat(directory, path, &status, AT_EMPTY_PATH) && status.st_nlink > 1 &&
	       (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
}

bool keeps_mode(int directory, const char *path, unsigned int mode)
{
	return would_close(directory, path, mode) || has_two_modes(directory, path);
}
