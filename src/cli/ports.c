/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/ports.h"

#include <string.h>

#define DIGITS "0123456789"

bool ports_is_value(const char *word)
{
	size_t digits = strspn(word, DIGITS);

	return word[digits] == ':' || (digits && !word[digits]);
}

/* The number at *CURSOR, which goes behind it; 0 where it is none of a port. */
static uint16_t read_port(const char **cursor)
{
	size_t digits = strspn(*cursor, DIGITS);
	unsigned long number = 0;

	for (size_t i = 0; i < digits && number <= UINT16_MAX; i++)
		number = number * 10 + (unsigned long)((*cursor)[i] - '0');
	*cursor += digits;
	return number <= UINT16_MAX ? (uint16_t)number : 0;
}

/* Where the pair of INSIDE is, or the next free place. */
static uint16_t place_of(const struct ports *ports, uint16_t inside)
{
	uint16_t place = 0;

	while (place < ports->count && ports->pairs[place].inside != inside)
		place++;
	return place;
}

const char *ports_read(struct ports *ports, const char *value)
{
	const char *at = value;
	size_t inside_digits = strspn(at, DIGITS);
	struct port_pair pair;
	uint16_t place;

	if (!inside_digits || at[inside_digits] != ':' || !at[inside_digits + 1] ||
	    strspn(at + inside_digits + 1, DIGITS) != strlen(at + inside_digits + 1))
		return "not IN:OUT, two ports";
	pair.inside = read_port(&at);
	at++;
	pair.outside = read_port(&at);
	if (!pair.inside || !pair.outside)
		return "a port is a number from 1 to 65535";
	place = place_of(ports, pair.inside);
	for (uint16_t i = 0; i < ports->count; i++)
		if (i != place && ports->pairs[i].outside == pair.outside)
			return "another port stands for OUT already";
	if (place == PORTS_MOST)
		return "too many ports";
	ports->pairs[place] = pair;
	ports->count = (uint16_t)MAX(ports->count, place + 1);
	return NULL;
}
