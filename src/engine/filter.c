/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shape of the program: the architecture; a binary search over ranges of
 * numbers with one verdict, behind the few that are frequent; at its leaves the verdict. Numbers that always
 * pass end in a constant ALLOW without looking at anything else, so that the
 * kernel caches the verdict by number (Linux 5.11).
 */
#include "engine/filter.h"
#include "agent/calls.h"
#include "arch.h"
#include "image/filter_data.h"
#include "numbers.h"
#include <errno.h>
#include <linux/seccomp.h>

#define NUMBERS (NR_HIGHEST + 1)

struct program {
	struct sock_filter *code;
	unsigned int count;
	uint32_t image_flags;
	uint32_t view_flags;
};

static void emit(struct program *program, uint16_t code, uint32_t value, unsigned int yes, unsigned int no)
{
	program->code[program->count++] = (struct sock_filter){ code, (uint8_t)yes, (uint8_t)no, value };
}

static void emit_load(struct program *program, size_t offset)
{
	emit(program, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void emit_return(struct program *program, uint32_t verdict)
{
	emit(program, BPF_RET | BPF_K, verdict, 0, 0);
}

#define POINTER_OFFSET offsetof(struct seccomp_data, instruction_pointer)
#define ARGUMENT_OFFSET(n) (offsetof(struct seccomp_data, args) + 8 * (size_t)(n))
#define GATE (IMAGE_ADDRESS + GATE_OFFSET)

/*
 * Allow what comes from the gate; both words of the address are compared. What a filter of the guest's is to
 * judge there is never made: without a tracer TRACE is ENOSYS.
 */
static void emit_gate(struct program *program)
{
	emit_load(program, POINTER_OFFSET);
	emit(program, BPF_ALU | BPF_AND | BPF_K, ~(uint32_t)(GATE_SIZE - 1), 0, 0);
	emit(program, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)GATE, 0, 6);
	emit_load(program, POINTER_OFFSET + 4);
	emit(program, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(GATE >> 32), 0, 4);
	emit_load(program, POINTER_OFFSET);
	emit(program, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(IMAGE_ADDRESS + GATE_JUDGED_OFFSET), 1, 0);
	emit_return(program, SECCOMP_RET_ALLOW);
	emit_return(program, SECCOMP_RET_TRACE | FILTER_TRAP_DATA);
}

/* Allow where the row's argument is the number of none of BITS. */
static void emit_among(struct program *program, const struct call_row *row, uint64_t bits)
{
	unsigned int left = (unsigned int)__builtin_popcountll(bits);

	emit_load(program, ARGUMENT_OFFSET(row->when_argument));
	for (uint32_t number = 0; number < 64; number++)
		if (bits >> number & 1)
			emit(program, BPF_JMP | BPF_JEQ | BPF_K, number, left--, 0);
	emit_return(program, SECCOMP_RET_ALLOW);
}

/* Allow where the row's condition does not hold. */
static void emit_condition(struct program *program, const struct call_row *row)
{
	switch (row->condition) {
	case WHEN_SET:
		emit_load(program, ARGUMENT_OFFSET(row->when_argument));
		emit(program, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3);
		emit_load(program, ARGUMENT_OFFSET(row->when_argument) + 4);
		emit(program, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1);
		emit_return(program, SECCOMP_RET_ALLOW);
		break;
	case WHEN_AMONG:
		emit_among(program, row, row->when_value);
		break;
	case WHEN_SENDS:
		if (!(program->image_flags & (uint32_t)row->when_value))
			emit_among(program, row, row->when_value >> 32);
		break;
	case WHEN_DIFFERS:
		emit_load(program, ARGUMENT_OFFSET(row->when_argument));
		emit(program, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)row->when_value, 0, 1);
		emit_return(program, SECCOMP_RET_ALLOW);
		break;
	case WHEN_OURS:
		emit_load(program, ARGUMENT_OFFSET(row->when_argument) + 4);
		emit(program, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(IMAGE_ADDRESS >> 32), 3, 0);
		emit_load(program, ARGUMENT_OFFSET(row->when_argument + 1) + 4);
		emit(program, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1);
		emit_return(program, SECCOMP_RET_ALLOW);
		break;
	case WHEN_EQUALS:
		emit_load(program, ARGUMENT_OFFSET(row->when_argument));
		emit(program, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)row->when_value, 2, 0);
		emit(program, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(row->when_value >> 32), 1, 0);
		emit_return(program, SECCOMP_RET_ALLOW);
		break;
	default:
		break;
	}
}

/* Whether nothing of what ROW is for is there. */
static bool is_unasked(const struct program *program, const struct call_row *row)
{
	switch (row->condition) {
	case WHEN_VIEW:
		return !(program->view_flags & row->when_value);
	case WHEN_SETTING:
		return !(program->image_flags & row->when_value);
	case WHEN_WITHOUT:
		return program->image_flags & row->when_value;
	case WHEN_EITHER:
		return !(program->image_flags & row->when_value) && !(program->view_flags & row->when_value >> 32);
	default:
		return false;
	}
}

/* The guest gets ERROR. Who shows calls wants to know. */
static uint32_t refusal(const struct program *program, uint32_t error)
{
	return program->image_flags & IMAGE_SHOW ? SECCOMP_RET_TRAP | FILTER_REFUSED | error :
						   SECCOMP_RET_ERRNO | error;
}

