/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sigaltstack: what is told back, in handlers too, and path calls on stacks of every size. */
#include "call.h"
#include <pthread.h>
#include <ucontext.h>

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1u << 31)
#endif

static char *memory;

static void say_stack(const char *what, long result, const stack_t *stack)
{
	say("  %s %s: flags %x size %zu%s\n", what, show(result), (unsigned int)stack->ss_flags, stack->ss_size,
	    stack->ss_sp == memory ? " ours" :
	    stack->ss_sp	   ? " another" :
				     "");
}

static void query(const char *what)
{
	stack_t old = { 0 };
	long result = CALL(SYS_sigaltstack, NULL, &old);

	say_stack(what, result, &old);
}

static void handle(int signal, siginfo_t *info, void *context)
{
	const ucontext_t *frame = context;
	char local;
	struct stat status;
	stack_t other = { .ss_sp = memory + (1 << 20), .ss_size = 65536 };

	(void)signal;
	(void)info;
	say("  in the handler: %s\n", &local >= memory && &local < memory + (1 << 20) ? "on our stack" : "on another");
	say_stack("frame", 0, &frame->uc_stack);
	query("query");
	say("  stat %s %s\n", show(CALL(SYS_stat, "/bound/inner", &status)), show(CALL(SYS_stat, "/missing", &status)));
	say("  set %s\n", show(CALL(SYS_sigaltstack, &other, NULL)));
}

static void try_size(size_t size, unsigned int flags, int action_flags)
{
	struct sigaction action = { .sa_sigaction = handle, .sa_flags = SA_SIGINFO | action_flags };
	stack_t stack = { .ss_sp = memory, .ss_flags = (int)flags, .ss_size = size }, old = { 0 };
	struct stat status;
	long result;

	result = CALL(SYS_sigaltstack, &stack, &old);
	say("size %zu flags %x action %x: %s\n", size, flags, (unsigned int)action_flags, show(result));
	say_stack("old", 0, &old);
	query("query");
	say("  stat %s open %s\n", show(CALL(SYS_stat, "/dir/../file", &status)),
	    show(CALL(SYS_open, "/missing", O_RDONLY)));
	query("query again");
	MUST(!sigaction(SIGUSR1, &action, NULL));
	/* The kernel wants room for its frame; a smaller stack kills, so none is used then. */
	if (result == 0 && (size >= 65536 || !(action_flags & SA_ONSTACK)))
		raise(SIGUSR1);
	query("after");
	stack.ss_flags = SS_DISABLE;
	say("  disable %s\n", show(CALL(SYS_sigaltstack, &stack, NULL)));
	query("disabled");
}

static volatile sig_atomic_t nested, handled;

static void handle_together(int signal)
{
	struct stat status;

	nested++;
	say("  signal %d, depth %d: stat %s\n", signal, (int)nested, show(CALL(SYS_stat, "/bound/inner", &status)));
	query("query");
	nested--;
}

static void handle_often(int signal)
{
	struct stat status;

	(void)signal;
	handled += !stat("/bound/inner", &status);
}

/* Signals that come at once, on one small stack: the last one's handler is the first to run, and all do. */
static void try_together(size_t size)
{
	static const int signals[] = { SIGUSR1, SIGUSR2, SIGALRM };
	struct sigaction action = { .sa_handler = handle_together, .sa_flags = SA_ONSTACK };
	stack_t stack = { .ss_sp = memory, .ss_size = size };
	sigset_t all;

	say("together on %zu: %s\n", size, show(CALL(SYS_sigaltstack, &stack, NULL)));
	sigfillset(&all);
	for (int round = 0; round < 3; round++) {
		MUST(!sigprocmask(SIG_BLOCK, &all, NULL));
		for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
			MUST(!sigaction(signals[i], &action, NULL) && !raise(signals[i]));
		MUST(!sigprocmask(SIG_UNBLOCK, &all, NULL));
	}
	action.sa_handler = handle_often;
	handled = 0;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		MUST(!sigaction(signals[i], &action, NULL));
	for (int round = 0; round < 3000; round++) {
		MUST(!sigprocmask(SIG_BLOCK, &all, NULL));
		for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
			MUST(!raise(signals[i]));
		MUST(!sigprocmask(SIG_UNBLOCK, &all, NULL));
	}
	say("  handled %d\n", (int)handled);
	stack.ss_flags = SS_DISABLE;
	MUST(!CALL(SYS_sigaltstack, &stack, NULL));
}

static void *in_thread(void *unused)
{
	query("thread");
	try_size(65536, 0, SA_ONSTACK);
	return unused;
}

static void in_fork(void)
{
	query("fork");
}

int main(void)
{
	static const size_t sizes[] = { 0, 1024, 2047, 2048, 4096, 8192, 16384, 65536, 1 << 20 };
	stack_t stack;
	pthread_t thread;

	memory = mmap(NULL, 2 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(memory != MAP_FAILED);
	query("fresh");
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		try_size(sizes[i], 0, SA_ONSTACK);
		try_size(sizes[i], 0, 0);
		try_size(sizes[i], SS_AUTODISARM, SA_ONSTACK);
	}
	try_size(65536, SS_ONSTACK, SA_ONSTACK);
	try_size(65536, 8, SA_ONSTACK);
	try_together(30720); /* where proot has a stack of its own */
	try_together(65536);
	MUST(!pthread_create(&thread, NULL, in_thread, NULL) && !pthread_join(thread, NULL));
	stack = (stack_t){ .ss_sp = memory, .ss_size = 2048 };
	say("2 KiB over fork %s\n", show(CALL(SYS_sigaltstack, &stack, NULL)));
	in_child(in_fork);
	query("parent");
	stack = (stack_t){ .ss_sp = memory, .ss_size = 65536 };
	say("64 KiB over fork %s\n", show(CALL(SYS_sigaltstack, &stack, NULL)));
	in_child(in_fork);
	return 0;
}
