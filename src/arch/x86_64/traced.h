/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers of a stopped tracee, for the agent of its tracer.
 */
#ifndef ARCH_TRACED_H
#define ARCH_TRACED_H

#include "registers.h"
#include <asm/ptrace-abi.h>
#include <linux/elf.h>

/* What PTRACE_GETREGS and NT_PRSTATUS tell: struct user_regs_struct, asm/user_64.h. */
struct traced_registers {
	unsigned long r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	unsigned long orig_rax; /* number of the system call it is in, or -1 */
	unsigned long rip, cs, eflags, rsp, ss, fs_base, gs_base, ds, es, fs, gs;
};

#define TRACED_NO_CALL (-1ul)

/* What PTRACE_GETREGSET has under which name. */
struct traced_part {
	unsigned long type;
	size_t offset, size;
};
#define TRACED_PARTS \
	{ \
		{ NT_PRSTATUS, 0, sizeof(struct traced_registers) }, \
	}

static inline unsigned long traced_instruction(const struct traced_registers *regs)
{
	return regs->rip;
}

static inline void traced_arguments(const struct traced_registers *regs, unsigned long arguments[6])
{
	arguments[0] = regs->rdi;
	arguments[1] = regs->rsi;
	arguments[2] = regs->rdx;
	arguments[3] = regs->r10;
	arguments[4] = regs->r8;
	arguments[5] = regs->r9;
}

static inline long traced_result(const struct traced_registers *regs)
{
	return (long)regs->rax;
}

/* The call it is in: TRACED_NO_CALL for none, or for one that is not to be made, or made again. */
static inline unsigned long traced_call(const struct traced_registers *regs)
{
	return regs->orig_rax;
}

static inline void traced_set_call(struct traced_registers *regs, unsigned long nr)
{
	regs->orig_rax = nr;
}

static inline void traced_set_result(struct traced_registers *regs, long result)
{
	regs->rax = (unsigned long)result;
}

/* As a signal's context would have them, for what registers.h does with that. */
static inline void traced_to_context(const struct traced_registers *regs, struct ucontext *context)
{
	struct sigcontext *to = &context->uc_mcontext;

	to->r8 = regs->r8;
	to->r9 = regs->r9;
	to->r10 = regs->r10;
	to->r11 = regs->r11;
	to->r12 = regs->r12;
	to->r13 = regs->r13;
	to->r14 = regs->r14;
	to->r15 = regs->r15;
	to->rdi = regs->rdi;
	to->rsi = regs->rsi;
	to->rbp = regs->rbp;
	to->rbx = regs->rbx;
	to->rdx = regs->rdx;
	to->rax = regs->rax;
	to->rcx = regs->rcx;
	to->rsp = regs->rsp;
	to->rip = regs->rip;
	to->eflags = regs->eflags;
}

static inline void traced_from_context(struct traced_registers *regs, const struct ucontext *context)
{
	const struct sigcontext *from = &context->uc_mcontext;

	regs->r8 = from->r8;
	regs->r9 = from->r9;
	regs->r10 = from->r10;
	regs->r11 = from->r11;
	regs->r12 = from->r12;
	regs->r13 = from->r13;
	regs->r14 = from->r14;
	regs->r15 = from->r15;
	regs->rdi = from->rdi;
	regs->rsi = from->rsi;
	regs->rbp = from->rbp;
	regs->rbx = from->rbx;
	regs->rdx = from->rdx;
	regs->rax = from->rax;
	regs->rcx = from->rcx;
	regs->rsp = from->rsp;
	regs->rip = from->rip;
	regs->eflags = from->eflags;
}

/* Within the call NR, before it has a result. */
static inline void traced_in_call(struct traced_registers *regs, unsigned long nr)
{
	regs->orig_rax = nr;
	regs->rax = -38ul; /* -ENOSYS */
}

/* Before the call it has returned from. */
static inline void traced_rewind(struct traced_registers *regs)
{
	regs->rip -= ARCH_SYSCALL_SIZE;
	regs->rax = regs->orig_rax;
	regs->orig_rax = TRACED_NO_CALL;
}

/* A program's first instruction: what start_thread() leaves, arch/x86/kernel/process_64.c. */
static inline void traced_start_program(struct traced_registers *regs, unsigned long stack, unsigned long entry)
{
	struct ucontext context = { 0 };

	context.uc_mcontext.rsp = stack;
	context.uc_mcontext.rip = entry;
	context.uc_mcontext.eflags = 0x200;
	traced_from_context(regs, &context);
	regs->orig_rax = TRACED_NO_CALL;
}

#endif
