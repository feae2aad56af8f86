/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that calls have had their paths in all the time, and that then can't be
 * read: EFAULT each time, whatever the program has set for SIGSEGV and SIGBUS. And
 * these two, when they are the program's own, find what it has set.
 */
#include "call.h"
#include <setjmp.h>

#define TIMES 40

static char *page;
static volatile int caught;

static long make(int kind, const char *path)
{
	struct stat status;
	char target[64];
	long fd;

	switch (kind) {
	case 0:
		return CALL(SYS_stat, path, &status);
	case 1:
		return CALL(SYS_access, path, R_OK);
	case 2:
		return CALL(SYS_readlink, path, target, sizeof(target));
	default:
		fd = CALL(SYS_open, path, O_RDONLY);
		return fd < 0 ? fd : close((int)fd);
	}
}

static void hide(void)
{
	mprotect(page, PAGE, PROT_NONE);
}

static void uncover(void)
{
	mprotect(page, PAGE, PROT_READ | PROT_WRITE);
}

static void unmap(void)
{
	munmap(page, PAGE);
}

static void map(void)
{
	page = mmap(page, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static void check(const char *title, const char *path, void (*take)(void), void (*give)(void))
{
	for (int kind = 0; kind < 4; kind++) {
		long result = 0, other = 0;

		for (int i = 0; i < TIMES; i++) {
			strcpy(page, path);
			for (int j = 0; j < 4; j++)
				result = make(kind, page);
			take();
			if (make(kind, page) != -EFAULT)
				other++;
			give();
		}
		say("%s %s %d: %s, %ld other than EFAULT\n", title, path, kind, show(result), other);
	}
}

static void count(int signal)
{
	(void)signal;
	caught++;
}

static void tell_disposition(int signal)
{
	struct sigaction action;
	char line[64] = "";
	unsigned long long mask = 0;
	FILE *status = fopen("/proc/self/status", "r");

	memset(&action, 0, sizeof(action));
	sigaction(signal, NULL, &action);
	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "SigCgt: %llx", &mask) == 1)
			break;
	if (status)
		fclose(status);
	say("%s: %s, flags %x, caught %d\n", signal == SIGSEGV ? "SIGSEGV" : "SIGBUS",
	    action.sa_handler == SIG_DFL ? "default" :
	    action.sa_handler == SIG_IGN ? "ignored" :
					   "handler",
	    (unsigned int)action.sa_flags, (int)(mask >> (signal - 1) & 1));
}

static void tell_end(const char *title, void (*end)(void))
{
	int status;

	if (!fork()) {
		prctl(PR_SET_DUMPABLE, 0);
		end();
		_exit(0);
	}
	wait(&status);
	say("%s: %s %d\n", title, WIFSIGNALED(status) ? "signal" : "exit",
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static void fault(void)
{
	hide();
	*page = 1;
}

static void send_segv(void)
{
	kill(getpid(), SIGSEGV);
}

static void send_bus(void)
{
	raise(SIGBUS);
}

static void bad_return(void)
{
	__asm__ volatile("lea 65536(%rsp), %rsp\n mov $15, %eax\n syscall");
}

static void overflow(void)
{
	volatile char room[1 << 16];

	room[0] = 1;
	if (caught >= 0) /* always */
		overflow();
	caught += room[0];
}

static sigjmp_buf back;
static siginfo_t seen;

static void jump(int signal, siginfo_t *info, void *context)
{
	(void)signal, (void)context;
	seen = *info;
	siglongjmp(back, 1);
}

static void own_handler(int signal, const char *address)
{
	struct sigaction action = { .sa_sigaction = jump, .sa_flags = SA_SIGINFO };

	sigaction(signal, &action, NULL);
	if (!sigsetjmp(back, 1))
		*(volatile const char *)address;
	say("own handler: signal %d, code %d, address %s\n", seen.si_signo, seen.si_code,
	    seen.si_addr == address ? "right" : "wrong");
}

/* A page of a mapped file that is no longer there is SIGBUS. */
static void check_truncated(void)
{
	int fd = open("/dir/unreadable", O_RDWR | O_CREAT, 0600);
	char *other = page;
	long wrong = 0, result = 0;

	unlink("/dir/unreadable");
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	for (int i = 0; i < TIMES; i++) {
		ftruncate(fd, PAGE);
		strcpy(page, "/file");
		for (int j = 0; j < 4; j++)
			result = make(0, page);
		ftruncate(fd, 0);
		wrong += make(0, page) != -EFAULT;
	}
	say("truncated: %s, %ld other than EFAULT\n", show(result), wrong);
	own_handler(SIGBUS, page);
	signal(SIGBUS, SIG_DFL);
	page = other;
}

int main(void)
{
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check("hidden", "/file", hide, uncover);
	check("hidden", "file", hide, uncover);
	check("unmapped", "/dir/file", unmap, map);
	tell_disposition(SIGSEGV);
	tell_disposition(SIGBUS);
	tell_end("fault", fault);
	tell_end("kill", send_segv);
	tell_end("raise", send_bus);
	tell_end("bad frame", bad_return);
	tell_end("stack overflow", overflow);
	check_truncated();
	signal(SIGSEGV, count);
	tell_disposition(SIGSEGV);
	check("own handler", "/file", hide, uncover);
	signal(SIGSEGV, SIG_DFL);
	tell_disposition(SIGSEGV);
	check("default again", "/file", hide, uncover);
	tell_end("fault", fault);
	own_handler(SIGSEGV, (hide(), page));
	uncover();
	signal(SIGSEGV, SIG_IGN);
	tell_disposition(SIGSEGV);
	check("ignored", "/file", hide, uncover);
	tell_end("ignored", send_segv);
	tell_end("ignored fault", fault);
	say("caught %d\n", caught);
	return 0;
}
