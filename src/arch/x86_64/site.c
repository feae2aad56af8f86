/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opcodes and their operands: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2. */
#include "site.h"

#define MOV_SIZE 5 /* of mov $number, %eax */

/* In a stub: movabs $behind, %rcx; movabs $entry, %r11; jmp *%r11; and in its last byte the span. */
#define LOAD_SIZE 10
#define TAIL_SIZE (2 * LOAD_SIZE + 3)

_Static_assert(SITE_SPAN_MOST + TAIL_SIZE + 1 <= STUB_SIZE, "the longest stub");
_Static_assert(SITE_SIZE >= SITE_SPAN_MOST + SITE_TRAP_SIZE + 3, "what stands before it");

/* Where an instruction writes to: memory or nothing; the register in its field REG, RM, or in its opcode. */
enum target { NOTHING, REG, RM, OPCODE };

/*
 * Instructions that may stand between the number and the trap. All but pushes,
 * pops and constants have a ModRM; CONSTANT is the size of what follows that.
 */
static const struct between {
	uint8_t first, last;
	bool is_long; /* behind 0f */
	uint8_t target;
	bool has_modrm;
	uint8_t constant;
} betweens[] = {
	{ 0x01, 0x01, false, RM, true, 0 }, /* add, or, and, sub, xor, cmp */
	{ 0x03, 0x03, false, REG, true, 0 },	  { 0x09, 0x09, false, RM, true, 0 },
	{ 0x0b, 0x0b, false, REG, true, 0 },	  { 0x21, 0x21, false, RM, true, 0 },
	{ 0x23, 0x23, false, REG, true, 0 },	  { 0x29, 0x29, false, RM, true, 0 },
	{ 0x2b, 0x2b, false, REG, true, 0 },	  { 0x31, 0x31, false, RM, true, 0 },
	{ 0x33, 0x33, false, REG, true, 0 },	  { 0x39, 0x39, false, NOTHING, true, 0 },
	{ 0x3b, 0x3b, false, NOTHING, true, 0 },  { 0x80, 0x80, false, RM, true, 1 }, /* the same of a constant */
	{ 0x81, 0x81, false, RM, true, 4 },	  { 0x83, 0x83, false, RM, true, 1 },
	{ 0x50, 0x57, false, NOTHING, false, 0 },					   /* push, pop */
	{ 0x58, 0x5f, false, OPCODE, false, 0 },  { 0x84, 0x85, false, NOTHING, true, 0 }, /* test */
	{ 0x88, 0x89, false, RM, true, 0 },						   /* mov, movslq, lea */
	{ 0x8a, 0x8b, false, REG, true, 0 },	  { 0x63, 0x63, false, REG, true, 0 },
	{ 0x8d, 0x8d, false, REG, true, 0 },	  { 0xb8, 0xbf, false, OPCODE, false, 4 }, /* mov of a constant */
	{ 0xc6, 0xc6, false, RM, true, 1 },	  { 0xc7, 0xc7, false, RM, true, 4 },
	{ 0xc1, 0xc1, false, RM, true, 1 },					      /* shifts */
	{ 0x1f, 0x1f, true, NOTHING, true, 0 },					      /* nop */
	{ 0x40, 0x4f, true, REG, true, 0 },					      /* cmov, set */
	{ 0x90, 0x9f, true, RM, true, 0 },	  { 0xb6, 0xb7, true, REG, true, 0 }, /* movz, movs */
	{ 0xbe, 0xbf, true, REG, true, 0 },
};

static const struct between *find_between(unsigned char opcode, bool is_long)
{
	for (size_t i = 0; i < sizeof(betweens) / sizeof(betweens[0]); i++)
		if (betweens[i].is_long == is_long && opcode >= betweens[i].first && opcode <= betweens[i].last)
			return &betweens[i];
	return NULL;
}

/* The size of what a ModRM brings with it, itself too. It begins at CODE; the byte behind it may be read. */
static size_t modrm_size(const unsigned char *code, bool *is_relative)
{
	unsigned int mod = code[0] >> 6, low = code[0] & 7;
	bool has_sib = mod != 3 && low == 4;

	*is_relative = mod == 0 && low == 5;
	if (mod == 2 || *is_relative || (mod == 0 && has_sib && (code[1] & 7) == 5))
		return 5 + has_sib;
	return 1 + has_sib + (mod == 1);
}

/*
 * The length of the instruction at CODE, behind which a trap stands at the latest; 0
 * when it may not be between, because it is not known here, or writes to rax.
 * *RELATIVE becomes the offset of its 32 bits relative to the next one, or 0.
 */
static size_t between_length(const unsigned char *code, size_t *relative)
{
	unsigned int rex = (code[0] & 0xf0) == 0x40 ? code[0] : 0;
	const unsigned char *opcode = code + !!rex + (code[!!rex] == 0x0f);
	const struct between *between = find_between(*opcode, opcode > code && opcode[-1] == 0x0f);
	const unsigned char *behind = opcode + 1;
	bool is_relative = false;
	unsigned int number = 0;

	*relative = 0;
	/* REX.W makes the constant of a mov 8 bytes long: that is none of these. */
	if (!between || (between->target == OPCODE && between->constant && rex & 8))
		return 0;
	if (between->has_modrm)
		behind += modrm_size(behind, &is_relative);
	if (is_relative)
		*relative = (size_t)(behind - 4 - code);
	/* A field's three bits, and the fourth in REX; of RM only where that is no memory. */
	if (between->target == REG)
		number = (opcode[1] >> 3 & 7) | (rex & 4) << 1;
	else if (between->target == RM && opcode[1] >> 6 == 3)
		number = (opcode[1] & 7) | (rex & 1) << 3;
	else if (between->target == OPCODE)
		number = (*opcode & 7) | (rex & 1) << 3;
	else
		number = ~0u;
	return number ? (size_t)(behind - code) + between->constant : 0;
}

