/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a program's file gives to who executes it: set-user-id and set-group-id bits, and
 * capabilities (security.capability), as the guest sees them. Natively none of them counts
 * on a file system mounted with nosuid; here they do: it is the guest's root that has them, not the machine's.
 */
#ifndef AGENT_ELEVATE_H
#define AGENT_ELEVATE_H

#include "agent/agent.h"
#include "image/credentials.h"

/*
 * Make CREDENTIALS those after execve(2) of the file that FD is open of, or, where that is -1, that the
 * host has at HOST_PATH. *IS_SECURE: AT_SECURE. 0 or a negative errno: it can't be executed.
 */
long elevate(struct credentials *credentials, int fd, const char *host_path, bool *is_secure);

#endif
