/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mapping the guest's program into a fresh image, as the kernel would.
 */
#ifndef AGENT_PROGRAM_H
#define AGENT_PROGRAM_H

#include "agent/agent.h"

/* pread(2) and close(2) for image/plan.h and image/elf.h. */
long program_read(int fd, void *buf, size_t size, uint64_t offset);
void program_close(int fd);

/* In a child with descriptors of its own: have some free, but for KEPT. */
void program_make_room(int kept);

/* A mapped ELF file. Addresses as mapped. */
struct program_map {
	unsigned long base; /* what was added to the file's addresses */
	unsigned long entry;
	unsigned long headers; /* where the program headers lie, or 0 */
	unsigned int header_count;
	unsigned long start_code, end_code, start_data, end_data;
	unsigned long end; /* behind the last byte: where the heap may begin */
	bool is_position_independent;
	bool wants_executable_stack;
};

enum program_place {
	PROGRAM_AT_BASE,  /* where the kernel puts programs with an interpreter */
	PROGRAM_ANYWHERE, /* among the mappings: interpreters, and programs without one */
};

/* Map the ELF file FD. RANDOM moves a program at the base; 0 leaves it there. */
long program_map(struct program_map *map, int fd, enum program_place place, unsigned long random);

#endif
