/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The labels of arch/<cpu>/entry.S. A call that waits at the gate stands at
 * one of them when a signal comes.
 */
#ifndef AGENT_GATE_H
#define AGENT_GATE_H

#include "agent/slot.h"

/* Hidden: addresses known when linking, for clang too. */
#pragma GCC visibility push(hidden)

extern char gate_open[]; /* as gate_blocking, for an openat2 that call->retry follows on ELOOP */
extern char gate_open_done[];
extern char gate_blocking[];	  /* about to make the call, or to make it again */
extern char gate_blocking_done[]; /* rax is the result, the slot is at its first register */
extern char gate_restored[];	  /* the guest's registers are back but one, the slot is at its late register */
extern char gate_freed[];	  /* the slot is free: only the jump is left */
extern char agent_finish_site[];  /* about to trap, with the result in the slot */

extern char gate_sigreturn[];	 /* restorer */
extern char agent_sigsys[];	 /* handler */
extern char agent_trampolines[]; /* TRAMPOLINE_COUNT of TRAMPOLINE_SIZE bytes */

/* Call FUNCTION(A, B) on the stack that ends at STACK_END. */
long agent_call_on(void *stack_end, slot_finish *function, struct slot *a, long b);
/*
 * Call FUNCTION(A, B) in a child that shares memory and descriptors but has a
 * cwd of its own, on the stack that ends at STACK_END, and wait until it has
 * ended: the child's number, to be reaped with __WCLONE, or a negative errno.
 */
long agent_call_in_child(void *stack_end, slot_finish *function, struct slot *a, long b);
/* Leave for the guest's first instruction; all registers but the stack pointer are 0. */
_Noreturn void agent_enter_guest(unsigned long *stack, unsigned long entry);

#pragma GCC visibility pop

#endif
