/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * no_new_privs as the guest knows it. The kernel's is always set, because our
 * filter needs it; the guest is told what it would be without us. The kernel
 * keeps it for each thread, and children inherit it; here it counts for the
 * whole process once a thread has set it.
 */
#ifndef AGENT_PRIVILEGES_H
#define AGENT_PRIVILEGES_H

#include "agent/agent.h"

/* FLAGS, of enum state_flags: how it was in the program before. And what is to be told to the next one. */
void privileges_start(uint32_t flags);
uint32_t privileges_state(void);
/* Whether the guest's no_new_privs is set in the calling process. Note that it is. */
bool privileges_are_fixed(void);
void privileges_note_fixed(void);
/* The same of PROCESS, another guest's. */
bool privileges_are_fixed_in(int process);

#endif
