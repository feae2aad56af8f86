/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a tracer is told of its tracees: every stop with the signal, the call, its
 * arguments and result, and where the tracee stands; when it is launched or attached to, by
 * system calls, by steps, at breakpoints; over exec, fork and threads.
 */
#include "call.h"
#include <elf.h>
#include <linux/filter.h>
#include <linux/ptrace.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/user.h>

#ifndef PTRACE_GETREGS
#define PTRACE_GETREGS 12
#define PTRACE_SETREGS 13
#endif

static long trace(long request, pid_t thread, unsigned long address, const void *data)
{
	return CALL(SYS_ptrace, request, thread, address, data);
}

/* The one place the calls that matter are made at. */
long site_call(long number, long a, long b, long c, long d, long e);
extern char site_start[], site[], site_end[];
__asm__(".text\n"
	"site_call:\n"
	"mov %rdi, %rax\n mov %rsi, %rdi\n mov %rdx, %rsi\n mov %rcx, %rdx\n mov %r8, %r10\n mov %r9, %r8\n"
	"site_start: nop\n nop\n"
	"site: syscall\n"
	"site_end: nop\n nop\n ret\n");
#define SITE_FILL(number, a, b, c, d, e, ...) site_call(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))
#define SITE(number, ...) SITE_FILL(number, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)

/*
 * What is printed
 */

#define THREADS 8

/* Of each thread apart: which of them is seen first depends on the machine. */
static struct log {
	pid_t thread;
	size_t length;
	char text[1 << 16];
} logs[THREADS];

static struct log *log_of(pid_t thread)
{
	struct log *log = logs;

	while (log < logs + THREADS - 1 && log->thread && log->thread != thread)
		log++;
	log->thread = thread;
	return log;
}

__attribute__((format(printf, 2, 3))) static void note(pid_t thread, const char *format, ...)
{
	struct log *log = log_of(thread);
	va_list arguments;

	va_start(arguments, format);
	log->length += (size_t)vsnprintf(log->text + log->length, sizeof(log->text) - log->length, format, arguments);
	va_end(arguments);
}

static void print_logs(void)
{
	for (int i = 0; i < THREADS && logs[i].thread; i++) {
		say("%s%s", i ? "another:\n" : "", logs[i].text);
		logs[i] = (struct log){ 0 };
	}
}

/* Small numbers and static addresses are the same every time. */
static const char *show_word(unsigned long word)
{
	static char texts[16][32];
	static unsigned int next;
	char *text = texts[next++ % 16];

	if ((long)word < 0 && (long)word > -4096)
		snprintf(text, sizeof(texts[0]), "%ld", (long)word);
	else if (word < 0x1000000)
		snprintf(text, sizeof(texts[0]), "%#lx", word);
	else
		return "address";
	return text;
}

static bool is_of_site(unsigned long at)
{
	return at >= (unsigned long)site_start && at <= (unsigned long)site_end + 2;
}

static const char *show_place(unsigned long at)
{
	static char text[32];

	if (!is_of_site(at))
		return at < 0x1000000 ? "program" : "elsewhere";
	snprintf(text, sizeof(text), "site%+ld", (long)at - (long)site);
	return text;
}

static void note_registers(pid_t thread)
{
	struct user_regs_struct regs;
	struct iovec part = { &regs, sizeof(regs) };

	if (trace(PTRACE_GETREGSET, thread, NT_PRSTATUS, &part)) {
		note(thread, " no registers\n");
		return;
	}
	if (!is_of_site(regs.rip) && !is_of_site(regs.rip - 2)) {
		note(thread, "  at %s trap flag %d\n", show_place(regs.rip), !!(regs.eflags & 0x100));
		return;
	}
	note(thread, "  at %s call %s rax %s rdi %s rsi %s rdx %s r10 %s", show_place(regs.rip),
	     show_word(regs.orig_rax), show_word(regs.rax), show_word(regs.rdi), show_word(regs.rsi),
	     show_word(regs.rdx), show_word(regs.r10));
	note(thread, " rcx %s", show_place(regs.rcx));
	note(thread, " trap flag %d\n", !!(regs.eflags & 0x100));
}

