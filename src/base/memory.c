/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory functions the compiler calls by itself, for the agent. Byte
 * moves use the string instructions' portable spelling: loops the compiler is
 * told (by the Makefile) not to turn into calls of these very functions.
 */
#include "base/base.h"

/* The last word may overlap the one before it. */
void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	unsigned char *out = to;
	const unsigned char *in = from;
	size_t done = 0;

	if (size < sizeof(long)) {
		for (; done < size; done++)
			out[done] = in[done];
		return to;
	}
	for (; done + sizeof(long) <= size; done += sizeof(long))
		__builtin_memcpy(out + done, in + done, sizeof(long));
	__builtin_memcpy(out + size - sizeof(long), in + size - sizeof(long), sizeof(long));
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	unsigned char *out = to;
	const unsigned char *in = from;
	unsigned long word;

	if (out <= in) {
		for (; size >= sizeof(word); size -= sizeof(word), out += sizeof(word), in += sizeof(word)) {
			__builtin_memcpy(&word, in, sizeof(word));
			__builtin_memcpy(out, &word, sizeof(word));
		}
		while (size--)
			*out++ = *in++;
		return to;
	}
	for (; size >= sizeof(word); size -= sizeof(word)) {
		__builtin_memcpy(&word, in + size - sizeof(word), sizeof(word));
		__builtin_memcpy(out + size - sizeof(word), &word, sizeof(word));
	}
	while (size--)
		out[size] = in[size];
	return to;
}

void *memset(void *to, int byte, size_t size)
{
	unsigned long word = (unsigned char)byte * (~0ul / 0xff);
	unsigned char *out = to;

	for (; size >= sizeof(word); size -= sizeof(word), out += sizeof(word))
		__builtin_memcpy(out, &word, sizeof(word));
	while (size--)
		*out++ = (unsigned char)byte;
	return to;
}

static bool is_same_word(const unsigned char *a, const unsigned char *b)
{
	unsigned long one, other;

	__builtin_memcpy(&one, a, sizeof(one));
	__builtin_memcpy(&other, b, sizeof(other));
	return one == other;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const unsigned char *left = a, *right = b;
	size_t same = 0;

	while (same + sizeof(long) <= size && is_same_word(left + same, right + same))
		same += sizeof(long);
	if (same && same + sizeof(long) > size && is_same_word(left + size - sizeof(long), right + size - sizeof(long)))
		return 0;
	for (; same < size; same++)
		if (left[same] != right[same])
			return left[same] - right[same];
	return 0;
}

/* Word by word: one that is aligned lies in one page, with what is asked for. */
size_t strlen(const char *text)
{
	static const unsigned long ones = ~0ul / 0xff, tops = ones << 7;
	const char *at = text;
	unsigned long word;

	for (; (unsigned long)at % sizeof(word); at++)
		if (!*at)
			return (size_t)(at - text);
	for (;; at += sizeof(word)) {
		__builtin_memcpy(&word, at, sizeof(word));
		if ((word - ones) & ~word & tops)
			break;
	}
	while (*at)
		at++;
	return (size_t)(at - text);
}
