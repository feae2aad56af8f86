/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the filter and the agent agree on.
 */
#ifndef IMAGE_FILTER_DATA_H
#define IMAGE_FILTER_DATA_H

/* SECCOMP_RET_DATA of our traps, si_errno in the handler: tells them from those of a guest's own filter. */
#define FILTER_TRAP_DATA 0x5052

/* The same with IMAGE_SHOW, of what is refused or not known: with the errno in its lowest byte. */
#define FILTER_REFUSED 0x5100
/* What the agent of a tracer makes of it where the end of the call is to be told: agent/trace.h. */
#define FILTER_TRAP_TOLD 0x5053

/* In place of the above, in a SIGSYS that the agent sends itself: tells the tracer that the guest goes on. */
#define FILTER_LEAVE_DATA 0x5053

/*
 * What the tracer finds at si_call_addr of that signal, in the guest's memory: where calls may come in without a
 * signal, or one of these: not at all, and in a process that has filters of its own.
 */
#define FILTER_NO_ENTRANCE 1
#define FILTER_IS_THERE 2

/* In the sixth argument of execveat, which has five: the command's own, of the first image. */
#define FILTER_FIRST_EXECUTION 0x70726f6f

#endif
