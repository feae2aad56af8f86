/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose a filter is: one thread's, those it makes, all by TSYNC; children of fork and vfork; programs
 * that are executed. And what seccomp(2), prctl(2) and /proc say, strict mode too.
 */
#include "filter.h"
#include <pthread.h>

static struct stat status;

/* What becomes of three calls with paths, which have different filters below. */
static void try(const char *who)
{
	say("  %s: stat %s", who, show(CALL(SYS_stat, "/dir/file", &status)));
	say(" lstat %s", show(CALL(SYS_lstat, "/dir/file", &status)));
	say(" access %s", show(CALL(SYS_access, "/dir/file", F_OK)));
	say(" getppid %s\n", show_success(CALL(SYS_getppid)));
}

static void say_status(const char *name)
{
	char buf[4096], *line;
	int fd = open(name, O_RDONLY);
	ssize_t length = read(fd, buf, sizeof(buf) - 1);

	close(fd);
	MUST(length > 0);
	buf[length] = '\0';
	for (line = strtok(buf, "\n"); line; line = strtok(NULL, "\n"))
		if (!strncmp(line, "Seccomp", 7) || !strncmp(line, "NoNewPrivs", 10))
			say(" %s", line);
	say("\n");
}

static void say_mode(const char *who)
{
	say("  %s: mode %ld", who, CALL(SYS_prctl, PR_GET_SECCOMP));
	say_status("/proc/thread-self/status");
}

static void forbid(long number, int error)
{
	install_for(number, SECCOMP_RET_ERRNO | (unsigned int)error);
}

static void in_thread(void *(*function)(void *))
{
	pthread_t thread;

	MUST(!pthread_create(&thread, NULL, function, NULL) && !pthread_join(thread, NULL));
}

static void *try_thread(void *unused)
{
	try("thread");
	return unused;
}

static void *forbid_lstat(void *unused)
{
	forbid(SYS_lstat, EDOM);
	try("thread with its own");
	say_mode("thread");
	in_thread(try_thread);
	return unused;
}

static void alone(void)
{
	try("before");
	forbid(SYS_stat, ERANGE);
	in_thread(forbid_lstat);
	try("first thread");
	in_thread(try_thread);
	say_mode("first thread");
}

static pthread_barrier_t barrier;

static void *wait_and_try(void *unused)
{
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	try("waiting thread");
	say_mode("waiting thread");
	return unused;
}

static void *forbid_and_wait(void *unused)
{
	forbid(SYS_access, ENOTTY);
	return wait_and_try(unused);
}

static long install_synced(unsigned int flags)
{
	const struct sock_filter filter[] = { LOAD_NUMBER, WHEN(SYS_lstat, SECCOMP_RET_ERRNO | EDOM),
					      OTHERWISE(SECCOMP_RET_ALLOW) };

	return install(filter, ARRAY_SIZE(filter), SECCOMP_FILTER_FLAG_TSYNC | flags);
}

static void synced(void *(*other)(void *))
{
	pthread_t thread;
	long result;

	forbid(SYS_stat, ERANGE);
	pthread_barrier_init(&barrier, NULL, 2);
	MUST(!pthread_create(&thread, NULL, other, NULL));
	pthread_barrier_wait(&barrier);
	result = install_synced(0);
	say("  install %s", result > 0 ? "has failed at a thread" : show(result));
	say(" %s\n", show(install_synced(SECCOMP_FILTER_FLAG_TSYNC_ESRCH)));
	try("first thread");
	say_mode("first thread");
	pthread_barrier_wait(&barrier);
	MUST(!pthread_join(thread, NULL));
	try("first thread");
}

static void sync_all(void)
{
	synced(wait_and_try);
}

static void sync_none(void)
{
	synced(forbid_and_wait);
}

static void forked_child(void)
{
	try("child");
	forbid(SYS_access, ENOTTY);
	try("child with its own");
	in_thread(try_thread);
}

