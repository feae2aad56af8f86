/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Of a process that is not its own child the kernel tells nobody that it goes
 * on, so the waker looks, less and less often. It has a session of its own:
 * what stops or continues the supervisor's group is not for it.
 */
#define _GNU_SOURCE 1
#include "supervisor/waker.h"

#include "base/base.h"
#include "supervisor/process.h"

#include <dirent.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SHORTEST_PAUSE 10000000L /* nanoseconds */
#define LONGEST_PAUSE 200000000L

static void close_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

/* Whether a thread of PID is stopped. The first may have ended before the others. */
static bool is_stopped(pid_t pid)
{
	char name[sizeof("/proc//task") + 16];
	DIR *directory __attribute__((cleanup(close_directory))) = NULL;
	struct dirent *entry;

	snprintf(name, sizeof(name), "/proc/%d/task", pid);
	directory = opendir(name);
	while (directory && (entry = readdir(directory))) {
		char thread[sizeof(name) + 256];
		struct process process;

		snprintf(thread, sizeof(thread), "%d/task/%s", pid, entry->d_name);
		if (entry->d_name[0] != '.' && process_read(thread, &process) &&
		    (process.state == 'T' || process.state == 't'))
			return true;
	}
	return false;
}

static bool is_parent(pid_t parent, pid_t pid)
{
	struct process process;
	char name[16];

	snprintf(name, sizeof(name), "%d", pid);
	return process_read(name, &process) && process.parent == parent;
}

static void __attribute__((noreturn)) wake(pid_t supervisor, pid_t child, pid_t parent)
{
	struct timespec pause = { .tv_nsec = SHORTEST_PAUSE };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsid();
	while (getppid() == supervisor) {
		if (!is_stopped(child) || (parent && !is_parent(parent, supervisor)))
			kill(supervisor, SIGCONT);
		nanosleep(&pause, NULL);
		pause.tv_nsec = MIN(2 * pause.tv_nsec, LONGEST_PAUSE);
	}
	_exit(0);
}

pid_t waker_start(pid_t child, pid_t parent)
{
	pid_t supervisor = getpid();
	pid_t pid = fork();

	if (!pid)
		wake(supervisor, child, parent);
	return pid;
}

void waker_end(pid_t waker)
{
	if (waker < 0)
		return;
	kill(waker, SIGKILL);
	waitpid(waker, NULL, 0);
}
