/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shapes of call sites that can be patched, and the code that goes there: none yet. Every call traps.
 */
#ifndef ARCH_SITE_H
#define ARCH_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SITE_TRAP_SIZE 4 /* of the svc instruction */
#define SITE_JUMP_SIZE 4 /* what is changed */
#define SITE_SPAN_MOST 32
#define SITE_SIZE 36
#define STUB_SIZE 64
#define PATCH_REACH 0x7ff0000l /* how far a branch leads */

/* How many bytes before the instruction that made the call NR, the last of CODE, the jump can be put: 0, nowhere. */
static inline size_t site_span(const unsigned char *code, unsigned long nr)
{
	(void)code;
	(void)nr;
	return 0;
}

/* As no jump can be put anywhere, nothing has a stub. */
static inline bool site_make_stub(unsigned char *stub, unsigned long stub_at, const unsigned char *original,
				  size_t span, unsigned long site_at, unsigned long entry)
{
	(void)stub;
	(void)stub_at;
	(void)original;
	(void)span;
	(void)site_at;
	(void)entry;
	return false;
}

/* The jump from FROM to STUB_AT: b. */
static inline void site_make_jump(unsigned char *code, unsigned long from, unsigned long stub_at)
{
	uint32_t word = 0x14000000 | ((uint32_t)((stub_at - from) >> 2) & 0x03ffffff);

	__builtin_memcpy(code, &word, sizeof(word));
}

/* What OFFSET in STUB is at its site. */
static inline unsigned long site_of_stub(const unsigned char *stub, size_t offset)
{
	(void)stub;
	return offset;
}

#endif
