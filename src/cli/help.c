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

#define COLUMN 34 /* where summaries begin */
#define LINE 78	  /* how long a line of text is */

/* The NAMES of one option, with its VALUE behind the last: "  -r, --rootfs=PATH". Returns how many columns that takes.
 */
static int print_names(const char *names, const char *value)
{
	bool is_long = false;
	int columns = 0;

	for (const char *separator = "  "; *names; separator = ", ") {
		size_t length = strcspn(names, " ");

		is_long = names[1] == '-';
		columns += printf("%s%.*s", separator, (int)length, names);
		names += length + strspn(names + length, " ");
	}
	if (*value == '[' && is_long)
		columns += printf("[=%s", value + 1);
	else if (*value)
		columns += printf("%c%s", is_long ? '=' : ' ', value);
	return columns;
}

static void print_option(const char *names, const char *value, const char *summary)
{
	int columns = print_names(names, value);

	if (columns + 2 > COLUMN) {
		putchar('\n');
		columns = 0;
	}
	printf("%*s%s\n", COLUMN - columns, "", summary);
}

/* TEXT in lines that begin with some blanks. */
static void print_text(const char *text)
{
	int columns = 0;

	while (*text) {
		int length = (int)strcspn(text, " ");

		if (columns && columns + 1 + length > LINE) {
			putchar('\n');
			columns = 0;
		}
		columns += printf("%s%.*s", columns ? " " : "        ", length, text);
		text += length + (int)strspn(text + length, " ");
	}
	putchar('\n');
}

static void explain_option(const char *names, const char *value, const char *summary, const char *detail)
{
	size_t length = strlen(summary);
	char sentence[256];

	print_names(names, value);
	putchar('\n');
	snprintf(sentence, sizeof(sentence), "%c%s%s", summary[0] & ~0x20, summary + 1,
		 summary[length - 1] == '.' ? "" : ".");
	print_text(sentence);
	if (*detail)
		print_text(detail);
}

int help_print(void)
{
	puts("usage: proot [option | @profile ...] [rootfs] [--] [command [argument ...]]\n"
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
	puts("\n--help=OPTION tells more of one option, man proot all.");
	return flush();
}

int help_print_option(const char *names)
{
#define GROUP(title)
#define OPTION(apply, own_names, value, kind, summary, detail) \
	if (!strcmp(names, own_names)) \
		explain_option(own_names, value, summary, detail);
#define LATER(own_names)
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
