/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copies that have another name than the file of the lower layer that they are of: rename(2) or link(2) has given it to
 * them. Who has that file open still means the copy, which is looked for in all of the upper layer then, where there
 * has ever been such a name.
 */
#ifndef AGENT_OVERLAY_MOVED_H
#define AGENT_OVERLAY_MOVED_H

#include "agent/agent.h"

/* What is at HOST_PATH in the upper layer gets another name. LOCK is overlay_copy_lock()'s. */
void overlay_moved_note(int lock, const char *host_path);

/* The host path of the copy of what FD is of, a regular file of a lower layer of MOUNT, into BUF of PATH_SIZE. */
bool overlay_moved_find(uint32_t mount, int fd, char *buf);

#endif
