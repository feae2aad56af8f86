/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the guest believes to have set for SIGSYS, process by process: the kernel gives each its
 * own table of handlers, though a vfork child shares the memory this is in.
 */
#ifndef AGENT_SIGSYS_H
#define AGENT_SIGSYS_H

#include "agent/signal.h"

/* Of a program that begins: HANDLER is DISPOSITION_DEFAULT or DISPOSITION_IGNORE. */
void sigsys_start(unsigned long handler);
/* Of the calling process. The place is that of this process until it executes another program or ends. */
struct disposition *sigsys_own(void);
/* Of the process of THREAD, maybe with another agent; false when that can't be read. */
bool sigsys_read(long thread, struct disposition *disposition);

#endif
