/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Patched sites: a site that traps again and again gets a jump to a stub, which
 * goes to the agent without a signal (fast.h). Nothing depends on it: a site
 * that can't be patched goes on trapping.
 */
#ifndef AGENT_PATCH_H
#define AGENT_PATCH_H

#include "agent/slot.h"

struct program_map;

/* Once at start: what program this process runs. */
void patch_start(const struct program_map *program);
/* Calls that need the kernel's signal frame, or leave no way back to a stub: their sites are never patched. */
bool patch_needs_trap(unsigned long nr);
/* The call of ROW has trapped at CONTEXT's site: count it, and patch the site when it has paid for that. */
void patch_consider(const struct call_row *row, const struct ucontext *context);

/* If CONTEXT stands in a stub: make it stand at the stub's site. */
void patch_leave_stub(struct ucontext *context);

#endif
