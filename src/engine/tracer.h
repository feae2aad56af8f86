/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way in without seccomp: a tracer asks the same filter at each system call
 * of each guest, and does what the kernel would do. What the agent gets is the
 * same SIGSYS.
 */
#ifndef ENGINE_TRACER_H
#define ENGINE_TRACER_H

#include "image/image.h"

/*
 * In the process that is about to execute the image: start a tracer of it and of all that it will make,
 * a process which is nobody's child and ends with the last guest. If that process is killed, so
 * are the guests. 0 or a negative errno.
 */
int tracer_start(const struct image_data *data);

#endif
