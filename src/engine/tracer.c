/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules of this file
 *
 * 1. A cancelled call is replaced by a harmless one, not by -1: filters of who confines
 *    proot are asked after us. Those of the guest's own let FINISH_NUMBER pass (agent/seccomp.c).
 * 2. The SIGSYS of a trap is sent by the resumption at the call's entry, without
 *    a stop at its exit. The kernel delivers such a signal before any other
 *    (SYNCHRONOUS_MASK, kernel/signal.c), and then its siginfo is made that of
 *    seccomp. A SIGSYS that was sent to the thread before takes its place, and
 *    is given back later.
 * 3. Entry and exit of a call are told apart by keeping count: the kernel has no other stop between the two but
 *    those of new processes and programs. A thread whose stops are begun or ended (resume()) is not inside.
 */
#define _GNU_SOURCE 1
#include "engine/tracer.h"
#include "agent/calls.h"
#include "engine/descriptors.h"
#include "engine/filter.h"
#include "engine/near.h"
#include "engine/tracees.h"
#include "engine/verdict.h"
#include "image/filter_data.h"
#include "image/shared.h"
#include "numbers.h"
#include "tracee.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define OPTIONS \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | \
	 PTRACE_O_EXITKILL)
#ifndef SYS_SECCOMP
#define SYS_SECCOMP 1 /* asm-generic/siginfo.h, left out by some headers */
#endif
#define HARMLESS_NUMBER NR_getpid     /* nobody refuses it */
#define SYSCALL_STOP (SIGTRAP | 0x80) /* PTRACE_O_TRACESYSGOOD */

static struct sock_filter filter[FILTER_MOST];

/* Where guests have tracer_entrance of the agent; 0: that is not known yet. */
static unsigned long entrance_at;
/* How often a thread has told that its process has closed it, and one more. */
static unsigned int closings = 1;

/* Without libc's variants of it. A thread that has been killed meanwhile is ESRCH, and its end is the next news of it.
 */
static long trace(long request, pid_t thread, unsigned long address, unsigned long data)
{
	return syscall(SYS_ptrace, request, thread, address, data);
}

static void resume(struct tracee *tracee, int signal_number)
{
	bool is_near = near_begin(tracee->thread, &tracee->near);

	trace(tracee->is_in_agent ? PTRACE_CONT : PTRACE_SYSCALL, tracee->thread, 0, (unsigned long)signal_number);
	if (is_near)
		near_end(tracee->thread);
}

/* A call a thread is at the entry of. */
struct entry {
	struct tracee_registers regs;
	struct seccomp_data call;
	uint32_t verdict;
};

/*
 * What the agent says of TRACEE's process: FILTER_IS_THERE and its kind, or an address; 0: it has not started yet.
 * Asked again when any process has closed its entrance.
 */
static unsigned long find_entrance(struct tracee *tracee)
{
	if (entrance_at && (tracee->closings != closings || !tracee->entrance)) {
		tracee->closings = closings;
		tracee->entrance = 0;
		trace(PTRACE_PEEKDATA, tracee->thread, entrance_at, (unsigned long)&tracee->entrance);
	}
	return tracee->entrance;
}

static void cancel(struct tracee *tracee)
{
	tracee_set(tracee->thread, TRACEE_NUMBER,
		   find_entrance(tracee) == FILTER_IS_THERE ? FINISH_NUMBER : HARMLESS_NUMBER);
}

static void refuse(struct tracee *tracee, uint32_t verdict)
{
	cancel(tracee);
	tracee->is_refused = true;
	tracee->answer = -(uint64_t)(verdict & SECCOMP_RET_DATA);
	resume(tracee, 0);
}

