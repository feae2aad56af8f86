/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clone3: sizes, memory, every kind of child, its registers, stack and signal handlers; threads under signals. */
#include "call.h"
#include <linux/sched.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/time.h>
#include <xmmintrin.h>

#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#define CLEAR_SIGHAND 0x100000000ul
#define INTO_CGROUP 0x200000000ul

struct arguments {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size,
		cgroup;
};

static long clone3_size(const void *arguments, size_t size)
{
	return CALL(SYS_clone3, arguments, size);
}

static const char *wait_status(long pid)
{
	static char text[64];
	int status;

	if (pid < 0)
		return show(pid);
	if (waitpid((pid_t)pid, &status, __WALL) != pid)
		return "lost";
	snprintf(text, sizeof(text), WIFEXITED(status) ? "exit %d" : "signal %d",
		 WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	return text;
}

/* A child that looks at a path, and ends with what it found. */
static void look_and_exit(void)
{
	struct stat file;

	_exit(stat("/bound/inner", &file) || !access("/bound/covered", F_OK) ? 1 : 7);
}

static void try_sizes(void)
{
	static const size_t sizes[] = { 0, 8, 63, 64, 65, 72, 80, 87, 88, 96, 128, 4088, 4096, 4097, 8192, 1ul << 40 };
	struct {
		struct arguments arguments;
		char rest[8192];
	} *room = page_end(sizeof(*room));

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		for (int dirt = 0; dirt < 2; dirt++) {
			long pid;

			memset(room, 0, sizeof(*room));
			room->arguments.exit_signal = SIGCHLD;
			if (dirt && sizes[i] > 88 && sizes[i] < sizeof(*room))
				((char *)room)[sizes[i] - 1] = 1;
			pid = clone3_size(room, sizes[i]);
			if (!pid)
				look_and_exit();
			say("size %zu %d: %s\n", sizes[i], dirt, wait_status(pid));
		}
	say("memory %s %s %s %s\n", show(clone3_size(NULL, 64)), show(clone3_size(no_memory(), 64)),
	    show(clone3_size(page_end(64), 72)), show(clone3_size(page_end(40), 64)));
	memset(room, 0, sizeof(*room));
	say("memory and size %s %s\n", show(clone3_size(no_memory(), 63)), show(clone3_size(no_memory(), 4097)));
}

static void try_one(const char *name, struct arguments arguments)
{
	long pid = clone3_size(&arguments, sizeof(arguments));

	if (!pid)
		look_and_exit();
	say("%s: %s\n", name, wait_status(pid));
}

static void try_flags(void)
{
	static char stack[16384] __attribute__((aligned(16)));
	int one = 1, pid_used = 1, file = open("/file", O_RDONLY);

#define TRY(...) try_one(#__VA_ARGS__, (struct arguments){ __VA_ARGS__ })
	TRY(.exit_signal = 0);
	TRY(.exit_signal = SIGUSR1 + 1000);
	TRY(.exit_signal = SIGWINCH);
	TRY(.exit_signal = 65);
	TRY(.flags = CLONE_DETACHED);
	TRY(.flags = SIGCHLD, .exit_signal = SIGCHLD);
	TRY(.flags = 1ul << 50, .exit_signal = SIGCHLD);
	TRY(.flags = CLONE_THREAD, .exit_signal = SIGCHLD);
	TRY(.flags = CLONE_SIGHAND);
	TRY(.flags = CLONE_VM | CLONE_SIGHAND | CLEAR_SIGHAND);
	TRY(.flags = CLONE_FS | CLONE_NEWNS, .exit_signal = SIGCHLD);
	TRY(.stack_size = 4096, .exit_signal = SIGCHLD);
	TRY(.stack = 4096, .exit_signal = SIGCHLD);
	try_one("kernel stack", (struct arguments){ .stack = -8192ul, .stack_size = 4096, .exit_signal = SIGCHLD });
	try_one("set_tid used",
		(struct arguments){ .set_tid = (uintptr_t)&pid_used, .set_tid_size = 1, .exit_signal = 17 });
	try_one("set_tid none", (struct arguments){ .set_tid_size = 1, .exit_signal = SIGCHLD });
	try_one("set_tid size", (struct arguments){ .set_tid = (uintptr_t)&one, .exit_signal = SIGCHLD });
	try_one("set_tid many",
		(struct arguments){ .set_tid = (uintptr_t)&one, .set_tid_size = 100, .exit_signal = 17 });
	try_one("set_tid hole",
		(struct arguments){ .set_tid = (uintptr_t)no_memory(), .set_tid_size = 1, .exit_signal = 17 });
	try_one("pidfd hole",
		(struct arguments){ .flags = CLONE_PIDFD, .pidfd = (uintptr_t)no_memory(), .exit_signal = 17 });
	try_one("cgroup none", (struct arguments){ .flags = INTO_CGROUP, .cgroup = 1000, .exit_signal = SIGCHLD });
	try_one("cgroup file",
		(struct arguments){ .flags = INTO_CGROUP, .cgroup = (unsigned int)file, .exit_signal = 17 });
	try_one("cgroup huge", (struct arguments){ .flags = INTO_CGROUP, .cgroup = 1ul << 40, .exit_signal = SIGCHLD });
	try_one("own stack, own memory",
		(struct arguments){ .stack = (uintptr_t)stack, .stack_size = 0, .exit_signal = 17 });
	close(file);
}

static void try_fork(void)
{
	int parent_tid = 0, child_tid = 0, pidfd = -1, wanted = 30123;
	struct arguments arguments = { .flags = CLONE_PIDFD | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID,
				       .pidfd = (uintptr_t)&pidfd,
				       .parent_tid = (uintptr_t)&parent_tid,
				       .child_tid = (uintptr_t)&child_tid,
				       .exit_signal = SIGCHLD };
	struct pollfd poller;
	long pid = clone3_size(&arguments, sizeof(arguments));

	if (!pid)
		_exit(child_tid == getpid() ? 7 : 8);
	poller = (struct pollfd){ .fd = pidfd, .events = POLLIN };
	say("numbers %d %d; pidfd %d", parent_tid == pid, child_tid == 0, poll(&poller, 1, 10000));
	say(" %s\n", wait_status(pid));
	close(pidfd);
	arguments = (struct arguments){ .set_tid = (uintptr_t)&wanted, .set_tid_size = 1, .exit_signal = SIGCHLD };
	pid = clone3_size(&arguments, sizeof(arguments));
	if (!pid)
		_exit(getpid() == 30123 ? 7 : 8);
	say("set_tid %s\n", wait_status(pid));
}

static volatile int shared_word;

/* A child that shares memory and executes a program: no return address, so no libc. */
static long start_and_execute(struct arguments *arguments)
{
	static char *const argv[] = { "true", NULL }, *const environment[] = { NULL };
	long pid = SYS_clone3;

	asm volatile("syscall\n\ttest %%rax, %%rax\n\tjnz 1f\n\t"
		     "incl %5\n\tmov $59, %%eax\n\tmov %2, %%rdi\n\tmov %3, %%rsi\n\tmov %4, %%rdx\n\tsyscall\n\t"
		     "mov $60, %%eax\n\tmov $9, %%edi\n\tsyscall\n1:"
		     : "+a"(pid)
		     : "D"(arguments), "r"("/tests/true"), "r"(argv), "r"(environment), "m"(shared_word),
		       "S"(sizeof(*arguments))
		     : "rcx", "r11", "rdx", "memory");
	return pid;
}

static void try_vfork(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	struct arguments arguments = { .flags = CLONE_VM | CLONE_VFORK, .exit_signal = SIGCHLD };
	int good = 0;

	say("vfork %s\n", wait_status(start_and_execute(&arguments)));
	arguments.stack = (uintptr_t)stack;
	arguments.stack_size = sizeof(stack);
	for (int i = 0; i < 300; i++)
		good += !strcmp(wait_status(start_and_execute(&arguments)), "exit 0");
	say("vfork with a stack %d, in shared memory %d\n", good, shared_word);
}

/*
 * Registers: what the child has in each, and in mxcsr. It stores them below
 * its stack pointer and ends.
 */
__attribute__((used)) static uint64_t child_registers[14];
__attribute__((used)) static unsigned int child_mxcsr;

static void start_raw(struct arguments *arguments)
{
	asm volatile("push %%rbx\n\tpush %%rbp\n\tpush %%r12\n\tpush %%r13\n\tpush %%r14\n\tpush %%r15\n\t"
		     "mov $0x1111, %%ebx\n\tmov $0x2222, %%ebp\n\tmov $0x3333, %%r12d\n\tmov $0x4444, %%r13d\n\t"
		     "mov $0x5555, %%r14d\n\tmov $0x6666, %%r15d\n\tmov $0x7777, %%edx\n\tmov $0x8888, %%r10d\n\t"
		     "mov $0x9999, %%r8d\n\tmov $0xaaaa, %%r9d\n\tmov $88, %%esi\n\tmov $435, %%eax\n\tstc\n\t"
		     "syscall\n\t"
		     "test %%rax, %%rax\n\tjnz 1f\n\t"
		     "mov %%rbx, child_registers+8\n\tmov %%rbp, child_registers+16\n\t"
		     "mov %%r12, child_registers+24\n\tmov %%r13, child_registers+32\n\t"
		     "mov %%r14, child_registers+40\n\tmov %%r15, child_registers+48\n\t"
		     "mov %%rdx, child_registers+56\n\tmov %%r10, child_registers+64\n\t"
		     "mov %%r8, child_registers+72\n\tmov %%r9, child_registers+80\n\t"
		     "mov %%rsi, child_registers+88\n\tmov %%rdi, child_registers+96\n\t"
		     "mov %%rsp, child_registers+104\n\tmov %%rax, child_registers\n\t"
		     "stmxcsr child_mxcsr\n\t"
		     "mov $60, %%eax\n\tmov $0, %%edi\n\tsyscall\n"
		     "1: pop %%r15\n\tpop %%r14\n\tpop %%r13\n\tpop %%r12\n\tpop %%rbp\n\tpop %%rbx\n\t"
		     : "+D"(arguments)
		     :
		     : "rax", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory", "cc");
}

static void try_registers(void)
{
	static char stack[8192] __attribute__((aligned(16)));
	static const uint64_t flags[] = { CLONE_VM | CLONE_VFORK, CLONE_VM | CLONE_VFORK | CLEAR_SIGHAND,
					  CLONE_VM | CLONE_THREAD | CLONE_SIGHAND | CLONE_FS | CLONE_FILES };

	_mm_setcsr(_mm_getcsr() | _MM_ROUND_UP);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		struct arguments arguments = { .flags = flags[i] | CLONE_CHILD_CLEARTID,
					       .stack = (uintptr_t)stack,
					       .stack_size = sizeof(stack),
					       .exit_signal = flags[i] & CLONE_THREAD ? 0 : SIGCHLD };
		volatile int cleared = 1;

		arguments.child_tid = (uintptr_t)&cleared;
		memset(child_registers, 0xff, sizeof(child_registers));
		start_raw(&arguments);
		while (cleared)
			sched_yield();
		if (!(flags[i] & CLONE_THREAD))
			MUST(wait(NULL) > 0);
		say("registers");
		for (int r = 0; r < 12; r++)
			say(" %lx", child_registers[r]);
		say(" %d %ld %x\n", child_registers[12] == (uintptr_t)&arguments,
		    (long)(child_registers[13] - (uintptr_t)stack), child_mxcsr & 0xffc0);
	}
	_mm_setcsr(_mm_getcsr() & ~_MM_ROUND_MASK);
}

static volatile sig_atomic_t caught;

static void count(int signal)
{
	(void)signal;
	caught++;
}

static void say_dispositions(const char *who)
{
	static const int signals[] = { SIGUSR1, SIGUSR2, SIGSYS, SIGHUP, SIGCHLD };

	say("%s:", who);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		struct sigaction action;

		MUST(!sigaction(signals[i], NULL, &action));
		say(" %s", action.sa_handler == SIG_DFL ? "default" :
			   action.sa_handler == SIG_IGN ? "ignored" :
							  "caught");
	}
	say("\n");
}

