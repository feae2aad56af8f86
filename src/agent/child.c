/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/child.h"
#include "agent/gate.h"

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
};

static long take_steps(struct slot *steps_at, long is_child)
{
	const struct steps *steps = (const struct steps *)steps_at;

	if (is_child)
		GATE_2(NR_setpgid, 0, 0);
	return steps->function(steps->a, steps->b);
}

void child_run_to_the_end(slot_finish *function, void *a, long b)
{
	struct steps steps = { function, a, b };

	if (child_run(take_steps, &steps, true, CHILD_SHARES_FILES | CHILD_SHARES_PLACE))
		take_steps((struct slot *)&steps, false);
}
