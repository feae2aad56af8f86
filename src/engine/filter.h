/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The seccomp filter, made from the table of system calls. A pure function, so
 * that it is tested by a simulator.
 */
#ifndef ENGINE_FILTER_H
#define ENGINE_FILTER_H

#include "image/image.h"
#include <linux/filter.h>

#define FILTER_MOST 2048

/*
 * Write the program for IMAGE_FLAGS (enum image_flags) and a view with
 * VIEW_FLAGS into FILTER, of FILTER_MOST instructions. Returns their number.
 */
unsigned int filter_build(struct sock_filter *filter, uint32_t image_flags, uint32_t view_flags);

#endif
