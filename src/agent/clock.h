/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time without a system call, for what is believed for a few milliseconds only.
 */
#ifndef AGENT_CLOCK_H
#define AGENT_CLOCK_H

#include "base/base.h"

/* How long something that is not told of changes is believed, in ticks: 1 to 4 ms. */
#define CLOCK_AGE_BITS 22
#define CLOCK_AGE_MOST (1ul << CLOCK_AGE_BITS)

/* Ticks of the CPU; 0 where reading them is a fault, since prctl(PR_SET_TSC). */
uint64_t clock_now(void);

/* From now on there is none. */
void clock_stop(void);

#endif
