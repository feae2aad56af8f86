/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What execve keeps and what it resets: signals, masks, descriptors, names, limits; from threads, vfork and
 * posix_spawn. */
#include "call.h"
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <sys/personality.h>

extern char **environ;

static char *const arguments[] = { "shown", NULL };

static void handle(int signal)
{
	(void)signal;
}

static void execute(void)
{
	execv("/tests/show", arguments);
	say("  = %s\n", strerrorname_np(errno));
}

static void block(int number)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	MUST(!sigprocmask(SIG_BLOCK, &set, NULL));
}

static void with_blocked(void)
{
	block(SIGUSR1);
	block(SIGCHLD);
	block(SIGRTMAX);
	execute();
}

static void with_pending(void)
{
	block(SIGUSR1);
	block(SIGRTMIN);
	raise(SIGUSR1);
	raise(SIGRTMIN);
	execute();
}

static void with_ignored(void)
{
	signal(SIGUSR1, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	signal(SIGSYS, SIG_IGN);
	execute();
}

static void with_handled(void)
{
	signal(SIGUSR1, handle);
	signal(SIGSYS, handle);
	signal(SIGSEGV, handle);
	execute();
}

static void with_stack(void)
{
	stack_t stack = { .ss_sp = malloc(65536), .ss_size = 65536 };

	MUST(!sigaltstack(&stack, NULL));
	execute();
}

static void with_descriptors(void)
{
	MUST(dup2(0, 10) == 10 && dup2(0, 64) == 64 && fcntl(64, F_SETFD, FD_CLOEXEC) == 0);
	MUST(open("/bound/inner", O_RDONLY) >= 0 && open("/file", O_RDONLY | O_CLOEXEC) >= 0);
	MUST(open("/dir", O_PATH) >= 0);
	execute();
}

static void with_settings(void)
{
	MUST(!prctl(PR_SET_PDEATHSIG, SIGTERM) && !prctl(PR_SET_NAME, "renamed") && !prctl(PR_SET_KEEPCAPS, 1));
	MUST(!prctl(PR_SET_TIMERSLACK, 12345) && !nice(3) == 0);
	prctl(PR_SET_DUMPABLE, 0);
	umask(027);
	MUST(!chdir("/bound/sub/again"));
	execute();
}

static void without_randomness(void)
{
	MUST(personality(ADDR_NO_RANDOMIZE) >= 0);
	execv("/tests/show-pie", arguments);
}

static void *execute_in_thread(void *unused)
{
	execute();
	return unused;
}

static void *wait_for_ever(void *unused)
{
	pause();
	return unused;
}

static void from_thread(void)
{
	pthread_t thread;

	MUST(!pthread_create(&thread, NULL, wait_for_ever, NULL));
	MUST(!pthread_create(&thread, NULL, wait_for_ever, NULL));
	MUST(!pthread_create(&thread, NULL, execute_in_thread, NULL));
	pthread_join(thread, NULL);
	say("  came back\n");
}

/* The process keeps its number, and its thread gets it. */
static void *execute_number(void *unused)
{
	static char number[16];
	char *const again[] = { "kept", number, NULL };

	snprintf(number, sizeof(number), "%d", getpid());
	execv("/tests/kept", again);
	return unused;
}

static void number_from_thread(void)
{
	pthread_t thread;

	MUST(!pthread_create(&thread, NULL, execute_number, NULL));
	pthread_join(thread, NULL);
}

static void failing_from_thread(void)
{
	pthread_t thread;
	struct stat status;

	MUST(!pthread_create(&thread, NULL, wait_for_ever, NULL));
	block(SIGUSR2);
	say("  %s", show(CALL(SYS_execve, "/missing", arguments, environ)));
	say(" %s", show(CALL(SYS_execve, "/file", arguments, environ)));
	say(" %s\n", show(CALL(SYS_stat, "/bound/inner", &status)));
}

static void by_vfork(void)
{
	int status;
	pid_t pid = vfork();

	if (!pid) {
		execve("/tests/show", arguments, environ);
		_exit(1);
	}
	MUST(waitpid(pid, &status, 0) == pid);
	pid = vfork();
	if (!pid) {
		execve("/missing", arguments, environ);
		execve("/file", arguments, environ);
		_exit(errno == EACCES ? 42 : 43);
	}
	MUST(waitpid(pid, &status, 0) == pid);
	say("  failed: %d\n", WEXITSTATUS(status));
}

static void by_spawn(void)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t set;
	pid_t pid;
	int status, result;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 9, "/bound/inner", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, 9, 11);
	posix_spawn_file_actions_addclose(&actions, 0);
	posix_spawn_file_actions_addchdir_np(&actions, "/dir/mount");
	posix_spawnattr_init(&attributes);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	posix_spawnattr_setsigmask(&attributes, &set);
	sigaddset(&set, SIGPIPE);
	posix_spawnattr_setsigdefault(&attributes, &set);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
	result = posix_spawn(&pid, "/tests/show", &actions, &attributes, arguments, environ);
	if (!result)
		MUST(waitpid(pid, &status, 0) == pid);
	say("  spawn %d\n", result);
	result = posix_spawn(&pid, "/missing", NULL, NULL, arguments, environ);
	say("  spawn of what is missing %s\n", strerrorname_np(result));
	result = posix_spawnp(&pid, "show-dynamic", NULL, NULL, arguments, environ);
	if (!result)
		MUST(waitpid(pid, &status, 0) == pid);
	say("  spawn by name %d\n", result);
}

/* A timer goes on over execve. */
static void with_timer(void)
{
	char *const sleeper[] = { "show", "wait", NULL };
	int fds[2];

	MUST(!pipe(fds) && dup2(fds[0], 0) == 0 && dup2(fds[1], 3) == 3 && dup2(fds[1], 8) == 8);
	alarm(1);
	execv("/tests/show", sleeper);
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "blocked", with_blocked },
	{ "pending", with_pending },
	{ "ignored", with_ignored },
	{ "handled", with_handled },
	{ "stack", with_stack },
	{ "descriptors", with_descriptors },
	{ "settings", with_settings },
	{ "no randomness", without_randomness },
	{ "from a thread", from_thread },
	{ "number from a thread", number_from_thread },
	{ "failing from a thread", failing_from_thread },
	{ "vfork", by_vfork },
	{ "posix_spawn", by_spawn },
	{ "timer", with_timer },
};

int main(int argc, char **argv)
{
	if (argc > 1) {
		say("  number %s\n", atoi(argv[1]) == getpid() && getpid() == syscall(SYS_gettid) ? "kept" : "changed");
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		say("%s\n", cases[i].name);
		in_child(cases[i].run);
	}
	return 0;
}
