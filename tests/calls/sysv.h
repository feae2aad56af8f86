/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System V IPC, for the programs that compare what proot makes of it with the kernel's. */
#ifndef TESTS_SYSV_H
#define TESTS_SYSV_H

#include "call.h"
#include <sys/ipc.h>

/* A permission as text; who is everybody here, and times and numbers of processes only whether there are any. */
__attribute__((unused)) static const char *show_permission(const struct ipc_perm *permission)
{
	static char text[128];

	snprintf(text, sizeof(text), "key %d, %s%s %s%s, mode %o, sequence %d", permission->__key,
		 permission->uid == geteuid() ? "own" : "other", permission->gid == getegid() ? "" : " group",
		 permission->cuid == geteuid() ? "own" : "other", permission->cgid == getegid() ? "" : " group",
		 permission->mode, permission->__seq);
	return text;
}

/* Whether TIME is that of a few seconds ago at most. */
__attribute__((unused)) static const char *show_time(time_t when)
{
	time_t now = time(NULL);

	return !when ? "never" : when <= now && when > now - 60 ? "now" : "at another time";
}

__attribute__((unused)) static const char *show_pid(pid_t pid)
{
	return !pid ? "nobody" : pid == getpid() ? "self" : "another";
}

/* Make FUNCTION in a child, and say how that has ended. */
__attribute__((unused)) static void in_child_with(void (*function)(int), int argument)
{
	pid_t child = fork();
	int status;

	MUST(child >= 0);
	if (!child) {
		function(argument);
		_exit(0);
	}
	MUST(waitpid(child, &status, 0) == child);
	if (status)
		say("  child: status %x\n", status);
}

/* The lines of a file of /proc, without those words that have to differ: which are given by their numbers. */
__attribute__((unused)) static void show_file(const char *path, const int *hidden, int hidden_count)
{
	char text[8192];
	int fd = open(path, O_RDONLY), word = 0;
	ssize_t length = read(fd, text, sizeof(text) - 1);

	close(fd);
	text[length > 0 ? length : 0] = '\0';
	say("%s:\n", path);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), word = 0) {
		char copy[512] = "", *at = line;
		size_t used = 0;
		int width, taken;

		while (sscanf(at, " %*s%n", &taken) == 0 && taken > 0 && *at) {
			char value[64] = "";
			bool hides = false;

			width = taken;
			sscanf(at, "%63s", value);
			for (int i = 0; i < hidden_count; i++)
				hides |= hidden[i] == word;
			used += (size_t)snprintf(copy + used, sizeof(copy) - used, "%*s", width,
						 hides && value[0] >= '0' && value[0] <= '9' ? "*" : value);
			at += taken;
			taken = 0;
			word++;
		}
		say("%s\n", copy);
	}
}

#endif
