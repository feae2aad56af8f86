/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The seccomp program, run by a simulator: what becomes of every number must
 * be what its row says.
 */
#include "tap.h"
#include "agent/calls.h"
#include "arch.h"
#include "engine/filter.h"
#include "engine/verdict.h"
#include "image/filter_data.h"
#include "numbers.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>

#define INSTRUCTIONS_MOST 4096 /* BPF_MAXINSNS */
#define OUTSIDE 0x400123ul
#define GATE (IMAGE_ADDRESS + GATE_OFFSET)
#define TRAPS (SECCOMP_RET_TRAP | FILTER_TRAP_DATA)
#define NO_CALL (SECCOMP_RET_ERRNO | ENOSYS)
#define PASSES SECCOMP_RET_ALLOW
#define NOT_MADE (SECCOMP_RET_TRACE | FILTER_TRAP_DATA)
#define FOREIGN_ABI 0x40000000 /* __X32_SYSCALL_BIT */

static struct sock_filter code[FILTER_MOST];
static unsigned int count;
static bool looks_further; /* the last verdict depended on more than architecture and number */

static bool is_jump_inside(unsigned int at, unsigned long distance)
{
	return at + 1 + distance < count;
}

/* The checks of seccomp_check_filter() and bpf_check_classic(), for the instructions there are. */
static bool is_valid(void)
{
	if (!count || count > INSTRUCTIONS_MOST || BPF_CLASS(code[count - 1].code) != BPF_RET)
		return false;
	for (unsigned int at = 0; at < count; at++) {
		const struct sock_filter *step = &code[at];

		switch (step->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (step->k % 4 || step->k >= sizeof(struct seccomp_data))
				return false;
			break;
		case BPF_JMP | BPF_JA:
			if (!is_jump_inside(at, step->k))
				return false;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
		case BPF_JMP | BPF_JGE | BPF_K:
		case BPF_JMP | BPF_JGT | BPF_K:
		case BPF_JMP | BPF_JSET | BPF_K:
			if (!is_jump_inside(at, step->jt) || !is_jump_inside(at, step->jf))
				return false;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
		case BPF_RET | BPF_K:
			break;
		default:
			return false;
		}
	}
	return true;
}

static bool is_true(const struct sock_filter *step, uint32_t accumulator)
{
	switch (BPF_OP(step->code)) {
	case BPF_JEQ:
		return accumulator == step->k;
	case BPF_JGE:
		return accumulator >= step->k;
	case BPF_JGT:
		return accumulator > step->k;
	default:
		return accumulator & step->k;
	}
}

static uint32_t simulate(const struct seccomp_data *data)
{
	uint32_t accumulator = 0;

	looks_further = false;
	for (unsigned int at = 0;; at++) {
		const struct sock_filter *step = &code[at];

		switch (BPF_CLASS(step->code)) {
		case BPF_LD:
			memcpy(&accumulator, (const char *)data + step->k, sizeof(accumulator));
			looks_further |= step->k >= offsetof(struct seccomp_data, instruction_pointer);
			break;
		case BPF_ALU:
			accumulator &= step->k;
			break;
		case BPF_RET:
			return step->k;
		default:
			if (BPF_OP(step->code) == BPF_JA)
				at += step->k;
			else
				at += is_true(step, accumulator) ? step->jt : step->jf;
		}
	}
}

static bool is_tracer_right = true;

/* The same by the tracer's own way. */
static uint32_t verdict(const struct seccomp_data *data)
{
	uint32_t result = simulate(data);

	is_tracer_right &= verdict_find(code, data) == result;
	return result;
}

static struct seccomp_data data_of(unsigned int nr, unsigned long pointer)
{
	return (struct seccomp_data){ .nr = (int)nr, .arch = ARCH_AUDIT, .instruction_pointer = pointer };
}

/* A call whose arguments all are FILL, but for NUMBER in argument WHERE. */
static uint32_t verdict_with(unsigned int nr, unsigned long pointer, uint64_t fill, unsigned int where, uint64_t number)
{
	struct seccomp_data data = data_of(nr, pointer);

	for (unsigned int i = 0; i < 6; i++)
		data.args[i] = i == where ? number : fill;
	return verdict(&data);
}

