/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Syscall user dispatch (Documentation/admin-guide/syscall-user-dispatch.rst, Linux 5.11), as Wine uses it: SIGSYS
 * for all calls but those from one range of addresses, as long as a byte says so.
 *
 * The kernel does it, before any filter, but the range that it knows is the image's: our
 * calls are never stopped. The guest's own range is kept here. A call that is stopped and comes from there is
 * handled as if it had come to our filter; all others are the guest's SIGSYS.
 */
#ifndef AGENT_USER_DISPATCH_H
#define AGENT_USER_DISPATCH_H

#include "agent/slot.h"

#ifndef SYS_USER_DISPATCH
#define SYS_USER_DISPATCH 2 /* asm-generic/siginfo.h, Linux 5.11 */
#endif

/* prctl(PR_SET_SYSCALL_USER_DISPATCH, ...) */
long user_dispatch_set(const unsigned long arguments[6]);
/* Whether the call at CONTEXT, which has been stopped, comes from the range that the guest has let pass. */
bool user_dispatch_passes(const struct ucontext *context);
/*
 * Make such a call that no handler is for, as our filter would have let it pass or refused it: it is as
 * dispatch_call() says.
 */
bool user_dispatch_make(struct slot *slot, struct ucontext *context, uint32_t verdict);

#endif