static void note_call(pid_t thread)
{
	struct ptrace_syscall_info call = { 0 };
	long size = trace(PTRACE_GET_SYSCALL_INFO, thread, sizeof(call), &call);

	note(thread, "  info %ld op %d", size, call.op);
	if (!is_of_site(call.instruction_pointer)) {
		if (call.op == PTRACE_SYSCALL_INFO_ENTRY)
			note(thread, " call %s", show_word(call.entry.nr));
		note(thread, "\n");
		return;
	}
	if (call.op == PTRACE_SYSCALL_INFO_ENTRY)
		note(thread, " call %s(%s, %s, %s)", show_word(call.entry.nr), show_word(call.entry.args[0]),
		     show_word(call.entry.args[1]), show_word(call.entry.args[2]));
	if (call.op == PTRACE_SYSCALL_INFO_EXIT)
		note(thread, " result %s error %d", show_word((unsigned long)call.exit.rval), call.exit.is_error);
	note(thread, " at %s\n", show_place(call.instruction_pointer));
}

static void note_stop(pid_t thread, int status)
{
	unsigned long message = 0;
	siginfo_t info = { 0 };
	long error;

	if (WIFEXITED(status)) {
		/* A thread has the process's status if that ends first. */
		note(thread, "exit %d\n", thread == logs[0].thread ? WEXITSTATUS(status) : 0);
		return;
	}
	if (WIFSIGNALED(status)) {
		note(thread, "killed by %d\n", WTERMSIG(status));
		return;
	}
	error = trace(PTRACE_GETSIGINFO, thread, 0, &info);
	note(thread, "stop %#x info %s", status >> 8, show(error));
	if (!error)
		note(thread, " signal %d code %#x errno %d", info.si_signo, info.si_code, info.si_errno);
	if (status >> 16 && !trace(PTRACE_GETEVENTMSG, thread, 0, &message))
		note(thread, " message %s",
		     status >> 16 == PTRACE_EVENT_EXIT ? show_word(message) :
		     message == (unsigned long)thread  ? "itself" :
		     message			       ? "another" :
							 "none");
	note(thread, "\n");
	note_registers(thread);
	note_call(thread);
}

/*
 * Launching and following
 */

static pid_t launch(void (*child)(void))
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		MUST(!trace(PTRACE_TRACEME, 0, 0, NULL));
		raise(SIGSTOP);
		child();
		_exit(7);
	}
	MUST(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
	return pid;
}

/* The signal to pass on: none of the tracer's own. */
static long signal_of(int status)
{
	int signal = WSTOPSIG(status);

	return status >> 16 || signal == SIGTRAP || signal == (SIGTRAP | 0x80) || signal == SIGSTOP ? 0 : signal;
}

static void follow(pid_t pid, long request)
{
	int status;
	pid_t thread;

	log_of(pid);
	trace(request, pid, 0, NULL);
	while ((thread = waitpid(-1, &status, __WALL)) > 0) {
		note_stop(thread, status);
		if (WIFSTOPPED(status))
			trace(request, thread, 0, (void *)signal_of(status));
	}
	print_logs();
}

static void test_follow(const char *what, void (*child)(void), long request, unsigned long options)
{
	pid_t pid;

	say("%s, request %ld, options %#lx\n", what, request, options);
	pid = launch(child);
	MUST(!trace(PTRACE_SETOPTIONS, pid, 0, (void *)options));
	follow(pid, request);
}

/*
 * What the tracees do
 */

static char buf[PATH_MAX];
static struct stat found;

static void make_calls(void)
{
	long fd = SITE(SYS_openat, AT_FDCWD, "/file", O_RDONLY);

	SITE(SYS_openat, AT_FDCWD, "/nowhere", O_RDONLY);
	SITE(SYS_openat, AT_FDCWD, "/link-abs", O_RDONLY);
	SITE(SYS_read, fd, buf, 4);
	SITE(SYS_stat, "/dir", &found);
	SITE(SYS_stat, "/nowhere/at/all", &found);
	SITE(SYS_stat, 1, &found);
	SITE(SYS_readlink, "/link-dir", buf, sizeof(buf));
	SITE(SYS_getcwd, buf, sizeof(buf));
	SITE(SYS_chdir, "/dir");
	SITE(SYS_wait4, -1, NULL, 0, NULL);
	SITE(SYS_rt_sigprocmask, SIG_BLOCK, NULL, NULL, 8);
	SITE(SYS_prctl, PR_GET_DUMPABLE);
	SITE(-1);
	SITE(100000);
	SITE(SYS_close, fd);
}

