/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a tracer's agent knows of the threads that the tracer traces, and how
 * it reads and writes them. All but tracee_find() and its kind need the tracee
 * stopped and the tracer's own thread.
 */
#ifndef AGENT_TRACEE_H
#define AGENT_TRACEE_H

#include "agent/agent.h"
#include "traced.h"

enum tracee_is {
	TRACEE_IS_KNOWN = 1 << 0,	 /* it has been seen stopped, and has our options */
	TRACEE_IS_GUEST = 1 << 1,	 /* it runs on our image */
	TRACEE_IS_ATTACHED = 1 << 2,	 /* the tracer has asked for it itself */
	TRACEE_IS_SEIZED = 1 << 3,	 /* by PTRACE_SEIZE, or a child of such */
	TRACEE_IS_IN_CALL = 1 << 4,	 /* its agent is making a call, whose end is to be seen */
	TRACEE_IS_INTERRUPTED = 1 << 5,	 /* the call was not begun, because of a signal or a stop */
	TRACEE_IS_EXECUTING = 1 << 6,	 /* a program has been executed and is not yet in place */
	TRACEE_IS_ENTERING = 1 << 14,	 /* this stop is that of a call's beginning */
	TRACEE_SHOWS_EXEC = 1 << 7,	 /* this stop stands for PTRACE_EVENT_EXEC */
	TRACEE_SHOWS_ASK = 1 << 15,	 /* this stop stands for PTRACE_EVENT_SECCOMP of a guest's filter */
	TRACEE_HOLDS_SIGNALS = 1 << 8,	 /* MASK is to be put back at the end of the call */
	TRACEE_WAS_SENT = 1 << 9,	 /* SENT has been: the stop that comes of it has to tell what SENT does */
	TRACEE_OWES_SIGNAL = 1 << 10,	 /* OWED is to be sent when the tracer lets it go on */
	TRACEE_OWES_STOP = 1 << 11,	 /* likewise a SIGSTOP that came too early */
	TRACEE_OWES_RESTART = 1 << 12,	 /* likewise its call is to begin again */
	TRACEE_OWES_INTERRUPT = 1 << 13, /* a PTRACE_INTERRUPT has been asked for, and no stop shown yet */
};

struct tracee {
	int thread;			/* 0: free */
	unsigned long options;		/* the tracer's own PTRACE_O_... */
	unsigned int is;		/* enum tracee_is */
	int request;			/* how the tracer let it go on last: PTRACE_CONT, ... */
	int hidden;			/* a signal whose next stop is not shown: agent/fault.h; or 0 */
	unsigned long nr;		/* of the call it is in */
	unsigned long message;		/* PTRACE_GETEVENTMSG of the exec, or the question, that is shown */
	struct ucontext *context;	/* of the question: where its agent has the guest's registers, */
	struct traced_registers asking; /* and its own */
	unsigned long mask;
	siginfo_t owed, sent;
};

/* The entry of THREAD; NULL: there is none, or no room for one. */
struct tracee *tracee_find(int thread);
struct tracee *tracee_take(int thread);
static inline void tracee_drop(struct tracee *tracee)
{
	__atomic_store_n(&tracee->thread, 0, __ATOMIC_RELEASE);
}

/* ptrace(REQUEST) of it, as the kernel answers: negative errno. */
long tracee_request(const struct tracee *tracee, long request, unsigned long address, const void *data);
/* The memory of THREAD at an address of ours that its agent has too: whether it could be read, or written. */
bool tracee_read(int thread, const void *from, void *to, size_t size);
bool tracee_write(int thread, const void *to, const void *from, size_t size);
/* Its registers. */
bool tracee_get(const struct tracee *tracee, struct traced_registers *regs);
bool tracee_set(const struct tracee *tracee, const struct traced_registers *regs);
/* The number of the call it is in. */
void tracee_set_call(const struct tracee *tracee, unsigned long nr);

#endif
