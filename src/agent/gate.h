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
extern char gate_blocking[]; /* about to make the call, or to make it again */
extern char gate_judged[];   /* as gate_blocking, see entry.S; it jumps to: */
extern char gate_judged_done[];
extern char gate_blocking_done[]; /* the result is there, the slot is at its first register */
extern char gate_clone3[];	  /* about to make clone3, with the child's record and whether it shares memory */
extern char gate_clone3_done[];	  /* in parent or child, as the result says */
extern char gate_clone3_free[];	  /* about to free the child's record, in the parent */
extern char gate_clone3_freed[];
extern char gate_clone3_child[]; /* in the child, up to: */
extern char gate_clone3_child_end[];
extern char gate_restored[]; /* the guest's registers are back but one, the slot is at its late register */
extern char gate_freed[];    /* the slot is free: only the jump is left */
extern char gate_unmask[];   /* a call of a patched site on its way to the gate, the slot is there, up to: */
extern char gate_unmask_end[];
extern char agent_entry[];	 /* the kernel enters the image here */
extern char agent_finish_site[]; /* about to trap, with the result in the slot */

/* A call of a patched site on its way: fast_leave_for_signal(). */
extern char fast_entry[], fast_looking[], fast_beginning[], fast_moving[], fast_flags[], fast_saved[], fast_passed[],
	fast_slow[], fast_leave[], fast_leaving[];
extern char fast_traced[], fast_traced_end[], fast_tell[], fast_tell_end[];
extern char fast_left[], fast_gone[], gate_fast_open[], gate_fast_opened[], gate_fast_closing[], gate_fast_closed[],
	gate_fast_masked[], gate_fast_mask_noted[];
extern char gate_fast_clone[], gate_fast_cloned[], gate_fast_clone_free[], gate_fast_clone_freed[];
/* An entry of a directory is made, removed or renamed: change_leave(). */
extern char gate_change[], gate_change_opened[], gate_change_looking[], gate_change_begun[], gate_change_made[],
	gate_change_tried[], gate_change_ended[], gate_change_closed[], gate_change_done[], gate_change_end[];

/* Not 0: a tracer is there, and this is where it lets calls in (agent/tracer.h). Known to assembly. */
extern unsigned long tracer_entrance;

extern char gate_sigreturn[];	 /* restorer */
extern char agent_sigsys[];	 /* handler */
extern char agent_trampolines[]; /* TRAMPOLINE_COUNT of TRAMPOLINE_SIZE bytes */

/* Call FUNCTION(A, B) on the stack that ends at STACK_END. */
long agent_call_on(void *stack_end, slot_finish *function, struct slot *a, long b);
/*
 * Call FUNCTION(A, B) in a child that shares memory, but has a cwd of its own
 * and, without CLONE_FILES in FLAGS, descriptors of its own, on the stack that
 * ends at STACK_END, and wait until it has ended: the child's number, to be
 * reaped with __WCLONE, or a negative errno.
 */
long agent_call_in_child(void *stack_end, slot_finish *function, struct slot *a, long b, unsigned long flags);
/* Leave for the guest's first instruction; all registers but the stack pointer are 0. */
_Noreturn void agent_enter_guest(unsigned long *stack, unsigned long entry);
/* What the loader of a program of the host takes for that program's entry: agent/host_program.h. */
extern const char agent_host_entry[];

#pragma GCC visibility pop

#endif
