/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests that stop often, kept where the tracer is. To be stopped and go on costs 3 us on one CPU, and 44 us across
 * two that are idle in between: so such a thread is woken on the tracer's CPU. By the time it runs, it may use
 * all CPUs that it might before. A program that has just begun may never stop often.
 */
#ifndef ENGINE_NEAR_H
#define ENGINE_NEAR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What is known of a thread; all 0 when its program begins. */
struct near_thread {
	uint64_t resumed; /* when it last went on */
	unsigned int stops;
};

/* Once, before all others. */
void near_start(void);

/* THREAD, of which KNOWN is known, is stopped and about to go on. True: near_end() is to follow that. */
bool near_begin(pid_t thread, struct near_thread *known);
void near_end(pid_t thread);

#endif
