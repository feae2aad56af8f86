/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who has sent a signal, and which child has ended, as siginfo_t tells: the guest's user, not the host's. */
#include "call.h"
#include <sched.h>
#include <sys/wait.h>

static siginfo_t caught;

static void note(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	caught = *info;
}

static void say_sender(const char *what, const siginfo_t *info)
{
	say("%s: %d %d %s user %u\n", what, info->si_signo, info->si_code,
	    info->si_pid == getpid() ? "itself" : "another", info->si_uid);
}

static void catch_it(void)
{
	struct sigaction action = { .sa_sigaction = note, .sa_flags = SA_SIGINFO };

	MUST(!sigaction(SIGUSR1, &action, NULL) && !sigaction(SIGCHLD, &action, NULL));
}

/* A child that is USER's sends SIGNAL, and waits to be killed. */
static pid_t start_sender(uid_t user, int signal)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	MUST(!setresuid(user, 0, 0));
	kill(getppid(), signal);
	for (;;)
		pause();
}

static void end_sender(pid_t pid)
{
	siginfo_t info = { 0 };

	kill(pid, SIGKILL);
	say("waitid %s", show(CALL(SYS_waitid, P_PID, pid, &info, WEXITED | WNOWAIT, NULL)));
	say_sender("", &info);
	MUST(waitpid(pid, NULL, 0) == pid);
}

static void try_handlers(void)
{
	union sigval value = { .sival_int = 3 };
	sigset_t none, usual;
	pid_t pid;

	catch_it();
	kill(getpid(), SIGUSR1);
	say_sender("kill", &caught);
	raise(SIGUSR1);
	say_sender("tgkill", &caught);
	sigqueue(getpid(), SIGUSR1, value);
	say_sender("sigqueue", &caught);
	sigemptyset(&none);
	sigaddset(&none, SIGUSR1);
	MUST(!sigprocmask(SIG_BLOCK, &none, &usual));
	for (uid_t user = 0; user < 6; user += 5) {
		pid = start_sender(user, SIGUSR1);
		sigsuspend(&usual);
		say_sender("another's kill", &caught);
		kill(pid, SIGSTOP);
		while (caught.si_signo != SIGCHLD)
			sched_yield();
		say_sender("stopped", &caught);
		MUST(waitpid(pid, NULL, WUNTRACED) == pid);
		if (!user)
			end_sender(pid);
		else
			MUST(!kill(pid, SIGKILL) && waitpid(pid, NULL, 0) == pid);
	}
}

static void try_waiting(void)
{
	struct timespec soon = { 0, 1000000 };
	siginfo_t info;
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	MUST(!sigprocmask(SIG_BLOCK, &set, NULL));
	say("timeout %s", show(CALL(SYS_rt_sigtimedwait, &set, &info, &soon, 8)));
	say(" size %s\n", show(CALL(SYS_rt_sigtimedwait, &set, &info, &soon, 4)));
	for (uid_t user = 0; user < 6; user += 5) {
		pid = start_sender(user, SIGUSR2);
		say("sigwaitinfo %s ", show(CALL(SYS_rt_sigtimedwait, &set, &info, NULL, 8)));
		say_sender("", &info);
		MUST(!kill(pid, SIGKILL) && waitpid(pid, NULL, 0) == pid);
	}
	raise(SIGUSR2);
	say("without a place %s", show(CALL(SYS_rt_sigtimedwait, &set, NULL, NULL, 8)));
	raise(SIGUSR2);
	say(" a bad one %s\n", show(CALL(SYS_rt_sigtimedwait, &set, 8, NULL, 8)));
}

int main(void)
{
	in_child(try_waiting);
	in_child(try_handlers);
	return 0;
}
