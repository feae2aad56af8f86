/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where control enters and leaves the agent on aarch64.
 *
 * Rules of this file:
 * 1. The system call instructions of the section .gate are the only ones the
 *    filter lets pass, but for numbers that no kernel has; those at agent_finish_site are the only other ones, and trap.
 * 2. Nothing here touches a vector register.
 * 3. On the guest's stack at most a few words are used: the agent works on the
 *    stack of a slot.
 * 4. Between the gate and the guest's site only registers that are saved (struct saved_registers) are
 *    changed, and no flags: a signal's frame has all others as they were.
 */
#include "arch.h"

#define FUNCTION(name) .globl name; .hidden name; .type name, %function; name
#define LABEL(name) .globl name; .hidden name; name

	.macro	NUMBER register, value
	movz	\register, #((\value) & 0xffff)
	movk	\register, #((\value) >> 16), lsl #16
	.endm

	.macro	ADDRESS register, symbol
	adrp	\register, \symbol
	add	\register, \register, :lo12:\symbol
	.endm

	.section .gate, "ax"

/*
 * As gate_blocking, but not exempt from the guest's filters: where one of them wants another process to decide.
 * At the very beginning of the gate, where they and ours know it from others.
 */
LABEL(gate_judged):
	svc	#0
LABEL(gate_judged_done):
	b	gate_blocking_done

/* long gate(long nr, a, b, c, d, e, f): one system call. */
FUNCTION(gate):
	mov	x8, x0
	mov	x0, x1
	mov	x1, x2
	mov	x2, x3
	mov	x3, x4
	mov	x4, x5
	mov	x5, x6
	svc	#0
	ret

/*
 * A guest's call that may block goes on here, on the guest's own stack and
 * signal mask, with its slot in x19. agent/signal.c knows what each label means when a signal
 * arrives between them. What is left to do, be it only to go home, is done behind another trap.
 */
LABEL(gate_open):
	svc	#0
LABEL(gate_open_done):
	b	gate_blocking_done
LABEL(gate_blocking):
	svc	#0
