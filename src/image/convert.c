/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/pack.h"

#define OPERAND 4 /* bytes behind the opcode */

static bool is_branch(unsigned char opcode)
{
	return opcode == 0xe8 || opcode == 0xe9; /* call and jmp of 32 bits */
}

/*
 * The operand that ends at BEHIND leads to a place in the code, or the other way round. Those that lead to none take
 * the room that the others leave, so that nothing is there twice.
 */
static int32_t to_place(int32_t distance, int32_t behind, int32_t size)
{
	if (distance < -behind || distance >= size)
		return distance;
	return distance < size - behind ? distance + behind : distance - size;
}

static int32_t to_distance(int32_t place, int32_t behind, int32_t size)
{
	if (place < -behind || place >= size)
		return place;
	return place >= 0 ? place - behind : place + size;
}

static void change_all(unsigned char *code, size_t size, int32_t (*change)(int32_t, int32_t, int32_t))
{
	int32_t operand;

	for (size_t at = 0; at + OPERAND < size; at++) {
		if (!is_branch(code[at]))
			continue;
		memcpy(&operand, code + at + 1, OPERAND);
		operand = change(operand, (int32_t)(at + 1 + OPERAND), (int32_t)size);
		memcpy(code + at + 1, &operand, OPERAND);
		at += OPERAND;
	}
}

void pack_convert(unsigned char *code, size_t size)
{
	change_all(code, size, to_place);
}

void pack_restore(unsigned char *code, size_t size)
{
	change_all(code, size, to_distance);
}
