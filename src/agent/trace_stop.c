/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/fast.h"
#include "agent/gate.h"
#include "agent/signal.h"
#include "agent/trace.h"
#include "agent/trace_sites.h"
#include "image/filter_data.h"
#include <linux/ptrace.h>

/* By which the kernel tells of itself what we have to know: PTRACE_SETOPTIONS. */
#define OUR_OPTIONS (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEEXEC)

#define STOP_SIGNAL(status) ((status) >> 8 & 0xff)
#define STOP_EVENT(status) ((status) >> 16)
#define STOP_STATUS(signal, event) ((event) << 16 | (signal) << 8 | 0x7f)
#define STOP_OF_CALL (SIGTRAP | 0x80) /* PTRACE_O_TRACESYSGOOD */

/* What a tracer has asked for last: a child that is traced from its beginning has its parent's. */
static unsigned long last_options;

void trace_note_options(struct tracee *tracee, unsigned long options)
{
	tracee->options = options;
	last_options = options;
}

unsigned long trace_add_options(unsigned long options)
{
	return options | OUR_OPTIONS;
}

/* Whether it runs on an image of this proot's build: then its agent is where ours is. */
static bool has_our_agent(int thread)
{
	unsigned char page[256];

	for (const char *at = agent_image_start; at < agent_image_start + GATE_OFFSET + GATE_SIZE; at += sizeof(page))
		if (!tracee_read(thread, at, page, sizeof(page)) || memcmp(page, at, sizeof(page)))
			return false;
	return true;
}

/* Its calls come in by their sites from now on, where its tracer can see them. */
static void close_fast_way(const struct tracee *tracee, bool is_closed)
{
	unsigned long closed;

	if (!tracee_read(tracee->thread, &fast_is_closed, &closed, sizeof(closed)))
		return;
	closed = is_closed ? closed | FAST_CLOSED_BY_TRACER : closed & ~FAST_CLOSED_BY_TRACER;
	tracee_write(tracee->thread, &fast_is_closed, &closed, sizeof(closed));
}

void trace_release(struct tracee *tracee)
{
	if (!(tracee->is & TRACEE_IS_GUEST))
		return;
	trace_sites_hide(tracee);
	close_fast_way(tracee, false);
}

/* Whether a child has stopped because its parent is traced: ptrace_init_task(), include/linux/ptrace.h. */
static bool is_born_traced(const struct tracee *tracee, int status)
{
	siginfo_t info;

	if (STOP_EVENT(status))
		return STOP_EVENT(status) == PTRACE_EVENT_STOP;
	return STOP_SIGNAL(status) == SIGSTOP && !tracee_request(tracee, PTRACE_GETSIGINFO, 0, &info) &&
	       info.si_code == SI_USER && !info.si_pid;
}

/* The first stop that is seen of a thread. */
static void begin(struct tracee *tracee, int status)
{
	if (!(tracee->is & TRACEE_IS_ATTACHED) && is_born_traced(tracee, status))
		tracee->options = last_options;
	if (STOP_EVENT(status) == PTRACE_EVENT_STOP)
		tracee->is |= TRACEE_IS_SEIZED;
	tracee->is |= TRACEE_IS_KNOWN;
	if (!has_our_agent(tracee->thread))
		return;
	tracee->is |= TRACEE_IS_GUEST;
	tracee_request(tracee, PTRACE_SETOPTIONS, 0, (void *)trace_add_options(tracee->options));
	close_fast_way(tracee, true);
	trace_sites_show(tracee);
}

/* Let TRACEE go on as its tracer has asked, with SIGNAL. */
static bool resume(struct tracee *tracee, int signal)
{
	bool wants_end = tracee->is & TRACEE_IS_IN_CALL;

	if (!wants_end && tracee->is & TRACEE_OWES_INTERRUPT)
		tracee_request(tracee, PTRACE_INTERRUPT, 0, NULL);

	tracee_request(tracee, wants_end ? PTRACE_SYSCALL : tracee->request, 0, (void *)(long)signal);
	return false;
}

