/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What -k says of the kernel, and guests have named the machine, where the guest can see it. */
#ifndef AGENT_KERNEL_H
#define AGENT_KERNEL_H

#include "agent/agent.h"
#include "image/kernel.h"

/* Whether the file HOST_PATH of /proc tells something of that. */
bool kernel_is_told_by(const char *host_path);

/* What the guest is told in place of what the kernel says, into BUF; false, and BUF as it was, where that is told. */
bool kernel_read_name(enum kernel_name name, char buf[KERNEL_NAME_SIZE]);

#endif
