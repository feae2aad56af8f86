/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Syscall user dispatch: prctl's errors; calls with and without paths, from the range that passes and from
 * others, while the selector blocks; handlers that answer; children, threads and programs, which have none.
 */
#include "filter.h"
#include <pthread.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif
#define OFF 0
#define ON 1
#define INCLUSIVE_ON 2
#define PASS 0
#define BLOCK 1

/* long NAME(number, a, b, c, d, e): one system call, from the range and from outside of it. */
#define CALLER(name) \
	long name(long number, long a, long b, long c, long d, long e); \
	__asm__(#name ": mov %rdi, %rax\n mov %rsi, %rdi\n mov %rdx, %rsi\n mov %rcx, %rdx\n" \
		      " mov %r8, %r10\n mov %r9, %r8\n syscall\n ret\n")

extern const char range_start[], range_end[];
void restorer(void);
__asm__(".text\n.balign 64\nrange_start:\n");
CALLER(inside);
__asm__("restorer: mov $15, %eax\n syscall\n");
/* fork(2), clone(2) without a stack of its own: the child says 7 by exit. */
long child_inside(long number, long a);
__asm__("child_inside: mov %rdi, %rax\n mov %rsi, %rdi\n xor %esi, %esi\n xor %edx, %edx\n xor %r10d, %r10d\n"
	" syscall\n test %rax, %rax\n jnz 1f\n mov $7, %edi\n mov $60, %eax\n syscall\n1: ret\n");
/* clone(2) to another stack, at the end of which there is what to call. */
long thread_inside(long flags, void *stack, int *parent, int *child);
__asm__("thread_inside: mov %rcx, %r10\n mov $56, %eax\n syscall\n test %rax, %rax\n jnz 1f\n pop %rax\n call *%rax\n"
	" mov $0, %edi\n mov $60, %eax\n syscall\n1: ret\n");
__asm__("range_end:\n.balign 64\n");
CALLER(outside);

static volatile char selector;
static struct stat status;

static long set(long mode, const void *start, unsigned long length, const volatile void *byte)
{
	return CALL(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, mode, start, length, byte);
}

static void set_range(void)
{
	MUST(!set(ON, range_start, (unsigned long)(range_end - range_start), &selector));
}

static long blocked(long (*caller)(long, long, long, long, long, long), long number, long a, long b)
{
	long result;

	selector = BLOCK;
	result = caller(number, a, b, 0, 0, 0);
	selector = PASS;
	return result;
}

static int handled;
static long given;

static void handle(int signal, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
	char before = selector;

	selector = PASS;
	handled++;
	if (handled < 40)
		say("  %s code %d errno %d call %d arch %x rax %lld site %s blocked %d\n", sigabbrev_np(signal),
		    info->si_code, info->si_errno, info->si_syscall, info->si_arch, regs[REG_RAX],
		    (greg_t)info->si_call_addr == regs[REG_RIP] ? "told" : "wrong", before);
	regs[REG_RAX] = given++;
	selector = before;
}

/* struct sigaction of the kernel, with a restorer in the range. */
static void catch_signal(void)
{
	struct {
		void (*handler)(int, siginfo_t *, void *);
		unsigned long flags;
		void (*restorer)(void);
		unsigned long mask;
	} action = { handle, SA_SIGINFO | 0x04000000, restorer, 0 };

	MUST(!CALL(SYS_rt_sigaction, SIGSYS, &action, NULL, 8));
}

#define PATH(text) (long)(text), (long)&status