static bool resume_as(struct tracee *tracee, int request)
{
	tracee_request(tracee, request, 0, NULL);
	return false;
}

/* Have INFO come as a signal. */
static void send(struct tracee *tracee, const siginfo_t *info)
{
	tracee->sent = *info;
	tracee->is |= TRACEE_WAS_SENT;
	GATE_2(NR_tkill, tracee->thread, info->si_signo);
}

void trace_send(struct tracee *tracee)
{
	if (tracee->is & TRACEE_OWES_SIGNAL)
		send(tracee, &tracee->owed);
	if (tracee->is & TRACEE_OWES_STOP)
		GATE_2(NR_tkill, tracee->thread, SIGSTOP);
	tracee->is &= ~(TRACEE_OWES_SIGNAL | TRACEE_OWES_STOP);
}

/* INFO has come before the end of the call: it is to come behind that, and so are others. */
static void hold(struct tracee *tracee, const siginfo_t *info)
{
	static const unsigned long all = TRACE_BLOCKED;

	if (info->si_signo == SIGSTOP) {
		tracee->is |= TRACEE_OWES_STOP;
		return;
	}
	if (!(tracee->is & TRACEE_HOLDS_SIGNALS)) {
		tracee_request(tracee, PTRACE_GETSIGMASK, SIGNAL_SET_SIZE, &tracee->mask);
		tracee_request(tracee, PTRACE_SETSIGMASK, SIGNAL_SET_SIZE, &all);
		tracee->is |= TRACEE_HOLDS_SIGNALS;
	}
	send(tracee, info);
}

/* The end of a call that the agent has made. */
static bool end_call(struct tracee *tracee)
{
	if (tracee->is & TRACEE_HOLDS_SIGNALS)
		tracee_request(tracee, PTRACE_SETSIGMASK, SIGNAL_SET_SIZE, &tracee->mask);
	tracee->is &= ~(TRACEE_IS_IN_CALL | TRACEE_HOLDS_SIGNALS | TRACEE_IS_INTERRUPTED);
	if (tracee->nr != NR_rt_sigreturn)
		tracee_set_call(tracee, tracee->nr);
	if (tracee->request == PTRACE_SYSCALL)
		return true;
	if (tracee->is & TRACEE_OWES_INTERRUPT)
		tracee_request(tracee, PTRACE_INTERRUPT, 0, NULL);
	/* A single step: the trap of it was for the agent's first instruction, or is still to come. */
	if (tracee->request == PTRACE_SINGLESTEP && !(tracee->is & TRACEE_OWES_SIGNAL))
		return resume_as(tracee, PTRACE_SINGLESTEP);
	trace_send(tracee);
	return resume_as(tracee, PTRACE_CONT);
}

static bool is_our_trap(const siginfo_t *info)
{
	return info->si_signo == SIGSYS && info->si_code == SYS_SECCOMP && info->si_errno == FILTER_TRAP_DATA;
}

/* The handler is entered. Where the end of the call is to be seen, the agent tells it. */
static bool pass_trap(struct tracee *tracee, siginfo_t *info)
{
	if (tracee->is & TRACEE_IS_IN_CALL) {
		info->si_errno = FILTER_TRAP_TOLD;
		tracee_request(tracee, PTRACE_SETSIGINFO, 0, info);
		tracee_request(tracee, PTRACE_CONT, 0, (void *)SIGSYS);
		return false;
	}
	return resume(tracee, SIGSYS);
}

/* Whether the call that has returned was not made, because it is the agent's to make. */
static bool is_trapped(const struct tracee *tracee)
{
	struct ptrace_peeksiginfo_args which = { .nr = 1 };
	siginfo_t info;

	for (; tracee_request(tracee, PTRACE_PEEKSIGINFO, (unsigned long)&which, &info) == 1; which.off++)
		if (is_our_trap(&info))
			return true;
	return false;
}

