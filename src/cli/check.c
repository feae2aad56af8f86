/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "cli/check.h"
#include "cli/check_store.h"
#include "cli/explain.h"
#include "cli/host.h"
#include "cli/message.h"
#include "image/owner_record.h"

#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Descriptors nftw(3) may use. */
#define DEPTH 64

#define STORES_MOST 64

/* Longer than any value that agents write; what is longer may be others'. */
#define VALUE_MOST 4096

/* The walk: nftw(3) hands nothing to its function. */
static struct {
	struct check check;
	const char *directory; /* what is asked about; objects outside are only met */
	struct checked_store stores[STORES_MOST];
	size_t count;
	unsigned long unread; /* what could not be looked into */
} walk;

static bool is_within(const char *path, const char *directory)
{
	size_t length = strcmp(directory, "/") ? strlen(directory) : 0;

	return !strncmp(path, directory, length) && (path[length] == '/' || !path[length]);
}

static void add_store(const char *directory)
{
	if (walk.count == STORES_MOST) {
		message_warning("there are too many stores to look into that of '%s'", directory);
		walk.unread++;
	} else if (check_store_open(&walk.check, &walk.stores[walk.count], directory)) {
		walk.count++;
	}
}

/* In PATH, a directory on DEVICE, and those above it on the same file system. PATH is changed meanwhile. */
static void add_stores_above(char *path, dev_t device)
{
	size_t length = strlen(path);
	char *slash = strrchr(path, '/');
	struct stat status;

	if (stat(*path ? path : "/", &status) || status.st_dev != device)
		return;
	add_store(*path ? path : "/");
	if (length < 2)
		return;
	*slash = '\0';
	add_stores_above(path, device);
	*slash = '/';
}

/* Whether the file has an owner's attribute; a malformed one is said. */
static bool check_attribute(const char *path)
{
	unsigned char value[VALUE_MOST];
	struct owner_record record;
	ssize_t size = lgetxattr(path, OWNER_ATTRIBUTE, value, sizeof(value));

	if (size < 0 && errno != ERANGE)
		return false;
	if (size >= 0 && owner_record_read(&record, value, (size_t)size))
		return true;
	if (is_within(path, walk.directory))
		check_say(&walk.check, walk.check.repairs && !lremovexattr(path, OWNER_ATTRIBUTE),
			  "%s: its attribute " OWNER_ATTRIBUTE " is malformed", path);
	return false;
}

/* What guests remember beside a store is not always there, and no file to count: agent/seen.h. */
static bool is_seen(const char *name)
{
	return !strncmp(name, STORE_NAME, strlen(STORE_NAME)) && name[strlen(name) - 1] == STORE_SEEN[0];
}

static int meet(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	bool has_attribute;

	/* In other users' there is nothing of this one's. */
	if (kind == FTW_NS || (kind == FTW_DNR && status->st_uid == walk.check.user)) {
		message_warning("can't look into '%s'", path);
		walk.unread++;
	}
	if (kind == FTW_NS)
		return 0;
	walk.check.files += !is_seen(path + place->base);
	has_attribute = (S_ISREG(status->st_mode) || S_ISDIR(status->st_mode)) && check_attribute(path);
	for (size_t i = 0; i < walk.count; i++)
		check_store_meet(&walk.stores[i], path, status, has_attribute);
	return 0;
}

/* The first walk is for the stores that lie below. */
static int look_for_store(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status;
	char directory[PATH_MAX], name[STORE_NAME_SIZE];

	snprintf(name, sizeof(name), STORE_NAME "%u", walk.check.user);
	snprintf(directory, sizeof(directory), "%.*s", MAX(place->base - 1, 1), path);
	if ((kind == FTW_F || kind == FTW_SL) && !strcmp(path + place->base, name) &&
	    !is_within(walk.directory, directory))
		add_store(directory);
	return 0;
}

/* Everything that a store may be about, each directory once: those that lie in another one's tree are met there. */
static int meet_all(void)
{
	const char *tops[STORES_MOST + 1] = { walk.directory };
	size_t count = 1;

	for (size_t i = 0; i < walk.count; i++)
		tops[count++] = walk.stores[i].directory;
	for (size_t i = 0; i < count; i++) {
		bool is_met = false;

		for (size_t j = 0; j < count && !is_met; j++)
			is_met = i != j && is_within(tops[i], tops[j]) && (j < i || strcmp(tops[i], tops[j]));
		if (!is_met && nftw(tops[i], meet, DEPTH, FTW_PHYS | FTW_MOUNT))
			return -errno;
	}
	return 0;
}

static void sum_up(void)
{
	const struct check *check = &walk.check;

	if (check->problems)
		printf("%lu problem%s, %lu left, in ", check->problems, check->problems == 1 ? "" : "s", check->left);
	else
		printf("all is well with ");
	printf("%lu record%s of %zu store%s, and %lu files", check->records, check->records == 1 ? "" : "s", walk.count,
	       walk.count == 1 ? "" : "s", check->files);
	if (walk.unread)
		printf("; %lu could not be looked into", walk.unread);
	putchar('\n');
}

/* Root asks for who owns the directory. */
static int begin(const char *directory, bool repairs, char path[PATH_SIZE], struct stat *status)
{
	int error = host_canonicalise(directory, path);

	if (!error && !*path)
		strcpy(path, "/");
	if (!error && stat(path, status))
		error = -errno;
	if (!error && !S_ISDIR(status->st_mode))
		error = -ENOTDIR;
	walk.directory = path;
	walk.check = (struct check){ .repairs = repairs, .user = geteuid() ? geteuid() : error ? 0 : status->st_uid };
	return error;
}

int check_owners(const char *directory, bool repairs)
{
	static char path[PATH_SIZE];
	struct stat status;
	int error = begin(directory, repairs, path, &status);

	if (!error) {
		add_stores_above(path, status.st_dev);
		if (nftw(path, look_for_store, DEPTH, FTW_PHYS | FTW_MOUNT))
			error = -errno;
	}
	if (!error)
		error = meet_all();
	if (error) {
		message_error("can't check '%s': %s", directory, strerror(-error));
		return EXIT_OWN_FAILURE;
	}
	for (size_t i = 0; i < walk.count; i++)
		check_store_close(&walk.check, &walk.stores[i], !walk.unread);
	sum_up();
	return walk.check.left || walk.unread;
}
