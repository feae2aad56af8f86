/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where control enters and leaves the agent on x86_64.
 *
 * Rules of this file:
 * 1. The system call instructions of the section .gate are the only ones the
 *    filter lets pass; agent_finish_site is the only other one, and traps.
 * 2. Nothing here touches a vector register.
 * 3. On the guest's stack at most a few words are used: the agent works on the
 *    stack of a slot. But for the frame of a call from a patched site (fast.h).
 */
#include "arch.h"

#define FUNCTION(name) .globl name; .hidden name; .type name, @function; name
#define LABEL(name) .globl name; .hidden name; name

	.section .gate, "ax"

/*
 * As gate_blocking, but not exempt from the guest's filters: where one of them wants another process to decide.
 * At the very beginning of the gate, where they and ours know it from others.
 */
LABEL(gate_judged):
	syscall
LABEL(gate_judged_done):
	jmp	gate_blocking_done

/* long gate(long nr, a, b, c, d, e, f): one system call. */
FUNCTION(gate):
	mov	%rdi, %rax
	mov	%rsi, %rdi
	mov	%rdx, %rsi
	mov	%rcx, %rdx
	mov	%r8, %r10
	mov	%r9, %r8
	mov	8(%rsp), %r9
	syscall
	ret

/*
 * A guest's call that may block goes on here, on the guest's own stack and
 * signal mask, with its slot in rbx. Flags are the guest's: nothing below may
 * change them. agent/signal.c knows what each label means when a signal
 * arrives between them. At gate_open the call is openat2, and -ELOOP (40)
 * means that it has to be made another way; so do -ENOENT (2) and -ENOTDIR (20) when
 * names have changed since the walk that found the path.
 */
LABEL(gate_open):
	syscall
LABEL(gate_open_done):
	lea	40(%rax), %rcx
	jrcxz	finish
	lea	2(%rax), %rcx
	jrcxz	missing
	lea	20(%rax), %rcx
	jrcxz	missing
	jmp	gate_blocking_done
missing:
	mov	SLOT_UNMARK(%rbx), %rcx
	jrcxz	gate_blocking_done
	movabs	$(IMAGE_SHARED_ADDRESS + SHARED_CHANGES), %rdx
	mov	(%rdx), %rdx
	lea	(%rcx, %rdx), %rcx
	jrcxz	gate_blocking_done
	jmp	finish
LABEL(gate_blocking):
	syscall
LABEL(gate_blocking_done):
	mov	SLOT_FINISH(%rbx), %rcx
	jrcxz	gate_restore
finish:
	mov	%rax, SLOT_RESULT(%rbx)
	mov	$FINISH_NUMBER, %eax
	jmp	agent_finish_site
gate_restore:
	mov	SLOT_RDI(%rbx), %rdi
	mov	SLOT_RSI(%rbx), %rsi
	mov	SLOT_RDX(%rbx), %rdx
	mov	SLOT_R10(%rbx), %r10
	mov	SLOT_R8(%rbx), %r8
	mov	SLOT_R9(%rbx), %r9
	mov	SLOT_RIP(%rbx), %rcx
	mov	%rbx, %r11
LABEL(gate_restored):
	mov	SLOT_RBX(%rbx), %rbx
	movl	$0, SLOT_OWNER(%r11)
LABEL(gate_freed):
	jmp	*%rcx
LABEL(gate_blocking_end):

/*
 * clone3 returns twice, possibly to two stacks and two memories, so the child
 * has a record of its own to go home by (agent/clone.c), in r9. r8 is 0 when it
 * gets a copy of the memory: then this side's record is to be freed here, as it
 * is after an error. Neither cqo nor jrcxz changes flags.
 */
LABEL(gate_clone3):
	syscall
LABEL(gate_clone3_done):
	mov	%rax, %rcx
	jrcxz	gate_clone3_child
	mov	%r8, %rcx
	jrcxz	gate_clone3_free
	cqo
	lea	1(%rdx), %rcx
	jrcxz	gate_clone3_free
	jmp	gate_blocking_done
LABEL(gate_clone3_free):
	movl	$0, SLOT_OWNER(%r9)
