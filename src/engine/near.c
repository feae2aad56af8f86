/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "engine/near.h"
#include <sched.h>
#include <time.h>

/* A thread that runs for longer may run anywhere. */
#define SHORT 200000 /* ns */
/* What is quicker depends on who else is at work: so both ways are tried for so many stops, and the better one is kept
 * for some more. */
#define TRIED 32
#define KEPT 4096
/* Of a program, that nothing is done for: as many as one has that ends at once. */
#define FIRST 128

static cpu_set_t everywhere, before;
static int here;

static enum { TRY_NEAR, TRY_FAR, KEEP, PHASES } phase;
static bool is_near;
static unsigned int left; /* stops of this phase */
static uint64_t taken[2]; /* ns, far and near */

/* This process stays where it is, or moves as it likes. */
static void settle(void)
{
	cpu_set_t set = everywhere;

	if (is_near) {
		here = sched_getcpu();
		CPU_ZERO(&set);
		CPU_SET(here, &set);
	}
	sched_setaffinity(0, sizeof(set), &set);
}

static void begin_phase(void)
{
	is_near = phase == KEEP ? taken[true] < taken[false] : phase == TRY_NEAR;
	left = phase == KEEP ? KEPT : TRIED;
	taken[is_near] = phase == KEEP ? taken[is_near] : 0;
	settle();
}

void near_start(void)
{
	sched_getaffinity(0, sizeof(everywhere), &everywhere);
	begin_phase();
}

static void count(uint64_t span)
{
	taken[is_near] += span;
	if (--left)
		return;
	phase = (phase + 1) % PHASES;
	begin_phase();
}

/* The time since *RESUMED, which becomes now. */
static uint64_t span_of(uint64_t *resumed)
{
	struct timespec now;
	uint64_t last = *resumed;

	clock_gettime(CLOCK_MONOTONIC, &now);
	*resumed = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	return *resumed - last;
}

bool near_begin(pid_t thread, struct near_thread *known)
{
	uint64_t span;
	cpu_set_t set;

	if (known->stops < FIRST) {
		known->stops++;
		return false;
	}
	span = span_of(&known->resumed);
	if (span >= SHORT)
		return false;
	count(span);
	if (!is_near || sched_getaffinity(thread, sizeof(before), &before) < 0 || !CPU_ISSET(here, &before))
		return false;
	CPU_ZERO(&set);
	CPU_SET(here, &set);
	return !CPU_EQUAL(&set, &before) && !sched_setaffinity(thread, sizeof(set), &set);
}

void near_end(pid_t thread)
{
	sched_setaffinity(thread, sizeof(before), &before);
}