/*
 * A signal or a stop has come where the call is about to wait: as if it had begun to. A number that is no call's
 * takes its place, so that the kernel makes a stop of its return.
 */
static bool return_first(struct tracee *tracee, struct traced_registers *regs)
{
	traced_set_result(regs, -1);
	tracee_set(tracee, regs);
	tracee->is |= TRACEE_IS_INTERRUPTED;
	return resume_as(tracee, PTRACE_SYSCALL);
}

/* The same where no signal is there that makes the kernel restart it. */
static bool return_early(struct tracee *tracee, struct traced_registers *regs)
{
	tracee->is |= TRACEE_OWES_RESTART;
	return return_first(tracee, regs);
}

static bool show_return(struct tracee *tracee, bool is_in_agent)
{
	struct traced_registers regs;

	if (!is_in_agent) {
		if (tracee->is & TRACEE_IS_IN_CALL)
			return end_call(tracee);
		return is_trapped(tracee) ? resume(tracee, 0) : true;
	}
	if (!(tracee->is & TRACEE_IS_IN_CALL) || !tracee_get(tracee, &regs))
		return resume(tracee, 0);
	if (trace_is_about_to_wait(&regs))
		return tracee->is & TRACEE_OWES_INTERRUPT ? return_early(tracee, &regs) : resume(tracee, 0);
	if (tracee->is & TRACEE_IS_INTERRUPTED)
		traced_set_result(&regs, trace_interrupted_result(tracee->nr));
	return trace_leave_gate(tracee, &regs) ? end_call(tracee) : resume(tracee, 0);
}

/* Have the kernel tell of the stop what it tells of one with CODE. */
static void set_code(const struct tracee *tracee, int code)
{
	siginfo_t info = { 0 };

	if (tracee_request(tracee, PTRACE_GETSIGINFO, 0, &info))
		return;
	info.si_code = code;
	tracee_request(tracee, PTRACE_SETSIGINFO, 0, &info);
}

/* A call begins or returns. */
static bool show_call(struct tracee *tracee, int *status)
{
	struct ptrace_syscall_info call;
	bool is_in_agent, is_shown = true;

	if (tracee_request(tracee, PTRACE_GET_SYSCALL_INFO, sizeof(call), &call) > 0) {
		is_in_agent = trace_is_in_agent(tracee, call.instruction_pointer);
		if (call.op == PTRACE_SYSCALL_INFO_EXIT)
			is_shown = show_return(tracee, is_in_agent);
		else if (is_in_agent)
			is_shown = resume(tracee, 0);
		else if (call.op == PTRACE_SYSCALL_INFO_ENTRY)
			tracee->is = (tracee->is & ~TRACEE_IS_IN_CALL) | TRACEE_IS_ENTERING;
	}
	if (is_shown && !(tracee->options & PTRACE_O_TRACESYSGOOD)) {
		*status = STOP_STATUS(SIGTRAP, 0);
		set_code(tracee, SIGTRAP);
	}
	return is_shown;
}

/* INFO has come when the call had been made, and something is left to do. */
static bool end_first(struct tracee *tracee, const siginfo_t *info)
{
	tracee->is |= TRACEE_IS_IN_CALL;
	hold(tracee, info);
	return resume_as(tracee, PTRACE_SYSCALL);
}

/* Traps of single steps and watched memory in the agent are none of the guest's. */
static bool pass_debug_trap(struct tracee *tracee, const siginfo_t *info)
{
	if (tracee->is & TRACEE_IS_IN_CALL && tracee->request == PTRACE_SINGLESTEP) {
		tracee->is |= TRACEE_OWES_SIGNAL;
		tracee->owed = *info;
	}
	return resume(tracee, 0);
}

