/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ends with a status that tells what the registers held when the program was entered. */
__attribute__((naked, noreturn)) void _start(void);
__attribute__((noreturn, used)) void check(const unsigned long *registers);

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
