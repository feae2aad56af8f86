/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "supervisor/leftovers.h"
#include "image/shared.h"
#include "image/temporary.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define WAITS_MOST 20
#define WAIT 5000000 /* nanoseconds */

/* Guests that end together with the command need a moment for it. */
static bool is_last(const struct image_data *data)
{
	const struct timespec moment = { .tv_nsec = WAIT };

	for (int i = 0; i < WAITS_MOST; i++) {
		if (shared_is_last(data))
			return true;
		nanosleep(&moment, NULL);
	}
	return false;
}

/* A directory on its way to be emptied, closed when it is left. */
static DIR *open_directory(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *directory;

	if (fd < 0 && errno == EACCES && !fchmodat(parent, name, 0700, 0))
		fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	fchmod(fd, 0700);
	directory = fdopendir(fd);
	if (!directory)
		close(fd);
	return directory;
}

/* Remove the entries of DIRECTORY up to one that is a directory with something in it: its name, or NULL. */
static const char *remove_entries(DIR *directory, unsigned int *failures)
{
	struct dirent *entry;

	while ((entry = readdir(directory))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (!unlinkat(dirfd(directory), entry->d_name, 0) || errno != EISDIR)
			continue;
		if (!unlinkat(dirfd(directory), entry->d_name, AT_REMOVEDIR))
			continue;
		if (errno == ENOTEMPTY)
			return entry->d_name;
		++*failures;
	}
	return NULL;
}

#define FAILURES_MOST 100

/* Not recursive, for it may be deep. */
static void remove_tree(const char *root)
{
	DIR *directory = open_directory(AT_FDCWD, root), *next;
	unsigned int depth = 0, failures = 0;

	while (directory && failures < FAILURES_MOST) {
		const char *name = remove_entries(directory, &failures);

		if (!name && !depth)
			break;
		next = open_directory(dirfd(directory), name ? name : "..");
		depth = name ? depth + 1 : depth - 1;
		closedir(directory);
		directory = next;
	}
	if (directory)
		closedir(directory);
	rmdir(root);
}

static void close_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

/* Remove what is in PARENT with a name that begins with PREFIX. */
static void remove_in(const char *parent, const char *prefix)
{
	DIR *directory __attribute__((cleanup(close_directory))) = *parent ? opendir(parent) : NULL;
	struct dirent *entry;
	char root[PATH_SIZE];

	while (directory && (entry = readdir(directory)))
		if (!strncmp(entry->d_name, prefix, strlen(prefix)) &&
		    snprintf(root, sizeof(root), "%s/%s", parent, entry->d_name) < (int)sizeof(root))
			remove_tree(root);
}

void leftovers_remove(const struct image_data *data)
{
	const char *const parents[] = { data->temporary, TEMPORARY_PARENTS };
	char prefix[64];

	if (!shared_has_temporaries() || !is_last(data))
		return;
	snprintf(prefix, sizeof(prefix), TEMPORARY_MOUNT "%llx-", (unsigned long long)data->shared_nonce);
	for (size_t i = 0; i < ARRAY_SIZE(parents); i++)
		remove_in(parents[i], prefix);
}
