/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/hardlinks.h"
#include "base/text.h"

#define TERMUX_DIGITS 4

static const char *const termux_beginnings[] = { ".l2s.", ".proot.l2s." };

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

bool hardlinks_is_identity(const char *name)
{
	const char *at = name;

	while (is_digit(*at) || (*at >= 'a' && *at <= 'f'))
		at++;
	return !*at && at - name == HARDLINKS_ID_SIZE - 1;
}

/* The beginning that NAME has, or NULL. */
static const char *termux_beginning(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(termux_beginnings); i++)
		if (text_begins(name, termux_beginnings[i]))
			return termux_beginnings[i];
	return NULL;
}

/* The digits that NAME, of LENGTH bytes, ends in: where they begin; or LENGTH. */
static size_t last_digits(const char *name, size_t length)
{
	size_t at = length;

	while (at && is_digit(name[at - 1]) && length - at < TERMUX_DIGITS)
		at--;
	return length - at == TERMUX_DIGITS ? at : length;
}

bool hardlinks_is_termux(const char *name)
{
	size_t length = strlen(name);

	return termux_beginning(name) && last_digits(name, length) < length;
}

unsigned long hardlinks_termux_count(const char *name)
{
	size_t length = strlen(name), at = last_digits(name, length);
	const char *cursor = name + at;

	if (!termux_beginning(name) || at == length || !at || name[at - 1] != '.' ||
	    last_digits(name, at - 1) == at - 1)
		return 0;
	return (unsigned long)text_read_number(&cursor);
}

bool hardlinks_termux_recount(char *name, unsigned long count)
{
	char *at = name + strlen(name);

	if (count > HARDLINKS_COUNT_MOST)
		return false;
	for (unsigned int i = 0; i < TERMUX_DIGITS; i++, count /= 10)
		*--at = (char)('0' + count % 10);
	return true;
}

/* Whether TEXT, of LENGTH bytes, leads up and then to the links directory: "../../.proot-links/". */
static bool leads_to_ours(const char *text, size_t length)
{
	size_t name_length = sizeof(HARDLINKS_NAME "/") - 1;

	while (length > 3 && !memcmp(text, "../", 3)) {
		text += 3;
		length -= 3;
	}
	return length == name_length && !memcmp(text, HARDLINKS_NAME "/", name_length);
}

bool hardlinks_read_text(const char *text, size_t length, struct hardlinks_text *read)
{
	size_t start = length;

	while (start && text[start - 1] != '/')
		start--;
	read->form = HARDLINKS_NONE;
	read->directory_length = start;
	if (!length || length >= PATH_SIZE || length - start > NAME_LONGEST)
		return false;
	memcpy(read->name, text + start, length - start);
	read->name[length - start] = '\0';
	if (strlen(read->name) != length - start)
		return false;
	if (hardlinks_is_identity(read->name) && leads_to_ours(text, start))
		read->form = HARDLINKS_OURS;
	else if (hardlinks_is_termux(read->name) && !hardlinks_termux_count(read->name))
		read->form = HARDLINKS_TERMUX;
	return read->form != HARDLINKS_NONE;
}

bool hardlinks_write_text(char *buf, size_t depth, const char *identity)
{
	struct text text;

	text_init(&text, buf, PATH_SIZE);
	for (; depth && !text.full; depth--)
		text_add(&text, "../");
	text_add(&text, HARDLINKS_NAME "/");
	text_add(&text, identity);
	return !text.full;
}

void hardlinks_write_identity(char identity[HARDLINKS_ID_SIZE], uint64_t number)
{
	for (unsigned int i = 0; i < HARDLINKS_ID_SIZE - 1; i++, number <<= 4)
		identity[i] = "0123456789abcdef"[number >> 60];
	identity[HARDLINKS_ID_SIZE - 1] = '\0';
}

void hardlinks_count_name(char buf[NAME_LONGEST + 1], const char *name)
{
	struct text text;

	text_init(&text, buf, NAME_LONGEST + 1);
	text_add(&text, name);
	text_add(&text, HARDLINKS_COUNT);
}

/* Where the names begin, behind two slashes, or the text ends. */
static size_t hints_start(const char *text, size_t length)
{
	size_t at = 0;

	while (at < length && !(at + 1 < length && text[at] == '/' && text[at + 1] == '/'))
		at++;
	return at;
}

unsigned long hardlinks_read_count(const char *text, size_t length)
{
	unsigned long count = 0;

	length = hints_start(text, length);
	if (!length || length > 10)
		return 0;
	for (size_t i = 0; i < length; i++) {
		if (!is_digit(text[i]))
			return 0;
		count = count * 10 + (unsigned long)(text[i] - '0');
	}
	return count;
}

size_t hardlinks_next_hint(const char **at, const char *end)
{
	size_t start = hints_start(*at, (size_t)(end - *at));

	*at = (size_t)(end - *at) > start + 1 ? *at + start + 2 : end;
	return hints_start(*at, (size_t)(end - *at));
}

bool hardlinks_is_hidden(const char *name, size_t length)
{
	char copy[NAME_LONGEST + 1];

	if (length < sizeof(".l2s.") - 1 || name[0] != '.' || length > NAME_LONGEST)
		return false;
	memcpy(copy, name, length);
	copy[length] = '\0';
	return text_equal(copy, HARDLINKS_NAME) || hardlinks_is_termux(copy);
}

bool hardlinks_may_hide(const char *path)
{
	for (bool begins = true; *path; begins = *path++ == '/')
		if (begins && *path == '.' &&
		    (text_begins(path, HARDLINKS_NAME) || text_begins(path, ".l2s.") ||
		     text_begins(path, ".proot.l2s.")))
			return true;
	return false;
}

enum hardlinks_form hardlinks_form_of(const char *host_path)
{
	const char *name = text_base_name(host_path);
	size_t length = (size_t)(name - host_path);

	if (hardlinks_termux_count(name))
		return HARDLINKS_TERMUX;
	if (length < sizeof("/" HARDLINKS_NAME "/") - 1 || !hardlinks_is_identity(name))
		return HARDLINKS_NONE;
	return text_begins(name - (sizeof("/" HARDLINKS_NAME "/") - 1), "/" HARDLINKS_NAME "/") ? HARDLINKS_OURS :
												  HARDLINKS_NONE;
}