/* A signal of ours, or one that comes before a program is in place: what becomes of it, in *IS_SHOWN. */
static bool is_for_agent(struct tracee *tracee, unsigned long at, const siginfo_t *info, bool *is_shown)
{
	bool is_fault = info->si_signo == SIGSEGV || info->si_signo == SIGBUS;

	if (is_fault && at >= (unsigned long)agent_reading_start && at < (unsigned long)agent_reading_end) {
		*is_shown = resume(tracee, info->si_signo);
	} else if (info->si_signo == SIGTRAP && info->si_code > 0) {
		*is_shown = pass_debug_trap(tracee, info);
	} else if (info->si_signo == SIGTRAP && at == (unsigned long)agent_entry) {
		tracee->is |= TRACEE_IS_EXECUTING;
		*is_shown = resume_as(tracee, PTRACE_CONT);
	} else if (tracee->is & TRACEE_IS_EXECUTING) {
		tracee->is |= TRACEE_OWES_STOP;
		*is_shown = resume_as(tracee, PTRACE_CONT);
	} else {
		return false;
	}
	return true;
}

/* INFO has come in the agent: its stop is to be at the guest's site. */
static bool show_signal_in_agent(struct tracee *tracee, struct traced_registers *regs, const siginfo_t *info,
				 int *status)
{
	bool is_seen = tracee->is & TRACEE_IS_IN_CALL && tracee->request == PTRACE_SYSCALL, is_shown;

	if (is_for_agent(tracee, traced_instruction(regs), info, &is_shown))
		return is_shown;
	if (is_seen && trace_is_about_to_wait(regs)) {
		hold(tracee, info);
		return return_first(tracee, regs);
	}
	if (trace_leave_gate(tracee, regs))
		return true;
	if (is_seen || trace_is_made(regs))
		return end_first(tracee, info);
	if (!trace_step_out(tracee, status))
		return true;
	send(tracee, info);
	return resume_as(tracee, PTRACE_CONT);
}

static bool show_signal(struct tracee *tracee, int *status)
{
	struct traced_registers regs;
	siginfo_t info = { 0 };
	bool is_in_agent;

	/* -EINVAL: it has stopped with its group, and there is no signal. */
	if (tracee_request(tracee, PTRACE_GETSIGINFO, 0, &info) || !tracee_get(tracee, &regs))
		return true;
	is_in_agent = trace_is_in_agent(tracee, traced_instruction(&regs));
	if (is_our_trap(&info)) {
		if (!is_in_agent)
			tracee->nr = (unsigned int)info.si_syscall;
		if (!is_in_agent && (tracee->request != PTRACE_CONT || tracee->is & TRACEE_OWES_INTERRUPT))
			tracee->is |= TRACEE_IS_IN_CALL;
		return pass_trap(tracee, &info);
	}
	if (tracee->hidden == info.si_signo && !is_in_agent) {
		tracee->hidden = 0;
		return resume(tracee, info.si_signo);
	}
	if (tracee->is & TRACEE_WAS_SENT && info.si_signo == tracee->sent.si_signo) {
		tracee->is &= ~TRACEE_WAS_SENT;
		tracee_request(tracee, PTRACE_SETSIGINFO, 0, &tracee->sent);
		/* The trap of an exec. */
		if (tracee->is & TRACEE_IS_IN_CALL && !is_in_agent)
			tracee_set_call(tracee, tracee->nr);
		info = tracee->sent;
	}
	if (is_in_agent)
		return show_signal_in_agent(tracee, &regs, &info, status);
	tracee->is &= ~TRACEE_IS_IN_CALL;
	return true;
}

/* What the kernel sends who has executed a program and is not asked for PTRACE_EVENT_EXEC: begin_new_exec(). */
static void owe_exec_trap(struct tracee *tracee)
{
	tracee->owed = (siginfo_t){ .si_signo = SIGTRAP, .si_code = SI_USER };
	tracee->owed.si_pid = tracee->thread;
	tracee->owed.si_uid = (unsigned int)GATE_0(NR_getuid);
	tracee->is |= TRACEE_OWES_SIGNAL;
}

