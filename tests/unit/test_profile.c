/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of profiles: lines, words, variables, paths.
 */
#define _GNU_SOURCE 1
#include "cli/profile.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

static const char *variable(const char *name)
{
	return !strcmp(name, "HOME") ? "/home" : !strcmp(name, "A_1") ? "a$b" : NULL;
}

/* Whether TEXT, which is given back, is WANTED. */
static bool is_text(char *text, const char *wanted)
{
	bool is_right = text && wanted ? !strcmp(text, wanted) : text == wanted;

	if (!is_right)
		printf("# %s\n", text ? text : "NULL");
	free(text);
	return is_right;
}

static void test_lines(void)
{
	char text[] = "\n  # none\r\nfirst\r\n\t second line \t\n\n#\nlast";
	char *at = text;
	unsigned int number = 0;

	ok(!strcmp(profile_next_line(&at, &number), "first") && number == 3, "comments and empty lines are left out");
	ok(!strcmp(profile_next_line(&at, &number), "second line") && number == 4, "blanks at the ends, too");
	ok(!strcmp(profile_next_line(&at, &number), "last") && number == 7, "the last line needs no end");
	ok(!profile_next_line(&at, &number), "then there is none");
}

static void test_words(void)
{
	static const char *const words[][2] = {
		{ "bind", "--bind" },
		{ "bind /a", "--bind=/a" },
		{ "bind=/a", "--bind=/a" },
		{ "bind = /a b", "--bind=/a b" },
		{ "--bind\t/a", "--bind=/a" },
		{ "--bind=/a=b", "--bind=/a=b" },
		{ "bind=", "--bind=" },
		{ "bind =", "--bind=" },
		{ "env =x", "--env==x" },
		{ "env A=b", "--env=A=b" },
		{ "-b /a", "-b/a" },
		{ "-b/a", "-b/a" },
		{ "-b=/a", "-b=/a" },
		{ "-0", "-0" },
		{ "-", "-" },
		{ "b", "--b" },
		{ "bind  == x", "--bind=== x" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		ok(is_text(profile_make_word(words[i][0]), words[i][1]), words[i][0]);
}

static struct profile_variables variables = { .get = variable };

/* TEXT, or in brackets why there is none. */
static char *told(char *text)
{
	if (!text && variables.missing && asprintf(&text, "[%.*s]", (int)variables.length, variables.missing) < 0)
		text = NULL;
	return text;
}

static char *expand(const char *value)
{
	return told(profile_expand(value, &variables));
}

static void test_variables(void)
{
	ok(is_text(expand(""), "") && is_text(expand("plain"), "plain"), "no variable");
	ok(is_text(expand("$HOME"), "/home") && is_text(expand("${HOME}x"), "/homex"), "one");
	ok(is_text(expand("<$HOME/$A_1>"), "</home/a$b>"), "two, and what they hold is not looked at");
	ok(is_text(expand("$$HOME$$"), "$HOME$"), "dollars");
	ok(is_text(expand("$HOMEx"), "[HOMEx]") && is_text(expand("a${NONE}b"), "[NONE]"), "one that is not set");
	ok(is_text(expand("a$"), "[$]") && is_text(expand("$/x"), "[$/x]") && is_text(expand("${HOME"), "[${HOME]"),
	   "what is no name");
}

static void test_paths(void)
{
	ok(is_text(profile_make_absolute("a:b:c", 2, "d/f", "/home"), "d/a:d/b:c"), "two pieces");
	ok(is_text(profile_make_absolute("a:b:c", 0, "d/f", "/home"), "d/a:b:c"), "a whole");
	ok(is_text(profile_make_absolute("/a:~/b", 2, "d/f", "/home"), "/a:/home/b"), "absolute ones");
	ok(is_text(profile_make_absolute("~:~x", 2, "d/f", "/home"), "/home:d/~x"), "~ alone, and in a name");
	ok(is_text(profile_make_absolute("~/x", 0, "d/f", NULL), "d/~/x"), "no home");
	ok(is_text(profile_make_absolute("a:", 2, "f", "/home"), "a:"), "a file of the current directory");
	ok(is_text(profile_make_absolute("", 2, "d/f", "/home"), ""), "nothing");
	ok(is_text(profile_make_absolute(":/x", 2, "d/f", "/home"), ":/x"), "an empty piece");
}

static char *take(const char **at)
{
	return told(profile_take_word(at, &variables));
}

static void test_command(void)
{
	const char *at = " one  \"two  words\" a'b'\"c\" ''";

	ok(is_text(take(&at), "one") && is_text(take(&at), "two  words") && is_text(take(&at), "abc") &&
		   is_text(take(&at), "") && is_text(take(&at), NULL) && !*at,
	   "words");
	at = "x 'y";
	ok(is_text(take(&at), "x") && is_text(take(&at), "[]"), "an open quote");
	at = "H=$HOME \"${A_1} $$\" '$HOME' $NONE";
	ok(is_text(take(&at), "H=/home") && is_text(take(&at), "a$b $") && is_text(take(&at), "$HOME") &&
		   is_text(take(&at), "[NONE]"),
	   "variables in words");
}

int main(void)
{
	test_lines();
	test_words();
	test_variables();
	test_paths();
	test_command();
	return plan_done();
}
