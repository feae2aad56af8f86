/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's registers in a signal's context, for the agent.
 *
 * A system call changes x0 and nothing else, so no register is free between the gate and the guest's
 * site: every call that has waited at the gate traps once more, and the return from that signal restores all.
 */
#ifndef ARCH_REGISTERS_H
#define ARCH_REGISTERS_H

#include "arch.h"
#include <asm/sigcontext.h>
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <asm/ucontext.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a waiting call changes, saved in a slot's head from SLOT_SAVED on. */
struct saved_registers {
	unsigned long x[6], x8, x19, pc;
};

_Static_assert(SLOT_SAVED + offsetof(struct saved_registers, x8) == SLOT_X8, "arch.h");
_Static_assert(SLOT_SAVED + offsetof(struct saved_registers, x19) == SLOT_X19, "arch.h");
_Static_assert(SLOT_SAVED + offsetof(struct saved_registers, pc) == SLOT_PC, "arch.h");
_Static_assert(offsetof(struct ucontext, uc_mcontext.regs[0]) == UCONTEXT_X0, "arch.h");
_Static_assert(offsetof(struct ucontext, uc_mcontext.regs[8]) == UCONTEXT_X8, "arch.h");
_Static_assert(offsetof(struct ucontext, uc_mcontext.regs[19]) == UCONTEXT_X19, "arch.h");
_Static_assert(offsetof(struct ucontext, uc_mcontext.pc) == UCONTEXT_PC, "arch.h");
_Static_assert(offsetof(struct ucontext, uc_mcontext.pstate) == UCONTEXT_PSTATE, "arch.h");
_Static_assert(sizeof(siginfo_t) == FRAME_INFO_SIZE, "arch.h");

/* Of x86_64. A guarded control stack needs no care as long as no site is patched: signals keep it in order. */
static inline bool cpu_has_shadow_stack(void)
{
	return false;
}

/* A clock that costs nothing, in ticks of 1 to 100 ns. */
static inline uint64_t cpu_ticks(void)
{
	uint64_t ticks;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
	return ticks;
}

static inline void registers_arguments(const struct ucontext *context, unsigned long arguments[6])
{
	for (int i = 0; i < 6; i++)
		arguments[i] = context->uc_mcontext.regs[i];
}

/* The registers of a call from a patched site. */
struct fast_registers {
	unsigned long result; /* before the call its number */
	unsigned long x[6], pc, sp;
};

static inline void registers_fast_arguments(const struct fast_registers *regs, unsigned long arguments[6])
{
	for (int i = 0; i < 6; i++)
		arguments[i] = regs->x[i];
}

/* The stack pointer at the site. */
static inline unsigned long registers_fast_stack(const struct fast_registers *regs)
{
	return regs->sp;
}

/* Make CONTEXT that of the guest behind its site, with the result in REGS. */
static inline void registers_from_fast(struct ucontext *context, const struct fast_registers *regs)
{
	struct sigcontext *to = &context->uc_mcontext;

	for (int i = 1; i < 6; i++)
		to->regs[i] = regs->x[i];
	to->regs[0] = regs->result;
	to->pc = regs->pc;
	to->sp = regs->sp;
}

/* What the child of a clone3 goes home by. */
static inline struct saved_registers registers_saved_fast(const struct fast_registers *regs)
{
	struct saved_registers saved = { .x8 = regs->result, .pc = regs->pc };

	registers_fast_arguments(regs, saved.x);
	return saved;
}

/* As if the site had not yet made its call. */
static inline void registers_rewind_fast(struct ucontext *context, const struct fast_registers *regs)
{
	registers_from_fast(context, regs);
	context->uc_mcontext.regs[0] = regs->x[0];
	context->uc_mcontext.regs[8] = regs->result;
	context->uc_mcontext.pc -= ARCH_SYSCALL_SIZE;
}

/*
 * As what follows a patched site would have it, with its frame in x19. No site is patched, and a tracer lets no
 * call in: no thread ever stands where one of these is asked.
 */
static inline void *registers_fast_frame(const struct ucontext *context)
{
	return (void *)context->uc_mcontext.regs[19];
}

