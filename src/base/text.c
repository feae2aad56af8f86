/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"

void text_init(struct text *text, char *buf, size_t size)
{
	*text = (struct text){ .text = buf, .size = size };
	buf[0] = '\0';
}

void text_add_bytes(struct text *text, const char *part, size_t length)
{
	if (length >= text->size - text->length) {
		length = text->size - text->length - 1;
		text->full = true;
	}
	memcpy(text->text + text->length, part, length);
	text->length += length;
	text->text[text->length] = '\0';
}

void text_resume(struct text *text, char *buf, size_t size)
{
	*text = (struct text){ .text = buf, .size = size, .length = strlen(buf) };
}

void text_add(struct text *text, const char *part)
{
	text_add_bytes(text, part, strlen(part));
}

static void add_digits(struct text *text, unsigned long number, unsigned int base)
{
	char digits[24];
	size_t at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[number % base];
		number /= base;
	} while (number);
	text_add_bytes(text, digits + at, sizeof(digits) - at);
}

void text_add_number(struct text *text, long number)
{
	if (number < 0)
		text_add(text, "-");
	add_digits(text, number < 0 ? -(unsigned long)number : (unsigned long)number, 10);
}

void text_add_hex(struct text *text, unsigned long number)
{
	add_digits(text, number, 16);
}

bool text_equal(const char *a, const char *b)
{
	size_t length = strlen(a);

	return length == strlen(b) && !memcmp(a, b, length);
}

bool text_begins(const char *text, const char *prefix)
{
	while (*prefix)
		if (*text++ != *prefix++)
			return false;
	return true;
}

bool text_ends(const char *text, const char *suffix)
{
	size_t length = strlen(text), tail = strlen(suffix);

	return length >= tail && !memcmp(text + length - tail, suffix, tail);
}

const char *text_base_name(const char *path)
{
	const char *at = path + strlen(path);

	while (at > path && at[-1] != '/')
		at--;
	return at;
}

long text_read_number(const char **cursor)
{
	const char *at = *cursor;
	long number = 0;

	for (; *at >= '0' && *at <= '9'; at++) {
		if (number > (0x7fffffffffffffff - 9) / 10)
			return -1;
		number = number * 10 + (*at - '0');
	}
	if (at == *cursor)
		return -1;
	*cursor = at;
	return number;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool text_read_hex(const char **cursor, unsigned long *number)
{
	const char *at = *cursor;

	for (*number = 0; hex_digit(*at) >= 0; at++)
		*number = *number << 4 | (unsigned long)hex_digit(*at);
	if (at == *cursor)
		return false;
	*cursor = at;
	return true;
}
