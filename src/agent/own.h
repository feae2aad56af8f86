/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What belongs to one process and can't be asked of the kernel: where its root
 * is, and by which of two places its current directory was entered. Its threads
 * share it (as with CLONE_FS; unshare(CLONE_FS) does not split it). A copy of the
 * memory has it as well. A vfork child, which has the same memory, has a copy of its own
 * as soon as it changes something, unless it was made with CLONE_FS.
 */
#ifndef AGENT_OWN_H
#define AGENT_OWN_H

#include "agent/agent.h"

struct own {
	int process;		 /* a vfork child; 0: everybody else in this memory */
	unsigned int generation; /* slot_generation() of the memory it was made in */
	uint32_t cwd_mount;	 /* entry of the view + 1; 0: not known */
	char root[PATH_SIZE];	 /* canonical guest path in the view */
};

/* The calling process's; NULL while nothing is set. */
const struct own *own_now(void);
/* Change it: 0, or -ENOMEM when too many vfork children have something of their own. */
long own_set_root(const char *root);
long own_set_cwd_mount(uint32_t mount);
/* The root of PROCESS, another guest's, into BUF of PATH_SIZE; false when it can't be read. */
bool own_read_root(long process, char *buf);

/* Whether the calling process shares its memory with its parent: as after vfork(2). */
bool own_is_borrowed(void);
/* Whether it does with PROCESS, which may have ended. */
bool own_shares_memory(long process);
/* Whether the calling thread is alone in its memory: no other thread, nor a process that shares it. */
bool own_is_alone(void);

#endif