/* The program is in place; only now has the tracee executed it. */
static bool show_start(struct tracee *tracee, struct traced_registers *regs, int *status)
{
	unsigned long arguments[6];

	traced_arguments(regs, arguments);
	tracee_request(tracee, PTRACE_SETSIGMASK, SIGNAL_SET_SIZE, &arguments[2]);
	traced_start_program(regs, arguments[0], arguments[1]);
	tracee_set(tracee, regs);
	close_fast_way(tracee, true);
	if (tracee->is & TRACEE_OWES_INTERRUPT)
		tracee_request(tracee, PTRACE_INTERRUPT, 0, NULL);
	tracee->is &= ~TRACEE_IS_EXECUTING;
	if (tracee->nr != NR_execveat)
		tracee->nr = NR_execve;
	tracee->is |= TRACEE_IS_IN_CALL;
	if (tracee->options & PTRACE_O_TRACEEXEC) {
		tracee->is |= TRACEE_SHOWS_EXEC;
		set_code(tracee, SIGTRAP | PTRACE_EVENT_EXEC << 8);
		*status = STOP_STATUS(SIGTRAP, PTRACE_EVENT_EXEC);
		return true;
	}
	if (!(tracee->is & TRACEE_IS_SEIZED))
		owe_exec_trap(tracee);
	if (tracee->request == PTRACE_SYSCALL)
		return resume_as(tracee, PTRACE_SYSCALL);
	trace_send(tracee);
	return resume_as(tracee, PTRACE_CONT);
}

/* Its agent asks: the tracer is to see who has made the call. */
static bool show_question(struct tracee *tracee, const struct traced_registers *regs)
{
	struct traced_registers guest = *regs;
	struct ucontext context;
	unsigned long arguments[6];

	traced_arguments(regs, arguments);
	tracee->message = arguments[0];
	tracee->context = (struct ucontext *)arguments[1];
	if (!tracee_read(tracee->thread, tracee->context, &context, sizeof(context)))
		return resume(tracee, 0);
	tracee->asking = *regs;
	traced_from_context(&guest, &context);
	traced_in_call(&guest, registers_number(&context));
	tracee->nr = registers_number(&context);
	tracee->is |= TRACEE_SHOWS_ASK;
	return tracee_set(tracee, &guest);
}

/* A filter of the guest's own wants to tell its tracer, or the agent does. */
static bool show_filtered(struct tracee *tracee, int *status)
{
	struct traced_registers regs;

	if (tracee->is & TRACEE_SHOWS_EXEC) {
		*status = STOP_STATUS(SIGTRAP, PTRACE_EVENT_EXEC);
		return true;
	}
	if (tracee->is & TRACEE_SHOWS_ASK || !tracee_get(tracee, &regs))
		return true;
	if (traced_call(&regs) == TELL_ASK_NUMBER && tracee->options & PTRACE_O_TRACESECCOMP)
		return show_question(tracee, &regs);
	if (traced_call(&regs) == TELL_NUMBER && trace_is_in_agent(tracee, traced_instruction(&regs)))
		return show_start(tracee, &regs, status);
	if (traced_call(&regs) == TELL_END_NUMBER && trace_is_in_agent(tracee, traced_instruction(&regs))) {
		tracee_set_call(tracee, NR_rt_sigreturn);
		return resume(tracee, 0);
	}
	if (tracee->options & PTRACE_O_TRACESECCOMP)
		return true;
	/* As where nobody listens: __seccomp_filter(), kernel/seccomp.c. The return tells the number all the same. */
	if (!trace_is_in_agent(tracee, traced_instruction(&regs)) && tracee->request == PTRACE_SYSCALL) {
		tracee->nr = traced_call(&regs);
		tracee->is |= TRACEE_IS_IN_CALL;
	}
	traced_set_call(&regs, TRACED_NO_CALL);
	traced_set_result(&regs, -ENOSYS);
	tracee_set(tracee, &regs);
	return resume(tracee, 0);
}

