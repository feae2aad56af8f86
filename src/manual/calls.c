/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "manual/calls.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum answer { PASSED, REFUSED, TRANSLATED, HANDLED };

static const struct {
	enum answer answer;
	const char *name, *error, *when, *handler;
} calls[] = {
#define PASS(call) { PASSED, #call, "", "", "" },
#define REFUSE(call, error) { REFUSED, #call, #error, "", "" },
#define TRAP(call, when, first, second, effect, handler) { HANDLED, #call, "", #when, #handler },
#include "agent/calls.def"
};

#define COUNT (sizeof(calls) / sizeof(calls[0]))

static enum answer answer_of(size_t i)
{
	return calls[i].answer == HANDLED && !strcmp(calls[i].handler, "handle_paths") ? TRANSLATED : calls[i].answer;
}

/* One call, and what is not the same for all of its section. SEPARATOR stands behind it. */
static void print_call(size_t i, char separator)
{
	bool is_partial = *calls[i].when && strcmp(calls[i].when, "ALWAYS");

	printf(".BR %s ", calls[i].name);
	if (*calls[i].error)
		printf("\" (%s)\"", calls[i].error);
	else if (is_partial)
		printf("\" (in some cases)\"");
	printf("%c\n", separator);
}

static void print_section(const char *title, const char *text, enum answer answer)
{
	size_t last = COUNT;

	printf(".SH %s\n%s\n.PP\n", title, text);
	for (size_t i = 0; i < COUNT; i++) {
		if (answer_of(i) != answer)
			continue;
		if (last < COUNT)
			print_call(last, ',');
		last = i;
	}
	print_call(last, '.');
}

void manual_print_calls(void)
{
	puts(".TH PROOT\\-CALLS 7 \"\" \"proot " VERSION "\" \"Miscellanea\"\n"
	     ".SH NAME\n"
	     "proot\\-calls \\- what proot does with each system call of a guest\n"
	     ".SH DESCRIPTION\n"
	     "Every system call of Linux is in one of the sections below.\n"
	     "A number that is in none of them is answered with ENOSYS, so that no call invented later reaches\n"
	     "the host's files; with\n.BR \\-u\nit passes.");
	print_section("TRANSLATED", "The kernel gets the host's paths in place of the guest's, and answers.",
		      TRANSLATED);
	print_section("HANDLED",
		      "More than a path has to be translated, or the answer; or the call would take from proot\n"
		      "what it needs to see the others (signals, masks, filters).",
		      HANDLED);
	print_section(
		"REFUSED",
		"The guest has a view of its own, not a mount namespace; and for real root these calls would change\n"
		"the machine, or lead past the view.",
		REFUSED);
	print_section("PASSED", "They carry no path, identity or root, and are the kernel's own.", PASSED);
	puts(".SH SEE ALSO\n.BR proot (1)");
}
