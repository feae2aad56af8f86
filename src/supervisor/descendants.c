/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ending all descendants. The children of a killed child become ours, because
 * this process is their subreaper: so kill the children until there are none.
 */
#define _GNU_SOURCE 1
#include "supervisor/descendants.h"
#include "supervisor/process.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void close_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

/* Kill the children that the kernel lists. False: it lists none (no CONFIG_PROC_CHILDREN). */
static bool kill_listed(void)
{
	FILE *file __attribute__((cleanup(process_close_file))) = fopen("/proc/thread-self/children", "re");
	int pid;

	if (!file)
		return false;
	while (fscanf(file, "%d", &pid) == 1)
		kill(pid, SIGKILL);
	return true;
}

/* Kill the children found among all processes. */
static void kill_found(void)
{
	DIR *directory __attribute__((cleanup(close_directory))) = opendir("/proc");
	struct process process;
	struct dirent *entry;

	while (directory && (entry = readdir(directory)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && process_read(entry->d_name, &process) &&
		    process.parent == getpid())
			kill(atoi(entry->d_name), SIGKILL);
}

#define PATIENCE 10000 /* ms */

/* The lock is ours until this process ends. Without it, too, all must end. */
static void take_lock(int image_fd)
{
	static const struct timespec pause = { .tv_nsec = 1000000 };

	for (int i = 0; i < PATIENCE && flock(image_fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK; i++)
		nanosleep(&pause, NULL);
}

void descendants_end(int image_fd)
{
	/* The first look is for nothing when there is no child at all, as usual. */
	pid_t pid = waitpid(-1, NULL, WNOHANG);

	if (pid >= 0)
		take_lock(image_fd);
	while (pid >= 0) {
		if (!kill_listed())
			kill_found();
		pid = waitpid(-1, NULL, 0);
		while (pid > 0)
			pid = waitpid(-1, NULL, WNOHANG);
	}
}