static void stopped(void)
{
	catch_signal();
	set_range();
	say("  open: stat %s getppid %s\n", show(outside(SYS_stat, PATH("/bound/inner"), 0, 0, 0)),
	    show_success(outside(SYS_getppid, 0, 0, 0, 0, 0)));
	say("  outside: stat %s", show(blocked(outside, SYS_stat, PATH("/bound/inner"))));
	say(" getppid %s", show(blocked(outside, SYS_getppid, 0, 0)));
	say(" no call %s\n", show(blocked(outside, 5000, 0, 0)));
	say("  inside: stat %s", show(blocked(inside, SYS_stat, PATH("/bound/inner"))));
	say(" %s", show(blocked(inside, SYS_stat, PATH("/link-dir/../bound/sub/again/innermost"))));
	say(" %s", show(blocked(inside, SYS_stat, PATH("/missing"))));
	say(" open %s", show_success(blocked(inside, SYS_open, (long)"/link-file", O_RDONLY)));
	say(" getppid %s", show_success(blocked(inside, SYS_getppid, 0, 0)));
	say(" no call %s %s", show(blocked(inside, 5000, 0, 0)), show(blocked(inside, SYS_create_module, 0, 0)));
	say(" close %s", show(blocked(inside, SYS_close, -1, 0)));
	say(" sleep %s\n", show(blocked(inside, SYS_nanosleep, (long)&(struct timespec){ 0, 1000 }, 0)));
	say("  off %s\n", show(set(OFF, NULL, 0, NULL)));
	say("  stat %s handled %d\n", show(blocked(outside, SYS_stat, PATH("/bound/inner"))), handled);
}

static void often(void)
{
	long wrong = 0;

	catch_signal();
	for (int i = 0; i < 40; i++)
		wrong += outside(SYS_stat, PATH("/dir/file"), 0, 0, 0) != 0;
	handled = 100;
	set_range();
	for (int i = 0; i < 100; i++) {
		given = 1000 + i;
		wrong += blocked(outside, SYS_stat, PATH("/dir/file")) != 1000 + i;
		wrong += blocked(inside, SYS_stat, PATH("/dir/file")) != 0;
		wrong += outside(SYS_stat, PATH("/bound/inner"), 0, 0, 0) != 0;
	}
	say("  wrong %ld handled %d\n", wrong, handled);
}

static void by_default(void)
{
	set_range();
	blocked(outside, SYS_getppid, 0, 0);
}

static void ignored(void)
{
	signal(SIGSYS, SIG_IGN);
	by_default();
}

static void bad_selector(void)
{
	catch_signal();
	MUST(!set(ON, NULL, 0, no_memory()));
	CALL(SYS_getppid);
}

static void wrong_selector(void)
{
	catch_signal();
	set_range();
	selector = 2;
	outside(SYS_getppid, 0, 0, 0, 0, 0);
}

static void children(void)
{
	int result;
	long pid;

	catch_signal();
	set_range();
	for (int i = 0; i < 3; i++) {
		selector = BLOCK;
		pid = i == 0 ? child_inside(SYS_fork, 0) :
		      i == 1 ? child_inside(SYS_clone, SIGCHLD) :
			       child_inside(SYS_clone, SIGCHLD | CLONE_VM | CLONE_VFORK);
		selector = PASS;
		MUST(pid > 0 && waitpid((pid_t)pid, &result, 0) == pid);
		say("  child %d\n", WEXITSTATUS(result));
	}
	say("  outside fork %s\n", show(blocked(outside, SYS_fork, 0, 0)));
	pid = fork();
	if (!pid) {
		selector = BLOCK;
		_exit(outside(SYS_stat, PATH("/dir/file"), 0, 0, 0) ? 1 : 2);
	}
	MUST(waitpid((pid_t)pid, &result, 0) == pid);
	say("  forked: %d\n", WEXITSTATUS(result));
}

static volatile long from_thread;

static void work(void)
{
	from_thread = outside(SYS_stat, PATH("/bound/inner"), 0, 0, 0);
}

static void thread_by_clone(void)
{
	static void *stack[4096] __attribute__((aligned(16)));
	int parent = 0;
	volatile int child = 1;
	long thread;

	catch_signal();
	set_range();
	stack[4094] = (void *)work;
	selector = BLOCK;
	thread = thread_inside(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
				       CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | 0x400000,
			       &stack[4094], &parent, (int *)&child);
	while (child)
		;
	selector = PASS;
	say("  thread %s, its number %s, its call %s\n", thread > 0 ? "made" : show(thread),
	    thread == parent ? "told" : "wrong", show(from_thread));
}

static void *work_in_thread(void *unused)
{
	char own = BLOCK;

	say("  thread: stat %s\n", show(outside(SYS_stat, PATH("/dir/file"), 0, 0, 0)));
	MUST(!set(ON, range_start, (unsigned long)(range_end - range_start), &own));
	say("x");
	return unused;
}

