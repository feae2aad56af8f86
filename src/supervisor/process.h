/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SUPERVISOR_PROCESS_H
#define SUPERVISOR_PROCESS_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* What the kernel tells of a process or thread. */
struct process {
	char state; /* a letter of proc(5): R, S, T, ... */
	pid_t parent;
};

/* Read /proc/NAME/stat: NAME is a number, or PID/task/TID. False when there is no such process. */
bool process_read(const char *name, struct process *process);

/* For __attribute__((cleanup)). */
void process_close_file(FILE **file);

#endif
