/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers of a stopped tracee, for the agent of its tracer.
 *
 * The kernel tells nobody the first argument of a call that has returned (orig_x0): one that is made again here
 * has its result in the place of that.
 */
#ifndef ARCH_TRACED_H
#define ARCH_TRACED_H

#include "registers.h"
#include <linux/elf.h>

#ifndef NT_ARM_SYSTEM_CALL
#define NT_ARM_SYSTEM_CALL 0x404
#endif
/* Of other CPUs: EIO. */
#define PTRACE_GETREGS 12
#define PTRACE_OLDSETOPTIONS 21
#define PTRACE_SINGLEBLOCK 33

/* What PTRACE_GETREGSET tells: struct user_pt_regs (asm/ptrace.h), and the number of the call. */
struct traced_registers {
	unsigned long x[31], sp, pc, pstate;
	int call; /* it is in, or -1 */
};

#define TRACED_NO_CALL (-1ul)

/* What PTRACE_GETREGSET has under which name. */
struct traced_part {
	unsigned long type;
	size_t offset, size;
};
#define TRACED_PARTS \
	{ \
		{ NT_PRSTATUS, 0, offsetof(struct traced_registers, call) }, \
		{ \
			NT_ARM_SYSTEM_CALL, offsetof(struct traced_registers, call), sizeof(int) \
		} \
	}

static inline unsigned long traced_instruction(const struct traced_registers *regs)
{
	return regs->pc;
}

static inline void traced_arguments(const struct traced_registers *regs, unsigned long arguments[6])
{
	for (int i = 0; i < 6; i++)
		arguments[i] = regs->x[i];
}

static inline long traced_result(const struct traced_registers *regs)
{
	return (long)regs->x[0];
}

/* The call it is in: TRACED_NO_CALL for none, or for one that is not to be made, or made again. */
static inline unsigned long traced_call(const struct traced_registers *regs)
{
	return (unsigned long)(long)regs->call;
}

static inline void traced_set_call(struct traced_registers *regs, unsigned long nr)
{
	regs->call = (int)nr;
}

static inline void traced_set_result(struct traced_registers *regs, long result)
{
	regs->x[0] = (unsigned long)result;
}

/* As a signal's context would have them, for what registers.h does with that. */
static inline void traced_to_context(const struct traced_registers *regs, struct ucontext *context)
{
	struct sigcontext *to = &context->uc_mcontext;

	for (int i = 0; i < 31; i++)
		to->regs[i] = regs->x[i];
	to->sp = regs->sp;
	to->pc = regs->pc;
	to->pstate = regs->pstate;
}

static inline void traced_from_context(struct traced_registers *regs, const struct ucontext *context)
{
	const struct sigcontext *from = &context->uc_mcontext;

	for (int i = 0; i < 31; i++)
		regs->x[i] = from->regs[i];
	regs->sp = from->sp;
	regs->pc = from->pc;
	regs->pstate = from->pstate;
}

/* Within the call NR, before it has a result. */
static inline void traced_in_call(struct traced_registers *regs, unsigned long nr)
{
	regs->call = (int)nr;
	regs->x[8] = nr;
}

/* Before the call it has returned from. */
static inline void traced_rewind(struct traced_registers *regs)
{
	regs->pc -= ARCH_SYSCALL_SIZE;
	regs->x[8] = traced_call(regs);
	regs->call = -1;
}

/* A program's first instruction: what start_thread() leaves, arch/arm64/include/asm/processor.h. */
static inline void traced_start_program(struct traced_registers *regs, unsigned long stack, unsigned long entry)
{
	*regs = (struct traced_registers){ .sp = stack, .pc = entry, .call = -1 };
}

#endif