static volatile sig_atomic_t alarms;

static void handle(int signal)
{
	(void)signal;
	if (++alarms == 2)
		SITE(SYS_openat, AT_FDCWD, "/fifo", O_RDWR);
}

static void set_handler(int signal, int flags)
{
	struct sigaction action = { .sa_handler = handle, .sa_flags = flags };

	MUST(!sigaction(signal, &action, NULL));
}

static void take_signals(void)
{
	sigset_t none, set;

	set_handler(SIGUSR1, 0);
	raise(SIGUSR1);
	SITE(SYS_stat, "/dir", &found);
	sigemptyset(&none);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR1);
	SITE(SYS_rt_sigsuspend, &none, 8);
	raise(SIGUSR1);
	SITE(SYS_ppoll, NULL, 0, NULL, &none, 8);
	signal(SIGUSR2, SIG_IGN);
	raise(SIGUSR2);
}

/* Opens a fifo that nobody has open, until a handler does. */
static void wait_for_fifo(void)
{
	struct itimerval timer = { { 0, 20000 }, { 0, 20000 } }, off = { 0 };

	set_handler(SIGALRM, SA_RESTART);
	MUST(!setitimer(ITIMER_REAL, &timer, NULL));
	SITE(SYS_openat, AT_FDCWD, "/fifo", O_RDONLY);
	setitimer(ITIMER_REAL, &off, NULL);
}

static void be_interrupted(void)
{
	struct itimerval timer = { { 0, 0 }, { 0, 20000 } };

	set_handler(SIGALRM, 0);
	MUST(!setitimer(ITIMER_REAL, &timer, NULL));
	SITE(SYS_openat, AT_FDCWD, "/fifo", O_RDONLY);
}

static char *const arguments[] = { "name", "argument", NULL };
static char *const environment[] = { "VARIABLE=value", NULL };

static void execute(void)
{
	SITE(SYS_execve, "/tests/nowhere", arguments, environment);
	SITE(SYS_execve, "/tests/entry", arguments, environment);
}

/* When it comes depends on the machine. */
static void block_child_signal(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static void make_child(void)
{
	pid_t child;

	block_child_signal();
	child = fork();
	if (!child) {
		SITE(SYS_stat, "/dir", &found);
		_exit(3);
	}
	waitpid(child, NULL, 0);
}

static void make_vfork(void)
{
	pid_t child;

	block_child_signal();
	child = vfork();
	if (!child) {
		SITE(SYS_execve, "/tests/true", arguments, environment);
		_exit(3);
	}
	waitpid(child, NULL, 0);
}

static void *run_thread(void *unused)
{
	(void)unused;
	SITE(SYS_stat, "/dir", &found);
	return NULL;
}

static void make_thread(void)
{
	pthread_t thread;

	MUST(!pthread_create(&thread, NULL, run_thread, NULL));
	pthread_join(thread, NULL);
}

/*
 * Steps and breakpoints
 */

static void stop_and_call(void)
{
	raise(SIGTRAP);
	SITE(SYS_stat, "/dir", &found);
	SITE(SYS_openat, AT_FDCWD, "/file", O_RDONLY);
	SITE(SYS_openat, AT_FDCWD, "/link-abs", O_RDONLY);
	SITE(SYS_getpriority, PRIO_PROCESS, 0);
}

static unsigned long place_of(pid_t pid)
{
	struct user_regs_struct regs = { 0 };

	trace(PTRACE_GETREGS, pid, 0, &regs);
	return regs.rip;
}

static void test_steps(void)
{
	pid_t pid = launch(stop_and_call);
	unsigned int steps = 0, seen = 0;
	int status;

	say("steps\n");
	log_of(pid);
	trace(PTRACE_CONT, pid, 0, NULL);
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status) && seen < 28 && steps < 3000) {
		unsigned long at = place_of(pid);

		if (at >= (unsigned long)site_start && at <= (unsigned long)site_end + 2) {
			note_stop(pid, status);
			seen++;
		} else if (steps && at > 0x1000000) {
			note(pid, "a step to elsewhere\n");
		}
		steps++;
		trace(PTRACE_SINGLESTEP, pid, 0, NULL);
	}
	trace(PTRACE_KILL, pid, 0, NULL);
	waitpid(pid, &status, 0);
	note(pid, "in all %d\n", seen);
	print_logs();
}