/* What happens to number NR, as one value: numbers with the same share a leaf. */
static uint32_t verdict_of(const struct program *program, unsigned int nr)
{
	const struct call_row *row = call_find(nr);

	if (!row)
		return refusal(program, ENOSYS);
	if (row->action == CALL_REFUSE)
		return refusal(program, row->error);
	if (row->action == CALL_PASS || is_unasked(program, row))
		return SECCOMP_RET_ALLOW;
	return SECCOMP_RET_TRAP | FILTER_TRAP_DATA;
}

static bool is_conditional(const struct call_row *row)
{
	return row && row->action == CALL_TRAP && row->condition != WHEN_ALWAYS && row->condition < WHEN_SETTING;
}

/* Whether NR can share the leaf of the number before it. */
static bool continues(const struct program *program, unsigned int nr)
{
	return verdict_of(program, nr) == verdict_of(program, nr - 1) && !is_conditional(call_find(nr)) &&
	       !is_conditional(call_find(nr - 1));
}

static void emit_leaf(struct program *program, unsigned int nr)
{
	uint32_t verdict = verdict_of(program, nr);
	const struct call_row *row = call_find(nr);

	if (verdict == (SECCOMP_RET_TRAP | FILTER_TRAP_DATA)) {
		if (is_conditional(row))
			emit_condition(program, row);
		emit_gate(program);
	}
	emit_return(program, verdict);
}

/*
 * A binary search over the ranges that begin at STARTS. Conditional jumps
 * reach 255 instructions only, so the far half is reached by a plain jump.
 */
static void emit_search(struct program *program, const uint16_t *starts, unsigned int count)
{
	unsigned int middle = count / 2, jump;

	if (count == 1) {
		emit_leaf(program, starts[0]);
		return;
	}
	emit(program, BPF_JMP | BPF_JGE | BPF_K, starts[middle], 0, 1);
	jump = program->count;
	emit(program, BPF_JMP | BPF_JA, 0, 0, 0);
	emit_search(program, starts, middle);
	program->code[jump].k = program->count - jump - 1;
	emit_search(program, starts + middle, count - middle);
}

/* What programs do all day, the most frequent last: found before all others. */
static const uint16_t hot[] = { NR_openat2, NR_rt_sigreturn,   NR_readlink, NR_statx,
				NR_access,  NR_rt_sigprocmask, NR_openat,   NR_newfstatat };

static void emit_hot(struct program *program)
{
	unsigned int left = 0, jump;

	for (unsigned int i = 0; i < ARRAY_SIZE(hot); i++)
		left += hot[i] <= NR_HIGHEST;
	for (unsigned int i = ARRAY_SIZE(hot); i--;)
		if (hot[i] <= NR_HIGHEST)
			emit(program, BPF_JMP | BPF_JEQ | BPF_K, hot[i], left--, 0);
	jump = program->count;
	emit(program, BPF_JMP | BPF_JA, 0, 0, 0);
	emit_gate(program);
	emit_return(program, SECCOMP_RET_TRAP | FILTER_TRAP_DATA);
	program->code[jump].k = program->count - jump - 1;
}

unsigned int filter_build(struct sock_filter *filter, uint32_t image_flags, uint32_t view_flags)
{
	struct program program = { filter, 0, image_flags, view_flags };
	uint16_t starts[NUMBERS];
	unsigned int count = 0;

	for (unsigned int nr = 0; nr < NUMBERS; nr++)
		if (!nr || !continues(&program, nr))
			starts[count++] = (uint16_t)nr;
	emit_load(&program, offsetof(struct seccomp_data, arch));
	emit(&program, BPF_JMP | BPF_JEQ | BPF_K, ARCH_AUDIT, 1, 0);
	emit_return(&program, SECCOMP_RET_ERRNO | ENOSYS);
	emit_load(&program, offsetof(struct seccomp_data, nr));
	emit_hot(&program);
	emit(&program, BPF_JMP | BPF_JGE | BPF_K, NUMBERS, 0, 15);
	emit(&program, BPF_JMP | BPF_JEQ | BPF_K, QUERY_NUMBER, 0, 1);
	emit_return(&program, SECCOMP_RET_ALLOW);
	emit(&program, BPF_JMP | BPF_JEQ | BPF_K, FINISH_NUMBER, 0, 1);
	emit_return(&program, SECCOMP_RET_TRAP | FILTER_TRAP_DATA);
	emit(&program, BPF_JMP | BPF_JEQ | BPF_K, TELL_NUMBER, 0, 1);
	emit_return(&program, SECCOMP_RET_TRACE);
	emit(&program, BPF_JMP | BPF_JEQ | BPF_K, TELL_END_NUMBER, 0, 1);
	emit_return(&program, SECCOMP_RET_TRACE);
	emit(&program, BPF_JMP | BPF_JEQ | BPF_K, TELL_ASK_NUMBER, 0, 1);
	emit_return(&program, SECCOMP_RET_TRACE);
	/* What a tracer has put in the place of a number, for the call not to be made. */
	emit(&program, BPF_JMP | BPF_JEQ | BPF_K, ~(uint32_t)0, 0, 1);
	emit_return(&program, SECCOMP_RET_ALLOW);
	emit(&program, BPF_JMP | BPF_JGE | BPF_K, ARCH_FOREIGN_NUMBERS, 0, 1);
	emit_return(&program, SECCOMP_RET_ERRNO | ENOSYS);
	emit_return(&program, image_flags & IMAGE_ALLOW_UNKNOWN ? SECCOMP_RET_ALLOW : refusal(&program, ENOSYS));
	emit_search(&program, starts, count);
	return program.count;
}
