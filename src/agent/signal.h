/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signals as the guest knows them, while SIGSYS is ours: it must never be
 * blocked, ignored or replaced in the kernel, or the next trap kills the
 * process.
 */
#ifndef AGENT_SIGNAL_H
#define AGENT_SIGNAL_H

#include "agent/slot.h"

#define SIGNAL_SET_SIZE 8 /* sizeof(sigset_t) of the kernel, _NSIG / 8 */
#define SIGNAL_BIT(signal) (1ul << ((signal)-1))

/* Install our handler; IGNORED: the program that executed this one ignored SIGSYS. */
void signal_start(bool ignored);
/* Whether the guest ignores SIGSYS: survives exec. */
bool signal_is_ignored(void);
/* A SIGSYS that no trap of ours caused: do what the guest's disposition says. See agent_signal(). */
unsigned long signal_deliver_own(struct slot *slot, struct ucontext *context);
/* End the process by SIGNAL, whatever the guest has set for it. Returns only if the kernel does not let us. */
void signal_kill_self(int signal);
/*
 * A signal interrupted a call that waits at the gate: make CONTEXT what it
 * would be without us, the call either not begun or returned, and free the slot.
 */
void signal_leave_gate(struct ucontext *context);

#endif
