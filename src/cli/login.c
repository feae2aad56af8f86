/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "cli/login.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int __attribute__((format(printf, 2, 3))) fail(struct login *login, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(login->error, sizeof(login->error), format, arguments);
	va_end(arguments);
	return -EINVAL;
}

/* A part of a text. */
struct piece {
	const char *at;
	size_t length;
};

static bool is_piece(struct piece piece, const char *text, size_t length)
{
	return piece.length == length && !memcmp(piece.at, text, length);
}

/* The next line at *CURSOR; false at the end. */
static bool next_line(const char **cursor, struct piece *line)
{
	if (!**cursor)
		return false;
	line->at = *cursor;
	line->length = strcspn(*cursor, "\n");
	*cursor += line->length + ((*cursor)[line->length] == '\n');
	return true;
}

/* Part INDEX, from 0, of WHOLE, whose parts SEPARATOR separates; empty where there are fewer. */
static struct piece part_of(struct piece whole, char separator, unsigned int index)
{
	const char *end = whole.at + whole.length;

	for (;; index--) {
		const char *stop = memchr(whole.at, separator, (size_t)(end - whole.at));

		if (!index)
			return (struct piece){ whole.at, (size_t)((stop ? stop : end) - whole.at) };
		if (!stop)
			return (struct piece){ end, 0 };
		whole.at = stop + 1;
	}
}

/* A number that can be a user's: (uid_t)-1 can't. */
static bool read_id(struct piece text, uint32_t *id)
{
	uint64_t number = 0;

	for (size_t i = 0; i < text.length; i++) {
		if (text.at[i] < '0' || text.at[i] > '9' || number >= UINT32_MAX)
			return false;
		number = number * 10 + (uint64_t)(text.at[i] - '0');
	}
	*id = (uint32_t)number;
	return text.length && number < UINT32_MAX;
}

/* Both files have the name in front, and its number behind the password. */
#define FIELD_NAME 0
#define FIELD_NUMBER 2
#define FIELD_GROUP 3	/* of passwd */
#define FIELD_MEMBERS 3 /* of group */
#define FIELD_HOME 5
#define FIELD_SHELL 6

static struct piece field_of(struct piece line, unsigned int index)
{
	return part_of(line, ':', index);
}

static bool find_name(const char *file, struct piece name, struct piece *line)
{
	uint32_t id;

	while (next_line(&file, line))
		if (is_piece(field_of(*line, FIELD_NAME), name.at, name.length) &&
		    read_id(field_of(*line, FIELD_NUMBER), &id))
			return true;
	return false;
}

static bool find_number(const char *file, uint32_t number, struct piece *line)
{
	uint32_t id;

	while (next_line(&file, line))
		if (read_id(field_of(*line, FIELD_NUMBER), &id) && id == number)
			return true;
	return false;
}

/* The line of FILE that WISH means: names go before numbers. */
static bool find_line(const char *file, struct piece wish, struct piece *line)
{
	uint32_t number;

	return find_name(file, wish, line) || (read_id(wish, &number) && find_number(file, number, line));
}

static void copy(char to[LOGIN_FIELD_SIZE], struct piece from)
{
	snprintf(to, LOGIN_FIELD_SIZE, "%.*s", (int)from.length, from.at);
}

static int find_user(struct login *login, struct piece wish, bool has_group, const char *passwd)
{
	struct piece line;
	uint32_t uid, gid = 0;

	if (find_line(passwd, wish, &line)) {
		read_id(field_of(line, FIELD_NUMBER), &uid);
		if (!read_id(field_of(line, FIELD_GROUP), &gid) && !has_group)
			return fail(login, "the line of '%.*s' in the guest's /etc/passwd has no group",
				    (int)wish.length, wish.at);
		copy(login->name, field_of(line, FIELD_NAME));
		copy(login->home, field_of(line, FIELD_HOME));
		copy(login->shell, field_of(line, FIELD_SHELL));
	} else if (!read_id(wish, &uid)) {
		return fail(login, "there is no user '%.*s' in the guest's /etc/passwd", (int)wish.length, wish.at);
	} else if (!has_group) {
		return fail(login, "user %u is not in the guest's /etc/passwd, so its group has to be given: %u:GROUP",
			    uid, uid);
	}
	credentials_init(&login->credentials, uid, gid);
	return 0;
}

static int find_group(struct login *login, struct piece wish, const char *group)
{
	struct credentials *credentials = &login->credentials;
	struct piece line;
	uint32_t gid;

	if (find_line(group, wish, &line))
		read_id(field_of(line, FIELD_NUMBER), &gid);
	else if (!read_id(wish, &gid))
		return fail(login, "there is no group '%.*s' in the guest's /etc/group", (int)wish.length, wish.at);
	credentials->gid = credentials->egid = credentials->sgid = credentials->fsgid = gid;
	return 0;
}

static bool has_member(struct piece line, const char *name)
{
	struct piece members = field_of(line, FIELD_MEMBERS);

	for (unsigned int i = 0;; i++) {
		struct piece member = part_of(members, ',', i);

		if (is_piece(member, name, strlen(name)))
			return true;
		if (member.at + member.length == members.at + members.length)
			return false;
	}
}

/* As initgroups(3): what is beyond the room there is, is left out. */
static void find_groups(struct login *login, const char *group)
{
	uint32_t groups[CREDENTIALS_GROUPS_MOST], gid;
	struct credentials root;
	unsigned int count = 0;
	struct piece line;

	groups[count++] = login->credentials.gid;
	while (next_line(&group, &line) && count < ARRAY_SIZE(groups))
		if (read_id(field_of(line, FIELD_NUMBER), &gid) && gid != groups[0] && has_member(line, login->name))
			groups[count++] = gid;
	/* Who is to have them may not take them. */
	credentials_init(&root, 0, 0);
	credentials_set_groups(&root, groups, count);
	memcpy(login->credentials.groups, root.groups, count * sizeof(groups[0]));
	login->credentials.group_count = count;
}

int login_find(struct login *login, const char *wish, const char *passwd, const char *group)
{
	size_t length = strcspn(wish, ":");
	bool has_group = wish[length];
	int error;

	*login = (struct login){ .name = "" };
	if (!length)
		return fail(login, "'%.200s' names no user", wish);
	if (has_group && !wish[length + 1])
		return fail(login, "'%.200s' names no group", wish);
	error = find_user(login, (struct piece){ wish, length }, has_group, passwd);
	if (!error && has_group)
		error = find_group(login, (struct piece){ wish + length + 1, strlen(wish + length + 1) }, group);
	if (error)
		return error;
	if (login->name[0])
		find_groups(login, group);
	return 0;
}