/* Put a breakpoint at AT; returns what was there. */
static unsigned long set_breakpoint(pid_t pid, char *at)
{
	unsigned long there = 0;

	MUST(!trace(PTRACE_PEEKTEXT, pid, (unsigned long)at, &there));
	MUST(!trace(PTRACE_POKETEXT, pid, (unsigned long)at, (void *)((there & ~0xfful) | 0xcc)));
	return there;
}

static void test_breakpoint(const char *name, char *at)
{
	pid_t pid = launch(make_calls);
	unsigned long there = set_breakpoint(pid, at);
	struct user_regs_struct regs;
	int status;

	say("a breakpoint at the %s\n", name);
	log_of(pid);
	trace(PTRACE_CONT, pid, 0, NULL);
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		note_stop(pid, status);
		MUST(!trace(PTRACE_GETREGS, pid, 0, &regs));
		regs.rip--;
		trace(PTRACE_SETREGS, pid, 0, &regs);
		trace(PTRACE_POKETEXT, pid, (unsigned long)at, (void *)there);
		trace(PTRACE_SINGLESTEP, pid, 0, NULL);
		waitpid(pid, &status, 0);
		note_stop(pid, status);
		set_breakpoint(pid, at);
		trace(PTRACE_CONT, pid, 0, NULL);
	}
	note_stop(pid, status);
	print_logs();
}

/* Memory that the kernel writes is no access of the program's. */
static void test_watch(void)
{
	pid_t pid = launch(make_calls);

	say("a watchpoint\n");
	if (trace(PTRACE_POKEUSR, pid, offsetof(struct user, u_debugreg[0]), &found.st_mode) ||
	    trace(PTRACE_POKEUSR, pid, offsetof(struct user, u_debugreg[7]), (void *)0xd0001ul))
		say("no watchpoints\n");
	follow(pid, PTRACE_CONT);
}

/*
 * Changes
 */

/* At the beginning of each openat: another number, or another path; and at its end another result. */
static void test_change(const char *what, unsigned long number, const char *path, long result)
{
	pid_t pid = launch(make_calls);
	struct user_regs_struct regs;
	bool is_open = false;
	int status;

	say("%s\n", what);
	log_of(pid);
	trace(PTRACE_SETOPTIONS, pid, 0, (void *)PTRACE_O_TRACESYSGOOD);
	trace(PTRACE_SYSCALL, pid, 0, NULL);
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		struct ptrace_syscall_info call = { 0 };

		trace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(call), &call);
		trace(PTRACE_GETREGS, pid, 0, &regs);
		if (call.op == PTRACE_SYSCALL_INFO_ENTRY && call.entry.nr == SYS_openat) {
			is_open = true;
			regs.orig_rax = number ? number : regs.orig_rax;
			regs.rsi = path ? (unsigned long)path : regs.rsi;
			trace(PTRACE_SETREGS, pid, 0, &regs);
		} else if (call.op == PTRACE_SYSCALL_INFO_EXIT && is_open && result) {
			is_open = false;
			regs.rax = (unsigned long)result;
			trace(PTRACE_SETREGS, pid, 0, &regs);
		}
		note_stop(pid, status);
		trace(PTRACE_SYSCALL, pid, 0, NULL);
	}
	note_stop(pid, status);
	print_logs();
}

/* A filter of the tracee's own leaves three calls to its tracer. */
static void make_filtered_calls(void)
{
	static struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_stat, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpriority, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | 0x123),
	};
	static const struct sock_fprog program = { ARRAY_SIZE(code), code };

	MUST(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
	make_calls();
	SITE(SYS_getpriority, PRIO_PROCESS, 0);
	SITE(SYS_openat, AT_FDCWD, "/file", O_RDONLY);
}

/* Of each it is told of, the tracer changes the number, if NUMBER is not 0, and a result. */
static void test_filter(const char *what, unsigned long number, long request)
{
	pid_t pid = launch(make_filtered_calls);
	struct user_regs_struct regs;
	unsigned long message = 0;
	int status;

	say("a filter, %s, request %ld\n", what, request);
	log_of(pid);
	trace(PTRACE_SETOPTIONS, pid, 0, (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP));
	trace(PTRACE_CONT, pid, 0, NULL);
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		note_stop(pid, status);
		if (status >> 16 == PTRACE_EVENT_SECCOMP) {
			trace(PTRACE_GETEVENTMSG, pid, 0, &message);
			note(pid, "message %#lx\n", message);
			trace(PTRACE_GETREGS, pid, 0, &regs);
			regs.orig_rax = number ? number : regs.orig_rax;
			regs.rax = number == -1ul ? 55 : regs.rax;
			trace(PTRACE_SETREGS, pid, 0, &regs);
		}
		trace(status >> 16 == PTRACE_EVENT_SECCOMP ? request : PTRACE_CONT, pid, 0, NULL);
	}
	note_stop(pid, status);
	print_logs();
}

