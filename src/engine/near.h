/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests that stop often, kept where the tracer is. To be stopped and go on costs 3 us on one CPU, and 44 us across
 * two that are idle in between: so such a thread is woken on the tracer's CPU. By the time it runs, it may use
 * all CPUs that it might before.
 */
#ifndef ENGINE_NEAR_H
#define ENGINE_NEAR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Once, before all others. */
void near_start(void);

/* THREAD is stopped, went on the last time at *RESUMED (0: never), and is about to go on again. True: near_end() is to
 * follow that. */
bool near_begin(pid_t thread, uint64_t *resumed);
void near_end(pid_t thread);

#endif
