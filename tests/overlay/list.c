/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files as they are, one line each: of the merged tree, or of an upper directory
 * by itself.
 *
 * In an upper directory two equal trees may have marks of their own: where a copy came
 * from (overlay.origin) and that a directory has such copies (overlay.impure) serve inode numbers
 * only (fs/overlayfs/inode.c, readdir.c); overlay.uuid is the identity of the mount. An opaque mark where no lower
 * layer has anything says nothing: the kernel sets it there to be quicker (ovl_create_upper()).
 */
#define _GNU_SOURCE
#include "layers.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#define LINES_MOST 4000

struct list {
	char *lines[LINES_MOST];
	size_t count;
	const char *top;
	bool is_upper;
	char **lowers; /* of an upper directory; NULL at the end */
};

static char line[1 << 14];
static size_t length;

__attribute__((format(printf, 1, 2))) static void add(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	length += (size_t)vsnprintf(line + length, sizeof(line) - length, format, arguments);
	va_end(arguments);
	if (length >= sizeof(line))
		length = sizeof(line) - 1;
}

static void end_line(struct list *list)
{
	if (list->count < LINES_MOST)
		list->lines[list->count++] = strdup(line);
	length = 0;
}

static bool is_in_lower(const struct list *list, const char *path)
{
	char lower[PATH_MAX];
	struct stat status;

	for (char **at = list->lowers; *at; at++) {
		snprintf(lower, sizeof(lower), "%s%s", *at, path + strlen(list->top));
		if (!lstat(lower, &status))
			return true;
	}
	return false;
}

/* Whether the attribute is one that may differ: see above. */
static bool is_skipped(const struct list *list, const char *path, const char *name)
{
	static const char *const names[] = { "user.overlay.origin", "user.overlay.impure", "user.overlay.uuid" };

	if (!list->is_upper)
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return !strcmp(name, "user.overlay.opaque") && !is_in_lower(list, path);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_attribute(const char *path, const char *name)
{
	unsigned char value[256];
	ssize_t size = lgetxattr(path, name, value, sizeof(value));

	add(" %s=", name);
	if (size < 0)
		add("%s", strerrorname_np(errno));
	for (ssize_t i = 0; i < size; i++)
		add(value[i] > ' ' && value[i] < 127 ? "%c" : "\\%03o", value[i]);
}

static void add_attributes(const struct list *list, const char *path)
{
	char text[4096], *names[128];
	ssize_t size = llistxattr(path, text, sizeof(text));
	size_t count = 0;

	for (char *name = text; size > 0 && name < text + size && count < 128; name += strlen(name) + 1)
		names[count++] = name;
	qsort(names, count, sizeof(*names), compare_names);
	for (size_t i = 0; i < count; i++)
		if (!is_skipped(list, path, names[i]))
			add_attribute(path, names[i]);
}

static void add_content(const char *path)
{
	static unsigned char block[1 << 16];
	unsigned long hash = 5381;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	ssize_t size;

	if (fd < 0) {
		add(" %s", strerrorname_np(errno));
		return;
	}
	while ((size = read(fd, block, sizeof(block))) > 0)
		for (ssize_t i = 0; i < size; i++)
			hash = hash * 33 + block[i];
	if (size < 0)
		add(" %s", strerrorname_np(errno));
	close(fd);
	add(" %lx", hash);
}

static bool is_whiteout(const struct list *list, const struct stat *status)
{
	return list->is_upper && S_ISCHR(status->st_mode) && !status->st_rdev;
}

static void list_one(struct list *list, const char *path, const struct stat *status)
{
	char target[512] = "";

	add("%s", path[strlen(list->top)] ? path + strlen(list->top) : "/");
	if (is_whiteout(list, status)) {
		/* Who made it is its owner; all may be one file. */
		add(" whiteout%s", is_in_lower(list, path) ? "" : " of nothing");
		end_line(list);
		return;
	}
	add(" %o %u:%u", status->st_mode, status->st_uid, status->st_gid);
	/* Whether a directory was copied for what is in it is of no account. */
	if (!list->is_upper || !S_ISDIR(status->st_mode))
		add(" %lu links", (unsigned long)status->st_nlink);
	if (status->st_rdev)
		add(" device %lx", (unsigned long)status->st_rdev);
	if (status->st_mtime < 1000000000)
		add(" @%ld", (long)status->st_mtime);
	if (S_ISREG(status->st_mode)) {
		add(" %ld bytes", (long)status->st_size);
		add_content(path);
	}
	if (S_ISLNK(status->st_mode) && readlink(path, target, sizeof(target) - 1) >= 0)
		add(" -> %s", target);
	add_attributes(list, path);
	end_line(list);
}

static void list_below(struct list *list, const char *path);

static void list_entries(struct list *list, const char *path)
{
	struct dirent **entries;
	char below[PATH_MAX];
	int count = scandir(path, &entries, NULL, alphasort);

	if (count < 0) {
		add("%s: %s", path + strlen(list->top), strerrorname_np(errno));
		end_line(list);
		return;
	}
	for (int i = 0; i < count; i++) {
		snprintf(below, sizeof(below), "%s/%s", path, entries[i]->d_name);
		if (strcmp(entries[i]->d_name, ".") && strcmp(entries[i]->d_name, ".."))
			list_below(list, below);
		free(entries[i]);
	}
	free(entries);
}

static void list_below(struct list *list, const char *path)
{
	struct stat status;

	if (strlen(path) > PATH_MAX - NAME_MAX - 2)
		return;
	if (lstat(path, &status)) {
		add("%s: %s", path + strlen(list->top), strerrorname_np(errno));
		end_line(list);
		return;
	}
	list_one(list, path, &status);
	if (S_ISDIR(status.st_mode))
		list_entries(list, path);
}

void list_print(const char *directory, bool is_upper, char **lowers)
{
	static struct list list;

	list = (struct list){ .top = directory, .is_upper = is_upper, .lowers = lowers };
	list_below(&list, directory);
	for (size_t i = 0; i < list.count; i++)
		puts(list.lines[i]);
}

static bool has_line(const struct list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (!strcmp(list->lines[i], text))
			return true;
	return false;
}

/* Print what is in MORE, but not in LESS. */
static void print_difference(const struct list *more, const struct list *less, char sign, int index)
{
	for (size_t i = 0; i < more->count; i++)
		if (!has_line(less, more->lines[i]))
			printf("%dM %c %s\n", index, sign, more->lines[i]);
}

void list_print_changes(const char *directory, int index)
{
	static struct list both[2];
	static unsigned int turn;
	struct list *before = &both[turn], *now = &both[turn ^= 1];

	for (size_t i = 0; i < now->count; i++)
		free(now->lines[i]);
	now->count = 0;
	now->top = directory;
	list_below(now, directory);
	print_difference(before, now, '-', index);
	print_difference(now, before, '+', index);
}
