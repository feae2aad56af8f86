/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/bpf.h"

/* The machine of classic BPF, but for its program and data. */
struct machine {
	uint32_t accumulator, index;
	uint32_t memory[BPF_MEMWORDS];
};

static uint32_t operand(const struct machine *machine, const struct sock_filter *step)
{
	return BPF_SRC(step->code) == BPF_X ? machine->index : step->k;
}

/* False for a division by nothing, which ends the program with 0. */
static bool calculate(struct machine *machine, const struct sock_filter *step)
{
	uint32_t *a = &machine->accumulator, b = operand(machine, step);

	switch (BPF_OP(step->code)) {
	case BPF_ADD:
		*a += b;
		break;
	case BPF_SUB:
		*a -= b;
		break;
	case BPF_MUL:
		*a *= b;
		break;
	case BPF_DIV:
		if (!b)
			return false;
		*a /= b;
		break;
	case BPF_AND:
		*a &= b;
		break;
	case BPF_OR:
		*a |= b;
		break;
	case BPF_XOR:
		*a ^= b;
		break;
	/* Numbers from 32 on are refused in the program; in the register they count modulo 32, as on the kernel's. */
	case BPF_LSH:
		*a <<= b & 31;
		break;
	case BPF_RSH:
		*a >>= b & 31;
		break;
	case BPF_NEG:
		*a = -*a;
		break;
	}
	return true;
}

/* How many instructions are left out. */
static uint32_t jump(const struct machine *machine, const struct sock_filter *step)
{
	uint32_t a = machine->accumulator, b = operand(machine, step);
	bool is_true;

	switch (BPF_OP(step->code)) {
	case BPF_JA:
		return step->k;
	case BPF_JEQ:
		is_true = a == b;
		break;
	case BPF_JGT:
		is_true = a > b;
		break;
	case BPF_JGE:
		is_true = a >= b;
		break;
	default:
		is_true = a & b;
	}
	return is_true ? step->jt : step->jf;
}

/* What LD and LDX load. */
static uint32_t load(const struct machine *machine, const struct sock_filter *step, const struct seccomp_data *data,
		     bool *looks_further)
{
	uint32_t word = 0;

	switch (BPF_MODE(step->code)) {
	case BPF_ABS:
		*looks_further |= step->k >= offsetof(struct seccomp_data, instruction_pointer);
		if (step->k <= sizeof(*data) - sizeof(word))
			memcpy(&word, (const char *)data + step->k, sizeof(word));
		return word;
	case BPF_LEN:
		return sizeof(*data);
	case BPF_MEM:
		return machine->memory[step->k % BPF_MEMWORDS];
	default:
		return step->k;
	}
}

static void transfer(struct machine *machine, const struct sock_filter *step)
{
	if (BPF_MISCOP(step->code) == BPF_TAX)
		machine->index = machine->accumulator;
	else
		machine->accumulator = machine->index;
}

uint32_t bpf_run(const struct sock_filter *code, unsigned int count, const struct seccomp_data *data,
		 bool *looks_further)
{
	struct machine machine = { 0 };

	*looks_further = false;
	for (uint64_t at = 0; at < count; at++) {
		const struct sock_filter *step = &code[at];

		switch (BPF_CLASS(step->code)) {
		case BPF_LD:
			machine.accumulator = load(&machine, step, data, looks_further);
			break;
		case BPF_LDX:
			machine.index = load(&machine, step, data, looks_further);
			break;
		case BPF_ST:
			machine.memory[step->k % BPF_MEMWORDS] = machine.accumulator;
			break;
		case BPF_STX:
			machine.memory[step->k % BPF_MEMWORDS] = machine.index;
			break;
		case BPF_ALU:
			if (!calculate(&machine, step))
				return 0;
			break;
		case BPF_JMP:
			at += jump(&machine, step);
			break;
		case BPF_RET:
			return BPF_RVAL(step->code) == BPF_A ? machine.accumulator : step->k;
		default:
			transfer(&machine, step);
		}
	}
	return SECCOMP_RET_KILL_PROCESS;
}
