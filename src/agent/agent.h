/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The agent: what its files share.
 *
 * Rules of the agent:
 * 1. It is freestanding. Every system call goes through gate().
 * 2. It runs on the stack of a slot, with all signals blocked; so nothing
 *    interrupts it, and no call that may wait is made from it: such a call
 *    resumes at the gate instead (call_resume()). But for fast.c, which stays on
 *    the guest's stack, signals open, and so holds nothing.
 * 3. Memory of the guest is read and written only by guest_memory.h; fast.c also
 *    looks at what the kernel has written there at once before.
 * 4. A vfork child shares this memory with its parent: what belongs to one
 *    process (cwd, identity) is asked of the kernel, not kept. Tables that must
 *    be kept are keyed by thread, or only ever added to.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include "arch.h"
#include "base/base.h"
#include "base/error.h"
#include "image/image.h"
#include "numbers.h"

/* Hidden: addresses known when linking, for clang too. */
#pragma GCC visibility push(hidden)

/* One system call, past the filter. The result is the kernel's: negative errno. */
long gate(long nr, unsigned long a, unsigned long b, unsigned long c, unsigned long d, unsigned long e,
	  unsigned long f);

#define ARGUMENT(value) ((unsigned long)(value))
#define GATE_0(nr) gate(nr, 0, 0, 0, 0, 0, 0)
#define GATE_1(nr, a) gate(nr, ARGUMENT(a), 0, 0, 0, 0, 0)
#define GATE_2(nr, a, b) gate(nr, ARGUMENT(a), ARGUMENT(b), 0, 0, 0, 0)
#define GATE_3(nr, a, b, c) gate(nr, ARGUMENT(a), ARGUMENT(b), ARGUMENT(c), 0, 0, 0)
#define GATE_4(nr, a, b, c, d) gate(nr, ARGUMENT(a), ARGUMENT(b), ARGUMENT(c), ARGUMENT(d), 0, 0)
#define GATE_5(nr, a, b, c, d, e) gate(nr, ARGUMENT(a), ARGUMENT(b), ARGUMENT(c), ARGUMENT(d), ARGUMENT(e), 0)
#define GATE_6(nr, a, b, c, d, e, f) \
	gate(nr, ARGUMENT(a), ARGUMENT(b), ARGUMENT(c), ARGUMENT(d), ARGUMENT(e), ARGUMENT(f))

/* The image data the command composed. */
static inline const struct image_data *image_data(void)
{
	return (const struct image_data *)IMAGE_DATA_ADDRESS;
}

/* The view: agent/views.h. */
extern const struct view *view_in_force;

static inline const struct view *the_view(void)
{
	return view_in_force;
}

/* The canonical guest path of the program this process runs. Other agents read it here. */
extern char guest_exe[PATH_SIZE];

/* Of large arrays: they lie apart, so that the small variables that every program touches share a page. */
#define AGENT_LARGE __attribute__((section(".bss.large")))
/* fork(2) gives the child this empty (MADV_WIPEONFORK, slot_start()). It lies in one page, before the slots. */
#define AGENT_WIPED __attribute__((section(".slots.wiped")))
/* Written in every process at its start: in the same page as what is small. */
#define AGENT_EARLY __attribute__((section(".bss.early")))

/* Ends of the agent and its segments, from the linker. */
extern char agent_text_end[], agent_seldom_start[], agent_seldom_end[], agent_identity_start[], agent_identity_end[],
	agent_data_start[];
extern char agent_image_start[], agent_reading_start[], agent_reading_end[], agent_wiped_start[], agent_image_end[];

#pragma GCC visibility pop

#endif
