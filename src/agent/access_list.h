/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Access control lists (acl(5)), as they count for the guest's user. */
#ifndef AGENT_ACCESS_LIST_H
#define AGENT_ACCESS_LIST_H

#include "agent/access.h"

#define ACCESS_LIST_NONE 1 /* there is none, or it does not count: the mode does */

/* Whether the list of FILE grants MASK to who is not its owner: 0, -EACCES, or ACCESS_LIST_NONE. */
long access_list_check(const struct credentials *credentials, const struct access_file *file, unsigned int mask);

#endif
