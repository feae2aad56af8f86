/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kinds of calls, and how often each is made.
 */
#define _GNU_SOURCE
#include "conduct.h"
#include <string.h>
#include <unistd.h>

static struct kind {
	const char *name;
	void (*call)(void);
	unsigned int weight;  /* of all that an actor does */
	unsigned int prelude; /* of what the master makes first */
	bool is_left_out;
} kinds[] = {
	{ "open", do_open, 16, 20, false },
	{ "mkdir", do_make_directory, 5, 30, false },
	{ "remove", do_remove, 8, 0, false },
	{ "mknod", do_make_node, 5, 10, false },
	{ "symlink", do_symlink, 3, 10, false },
	{ "link", do_link, 4, 2, false },
	{ "rename", do_rename, 6, 0, false },
	{ "install", do_install, 2, 8, false },
	{ "socket", do_socket, 2, 0, false },
	{ "chown", do_change_owner, 11, 12, false },
	{ "chmod", do_change_mode, 11, 12, false },
	{ "truncate", do_truncate, 2, 0, false },
	{ "times", do_times, 3, 0, false },
	{ "xattr", do_attribute, 5, 0, false },
	{ "acl", do_access_list, 2, 0, false },
	{ "stat", do_stat, 8, 0, false },
	{ "access", do_access, 6, 0, false },
	{ "read", do_read, 5, 0, false },
	{ "list", do_list, 4, 0, false },
	{ "readlink", do_read_link, 2, 0, false },
	{ "getxattr", do_read_attribute, 4, 0, false },
	{ "chdir", do_change_directory, 3, 0, false },
	{ "setid", do_set_ids, 4, 0, false },
	{ "setgroups", do_set_groups, 1, 0, false },
	{ "capset", do_capabilities, 2, 0, false },
	{ "prctl", do_process, 1, 0, false },
	{ "umask", do_mask, 1, 0, false },
	{ "exec", do_execute, 3, 0, false },
};

#define COUNT (sizeof(kinds) / sizeof(*kinds))

static bool leave_out(const char *name, size_t length)
{
	for (size_t i = 0; i < COUNT; i++)
		if (!strncmp(kinds[i].name, name, length) && !kinds[i].name[length])
			return kinds[i].is_left_out = true;
	return false;
}

bool kinds_leave_out(const char *names)
{
	size_t length;

	for (; *names; names += length + (names[length] == ',')) {
		length = strcspn(names, ",");
		if (!leave_out(names, length))
			return false;
	}
	return true;
}

static unsigned int weight_of(const struct kind *kind, bool is_prelude)
{
	return is_prelude ? kind->prelude : kind->weight;
}

static const struct kind *random_kind(bool is_prelude)
{
	unsigned int sum = 0;
	size_t i = 0;

	for (size_t j = 0; j < COUNT; j++)
		sum += weight_of(&kinds[j], is_prelude);
	for (sum = random_below(sum); sum >= weight_of(&kinds[i], is_prelude); i++)
		sum -= weight_of(&kinds[i], is_prelude);
	return &kinds[i];
}

void kinds_call(uint64_t seed, int index, char who)
{
	const struct kind *kind;

	random_start(seed << 24 ^ (uint64_t)index << 1 ^ 1);
	kind = random_kind(index < PRELUDE);
	if (kind->is_left_out)
		return;
	say_begin();
	people_say_short();
	kind->call();
	say_end(index, who);
}
