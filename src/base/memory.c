/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory functions the compiler calls by itself, for the agent. Byte
 * moves use the string instructions' portable spelling: loops the compiler is
 * told (by the Makefile) not to turn into calls of these very functions.
 */
#include "base/base.h"

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	unsigned char *out = to;
	const unsigned char *in = from;

	while (size >= sizeof(long)) {
		__builtin_memcpy(out, in, sizeof(long));
		out += sizeof(long), in += sizeof(long), size -= sizeof(long);
	}
	while (size--)
		*out++ = *in++;
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
	unsigned char *out = to;

	while (size--)
		*out++ = (unsigned char)byte;
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const unsigned char *left = a, *right = b;
	unsigned long one, other;

	for (; size >= sizeof(long); size -= sizeof(long), left += sizeof(long), right += sizeof(long)) {
		__builtin_memcpy(&one, left, sizeof(long));
		__builtin_memcpy(&other, right, sizeof(long));
		if (one != other)
			break;
	}
	for (; size; size--, left++, right++)
		if (*left != *right)
			return *left - *right;
	return 0;
}

size_t strlen(const char *text)
{
	const char *at = text;

	while (*at)
		at++;
	return (size_t)(at - text);
}
