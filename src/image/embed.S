/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The agent's ELF file inside the command. */
	.section .rodata
	.balign	8
	.globl	agent_elf, agent_elf_end
agent_elf:
	.incbin	AGENT_FILE
agent_elf_end:
	.section .note.GNU-stack, "", %progbits
