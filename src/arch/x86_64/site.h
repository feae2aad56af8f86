/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shapes of call sites that can be patched, and the code that goes there.
 *
 * One instruction before "syscall" (0f 05) becomes a jump to a stub, which does
 * what it and those behind it did. All behind it stays as it is, so what branches
 * there, or is restarted by the kernel, traps as before. One instruction only: no
 * branch can lead into it, and no thread can stand in it. It is
 *
 * R1  mov $number, %eax immediately before the trap: most sites of glibc
 * R2  the same, with up to SITE_BETWEEN_MOST others between that do the same wherever they stand
 * R3  a load or store of a register on the stack immediately before the trap: sites that
 *     many calls share, with the number in memory or a register (syscall(3), musl,
 *     glibc 2.41 and later)
 */
#ifndef ARCH_SITE_H
#define ARCH_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SITE_TRAP_SIZE 2  /* of the syscall instruction */
#define SITE_JUMP_SIZE 5  /* what is changed */
#define SITE_SPAN_MOST 40 /* from there to the syscall */
#define SITE_BETWEEN_MOST 8
#define SITE_SIZE 48 /* bytes site_span() looks at: those before the end of a site */
#define STUB_SIZE 64
#define PATCH_REACH 0x7fff0000l /* how far a site may be from its stub */

/*
 * CODE: the SITE_SIZE bytes that end with the instruction that made the call NR;
 * where they can't be read, 0. How many bytes before that instruction the jump can
 * be put, or 0.
 */
size_t site_span(const unsigned char *code, unsigned long nr);

/*
 * The stub to be put at STUB_AT: does what the SPAN bytes ORIGINAL do, at SITE_AT,
 * leaves the address behind the site in rcx as the kernel would, and goes to ENTRY.
 * r11 is lost in a system call anyway. False where what they refer to is out of reach.
 */
bool site_make_stub(unsigned char *stub, unsigned long stub_at, const unsigned char *original, size_t span,
		    unsigned long site_at, unsigned long entry);

/* The jump from FROM to STUB_AT, SITE_JUMP_SIZE bytes. */
void site_make_jump(unsigned char *code, unsigned long from, unsigned long stub_at);

/* What OFFSET in STUB, between two instructions, is at its site: there the same remains to be done. */
unsigned long site_of_stub(const unsigned char *stub, size_t offset);

#endif