static void send_trap(struct tracee *tracee, const struct entry *entry)
{
	cancel(tracee);
	tracee->is_trapped = true;
	tracee->trap = (struct trapped_call){ .instruction_pointer = entry->call.instruction_pointer,
					      .first_argument = entry->call.args[0],
					      .nr = entry->call.nr,
					      .arch = entry->call.arch,
					      .data = entry->verdict & SECCOMP_RET_DATA };
	resume(tracee, SIGSYS);
}

#define PAGE_BITS 12

/* Whether the guest's stack is there as far as the agent needs it; else the kernel is to say so. */
static bool is_roomy(struct tracee *tracee, unsigned long lowest)
{
	unsigned long word;

	if (lowest >> PAGE_BITS == tracee->stack_page)
		return true;
	if (trace(PTRACE_PEEKDATA, tracee->thread, lowest, (unsigned long)&word) < 0)
		return false;
	tracee->stack_page = lowest >> PAGE_BITS;
	return true;
}

/* By the agent's entrance, if it has one and the call can go that way. */
static bool enter(struct tracee *tracee, struct entry *entry)
{
	unsigned int nr = (unsigned int)entry->call.nr;
	unsigned long entrance = find_entrance(tracee);

	if (tracee->is_passing || (entry->verdict & SECCOMP_RET_DATA) != FILTER_TRAP_DATA) {
		tracee->is_passing = false;
		return false;
	}
	return entrance > FILTER_IS_THERE && call_find(nr) && !call_needs_frame(nr) && tracee_may_enter(&entry->regs) &&
	       is_roomy(tracee, tracee_lowest(&entry->regs)) &&
	       tracee_enter(tracee->thread, &entry->regs, entrance, HARMLESS_NUMBER);
}

static void trap(struct tracee *tracee, struct entry *entry)
{
	tracee->is_inside = false;
	tracee->is_in_agent = true;
	if (enter(tracee, entry))
		resume(tracee, 0);
	else
		send_trap(tracee, entry);
}

/* A child that is not followed would be out of the view. */
static void allow(struct tracee *tracee, const struct seccomp_data *call)
{
	if (call->nr == NR_clone && call->args[0] & CLONE_UNTRACED) {
		tracee->is_untraced = true;
		tracee->answer = call->args[0];
		tracee_set(tracee->thread, TRACEE_CLONE_FLAGS, tracee->answer & ~(uint64_t)CLONE_UNTRACED);
	}
	resume(tracee, 0);
}

static void take_entry(struct tracee *tracee)
{
	struct entry entry;

	if (!tracee_read(tracee->thread, &entry.regs))
		return;
	tracee_describe(tracee->thread, &entry.regs, &entry.call);
	tracee->is_inside = true;
	entry.verdict = verdict_find(filter, &entry.call);
	switch (entry.verdict & SECCOMP_RET_ACTION) {
	case SECCOMP_RET_ALLOW:
	case SECCOMP_RET_TRACE: /* a filter of the guest's decides: it is in the kernel */
		allow(tracee, &entry.call);
		break;
	case SECCOMP_RET_TRAP:
		trap(tracee, &entry);
		break;
	default:
		refuse(tracee, entry.verdict);
	}
}

static void take_exit(struct tracee *tracee)
{
	if (tracee->is_refused)
		tracee_set(tracee->thread, TRACEE_RESULT, tracee->answer);
	if (tracee->is_untraced)
		tracee_restore_flags(tracee->thread, tracee->answer);
	tracee->is_inside = tracee->is_refused = tracee->is_untraced = false;
	resume(tracee, 0);
}

static void fill_information(siginfo_t *info, const struct trapped_call *trapped)
{
	*info = (siginfo_t){ .si_signo = SIGSYS, .si_errno = (int)trapped->data, .si_code = SYS_SECCOMP };
	info->si_call_addr = (void *)trapped->instruction_pointer;
	info->si_syscall = (int)trapped->nr;
	info->si_arch = trapped->arch;
}

