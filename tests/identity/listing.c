/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files as they are, one line each.
 */
#define _GNU_SOURCE
#include "conduct.h"
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#define LINES_MOST 2000

struct listing {
	char *lines[LINES_MOST];
	size_t count;
};

static char line[4096];
static size_t length;

__attribute__((format(printf, 1, 2))) static void add(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	length += (size_t)vsnprintf(line + length, sizeof(line) - length, format, arguments);
	va_end(arguments);
}

static void end_line(struct listing *listing)
{
	if (listing->count < LINES_MOST)
		listing->lines[listing->count++] = strdup(line);
	length = 0;
}

/* One by one in a fixed order: that of llistxattr(2) is the file system's. */
static void add_attributes(const char *path)
{
	static const char *const names[] = { "user.a",
					     "user.b",
					     "user.",
					     "trusted.a",
					     "trusted.b",
					     "security.a",
					     "security.capability",
					     "system.posix_acl_access",
					     "system.posix_acl_default" };
	unsigned char value[128];
	ssize_t size = llistxattr(path, NULL, 0);

	if (size <= 0)
		return;
	add(" %zd:", size);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		size = lgetxattr(path, names[i], value, sizeof(value));
		if (size < 0)
			continue;
		add(" %s=", names[i]);
		for (ssize_t j = 0; j < size; j++)
			add("%02x", value[j]);
	}
}

static void list_one(struct listing *listing, const char *path, const struct stat *status)
{
	char target[256] = "";

	add("%s %o %u:%u %lu links", path, status->st_mode, status->st_uid, status->st_gid,
	    (unsigned long)status->st_nlink);
	if (S_ISREG(status->st_mode))
		add(" %ld bytes", (long)status->st_size);
	if (status->st_rdev)
		add(" device %lx", (unsigned long)status->st_rdev);
	if (status->st_mtime < 1000000000)
		add(" @%ld", (long)status->st_mtime);
	if (S_ISLNK(status->st_mode) && readlink(path, target, sizeof(target) - 1) >= 0)
		add(" -> %s", target);
	add_attributes(path);
	end_line(listing);
}

static void list_below(struct listing *listing, const char *path);

static void list_entries(struct listing *listing, const char *path)
{
	struct dirent **entries;
	char below[PATH_MAX];
	int count = scandir(path, &entries, NULL, alphasort);

	if (count < 0) {
		add("%s: %s", path, strerrorname_np(errno));
		end_line(listing);
		return;
	}
	for (int i = 0; i < count; i++) {
		snprintf(below, sizeof(below), "%s/%s", path, entries[i]->d_name);
		if (strcmp(entries[i]->d_name, ".") && strcmp(entries[i]->d_name, ".."))
			list_below(listing, below);
		free(entries[i]);
	}
	free(entries);
}

static void list_below(struct listing *listing, const char *path)
{
	struct stat status;

	if (lstat(path, &status)) {
		add("%s: %s", path, strerrorname_np(errno));
		end_line(listing);
		return;
	}
	list_one(listing, path, &status);
	if (S_ISDIR(status.st_mode))
		list_entries(listing, path);
}

void listing_print(const char *directory)
{
	struct listing *listing = calloc(1, sizeof(*listing));

	list_below(listing, directory);
	for (size_t i = 0; i < listing->count; i++)
		puts(listing->lines[i]);
}

static bool has_line(const struct listing *listing, const char *text)
{
	for (size_t i = 0; i < listing->count; i++)
		if (!strcmp(listing->lines[i], text))
			return true;
	return false;
}

/* Print what is in MORE, but not in LESS. */
static void print_difference(const struct listing *more, const struct listing *less, char sign, int index)
{
	for (size_t i = 0; i < more->count; i++)
		if (!has_line(less, more->lines[i]))
			printf("%d%c %c %s\n", index, MASTER, sign, more->lines[i]);
}

void listing_print_changes(const char *directory, int index)
{
	static struct listing both[2];
	static unsigned int turn;
	struct listing *before = &both[turn], *now = &both[turn ^= 1];

	for (size_t i = 0; i < now->count; i++)
		free(now->lines[i]);
	now->count = 0;
	list_below(now, directory);
	print_difference(before, now, '-', index);
	print_difference(now, before, '+', index);
}
