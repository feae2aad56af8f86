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

/* Install our handler. FLAGS, of enum state_flags: what the program before did with SIGSYS. */
void signal_start(uint32_t flags);
/* What survives exec of the guest's dealings with SIGSYS: enum state_flags. */
uint32_t signal_state(void);
/* Whether the calling thread believes SIGSYS to be blocked. Note that it does, or not. */
bool signal_is_blocked(void);
void signal_set_blocked(bool is_blocked);
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
