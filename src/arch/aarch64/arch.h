/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the layers above know of this CPU: registers in a signal's context,
 * where the gate lies, constants of the ABI. Assembly includes it too.
 */
#ifndef ARCH_ARCH_H
#define ARCH_ARCH_H

/*
 * Where the image lies. Below 2^38: the smallest address space of kernels with pages of 4 KiB is 2^39, that of phones;
 * far from 0x400000, from 0x4000000000, where Go's arenas begin, and from two thirds and the top of memory.
 */
#define IMAGE_ADDRESSES_H

#define IMAGE_ADDRESS 0x3000000000
#ifndef IMAGE_DATA_ADDRESS /* unit tests have it elsewhere */
#define IMAGE_DATA_ADDRESS 0x3010000000
#endif

/* The page guests share: image/shared.h. */
#define IMAGE_SHARED_ADDRESS 0x3018000000
#define SHARED_CHANGES 16
/* The view they share, where they can change it. */
#define IMAGE_VIEW_ADDRESS 0x3018010000

/* The objects of System V IPC that they share: agent/sysv.h. */
#define IMAGE_SYSTEM_V_ADDRESS 0x301a000000

/* Signal stacks of ours: agent/stacks.h. */
#define IMAGE_STACKS_ADDRESS 0x3020000000
#define IMAGE_STACK_SIZE 0x10000
#define IMAGE_STACK_COUNT 4096
#define IMAGE_STACKS_SIZE (IMAGE_STACK_SIZE * IMAGE_STACK_COUNT)

/* What is mapped while the program runs: agent/room.h. */
#define IMAGE_ROOM_ADDRESS 0x3030000000
#define IMAGE_ROOM_SIZE 0x50000000

#define IMAGE_END_ADDRESS 0x3080000000

/* The page of the image that holds the gate. */
#define GATE_OFFSET 0x1000
#define GATE_SIZE 0x1000
/* What the kernel takes for the address of a call from gate_judged, the first instruction of the gate. */
#define GATE_JUDGED_OFFSET (GATE_OFFSET + 4)

/*
 * A slot: where the agent works for one call. Its head is known to assembly
 * (agent/slot.h checks the offsets), its stack ends at its end.
 */
#define SLOT_SIZE 0x1e000
#define SLOT_OWNER 0
#define SLOT_FINISH 8
#define SLOT_KEEP 16
#define SLOT_DELIVER 24
#define SLOT_RESULT 32
/* The registers saved while a call waits at the gate: x0 to x5, and */
#define SLOT_SAVED 40
#define SLOT_X8 88
#define SLOT_X19 96
#define SLOT_PC 104
/* Those a call from a patched site gets when it goes on to the gate; the guest's mask; the gate. */
#define SLOT_ENTER 112
#define SLOT_MASK 168
#define SLOT_GATE 176
#define SLOT_UNMARK 184
#define SLOT_TOLD 192
#define SLOT_RESTORER 200

/* The frame of a call from a patched site (agent/fast.h checks the offsets). No site is patched yet. */
#define RED_ZONE 0
#define FAST_SELF 72
#define FAST_HOW 80
#define FAST_DIRECTORY 104
#define FAST_PATH 112
#define FAST_STAMP 120
#define FAST_CALLED 128
#define FAST_TEXT 296
#define FAST_CHANGED 648
#define FAST_SIZE 696
#define FAST_DEPTH_MOST 1280

/* What a call takes of the guest's stack. */
#define FAST_STACK (RED_ZONE + FAST_SIZE + FAST_DEPTH_MOST + 64)

/* What fast_call() returns besides results. */
#define FAST_SLOW (-0x7ffffffe)
#define FAST_OPEN (-0x7ffffffd)
#define FAST_PASS (-0x7ffffffc)
#define FAST_MASK (-0x7ffffffb)
#define FAST_CLONE (-0x7ffffffa)
#define FAST_CHANGE (-0x7ffffff9)
#define FAST_CALL (-0x7ffffff8)

/* In FAST_SELF: see agent/fast.h. */
#define FAST_IS_DONE 1
#define FAST_IS_MASKED 2

/* A number no kernel has: finishes a call that waited at the gate. */
#define FINISH_NUMBER 0x50524f4f
/* Another, which the newest filter of a guest answers with its own number: agent/filters.h. */
#define QUERY_NUMBER 0x50524f4e

/* Another: tells a tracer that a program is in place (agent/trace.h). */
#define TELL_NUMBER 0x50524f50
/* And that the call a tracer wants to see the end of ends with the return from the signal: gate_told_return. */
#define TELL_END_NUMBER 0x50524f51
/* And that a filter of the guest's wants it to decide: trace_ask(). */
#define TELL_ASK_NUMBER 0x50524f52

/* In struct ucontext (asm/ucontext.h; registers.h checks them), and the siginfo before it in a signal's frame. */
#define UCONTEXT_STACK 16
#define UCONTEXT_X0 184
#define UCONTEXT_X8 248
#define UCONTEXT_X19 336
#define UCONTEXT_PC 440
#define UCONTEXT_PSTATE 448
#define FRAME_INFO_SIZE 128

#define CHILD_FLAGS 0x804100 /* CLONE_VM | CLONE_VFORK | CLONE_UNTRACED, no exit signal */

#define TRAMPOLINE_COUNT 512
#define TRAMPOLINE_SIZE 8

#ifndef __ASSEMBLER__

#include <linux/audit.h>
#include <linux/elf-em.h>

#define ARCH_AUDIT AUDIT_ARCH_AARCH64
#define ARCH_ELF_MACHINE EM_AARCH64
#define ARCH_FOREIGN_NUMBERS 0x80000000 /* from here on no number is one */
#define ARCH_NAME "aarch64"
/* Of the calling thread, into *PLACE. */
#define ARCH_GET_THREAD_POINTER(place) __asm__("mrs %0, tpidr_el0" : "=r"(*(place)))
/* The stacks of goroutines are where Go's arenas are: from 0x4000000000 on. */
#define ARCH_IS_GO_STACK(pointer) ((pointer) >> 36 == 0x4)
/* Of the arguments of clone(2), whose order is the CPU's: CLONE_BACKWARDS and others, kernel/fork.c. */
#define ARCH_CLONE_CHILD_THREAD 4
#define ARCH_CLONE_THREAD_POINTER 3
#define ARCH_SYSCALL_SIZE 4 /* bytes of the trapping instruction */

/*
 * Where the kernel loads position-independent programs: ELF_ET_DYN_BASE, arch/arm64/include/asm/elf.h, for addresses of
 * 48 bits. Where there are 39, the kernel puts what is asked for at such an address where it puts mappings.
 */
#define ARCH_PROGRAM_BASE 0xaaaaaaaaa000
#define ARCH_PROGRAM_BASE_RANDOM_BITS 18
/* How far arch_randomize_brk() moves the heap, arch/arm64/kernel/process.c. */
#define ARCH_HEAP_RANDOM 0x40000000

#endif
#endif
