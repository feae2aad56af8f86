/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a tracer knows of this CPU: where ptrace(2) has the registers of a stopped thread.
 */
#ifndef ARCH_TRACEE_H
#define ARCH_TRACEE_H

#include "arch.h"
#include <linux/ptrace.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Offsets in struct user_regs_struct (asm/user_64.h), for PTRACE_POKEUSR. */
enum tracee_register {
	TRACEE_R11 = 48,
	TRACEE_R10 = 56,
	TRACEE_R9 = 64,
	TRACEE_R8 = 72,
	TRACEE_RESULT = 80, /* rax */
	TRACEE_RCX = 88,
	TRACEE_RDX = 96,
	TRACEE_RSI = 104,
	TRACEE_RDI = 112,
	TRACEE_CLONE_FLAGS = TRACEE_RDI, /* of clone(2) */
	TRACEE_NUMBER = 120,		 /* orig_rax: of the call, at its entry */
	TRACEE_INSTRUCTION = 128,	 /* rip */
	TRACEE_CODE = 136,		 /* cs */
	TRACEE_FLAGS = 144,		 /* eflags */
	TRACEE_STACK = 152,		 /* rsp */
	TRACEE_REGISTERS_SIZE = 216,
};

/* All of a thread's. */
struct tracee_registers {
	unsigned long words[TRACEE_REGISTERS_SIZE / sizeof(unsigned long)];
};

static inline unsigned long *tracee_word(struct tracee_registers *regs, enum tracee_register at)
{
	return &regs->words[at / sizeof(unsigned long)];
}

/* False: THREAD is gone. */
static inline bool tracee_read(int thread, struct tracee_registers *regs)
{
	return !syscall(SYS_ptrace, PTRACE_GETREGS, thread, 0, regs);
}

/* Give THREAD, in a stop, VALUE in a register. */
static inline void tracee_set(int thread, enum tracee_register at, unsigned long value)
{
	syscall(SYS_ptrace, PTRACE_POKEUSR, thread, at, value);
}

/* THREAD has made another call in the place of NR, and no more than its signal is left to come: as at its site again.
 */
static inline void tracee_undo(int thread, unsigned long nr, unsigned long first_argument)
{
	(void)first_argument; /* is as it was */
	tracee_set(thread, TRACEE_RESULT, nr);
}

/* Behind clone(2), or in its stop of an event: its flags as they were. */
static inline void tracee_restore_flags(int thread, unsigned long flags)
{
	tracee_set(thread, TRACEE_CLONE_FLAGS, flags);
}

#define TRACEE_CODE_64 0x33 /* __USER_CS: else the thread runs 32-bit code */

/*
 * Whether the call was made by the instruction syscall. That leaves its own address and the flags in registers
 * (entry_SYSCALL_64); what may not is int $0x80, which makes a call of i386 from any code.
 */
static inline bool tracee_is_native(int thread, struct tracee_registers *regs)
{
	unsigned long address = *tracee_word(regs, TRACEE_INSTRUCTION), word = 0;

	if (*tracee_word(regs, TRACEE_CODE) != TRACEE_CODE_64)
		return false;
	if (*tracee_word(regs, TRACEE_RCX) == address &&
	    *tracee_word(regs, TRACEE_R11) == *tracee_word(regs, TRACEE_FLAGS))
		return true;
	syscall(SYS_ptrace, PTRACE_PEEKTEXT, thread, address - ARCH_SYSCALL_SIZE, &word);
	return (word & 0xffff) != 0x80cd;
}

/* The call that THREAD, with REGS, is at the entry of. */
static inline void tracee_describe(int thread, struct tracee_registers *regs, struct seccomp_data *call)
{
	static const enum tracee_register arguments[] = { TRACEE_RDI, TRACEE_RSI, TRACEE_RDX,
							  TRACEE_R10, TRACEE_R8,  TRACEE_R9 };

	call->nr = (int)*tracee_word(regs, TRACEE_NUMBER);
	call->arch = tracee_is_native(thread, regs) ? ARCH_AUDIT : AUDIT_ARCH_I386;
	call->instruction_pointer = *tracee_word(regs, TRACEE_INSTRUCTION);
	for (unsigned int i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++)
		call->args[i] = *tracee_word(regs, arguments[i]);
}

#define TRACEE_DIRECTION_FLAG 0x400

/* Whether flags and stack of the guest's are such that a call may go on at fast_traced of entry.S. */
static inline bool tracee_may_enter(struct tracee_registers *regs)
{
	return !(*tracee_word(regs, TRACEE_FLAGS) & TRACEE_DIRECTION_FLAG) &&
	       !ARCH_IS_GO_STACK(*tracee_word(regs, TRACEE_STACK));
}

/* The lowest address that such a call writes to. */
static inline unsigned long tracee_lowest(struct tracee_registers *regs)
{
	return *tracee_word(regs, TRACEE_STACK) - FAST_STACK;
}

/*
 * Let THREAD, with REGS, at the entry of a call of the guest's, make the call INSTEAD, and go on at ENTRANCE:
 * fast_traced, with the number of the guest's call in r11, and in rcx, as ever, the address behind its site.
 * False: it is gone.
 */
static inline bool tracee_enter(int thread, struct tracee_registers *regs, unsigned long entrance,
				unsigned long instead)
{
	*tracee_word(regs, TRACEE_R11) = *tracee_word(regs, TRACEE_NUMBER);
	*tracee_word(regs, TRACEE_RCX) = *tracee_word(regs, TRACEE_INSTRUCTION);
	*tracee_word(regs, TRACEE_INSTRUCTION) = entrance;
	*tracee_word(regs, TRACEE_NUMBER) = instead;
	return !syscall(SYS_ptrace, PTRACE_SETREGS, thread, 0, regs);
}

#endif
