/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A supervisor that is stopped, because its child is, hears nothing: not that
 * the child has been continued by its own number, or has been killed. A waker
 * is a process that looks after that. It ends with the supervisor.
 */
#ifndef SUPERVISOR_WAKER_H
#define SUPERVISOR_WAKER_H

#include <sys/types.h>

/*
 * Start a waker: it sends SIGCONT to this process, again and again, while CHILD
 * is not stopped, or when PARENT, unless that is 0, is not our parent any more.
 * Returns its number, or -1 when there can be none.
 */
pid_t waker_start(pid_t child, pid_t parent);

/* End it, and leave no trace of it. */
void waker_end(pid_t waker);

#endif