static void *fork_child(void *unused)
{
	forbid(SYS_lstat, EDOM);
	in_child(forked_child);
	try("parent");
	return unused;
}

static void forked(void)
{
	forbid(SYS_stat, ERANGE);
	in_thread(fork_child);
	in_child(forked_child);
}

static void vforked(void)
{
	int result;
	pid_t child = vfork();

	if (!child) {
		forbid(SYS_stat, ERANGE);
		try("child");
		_exit(0);
	}
	MUST(waitpid(child, &result, 0) == child);
	try("parent");
	child = vfork();
	if (!child) {
		forbid(SYS_lstat, EDOM);
		execl("/tests/seccomp_threads", "seccomp_threads", "try", NULL);
		_exit(1);
	}
	MUST(waitpid(child, &result, 0) == child);
	try("parent");
}

static void executed(void)
{
	forbid(SYS_stat, ERANGE);
	forbid(SYS_lstat, EDOM);
	execl("/tests/seccomp_threads", "seccomp_threads", "again", NULL);
}

/* Called as a program, of which more follow. */
static int be_executed(const char *what)
{
	say_mode(what);
	try(what);
	if (!strcmp(what, "again")) {
		forbid(SYS_access, ENOTTY);
		forbid(SYS_getppid, EXDEV);
		in_thread(try_thread);
		execl("/link-file/../tests/seccomp_threads", "seccomp_threads", "no", NULL);
		execl("/tests/seccomp_threads", "seccomp_threads", "try", NULL);
	}
	return 0;
}

/* Large ones, of which each is a string of the state. */
static void executed_large(void)
{
	static struct sock_filter filter[4000];

	for (size_t i = 0; i < ARRAY_SIZE(filter); i++)
		filter[i] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_IMM, (unsigned int)i * 0x01010101);
	filter[3996] = (struct sock_filter)LOAD_NUMBER;
	filter[3997] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_stat, 0, 1);
	filter[3998] = (struct sock_filter)OTHERWISE(SECCOMP_RET_ERRNO | ERANGE);
	filter[3999] = (struct sock_filter)OTHERWISE(SECCOMP_RET_ALLOW);
	say("  installed %s\n", show(install(filter, ARRAY_SIZE(filter), 0)));
	filter[3998].k++;
	say("  installed %s\n", show(install(filter, ARRAY_SIZE(filter), 0)));
	execl("/tests/seccomp_threads", "seccomp_threads", "try", NULL);
}

static void many(void)
{
	for (int i = 0; i < 100; i++)
		install_for(i % 2 ? SYS_stat : SYS_lstat, SECCOMP_RET_ERRNO | (unsigned int)(i + 1));
	execl("/tests/seccomp_threads", "seccomp_threads", "try", NULL);
}

static void errors(void)
{
	struct sock_filter good[] = { OTHERWISE(SECCOMP_RET_ALLOW) }, wrong[] = { BPF_STMT(0xff, 0) },
			   endless[] = { LOAD_NUMBER };
	struct sock_fprog programs[] = { { 1, good },	 { 1, wrong },		{ 1, endless },	    { 0, good },
					 { 4097, good }, { 4097, no_memory() }, { 1, no_memory() }, { 1, NULL } };
	unsigned int flags[] = { 0,
				 SECCOMP_FILTER_FLAG_LOG,
				 SECCOMP_FILTER_FLAG_SPEC_ALLOW,
				 SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_NEW_LISTENER,
				 32,
				 64,
				 1u << 31 };
	unsigned int sizes[3] = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		say("  %s", show(CALL(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &programs[i])));
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		say("  %s %s", show(CALL(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags[i], &programs[3])),
		    show(CALL(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags[i], no_memory())));
	say("  %s", show(CALL(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 1ul << 40, NULL)));
	say("\n  strict %s %s", show(CALL(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 1, 0)),
	    show(CALL(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, good)));
	say(" sizes %s", show(CALL(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, sizes)));
	say(" modes %s %s\n", show(CALL(SYS_prctl, PR_SET_SECCOMP, 0, good)),
	    show(CALL(SYS_prctl, PR_SET_SECCOMP, 3, good)));
	for (unsigned int action = 0; action < 0x10000; action++) {
		unsigned int value = action << 16;

		if (!CALL(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &value))
			say("  action %x", value);
	}
	say("\n");
}

