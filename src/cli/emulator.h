/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU on this machine, as -q names it or as a guest needs it. */
#ifndef CLI_EMULATOR_H
#define CLI_EMULATOR_H

#include "image/emulator.h"
#include "image/plan.h"

#define EMULATOR_PACKAGES "Debian's packages qemu-user and qemu-user-static have it"

/* What -q says instead of a command, to have none. */
#define EMULATOR_OFF "none"

/*
 * Read COMMAND, the value of -q: words separated by blanks, which quotes group. 0, or -EINVAL after saying what is
 * wrong with it.
 */
int emulator_read(struct emulator *emulator, const char *command);

/* Look for the one that runs what PLAN found to be of another CPU. False where there is none on this machine. */
bool emulator_find(struct emulator *emulator, const struct plan *plan);

#endif
