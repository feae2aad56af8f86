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
/* Whether stacks of this program may have room for the frame of a call without a signal. */
bool patch_may_enter(void);
/* The call of ROW has trapped at CONTEXT's site: count it, and patch the site when it has paid for that. */
void patch_consider(const struct call_row *row, const struct ucontext *context);

/*
 * Of THREAD, which runs on our image: how many stubs its page of that INDEX has, and the page; 0:
 * there is no such page.
 */
unsigned int patch_read_stubs(long thread, unsigned int index, unsigned long *page);
/* Whether AT is in a stub of THREAD's, which runs on our image. */
bool patch_is_stub_of(long thread, unsigned long at);
/* If CONTEXT stands in a stub: make it stand at the stub's site. */
void patch_leave_stub(struct ucontext *context);

#endif