LABEL(gate_clone3_freed):
	jmp	gate_blocking_done
/* With CLONE_CLEAR_SIGHAND it has no handlers: ours goes back before the first trap. */
LABEL(gate_clone3_child):
	mov	%r9, %rbx
	mov	SLOT_FINISH(%rbx), %rcx
	jrcxz	gate_restore
LABEL(gate_clone3_child_end):
	mov	$31, %edi
	lea	agent_disposition(%rip), %rsi
	mov	$0, %edx
	mov	$8, %r10d
	mov	$13, %eax
	syscall
	mov	$0, %eax
	mov	SLOT_DELIVER(%rbx), %rcx
	jrcxz	1f
	movq	$0, (%rcx)
1:	jmp	gate_restore

/*
 * clone3 from a patched site, to a stack of the child's own: frame in rbx, flags
 * as the guest has them, the child's record in r9.
 */
LABEL(gate_fast_clone):
	syscall
LABEL(gate_fast_cloned):
	mov	%rax, %rcx
	jrcxz	gate_clone3_child
	test	%rax, %rax
	jns	fast_leave
LABEL(gate_fast_clone_free):
	movl	$0, SLOT_OWNER(%r9)
LABEL(gate_fast_clone_freed):
	jmp	fast_leave

/*
 * A call from a patched site that a handler has made ready for the gate: slot
 * in rbx, all signals blocked, all else as the guest had it. First the guest's
 * mask, then the registers, then the gate.
 */
LABEL(gate_unmask):
	mov	$14, %eax
	mov	$2, %edi
	lea	SLOT_MASK(%rbx), %rsi
	mov	$0, %edx
	mov	$8, %r10d
	syscall
	mov	SLOT_ENTER(%rbx), %rdi
	mov	SLOT_ENTER+8(%rbx), %rsi
	mov	SLOT_ENTER+16(%rbx), %rdx
	mov	SLOT_ENTER+24(%rbx), %r10
	mov	SLOT_ENTER+32(%rbx), %r8
	mov	SLOT_ENTER+40(%rbx), %r9
	mov	SLOT_ENTER+48(%rbx), %rax
	jmp	*SLOT_GATE(%rbx)
LABEL(gate_unmask_end):

/*
 * An open from a patched site, frame in rbx. It may wait. Where it has met a link (-ELOOP, 40)
 * it is made another way; also where the path was named from the current directory
 * and that may have been another; and where it could not be opened by the guest's user
 * (-EACCES, 13) or is a socket (-ENXIO, 6): agent/access.h.
 */
LABEL(gate_fast_open):
	syscall
LABEL(gate_fast_opened):
	lea	40(%rax), %rcx
	jrcxz	again
	lea	13(%rax), %rcx
	jrcxz	again
	lea	6(%rax), %rcx
	jrcxz	again
	mov	FAST_STAMP(%rbx), %rcx
	jrcxz	opened
	movabs	$(IMAGE_SHARED_ADDRESS + SHARED_CHANGES), %rcx
	mov	(%rcx), %rcx
	cmp	%rcx, FAST_STAMP(%rbx)
	jne	1f
opened:	jmp	fast_leave
1:	test	%rax, %rax
	js	again
	mov	%rax, %rdi
	mov	$3, %eax
LABEL(gate_fast_closing):
	syscall
LABEL(gate_fast_closed):
again:	jmp	fast_slow

/* A call from a patched site that only reads: wherever a signal comes, it is made again. */
gate_fast_read:
	syscall
	jmp	fast_made

/* A change of the signal mask, likewise: a signal that was blocked until then comes behind it, when it is made. */
gate_fast_mask:
	syscall
LABEL(gate_fast_masked):
	mov	%rax, FAST_RAX(%rbx)
	orq	$FAST_IS_MASKED, FAST_SELF(%rbx)
LABEL(gate_fast_mask_noted):
	jmp	fast_masked

/*
 * A directory is opened, and an entry of it made, removed or renamed (agent/change.c): frame
 * in rbx. r12 has the directory's descriptor, or what the guest gave for it, r13
 * the result, r14 the counter of changes of names: one begins, and ends as in
 * plain_end_change().
 */
