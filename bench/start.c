/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starts a command so many times as user and group UID, one after the other,
 * and prints the nanoseconds from fork to its end, the median of them.
 *
 *	start COUNT UID COMMAND [ARGUMENT ...]
 */
#define _GNU_SOURCE
#include "time.h"
#include <err.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void execute(uid_t uid, char **command)
{
	if (uid && (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid)))
		err(125, "user %u", uid);
	execvp(command[0], command);
	err(127, "%s", command[0]);
}

static double time_of(uid_t uid, char **command)
{
	double start = now();
	int status;
	pid_t pid = fork();

	if (!pid)
		execute(uid, command);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		errx(1, "%s: failed", command[0]);
	return now() - start;
}

int main(int argc, char **argv)
{
	long count = argc > 3 ? atol(argv[1]) : 0;
	double *times;

	if (count < 1)
		errx(2, "usage: start COUNT UID COMMAND [ARGUMENT ...]");
	times = calloc((size_t)count, sizeof(*times));
	if (!times)
		err(1, "calloc");
	for (long i = 0; i < count; i++)
		times[i] = time_of((uid_t)atol(argv[2]), argv + 3);
	printf("%.0f\n", median(times, (size_t)count));
	return 0;
}
