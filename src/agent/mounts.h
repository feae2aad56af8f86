/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which binding is meant where a directory of the host is seen at two places of
 * the guest. The kernel knows it by the descriptor's mount; of the host's paths
 * that we are told, it can't be seen. So it is noted: for the current directory
 * with the process (agent/own.h); for a descriptor with the open file itself, in
 * a field nothing else uses for directories: the signal of F_SETSIG. (Of regular files, which are noted
 * where a mount is read-only, only who breaks a lease uses it.) dup(2), fork(2), execve(2) and SCM_RIGHTS hand that on.
 * A note is believed only where it can be true. Where there is none (O_PATH, an entry behind the 64th, a relative path
 * opened without O_DIRECTORY), the binding with the longest host path is meant.
 *
 * Nothing of this costs anything in a view without VIEW_TWICE.
 */
#ifndef AGENT_MOUNTS_H
#define AGENT_MOUNTS_H

#include "agent/slot.h"

/* MOUNT is an entry of the view + 1; 0: not known. */
void mounts_start(uint32_t cwd_mount);
uint32_t mounts_of_cwd(void);
uint32_t mounts_of_descriptor(int fd);
/* Of a translated path; not known of a link of /proc that the kernel follows, unless it is one's own. */
uint32_t mounts_of_path(const struct host_path *path);
void mounts_note_cwd(uint32_t mount);

/*
 * The canonical guest path ("" is the root) of what DIRECTORY (a descriptor, or
 * AT_FDCWD) refers to, whose host path is HOST_PATH: see proc_to_canonical_guest().
 */
long mounts_to_guest(int directory, const char *host_path, char *buf);

/* Whether an open of PATH, of the host if absolute, may be of a directory whose mount is to be noted. */
bool mounts_may_need_note(const char *path, unsigned long flags);
/* The mount to be noted when call->paths[0], translated, is opened with FLAGS; 0: none. */
uint32_t mounts_of_open(const struct call *call, unsigned long flags);
/* Note it with the open file, if that is a directory; or a regular file where mounts are read-only. */
void mounts_note_descriptor(int fd, uint32_t mount);

#endif
