/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arguments by chance, but the same at each run: for programs that ask which
 * of several errors comes first.
 */
#ifndef TESTS_CHANCE_H
#define TESTS_CHANCE_H

#include "call.h"

/* What an argument is, and how it is printed. */
struct choice {
	long value;
	const char *text;
};

static unsigned long chance = 1;

static unsigned int pick(unsigned int count)
{
	chance = chance * 6364136223846793005ul + 1442695040888963407ul;
	return (unsigned int)(chance >> 33) % count;
}

#define PICK(array) ((array)[pick(ARRAY_SIZE(array))])

#define NUMBER(array) number_of(array, ARRAY_SIZE(array))

static struct choice number_of(const long *values, unsigned int count)
{
	static char texts[8][32];
	static unsigned int next;
	char *text = texts[next++ % 8];
	long value = values[pick(count)];

	snprintf(text, sizeof(texts[0]), "%#lx", value);
	return (struct choice){ value, text };
}

static struct choice memory(void *good, const char *name)
{
	switch (pick(6)) {
	case 0:
		return (struct choice){ 0, "NULL" };
	case 1:
		return (struct choice){ (long)no_memory(), "HOLE" };
	default:
		return (struct choice){ (long)good, name };
	}
}

#endif
