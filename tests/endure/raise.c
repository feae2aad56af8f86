/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 *	raise process|group
 *
 * Reads and makes what modes deny, till it is killed by its child a few milliseconds later: itself, or its process
 * group. In /raised there are "file" and "directory", which must have the mode 0 then.
 */
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void make(void)
{
	if (mkdir("/raised", 0755) || mkdir("/raised/directory", 0755))
		err(1, "/raised");
	close(creat("/raised/file", 0600));
	close(creat("/raised/directory/file", 0600));
	if (chmod("/raised/file", 0) || chmod("/raised/directory", 0))
		err(1, "chmod");
}

static void kill_soon(pid_t target)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	srand((unsigned int)now.tv_nsec);
	usleep((useconds_t)(1000 + rand() % 20000));
	kill(target, SIGKILL);
	_exit(0);
}

int main(int argc, char **argv)
{
	bool is_group = argc > 1 && !strcmp(argv[1], "group");
	pid_t self = getpid();
	struct stat status;

	make();
	if (is_group)
		setpgid(0, 0);
	if (!fork())
		kill_soon(is_group ? -self : self);
	for (;;) {
		close(open("/raised/file", O_RDONLY));
		stat("/raised/directory/file", &status);
		close(open("/raised/directory/new", O_CREAT | O_WRONLY, 0600));
	}
}
