/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small text helpers, freestanding, for agent and command alike.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/base.h"

/* A buffer that is appended to; FULL is set once something did not fit, TEXT stays NUL-terminated. */
struct text {
	char *text;
	size_t size;
	size_t length;
	bool full;
};

/* Start an empty text in BUF of SIZE bytes (at least 1). */
void text_init(struct text *text, char *buf, size_t size);
/* Go on with the text that is in BUF. */
void text_resume(struct text *text, char *buf, size_t size);
void text_add(struct text *text, const char *part);
void text_add_bytes(struct text *text, const char *part, size_t length);
void text_add_number(struct text *text, long number);
void text_add_hex(struct text *text, unsigned long number);

bool text_equal(const char *a, const char *b);
/* Whether TEXT begins with PREFIX; the remainder is TEXT + strlen(PREFIX). */
bool text_begins(const char *text, const char *prefix);
/* Whether TEXT ends with SUFFIX. */
bool text_ends(const char *text, const char *suffix);
/* The last component of a path: what follows its last slash. */
const char *text_base_name(const char *path);

/*
 * Read a decimal number without sign at *CURSOR and move it behind.
 * Returns -1 if there is no digit.
 */
long text_read_number(const char **cursor);
/* The same for a lower-case hexadecimal number; false if there is no digit. */
bool text_read_hex(const char **cursor, unsigned long *number);

#endif
