/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Debuggers among the guests. A tracee's stops are the kernel's own, but for
 * those that we are the cause of: SIGSYS of a trap, system calls of the agent, the image
 * in the place of a program that is executed. The agent of the *tracer* lets the tracee
 * go on from these, and what the tracer is told of are stops in which the kernel has the registers, the
 * call and the siginfo that it would have without us; so ptrace(2) needs no
 * translation, nor what /proc tells of a stopped process.
 */
#ifndef AGENT_TRACE_H
#define AGENT_TRACE_H

#include "agent/slot.h"
#include "agent/tracee.h"

/* Results that a call has only while a signal is on its way: include/linux/errno.h. */
#define ERESTARTSYS 512
#define ERESTARTNOINTR 513
#define ERESTARTNOHAND 514
#define ERESTART_RESTARTBLOCK 516

/*
 * THREAD, waited for by the calling thread, has stopped and waitpid(2) has
 * said so by *STATUS. True if its tracer is to know, and *STATUS is what it is to be told (or it is no tracee);
 * false: THREAD has been let go on.
 */
bool trace_shows(int thread, int *status);

/* The calling process is about to execute a program, or to stop itself. */
bool trace_begin(void);
/* Whether any process that uses this memory waits for that. */
bool trace_is_expected(void);
/* SIGNAL has come in a handler: if the process begins to be traced by that, it comes again. */
bool trace_begin_with(int signal, const siginfo_t *info);

/* A thread has ended. */
void trace_forget(int thread);

/* OPTIONS of PTRACE_SETOPTIONS with those we need; and note that TRACEE's tracer has asked for OPTIONS. */
unsigned long trace_add_options(unsigned long options);
void trace_note_options(struct tracee *tracee, unsigned long options);
/* The signals that TRACEE owes come to it now. */
void trace_send(struct tracee *tracee);
/* TRACEE is about to be detached. */
void trace_release(struct tracee *tracee);

/* Whether AT is in TRACEE's agent or a stub of its. */
bool trace_is_in_agent(const struct tracee *tracee, unsigned long at);
/*
 * What REGS, which are at the gate, are at the site. The call has not been made,
 * or a signal or a stop has interrupted it (registers_...: as the kernel has it then),
 * or it has returned and nothing is left to do: whether it was one of these, and the
 * tracee has these registers.
 */
bool trace_leave_gate(struct tracee *tracee, struct traced_registers *regs);
/* The same of one that is at PTRACE_EVENT_CLONE or another event of clone3. */
bool trace_leave_cloning(struct tracee *tracee, struct traced_registers *regs);
/* What a call NR says that is interrupted before it has done anything. */
long trace_interrupted_result(unsigned long nr);
/* Whether REGS are at the gate, before a call that may wait. */
bool trace_is_about_to_wait(const struct traced_registers *regs);
/* Or behind it. */
bool trace_is_made(const struct traced_registers *regs);
/*
 * All signals but those of the processor, which come, blocked or not, and would end the process; a mask.
 */
#define TRACE_BLOCKED \
	~(SIGNAL_BIT(SIGSYS) | SIGNAL_BIT(SIGTRAP) | SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGKILL) | \
	  SIGNAL_BIT(SIGSTOP))
/*
 * Let TRACEE make single steps until it is out of its agent. False: it has ended, or
 * can't be got out; *STATUS is what waitpid(2) has said last.
 */
bool trace_step_out(struct tracee *tracee, int *status);

/*
 * A filter of the guest's has said SECCOMP_RET_TRACE with DATA: what the tracer decides. The call's
 * result, or CALL_RESUME; HANDLE handles it if it is to be made. Without a tracer that wants to know it is -ENOSYS.
 */
long trace_ask(struct call *call, unsigned long data, call_handler *handle);
#define TRACE_SKIPS 1 /* answers: the call is not to be made, and has its result */
#define TRACE_TOLD 2  /* its end is to be told */

/*
 * What enters our numbers: the agent of a program that has just been put in place asks the
 * tracer, if there is one, to begin there (PTRACE_EVENT_SECCOMP): arguments are the stack
 * pointer, the entry and the signal mask.
 */
void trace_tell_start(const unsigned long *stack_pointer, unsigned long entry, unsigned long mask);

#endif
