/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SUPERVISOR_DESCENDANTS_H
#define SUPERVISOR_DESCENDANTS_H

/*
 * Kill every descendant of this process, which is their subreaper, and wait
 * until none is left. IMAGE_FD: whoever of them has its lock (agent/image_lock.h) may end before what that is for,
 * within 10 seconds.
 */
void descendants_end(int image_fd);

#endif
