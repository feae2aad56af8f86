/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU on this machine, as -q names it or as a guest needs it. */
#ifndef CLI_EMULATOR_H
#define CLI_EMULATOR_H

#include "image/emulator.h"
#include "image/plan.h"

struct cpu;

#define EMULATOR_PACKAGES "Debian's packages qemu-user and qemu-user-static have it"

/* What -q says instead of a command, to have none. */
#define EMULATOR_OFF "none"

/*
 * Read COMMAND, the value of -q: words separated by blanks, which quotes group. 0, or -EINVAL after saying what is
 * wrong with it.
 */
int emulator_read(struct emulator *emulator, const char *command);

/* The CPU that programs are for which run with COMMAND, the value of -q; NULL: there is none, or it is not known. */
const struct cpu *emulator_cpu(const char *command);

/* The CPUs that emulator_find() can serve, separated by blanks, in BUF of SIZE bytes. False: there is none. */
bool emulator_list(char *buf, size_t size);

/* Look for the one that runs what PLAN found to be of another CPU. False where there is none on this machine. */
bool emulator_find(struct emulator *emulator, const struct plan *plan);

#endif