LABEL(gate_blocking_done):
	str	x0, [x19, #SLOT_RESULT]
	NUMBER	x8, FINISH_NUMBER
	b	agent_finish_site
LABEL(gate_restored):
LABEL(gate_freed):
	brk	#0

/*
 * clone3 returns twice, possibly to two stacks and two memories, so the child
 * has a record of its own to go home by (agent/clone.c), in x5. x4 is 0 when it
 * gets a copy of the memory: then this side's record is to be freed here, as it
 * is after an error.
 */
LABEL(gate_clone3):
	svc	#0
LABEL(gate_clone3_done):
	cbz	x0, gate_clone3_child
	cbz	x4, gate_clone3_free
	tbz	x0, #63, gate_blocking_done
LABEL(gate_clone3_free):
	stlr	wzr, [x5]
LABEL(gate_clone3_freed):
	b	gate_blocking_done
/* With CLONE_CLEAR_SIGHAND it has no handlers: ours goes back before the first trap. */
LABEL(gate_clone3_child):
	mov	x19, x5
	ldr	x8, [x19, #SLOT_FINISH]
	cbz	x8, 2f
	mov	x0, #31
	ADDRESS	x1, agent_disposition
	mov	x2, #0
	mov	x3, #8
	mov	x8, #134
	svc	#0
	ldr	x8, [x19, #SLOT_DELIVER]
	cbz	x8, 2f
	str	xzr, [x8]
2:	NUMBER	x8, FINISH_NUMBER
gate_child_site:
	svc	#0
LABEL(gate_clone3_child_end):
	brk	#0

/* The way to the guest's first instruction, which is in x0: a signal's return, with x0, x8 and the flags made 0. */
gate_enter_guest:
	NUMBER	x8, FINISH_NUMBER
gate_enter_site:
	svc	#0
	brk	#0

/* The body of agent_call_in_child(): the child has another stack. */
gate_clone:
	mov	x8, #220
	svc	#0
	cbz	x0, child
	ret

/* rt_sigreturn with the frame at sp. Also the restorer of our handlers. */
FUNCTION(gate_sigreturn):
	mov	x8, #139
	svc	#0
	brk	#0

/*
 * The same where a tracer wants to see it: it puts rt_sigreturn's number in the place of this one. Where there is none any more
 * the kernel knows no such call.
 */
gate_told_return:
	NUMBER	x8, TELL_END_NUMBER
	svc	#0
	b	gate_sigreturn

/* Labels of what patched sites lead to: no thread stands here. */
LABEL(gate_unmask):
LABEL(gate_unmask_end):
LABEL(gate_fast_open):
LABEL(gate_fast_opened):
LABEL(gate_fast_closing):
LABEL(gate_fast_closed):
LABEL(gate_fast_masked):
LABEL(gate_fast_mask_noted):
LABEL(gate_fast_clone):
LABEL(gate_fast_cloned):
LABEL(gate_fast_clone_free):
LABEL(gate_fast_clone_freed):
LABEL(gate_change):
LABEL(gate_change_opened):
LABEL(gate_change_looking):
LABEL(gate_change_begun):
LABEL(gate_change_made):
LABEL(gate_change_tried):
LABEL(gate_change_ended):
LABEL(gate_change_closed):
LABEL(gate_change_done):
LABEL(gate_change_end):
LABEL(fast_entry):
LABEL(fast_looking):
LABEL(fast_beginning):
LABEL(fast_moving):
LABEL(fast_flags):
LABEL(fast_saved):
LABEL(fast_passed):
LABEL(fast_slow):
LABEL(fast_leave):
LABEL(fast_leaving):
LABEL(fast_traced):
LABEL(fast_traced_end):
LABEL(fast_tell):
LABEL(fast_tell_end):
LABEL(fast_left):
LABEL(fast_gone):
	brk	#0

	.text

/* Traps of the agent's own: of a call that has waited, and the return of the guest's handler of SIGSYS. */
LABEL(agent_finish_site):
	svc	#0
	brk	#0
.Lguest_restorer:
	mov	x8, #139
	svc	#0
	brk	#0

/*
 * long agent_call_in_child(void *stack_end, function, a, b, flags): call
 * function(a, b) in a child that shares memory, and what FLAGS of clone(2) say,
 * and wait until it has ended. Returns the child's number, or a negative errno.
 */
FUNCTION(agent_call_in_child):
	mov	x9, x1
	mov	x10, x2
	mov	x11, x3
	mov	x1, x0
	NUMBER	x0, CHILD_FLAGS
	orr	x0, x0, x4
	mov	x2, #0
	mov	x3, #0
	mov	x4, #0
	b	gate_clone
child:
	mov	x0, x10
	mov	x1, x11
	blr	x9
	mov	x0, #93
	mov	x1, #0
	bl	gate
	brk	#0

/* The handler of SIGSYS: x0 = signal, x1 = siginfo, x2 = ucontext. What it changes is in the frame. */
FUNCTION(agent_sigsys):
	mov	x20, x1
	mov	x21, x2
	mov	x22, x29
	ldr	x3, [x2, #UCONTEXT_PC]
	ADDRESS	x4, agent_finish_site
	add	x4, x4, #4
	cmp	x3, x4
	b.eq	finishing
	ADDRESS	x4, gate_child_site
	add	x4, x4, #4
	cmp	x3, x4
	b.eq	child_goes_home
	ADDRESS	x4, gate_enter_site
	add	x4, x4, #4
	cmp	x3, x4
	b.eq	entering
	bl	slot_take
taken:
	mov	x19, x0
	NUMBER	x9, SLOT_SIZE
	add	x9, x9, x0
	mov	sp, x9
	mov	x1, x20
	mov	x2, x21
	bl	agent_signal
	cbz	x0, deliver
	sub	x0, x0, #FRAME_INFO_SIZE
	mov	sp, x0
	ldr	x1, [x19, #SLOT_TOLD]
	ldr	x2, [x19, #SLOT_KEEP]
	cbnz	x2, 1f
	stlr	wzr, [x19]
1:	cbnz	x1, gate_told_return
	b	gate_sigreturn
/* A call that waited at the gate has its slot already. */
finishing:
	ldr	x0, [x2, #UCONTEXT_X19]
	str	xzr, [x0, #SLOT_KEEP]
	b	taken
/* A SIGSYS that is the guest's own: enter its handler on the frame as it came. */
deliver:
	sub	x9, x21, #FRAME_INFO_SIZE
	mov	sp, x9
	ldr	x16, [x19, #SLOT_DELIVER]
	ldr	x30, [x19, #SLOT_RESTORER]
	stlr	wzr, [x19]
	cbnz	x30, 1f
	ADDRESS	x30, .Lguest_restorer
1:	mov	x0, #31
	mov	x1, x20
	mov	x2, x21
	mov	x29, x22
	br	x16
/* A program begins. */
entering:
	ldr	x3, [x2, #UCONTEXT_X0]
	str	x3, [x2, #UCONTEXT_PC]
	str	xzr, [x2, #UCONTEXT_X0]
	str	xzr, [x2, #UCONTEXT_X8]
	ldr	x3, [x2, #UCONTEXT_PSTATE]
	and	x3, x3, #~0xf0000000
	str	x3, [x2, #UCONTEXT_PSTATE]
	bl	tracer_leave
	b	gate_sigreturn
/* The child of a clone3: its record has what it had at its site. */
child_goes_home:
	ldr	x3, [x2, #UCONTEXT_X19]
	str	xzr, [x2, #UCONTEXT_X0]
	ldp	x4, x5, [x3, #SLOT_SAVED + 8]
	stp	x4, x5, [x2, #UCONTEXT_X0 + 8]
	ldp	x4, x5, [x3, #SLOT_SAVED + 24]
	stp	x4, x5, [x2, #UCONTEXT_X0 + 24]
	ldr	x4, [x3, #SLOT_SAVED + 40]
	str	x4, [x2, #UCONTEXT_X0 + 40]
	ldr	x4, [x3, #SLOT_X8]
	str	x4, [x2, #UCONTEXT_X8]
	ldr	x4, [x3, #SLOT_X19]
	str	x4, [x2, #UCONTEXT_X19]
	ldr	x4, [x3, #SLOT_PC]
	str	x4, [x2, #UCONTEXT_PC]
	stlr	wzr, [x3]
	bl	tracer_leave
	b	gate_sigreturn

/*
 * Handlers of the guest are entered through a trampoline each, with the
 * kernel's frame as it came. If the signal came while a call was under way in the
 * agent, the context is first made to look as it would without us. To who has not asked by SA_SIGINFO, the
 * kernel tells neither siginfo nor context, but the frame has the latter.
 */
	.section .text.trampolines, "ax"
	.balign TRAMPOLINE_SIZE
LABEL(agent_trampolines):
	.set	index, 0
	.rept	TRAMPOLINE_COUNT
	mov	w9, #index
	b	trampoline
	.set	index, index + 1
	.endr

	.text
trampoline:
	mov	x1, sp
	add	x2, x1, #FRAME_INFO_SIZE
	stp	x0, x1, [sp, #-48]!
	stp	x2, x9, [sp, #16]
	stp	x29, x30, [sp, #32]
	mov	x3, x0
	mov	x0, x2
	mov	x2, x3
	bl	signal_leave_gate
	mov	w10, w0
	ldp	x29, x30, [sp, #32]
	ldp	x2, x9, [sp, #16]
	ldp	x0, x1, [sp], #48
	tbnz	w10, #0, 2f
	ldr	x10, [x2, #UCONTEXT_STACK]
	movz	x11, #(IMAGE_STACKS_ADDRESS >> 16 & 0xffff), lsl #16
	movk	x11, #(IMAGE_STACKS_ADDRESS >> 32), lsl #32
	sub	x10, x10, x11
	mov	x11, #IMAGE_STACKS_SIZE
	cmp	x10, x11
	b.lo	on_own_stack
enter_guest_handler:
	ADDRESS	x16, agent_guest_handlers
	ldr	x16, [x16, x9, lsl #3]
	br	x16
/* It was for us. */
2:	sub	x2, x2, #FRAME_INFO_SIZE
	mov	sp, x2
	b	gate_sigreturn
/* The kernel has a stack of ours: the frame must be where the guest expects it. */
on_own_stack:
	stp	x0, x1, [sp, #-48]!
	stp	x2, x9, [sp, #16]
	stp	x29, x30, [sp, #32]
	mov	x0, x2
	bl	stack_adopt_guest_frame
	mov	x3, x0
	ldp	x29, x30, [sp, #32]
	ldp	x2, x9, [sp, #16]
	ldp	x0, x1, [sp], #48
	sub	x4, x3, x2
	add	x1, x1, x4
	add	x29, x29, x4
	mov	x2, x3
	sub	x4, x3, #FRAME_INFO_SIZE
	mov	sp, x4
	b	enter_guest_handler

/* long agent_call_on(void *stack_end, function, a, b): call function(a, b) on another stack. */
FUNCTION(agent_call_on):
	stp	x29, x30, [sp, #-16]!
	mov	x29, sp
	mov	sp, x0
	mov	x16, x1
	mov	x0, x2
	mov	x1, x3
	blr	x16
	mov	sp, x29
	ldp	x29, x30, [sp], #16
	ret

/* The kernel enters the image here. */
FUNCTION(agent_entry):
	mov	x0, sp
	bl	agent_start
	brk	#0

/*
 * The interpreter of a program of the host goes here, as if it were the program's first instruction:
 * x0 is what the program is to register with atexit(3).
 */
FUNCTION(agent_host_entry):
	str	x0, [sp, #-16]!
	bl	host_program_enter
	mov	x16, x0
	ldr	x0, [sp], #16
	br	x16

/* void agent_enter_guest(stack, entry): all general registers 0, as the kernel does. So none can lead there. */
FUNCTION(agent_enter_guest):
	mov	sp, x0
	mov	x0, x1
	.irp	number, 1,2,3,4,5,6,7,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
	mov	x\number, #0
	.endr
	b	gate_enter_guest

	.section .note.GNU-stack, "", %progbits
