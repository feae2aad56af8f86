/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which call sites can be patched, and the code that is put there. */
#include "base/base.h"
#include "site.h"
#include "tap.h"
#include <string.h>

/* The span of a site that ends with the bytes given, for the call NR; what stands before them is BEFORE. */
static size_t span_behind(unsigned char before, const unsigned char *bytes, size_t size, unsigned long nr)
{
	unsigned char code[SITE_SIZE];

	memset(code, before, sizeof(code));
	memcpy(code + sizeof(code) - size, bytes, size);
	return site_span(code, nr);
}

#define SPAN(nr, ...) \
	span_behind(0x90, (const unsigned char[]){ __VA_ARGS__ }, sizeof((const unsigned char[]){ __VA_ARGS__ }), nr)
#define TRAP 0x0f, 0x05
#define LOAD_21 0xb8, 21, 0, 0, 0

static void test_shapes(void)
{
	ok(SPAN(262, 0xb8, 0x06, 0x01, 0, 0, TRAP) == 5, "mov $262, %%eax");
	ok(!SPAN(257, 0xb8, 0x06, 0x01, 0, 0, TRAP), "not with another number");
	ok(!SPAN(262, 0xb8, 0x06, 0x01, 0, 0, 0xcd, 0x80), "not before another trap");
	ok(SPAN(262, 0x48, 0x8b, 0x44, 0x24, 0x10, TRAP) == 5, "mov 16(%%rsp), %%rax");
	ok(SPAN(262, 0x4c, 0x8b, 0x4c, 0x24, 0x08, TRAP) == 5, "mov 8(%%rsp), %%r9");
	ok(SPAN(262, 0x4c, 0x89, 0x5c, 0x24, 0x08, TRAP) == 5, "mov %%r11, 8(%%rsp)");
	ok(!SPAN(262, 0x48, 0x8b, 0x44, 0x20, 0x10, TRAP), "not with another base");
	ok(!SPAN(262, 0x48, 0x8d, 0x44, 0x24, 0x10, TRAP), "not lea");
	ok(!SPAN(262, 0x31, 0xd2, TRAP), "not what is too short");
}

static void test_between(void)
{
	ok(SPAN(21, LOAD_21, 0x31, 0xd2, TRAP) == 7, "xor %%edx, %%edx between");
	ok(SPAN(21, LOAD_21, 0x48, 0x89, 0xfe, 0xbf, 0x9c, 0xff, 0xff, 0xff, TRAP) == 13,
	   "moves of registers and constants");
	ok(SPAN(21, LOAD_21, 0x48, 0x8d, 0x35, 1, 2, 3, 0, TRAP) == 12, "lea relative to itself");
	ok(SPAN(21, LOAD_21, 0x4c, 0x8b, 0x84, 0x24, 1, 2, 0, 0, 0x40, 0x80, 0xf6, 0x80, TRAP) == 17,
	   "loads, constants of a byte");
	ok(SPAN(21, LOAD_21, 0x40, 0x0f, 0x95, 0xc6, 0x44, 0x0f, 0xb6, 0xc6, TRAP) == 13, "opcodes of two bytes");
	ok(!SPAN(21, LOAD_21, 0x89, 0xd0, TRAP), "not a mov to eax");
	ok(SPAN(21, LOAD_21, 0x41, 0x89, 0xd0, TRAP) == 8, "but to r8d");
	ok(!SPAN(21, LOAD_21, 0x8b, 0x04, 0x24, TRAP), "not a load of eax");
	ok(SPAN(21, LOAD_21, 0x89, 0x02, TRAP) == 7, "but a store of it");
	ok(!SPAN(21, LOAD_21, 0x58, TRAP), "not a pop of rax");
	ok(!SPAN(21, LOAD_21, 0x74, 0x00, TRAP), "not a branch");
	ok(!SPAN(21, LOAD_21, TRAP, TRAP), "not another system call");
	ok(!SPAN(21, LOAD_21, 0x49, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8, TRAP), "not a constant of 8 bytes");
	ok(!SPAN(21, LOAD_21, 0x31, TRAP), "not one that ends behind the trap");
	ok(SPAN(21, LOAD_21, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, TRAP) == 0, "not what is not known");
	ok(SPAN(21, LOAD_21, 0x57, 0x57, 0x57, 0x57, 0x57, 0x57, 0x57, 0x57, TRAP) == 13, "eight of them");
	ok(!SPAN(21, LOAD_21, 0x57, 0x57, 0x57, 0x57, 0x57, 0x57, 0x57, 0x57, 0x57, TRAP), "not nine");
}

