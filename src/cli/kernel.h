/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_KERNEL_H
#define CLI_KERNEL_H

#include "image/kernel.h"

/*
 * Read the value of -k: a release; or, with a backslash around each, all names in the order of
 * enum kernel_name and AT_HWCAP (-1 for the machine's). What is empty stays as it is. IS_CUT: a name is
 * longer than the kernel has them, and what fits of it counts. NULL, or what is wrong with it.
 */
const char *kernel_read(struct kernel *kernel, const char *value, bool *is_cut);

#endif