/*
 * Attaching
 */

static volatile int *shared;

static void block_in_open(void)
{
	*shared = 1;
	SITE(SYS_openat, AT_FDCWD, "/fifo", O_RDONLY);
}

static void block_in_accept(void)
{
	const struct sockaddr any = { .sa_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	MUST(!bind(fd, &any, sizeof(any.sa_family)) && !listen(fd, 1));
	*shared = 1;
	SITE(SYS_accept, fd, &found, buf);
}

static void block_in_ppoll(void)
{
	sigset_t none;

	sigemptyset(&none);
	*shared = 1;
	SITE(SYS_ppoll, NULL, 0, NULL, &none, 8);
}

static void block_in_wait(void)
{
	pid_t child = fork();

	if (!child)
		for (;;)
			pause();
	*shared = 1;
	SITE(SYS_wait4, -1, NULL, 0, NULL);
}

static void block_in_pause(void)
{
	*shared = 1;
	SITE(SYS_pause);
}

/* What the kernel says of a process that waits: its call, and where it stands. */
static void note_proc(pid_t pid)
{
	char name[64], text[512] = "";
	unsigned long nr = 0, a = 0, b = 0, c = 0, stack, at = 0;
	FILE *file;

	snprintf(name, sizeof(name), "/proc/%d/syscall", pid);
	file = fopen(name, "r");
	if (file && fgets(text, sizeof(text), file))
		sscanf(text, "%ld %lx %lx %lx %*x %*x %*x %lx %lx", (long *)&nr, &a, &b, &c, &stack, &at);
	if (file)
		fclose(file);
	note(pid, "proc says call %s(%s, %s, %s) at %s\n", show_word(nr), show_word(a), show_word(b), show_word(c),
	     show_place(at));
}

static pid_t begin_blocked(void (*child)(void))
{
	pid_t pid;

	*shared = 0;
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setpgid(0, 0);
		child();
		_exit(7);
	}
	setpgid(pid, pid);
	while (!*shared)
		usleep(1000);
	wait_until_asleep(pid);
	return pid;
}

static int wait_noted(pid_t pid)
{
	int status = 0;

	MUST(waitpid(pid, &status, __WALL) == pid);
	note_stop(pid, status);
	return status;
}

/*
 * Wait until it is in its call again. A guest's stops that the tracer is not told of last until that waits,
 * so there it is seen stopped for good.
 */
static void wait_until_under_way(pid_t pid)
{
	int sleeps = 0, stops = 0;

	for (int tries = 0; tries < 10000 && sleeps < 3 && stops < 15; tries++) {
		char state = state_of(pid);

		sleeps = state == 'S' ? sleeps + 1 : 0;
		stops = state == 't' ? stops + 1 : 0;
		usleep(2000);
	}
}

static void test_attach(const char *what, void (*child)(void), bool seizes)
{
	pid_t pid = begin_blocked(child);

	say("%s, %s\n", what, seizes ? "seized" : "attached");
	log_of(pid);
	if (seizes) {
		MUST(!trace(PTRACE_SEIZE, pid, 0, (void *)PTRACE_O_TRACESYSGOOD));
		MUST(!trace(PTRACE_INTERRUPT, pid, 0, NULL));
	} else {
		MUST(!trace(PTRACE_ATTACH, pid, 0, NULL));
	}
	wait_noted(pid);
	note_proc(pid);
	/* The call begins again, and is under way when it is interrupted again. */
	trace(PTRACE_SYSCALL, pid, 0, NULL);
	wait_noted(pid);
	trace(PTRACE_SYSCALL, pid, 0, NULL);
	wait_until_under_way(pid);
	if (seizes)
		trace(PTRACE_INTERRUPT, pid, 0, NULL);
	else
		kill(pid, SIGCONT);
	wait_noted(pid);
	trace(PTRACE_SYSCALL, pid, 0, NULL);
	wait_noted(pid);
	trace(PTRACE_CONT, pid, 0, NULL);
	wait_until_under_way(pid);
	kill(pid, SIGUSR1);
	wait_noted(pid);
	note(pid, "detached: %s\n", show(trace(PTRACE_DETACH, pid, 0, NULL)));
	kill(-pid, SIGTERM);
	wait_noted(pid);
	print_logs();
}

