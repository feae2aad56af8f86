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
#include <stdbool.h>
#include <stdint.h>

/* What a waiting call changes, saved in a slot's head from SLOT_RDI on. */
struct saved_registers {
	unsigned long rdi, rsi, rdx, r10, r8, r9, rbx, rip, rax;
};

_Static_assert(SLOT_SAVED + offsetof(struct saved_registers, rip) == SLOT_RIP, "arch.h");
_Static_assert(offsetof(struct ucontext, uc_mcontext.rbx) == UCONTEXT_RBX, "arch.h");
_Static_assert(offsetof(struct ucontext, uc_mcontext.rip) == UCONTEXT_RIP, "arch.h");

/* Whether the thread has a user shadow stack (arch_prctl(2), Linux 6.6): rdsspq leaves the register alone if not. */
static inline bool cpu_has_shadow_stack(void)
{
	unsigned long pointer = 0;

	__asm__ volatile("rdsspq %0" : "+r"(pointer));
	return pointer;
}

/* A clock that costs nothing, in ticks of 0.2 to 1 ns. */
static inline uint64_t cpu_ticks(void)
{
	return __builtin_ia32_rdtsc();
}

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

/* The registers of a call from a patched site, as fast_entry saves them. */
struct fast_registers {
	unsigned long result; /* rax: before the call its number */
	unsigned long rdi, rsi, rdx, r10, r8, r9, rip, rsp, rbx, rbp, r12, r13, r14, r15;
	unsigned long flags; /* ah: as lahf has them, al: overflow */
};

_Static_assert(offsetof(struct fast_registers, rbp) == FAST_RBP, "arch.h");
_Static_assert(offsetof(struct fast_registers, flags) == FAST_FLAGS, "arch.h");

static inline void registers_fast_arguments(const struct fast_registers *regs, unsigned long arguments[6])
{
	arguments[0] = regs->rdi;
	arguments[1] = regs->rsi;
	arguments[2] = regs->rdx;
	arguments[3] = regs->r10;
	arguments[4] = regs->r8;
	arguments[5] = regs->r9;
}

/* The stack pointer at the site. */
static inline unsigned long registers_fast_stack(const struct fast_registers *regs)
{
	return regs->rsp;
}

#define FLAGS_OF_LAHF 0xd5ul
#define FLAG_OVERFLOW_BIT 11

/* Make CONTEXT that of the guest behind its site, with rax as in REGS: a result, or the number before the call. */
static inline void registers_from_fast(struct ucontext *context, const struct fast_registers *regs)
{
	struct sigcontext *to = &context->uc_mcontext;
	unsigned long changed = FLAGS_OF_LAHF | 1ul << FLAG_OVERFLOW_BIT;

	to->rax = regs->result;
	to->rdi = regs->rdi;
	to->rsi = regs->rsi;
	to->rdx = regs->rdx;
	to->r10 = regs->r10;
	to->r8 = regs->r8;
	to->r9 = regs->r9;
	to->rcx = to->rip = regs->rip;
	to->rsp = regs->rsp;
	to->rbx = regs->rbx;
	to->rbp = regs->rbp;
	to->r12 = regs->r12;
	to->r13 = regs->r13;
	to->r14 = regs->r14;
	to->r15 = regs->r15;
	to->eflags =
		(to->eflags & ~changed) | (regs->flags >> 8 & FLAGS_OF_LAHF) | (regs->flags & 1) << FLAG_OVERFLOW_BIT;
}

/* What the child of a clone3 goes home by. */
static inline struct saved_registers registers_saved_fast(const struct fast_registers *regs)
{
	return (struct saved_registers){ regs->rdi, regs->rsi, regs->rdx, regs->r10,   regs->r8,
					 regs->r9,  regs->rbx, regs->rip, regs->result };
}

/* As if the site had not yet made its call. */
static inline void registers_rewind_fast(struct ucontext *context, const struct fast_registers *regs)
{
	registers_from_fast(context, regs);
	context->uc_mcontext.rip -= ARCH_SYSCALL_SIZE;
}

/*
 * fast_entry has only just begun. First it only looks whether it is closed, r11 has the
 * address behind the site; then nothing but the stack pointer changes, and r11 has it; and
 * then rax, which is in the frame at the stack pointer.
 */
static inline void registers_rewind_look(struct ucontext *context)
{
	context->uc_mcontext.rip = context->uc_mcontext.r11 - ARCH_SYSCALL_SIZE;
}

