/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a thread can't do in its own process, because others share its cwd or
 * its descriptors, is done by a child for a moment.
 */
#ifndef AGENT_CHILD_H
#define AGENT_CHILD_H

#include "agent/slot.h"

#define CHILD_SHARES_FILES 0x400 /* CLONE_FILES */
#define CHILD_SHARES_PLACE 0x200 /* CLONE_FS: cwd, root and umask */

/*
 * Call FUNCTION(A, B) in a child that shares memory, and descriptors if FLAGS
 * say so, and wait until it has ended. 0, or a negative errno when there can be
 * no child.
 */
long child_run(slot_finish *function, void *a, long b, unsigned long flags);

/*
 * The same in a child that shares descriptors and place, for steps that must not be left half done: whoever kills
 * the process, or all of its group or session, does not meet the child. So these steps wait for nobody, and open no
 * terminal: they have a session of their own. Where there can be no child, in the calling thread.
 */
void child_run_to_the_end(slot_finish *function, void *a, long b);

/*
 * The same for steps that change a mode for a moment: no other guest of this proot is within such steps meanwhile, and
 * --kill-on-exit lets them end. Descriptors may be had up to the hard limit.
 */
void child_run_alone(slot_finish *function, void *a, long b);

#endif
