/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/PID/status, no_new_privs and the seccomp mode: what the guest did
 * itself, in this process, its threads, children of all kinds and after
 * execve.
 */
#include "call.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>

static void say_status(const char *path)
{
	static const char *const names[] = { "Name",   "Umask",	 "SigPnd",     "ShdPnd",  "SigBlk",	    "SigIgn",
					     "SigCgt", "CapInh", "NoNewPrivs", "Seccomp", "Seccomp_filters" };
	static char text[16384];
	int fd = open(path, O_RDONLY);
	long length = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	say("%s:", fd < 0 ? show(-errno) : "status");
	close(fd);
	text[length] = '\0';
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			if (!strncmp(line, names[i], strlen(names[i])) && line[strlen(names[i])] == ':')
				say(" %s", line);
	say("\n");
}

static void say_privileges(void)
{
	say("no_new_privs %d, seccomp %d\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), prctl(PR_GET_SECCOMP));
}

static void say_number(const char *format, long number)
{
	char path[64];

	snprintf(path, sizeof(path), format, number);
	say_status(path);
}

static void nothing(int signal)
{
	(void)signal;
}

static int start[2];

static void *look_from_thread(void *unused)
{
	sigset_t mask;
	char byte;

	/* Libc blocks signals while it makes a thread. */
	MUST(read(start[0], &byte, 1) == 1);
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR2);
	sigaddset(&mask, SIGSYS);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	say_status("/proc/thread-self/status");
	say_number("/proc/self/task/%ld/status", syscall(SYS_gettid));
	say_status("/proc/self/status");
	say_number("/proc/%ld/status", syscall(SYS_gettid));
	return unused;
}

static void try_masks(void)
{
	sigset_t mask;
	pthread_t thread;

	say_status("/proc/self/status");
	signal(SIGUSR1, nothing);
	signal(SIGSYS, nothing);
	signal(SIGHUP, SIG_IGN);
	say_status("/proc/self/status");
	signal(SIGSYS, SIG_IGN);
	sigfillset(&mask);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	say_status("/proc/self/status");
	sigemptyset(&mask);
	sigaddset(&mask, SIGSYS);
	sigaddset(&mask, SIGTERM);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	raise(SIGTERM);
	say_status("/proc/self/status");
	MUST(!pipe(start) && !pthread_create(&thread, NULL, look_from_thread, NULL));
	MUST(write(start[1], "x", 1) == 1 && !pthread_join(thread, NULL));
	signal(SIGTERM, SIG_IGN);
	sigemptyset(&mask);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGSYS, SIG_DFL);
	say_status("/proc/self/status");
}

/* Another process, looked at from here while it waits. */
static void look_at_child(void (*prepare)(void), const char *program)
{
	int ready[2], end[2];
	char byte;
	pid_t pid;

	MUST(!pipe(ready) && !pipe(end));
	pid = fork();
	if (!pid) {
		char *arguments[] = { "show", "wait", NULL };

		close(end[1]);
		prepare();
		if (program) {
			MUST(!dup2(end[0], 0) && dup2(ready[1], 3) == 3);
			execv(program, arguments);
			_exit(97);
		}
		MUST(write(ready[1], "x", 1) == 1);
		_exit(read(end[0], &byte, 1) != 0);
	}
	close(ready[1]);
	MUST(read(ready[0], &byte, 1) == 1);
	say_number("/proc/%ld/status", pid);
	say_number("/proc/%1$ld/task/%1$ld/status", pid);
	close(end[1]);
	close(ready[0]);
	close(end[0]);
	MUST(waitpid(pid, NULL, 0) == pid);
}

static bool is_told_stopped(pid_t pid)
{
	static char text[16384];
	char path[64];
	long length;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	fd = open(path, O_RDONLY);
	length = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[length < 0 ? 0 : length] = '\0';
	return strstr(text, "State:\tT") && strstr(text, "SigBlk:\t");
}