/* All threads but the one that goes on have ended, and that has the number of the first. */
static bool begin_exec(struct tracee *tracee)
{
	struct tracee *former;

	tracee_request(tracee, PTRACE_GETEVENTMSG, 0, &tracee->message);
	former = tracee_find((int)tracee->message);
	if (former && former != tracee) {
		tracee->request = former->request;
		tracee->is = former->is;
		tracee_drop(former);
	}
	tracee->is = (tracee->is & ~TRACEE_IS_IN_CALL) | TRACEE_IS_EXECUTING;
	return resume_as(tracee, PTRACE_CONT);
}

/* PTRACE_INTERRUPT, a stop of the group, or its end. In a call it is to come behind that. */
static bool show_interrupt(struct tracee *tracee, int *status)
{
	struct traced_registers regs;

	if (!tracee_get(tracee, &regs))
		return true;
	if (!trace_is_in_agent(tracee, traced_instruction(&regs)) && !is_trapped(tracee))
		return true;
	if (!(tracee->is & (TRACEE_IS_EXECUTING | TRACEE_IS_IN_CALL)) && trace_leave_gate(tracee, &regs))
		return true;
	if (!(tracee->is & (TRACEE_IS_EXECUTING | TRACEE_IS_IN_CALL)) && !is_trapped(tracee)) {
		if (!trace_step_out(tracee, status))
			return true;
		tracee_request(tracee, PTRACE_INTERRUPT, 0, NULL);
		return resume_as(tracee, PTRACE_CONT);
	}
	tracee->is |= TRACEE_OWES_INTERRUPT;
	if (tracee->is & TRACEE_IS_EXECUTING)
		return resume_as(tracee, PTRACE_CONT);
	tracee->is |= TRACEE_IS_IN_CALL;
	return resume_as(tracee, PTRACE_SYSCALL);
}

static bool show_event(struct tracee *tracee, int event, int *status)
{
	struct traced_registers regs;

	switch (event) {
	case PTRACE_EVENT_SECCOMP:
		return show_filtered(tracee, status);
	case PTRACE_EVENT_EXEC:
		return begin_exec(tracee);
	case PTRACE_EVENT_STOP:
		return show_interrupt(tracee, status);
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		if (tracee_get(tracee, &regs))
			trace_leave_cloning(tracee, &regs);
		return true;
	case PTRACE_EVENT_VFORK_DONE:
		/* Of a child that the agent has made for itself. */
		if (tracee_get(tracee, &regs) && trace_is_in_agent(tracee, traced_instruction(&regs)) &&
		    !trace_leave_cloning(tracee, &regs))
			return resume(tracee, 0);
		return true;
	default:
		return true;
	}
}

static bool shows(struct tracee *tracee, int *status)
{
	if (!(tracee->is & TRACEE_IS_KNOWN))
		begin(tracee, *status);
	if (!(tracee->is & TRACEE_IS_GUEST))
		return true;
	if (STOP_EVENT(*status))
		return show_event(tracee, STOP_EVENT(*status), status);
	return STOP_SIGNAL(*status) == STOP_OF_CALL ? show_call(tracee, status) : show_signal(tracee, status);
}

bool trace_shows(int thread, int *status)
{
	struct tracee *tracee = tracee_find(thread);

	if (image_data()->flags & IMAGE_TRACE_AGENT)
		return true;
	if (!tracee && GATE_4(NR_ptrace, PTRACE_GETEVENTMSG, thread, 0, &(unsigned long){ 0 }))
		return true;
	if (!tracee)
		tracee = tracee_take(thread);
	if (!tracee)
		return true;
	if (!shows(tracee, status))
		return false;
	/* Any stop is one that was asked for: ptrace_stop(), kernel/signal.c. */
	tracee->is &= ~TRACEE_OWES_INTERRUPT;
	return true;
}

void trace_forget(int thread)
{
	struct tracee *tracee = tracee_find(thread);

	if (tracee)
		tracee_drop(tracee);
}
