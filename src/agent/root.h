/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The root directory of a guest's process: that of the view, or where chroot(2)
 * has put it. It is kept as a canonical guest path of the view ("" is the
 * view's root), and belongs to the process: its threads share it (the kernel's
 * CLONE_FS can share it otherwise), fork(2), vfork(2) and execve(2) hand it on. It is
 * the name of a place: natively it would be the directory, wherever that is moved.
 *
 * Inside the agent all guest paths are the view's. What a guest is told is
 * seen from its root: root_tell().
 */
#ifndef AGENT_ROOT_H
#define AGENT_ROOT_H

#include "agent/agent.h"

/* PATH of the program before. */
void root_start(const char *path);
/* Whether any process in this memory has another root than the view's. */
bool root_is_set(void);
/* The calling process's. */
const char *root_path(void);
/* That of PROCESS, into BUF of PATH_SIZE; "" for what is no guest. */
void root_of(long process, char *buf);
/*
 * Make the canonical path of the view PATH (the root may be "/" or "") what the
 * calling process is told: false, and PATH as it is, when that lies outside its root.
 */
bool root_tell(char *path);

#endif
