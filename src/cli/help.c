/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "cli/help.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int flush(void)
{
	return fflush(stdout) || ferror(stdout) ? -EIO : 0;
}

/* The NAMES of one option, with its VALUE behind the last: "  -r, --rootfs=PATH". */
static void print_names(const char *names, const char *value)
{
	bool is_long = false;

	for (const char *separator = "  "; *names; separator = ", ") {
		size_t length = strcspn(names, " ");

		is_long = names[1] == '-';
		printf("%s%.*s", separator, (int)length, names);
		names += length + strspn(names + length, " ");
	}
	if (*value == '[' && is_long)
		printf("[=%s", value + 1);
	else if (*value)
		printf("%c%s", is_long ? '=' : ' ', value);
	putchar('\n');
}

static void print_option(const char *names, const char *value, const char *summary)
{
	print_names(names, value);
	printf("        %s\n", summary);
}

int help_print(void)
{
	puts("usage: proot [option ...] [rootfs] [--] [command [argument ...]]\n"
	     "\n"
	     "Run a command with another root directory, and with files of the host\n"
	     "shown anywhere in it, as an ordinary user. Nothing is written into the\n"
	     "root directory. The default command is /bin/sh as a login shell.");
#define GROUP(title) puts("\n" title ":");
#define OPTION(apply, names, value, kind, summary, detail) print_option(names, value, summary);
#define LATER(names)
#include "cli/options.def"
#undef GROUP
#undef OPTION
#undef LATER
	return flush();
}

int version_print(void)
{
	puts("proot " VERSION "\n"
	     "Licence: GPL-2.0-or-later. There is no warranty, to the extent permitted by law.");
	return flush();
}