static inline void *registers_late_fast_frame(const struct ucontext *context)
{
	return registers_fast_frame(context);
}

static inline void registers_rewind_look(struct ucontext *context)
{
	context->uc_mcontext.pc -= ARCH_SYSCALL_SIZE;
}

static inline void registers_rewind_traced(struct ucontext *context)
{
	registers_rewind_look(context);
}

static inline void registers_rewind_entry(struct ucontext *context, bool has_moved, bool has_saved)
{
	(void)has_moved;
	(void)has_saved;
	registers_rewind_look(context);
}

static inline long registers_change_directory(const struct ucontext *context)
{
	return (long)context->uc_mcontext.regs[20];
}

static inline long registers_change_result(const struct ucontext *context)
{
	return (long)context->uc_mcontext.regs[21];
}

static inline bool registers_is_zero(const struct ucontext *context)
{
	return context->uc_mcontext.pstate >> 30 & 1;
}

/* The number of the call that trapped. */
static inline unsigned long registers_number(const struct ucontext *context)
{
	return context->uc_mcontext.regs[8] & 0xffffffff;
}

static inline void registers_set_number(struct ucontext *context, unsigned long nr)
{
	context->uc_mcontext.regs[8] = nr;
}

static inline unsigned long registers_saved_number(const struct saved_registers *saved)
{
	return saved->x8 & 0xffffffff;
}

/* syscall_rollback() has put the first argument there. */
static inline void registers_set_result(struct ucontext *context, long result)
{
	context->uc_mcontext.regs[0] = (unsigned long)result;
}

/* The mask of blocked signals that counts when the handler has returned. */
static inline unsigned long *registers_mask(struct ucontext *context)
{
	return context->uc_sigmask.sig;
}

static inline unsigned long registers_stack(const struct ucontext *context)
{
	return context->uc_mcontext.sp;
}

static inline void registers_set_instruction(struct ucontext *context, unsigned long instruction)
{
	context->uc_mcontext.pc = instruction;
}

static inline unsigned long registers_instruction(const struct ucontext *context)
{
	return context->uc_mcontext.pc;
}

/* Let the guest go on at GATE with the call NR, SLOT in the register the gate expects it in. */
static inline void registers_enter_gate(struct ucontext *context, struct saved_registers *saved, void *slot,
					unsigned long gate, unsigned long nr, const unsigned long arguments[6])
{
	struct sigcontext *regs = &context->uc_mcontext;

	for (int i = 0; i < 6; i++) {
		saved->x[i] = regs->regs[i];
		regs->regs[i] = arguments[i];
	}
	saved->x8 = regs->regs[8];
	saved->x19 = regs->regs[19];
	saved->pc = regs->pc;
	regs->regs[8] = nr;
	regs->regs[19] = (unsigned long)slot;
	regs->pc = gate;
}

/* At gate_clone3: which record the child goes home by, and whether parent and child share it. */
static inline void registers_set_child(unsigned long arguments[6], void *record, bool is_shared)
{
	arguments[4] = is_shared;
	arguments[5] = (unsigned long)record;
}

static inline void *registers_child(const struct ucontext *context)
{
	return (void *)context->uc_mcontext.regs[5];
}

static inline bool registers_child_is_shared(const struct ucontext *context)
{
	return context->uc_mcontext.regs[4];
}

static inline void *registers_slot(const struct ucontext *context)
{
	return (void *)context->uc_mcontext.regs[19];
}

/* A call is finished by a signal of its own: behind the gate nothing is left to restore. */
static inline void *registers_late_slot(const struct ucontext *context)
{
	return registers_slot(context);
}

static inline void registers_restore_late(struct ucontext *context, const struct saved_registers *saved)
{
	context->uc_mcontext.regs[19] = saved->x19;
}

static inline void registers_leave_late(struct ucontext *context)
{
	(void)context;
}

/* The registers a call goes to the gate with, copied to where gate_unmask takes them from. */
static inline unsigned long registers_enter_later(const struct ucontext *context, unsigned long enter[7])
{
	registers_arguments(context, enter);
	enter[6] = context->uc_mcontext.regs[8];
	return context->uc_mcontext.pc;
}

