/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the filter and the agent agree on.
 */
#ifndef IMAGE_FILTER_DATA_H
#define IMAGE_FILTER_DATA_H

/* SECCOMP_RET_DATA of our traps, si_errno in the handler: tells them from those of a guest's own filter. */
#define FILTER_TRAP_DATA 0x5052

/* In the sixth argument of execveat, which has five: the command's own, of the first image. */
#define FILTER_FIRST_EXECUTION 0x70726f6f

#endif
