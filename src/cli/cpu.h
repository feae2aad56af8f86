/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CPUs that ELF files are for, by the names uname -m and QEMU's user programs give them. */
#ifndef CLI_CPU_H
#define CLI_CPU_H

#include "image/emulator.h"

struct cpu {
	uint16_t machine; /* e_machine */
	uint8_t class;	  /* EI_CLASS */
	uint8_t order;	  /* EI_DATA */
	const char *name;
	const char *cpuinfo; /* struct emulator */
	const char *oci;     /* its name in images: GOARCH, where Go knows it */
};

/* All of them, by numbers from 0 on; NULL: there are no more. */
const struct cpu *cpu_at(size_t number);
/* NULL: not known. */
const struct cpu *cpu_find(uint16_t machine, uint8_t class, uint8_t order);
/* That of a program called qemu-NAME or qemu-NAME-static, at any path. */
const struct cpu *cpu_of_emulator(const char *path);

#endif
