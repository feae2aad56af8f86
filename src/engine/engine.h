/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ways in: how the kernel is made to hand system calls to the agent.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "image/image.h"
#include <linux/filter.h>

/*
 * Whether this kernel and what confines this process let it install a filter: it is
 * asked to install none at NULL, which gets EFAULT only where all else is granted (kernel/seccomp.c).
 */
bool engine_can_filter(void);

/*
 * In the process that is about to execute the image: set no_new_privs and
 * install the filter, or start the tracer (IMAGE_TRACED). From here on only calls from the agent's gate, and those
 * that carry nothing to translate, work as they are. 0 or a negative errno.
 * Inside another proot (DATA->depth) its filter serves, unless calls must trap that it lets pass.
 */
int engine_begin(const struct image_data *data);

/* After that: execute the image IMAGE_FD with ARGV and ENVP. Comes back without success only: a negative errno. */
int engine_execute(int image_fd, char *const argv[], char *const envp[]);

/* Inside another proot: whether the filters that are there let calls pass that are to trap. */
bool engine_needs_filter(const struct image_data *data);
/* Inside another proot: install PROGRAM as one of ours. 0 or a negative errno. */
int engine_install_inside(const struct sock_fprog *program);

#endif
