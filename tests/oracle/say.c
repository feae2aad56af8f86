/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include "say.h"
#include "sequence.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define OLDEST_PRESENT 1000000000 /* the tree's own times are before this */

bool is_of_links;
bool is_of_layers;

static char line[1 << 18];
static size_t line_length;

void say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	line_length += (size_t)vsnprintf(line + line_length, sizeof(line) - line_length, format, arguments);
	va_end(arguments);
}

bool say_result(long result)
{
	if (result < 0)
		say(" = %s", strerrorname_np((int)-result));
	else
		say(" = %ld", result);
	return result >= 0;
}

long call(long number, ...)
{
	va_list arguments;
	long a[6], result;

	va_start(arguments, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(arguments, long);
	va_end(arguments);
	result = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	return result == -1 ? -errno : result;
}

static const char *directory_name(int directory)
{
	static char names[4][16];
	static unsigned int next;
	char *name = names[next++ % 4];

	if (directory == AT_FDCWD)
		return "CWD";
	snprintf(name, sizeof(names[0]), "%d", directory);
	return name;
}

struct place random_place(void)
{
	struct place place = { kept_random(), path_random() };

	return place;
}

void say_place(const struct place *place)
{
	say("%s %s", directory_name(place->directory), path_show(place->path));
}

void say_time(long seconds)
{
	if (seconds < OLDEST_PRESENT)
		say(" @%ld", seconds);
	else
		say(" @now");
}

static void say_stat(const struct stat *status)
{
	say(" [%o %u:%u", status->st_mode, status->st_uid, status->st_gid);
	if (!S_ISDIR(status->st_mode))
		say(" %ld bytes", (long)status->st_size);
	if (!has_missing_place(status))
		say(" %lu links", (unsigned long)status->st_nlink);
	if (status->st_rdev)
		say(" device %lx", (unsigned long)status->st_rdev);
	if (!is_of_links || !S_ISDIR(status->st_mode))
		say_time(status->st_mtime);
	say("]");
}

bool is_in_proc(const struct stat *status)
{
	static dev_t proc;
	struct stat of_proc;

	if (!proc && !stat("/proc/self", &of_proc))
		proc = of_proc.st_dev;
	return status->st_dev == proc;
}

void say_stat_result(long result, const struct stat *status)
{
	if (!say_result(result))
		return;
	if (is_in_proc(status))
		say(" in proc [%o]", status->st_mode);
	else
		say_stat(status);
}

/* strcmp(), for qsort(). */
static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void say_names(const char *names, long size)
{
	const char *sorted[64];
	size_t count = 0;

	for (const char *name = names; size > 0 && name < names + size && count < 64; name += strlen(name) + 1)
		sorted[count++] = name;
	qsort(sorted, count, sizeof(*sorted), compare_names);
	for (size_t i = 0; i < count; i++)
		say(" '%s'", sorted[i]);
}

void say_text(const char *text, long size)
{
	const char *number = memchr(text, '#', (size_t)size);

	say(" '%.*s'", number ? (int)(number - text) : (int)size, text);
}

void say_link(const char *text, long size)
{
	const long in_proc = sizeof("/proc/") - 1;
	long front = size > in_proc && !strncmp(text, "/proc/", (size_t)in_proc) ? in_proc : 0, at = front;

	while (at < size && isdigit((unsigned char)text[at]))
		at++;
	if (front || at)
		say(at > front ? " a process's" : " in /proc");
	say_text(text + at, size - at);
}

bool is_far_link(int directory, const char *path)
{
	static char buf[2 * PATH_MAX];
	long result = CALL(SYS_readlinkat, directory, path, buf, sizeof(buf));

	return result == -ENAMETOOLONG || result > 4000;
}

void say_begin(void)
{
	line_length = 0;
	line[0] = '\0';
}

void say_end(int index, char who)
{
	if (line_length)
		printf("%d%c %s\n", index, who, line);
}
