/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_ENTRIES_H
#define AGENT_ENTRIES_H

#include "agent/slot.h"

/*
 * Whether CALL is a linkat of a descriptor (AT_EMPTY_PATH) that may not be linked to, because it was opened
 * with other credentials than the caller's: path_init(), fs/namei.c, Linux 6.10.
 */
bool entries_is_foreign(struct call *call);

#endif
