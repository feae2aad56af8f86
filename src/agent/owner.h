/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owners, modes and devices of files as the guest sees them. A file of the user's own
 * that has been given none inside belongs to identity.uid and .gid; others keep the host's.
 */
#ifndef AGENT_OWNER_H
#define AGENT_OWNER_H

#include "agent/agent.h"
#include <asm/stat.h>

/*
 * STATUS is what the kernel says of PATH, relative to DIRECTORY, as newfstatat(2) with
 * FLAGS: make it what the guest is to see. PATH is for the kernel, not the guest's; "" with
 * AT_EMPTY_PATH in FLAGS is the descriptor itself.
 */
void owner_tell(int directory, const char *path, unsigned long flags, struct stat *status);

#endif
