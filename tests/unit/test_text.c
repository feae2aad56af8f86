/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tap.h"
#include "base/text.h"

#include <limits.h>
#include <string.h>

static void test_add(void)
{
	char buf[8];
	struct text text;

	memset(buf, 'x', sizeof(buf));
	text_init(&text, buf, sizeof(buf));
	ok(!strcmp(buf, "") && !text.length && !text.full, "a text begins empty");
	text_add(&text, "abc");
	text_add_bytes(&text, "defg", 3);
	ok(!strcmp(buf, "abcdef") && text.length == 6, "parts are appended");
	text_add(&text, "h");
	ok(!strcmp(buf, "abcdefh") && text.length == 7 && !text.full, "the last byte is the NUL's");
	text_add(&text, "");
	ok(!text.full, "nothing always fits");
	text_add(&text, "i");
	ok(!strcmp(buf, "abcdefh") && text.full, "what does not fit is left out, and told");
	text_init(&text, buf, 4);
	text_add(&text, "abcdef");
	ok(!strcmp(buf, "abc") && text.full && text.length == 3, "the part that fits is kept");
	text_init(&text, buf, 1);
	text_add(&text, "a");
	ok(!strcmp(buf, "") && text.full, "a buffer of one byte");
}

static bool shows(long number, const char *decimal)
{
	char buf[32];
	struct text text;

	text_init(&text, buf, sizeof(buf));
	text_add_number(&text, number);
	return !strcmp(buf, decimal);
}

static bool shows_hex(unsigned long number, const char *hex)
{
	char buf[32];
	struct text text;

	text_init(&text, buf, sizeof(buf));
	text_add_hex(&text, number);
	return !strcmp(buf, hex);
}

static void test_add_numbers(void)
{
	ok(shows(0, "0") && shows(7, "7") && shows(10, "10") && shows(-1, "-1"), "small numbers");
	ok(shows(LONG_MAX, "9223372036854775807"), "the largest number");
	ok(shows(LONG_MIN, "-9223372036854775808"), "the smallest number");
	ok(shows_hex(0, "0") && shows_hex(255, "ff") && shows_hex(ULONG_MAX, "ffffffffffffffff"),
	   "hexadecimal numbers");
}

static void test_compare(void)
{
	ok(text_equal("", "") && text_equal("ab", "ab"), "equal texts");
	ok(!text_equal("ab", "a") && !text_equal("a", "ab") && !text_equal("ab", "ac"), "different texts");
	ok(text_begins("abc", "") && text_begins("abc", "ab") && text_begins("abc", "abc"), "beginnings");
	ok(!text_begins("abc", "abcd") && !text_begins("", "a") && !text_begins("abc", "b"), "no beginnings");
	ok(text_ends("abc", "") && text_ends("abc", "bc") && text_ends("abc", "abc"), "ends");
	ok(!text_ends("abc", "abcd") && !text_ends("", "a") && !text_ends("abc", "b"), "no ends");
	ok(!strcmp(text_base_name("/a/b"), "b") && !strcmp(text_base_name("b"), "b"), "the last component");
	ok(!strcmp(text_base_name("/a/"), "") && !strcmp(text_base_name(""), ""), "no last component");
}

static bool reads(const char *from, long number, const char *rest)
{
	const char *cursor = from;

	return text_read_number(&cursor) == number && !strcmp(cursor, rest);
}

static bool reads_hex(const char *from, unsigned long wanted, const char *rest)
{
	const char *cursor = from;
	unsigned long number;

	return text_read_hex(&cursor, &number) && number == wanted && !strcmp(cursor, rest);
}

static void test_read(void)
{
	unsigned long number;
	const char *cursor = "x";

	ok(reads("0", 0, "") && reads("123x", 123, "x") && reads("007", 7, ""), "decimal numbers");
	ok(reads("", -1, "") && reads("x", -1, "x") && reads("-1", -1, "-1") && reads(" 1", -1, " 1"), "no number");
	ok(reads("999999999999999999", 999999999999999999, ""), "a large number");
	ok(reads("99999999999999999999", -1, "99999999999999999999"), "a number that is too large");
	ok(reads_hex("0", 0, "") && reads_hex("ff,", 255, ",") && reads_hex("aF", 10, "F"), "hexadecimal numbers");
	ok(reads_hex("ffffffffffffffff", ULONG_MAX, ""), "the largest hexadecimal number");
	ok(!text_read_hex(&cursor, &number) && *cursor == 'x', "no hexadecimal number");
}

int main(void)
{
	test_add();
	test_add_numbers();
	test_compare();
	test_read();
	return plan_done();
}
