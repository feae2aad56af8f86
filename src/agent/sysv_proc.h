/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of /proc that tell of System V IPC, where that is ours: agent/sysv.h. */
#ifndef AGENT_SYSV_PROC_H
#define AGENT_SYSV_PROC_H

#include "agent/proc_copy.h"

/* Whether the file of /proc with HOST_PATH is made by sysv_make_file(). */
bool sysv_is_told_by(const char *host_path);
/* The name the kernel gives to a segment in maps, if HOST_PATH is that of its file: false, it is another file. */
bool sysv_name_of_file(const char *host_path, char buf[32]);
#pragma GCC visibility push(hidden)
copy_maker sysv_make_file;
#pragma GCC visibility pop

#endif
