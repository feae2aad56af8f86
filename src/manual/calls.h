/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The manual page of the system calls, proot-calls(7), made from the rows of
 * agent/calls.def. Part of the build's tool (manual/manual.c), not of the command.
 */
#ifndef MANUAL_CALLS_H
#define MANUAL_CALLS_H

void manual_print_calls(void);

#endif
