/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a tracer knows of this CPU: where ptrace(2) has the registers of a stopped thread.
 */
#ifndef ARCH_TRACEE_H
#define ARCH_TRACEE_H

#include "arch.h"
#include <elf.h>
#include <linux/ptrace.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef NT_ARM_SYSTEM_CALL
#define NT_ARM_SYSTEM_CALL 0x404
#endif

/* Words of struct user_pt_regs (asm/ptrace.h), and what is no word of it. */
enum tracee_register {
	TRACEE_RESULT = 0,
	TRACEE_CLONE_FLAGS = 0, /* of clone(2) */
	TRACEE_X8 = 8,
	TRACEE_STACK = 31,
	TRACEE_INSTRUCTION = 32,
	TRACEE_WORDS = 34,
	TRACEE_NUMBER, /* of the call, at its entry: NT_ARM_SYSTEM_CALL */
};

/* All of a thread's. */
struct tracee_registers {
	unsigned long words[TRACEE_WORDS];
	size_t size; /* what the kernel has told: less of a thread that runs 32-bit code */
};

/* False: THREAD is gone. */
static inline bool tracee_read(int thread, struct tracee_registers *regs)
{
	struct iovec part = { regs->words, sizeof(regs->words) };

	if (syscall(SYS_ptrace, PTRACE_GETREGSET, thread, NT_PRSTATUS, &part))
		return false;
	regs->size = part.iov_len;
	return true;
}

/* Give THREAD, in a stop, VALUE in a register. */
static inline void tracee_set(int thread, enum tracee_register at, unsigned long value)
{
	struct tracee_registers regs;
	int number = (int)value;
	struct iovec part = { &number, sizeof(number) };

	if (at == TRACEE_NUMBER) {
		syscall(SYS_ptrace, PTRACE_SETREGSET, thread, NT_ARM_SYSTEM_CALL, &part);
	} else if (tracee_read(thread, &regs)) {
		regs.words[at] = value;
		part = (struct iovec){ regs.words, regs.size };
		syscall(SYS_ptrace, PTRACE_SETREGSET, thread, NT_PRSTATUS, &part);
	}
}

/* THREAD has made another call in the place of NR, and no more than its signal is left to come: as at its site again.
 */
static inline void tracee_undo(int thread, unsigned long nr, unsigned long first_argument)
{
	(void)nr; /* is in x8 still */
	tracee_set(thread, TRACEE_RESULT, first_argument);
}

/* Behind clone(2) its flags are where its result is: natively that is all there is, too. */
static inline void tracee_restore_flags(int thread, unsigned long flags)
{
	(void)thread;
	(void)flags;
}

/* The call that THREAD, with REGS, is at the entry of. */
static inline void tracee_describe(int thread, struct tracee_registers *regs, struct seccomp_data *call)
{
	(void)thread;
	call->nr = (int)regs->words[TRACEE_X8];
	call->arch = regs->size == sizeof(regs->words) ? ARCH_AUDIT : AUDIT_ARCH_ARM;
	call->instruction_pointer = regs->words[TRACEE_INSTRUCTION];
	for (int i = 0; i < 6; i++)
		call->args[i] = regs->words[i];
}

/*
 * A call changes x0 only, so there is no register to bring the agent the number and the site in: no call goes on in
 * the agent without a signal.
 */
static inline bool tracee_may_enter(struct tracee_registers *regs)
{
	(void)regs;
	return false;
}

static inline unsigned long tracee_lowest(struct tracee_registers *regs)
{
	return regs->words[TRACEE_STACK] - FAST_STACK;
}

static inline bool tracee_enter(int thread, struct tracee_registers *regs, unsigned long entrance,
				unsigned long instead)
{
	(void)thread;
	(void)regs;
	(void)entrance;
	(void)instead;
	return false;
}

#endif