/* At fast_traced, where r11 has the number. */
static inline void registers_rewind_traced(struct ucontext *context)
{
	context->uc_mcontext.rax = context->uc_mcontext.r11;
	context->uc_mcontext.rip = context->uc_mcontext.rcx - ARCH_SYSCALL_SIZE;
}

static inline void registers_rewind_entry(struct ucontext *context, bool has_moved, bool has_saved)
{
	if (has_saved)
		context->uc_mcontext.rax = ((const struct fast_registers *)context->uc_mcontext.rsp)->result;
	if (has_moved)
		context->uc_mcontext.rsp = context->uc_mcontext.r11;
	context->uc_mcontext.rip = context->uc_mcontext.rcx - ARCH_SYSCALL_SIZE;
}

/* Between gate_change and gate_change_end. */
static inline long registers_change_directory(const struct ucontext *context)
{
	return (long)context->uc_mcontext.r12;
}

static inline long registers_change_result(const struct ucontext *context)
{
	return (long)context->uc_mcontext.r13;
}

static inline bool registers_is_zero(const struct ucontext *context)
{
	return context->uc_mcontext.eflags & 0x40;
}

/* The frame is in rbx, and in r11 for the last instructions. */
static inline void *registers_fast_frame(const struct ucontext *context)
{
	return (void *)context->uc_mcontext.rbx;
}

static inline void *registers_late_fast_frame(const struct ucontext *context)
{
	return (void *)context->uc_mcontext.r11;
}

/* The registers a call goes to the gate with, copied to where gate_unmask takes them from. */
static inline unsigned long registers_enter_later(const struct ucontext *context, unsigned long enter[7])
{
	registers_arguments(context, enter);
	enter[6] = context->uc_mcontext.rax;
	return context->uc_mcontext.rip;
}

/* The number of the call that trapped: syscall_rollback() puts it back into rax. */
static inline unsigned long registers_number(const struct ucontext *context)
{
	return context->uc_mcontext.rax & 0xffffffff;
}

static inline void registers_set_number(struct ucontext *context, unsigned long nr)
{
	context->uc_mcontext.rax = nr;
}

static inline unsigned long registers_saved_number(const struct saved_registers *saved)
{
	return saved->rax & 0xffffffff;
}

static inline void registers_set_result(struct ucontext *context, long result)
{
	context->uc_mcontext.rax = (unsigned long)result;
}

/* The mask of blocked signals that counts when the handler has returned. */
static inline unsigned long *registers_mask(struct ucontext *context)
{
	return &context->uc_sigmask;
}

static inline unsigned long registers_stack(const struct ucontext *context)
{
	return context->uc_mcontext.rsp;
}

static inline void registers_set_instruction(struct ucontext *context, unsigned long instruction)
{
	context->uc_mcontext.rip = instruction;
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

/* At gate_clone3: which record the child goes home by, and whether parent and child share it. */
static inline void registers_set_child(unsigned long arguments[6], void *record, bool is_shared)
{
	arguments[4] = is_shared;
	arguments[5] = (unsigned long)record;
}

static inline void *registers_child(const struct ucontext *context)
{
	return (void *)context->uc_mcontext.r9;
}

static inline bool registers_child_is_shared(const struct ucontext *context)
{
	return context->uc_mcontext.r8;
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

/* Behind the guest's site, with what it had there before the call. */
static inline void registers_unfinish(struct ucontext *context, const struct saved_registers *saved)
{
	restore_saved(&context->uc_mcontext, saved);
	context->uc_mcontext.rax = saved->rax;
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

/* Where the context of the frame is that rt_sigreturn(2), made at STACK, takes. */
static inline unsigned long registers_frame_context(unsigned long stack)
{
	return stack;
}

/* Where the siginfo is, whose first word is the signal, in the frame with the context at CONTEXT. */
static inline unsigned long registers_frame_info(unsigned long context)
{
	return context + sizeof(struct ucontext);
}

/* The handler that is entered on the frame around CONTEXT is to return to RESTORER; what a shadow stack says stays. */
static inline void registers_set_return(struct ucontext *context, unsigned long restorer)
{
	if (!cpu_has_shadow_stack())
		((unsigned long *)context)[-1] = restorer;
}

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
	registers_unfinish(context, saved);
	context->uc_mcontext.rip -= ARCH_SYSCALL_SIZE;
}

#endif
