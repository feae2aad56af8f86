/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signals as the guest knows them, while SIGSYS is ours: it must never be
 * blocked, ignored or replaced in the kernel, or the next trap kills the
 * process.
 */
#ifndef AGENT_SIGNAL_H
#define AGENT_SIGNAL_H

#include "agent/slot.h"
#include <asm/siginfo.h>

#define SIGNAL_SET_SIZE 8 /* sizeof(sigset_t) of the kernel, _NSIG / 8 */
#define SIGNAL_BIT(signal) (1ul << ((signal)-1))
/* Of no mask in the kernel. */
#define NEVER_BLOCKED (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP) | SIGNAL_BIT(SIGSYS))

/* struct sigaction of the kernel: asm/signal.h has it under a name that depends on the header's age. */
struct disposition {
	unsigned long handler;
	unsigned long flags;
	unsigned long restorer;
	unsigned long mask;
};

#define DISPOSITION_DEFAULT 0ul /* SIG_DFL */
#define DISPOSITION_IGNORE 1ul	/* SIG_IGN */

#pragma GCC visibility push(hidden)
/* Ours of SIGSYS, for gate_clone3. */
extern const struct disposition agent_disposition;
#pragma GCC visibility pop

/* Where the guest's own handler of SIGSYS is kept, for a child that must forget it; NULL if there is none. */
unsigned long *signal_own_handler(void);
/*
 * Install our handler. FLAGS, of enum state_flags: what the program before did
 * with SIGSYS. MASK: of the signals that are blocked.
 */
void signal_start(uint32_t flags, unsigned long mask);
/* What survives exec of the guest's dealings with SIGSYS: enum state_flags. */
uint32_t signal_state(unsigned long mask);
/* Whether the calling thread, which has MASK, believes SIGSYS to be blocked. Note that it does, or not. */
bool signal_is_blocked(unsigned long mask);
void signal_set_blocked(unsigned long mask, bool is_blocked);
/* Whether a thread with MASK does, unless any thread differs from that. */
bool signal_seems_blocked(unsigned long mask);
bool signal_any_differs(void);
/* What an agent knows of its guest's dealings with SIGSYS, and of our other handlers, for /proc/PID/status. */
struct signal_facts {
	bool catches, ignores;
	unsigned long faults; /* that have a handler of ours: agent/fault.h */
	int differing_threads[64];
};
/* Those of the agent of THREAD, maybe another process's; false when they can't be read. */
bool signal_read_facts(long thread, struct signal_facts *facts);
bool signal_blocks(const struct signal_facts *facts, int thread, unsigned long mask);
/* A SIGSYS that no trap of ours caused: do what the guest's disposition says. See agent_signal(). */
unsigned long signal_deliver_own(struct slot *slot, struct ucontext *context);
/* The same of one that the kernel has forced upon the guest: blocked or ignored, it kills. */
unsigned long signal_force_own(struct slot *slot, struct ucontext *context);
/* End the process by SIGNAL, whatever the guest has set for it. Returns only if the kernel does not let us. */
void signal_kill_self(int signal);
/* The trampoline for HANDLER; HANDLER itself once all are taken, which costs only what signal_leave_gate() gives. */
unsigned long signal_trampoline(unsigned long handler);
/* The handler that TRAMPOLINE leads to; TRAMPOLINE itself if it is none. */
unsigned long signal_handler_behind(unsigned long trampoline);
/*
 * SIGNAL has come at CONTEXT. If that is a call that waits at the gate, or on its
 * way through a stub: make it what it would be without us, the call either not
 * begun or returned, and free the slot. True: the signal was for us (agent/fault.h).
 */
bool signal_leave_gate(struct ucontext *context, siginfo_t *info, int signal);

#endif
