/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where control enters and leaves the agent on x86_64.
 *
 * Rules of this file:
 * 1. The system call instructions of the section .gate are the only ones the
 *    filter lets pass; agent_finish_site is the only other one, and traps.
 * 2. Nothing here touches a vector register.
 * 3. On the guest's stack at most a few words are used: the agent works on the
 *    stack of a slot.
 */
#include "arch.h"

#define FUNCTION(name) .globl name; .hidden name; .type name, @function; name
#define LABEL(name) .globl name; .hidden name; name

	.section .gate, "ax"

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
 * means that it has to be made another way.
 */
LABEL(gate_open):
	syscall
LABEL(gate_open_done):
	lea	40(%rax), %rcx
	jrcxz	finish
	jmp	gate_blocking_done
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

	.text

LABEL(agent_finish_site):
	syscall
	ud2

/*
 * long agent_call_in_child(void *stack_end, function, a, b): call function(a, b)
 * in a child that shares memory and descriptors, but not the cwd, and wait
 * until it has ended. Returns the child's number, or a negative errno.
 */
FUNCTION(agent_call_in_child):
	push	%rbx
	push	%r12
	push	%r13
	mov	%rsi, %rbx
	mov	%rdx, %r12
	mov	%rcx, %r13
	mov	%rdi, %rsi
	mov	$CHILD_FLAGS, %edi
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

/* The handler of SIGSYS: rdi = signal, rsi = siginfo, rdx = ucontext. */
FUNCTION(agent_sigsys):
	mov	%rsi, %rbp
	mov	%rdx, %rbx
	sub	$8, %rsp
	call	slot_take
	mov	%rax, %r12
	lea	SLOT_SIZE(%rax), %rsp
	mov	%rax, %rdi
	mov	%rbp, %rsi
	mov	%rbx, %rdx
	call	agent_signal
	test	%rax, %rax
	jz	deliver
	mov	%rax, %rsp
	cmpq	$0, SLOT_KEEP(%r12)
	jne	gate_sigreturn
	movl	$0, SLOT_OWNER(%r12)
	jmp	gate_sigreturn
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
 * kernel's frame as it came. If the signal came while a call waited at the gate,
 * the context is first made to look as it would without us.
 */
	.balign TRAMPOLINE_SIZE
LABEL(agent_trampolines):
	.set	index, 0
	.rept	TRAMPOLINE_COUNT
	mov	$index, %eax
	jmp	trampoline
	.balign TRAMPOLINE_SIZE
	.set	index, index + 1
	.endr

trampoline:
	mov	UCONTEXT_RIP(%rdx), %rcx
	lea	agent_image_start(%rip), %r11
	sub	%r11, %rcx
	cmp	$0x1000000, %rcx
	jb	interrupted
find_stack:
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
interrupted:
	push	%rax
	push	%rdi
	push	%rsi
	push	%rdx
	sub	$8, %rsp
	mov	%rdx, %rdi
	call	signal_leave_gate
	add	$8, %rsp
	pop	%rdx
	pop	%rsi
	pop	%rdi
	pop	%rax
	jmp	find_stack
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
