/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's registers in a signal's context, for the agent.
 */
#ifndef ARCH_REGISTERS_H
#define ARCH_REGISTERS_H

#include "arch.h"
#include <asm/signal.h>
#include <asm/sigcontext.h>
#include <asm/siginfo.h>
#include <asm/ucontext.h>
#include <stddef.h>

/* What a waiting call changes, saved in a slot's head from SLOT_RDI on. */
struct saved_registers {
	unsigned long rdi, rsi, rdx, r10, r8, r9, rbx, rip, rax;
};

static inline void registers_arguments(const struct ucontext *context, unsigned long arguments[6])
{
	const struct sigcontext *regs = &context->uc_mcontext;

	arguments[0] = regs->rdi;
	arguments[1] = regs->rsi;
	arguments[2] = regs->rdx;
	arguments[3] = regs->r10;
	arguments[4] = regs->r8;
	arguments[5] = regs->r9;
}

/* The number of the call that trapped: syscall_rollback() puts it back into rax. */
static inline unsigned long registers_number(const struct ucontext *context)
{
	return context->uc_mcontext.rax & 0xffffffff;
}

static inline void registers_set_result(struct ucontext *context, long result)
{
	context->uc_mcontext.rax = (unsigned long)result;
}

static inline unsigned long registers_stack(const struct ucontext *context)
{
	return context->uc_mcontext.rsp;
}

static inline unsigned long registers_instruction(const struct ucontext *context)
{
	return context->uc_mcontext.rip;
}

/* Let the guest go on at GATE with the call NR, SLOT in the register the gate expects it in. */
static inline void registers_enter_gate(struct ucontext *context, struct saved_registers *saved, void *slot,
					unsigned long gate, unsigned long nr, const unsigned long arguments[6])
{
	struct sigcontext *regs = &context->uc_mcontext;

	*saved = (struct saved_registers){ regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8,
					   regs->r9,  regs->rbx, regs->rip, regs->rax };
	regs->rdi = arguments[0];
	regs->rsi = arguments[1];
	regs->rdx = arguments[2];
	regs->r10 = arguments[3];
	regs->r8 = arguments[4];
	regs->r9 = arguments[5];
	regs->rbx = (unsigned long)slot;
	regs->rip = gate;
	regs->rax = nr;
}

static inline void *registers_slot(const struct ucontext *context)
{
	return (void *)context->uc_mcontext.rbx;
}

/* Behind the gate, the slot's last use is from another register than at it. */
static inline void *registers_late_slot(const struct ucontext *context)
{
	return (void *)context->uc_mcontext.r11;
}

/* Restore what the last instructions before the slot is freed would. */
static inline void registers_restore_late(struct ucontext *context, const struct saved_registers *saved)
{
	context->uc_mcontext.rbx = saved->rbx;
}

/* All is restored: go on where the last instruction would jump to. */
static inline void registers_leave_late(struct ucontext *context)
{
	context->uc_mcontext.rip = context->uc_mcontext.rcx;
}

static inline void restore_saved(struct sigcontext *regs, const struct saved_registers *saved)
{
	regs->rdi = saved->rdi;
	regs->rsi = saved->rsi;
	regs->rdx = saved->rdx;
	regs->r10 = saved->r10;
	regs->r8 = saved->r8;
	regs->r9 = saved->r9;
	regs->rbx = saved->rbx;
	regs->rip = saved->rip;
	regs->rcx = saved->rip;
}

/* As if the call had returned RESULT to the guest's site. */
static inline void registers_finish(struct ucontext *context, const struct saved_registers *saved, long result)
{
	restore_saved(&context->uc_mcontext, saved);
	context->uc_mcontext.rax = (unsigned long)result;
}

/* What the interrupted call left as its result. */
static inline long registers_result(const struct ucontext *context)
{
	return (long)context->uc_mcontext.rax;
}

/*
 * Bytes from the context to the end of the frame the kernel has put on the
 * signal stack: the vector registers come last (arch/x86/kernel/fpu/signal.c).
 */
static inline size_t registers_frame_size(const struct ucontext *context)
{
	const struct _fpstate_64 *fpstate = (const void *)context->uc_mcontext.fpstate;

	if (!fpstate)
		return sizeof(*context);
	if (fpstate->sw_reserved.magic1 != FP_XSTATE_MAGIC1)
		return (size_t)((const char *)(fpstate + 1) - (const char *)context);
	return (size_t)((const char *)fpstate - (const char *)context) + fpstate->sw_reserved.extended_size;
}

/*
 * The frame the kernel has pushed for a signal: the address of the handler's
 * return, the context, the siginfo (struct rt_sigframe, asm/sigframe.h), and
 * above them the vector registers, aligned to 64 bytes.
 */
#define FRAME_HEAD (sizeof(unsigned long) + sizeof(struct ucontext) + sizeof(siginfo_t))
#define RED_ZONE 128

/*
 * Copy the frame around CONTEXT to end below TOP. Returns the context in the
 * copy; NULL when the copy would begin below LOWEST.
 */
static inline struct ucontext *registers_move_frame(const struct ucontext *context, unsigned long top,
						    unsigned long lowest)
{
	const char *vectors = (const char *)context->uc_mcontext.fpstate;
	size_t vector_size = vectors ? registers_frame_size(context) - (size_t)(vectors - (const char *)context) : 0;
	unsigned long new_vectors = (top - vector_size) & ~63ul;
	unsigned long frame = ((new_vectors - FRAME_HEAD) & ~15ul) - sizeof(unsigned long);
	struct ucontext *copy = (struct ucontext *)(frame + sizeof(unsigned long));

	if (frame < lowest || frame > top)
		return NULL;
	__builtin_memcpy((void *)frame, (const char *)context - sizeof(unsigned long), FRAME_HEAD);
	if (vectors) {
		__builtin_memcpy((void *)new_vectors, vectors, vector_size);
		copy->uc_mcontext.fpstate = (void *)new_vectors;
	}
	return copy;
}

/* As if the guest's site had not yet made the call. */
static inline void registers_rewind(struct ucontext *context, const struct saved_registers *saved)
{
	restore_saved(&context->uc_mcontext, saved);
	context->uc_mcontext.rax = saved->rax;
	context->uc_mcontext.rip -= ARCH_SYSCALL_SIZE;
}

#endif