static uint32_t verdict_of(unsigned int nr, unsigned long pointer)
{
	struct seccomp_data data = data_of(nr, pointer);

	return verdict(&data);
}

static bool report(bool is_right, const char *name)
{
	if (!is_right)
		printf("# %s\n", name);
	return is_right;
}

/* What a conditional row's call gets from outside when its argument is NUMBER, whatever the others are. */
static bool gets(const struct call_row *row, uint64_t number, uint32_t wanted)
{
	unsigned int where = row->when_argument;

	return verdict_with(row->nr, OUTSIDE, 0, where, number) == wanted &&
	       verdict_with(row->nr, OUTSIDE, ~0ull, where, number) == wanted &&
	       verdict_with(row->nr, GATE, 0, where, number) == PASSES;
}

/* The same, but all others are 0. */
static bool gets_with_zero(const struct call_row *row, uint64_t number, uint32_t wanted)
{
	return verdict_with(row->nr, OUTSIDE, 0, row->when_argument, number) == wanted;
}

static bool is_among_right(const struct call_row *row, uint64_t bits)
{
	for (uint64_t number = 0; number < 70; number++) {
		uint32_t wanted = number < 64 && bits >> number & 1 ? TRAPS : PASSES;

		if (!gets(row, number, wanted) || !gets(row, number | 1ull << 32, wanted))
			return false;
	}
	return gets(row, ~0ull, PASSES);
}

static bool is_condition_right(const struct call_row *row)
{
	const uint64_t high = 1ull << 32;

	switch (row->condition) {
	case WHEN_SET:
		return gets(row, 0, PASSES) && gets(row, 1, TRAPS) && gets(row, high, TRAPS) && gets(row, ~0ull, TRAPS);
	case WHEN_AMONG:
		return is_among_right(row, row->when_value);
	case WHEN_SENDS:
		return is_among_right(row, row->when_value >> 32);
	case WHEN_DIFFERS:
		return gets(row, row->when_value, PASSES) && gets(row, row->when_value | high, PASSES) &&
		       gets(row, row->when_value + 1, TRAPS) && gets(row, ~(uint64_t)row->when_value, TRAPS);
	case WHEN_OURS:
		return gets_with_zero(row, IMAGE_ADDRESS, TRAPS) &&
		       gets_with_zero(row, IMAGE_ADDRESS | 0xffffffff, TRAPS) &&
		       gets_with_zero(row, IMAGE_ADDRESS - 1, PASSES) && gets_with_zero(row, 0, PASSES) &&
		       verdict_with(row->nr, OUTSIDE, 0, row->when_argument + 1u, high) == TRAPS &&
		       verdict_with(row->nr, OUTSIDE, 0, row->when_argument + 1u, high - 1) == PASSES &&
		       verdict_with(row->nr, GATE, ~0ull, 6, 0) == PASSES;
	case WHEN_EQUALS:
		return gets(row, (uint32_t)row->when_value, TRAPS) && gets(row, row->when_value >> 32, TRAPS) &&
		       gets(row, row->when_value >> 32 | high, TRAPS) && gets(row, 0, PASSES) &&
		       gets(row, (uint32_t)row->when_value ^ 1, PASSES) &&
		       gets(row, (row->when_value >> 32) + 2, PASSES);
	default:
		return true;
	}
}

/* Whether the call of a row that traps passes from every address of the gate, and from no other. */
static bool is_gate_right(const struct call_row *row)
{
	const uint64_t other = 0x5a5a5a5a5a5a5a5a; /* meets every condition of the table */

	for (unsigned long offset = 0; offset < GATE_SIZE; offset++)
		if (verdict_with(row->nr, GATE + offset, other, 6, 0) !=
		    (GATE + offset == IMAGE_ADDRESS + GATE_JUDGED_OFFSET ? NOT_MADE : PASSES))
			return false;
	for (unsigned int bit = 0; bit < 64; bit++)
		if (1ul << bit >= GATE_SIZE && verdict_with(row->nr, GATE ^ 1ul << bit, other, 6, 0) != TRAPS)
			return false;
	return verdict_with(row->nr, GATE - 1, other, 6, 0) == TRAPS &&
	       verdict_with(row->nr, GATE + GATE_SIZE, other, 6, 0) == TRAPS &&
	       verdict_with(row->nr, (uint32_t)GATE, other, 6, 0) == TRAPS;
}

