/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules of this file
 *
 * 1. From before the fork on, every signal is blocked here and taken with
 *    sigwaitinfo(2): there is no handler, and no race between two of them.
 * 2. The command gets the mask and the dispositions that were there when proot
 *    started: the mask travels in the image's state, the only disposition
 *    changed before the fork is that of SIGCHLD.
 * 3. With KILLS_ON_EXIT a keeper stands between supervisor and command, which
 *    does for the command what the supervisor does for the keeper. Whichever
 *    of the two is killed, the other ends all descendants.
 */
#define _GNU_SOURCE 1
#include "supervisor/supervisor.h"

#include "engine/descriptors.h"
#include "engine/engine.h"
#include "supervisor/descendants.h"
#include "supervisor/leftovers.h"
#include "supervisor/waker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const int timer_kinds[] = { ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF };

/* What the process that starts the command hands down. */
struct start {
	const struct launch *launch;
	int report_fd;		       /* where a struct launch_failure goes; closed by a successful execve */
	struct sigaction child_action; /* of SIGCHLD, as proot found it */
	struct itimerval timers[ARRAY_SIZE(timer_kinds)];
};

/*
 * Timers survive execve(2), so the caller of proot may have set them for the
 * command, which would be itself; fork(2) gives a child none.
 */
static void take_timers(struct start *start)
{
	static const struct itimerval none;

	for (size_t i = 0; i < ARRAY_SIZE(timer_kinds); i++)
		if (setitimer(timer_kinds[i], &none, &start->timers[i]) < 0)
			start->timers[i] = none;
}

static void give_timers(const struct start *start)
{
	for (size_t i = 0; i < ARRAY_SIZE(timer_kinds); i++)
		setitimer(timer_kinds[i], &start->timers[i], NULL);
}

static void __attribute__((noreturn)) report(const struct start *start, enum launch_stage stage, int error)
{
	struct launch_failure failure = { stage, error };

	while (write(start->report_fd, &failure, sizeof(failure)) < 0 && errno == EINTR)
		;
	_exit(125);
}

/* Let the image inherit FD. */
static void hand_down(int fd)
{
	if (fd >= 0)
		fcntl(fd, F_SETFD, 0);
}

/* The first guest process, up to the image. */
static void __attribute__((noreturn)) run_command(const struct start *start)
{
	const struct launch *launch = start->launch;
	int status;

	sigaction(SIGCHLD, &start->child_action, NULL);
	if (launch->cwd_fd >= 0 ? fchdir(launch->cwd_fd) < 0 : chdir(launch->host_cwd) < 0)
		report(start, LAUNCH_DIRECTORY, -errno);
	hand_down(launch->program_fd);
	hand_down(launch->interpreter_fd);
	give_timers(start);
	status = engine_begin(launch->data);
	if (status)
		report(start, LAUNCH_ENGINE, status);
	report(start, LAUNCH_EXECUTE, engine_execute(launch->image_fd, launch->argv, launch->envp));
}

static pid_t fork_command(const struct start *start)
{
	pid_t pid = fork();

	if (!pid)
		run_command(start);
	return pid;
}

/* Whether a signal that came to this process is meant for the command, and does not reach it by itself. */
static bool is_for_command(const siginfo_t *info)
{
	if (info->si_code <= 0) /* kill(2) and its kind; the kernel's and the terminal's are positive */
		return true;
	/* A terminal that hangs up tells the session's leader only. */
	return info->si_signo == SIGHUP && getsid(0) == getpid();
}

static void pass_on(pid_t child, const siginfo_t *info)
{
	if (info->si_code == SI_QUEUE)
		sigqueue(child, info->si_signo, info->si_value);
	else
		kill(child, info->si_signo);
}

static bool is_stop_signal(int signal_number)
{
	return signal_number == SIGSTOP || signal_number == SIGTSTP || signal_number == SIGTTIN ||
	       signal_number == SIGTTOU;
}

/* Take the signal that continued us. That of WAKER says that CHILD goes on already. */
static void take_continue(pid_t child, pid_t waker)
{
	struct timespec now = { 0 };
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCONT);
	if (sigtimedwait(&set, &info, &now) == SIGCONT && info.si_pid != waker && is_for_command(&info))
		pass_on(child, &info);
}

