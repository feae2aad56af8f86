/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices the guest has made, and opened: a descriptor of one is of the host's node of that number
 * (access_open_again()), and fstat(2) is to tell the guest's. They are remembered by descriptor, for this process and
 * its children; a duplicate, or who has got it over execve or from another, sees the host's.
 */
#ifndef AGENT_DEVICE_H
#define AGENT_DEVICE_H

#include "agent/agent.h"
#include <asm/stat.h>

/* FD has just been opened on the host in place of the device that the guest sees as GUEST. */
void device_note(int fd, const struct stat *guest);
/* Whether any has been. */
bool device_is_known(void);
/* STATUS is what the kernel says of FD. If that is such a device it becomes that of the guest's node, but for times:
 * true. */
bool device_tell(int fd, struct stat *status);

#endif
