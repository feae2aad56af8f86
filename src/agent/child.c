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