static void build(uint32_t image_flags, uint32_t view_flags)
{
	count = filter_build(code, image_flags, view_flags);
}

static void test_rows(void)
{
	bool passes = true, is_constant = true, refuses = true, traps = true, gates = true, conditions = true;

	for (unsigned int i = 0; i < call_row_count; i++) {
		const struct call_row *row = &call_rows[i];
		uint32_t outside = verdict_of(row->nr, OUTSIDE);

		if (row->action == CALL_PASS) {
			passes &= report(outside == PASSES, row->name);
			is_constant &= report(!looks_further, row->name);
		} else if (row->action == CALL_REFUSE) {
			refuses &= report(outside == (SECCOMP_RET_ERRNO | row->error), row->name);
		} else if (row->condition < WHEN_SETTING) {
			if (row->condition == WHEN_ALWAYS)
				traps &= report(outside == TRAPS, row->name);
			conditions &= report(is_condition_right(row), row->name);
			if (row->condition != WHEN_AMONG && row->condition != WHEN_EQUALS &&
			    row->condition != WHEN_SENDS && row->condition != WHEN_OURS)
				gates &= report(is_gate_right(row), row->name);
		}
	}
	ok(passes, "what passes passes");
	ok(is_constant, "by its number alone, so that the kernel remembers it");
	ok(refuses, "what is refused gets its error");
	ok(traps, "what always traps traps");
	ok(conditions, "conditions look at the right argument");
	ok(gates, "the gate's whole page passes, compared in both words, but for what is to be judged");
}

static void test_unknown(void)
{
	bool refuses = true;

	for (unsigned int nr = 0; nr <= NR_HIGHEST; nr++)
		if (!call_find(nr))
			refuses &= verdict_of(nr, OUTSIDE) == NO_CALL && verdict_of(nr, GATE) == NO_CALL;
	ok(refuses, "numbers between the rows are ENOSYS");
	ok(verdict_of(NR_HIGHEST + 1, OUTSIDE) == NO_CALL && verdict_of(5000, OUTSIDE) == NO_CALL &&
		   verdict_of(~1u, OUTSIDE) == NO_CALL,
	   "numbers behind the rows are ENOSYS");
	ok(verdict_of(~0u, OUTSIDE) == PASSES, "what a tracer puts in the place of a number passes");
	ok(verdict_of(TELL_NUMBER, OUTSIDE) == SECCOMP_RET_TRACE && verdict_of(TELL_NUMBER, GATE) == SECCOMP_RET_TRACE,
	   "the number that tells tracers does");
	ok(verdict_of(TELL_END_NUMBER, GATE) == SECCOMP_RET_TRACE &&
		   verdict_of(TELL_ASK_NUMBER, GATE) == SECCOMP_RET_TRACE,
	   "and so do the others");
	ok(verdict_of(TELL_END_NUMBER, GATE) == SECCOMP_RET_TRACE, "and so does that of ends");
	ok(verdict_of(FOREIGN_ABI, OUTSIDE) == NO_CALL && verdict_of(FOREIGN_ABI | NR_openat, OUTSIDE) == NO_CALL,
	   "numbers of x32 are ENOSYS");
	ok(verdict_of(FINISH_NUMBER, OUTSIDE) == TRAPS && verdict_of(FINISH_NUMBER, GATE) == TRAPS,
	   "the finishing number traps");
	ok(verdict_of(QUERY_NUMBER, OUTSIDE) == PASSES, "the number that filters of guests answer passes");
	build(IMAGE_ALLOW_UNKNOWN, 0);
	ok(is_valid(), "with -u the program is one the kernel takes");
	ok(verdict_of(NR_HIGHEST + 1, OUTSIDE) == PASSES && verdict_of(5000, OUTSIDE) == PASSES, "with -u they pass");
	ok(verdict_of(FOREIGN_ABI | NR_openat, OUTSIDE) == NO_CALL, "with -u numbers of x32 are still ENOSYS");
	ok(verdict_of(FINISH_NUMBER, OUTSIDE) == TRAPS, "with -u the finishing number still traps");
	ok(verdict_of(NR_openat, OUTSIDE) == TRAPS && verdict_of(NR_swapon, OUTSIDE) == (SECCOMP_RET_ERRNO | EPERM),
	   "with -u what is known does not change");
}

