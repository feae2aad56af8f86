/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 *	threads COUNT [fork]
 *
 * COUNT threads count, look at files, and take signals; with "fork" each starts a program as well.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TURNS 300

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int counted, seen, missing, started;
static volatile sig_atomic_t signals;
static int with_fork;

static void count_signal(int number)
{
	(void)number;
	signals++;
}

static void start_program(void)
{
	pid_t child = fork();
	int status;

	if (!child) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(1);
	}
	if (waitpid(child, &status, 0) == child && !status)
		__atomic_add_fetch(&started, 1, __ATOMIC_RELAXED);
}

static void *work(void *argument)
{
	struct stat status;

	for (int i = 0; i < TURNS; i++) {
		pthread_mutex_lock(&lock);
		counted++;
		pthread_mutex_unlock(&lock);
		__atomic_add_fetch(&seen, !stat("/usr/bin/env", &status), __ATOMIC_RELAXED);
		__atomic_add_fetch(&missing, !!stat("/usr/bin/missing", &status), __ATOMIC_RELAXED);
		if (i % 100 == 0)
			pthread_kill(pthread_self(), SIGUSR1);
		if (with_fork && i % 100 == 0)
			start_program();
	}
	return argument;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = count_signal, .sa_flags = SA_RESTART };
	int count = argc > 1 ? atoi(argv[1]) : 4;
	pthread_t threads[64];

	with_fork = argc > 2;
	sigaction(SIGUSR1, &action, NULL);
	for (int i = 0; i < count; i++)
		if (pthread_create(&threads[i], NULL, work, NULL))
			return 1;
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	printf("%d counted, %d seen, %d missing, %d started, signals: %s\n", counted, seen, missing, started,
	       signals ? "yes" : "no");
	return 0;
}