LABEL(gate_change):
	mov	FAST_DIRECTORY(%rbx), %rdi
	mov	FAST_PATH(%rbx), %rsi
	mov	%rdi, %r12
	test	%rsi, %rsi
	jz	1f
	lea	FAST_HOW(%rbx), %rdx
	mov	$24, %r10d
	mov	$437, %eax
	syscall
LABEL(gate_change_opened):
	mov	%rax, %r12
LABEL(gate_change_looking):
	test	%rax, %rax
	js	gate_change_end
1:	mov	FAST_CHANGED+32(%rbx), %r14
	lock addq $1, (%r14)
LABEL(gate_change_begun):
	mov	%r12, %rdi
	mov	FAST_CHANGED+8(%rbx), %rsi
	mov	FAST_CHANGED+16(%rbx), %rdx
	mov	FAST_CHANGED+24(%rbx), %r10
	mov	%rdx, %r8
	test	%r10, %r10
	jz	1f
	mov	%rdi, %rdx
1:	mov	FAST_CHANGED(%rbx), %rax
	syscall
LABEL(gate_change_made):
	mov	%rax, %r13
	mov	(%r14), %rax
1:	movabs	$0x100000000, %rcx
	add	%rax, %rcx
	test	%eax, %eax
	jz	2f
	sub	$1, %rcx
2:	lock cmpxchg %rcx, (%r14)
LABEL(gate_change_tried):
	jnz	1b
LABEL(gate_change_ended):
	cmpq	$0, FAST_PATH(%rbx)
	jz	1f
	mov	%r12, %rdi
	mov	$3, %eax
	syscall
LABEL(gate_change_closed):
1:	mov	%r13, FAST_RAX(%rbx)
LABEL(gate_change_done):
	mov	FAST_R12(%rbx), %r12
	mov	FAST_R13(%rbx), %r13
	mov	FAST_R14(%rbx), %r14
	jmp	fast_leaving
LABEL(gate_change_end):
	mov	FAST_R12(%rbx), %r12
	jmp	fast_slow

/* The body of agent_call_in_child(): the child has no return address on its stack. */
gate_clone:
	mov	$56, %eax
	syscall
	test	%rax, %rax
	jz	child
	ret

/* rt_sigreturn with the frame at rsp. Also the restorer of our handlers. */
FUNCTION(gate_sigreturn):
	mov	$15, %eax
	syscall
	ud2

/*
 * The same where a tracer wants to see it: it puts rt_sigreturn's number in the place of this one. Where there is none any more
 * the kernel knows no such call.
 */
gate_told_return:
	mov	$TELL_END_NUMBER, %eax
	syscall
	jmp	gate_sigreturn

	.text

LABEL(agent_finish_site):
	syscall
	ud2

/*
 * long agent_call_in_child(void *stack_end, function, a, b, flags): call
 * function(a, b) in a child that shares memory, and what FLAGS of clone(2) say,
 * and wait until it has ended. Returns the child's number, or a negative errno.
 */
FUNCTION(agent_call_in_child):
	push	%rbx
	push	%r12
	push	%r13
	mov	%rsi, %rbx
	mov	%rdx, %r12
	mov	%rcx, %r13
	mov	%rdi, %rsi
	mov	%r8, %rdi
	or	$CHILD_FLAGS, %edi
	xor	%edx, %edx
	xor	%r10d, %r10d
	xor	%r8d, %r8d
	call	gate_clone
	pop	%r13
	pop	%r12
	pop	%rbx
	ret
child:
	mov	%r12, %rdi
	mov	%r13, %rsi
	call	*%rbx
	mov	$60, %edi
	xor	%esi, %esi
	call	gate
	ud2

/*
 * The stub of a patched site comes here: the number in eax, the address behind
 * the site in rcx, all else as the guest has it. What can be done without a
 * slot is done on the guest's stack, signals open: see fast.h. When the fast way is
 * closed the site makes the call, and neither stack nor flags are touched.
 */
	.balign 64
FUNCTION(fast_entry):
	mov	%rcx, %r11