/* The SIGSYS of a trap is about to be delivered: as seccomp would have sent it. */
static void deliver_trap(struct tracee *tracee)
{
	siginfo_t info;

	tracee->is_owed = !trace(PTRACE_GETSIGINFO, tracee->thread, 0, (unsigned long)&tracee->owed) &&
			  tracee->owed.si_code != SI_KERNEL;
	fill_information(&info, &tracee->trap);
	tracee->is_trapped = false;
	tracee_undo(tracee->thread, (unsigned long)tracee->trap.nr, tracee->trap.first_argument);
	trace(PTRACE_SETSIGINFO, tracee->thread, 0, (unsigned long)&info);
	resume(tracee, SIGSYS);
}

/* Whether the SIGSYS that is about to be delivered is that of tracer_leave(), agent/tracer.h. */
static bool take_leave(struct tracee *tracee)
{
	siginfo_t info;

	if (trace(PTRACE_GETSIGINFO, tracee->thread, 0, (unsigned long)&info) || info.si_code != SYS_SECCOMP ||
	    info.si_errno != FILTER_LEAVE_DATA)
		return false;
	entrance_at = (unsigned long)info.si_call_addr;
	tracee->is_passing = info.si_arch;
	if (info.si_syscall && !tracee->is_closed) {
		tracee->is_closed = true;
		closings++;
	}
	return true;
}

/* What to deliver now that the agent is left: nothing, or what it has kept from coming. */
static int take_owed(struct tracee *tracee)
{
	if (!tracee->is_owed)
		return 0;
	tracee->is_owed = false;
	trace(PTRACE_SETSIGINFO, tracee->thread, 0, (unsigned long)&tracee->owed);
	return SIGSYS;
}

/* What comes for the guest leads out of the agent, which prepares that in the signal's trampoline. */
static void take_signal(struct tracee *tracee, int signal_number)
{
	if (signal_number == SIGSYS && tracee->is_trapped) {
		deliver_trap(tracee);
		return;
	}
	if (signal_number == SIGSYS && take_leave(tracee))
		signal_number = take_owed(tracee);
	tracee->is_in_agent = false;
	resume(tracee, signal_number);
}

static bool is_stop_signal(int signal_number)
{
	return signal_number == SIGSTOP || signal_number == SIGTSTP || signal_number == SIGTTIN ||
	       signal_number == SIGTTOU;
}

/* With the other threads of its process, until SIGCONT; or it is new. */
static void take_stop(struct tracee *tracee, int signal_number)
{
	if (is_stop_signal(signal_number))
		trace(PTRACE_LISTEN, tracee->thread, 0, 0);
	else
		resume(tracee, 0);
}

/* Whichever thread it was, it has the process's number now; the others are gone without news of the one it was. It
 * begins in the agent. */
static void take_execution(struct tracee *tracee)
{
	unsigned long former = 0;

	/* This memory was the command's till its first execve(2). */
	shared_detach();
	trace(PTRACE_GETEVENTMSG, tracee->thread, 0, (unsigned long)&former);
	if ((pid_t)former != tracee->thread)
		tracees_forget((pid_t)former);
	*tracee = (struct tracee){ .next = tracee->next, .thread = tracee->thread, .is_in_agent = true };
	resume(tracee, 0);
}

/* A new thread or process stops as often as the one that has made it: what is known of the one holds for the other. */
static void take_child(struct tracee *tracee)
{
	unsigned long thread = 0;
	struct tracee *child = NULL;

	if (!trace(PTRACE_GETEVENTMSG, tracee->thread, 0, (unsigned long)&thread))
		child = tracees_get((pid_t)thread);
	if (child && child->near.stops < tracee->near.stops)
		child->near = tracee->near;
	resume(tracee, 0);
}

