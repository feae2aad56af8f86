/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How files with several names lie on the disk: which texts are those of names, in both forms, and what is hidden.
 */
#include "image/hardlinks.h"
#include "tap.h"

#include <string.h>

#define IDENTITY "0123456789abcdef"

static enum hardlinks_form form_of(const char *text)
{
	struct hardlinks_text read;

	return hardlinks_read_text(text, strlen(text), &read) ? read.form : HARDLINKS_NONE;
}

static void test_ours(void)
{
	static const char *const others[] = {
		"",
		"/",
		IDENTITY,
		".proot-links",
		".proot-links/",
		".proot-links/0123456789abcde",
		".proot-links/0123456789abcdef0",
		".proot-links/0123456789abcdeF",
		".proot-links/" IDENTITY ".count",
		"x/.proot-links/" IDENTITY,
		"/.proot-links/" IDENTITY,
		"./.proot-links/" IDENTITY,
		"..//.proot-links/" IDENTITY,
		".../.proot-links/" IDENTITY,
		"../.proot-links/" IDENTITY "/",
		"../.proot-links/../" IDENTITY,
	};
	struct hardlinks_text read;
	bool is_one = false;

	ok(form_of(".proot-links/" IDENTITY) == HARDLINKS_OURS, "a name beside the links directory");
	ok(hardlinks_read_text("../../.proot-links/" IDENTITY, 35, &read) && read.form == HARDLINKS_OURS &&
		   read.directory_length == 19 && !strcmp(read.name, IDENTITY),
	   "one further down");
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		is_one |= form_of(others[i]) == HARDLINKS_OURS;
	ok(!is_one, "other texts");
	ok(!hardlinks_read_text(".proot-links/0123456789abcd\0f", 29, &read), "a NUL in the text");
}

static void test_termux(void)
{
	static const char *const others[] = { ".l2s.",	   ".l2s.x",	  ".l2s.x001",	 ".l2s.x0001.0002",
					      "l2s.x0001", ".l2s.x0001/", ".l2s.x0001.", ".l2s.0001.0002" };
	char name[] = ".l2s.x0001.0009";
	bool is_one = false;

	ok(form_of("/data/root/.l2s.x0001") == HARDLINKS_TERMUX && form_of("/.proot.l2s.perl0042") == HARDLINKS_TERMUX,
	   "Termux's names, and UserLAnd's");
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		is_one |= form_of(others[i]) == HARDLINKS_TERMUX;
	ok(!is_one, "what looks like those");
	ok(hardlinks_termux_count(".l2s.x0001.0017") == 17 && !hardlinks_termux_count(".l2s.x0001") &&
		   !hardlinks_termux_count("x0001.0002"),
	   "counts");
	ok(hardlinks_termux_recount(name, 10) && !strcmp(name, ".l2s.x0001.0010") &&
		   !hardlinks_termux_recount(name, 10000),
	   "another count");
}

static void test_text(void)
{
	char buf[PATH_SIZE], identity[HARDLINKS_ID_SIZE];
	struct hardlinks_text read;

	hardlinks_write_identity(identity, 0x0123456789abcdef);
	ok(!strcmp(identity, IDENTITY) && hardlinks_is_identity(identity), "an identity");
	ok(hardlinks_write_text(buf, 0, identity) && !strcmp(buf, ".proot-links/" IDENTITY), "the text of a name");
	ok(hardlinks_write_text(buf, 1000, identity) && hardlinks_read_text(buf, strlen(buf), &read) &&
		   read.directory_length == 3013,
	   "of one far down");
	ok(!hardlinks_write_text(buf, 1400, identity), "of one too far down");
	ok(hardlinks_read_count("12", 2) == 12 && !hardlinks_read_count("", 0) && !hardlinks_read_count("1x", 2) &&
		   !hardlinks_read_count("12345678901", 11),
	   "counts");
}

static void test_hints(void)
{
	const char *text = "12//usr/bin/a//b", *at = text, *end = text + strlen(text);

	ok(hardlinks_read_count(text, strlen(text)) == 12 && !hardlinks_read_count("//a", 3), "a count with names");
	ok(hardlinks_next_hint(&at, end) == 9 && !strncmp(at, "usr/bin/a", 9) && hardlinks_next_hint(&at, end) == 1 &&
		   *at == 'b' && !hardlinks_next_hint(&at, end),
	   "the names");
	at = "3";
	ok(!hardlinks_next_hint(&at, at + 1), "no names");
	at = "3//";
	ok(!hardlinks_next_hint(&at, at + 3), "an empty one");
}

static void test_hidden(void)
{
	ok(hardlinks_is_hidden(".proot-links", 12) && hardlinks_is_hidden(".l2s.x0001", 10) &&
		   hardlinks_is_hidden(".l2s.x0001.0002", 15) &&
		   hardlinks_is_hidden(HARDLINKS_NEW, strlen(HARDLINKS_NEW)),
	   "hidden names");
	ok(!hardlinks_is_hidden(".proot-link", 11) && !hardlinks_is_hidden(".proot-linksx", 13) &&
		   !hardlinks_is_hidden(".l2s.x", 6) && !hardlinks_is_hidden("x.l2s.x0001", 11),
	   "names that are not");
	ok(hardlinks_may_hide("/a/.proot-links/x") && hardlinks_may_hide(".l2s.x0001") &&
		   !hardlinks_may_hide("/a/.b/x.l2s.0001"),
	   "paths with such");
	ok(hardlinks_form_of("/a/.proot-links/" IDENTITY) == HARDLINKS_OURS &&
		   hardlinks_form_of("/a/.l2s.x0001.0002") == HARDLINKS_TERMUX &&
		   hardlinks_form_of("/a/.l2s.x0001") == HARDLINKS_NONE &&
		   hardlinks_form_of(".proot-links/" IDENTITY) == HARDLINKS_NONE &&
		   hardlinks_form_of("/x.proot-links/" IDENTITY) == HARDLINKS_NONE,
	   "paths of files");
}

int main(void)
{
	test_ours();
	test_termux();
	test_text();
	test_hints();
	test_hidden();
	return plan_done();
}