/* SIGUSR1 and SIGSYS are caught, SIGUSR2 ignored: what is left of it in children. */
static void try_handlers(void)
{
	static const uint64_t flags[] = { 0, CLEAR_SIGHAND, CLEAR_SIGHAND | CLONE_VFORK };

	signal(SIGUSR1, count);
	signal(SIGUSR2, SIG_IGN);
	signal(SIGSYS, count);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		struct arguments arguments = { .flags = flags[i], .exit_signal = SIGCHLD };
		long pid = clone3_size(&arguments, sizeof(arguments));

		if (!pid) {
			say_dispositions("child");
			signal(SIGUSR1, count);
			raise(SIGUSR1);
			look_and_exit();
		}
		say("handlers %lx: %s", flags[i] >> 32, wait_status(pid));
		say(", caught here %d\n", (int)caught);
		pid = clone3_size(&arguments, sizeof(arguments));
		if (!pid) {
			raise(SIGSYS);
			_exit(5);
		}
		say("own SIGSYS %s\n", wait_status(pid));
		pid = clone3_size(&arguments, sizeof(arguments));
		if (!pid) {
			execl("/tests/true", "true", NULL);
			_exit(5);
		}
		say("execute %s\n", wait_status(pid));
	}
	say_dispositions("parent");
	signal(SIGUSR1, SIG_DFL);
	signal(SIGUSR2, SIG_DFL);
	signal(SIGSYS, SIG_DFL);
}

