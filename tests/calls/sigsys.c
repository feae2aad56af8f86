/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIGSYS is the guest's own signal, although proot lives by it: blocked,
 * ignored, handled, reported back, sent by kill, and path calls go on working.
 */
#include "call.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <ucontext.h>

static volatile sig_atomic_t count;
static volatile int code;
static volatile int in_handler;

/* A path call works, whatever is set. */
static void check(const char *what)
{
	struct stat status;

	say("  %s: stat %s open %s\n", what, show(CALL(SYS_stat, "/bound/inner", &status)),
	    show(CALL(SYS_open, "/missing", O_RDONLY)));
}

static void handle(int signal, siginfo_t *info, void *context)
{
	struct stat status;
	sigset_t set;

	(void)context;
	count++;
	code = info->si_code;
	in_handler = signal == SIGSYS ? 1 : 2;
	/* Calls work in the handler, and the mask says what is blocked in it. */
	if (stat("/file", &status))
		in_handler = -1;
	sigprocmask(SIG_BLOCK, NULL, &set);
	if (!sigismember(&set, SIGUSR2))
		in_handler = -2;
}

static void handle_plain(int signal)
{
	(void)signal;
	count++;
}

static void say_disposition(int signal)
{
	struct sigaction action;

	MUST(!sigaction(signal, NULL, &action));
	say("  %s is %s flags %x", sigabbrev_np(signal),
	    action.sa_handler == SIG_DFL      ? "default" :
	    action.sa_handler == SIG_IGN      ? "ignored" :
	    action.sa_sigaction == handle     ? "handled" :
	    action.sa_handler == handle_plain ? "handled plainly" :
						"something else",
	    (unsigned int)action.sa_flags & ~0x04000000u);
	say(" mask");
	for (int i = 1; i < 65; i++)
		if (sigismember(&action.sa_mask, i) > 0)
			say(" %d", i);
	say("\n");
}

static void say_mask(const char *what)
{
	sigset_t set;

	say("  %s: blocked", what);
	MUST(!sigprocmask(SIG_BLOCK, NULL, &set));
	for (int i = 1; i < 65; i++)
		if (sigismember(&set, i) > 0)
			say(" %d", i);
	say("\n");
}

static void default_kills(void)
{
	raise(SIGSYS);
}

static void default_kills_by_kill(void)
{
	check("before");
	kill(getpid(), SIGSYS);
}

static void ignored(void)
{
	signal(SIGSYS, SIG_IGN);
	say_disposition(SIGSYS);
	raise(SIGSYS);
	kill(getpid(), SIGSYS);
	check("ignored");
	signal(SIGSYS, SIG_DFL);
	say_disposition(SIGSYS);
	check("default again");
}

static void handled(void)
{
	struct sigaction action = { .sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_RESTART }, old;

	sigaddset(&action.sa_mask, SIGUSR2);
	sigaddset(&action.sa_mask, SIGSYS);
	MUST(!sigaction(SIGSYS, &action, &old));
	say_disposition(SIGSYS);
	raise(SIGSYS);
	say("  count %d code %d in %d\n", count, code, in_handler);
	kill(getpid(), SIGSYS);
	say("  count %d code %d in %d\n", count, code, in_handler);
	check("handled");
	sigqueue(getpid(), SIGSYS, (union sigval){ .sival_int = 7 });
	say("  count %d code %d\n", count, code);
	action.sa_handler = handle_plain;
	action.sa_flags = SA_RESETHAND | SA_NODEFER;
	MUST(!sigaction(SIGSYS, &action, &old));
	say("  old was %d\n", old.sa_sigaction == handle);
	raise(SIGSYS);
	say_disposition(SIGSYS);
	check("after one shot");
	raise(SIGSYS);
}

static void blocked(void)
{
	sigset_t set, old, pending;

	sigemptyset(&set);
	sigaddset(&set, SIGSYS);
	sigaddset(&set, SIGUSR1);
	MUST(!sigprocmask(SIG_BLOCK, &set, &old));
	check("blocked");
	sigfillset(&set);
	MUST(!sigprocmask(SIG_SETMASK, &set, &old));
	check("all blocked");
	sigpending(&pending);
	say("  pending %d\n", sigismember(&pending, SIGSYS));
	sigemptyset(&set);
	MUST(!sigprocmask(SIG_SETMASK, &set, NULL));
	say_mask("none");
}