/* Do what SIGNAL_NUMBER does to who does not handle it. */
static void take_default(int signal_number)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal_number);
	sigaction(signal_number, &action, NULL);
	raise(signal_number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/*
 * Stop as CHILD was stopped, so that the shell above sees it; come back when
 * we are continued, or CHILD is. Anything but a stop signal is news for a debugger.
 */
static void stop_like(int signal_number, pid_t child, pid_t parent)
{
	pid_t waker;

	if (!is_stop_signal(signal_number))
		return;
	waker = waker_start(child, parent);
	take_default(signal_number);
	waker_end(waker);
	take_continue(child, waker);
}

/* Take every news of children. True, with STATUS as of wait(2), when CHILD has ended. PARENT is as for watch(). */
static bool reap(pid_t child, pid_t parent, int *status)
{
	pid_t pid;
	int news;

	while ((pid = waitpid(-1, &news, WNOHANG | WUNTRACED)) > 0) {
		if (pid != child)
			continue;
		if (WIFSTOPPED(news)) {
			stop_like(WSTOPSIG(news), child, parent);
			continue;
		}
		*status = news;
		return true;
	}
	return false;
}

/*
 * How to end after a child whose status is STATUS: an exit status, or the
 * negative number of a signal to die of. That is one of the keyboard's which has
 * come to us too, CAME or on its way: a shell that runs proot in a loop ends
 * the loop when it sees that its child died of ^C, and goes on if it exited.
 */
static int ending(int status, const sigset_t *came)
{
	int number = WTERMSIG(status);
	sigset_t pending;

	if (!WIFSIGNALED(status))
		return WEXITSTATUS(status);
	sigpending(&pending);
	if ((number == SIGINT || number == SIGQUIT) &&
	    (sigismember(came, number) > 0 || sigismember(&pending, number) > 0))
		return -number;
	return 128 + number;
}

/* Wait for the end of CHILD, or of our own parent PARENT unless that is 0. The result is that of ending(). */
static int watch(pid_t child, pid_t parent)
{
	sigset_t all, came;
	siginfo_t info;
	int status;

	sigfillset(&all);
	sigemptyset(&came);
	for (;;) {
		if (sigwaitinfo(&all, &info) < 0)
			continue;
		sigaddset(&came, info.si_signo);
		if (parent && getppid() != parent)
			return 128 + SIGKILL;
		if (info.si_signo == SIGCHLD && reap(child, parent, &status))
			return ending(status, &came);
		if (is_for_command(&info))
			pass_on(child, &info);
	}
}

/* Die of SIGNAL_NUMBER, but leave no core of our own. Comes back where that is ignored: in the first process. */
static void die_of(int signal_number)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0); /* for a core_pattern that is a pipe, which has no limit */
	take_default(signal_number);
}

/* End as ENDING, of watch(), says. An exit status comes back. */
static int end_as(int ending)
{
	if (ending >= 0)
		return ending;
	die_of(-ending);
	return 128 - ending;
}

/*
 * The process between the supervisor SUPERVISOR and the command. The kernel
 * wakes it with SIGCHLD when the supervisor dies.
 */
static void __attribute__((noreturn)) keep(const struct start *start, pid_t supervisor)
{
	pid_t child;
	int status;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_PDEATHSIG, SIGCHLD);
	if (getppid() != supervisor)
		_exit(128 + SIGKILL);
	child = fork_command(start);
	if (child < 0)
		report(start, LAUNCH_FORK, -errno);
	descriptors_close_but(start->launch->image_fd, -1);
	status = watch(child, supervisor);
	descendants_end(start->launch->image_fd);
	if (getppid() != supervisor)
		leftovers_remove(start->launch->data);
	_exit(end_as(status));
}

static pid_t fork_keeper(const struct start *start)
{
	pid_t supervisor = getpid();
	pid_t pid = fork();

	if (!pid)
		keep(start, supervisor);
	return pid;
}

/* Block all signals, and make sure that children can be waited for. */
static void prepare_signals(struct start *start)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	sigaction(SIGCHLD, &action, &start->child_action);
}

/* What the command's process reports, once it has failed or become the image. */
static void read_report(int fd, struct launch_failure *failure)
{
	if (read(fd, failure, sizeof(*failure)) != (ssize_t)sizeof(*failure))
		failure->stage = LAUNCH_NONE;
}

int supervisor_run(const struct launch *launch, struct launch_failure *failure)
{
	struct start start = { .launch = launch };
	int report_fds[2];
	pid_t child;
	int status;

	*failure = (struct launch_failure){ .stage = LAUNCH_FORK };
	if (pipe2(report_fds, O_CLOEXEC) < 0) {
		failure->error = -errno;
		return 125;
	}
	start.report_fd = report_fds[1];
	take_timers(&start);
	leftovers_guard(launch->data);
	prepare_signals(&start);
	/* Else orphans are init's, as natively: daemons wait for that. */
	if (launch->kills_on_exit)
		prctl(PR_SET_CHILD_SUBREAPER, 1);
	child = launch->kills_on_exit ? fork_keeper(&start) : fork_command(&start);
	if (child < 0) {
		failure->error = -errno;
		return 125;
	}
	close(report_fds[1]);
	read_report(report_fds[0], failure);
	if (failure->stage == LAUNCH_NONE)
		descriptors_close_but(launch->kills_on_exit ? launch->image_fd : -1, launch->data->show_fd);
	status = watch(child, 0);
	if (launch->kills_on_exit)
		descendants_end(launch->image_fd);
	leftovers_remove(launch->data);
	return end_as(status);
}