LABEL(fast_looking):
	mov	fast_is_closed(%rip), %rcx
	jrcxz	1f
	lea	-2(%r11), %rcx
	jmp	*%rcx
1:	mov	%r11, %rcx
LABEL(fast_beginning):
	mov	%rsp, %r11
LABEL(fast_moving):
	lea	-(RED_ZONE + FAST_SIZE)(%rsp), %rsp
	mov	%rax, FAST_RAX(%rsp)
	mov	%rdi, FAST_RDI(%rsp)
	mov	%rsi, FAST_RSI(%rsp)
	mov	%rdx, FAST_RDX(%rsp)
	mov	%r10, FAST_R10(%rsp)
	mov	%r8, FAST_R8(%rsp)
	mov	%r9, FAST_R9(%rsp)
	mov	%rcx, FAST_RIP(%rsp)
	mov	%r11, FAST_RSP(%rsp)
	mov	%rbx, FAST_RBX(%rsp)
	mov	%rbp, FAST_RBP(%rsp)
	mov	%r12, FAST_R12(%rsp)
	mov	%r13, FAST_R13(%rsp)
	mov	%r14, FAST_R14(%rsp)
	mov	%r15, FAST_R15(%rsp)
LABEL(fast_flags):
	lahf
	seto	%al
	mov	%rax, FAST_FLAGS(%rsp)
	mov	%rsp, FAST_SELF(%rsp)
LABEL(fast_saved):
	mov	%rsp, %rbx
/* C expects the direction flag to be clear, as it is in every program that C was involved in. */
	pushfq
	testb	$4, 1(%rsp)
	jnz	fast_pass
	and	$-16, %rsp
	mov	%rbx, %rdi
	call	fast_call
	cmp	$FAST_CALL, %rax
	je	fast_make
	ja	fast_leave
	cmp	$FAST_SLOW, %rax
	je	fast_slow
	jb	fast_leave
	cmp	$FAST_CHANGE, %rax
	je	gate_change
	cmp	$FAST_CLONE, %rax
	je	fast_clone
	cmp	$FAST_MASK, %rax
	je	fast_mask
	cmp	$FAST_PASS, %rax
	je	fast_pass
	mov	FAST_DIRECTORY(%rbx), %rdi
	mov	FAST_PATH(%rbx), %rsi
	lea	FAST_HOW(%rbx), %rdx
	mov	$24, %r10d
	mov	$437, %eax
	jmp	gate_fast_open
/*
 * Behind a system call the processor has forgotten where it is to return to, and guesses
 * wrong at each ret: so it is made up here, not within C functions.
 */
fast_make:
	mov	FAST_CALLED(%rbx), %rax
	mov	FAST_CALLED+8(%rbx), %rdi
	mov	FAST_CALLED+16(%rbx), %rsi
	mov	FAST_CALLED+24(%rbx), %rdx
	mov	FAST_CALLED+32(%rbx), %r10
	mov	FAST_CALLED+40(%rbx), %r8
	mov	FAST_CALLED+48(%rbx), %r9
	jmp	gate_fast_read
fast_made:
	mov	%rbx, %rdi
	mov	%rax, %rsi
	call	fast_judge
	cmp	$FAST_SLOW, %rax
	je	fast_slow
	jmp	fast_leave
fast_mask:
	mov	FAST_RDI(%rbx), %rdi
	lea	FAST_HOW(%rbx), %rsi
	mov	FAST_HOW+8(%rbx), %rdx
	mov	$8, %r10d
	mov	$14, %eax
	jmp	gate_fast_mask
fast_masked:
	mov	%rbx, %rdi
	call	fast_note_mask
	jmp	fast_leaving
fast_clone:
	lea	FAST_TEXT(%rbx), %rdi
	mov	FAST_RSI(%rbx), %rsi
	mov	FAST_PATH(%rbx), %r9
	mov	FAST_FLAGS(%rbx), %rax
	add	$0x7f, %al
	sahf
	mov	$435, %eax
	jmp	gate_fast_clone
/* A call of a shared site that is not the agent's: made there. */
fast_pass:
	subq	$2, FAST_RIP(%rbx)
