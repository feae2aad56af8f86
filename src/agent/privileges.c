/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/privileges.h"
#include "agent/proc.h"
#include "agent/slot.h"
#include "image/state.h"

/*
 * Who has set it, and in which memory. In a copy of that memory it is
 * inherited. In the same one, a process that is not the one that set it is a
 * vfork child of it, or its parent: who knows nothing of it.
 */
struct fixed {
	unsigned int generation; /* 0: nobody */
	int process;
};

static struct fixed fixed;

#define INHERITED (~0u) /* from before the program was started */

static bool counts_for(const struct fixed *by, unsigned int generation, int process, int parent)
{
	return by->generation && (by->generation != generation || by->process == process || by->process == parent);
}

void privileges_start(uint32_t flags)
{
	if (flags & STATE_PRIVILEGES_FIXED)
		fixed.generation = INHERITED;
}

uint32_t privileges_state(void)
{
	return privileges_are_fixed() ? STATE_PRIVILEGES_FIXED : 0;
}

bool privileges_are_fixed(void)
{
	return fixed.generation &&
	       counts_for(&fixed, slot_generation(), (int)GATE_0(NR_getpid), (int)GATE_0(NR_getppid));
}

void privileges_note_fixed(void)
{
	if (!privileges_are_fixed())
		fixed = (struct fixed){ slot_generation(), (int)GATE_0(NR_getpid) };
}

bool privileges_are_fixed_in(int process)
{
	struct fixed by;
	unsigned int generation;

	return proc_read_agent(process, &fixed, &by, sizeof(by)) &&
	       proc_read_agent(process, slot_generation_place, &generation, sizeof(generation)) &&
	       counts_for(&by, generation, process, 0);
}