/* Another thread has none, and may have one of its own. */
static void threads(void)
{
	pthread_t thread;

	catch_signal();
	set_range();
	MUST(!pthread_create(&thread, NULL, work_in_thread, NULL));
	pthread_join(thread, NULL);
}

static void executed(void)
{
	catch_signal();
	set_range();
	selector = BLOCK;
	inside(SYS_execve, (long)"/tests/user_dispatch", (long)(char *[]){ "user_dispatch", "again", NULL },
	       (long)(char *[]){ NULL }, 0, 0);
	selector = PASS;
	say("  not executed\n");
}

/* The other way round: only what comes from the range is stopped. */
static void inclusive(void)
{
	long result = set(INCLUSIVE_ON, range_start, (unsigned long)(range_end - range_start), &selector);

	say("  set %s\n", show(result));
	if (result)
		return;
	catch_signal();
	handled = 0;
	say("  outside: stat %s", show(blocked(outside, SYS_stat, PATH("/bound/inner"))));
	say(" getppid %s\n", show_success(blocked(outside, SYS_getppid, 0, 0)));
}

static void with_filter(void)
{
	catch_signal();
	install_for(SYS_stat, SECCOMP_RET_ERRNO | EDOM);
	install_for(SYS_lstat, SECCOMP_RET_TRAP | 5);
	install_for(SYS_getppid, SECCOMP_RET_ERRNO | ERANGE);
	install_for(SYS_getpgid, SECCOMP_RET_TRAP | 6);
	set_range();
	say("  inside: stat %s", show(blocked(inside, SYS_stat, PATH("/bound/inner"))));
	say(" lstat %s", show(blocked(inside, SYS_lstat, PATH("/bound/inner"))));
	say(" getppid %s", show(blocked(inside, SYS_getppid, 0, 0)));
	say(" getpgid %s\n", show(blocked(inside, SYS_getpgid, 0, 0)));
	say("  outside: stat %s", show(blocked(outside, SYS_stat, PATH("/bound/inner"))));
	say(" getppid %s\n", show(blocked(outside, SYS_getppid, 0, 0)));
}

static void errors(void)
{
	static const struct {
		long mode;
		unsigned long start, length, selector;
	} tries[] = { { 0, 1, 0, 0 },	    { 0, 0, 1, 0 }, { 0, 0, 0, 1 },    { 3, 0, 0, 0 },
		      { -1, 0, 0, 0 },	    { 1, 5, 0, 0 }, { 1, ~0ul, 1, 0 }, { 1, 5, ~0ul, 0 },
		      { 1, 1, ~0ul, 0 },    { 2, 0, 0, 0 }, { 2, 5, ~0ul, 0 }, { 1, 0, 0, 1ul << 63 },
		      { 1l << 32, 0, 0, 0 } };

	catch_signal();
	set_range();
	for (size_t i = 0; i < ARRAY_SIZE(tries); i++)
		say("  %s",
		    show(set(tries[i].mode, (void *)tries[i].start, tries[i].length, (void *)tries[i].selector)));
	/* What was set before is set still. */
	say("\n  outside %s inside %s\n", show(blocked(outside, SYS_stat, PATH("/dir/file"))),
	    show(blocked(inside, SYS_stat, PATH("/dir/file"))));
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "stopped", stopped },
	{ "often", often },
	{ "by default", by_default },
	{ "ignored", ignored },
	{ "bad selector", bad_selector },
	{ "wrong selector", wrong_selector },
	{ "children", children },
	{ "thread by clone", thread_by_clone },
	{ "threads", threads },
	{ "executed", executed },
	{ "inclusive", inclusive },
	{ "with a filter", with_filter },
	{ "errors", errors },
};

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) {
		selector = BLOCK;
		say("  again: stat %s\n", show(outside(SYS_stat, PATH("/bound/inner"), 0, 0, 0)));
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		say("%s\n", cases[i].name);
		alarm(20);
		in_child(cases[i].run);
	}
	return 0;
}
