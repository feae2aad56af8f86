/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls from patched sites that make, remove or rename an entry of a directory:
 * most of them, without a slot. The directory is held as ever (agent/pin.h). All
 * that can't be done again is done at the gate, where each instruction says how far the call has
 * come. What is not plain, or in two directories, goes the slow way.
 */
#ifndef AGENT_CHANGE_H
#define AGENT_CHANGE_H

#include "agent/fast.h"

/* FAST_CHANGE when the frame is ready for gate_change; or FAST_SLOW. */
long fast_change(struct fast_frame *frame, const struct call_row *row, const unsigned long arguments[6]);

/*
 * A signal came at CONTEXT, from gate_change to gate_change_end. True: the call has
 * been made, and FRAME has its result. False: it has not, and nothing is left of it.
 */
bool change_leave(struct fast_frame *frame, struct ucontext *context);

#endif
