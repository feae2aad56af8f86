/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ends with a status that tells what the registers held when the program was entered. */
__attribute__((noreturn, used)) void check(const unsigned long *registers);

#ifdef __aarch64__

/* The general registers, the stack pointer and the flags, as the kernel's loader leaves them. */
void check(const unsigned long *registers)
{
	register unsigned long status __asm__("x0") = 0;

	for (int i = 0; i < 31; i++)
		if (registers[i])
			status = 10 + (unsigned long)i;
	if ((unsigned long)(registers + 32) & 15)
		status = 1;
	if (registers[31])
		status = 2;
	for (;;)
		__asm__ volatile("mov x8, #94\n\tsvc #0" : : "r"(status) : "x8", "memory");
}

__asm__(".globl _start\n"
	"_start:\n"
	"stp x0, x1, [sp, #-256]!\n stp x2, x3, [sp, #16]\n stp x4, x5, [sp, #32]\n stp x6, x7, [sp, #48]\n"
	"stp x8, x9, [sp, #64]\n stp x10, x11, [sp, #80]\n stp x12, x13, [sp, #96]\n stp x14, x15, [sp, #112]\n"
	"stp x16, x17, [sp, #128]\n stp x18, x19, [sp, #144]\n stp x20, x21, [sp, #160]\n stp x22, x23, [sp, #176]\n"
	"stp x24, x25, [sp, #192]\n stp x26, x27, [sp, #208]\n stp x28, x29, [sp, #224]\n"
	"mrs x0, nzcv\n stp x30, x0, [sp, #240]\n"
	"mov x0, sp\n"
	"b check\n");

#else

__attribute__((naked, noreturn)) void _start(void);

/* The general registers, the stack pointer and the flags, as the kernel's loader leaves them. */
void check(const unsigned long *registers)
{
	unsigned long status = 0;

	for (int i = 0; i < 15; i++)
		if (registers[i])
			status = 10 + i;
	if (registers[15] & 15)
		status = 1;
	if ((registers[16] & 0xcd5) != 0)
		status = 2;
	for (;;)
		__asm__ volatile("syscall" : : "a"(231), "D"(status) : "rcx", "r11", "memory");
}

void _start(void)
{
	__asm__("pushfq\n"
		"lea 8(%rsp), %rsp\n"
		"push %rsp\n"
		"push %r15\n push %r14\n push %r13\n push %r12\n push %r11\n push %r10\n push %r9\n push %r8\n"
		"push %rbp\n push %rdi\n push %rsi\n push %rdx\n push %rcx\n push %rbx\n push %rax\n"
		"mov %rsp, %rdi\n"
		"and $-16, %rsp\n"
		"call check\n");
}

#endif
