/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Symbolic links that have been met: no more than hints for the fast way, which reads
 * a link itself before it believes that it is one.
 */
#ifndef AGENT_LINKS_H
#define AGENT_LINKS_H

#include "agent/agent.h"

#define LINKS_TABLE 64 /* 1 << (32 - 26), see links_slot() */

#pragma GCC visibility push(hidden)
extern uint32_t links_met[LINKS_TABLE]; /* marks of host paths; 0: none */
extern bool links_any;
#pragma GCC visibility pop

/* Of the end of a path: that is where most differ. Never 0. */
static inline uint32_t links_mark(const char *host_path, size_t length)
{
	unsigned long word = 0, hash;

	if (length >= sizeof(word))
		__builtin_memcpy(&word, host_path + length - sizeof(word), sizeof(word));
	else
		for (size_t i = 0; i < length; i++)
			word = word << 8 | (unsigned char)host_path[i];
	hash = (word ^ length * 0xbf58476d1ce4e5b9) * 0x9e3779b97f4a7c15;
	return (uint32_t)(hash >> 32) | 1;
}

/* By its highest bits: names that differ in their last byte only differ nowhere else. */
static inline uint32_t *links_slot(uint32_t mark)
{
	return &links_met[mark >> 26];
}

/* HOST_PATH, of LENGTH bytes, is a link. */
static inline void links_note(const char *host_path, size_t length)
{
	uint32_t mark = links_mark(host_path, length);

	__atomic_store_n(links_slot(mark), mark, __ATOMIC_RELAXED);
	__atomic_store_n(&links_any, true, __ATOMIC_RELAXED);
}

/* Whether any has been met; whether the first LENGTH bytes of HOST_PATH may have. */
static inline bool links_are_known(void)
{
	return __atomic_load_n(&links_any, __ATOMIC_RELAXED);
}

static inline bool links_may_have(const char *host_path, size_t length)
{
	uint32_t mark = links_mark(host_path, length);

	return __atomic_load_n(links_slot(mark), __ATOMIC_RELAXED) == mark;
}

#endif