/* Other signals' masks contain SIGSYS: path calls work in their handlers. */
static void blocked_in_handler(void)
{
	struct sigaction action = { .sa_sigaction = handle, .sa_flags = SA_SIGINFO };

	sigfillset(&action.sa_mask);
	MUST(!sigaction(SIGUSR1, &action, NULL));
	raise(SIGUSR1);
	say("  count %d in %d\n", count, in_handler);
	check("after");
	say_mask("after");
}

/* A handler that writes a full mask into its frame, as QEMU does. */
static void write_mask(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)info;
	sigfillset(&((ucontext_t *)context)->uc_sigmask);
}

static void mask_in_frame(void)
{
	struct sigaction action = { .sa_sigaction = write_mask, .sa_flags = SA_SIGINFO };
	sigset_t set;

	MUST(!sigaction(SIGUSR1, &action, NULL));
	raise(SIGUSR1);
	check("all blocked by the frame");
	sigprocmask(SIG_BLOCK, NULL, &set);
	say("  USR2 blocked %d\n", sigismember(&set, SIGUSR2));
	sigemptyset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	check("none blocked");
}

/* The masks that hold for one call. */
static void masks_for_a_call(void)
{
	struct timespec soon = { 0, 1000000 };
	struct epoll_event event;
	sigset_t full;
	int epoll = epoll_create1(0);
	struct pollfd none = { .fd = -1 };
	struct sigaction action = { .sa_handler = handle_plain };
	char event_room[32];
	unsigned long aio = 0;
	struct {
		const sigset_t *mask;
		size_t size;
	} aio_mask = { &full, 8 };

	sigfillset(&full);
	say("  ppoll %s", show(ppoll(&none, 1, &soon, &full)));
	say(" pselect %s", show(pselect(0, NULL, NULL, NULL, &soon, &full)));
	say(" epoll_pwait %s", show(epoll_pwait(epoll, &event, 1, 1, &full)));
	say(" epoll_pwait2 %s", show(CALL(SYS_epoll_pwait2, epoll, &event, 1, &soon, &full, 8)));
	MUST(!CALL(SYS_io_setup, 1, &aio));
	say(" io_pgetevents %s\n", show(CALL(SYS_io_pgetevents, aio, 1, 1, event_room, &soon, &aio_mask)));
	CALL(SYS_io_destroy, aio);
	check("after the waits");
	sigaction(SIGUSR1, &action, NULL);
	sigprocmask(SIG_SETMASK, &full, NULL);
	raise(SIGUSR1);
	sigdelset(&full, SIGUSR1);
	say("  ppoll with one pending %d", ppoll(NULL, 0, NULL, &full));
	say(" %s count %d\n", strerrorname_np(errno), count);
	raise(SIGUSR1);
	say("  pselect with one pending %d", pselect(0, NULL, NULL, NULL, NULL, &full));
	say(" %s count %d\n", strerrorname_np(errno), count);
	raise(SIGUSR1);
	say("  epoll_pwait with one pending %d", epoll_pwait(epoll, &event, 1, -1, &full));
	say(" %s count %d\n", strerrorname_np(errno), count);
	raise(SIGUSR1);
	say("  sigsuspend %d", sigsuspend(&full));
	say(" %s count %d\n", strerrorname_np(errno), count);
	check("after them");
	say("  sizes: %s", show(CALL(SYS_rt_sigsuspend, &full, 16)));
	say(" %s", show(CALL(SYS_ppoll, NULL, 0, &soon, &full, 4)));
	say(" %s", show(CALL(SYS_epoll_pwait, epoll, &event, 1, 1, &full, 9)));
	say(" %s", show(CALL(SYS_rt_sigprocmask, SIG_BLOCK, &full, NULL, 16)));
	say(" %s", show(CALL(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 16)));
	say(" bad how %s", show(CALL(SYS_rt_sigprocmask, 9, &full, NULL, 8)));
	say(" bad how, no set %s", show(CALL(SYS_rt_sigprocmask, 9, NULL, &full, 8)));
	say(" bad signal %s %s\n", show(CALL(SYS_rt_sigaction, 0, NULL, NULL, 8)),
	    show(CALL(SYS_rt_sigaction, 65, NULL, NULL, 8)));
	say("  kill and stop: %s %s\n", show(CALL(SYS_rt_sigaction, SIGKILL, &action, NULL, 8)),
	    show(CALL(SYS_rt_sigaction, SIGSTOP, &action, NULL, 8)));
}