static void test_what_stands_before(void)
{
	static const unsigned char continued[] = { 0x40, 0x41, 0x48, 0x4f, 0x66, 0x8d, 0x0f };
	static const unsigned char load[] = { LOAD_21, TRAP };
	bool refused = true;

	for (size_t i = 0; i < sizeof(continued); i++)
		refused &= !span_behind(continued[i], load, sizeof(load), 21);
	ok(refused, "a byte before that belongs to the instruction");
	ok(span_behind(0xf2, load, sizeof(load), 21) == 5, "one that more often is an operand");
	ok(!SPAN(21, 0xc7, 0x45, LOAD_21, TRAP), "movl $21, -72(%%rbp)");
	ok(!SPAN(21, 0xc7, 0x44, 0x24, LOAD_21, TRAP), "movl $21, -72(%%rsp)");
	ok(!SPAN(21, 0x8d, 0x94, LOAD_21, TRAP), "lea 21(%%rax,%%rdi,4), %%edx");
	ok(SPAN(21, 0x89, 0xf7, LOAD_21, TRAP) == 5, "mov %%esi, %%edi");
}

static void test_stub(void)
{
	static const unsigned char original[12] = { 0xb8, 21, 0, 0, 0, 0x48, 0x8d, 0x35, 0, 1, 0, 0 };
	unsigned char stub[STUB_SIZE], jump[SITE_JUMP_SIZE];
	unsigned long value;
	int32_t relative;

	ok(site_make_stub(stub, 0x7f0012340000, original, sizeof(original), 0x7f0012345000, 0x3000001234), "a stub");
	ok(!memcmp(stub, original, 8), "begins with what was there");
	memcpy(&relative, stub + 8, sizeof(relative));
	ok(relative == 0x5100, "and refers to the same place");
	memcpy(&value, stub + 14, sizeof(value));
	ok(stub[12] == 0x48 && stub[13] == 0xb9 && value == 0x7f001234500e,
	   "then rcx gets the address behind the site");
	memcpy(&value, stub + 24, sizeof(value));
	ok(stub[22] == 0x49 && stub[23] == 0xbb && value == 0x3000001234 && !memcmp(stub + 32, "\x41\xff\xe3", 3),
	   "and r11 where it goes");
	ok(site_of_stub(stub, 0) == 0x7f0012345000 && site_of_stub(stub, 5) == 0x7f0012345005,
	   "where it stands at the site");
	ok(site_of_stub(stub, 12) == 0x7f001234500c && site_of_stub(stub, 32) == 0x7f001234500c, "and at the trap");
	ok(!site_make_stub(stub, 0x7e0012340000, original, sizeof(original), 0x7f0012345000, 0x3000001234),
	   "out of reach");
	site_make_jump(jump, 0x1000, 0x2000);
	ok(!memcmp(jump, "\xe9\xfb\x0f\0\0", sizeof(jump)), "a jump forward");
	site_make_jump(jump, 0x2000, 0x1000);
	ok(!memcmp(jump, "\xe9\xfb\xef\xff\xff", sizeof(jump)), "a jump backward");
}

int main(void)
{
	test_shapes();
	test_between();
	test_what_stands_before();
	test_stub();
	return plan_done();
}