/* Calls that fail and calls that fork leave nothing behind: a hundred more than there is room for at a time. */
static void try_many(void)
{
	struct arguments wrong = { .flags = CLONE_THREAD, .exit_signal = SIGCHLD }, fork = { .exit_signal = SIGCHLD };
	int good = 0;

	for (int i = 0; i < 300; i++)
		good += clone3_size(&wrong, sizeof(wrong)) == -EINVAL;
	wrong.flags |= CLONE_VM;
	for (int i = 0; i < 300; i++)
		good += clone3_size(&wrong, sizeof(wrong)) == -EINVAL;
	for (int i = 0; i < 300; i++) {
		long pid = clone3_size(&fork, sizeof(fork));
		int status = 1;

		if (!pid)
			_exit(0);
		good += waitpid((pid_t)pid, &status, 0) == pid && !status;
	}
	say("many %d\n", good);
}

/* Ten generations, each child of the one before. */
static void try_generations(void)
{
	struct arguments arguments = { .exit_signal = SIGCHLD };

	for (int i = 0; i < 10; i++) {
		long pid = clone3_size(&arguments, sizeof(arguments));
		int status;

		if (pid) {
			status = 1;
			MUST(waitpid((pid_t)pid, &status, 0) == pid);
			if (i)
				_exit(WEXITSTATUS(status));
			say("generations %d\n", WEXITSTATUS(status));
			return;
		}
	}
	_exit(access("/bound/inner", F_OK) ? 1 : 10);
}

