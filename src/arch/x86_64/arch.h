/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the layers above know of this CPU: registers in a signal's context,
 * where the gate lies, constants of the ABI. Assembly includes it too.
 */
#ifndef ARCH_ARCH_H
#define ARCH_ARCH_H

/*
 * Where the image lies. Below 2^38, which every 64-bit Linux gives a process;
 * inside 0x3000000000-0x4fffffffff, which AddressSanitizer leaves to others
 * (kMidMemBeg of LLVM's asan_mapping.h: anywhere else below 2^38 its shadow
 * memory collides with us); far from 0x400000 and from the top of memory.
 */
#define IMAGE_ADDRESSES_H

#define IMAGE_ADDRESS 0x3000000000
#define IMAGE_DATA_ADDRESS 0x3010000000

/* Signal stacks of ours: agent/stacks.h. */
#define IMAGE_STACKS_ADDRESS 0x3020000000
#define IMAGE_STACK_SIZE 0x10000
#define IMAGE_STACK_COUNT 4096
#define IMAGE_STACKS_SIZE (IMAGE_STACK_SIZE * IMAGE_STACK_COUNT)

#define IMAGE_END_ADDRESS 0x3030000000

/* The page of the image that holds the gate. */
#define GATE_OFFSET 0x1000
#define GATE_SIZE 0x1000

/*
 * A slot: where the agent works for one call. Its head is known to assembly
 * (agent/slot.h checks the offsets), its stack ends at its end.
 */
#define SLOT_SIZE 0x14000
#define SLOT_OWNER 0
#define SLOT_FINISH 8
#define SLOT_KEEP 16
#define SLOT_DELIVER 24
#define SLOT_RESULT 32
/* The registers saved while a call waits at the gate. */
#define SLOT_RDI 40
#define SLOT_RSI 48
#define SLOT_RDX 56
#define SLOT_R10 64
#define SLOT_R8 72
#define SLOT_R9 80
#define SLOT_RBX 88
#define SLOT_RIP 96
#define SLOT_RAX 104

/* A number no kernel has: finishes a call that waited at the gate. */
#define FINISH_NUMBER 0x50524f4f

#define UCONTEXT_STACK 16
#define UCONTEXT_RIP 168 /* asm/ucontext.h; agent/slot.h checks it */

#define CHILD_FLAGS 0x4500 /* CLONE_VM | CLONE_FILES | CLONE_VFORK, no exit signal */

#define TRAMPOLINE_COUNT 512
#define TRAMPOLINE_SIZE 16

#ifndef __ASSEMBLER__

#include <linux/audit.h>
#include <linux/elf-em.h>

#define ARCH_AUDIT AUDIT_ARCH_X86_64
#define ARCH_ELF_MACHINE EM_X86_64
#define ARCH_FOREIGN_NUMBERS 0x40000000 /* from here on those of x32 (__X32_SYSCALL_BIT) */
#define ARCH_NAME "x86_64"
#define ARCH_SYSCALL_SIZE 2 /* bytes of the trapping instruction */

/* Where the kernel loads position-independent programs: ELF_ET_DYN_BASE, arch/x86/include/asm/elf.h. */
#define ARCH_PROGRAM_BASE 0x555555554000
#define ARCH_PROGRAM_BASE_RANDOM_BITS 28
/* How far arch_randomize_brk() moves the heap, arch/x86/kernel/process.c. */
#define ARCH_HEAP_RANDOM 0x02000000

#endif
#endif