/* One that is stopped wherever it happens to be, within a call for instance. */
static void look_at_stopped(void)
{
	pid_t pid = fork();
	int status, told = 0;

	if (!pid)
		for (;;)
			access("/proc/self/cwd/../proc/self/cwd/missing", F_OK);
	for (int i = 0; i < 40; i++) {
		usleep(1000);
		kill(pid, SIGSTOP);
		MUST(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
		told += is_told_stopped(pid);
		kill(pid, SIGCONT);
	}
	kill(pid, SIGKILL);
	MUST(waitpid(pid, NULL, 0) == pid);
	say("told to be stopped %d times\n", told);
}

static void as_it_is(void)
{
}

static void catch_and_block(void)
{
	sigset_t mask;

	signal(SIGSYS, nothing);
	sigemptyset(&mask);
	sigaddset(&mask, SIGSYS);
	sigaddset(&mask, SIGINT);
	sigprocmask(SIG_SETMASK, &mask, NULL);
}

static void ignore(void)
{
	signal(SIGSYS, SIG_IGN);
}

static void fix(void)
{
	MUST(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

static void filter(void)
{
	static struct sock_filter allow[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	struct sock_fprog program = { 1, allow };

	fix();
	MUST(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

static void filter_twice(void)
{
	filter();
	filter();
}

/* Privileges in a child, and in its own child, and after execve. */
static void try_privileges(void)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		pid = vfork();
		if (!pid) {
			prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
			_exit(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
		}
		MUST(waitpid(pid, &status, 0) == pid);
		say("in a vfork child %d\n", WEXITSTATUS(status));
		say_privileges();
		fix();
		say_privileges();
		pid = vfork();
		if (!pid)
			_exit(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
		MUST(waitpid(pid, &status, 0) == pid);
		say("inherited by a vfork child %d\n", WEXITSTATUS(status));
		pid = fork();
		if (!pid) {
			say_privileges();
			say_status("/proc/self/status");
			filter();
			filter();
			say_privileges();
			say_status("/proc/self/status");
			look_at_child(as_it_is, "/tests/show");
			_exit(0);
		}
		MUST(waitpid(pid, &status, 0) == pid);
		_exit(status);
	}
	MUST(waitpid(pid, &status, 0) == pid);
	say("ends %d\n", status);
}

static void try_wrong(void)
{
	static struct sock_filter allow[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	struct sock_fprog program = { 1, allow };

	say("set %s %s %s %s\n", show(CALL(SYS_prctl, PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0)),
	    show(CALL(SYS_prctl, PR_SET_NO_NEW_PRIVS, 2, 0, 0, 0)),
	    show(CALL(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0)),
	    show(CALL(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 1)));
	say("get %s %s %s\n", show(CALL(SYS_prctl, PR_GET_NO_NEW_PRIVS, 1, 0, 0, 0)),
	    show(CALL(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 1, 0)), show(CALL(SYS_prctl, PR_GET_SECCOMP, 1, 2, 3, 4)));
	if (geteuid())
		say("filter %s %s\n", show(CALL(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)),
		    show(CALL(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program)));
	say("mode %s %s\n", show(CALL(SYS_prctl, PR_SET_SECCOMP, 0, 0)), show(CALL(SYS_prctl, PR_SET_SECCOMP, 3, 0)));
}

int main(void)
{
	say_privileges();
	try_wrong();
	try_masks();
	look_at_stopped();
	look_at_child(as_it_is, NULL);
	look_at_child(catch_and_block, NULL);
	look_at_child(ignore, "/tests/show");
	look_at_child(catch_and_block, "/tests/show");
	look_at_child(fix, "/tests/show");
	look_at_child(fix, NULL);
	look_at_child(filter, NULL);
	look_at_child(filter, "/tests/show-dynamic");
	look_at_child(filter_twice, NULL);
	try_privileges();
	say_privileges();
	return 0;
}
