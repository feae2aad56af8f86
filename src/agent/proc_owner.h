/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose the directory of a process in /proc is: its own user's, as task_dump_owner(), fs/proc/base.c, has it. What is
 * in there may be root's, where it has been another user.
 */
#ifndef AGENT_PROC_OWNER_H
#define AGENT_PROC_OWNER_H

#include "agent/agent.h"
#include <asm/stat.h>
#include <linux/stat.h>

/* STATUS is of PATH and so on, as for owner_tell(). True: it is such a directory of a guest, and STATUS says whose. */
bool proc_owner_tell(int directory, const char *path, unsigned long flags, struct stat *status);

#endif
