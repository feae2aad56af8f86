/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/child.h"
#include "agent/gate.h"
#include "agent/image_lock.h"
#include "agent/raised.h"
#include <linux/resource.h>

#define WAIT_CLONE 0x80000000u /* __WCLONE, linux/wait.h */

/* The child's stack is that of a slot of its own. */
long child_run(slot_finish *function, void *a, long b, unsigned long flags)
{
	struct slot *slot = slot_take();
	long child = agent_call_in_child((char *)slot + SLOT_SIZE, function, a, b, flags);

	if (child > 0)
		GATE_4(NR_wait4, child, NULL, WAIT_CLONE, NULL);
	slot_free(slot);
	return child < 0 ? child : 0;
}

struct steps {
	slot_finish *function;
	void *a;
	long b;
	bool is_alone;
};

/* The limit is the child's own; the descriptors are not. */
static void make_room(void)
{
	struct rlimit limit;

	if (GATE_2(NR_getrlimit, RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	GATE_2(NR_setrlimit, RLIMIT_NOFILE, &limit);
}

static long take_steps(struct slot *steps_at, long is_child)
{
	const struct steps *steps = (const struct steps *)steps_at;
	long lock = -1;

	if (is_child)
		GATE_0(NR_setsid);
	if (is_child && steps->is_alone)
		make_room();
	if (steps->is_alone)
		lock = image_lock();
	if (steps->is_alone)
		raised_begin();
	steps->function(steps->a, steps->b);
	if (steps->is_alone)
		raised_end();
	if (lock >= 0)
		image_unlock((int)lock);
	return 0;
}

static void run(struct steps *steps)
{
	/* Then this is such a child. */
	if (image_lock_is_ours())
		steps->function(steps->a, steps->b);
	else if (child_run(take_steps, steps, true, CHILD_SHARES_FILES | CHILD_SHARES_PLACE))
		take_steps((struct slot *)steps, false);
}

void child_run_to_the_end(slot_finish *function, void *a, long b)
{
	run(&(struct steps){ function, a, b, false });
}

void child_run_alone(slot_finish *function, void *a, long b)
{
	run(&(struct steps){ function, a, b, true });
}
