/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "supervisor/leftovers.h"
#include "image/removal.h"
#include "image/shared.h"
#include "image/temporary.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
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

static long system_call(long nr, unsigned long a, unsigned long b, unsigned long c, unsigned long d, unsigned long e,
			unsigned long f)
{
	long result = syscall(nr, a, b, c, d, e, f);

	return result < 0 ? -errno : result;
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
			removal_run(system_call, root);
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
