/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sequence.h"
#include <err.h>
#include <sys/mman.h>

/* The processes share it. */
static uint64_t *state;

void random_start(uint64_t seed)
{
	if (!state)
		state = mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (state == MAP_FAILED)
		err(1, "mmap");
	*state = seed * 0x9e3779b97f4a7c15 + 0x1234567;
	for (int i = 0; i < 8; i++)
		random_below(2);
}

/* xorshift64*, by Marsaglia and Vigna. */
static uint64_t next(void)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1d;
}

uint32_t random_below(uint32_t limit)
{
	return (uint32_t)((next() >> 32) * limit >> 32);
}

bool random_chance(unsigned int percent)
{
	return random_below(100) < percent;
}
