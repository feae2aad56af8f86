/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tap.h"
#include "agent/socket_name.h"

#include <string.h>

/* Whether GUEST_NAME is bound as NAME, and comes back. */
static bool is_bound_as(const char *guest_name, const char *name)
{
	char buf[SOCKET_NAME_MOST + 1];
	size_t length = socket_name_encode(guest_name, buf);

	if (length != strlen(name) || strcmp(buf, name))
		return false;
	length = socket_name_decode(buf);
	return length == strlen(guest_name) && !strcmp(buf, guest_name);
}

static void test_texts(void)
{
	ok(is_bound_as("s", "s") && is_bound_as("dir/s", "dir/s") && is_bound_as("../s", "../s"),
	   "relative texts stay");
	ok(is_bound_as("./s", "./s") && is_bound_as("././s", "././s") && is_bound_as(".", "."), "so do dots");
	ok(is_bound_as("/run/s", ".//run/s") && is_bound_as("//s", ".///s") && is_bound_as("/", ".//"),
	   "absolute ones become relative");
	ok(is_bound_as(".//s", "././/s") && is_bound_as("././/s", "./././/s"),
	   "relative ones that look so are told apart");
	ok(is_bound_as("\1s", "./\1s") && is_bound_as("./\1s", "././\1s"), "as are those that begin with the mark");
}

/* A text of LENGTH bytes that begins with BEGINNING and ends in the same letter all along. */
static const char *text_of(const char *beginning, size_t length)
{
	static char text[SOCKET_NAME_MOST + 1];

	memset(text, 'n', length);
	memcpy(text, beginning, strlen(beginning));
	text[length] = '\0';
	return text;
}

static bool keeps(const char *beginning, size_t length)
{
	char buf[SOCKET_NAME_MOST + 1], guest_name[SOCKET_NAME_MOST + 1];

	strcpy(guest_name, text_of(beginning, length));
	if (socket_name_encode(guest_name, buf) > SOCKET_NAME_MOST || buf[0] == '/')
		return false;
	return socket_name_decode(buf) == length && !strcmp(buf, guest_name);
}

static void test_lengths(void)
{
	bool is_kept = true;

	for (size_t length = 1; length <= SOCKET_NAME_MOST; length++)
		is_kept &= keeps("/", length) && keeps("n", length);
	ok(is_kept, "texts of every length come back, none is bound absolute");
	ok(keeps("//", SOCKET_NAME_MOST - 1), "a second slash is kept");
	ok(keeps(".//", SOCKET_NAME_MOST - 2) && keeps("\1", SOCKET_NAME_MOST - 2), "the longest that is told apart");
}

int main(void)
{
	test_texts();
	test_lengths();
	return plan_done();
}