static void errors_of_all(void)
{
	errors();
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	errors();
	say_mode("filtered");
	say("  strict %s\n", show(CALL(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_STRICT)));
}

static void ignore(int signal)
{
	static bool has_said;

	(void)signal;
	if (!has_said)
		write(1, "  handler\n", 10);
	has_said = true;
}

static void be_strict(void)
{
	struct sigaction action = { .sa_handler = ignore };

	MUST(!sigaction(SIGALRM, &action, NULL));
	say("  strict %s\n", show(CALL(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_STRICT)));
	write(1, "  written\n", 10);
}

static void strict(void)
{
	be_strict();
	CALL(SYS_exit, 7);
}

static void strict_by_seccomp(void)
{
	say("  strict %s\n", show(CALL(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL)));
	CALL(SYS_exit_group, 7);
}

static void strict_stat(void)
{
	be_strict();
	CALL(SYS_stat, "/dir/file", &status);
	write(1, "  not killed\n", 13);
}

static void strict_getppid(void)
{
	be_strict();
	CALL(SYS_getppid);
	write(1, "  not killed\n", 13);
}

static void strict_filter(void)
{
	be_strict();
	CALL(SYS_prctl, PR_GET_SECCOMP);
	write(1, "  not killed\n", 13);
}

/* What another process is told of one. */
static void strict_seen(void)
{
	int pipes[2][2];
	char name[64], byte;
	pid_t pid;

	MUST(!pipe(pipes[0]) && !pipe(pipes[1]));
	pid = fork();
	if (!pid) {
		be_strict();
		write(pipes[0][1], "x", 1);
		read(pipes[1][0], &byte, 1);
		CALL(SYS_exit, 0);
	}
	MUST(read(pipes[0][0], &byte, 1) == 1);
	snprintf(name, sizeof(name), "/proc/%d/status", pid);
	say("  seen:");
	say_status(name);
	write(pipes[1][1], "x", 1);
	MUST(waitpid(pid, NULL, 0) == pid);
}

static void strict_signal(void)
{
	/* Again and again: the first may come before it is waited for. */
	struct itimerspec soon = { .it_value = { 0, 20000000 }, .it_interval = { 0, 20000000 } };
	timer_t timer;
	char byte;
	int pipes[2];

	MUST(!pipe(pipes) && !timer_create(CLOCK_MONOTONIC, NULL, &timer));
	MUST(!timer_settime(timer, 0, &soon, NULL));
	be_strict();
	read(pipes[0], &byte, 1);
	write(1, "  interrupted\n", 14);
	CALL(SYS_exit, 8);
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "alone", alone },
	{ "sync all", sync_all },
	{ "sync none", sync_none },
	{ "forked", forked },
	{ "vforked", vforked },
	{ "executed", executed },
	{ "executed, large", executed_large },
	{ "many", many },
	{ "errors", errors_of_all },
	{ "strict", strict },
	{ "strict by seccomp", strict_by_seccomp },
	{ "strict, stat", strict_stat },
	{ "strict, getppid", strict_getppid },
	{ "strict, prctl", strict_filter },
	{ "strict, signal", strict_signal },
	{ "strict, seen", strict_seen },
};

int main(int argc, char **argv)
{
	if (argc > 1)
		return be_executed(argv[1]);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		say("%s\n", cases[i].name);
		in_child(cases[i].run);
	}
	return 0;
}
