/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shapes of call sites that can be patched, and the code that goes there.
 *
 * The one instruction immediately before "syscall" (0f 05) becomes a jump to a
 * stub, which does what it did. The syscall stays as it is, so what branches to it,
 * or is restarted by the kernel, traps as before. One instruction only: no
 * branch can lead into it, and no thread can stand in it. It has to be one of those
 * below, which do the same wherever they stand:
 *
 * R1  mov $number, %eax: most sites of glibc
 * R3  a load or store of a register on the stack: sites that many calls share, with
 *     the number in memory or a register (syscall(3), musl, glibc 2.41 and later)
 */
#ifndef ARCH_SITE_H
#define ARCH_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JUMP_SIZE 5
#define STUB_SIZE 32
#define PATCH_REACH 0x7fff0000l /* how far a site may be from its stub */
#define SITE_SIZE 8		/* bytes site_shape() looks at: those before the end of a site */
#define SITE_PATCH_MOST 5

/* What begins an instruction, and what must not stand before it. */
struct site_form {
	unsigned char code[4], mask[4];
};

/* REX.W and 8b or 89, a register, and 8 bits of displacement from rsp. */
static const struct site_form site_forms[] = {
	{ { 0xb8 }, { 0xff } },
	{ { 0x48, 0x8b, 0x44, 0x24 }, { 0xfb, 0xff, 0xc7, 0xff } }, /* mov N(%rsp), %any */
	{ { 0x48, 0x89, 0x44, 0x24 }, { 0xfb, 0xff, 0xc7, 0xff } }, /* mov %any, N(%rsp) */
};

/*
 * Whether the byte BEFORE would make another instruction of those that follow:
 * a prefix, or an opcode that takes "b8" for its operand (lea 8d: any other would have
 * faulted, for rax is the number).
 */
static inline bool site_is_continued(unsigned char before)
{
	return (before & 0xf0) == 0x40 || before == 0x66 || before == 0x67 || before == 0x8d || before == 0xf0 ||
	       before == 0xf2 || before == 0xf3 || before == 0x0f;
}

/*
 * CODE: the SITE_SIZE bytes that end with the instruction that made the call NR.
 * The number of bytes before it that can be replaced, or 0.
 */
static inline size_t site_shape(const unsigned char *code, unsigned long nr)
{
	const unsigned char *at = code + SITE_SIZE - 2 - SITE_PATCH_MOST;
	uint32_t number;

	if (code[SITE_SIZE - 2] != 0x0f || code[SITE_SIZE - 1] != 0x05 || site_is_continued(at[-1]))
		return 0;
	__builtin_memcpy(&number, at + 1, sizeof(number));
	for (size_t i = 0; i < sizeof(site_forms) / sizeof(site_forms[0]); i++) {
		const struct site_form *form = &site_forms[i];
		bool matches = true;

		for (unsigned int n = 0; n < sizeof(form->code); n++)
			matches &= (at[n] & form->mask[n]) == (form->code[n] & form->mask[n]);
		if (matches && (i || number == nr))
			return SITE_PATCH_MOST;
	}
	return 0;
}

/* Where the system call instruction of a site begins, and where the SIZE bytes before it. */
static inline unsigned long site_start(unsigned long behind_site, size_t size)
{
	return behind_site - 2 - size;
}

static inline unsigned char *site_put(unsigned char *code, unsigned int prefix, unsigned int opcode,
				      unsigned long value)
{
	code[0] = (unsigned char)prefix;
	code[1] = (unsigned char)opcode;
	__builtin_memcpy(code + 2, &value, sizeof(value));
	return code + 10;
}

/*
 * A stub: does what the SIZE bytes ORIGINAL do, leaves the address behind the site
 * in rcx as the kernel would, and goes to ENTRY. r11 is lost in a system call
 * anyway.
 */
static inline void site_make_stub(unsigned char *code, const unsigned char *original, size_t size,
				  unsigned long behind_site, unsigned long entry)
{
	static const unsigned char jump[3] = { 0x41, 0xff, 0xe3 }; /* jmp *%r11 */
	unsigned char *at = code;

	for (size_t i = 0; i < size; i++)
		*at++ = original[i];
	at = site_put(at, 0x48, 0xb9, behind_site); /* movabs $behind_site, %rcx */
	at = site_put(at, 0x49, 0xbb, entry);	    /* movabs $entry, %r11 */
	for (size_t i = 0; i < sizeof(jump); i++)
		*at++ = jump[i];
	while (at < code + STUB_SIZE)
		*at++ = 0xcc;
}

/* The address behind the site of the stub CODE. */
static inline unsigned long site_of_stub(const unsigned char *code)
{
	unsigned long behind;

	__builtin_memcpy(&behind, code + SITE_PATCH_MOST + 2, sizeof(behind));
	return behind;
}

/* The jump from FROM to STUB, JUMP_SIZE bytes. */
static inline void site_make_jump(unsigned char *code, unsigned long from, unsigned long stub)
{
	int32_t distance = (int32_t)(long)(stub - from - JUMP_SIZE);

	code[0] = 0xe9;
	__builtin_memcpy(code + 1, &distance, sizeof(distance));
}

#endif