static inline void restore_saved(struct sigcontext *regs, const struct saved_registers *saved)
{
	for (int i = 0; i < 6; i++)
		regs->regs[i] = saved->x[i];
	regs->regs[8] = saved->x8;
	regs->regs[19] = saved->x19;
	regs->pc = saved->pc;
}

/* As if the call had returned RESULT to the guest's site. */
static inline void registers_finish(struct ucontext *context, const struct saved_registers *saved, long result)
{
	restore_saved(&context->uc_mcontext, saved);
	context->uc_mcontext.regs[0] = (unsigned long)result;
}

/* Behind the guest's site, with what it had there before the call. */
static inline void registers_unfinish(struct ucontext *context, const struct saved_registers *saved)
{
	restore_saved(&context->uc_mcontext, saved);
}

/* As if the guest's site had not yet made the call. */
static inline void registers_rewind(struct ucontext *context, const struct saved_registers *saved)
{
	restore_saved(&context->uc_mcontext, saved);
	context->uc_mcontext.pc -= ARCH_SYSCALL_SIZE;
}

/* What the interrupted call left as its result. */
static inline long registers_result(const struct ucontext *context)
{
	return (long)context->uc_mcontext.regs[0];
}

/*
 * The frame the kernel has pushed for a signal (struct rt_sigframe_user_layout, arch/arm64/kernel/signal.c): the
 * siginfo, the context, whose records of vector registers may go on behind it (EXTRA_MAGIC), and the frame record that
 * x29 leads to in the handler.
 */
#define FRAME_RECORD_SIZE 16

/* Where the siginfo is, whose first word is the signal, in the frame with the context at CONTEXT. */
static inline unsigned long registers_frame_info(unsigned long context)
{
	return context - FRAME_INFO_SIZE;
}

/* Where the context of the frame is that rt_sigreturn(2), made at STACK, takes. */
static inline unsigned long registers_frame_context(unsigned long stack)
{
	return stack + FRAME_INFO_SIZE;
}

/* The record that says where the frame goes on; NULL: nowhere. */
static inline struct extra_context *registers_find_extra(const struct ucontext *context)
{
	const unsigned char *at = context->uc_mcontext.__reserved, *end = at + sizeof(context->uc_mcontext.__reserved);

	while (at + sizeof(struct extra_context) <= end) {
		const struct _aarch64_ctx *head = (const void *)at;

		if (head->magic == EXTRA_MAGIC)
			return (struct extra_context *)at;
		if (!head->magic || head->size < sizeof(*head))
			break;
		at += head->size;
	}
	return NULL;
}

/* Bytes from the context to the end of the frame. */
static inline size_t registers_frame_size(const struct ucontext *context)
{
	const struct extra_context *extra = registers_find_extra(context);
	size_t size = sizeof(*context);

	if (extra)
		size = extra->datap + extra->size - (unsigned long)context;
	return size + FRAME_RECORD_SIZE;
}

/* What a handler returns to is in x30, not in the frame: entry.S. */
static inline void registers_set_return(struct ucontext *context, unsigned long restorer)
{
	(void)context;
	(void)restorer;
}

/*
 * Copy the frame around CONTEXT to end below TOP. Returns the context in the
 * copy; NULL when the copy would begin below LOWEST.
 */
static inline struct ucontext *registers_move_frame(const struct ucontext *context, unsigned long top,
						    unsigned long lowest)
{
	size_t size = FRAME_INFO_SIZE + registers_frame_size(context);
	unsigned long frame = (top - size) & ~15ul;
	struct ucontext *copy = (struct ucontext *)(frame + FRAME_INFO_SIZE);
	struct extra_context *extra;

	if (frame < lowest || frame > top)
		return NULL;
	__builtin_memcpy((void *)frame, (const char *)context - FRAME_INFO_SIZE, size);
	extra = registers_find_extra(copy);
	if (extra)
		extra->datap += (unsigned long)copy - (unsigned long)context;
	return copy;
}

#endif
