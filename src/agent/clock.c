/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/clock.h"
#include "agent/agent.h"
#include "registers.h"
#include <linux/prctl.h>

static enum { UNKNOWN, RUNNING, STOPPED } state;

/* prctl(PR_SET_TSC) can have made it a fault for good, or as the program before has left it. */
static bool find_out(void)
{
	int mode = 0;
	bool is_fault = !GATE_2(NR_prctl, PR_GET_TSC, &mode) && mode == PR_TSC_SIGSEGV;

	__atomic_store_n(&state, is_fault ? STOPPED : RUNNING, __ATOMIC_RELAXED);
	return !is_fault;
}

uint64_t clock_now(void)
{
	return state == RUNNING || (state == UNKNOWN && find_out()) ? cpu_ticks() : 0;
}

void clock_stop(void)
{
	__atomic_store_n(&state, STOPPED, __ATOMIC_RELAXED);
}
