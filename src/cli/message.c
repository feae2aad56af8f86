/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/message.h"

#include <stdarg.h>
#include <stdio.h>

static int message_level;

void message_set_level(int level)
{
	message_level = level;
}

static void print(const char *kind, const char *format, va_list arguments)
{
	fprintf(stderr, "proot %s: ", kind);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
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
