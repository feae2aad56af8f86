/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of /proc whose text names host paths. The guest
 * opens a copy made for it at that moment, in a memfd.
 */
#ifndef AGENT_PROC_FILES_H
#define AGENT_PROC_FILES_H

#include "agent/slot.h"

/* Whether a file of this last component, of LENGTH bytes, may be one: a quick "no" for nearly all others. */
bool proc_file_may_be(const char *name, size_t length);
/*
 * Open the guest's copy of the file HOST_PATH of /proc: a descriptor, or a
 * negative errno. -ENOSYS: it is none of those, open it as it is. FLAGS is
 * open(2)'s. Uses slot->scratch, slot->spare and slot->results[1].
 */
long proc_file_open(struct slot *slot, const char *host_path, unsigned long flags);

/* Whether FD is of such a copy: then the host path of its file is in BUF of PATH_SIZE. */
bool proc_file_of_copy(int fd, char *buf);

#endif