/* Whether a few of those fill the SIZE bytes at CODE. */
static bool has_between(const unsigned char *code, size_t size)
{
	size_t at = 0, relative;
	unsigned int count = 0;

	for (; at < size; count++) {
		size_t length = between_length(code + at, &relative);

		if (!length)
			return false;
		at += length;
	}
	return at == size && count <= SITE_BETWEEN_MOST;
}

/* An instruction on the stack: REX.W and 8b or 89, a register, and 8 bits of displacement from rsp. */
static bool is_stack_move(const unsigned char *code)
{
	return (code[0] & 0xfb) == 0x48 && (code[1] == 0x8b || code[1] == 0x89) && (code[2] & 0xc7) == 0x44 &&
	       code[3] == 0x24;
}

static bool is_load_of(const unsigned char *code, unsigned long nr)
{
	uint32_t number;

	__builtin_memcpy(&number, code + 1, sizeof(number));
	return code[0] == 0xb8 && number == nr;
}

/*
 * Whether the byte BEFORE would make another instruction of what follows. Other
 * prefixes mean nothing there, and nothing before a jump.
 */
static bool is_continued(unsigned char before)
{
	return (before & 0xf0) == 0x40 || before == 0x66 || before == 0x0f;
}

static bool is_modrm(unsigned char byte, unsigned int mod, bool has_sib)
{
	return byte >> 6 == mod && ((byte & 7) == 4) == has_sib;
}

/* Opcodes with a constant of 4 bytes behind a ModRM. */
static bool has_constant(unsigned char opcode)
{
	return opcode == 0xc7 || opcode == 0x81 || opcode == 0x69 || opcode == 0xf7;
}

/*
 * Whether the bytes at AT, "b8 number", may be the end of a longer instruction.
 * With b8 for its ModRM or SIB it would use memory near rax, which is the number,
 * and fault, unless it is lea or a nop. With b8 for its displacement it would
 * store the number, compare or multiply with it.
 */
static bool is_operand(const unsigned char *at)
{
	if (at[-1] == 0x8d || at[-1] == 0x1f)
		return true;
	if ((at[-2] == 0x8d || at[-2] == 0x1f) && is_modrm(at[-1], 2, true))
		return true;
	return (has_constant(at[-2]) && is_modrm(at[-1], 1, false)) ||
	       (has_constant(at[-3]) && is_modrm(at[-2], 1, true));
}

size_t site_span(const unsigned char *code, unsigned long nr)
{
	const unsigned char *trap = code + SITE_SIZE - SITE_TRAP_SIZE, *at = trap - MOV_SIZE;

	if (trap[0] != 0x0f || trap[1] != 0x05)
		return 0;
	if (is_stack_move(at) && !is_continued(at[-1]))
		return MOV_SIZE;
	for (size_t span = MOV_SIZE; span <= SITE_SPAN_MOST; span++) {
		at = trap - span;
		if (is_load_of(at, nr) && !is_continued(at[-1]) && !is_operand(at) &&
		    has_between(at + MOV_SIZE, span - MOV_SIZE))
			return span;
	}
	return 0;
}

static unsigned char *put_load(unsigned char *code, unsigned int prefix, unsigned int opcode, unsigned long value)
{
	code[0] = (unsigned char)prefix;
	code[1] = (unsigned char)opcode;
	__builtin_memcpy(code + 2, &value, sizeof(value));
	return code + LOAD_SIZE;
}

/* What is said in the 32 bits at CODE relative to where they stand has moved by DISTANCE. */
static bool move_relative(unsigned char *code, long distance)
{
	int32_t value;
	long moved;

	__builtin_memcpy(&value, code, sizeof(value));
	moved = value + distance;
	value = (int32_t)moved;
	__builtin_memcpy(code, &value, sizeof(value));
	return value == moved;
}

bool site_make_stub(unsigned char *stub, unsigned long stub_at, const unsigned char *original, size_t span,
		    unsigned long site_at, unsigned long entry)
{
	static const unsigned char jump[3] = { 0x41, 0xff, 0xe3 }; /* jmp *%r11 */
	unsigned char *at = stub + span;
	size_t relative;

	for (size_t i = 0; i < span; i++)
		stub[i] = original[i];
	/* The first is the one that is replaced, and refers to nothing. */
	for (size_t i = MOV_SIZE; i < span; i += between_length(original + i, &relative)) {
		between_length(original + i, &relative);
		if (relative && !move_relative(stub + i + relative, (long)(site_at - stub_at)))
			return false;
	}
	at = put_load(at, 0x48, 0xb9, site_at + span + SITE_TRAP_SIZE); /* movabs $behind, %rcx */
	at = put_load(at, 0x49, 0xbb, entry);				/* movabs $entry, %r11 */
	for (size_t i = 0; i < sizeof(jump); i++)
		*at++ = jump[i];
	while (at < stub + STUB_SIZE)
		*at++ = 0xcc;
	stub[STUB_SIZE - 1] = (unsigned char)span;
	return true;
}

void site_make_jump(unsigned char *code, unsigned long from, unsigned long stub_at)
{
	int32_t distance = (int32_t)(long)(stub_at - from - SITE_JUMP_SIZE);

	code[0] = 0xe9;
	__builtin_memcpy(code + 1, &distance, sizeof(distance));
}

unsigned long site_of_stub(const unsigned char *stub, size_t offset)
{
	size_t span = stub[STUB_SIZE - 1];
	unsigned long behind;

	__builtin_memcpy(&behind, stub + span + 2, sizeof(behind));
	return behind - SITE_TRAP_SIZE - (offset < span ? span - offset : 0);
}
