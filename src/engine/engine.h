/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ways in: how the kernel is made to hand system calls to the agent.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "image/image.h"

/* Whether this process runs on an image itself: proot inside proot, whose two agents would not know of each other. */
bool engine_is_nested(void);

/*
 * In the process that is about to execute the image: set no_new_privs and
 * install the filter. From here on only calls from the agent's gate, and those
 * that carry nothing to translate, work as they are. 0 or a negative errno.
 * FD is the image; does not return on success: executes it with ARGV and ENVP.
 */
int engine_execute(int image_fd, const struct image_data *data, char *const argv[], char *const envp[]);

#endif
