#!/bin/bash
# Small stacks: 16 KiB threads, 8 KiB alternate stacks with file calls in the handler.
. "$T/lib.sh"
cat >s.c <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int handled, good;

static int calls(void)
{
	struct stat st;
	int fd = open("/usr/../etc//passwd", O_RDONLY);
	int linked = open("/bin/env", O_RDONLY); /* /bin is a link */
	int ok = fd >= 0 && linked >= 0 && stat("/usr/lib/../bin/env", &st) == 0 && access("/missing", 0) < 0;
	close(linked);
	close(fd);
	return ok;
}

static void *thread(void *arg)
{
	long n = 0;
	char name[32];
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "s%ld-%d", (long)arg, i);
		int fd = open(name, O_CREAT | O_WRONLY, 0600);
		n += fd >= 0 && calls() && unlink(name) == 0;
		close(fd);
	}
	return (void *)n;
}

static void handler(int sig)
{
	handled++;
	good += calls();
}

static sigjmp_buf env;

static void jumper(int sig)
{
	calls();
	siglongjmp(env, 1);
}

static void overflow(int sig)
{
	if (calls())
		(void)!write(1, "overflow caught\n", 16);
	_exit(7);
}

static int recurse(volatile char *above)
{
	volatile char page[4096];
	page[0] = *above;
	return recurse(page) + page[0];
}

int main(void)
{
	pthread_attr_t attr;
	pthread_t t[32];
	pthread_attr_init(&attr);
	printf("setstacksize %d\n", pthread_attr_setstacksize(&attr, 16384));
	long sum = 0;
	for (long i = 0; i < 32; i++)
		if (pthread_create(&t[i], &attr, thread, (void *)i))
			return puts("no thread"), 1;
	for (int i = 0; i < 32; i++) {
		void *n;
		pthread_join(t[i], &n);
		sum += (long)n;
	}
	printf("threads %ld\n", sum);

	size_t sizes[] = {8192, 16384, SIGSTKSZ};
	for (int i = 0; i < 3; i++) {
		char *memory = mmap(NULL, sizes[i] + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		mprotect(memory, 4096, PROT_NONE);
		stack_t ss = {.ss_sp = memory + 4096, .ss_size = sizes[i]}, old;
		if (sigaltstack(&ss, NULL))
			return perror("sigaltstack"), 1;
		sigaltstack(NULL, &old);
		struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_ONSTACK | SA_RESTART};
		sigfillset(&sa.sa_mask);
		sigaction(SIGUSR1, &sa, NULL);
		handled = good = 0;
		for (int n = 0; n < 1000; n++)
			raise(SIGUSR1);
		printf("handler %d good %d same stack %d\n", handled, good,
		       old.ss_sp == ss.ss_sp && old.ss_size == ss.ss_size && old.ss_flags == ss.ss_flags);
		sa.sa_flags = SA_ONSTACK;
		sigaction(SIGALRM, &sa, NULL);
		struct itimerval timer = {{0, 500}, {0, 500}}, off = {{0}};
		handled = good = 0;
		setitimer(ITIMER_REAL, &timer, NULL);
		int bad = 0;
		while (handled < 500)
			bad += !calls();
		setitimer(ITIMER_REAL, &off, NULL);
		printf("timer all good %d bad %d\n", handled == good, bad);
		sa.sa_handler = jumper;
		sigaction(SIGALRM, &sa, NULL);
		volatile int jumps = 0, rounds = 0;
		/* Once per jump: one that comes before siglongjmp left the small stack would be too many. */
		struct itimerval once = {{0, 0}, {0, 300}};
		if (sigsetjmp(env, 1))
			jumps++;
		setitimer(ITIMER_REAL, jumps < 500 ? &once : &off, NULL);
		while (jumps < 500)
			rounds += calls();
		printf("jumps %d\n", jumps);
	}
	fflush(stdout);
	if (!fork()) {
		struct sigaction sa = {.sa_handler = overflow, .sa_flags = SA_ONSTACK};
		char c = 0;
		sigaction(SIGSEGV, &sa, NULL);
		_exit(recurse(&c));
	}
	int status;
	wait(&status);
	printf("status %d\n", WEXITSTATUS(status));

	sigset_t all, now;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	printf("all blocked %d\n", calls());
	sigprocmask(SIG_SETMASK, NULL, &now);
	int same = 0;
	for (int i = 1; i < 65; i++)
		same += sigismember(&now, i) == 1;
	printf("blocked %d\n", same);
	struct sigaction mine = {.sa_handler = handler}, back;
	sigaction(SIGSYS, &mine, NULL);
	sigaction(SIGSYS, NULL, &back);
	sigemptyset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	handled = 0;
	raise(SIGSYS);
	printf("own SIGSYS handler %d %d calls %d\n", back.sa_handler == handler, handled, calls());
	return 0;
}
C
run gcc -O1 -Wall -o s s.c -pthread
./s
echo "[$?]"
run gcc -O1 -static -o static s.c -pthread
./static | md5sum
ulimit -s 128
./s | md5sum
cat /etc/debian_version