static void wait_and_execute(void)
{
	*shared = 1;
	while (*shared)
		;
	execute();
}

/* Who has seized is told of an exec only if he has asked for it. */
static void test_seized_exec(long request)
{
	pid_t pid;
	int status;

	say("exec, seized, request %ld\n", request);
	*shared = 0;
	pid = fork();
	if (!pid) {
		wait_and_execute();
		_exit(7);
	}
	while (!*shared)
		usleep(1000);
	log_of(pid);
	MUST(!trace(PTRACE_SEIZE, pid, 0, (void *)PTRACE_O_TRACESYSGOOD) && !trace(PTRACE_INTERRUPT, pid, 0, NULL));
	MUST(waitpid(pid, &status, 0) == pid);
	*shared = 0;
	follow(pid, request);
}

/* A stop and what ends it, as a tracer that has seized sees them. */
static void test_group_stop(void)
{
	pid_t pid = begin_blocked(block_in_open);

	say("stopped with the group\n");
	log_of(pid);
	MUST(!trace(PTRACE_SEIZE, pid, 0, NULL));
	kill(pid, SIGSTOP);
	wait_noted(pid);
	trace(PTRACE_CONT, pid, 0, (void *)SIGSTOP);
	wait_noted(pid);
	trace(PTRACE_LISTEN, pid, 0, NULL);
	kill(pid, SIGCONT);
	wait_noted(pid);
	trace(PTRACE_CONT, pid, 0, NULL);
	wait_noted(pid);
	trace(PTRACE_CONT, pid, 0, NULL);
	kill(pid, SIGKILL);
	wait_noted(pid);
	print_logs();
}

/* waitid(2) tells the same, and may look without taking. */
static void test_waitid(void)
{
	pid_t pid = launch(make_calls);
	siginfo_t info;

	say("waitid\n");
	trace(PTRACE_SYSCALL, pid, 0, NULL);
	for (int i = 0; i < 200; i++) {
		memset(&info, 0, sizeof(info));
		MUST(!CALL(SYS_waitid, P_PID, pid, &info, WEXITED | WSTOPPED | WNOWAIT, NULL));
		say("look: code %d status %#x\n", info.si_code, info.si_status);
		memset(&info, 0, sizeof(info));
		MUST(!CALL(SYS_waitid, P_ALL, 0, &info, WEXITED | WSTOPPED, NULL));
		say("take: code %d status %#x, %s\n", info.si_code, info.si_status,
		    info.si_pid == pid ? "it" : "another");
		if (info.si_code != CLD_TRAPPED)
			break;
		trace(PTRACE_SYSCALL, pid, 0, NULL);
	}
	say("nobody: %s\n", show(CALL(SYS_waitid, P_ALL, 0, &info, WEXITED, NULL)));
}

/* Who asks to be traced and executes, while nobody waits for it but for what the exec closes. */
static void test_unwaited(void)
{
	int ends[2], status;
	char byte;
	pid_t pid;

	say("nobody waits\n");
	MUST(!pipe2(ends, O_CLOEXEC));
	pid = fork();
	if (!pid) {
		say("asks: %s\n", show(trace(PTRACE_TRACEME, 0, 0, NULL)));
		say("again: %s\n", show(trace(PTRACE_TRACEME, 0, 0, NULL)));
		execve("/tests/true", arguments, environment);
		_exit(7);
	}
	close(ends[1]);
	say("closed: %ld\n", (long)read(ends[0], &byte, 1));
	close(ends[0]);
	MUST(waitpid(pid, &status, 0) == pid);
	note_stop(pid, status);
	follow(pid, PTRACE_CONT);
}

