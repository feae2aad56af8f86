/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Alternate signal stacks. SIGSYS runs on the one the kernel knows, and when
 * the guest is on it already, below what the guest uses. A guest's stack of a
 * few KiB has no room for that: then the kernel is given a stack of ours, which
 * remembers the guest's. A signal for a handler of the guest arrives on ours;
 * its frame is moved to where the kernel would have put it.
 */
#ifndef AGENT_STACKS_H
#define AGENT_STACKS_H

#include "agent/slot.h"

#define STACK_TINY (8 * 1024)	/* below that, a handler's frame may leave no room for calls from stubs */
#define STACK_LARGE (32 * 1024) /* from here on the guest's own will do */

/*
 * sigaltstack: NEW and OLD may be NULL. OLD gets what the guest knows to be
 * set. Changes the context's stack, which the kernel sets when our handler
 * returns. Errors as sigaltstack(2).
 */
long stack_exchange(struct call *call, const stack_t *new, stack_t *old);
/* The guest returns from a handler with the frame at FRAME: do what the kernel does with the stack it names. */
void stack_leave_guest_frame(struct call *call, struct ucontext *frame);
/*
 * A guest's handler is about to be entered with CONTEXT while the kernel has a
 * stack of ours: let the frame tell of the guest's, and move it there if it
 * lies on ours. Returns the context in its place. Where there is no room for it
 * the process ends with SIGSEGV, as natively.
 */
struct ucontext *stack_adopt_guest_frame(struct ucontext *context);

#endif
