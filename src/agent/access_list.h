/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Access control lists (acl(5)), as they count for the guest's user. */
#ifndef AGENT_ACCESS_LIST_H
#define AGENT_ACCESS_LIST_H

#include "agent/agent.h"
#include "image/credentials.h"
#include <asm/stat.h>

#define ACCESS_LIST_NONE 1 /* there is none, or it does not count: the mode does */

/*
 * Whether the list of the file at PATH, relative to DIRECTORY and not a link ("": the descriptor), grants MASK to who
 * is not its owner: 0, -EACCES, or ACCESS_LIST_NONE. STATUS is the file's, as the guest sees it.
 */
long access_list_check(const struct credentials *credentials, int directory, const char *path,
		       const struct stat *status, unsigned int mask);

#endif