/* The first that comes to a process that has asked is its first stop, whatever it has set for that. */
static void test_first_signal(int signal, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler }, there = { 0 };
	pid_t pid = fork();
	int status;

	if (!pid) {
		MUST(!sigaction(signal, &action, NULL) && !trace(PTRACE_TRACEME, 0, 0, NULL));
		MUST(!sigaction(signal, NULL, &there));
		say("first comes %d, set: %d\n", signal, there.sa_handler == handler);
		if (signal == SIGTRAP)
			__asm__ volatile("int3");
		else if (signal == SIGSEGV)
			*(volatile int *)8 = 0;
		else
			__asm__ volatile("ud2");
		_exit(7);
	}
	MUST(waitpid(pid, &status, 0) == pid);
	note_stop(pid, status);
	follow(pid, PTRACE_CONT);
}

static void end_with_status(int signal)
{
	_exit(signal);
}

/* A traced process is told that it is. */
static void ask_again(void)
{
	SITE(SYS_ptrace, PTRACE_TRACEME, 0, 0, NULL);
}

static void test_launched(void)
{
	test_follow("calls", make_calls, PTRACE_SYSCALL, PTRACE_O_TRACESYSGOOD);
	test_follow("calls", make_calls, PTRACE_SYSCALL, 0);
	test_follow("calls", make_calls, PTRACE_CONT, 0);
	test_follow("signals", take_signals, PTRACE_SYSCALL, PTRACE_O_TRACESYSGOOD);
	test_follow("signals", take_signals, PTRACE_CONT, 0);
	test_follow("a call that is restarted", wait_for_fifo, PTRACE_SYSCALL, PTRACE_O_TRACESYSGOOD);
	test_follow("a call that is restarted", wait_for_fifo, PTRACE_CONT, 0);
	test_follow("a call that is interrupted", be_interrupted, PTRACE_SYSCALL, PTRACE_O_TRACESYSGOOD);
	test_follow("a call that is interrupted", be_interrupted, PTRACE_CONT, 0);
	test_follow("exec", execute, PTRACE_SYSCALL, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC);
	test_follow("exec", execute, PTRACE_SYSCALL, PTRACE_O_TRACESYSGOOD);
	test_follow("exec", execute, PTRACE_CONT, PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT);
	test_follow("exec", execute, PTRACE_CONT, 0);
	test_follow("fork", make_child, PTRACE_SYSCALL, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK);
	test_follow("fork", make_child, PTRACE_CONT, PTRACE_O_TRACEFORK);
	test_follow("vfork", make_vfork, PTRACE_SYSCALL,
		    PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEVFORKDONE | PTRACE_O_TRACEEXEC);
	test_follow("a thread", make_thread, PTRACE_CONT, PTRACE_O_TRACECLONE);
}

int main(void)
{
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	signal(SIGUSR1, SIG_DFL);
	test_launched();
	test_follow("asks again", ask_again, PTRACE_SYSCALL, PTRACE_O_TRACESYSGOOD);
	test_unwaited();
	test_first_signal(SIGTRAP, SIG_DFL);
	test_first_signal(SIGSEGV, SIG_DFL);
	test_first_signal(SIGILL, SIG_DFL);
	test_first_signal(SIGSEGV, end_with_status);
	test_steps();
	test_breakpoint("call", site);
	test_breakpoint("instruction before", site_start);
	test_watch();
	test_change("a call that is not made", -1ul, NULL, 0);
	test_change("another result", 0, NULL, -EPERM);
	test_change("another number", SYS_getpriority, NULL, 42);
	test_change("another path", 0, "/dir", 0);
	test_filter("asked", 0, PTRACE_SYSCALL);
	test_filter("asked", 0, PTRACE_CONT);
	test_filter("another number", SYS_getpriority, PTRACE_SYSCALL);
	test_filter("not made", -1ul, PTRACE_SYSCALL);
	test_filter("not made", -1ul, PTRACE_CONT);
	test_follow("nobody asked", make_filtered_calls, PTRACE_SYSCALL, PTRACE_O_TRACESYSGOOD);
	test_attach("open", block_in_open, true);
	test_attach("open", block_in_open, false);
	test_attach("accept", block_in_accept, true);
	test_attach("accept", block_in_accept, false);
	test_attach("ppoll", block_in_ppoll, true);
	test_attach("wait", block_in_wait, false);
	test_attach("pause", block_in_pause, true);
	test_seized_exec(PTRACE_SYSCALL);
	test_seized_exec(PTRACE_CONT);
	test_group_stop();
	test_waitid();
	return 0;
}