/* All ways to a mask, from all others: each time the kernel tells the old one. */
static void masks_in_turn(void)
{
	static const int hows[] = { SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK };
	unsigned long old_signals = (1ul << 31) - 1, sys = 1ul << (SIGSYS - 1), usr1 = 1ul << (SIGUSR1 - 1);
	unsigned long sets[] = { 0,    ~0ul,	   ~sys,  old_signals,	old_signals & ~sys, sys,
				 usr1, usr1 | sys, ~usr1, ~usr1 & ~sys, ~0ul << 31,	    ~(1ul << 32) };
	unsigned long old, seed = 1;

	for (int i = 0; i < 600; i++) {
		seed = seed * 6364136223846793005 + 1442695040888963407;
		CALL(SYS_rt_sigprocmask, hows[(seed >> 33) % 3], &sets[(seed >> 40) % ARRAY_SIZE(sets)],
		     seed >> 60 & 1 ? &old : NULL, 8);
		if (seed >> 60 & 1)
			say("  %lx", old);
		CALL(SYS_rt_sigprocmask, 0, NULL, &old, 8);
		say("  %lx%s", old, i % 8 == 7 ? "\n" : "");
	}
	check("after them");
}

/* Waiting for it with sigtimedwait, and by signalfd. */
static void waited_for(void)
{
	sigset_t set;
	siginfo_t info;
	struct timespec none = { 0, 0 };

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR1);
	check("USR1 pending");
	say("  sigtimedwait %d\n", sigtimedwait(&set, &info, &none));
}

/* A child that borrows the memory has a table of handlers of its own, and so has its own child. */
static void borrowed(void)
{
	int status;
	pid_t child;

	signal(SIGSYS, handle_plain);
	child = vfork();
	if (!child) {
		say_disposition(SIGSYS);
		signal(SIGSYS, SIG_IGN);
		if (!fork()) {
			say_disposition(SIGSYS);
			_exit(0);
		}
		wait(NULL);
		say_disposition(SIGSYS);
		raise(SIGSYS);
		_exit(3);
	}
	waitpid(child, &status, 0);
	say("  child %x\n", status);
	say_disposition(SIGSYS);
	raise(SIGSYS);
}

/* It comes while a call waits. */
static void interrupts(const char *what, void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
	pid_t parent = getpid(), child;
	int fds[2];
	char byte;

	MUST(!pipe(fds) && !sigaction(SIGSYS, &action, NULL));
	child = fork();
	if (!child) {
		for (int i = 0; i < 3; i++) {
			usleep(50000);
			kill(parent, SIGSYS);
		}
		usleep(50000);
		_exit(write(fds[1], "x", 1) != 1);
	}
	say("  %s: read %s\n", what, show(CALL(SYS_read, fds[0], &byte, 1)));
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	check(what);
}

static void interrupting(void)
{
	interrupts("handled", handle_plain, 0);
	interrupts("handled, restarts", handle_plain, SA_RESTART);
	interrupts("ignored", SIG_IGN, 0);
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "default", default_kills },
	{ "default, by kill", default_kills_by_kill },
	{ "ignored", ignored },
	{ "handled", handled },
	{ "blocked", blocked },
	{ "blocked in a handler", blocked_in_handler },
	{ "blocked by a frame", mask_in_frame },
	{ "masks for one call", masks_for_a_call },
	{ "masks in turn", masks_in_turn },
	{ "waited for", waited_for },
	{ "borrowed", borrowed },
	{ "interrupting", interrupting },
};

int main(void)
{
	say_disposition(SIGSYS);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		say("%s\n", cases[i].name);
		in_child(cases[i].run);
	}
	return 0;
}