static void take_news(pid_t thread, int status)
{
	struct tracee *tracee = WIFSTOPPED(status) ? tracees_get(thread) : NULL;
	int event = status >> 16;

	if (!WIFSTOPPED(status))
		tracees_forget(thread);
	else if (!tracee)
		kill(thread, SIGKILL); /* no memory: better not at all than unseen */
	else if (WSTOPSIG(status) == SYSCALL_STOP)
		tracee->is_inside ? take_exit(tracee) : take_entry(tracee);
	else if (event == PTRACE_EVENT_STOP)
		take_stop(tracee, WSTOPSIG(status));
	else if (event == PTRACE_EVENT_EXEC)
		take_execution(tracee);
	else if (event == PTRACE_EVENT_CLONE || event == PTRACE_EVENT_FORK)
		take_child(tracee);
	else if (event)
		resume(tracee, 0);
	else
		take_signal(tracee, WSTOPSIG(status));
}

static void __attribute__((noreturn)) follow(void)
{
	pid_t thread;
	int status;

	while ((thread = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR)
		if (thread > 0)
			take_news(thread, status);
	_exit(0);
}

/*
 * Away from the group, which signals of the keyboard are for, and from all that a process can hold. Not from the
 * session: the kernel shares out time among sessions (CONFIG_SCHED_AUTOGROUP), and guests and tracer take turns.
 */
static void separate(int report_fd)
{
	struct sigaction action = { .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDSTOP };

	sigaction(SIGCHLD, &action, NULL);
	setpgid(0, 0);
	descriptors_close_but(report_fd, -1);
	if (chdir("/") < 0)
		_exit(0);
	prctl(PR_SET_NAME, "proot-tracer");
}

/*
 * The process that traces COMMAND, and tells by REPORT_FD whether it does. It begins when it is told to: then
 * COMMAND makes only calls that pass.
 */
static void __attribute__((noreturn)) be_tracer(pid_t command, int report_fd)
{
	int status = 0;
	char begin;

	separate(report_fd);
	if (read(report_fd, &begin, 1) != 1)
		_exit(0);
	/* Its calls are looked at from the end of its execve(2) on. */
	if (trace(PTRACE_SEIZE, command, 0, OPTIONS) < 0)
		status = -errno;
	if (write(report_fd, &status, sizeof(status)) != sizeof(status) || status)
		_exit(0);
	close(report_fd);
	near_start();
	follow();
}

#define STACK_SIZE 65536

/* What the processes that are started need to know. */
static struct start {
	pid_t command;
	int report_fd;
} start;

static int run_tracer(void *unused)
{
	(void)unused;
	be_tracer(start.command, start.report_fd);
}

static int run_between(void *unused)
{
	static char stack[STACK_SIZE] __attribute__((aligned(16)));

	(void)unused;
	clone(run_tracer, stack + STACK_SIZE, CLONE_VM, NULL);
	_exit(0);
}

/*
 * Start the tracer as the child of one that ends at once: the guest has no child it did not make. No signal tells of
 * the end of either. Both have the memory of this process, so nothing is copied: it waits for the one, and then for
 * what the tracer says, and leaves the memory to it by execve(2), or by its end.
 */
static int fork_tracer(int report_fd)
{
	static char stack[STACK_SIZE] __attribute__((aligned(16)));
	pid_t child;

	start = (struct start){ getpid(), report_fd };
	child = clone(run_between, stack + STACK_SIZE, CLONE_VM | CLONE_VFORK, NULL);
	if (child < 0)
		return -errno;
	while (waitpid(child, NULL, __WALL) < 0 && errno == EINTR)
		;
	return 0;
}

int tracer_start(const struct image_data *data)
{
	int fds[2], status = -ECHILD, error;

	filter_build(filter, data->flags, data->view.flags);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0); /* yama lets only ancestors otherwise */
	error = fork_tracer(fds[1]);
	close(fds[1]);
	if (!error && write(fds[0], "", 1) == 1 && read(fds[0], &status, sizeof(status)) != sizeof(status))
		status = -ECHILD;
	prctl(PR_SET_PTRACER, 0, 0, 0, 0);
	close(fds[0]);
	return error ? error : status;
}
