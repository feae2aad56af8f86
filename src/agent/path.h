/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What handlers share with those of path.c. */
#ifndef AGENT_PATH_H
#define AGENT_PATH_H

#include "agent/slot.h"

/*
 * What a call gets on a virtual directory, if path WHICH is one: for a change its error, as the kernel would have
 * it (EROFS, EEXIST, EISDIR); otherwise 0, and the path is that of the nearest directory of the host.
 */
long path_use_stand_in(struct call *call, unsigned int which);

#endif