static void *look(void *unused)
{
	return access("/bound/inner", F_OK) || !access("/bound/covered", F_OK) ? (void *)1 : unused;
}

static void *start_threads(void *unused)
{
	long wrong = 0;

	(void)unused;
	for (int i = 0; i < 500; i++) {
		pthread_t thread;
		void *result = NULL;

		if (pthread_create(&thread, NULL, look, NULL) || pthread_join(thread, &result) || result)
			wrong++;
	}
	return (void *)wrong;
}

/* Libc makes threads with clone3, here while signals arrive. */
static void try_threads(void)
{
	struct itimerval timer = { { 0, storm_interval() }, { 0, storm_interval() } };
	struct sigaction action = { .sa_handler = count, .sa_flags = SA_RESTART };
	pthread_t threads[4];
	long wrong = 0;

	MUST(!sigaction(SIGALRM, &action, NULL) && !setitimer(ITIMER_REAL, &timer, NULL));
	for (int i = 0; i < 4; i++)
		MUST(!pthread_create(&threads[i], NULL, start_threads, NULL));
	for (int i = 0; i < 4; i++) {
		void *result;

		MUST(!pthread_join(threads[i], &result));
		wrong += (long)result;
	}
	for (int i = 0; i < 300; i++) {
		struct arguments arguments = { .exit_signal = SIGCHLD };
		long pid = clone3_size(&arguments, sizeof(arguments));
		int status = 1;

		if (!pid)
			_exit(look(NULL) != NULL);
		wrong += waitpid((pid_t)pid, &status, 0) != pid || status;
	}
	memset(&timer, 0, sizeof(timer));
	MUST(!setitimer(ITIMER_REAL, &timer, NULL));
	say("threads under signals: %ld wrong\n", wrong);
}

int main(void)
{
	try_sizes();
	try_flags();
	try_fork();
	try_vfork();
	try_registers();
	try_handlers();
	try_many();
	try_generations();
	try_threads();
	say_dispositions("end");
	return 0;
}