LABEL(fast_passed):
	cmpq	$0, tracer_entrance(%rip)
	je	fast_leaving
	orq	$FAST_IS_DONE, FAST_SELF(%rbx)
	and	$-16, %rsp
	call	tracer_leave_passing
	jmp	fast_told
LABEL(fast_slow):
	mov	%rbx, %rdi
	call	fast_handle
	test	%rax, %rax
	jnz	fast_resume
	mov	FAST_RAX(%rbx), %rax
LABEL(fast_leave):
	mov	%rax, FAST_RAX(%rbx)
LABEL(fast_leaving):
	cmpq	$0, tracer_entrance(%rip)
	jne	fast_tell
fast_told:
	movq	$0, FAST_SELF(%rbx)
	mov	FAST_FLAGS(%rbx), %rax
	add	$0x7f, %al
	sahf
	mov	FAST_RDI(%rbx), %rdi
	mov	FAST_RSI(%rbx), %rsi
	mov	FAST_RDX(%rbx), %rdx
	mov	FAST_R10(%rbx), %r10
	mov	FAST_R8(%rbx), %r8
	mov	FAST_R9(%rbx), %r9
	mov	FAST_RIP(%rbx), %rcx
	mov	FAST_RAX(%rbx), %rax
	mov	%rbx, %r11
	mov	FAST_RBX(%rbx), %rbx
LABEL(fast_left):
	mov	FAST_RSP(%r11), %rsp
LABEL(fast_gone):
	jmp	*%rcx
LABEL(fast_end):
/* With a tracer, which is told that the guest goes on. */
LABEL(fast_tell):
	orq	$FAST_IS_DONE, FAST_SELF(%rbx)
	and	$-16, %rsp
	call	tracer_leave
	jmp	fast_told
LABEL(fast_tell_end):
fast_resume:
	mov	%rax, %r11
	mov	FAST_FLAGS(%rbx), %rax
	add	$0x7f, %al
	sahf
	mov	FAST_RSP(%rbx), %rsp
	mov	%r11, %rbx
	jmp	gate_unmask

/* Where a tracer lets a guest go on whose call it has cancelled: as at fast_entry, but with the number in r11. */
	.balign 64
FUNCTION(fast_traced):
	mov	%r11, %rax
	jmp	fast_beginning
LABEL(fast_traced_end):

/*
 * What the kernel has pushed to a shadow stack, if there is one, is forgotten: for gate_sigreturn expects what is below the address that a
 * handler would have returned to (setup_signal_shadow_stack(), arch/x86/kernel/shstk.c). Changes rax and rcx.
 */
	.macro	FORGET_RETURN
	xor	%eax, %eax
	rdsspq	%rax
	test	%rax, %rax
	jz	.Lnone\@
	incsspq	%rcx
.Lnone\@:
	.endm

/* The handler of SIGSYS: rdi = signal, rsi = siginfo, rdx = ucontext. */
FUNCTION(agent_sigsys):
	mov	%rsi, %rbp
	mov	%rdx, %rbx
	lea	agent_finish_site+2(%rip), %rax
	cmp	%rax, UCONTEXT_RIP(%rdx)
	je	finishing
	sub	$8, %rsp
	call	slot_take
taken:	mov	%rax, %r12
	lea	SLOT_SIZE(%rax), %rsp
	mov	%rax, %rdi
	mov	%rbp, %rsi
	mov	%rbx, %rdx
	call	agent_signal
	test	%rax, %rax
	jz	deliver
	mov	%rax, %rsp
	mov	SLOT_DELIVER(%r12), %rcx
	add	$1, %rcx
	FORGET_RETURN
	mov	SLOT_TOLD(%r12), %rcx
	cmpq	$0, SLOT_KEEP(%r12)
	jne	1f
	movl	$0, SLOT_OWNER(%r12)
1:	test	%rcx, %rcx
	jnz	gate_told_return
	jmp	gate_sigreturn
/* A call that waited at the gate has its slot already. */
finishing:
	mov	UCONTEXT_RBX(%rbx), %rax
	movq	$0, SLOT_KEEP(%rax)
	jmp	taken
