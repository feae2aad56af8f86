/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "cli/message.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static int message_level;

static void free_text(char **text)
{
	free(*text);
}

void message_set_level(int level)
{
	message_level = level;
}

/* Of a line that is longer than a terminal shows, the middle, which is some value, is left out. */
#define LONGEST_HEAD 1000
#define LONGEST_TAIL 1000

static void print(const char *kind, const char *format, va_list arguments)
{
	char *text __attribute__((cleanup(free_text))) = NULL;
	int length = vasprintf(&text, format, arguments);

	if (length < 0)
		text = NULL;
	else if (length > LONGEST_HEAD + LONGEST_TAIL)
		fprintf(stderr, "proot %s: %.*s...%s\n", kind, LONGEST_HEAD, text, text + length - LONGEST_TAIL);
	else
		fprintf(stderr, "proot %s: %s\n", kind, text);
}

void message_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print("error", format, arguments);
	va_end(arguments);
}

void message_warning(const char *format, ...)
{
	va_list arguments;

	if (message_level < 0)
		return;
	va_start(arguments, format);
	print("warning", format, arguments);
	va_end(arguments);
}

void message_info(int level, const char *format, ...)
{
	va_list arguments;

	if (message_level < level)
		return;
	va_start(arguments, format);
	print("info", format, arguments);
	va_end(arguments);
}

void message_see_help(void)
{
	fputs("fatal error: see `proot --help`.\n", stderr);
}

void message_see_doctor(void)
{
	fputs("fatal error: see `proot --doctor`.\n", stderr);
}
