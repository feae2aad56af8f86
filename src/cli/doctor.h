/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --doctor: what this machine lets proot do. Each mechanism is tried, most of them in a child, and told of by one line
 * on stdout: whether it works, and what that means. The last line says which engine will be used.
 */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include "cli/options.h"

/* For files in the operand of CONFIG, or the current directory. Returns the exit status: 0 if proot can run at all. */
int doctor_run(const struct config *config);

#endif