/* A SIGSYS that is the guest's own: enter its handler on the frame as it came. */
deliver:
	lea	-8(%rbx), %rsp
	mov	SLOT_DELIVER(%r12), %rax
	movl	$0, SLOT_OWNER(%r12)
	mov	$31, %edi
	mov	%rbp, %rsi
	mov	%rbx, %rdx
	mov	%rax, %rcx
	xor	%eax, %eax
	jmp	*%rcx

/*
 * Handlers of the guest are entered through a trampoline each, with the
 * kernel's frame as it came. If the signal came while a call was under way in the
 * agent, the context is first made to look as it would without us.
 */
	.section .text.trampolines, "ax"
	.balign TRAMPOLINE_SIZE
LABEL(agent_trampolines):
	.set	index, 0
	.rept	TRAMPOLINE_COUNT
	mov	$index, %eax
	jmp	trampoline
	.balign TRAMPOLINE_SIZE
	.set	index, index + 1
	.endr

	.text
trampoline:
	push	%rax
	push	%rdi
	push	%rsi
	push	%rdx
	sub	$8, %rsp
	xchg	%rdx, %rdi
	call	signal_leave_gate
	test	%al, %al
	lea	8(%rsp), %rsp
	pop	%rdx
	pop	%rsi
	pop	%rdi
	pop	%rax
	jnz	2f
	movabs	$IMAGE_STACKS_ADDRESS, %r11
	mov	UCONTEXT_STACK(%rdx), %rcx
	sub	%r11, %rcx
	cmp	$IMAGE_STACKS_SIZE, %rcx
	jb	on_own_stack
enter_guest_handler:
	lea	agent_guest_handlers(%rip), %rcx
	mov	(%rcx, %rax, 8), %rcx
	xor	%eax, %eax
	jmp	*%rcx
/* It was for us. */
2:	mov	%rdx, %rsp
	mov	$1, %ecx
	FORGET_RETURN
	jmp	gate_sigreturn
/* The kernel has a stack of ours: the frame must be where the guest expects it. */
on_own_stack:
	push	%rax
	push	%rdi
	push	%rsi
	push	%rdx
	sub	$8, %rsp
	mov	%rdx, %rdi
	call	stack_adopt_guest_frame
	mov	8(%rsp), %rcx
	mov	16(%rsp), %rsi
	mov	24(%rsp), %rdi
	mov	32(%rsp), %r8
	mov	%rax, %rdx
	sub	%rcx, %rsi
	add	%rdx, %rsi
	lea	-8(%rdx), %rsp
	mov	%r8, %rax
	jmp	enter_guest_handler

/* long agent_call_on(void *stack_end, function, a, b): call function(a, b) on another stack. */
FUNCTION(agent_call_on):
	push	%rbp
	mov	%rsp, %rbp
	mov	%rdi, %rsp
	mov	%rsi, %rax
	mov	%rdx, %rdi
	mov	%rcx, %rsi
	call	*%rax
	mov	%rbp, %rsp
	pop	%rbp
	ret

/* The kernel enters the image here. */
FUNCTION(agent_entry):
	mov	%rsp, %rdi
	and	$-16, %rsp
	call	agent_start
	ud2

/*
 * The interpreter of a program of the host goes here, as if it were the program's first instruction:
 * rdx is what the program is to register with atexit(3). It is pushed twice for the stack's alignment.
 */
FUNCTION(agent_host_entry):
	push	%rdx
	push	%rdx
	call	host_program_enter
	pop	%rdx
	pop	%rdx
	jmp	*%rax

/* void agent_enter_guest(stack, entry): all general registers 0, as the kernel does. */
FUNCTION(agent_enter_guest):
	lea	-8(%rdi), %rsp
	mov	%rsi, (%rsp)
	xor	%eax, %eax
	xor	%ebx, %ebx
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%esi, %esi
	xor	%edi, %edi
	xor	%ebp, %ebp
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d
	xor	%r12d, %r12d
	xor	%r13d, %r13d
	xor	%r14d, %r14d
	xor	%r15d, %r15d
	ret

	.section .note.GNU-stack, "", @progbits
