/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Faults in memory of the guest that was readable a moment ago. To ask about each page
 * for each call costs a system call; so fast.c believes for a while what
 * it was told (guest_memory.h), and where that has become wrong the call begins
 * anew: SIGSEGV and SIGBUS come back to us, by the trampoline of the guest's own handler or, where
 * the guest has left them at SIG_DFL, of one of ours, which does what SIG_DFL does.
 *
 * What is not caught is such a fault with the signal blocked.
 */
#ifndef AGENT_FAULT_H
#define AGENT_FAULT_H

#include "agent/signal.h"
#include <asm/siginfo.h>

/* Code that may fault when it reads what is the guest's. It holds nothing. */
#define AGENT_READING __attribute__((noinline, section(".text.reading")))

/* Whether such faults are caught. The first time, handlers are installed for that. */
bool fault_is_caught(void);

/*
 * For who is to be traced as soon as a signal comes (agent/trace.h): the others that an instruction may cause
 * come to us as well where they are at SIG_DFL, until the guest sets them or executes a program.
 */
void fault_catch_all(void);

/* SIGNAL has come at CONTEXT: whether it was such a fault. Then nothing is believed any more. INFO is valid for these
 * two. */
bool fault_is_of_reading(int signal, const siginfo_t *info, const struct ucontext *context);

/* The guest sets NEW for SIGNAL: what the kernel is given, in *NEW. */
void fault_replace(int signal, struct disposition *new);
/* What the guest is told it had set, in *OLD; NEW: what it has set now, or NULL. */
void fault_tell(int signal, const struct disposition *new, struct disposition *old);

/* Where the mask of signals is that have our handler, the guest having SIG_DFL. */
const unsigned long *fault_signals(void);

#endif