static void test_foreign(void)
{
	static const uint32_t foreign[] = { AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64, AUDIT_ARCH_ARM, AUDIT_ARCH_X86_64, 0 };
	bool refuses = true;

	for (unsigned int i = 0; i < ARRAY_SIZE(foreign); i++) {
		for (unsigned int nr = 0; nr <= NR_HIGHEST && foreign[i] != ARCH_AUDIT; nr++) {
			struct seccomp_data data = data_of(nr, nr % 2 ? GATE : OUTSIDE);

			data.arch = foreign[i];
			refuses &= verdict(&data) == NO_CALL;
		}
	}
	ok(refuses, "calls of other architectures are ENOSYS, from the gate too");
}

static bool is_asked(const struct call_row *row, uint32_t settings, uint32_t view_flags)
{
	switch (row->condition) {
	case WHEN_VIEW:
		return view_flags & row->when_value;
	case WHEN_SETTING:
		return settings & row->when_value;
	case WHEN_WITHOUT:
		return !(settings & row->when_value);
	default:
		return settings & (uint32_t)row->when_value || view_flags & (uint32_t)(row->when_value >> 32);
	}
}

static bool are_asked_rows_right(uint32_t settings, uint32_t view_flags)
{
	bool is_right = true;

	for (unsigned int i = 0; i < call_row_count; i++) {
		const struct call_row *row = &call_rows[i];
		bool traps = is_asked(row, settings, view_flags);

		if (row->action != CALL_TRAP || row->condition < WHEN_SETTING)
			continue;
		is_right &= report(verdict_of(row->nr, OUTSIDE) == (traps ? TRAPS : PASSES), row->name);
		is_right &= report(looks_further == traps, row->name);
		is_right &= report(verdict_of(row->nr, GATE) == PASSES, row->name);
	}
	return is_right;
}

/* Rows that depend on the view or on options: each of the flags alone must trap what asks for it, and nothing else. */
static void test_flags(void)
{
	static const uint32_t view_flags[] = {
		0, VIEW_DIRECTORY, VIEW_VIRTUAL, VIEW_UNLISTED, VIEW_VIRTUAL | VIEW_UNLISTED, VIEW_TWICE
	};
	static const uint32_t settings[] = { 0, IMAGE_KERNEL, IMAGE_IDENTITY, IMAGE_KERNEL | IMAGE_IDENTITY,
					     IMAGE_TRACED };
	bool is_right = true, valid = true;

	for (unsigned int i = 0; i < ARRAY_SIZE(view_flags); i++)
		for (unsigned int j = 0; j < ARRAY_SIZE(settings); j++) {
			build(settings[j], view_flags[i]);
			valid &= is_valid();
			is_right &= are_asked_rows_right(settings[j], view_flags[i]);
		}
	ok(valid, "for every view and all options the program is one the kernel takes");
	ok(is_right, "what depends on the view or an option traps with such a one only");
}

int main(void)
{
	build(0, 0);
	ok(count <= FILTER_MOST, "the program fits");
	ok(is_valid(), "it is one the kernel takes");
	printf("# %u instructions\n", count);
	test_rows();
	test_unknown();
	test_foreign();
	test_flags();
	ok(is_tracer_right, "the tracer finds the same verdicts");
	return plan_done();
}
