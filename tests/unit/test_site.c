/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which call sites can be patched, and the code that is put there. */
#include "base/base.h"
#include "site.h"
#include "tap.h"
#include <string.h>

#define CODE(...) ((const unsigned char[SITE_SIZE]){ __VA_ARGS__ })

static void test_shapes(void)
{
	ok(site_shape(CODE(0x90, 0xb8, 0x06, 0x01, 0, 0, 0x0f, 0x05), 262) == 5, "mov $262, %eax");
	ok(!site_shape(CODE(0x90, 0xb8, 0x06, 0x01, 0, 0, 0x0f, 0x05), 257), "not with another number");
	ok(!site_shape(CODE(0x90, 0xb8, 0x06, 0x01, 0, 0, 0xcd, 0x80), 262), "not before another trap");
	ok(site_shape(CODE(0x90, 0x48, 0x8b, 0x44, 0x24, 0x10, 0x0f, 0x05), 262) == 5, "mov 16(%rsp), %rax");
	ok(site_shape(CODE(0x90, 0x4c, 0x8b, 0x4c, 0x24, 0x08, 0x0f, 0x05), 262) == 5, "mov 8(%rsp), %r9");
	ok(site_shape(CODE(0x90, 0x4c, 0x89, 0x5c, 0x24, 0x08, 0x0f, 0x05), 262) == 5, "mov %r11, 8(%rsp)");
	ok(!site_shape(CODE(0x90, 0x48, 0x8b, 0x44, 0x20, 0x10, 0x0f, 0x05), 262), "not with another base");
	ok(!site_shape(CODE(0x90, 0x48, 0x8d, 0x44, 0x24, 0x10, 0x0f, 0x05), 262), "not lea");
	ok(!site_shape(CODE(0x90, 0x90, 0x90, 0x90, 0x31, 0xd2, 0x0f, 0x05), 262), "not what is too short");
}

static void test_what_stands_before(void)
{
	static const unsigned char continued[] = { 0x40, 0x41, 0x48, 0x4f, 0x66, 0x67, 0x8d, 0xf0, 0xf2, 0xf3, 0x0f };
	bool refused = true;

	for (size_t i = 0; i < sizeof(continued); i++)
		refused &= !site_shape(CODE(continued[i], 0xb8, 21, 0, 0, 0, 0x0f, 0x05), 21);
	ok(refused, "a byte before that belongs to the instruction");
}

static void test_stub(void)
{
	static const unsigned char original[5] = { 0xb8, 21, 0, 0, 0 };
	unsigned char stub[STUB_SIZE], jump[JUMP_SIZE];
	unsigned long value;

	site_make_stub(stub, original, sizeof(original), 0x7f0012345678, 0x3000001234);
	ok(!memcmp(stub, original, sizeof(original)), "the stub begins with what was there");
	memcpy(&value, stub + 7, sizeof(value));
	ok(stub[5] == 0x48 && stub[6] == 0xb9 && value == 0x7f0012345678, "then rcx gets the address behind the site");
	memcpy(&value, stub + 17, sizeof(value));
	ok(stub[15] == 0x49 && stub[16] == 0xbb && value == 0x3000001234 && !memcmp(stub + 25, "\x41\xff\xe3", 3),
	   "and r11 where it goes");
	site_make_jump(jump, 0x1000, 0x2000);
	ok(!memcmp(jump, "\xe9\xfb\x0f\0\0", sizeof(jump)), "a jump forward");
	site_make_jump(jump, 0x2000, 0x1000);
	ok(!memcmp(jump, "\xe9\xfb\xef\xff\xff", sizeof(jump)), "a jump backward");
	ok(site_start(0x1007, 5) == 0x1000, "where the bytes begin");
}

int main(void)
{
	test_shapes();
	test_what_stands_before();
	test_stub();
	return plan_done();
}
