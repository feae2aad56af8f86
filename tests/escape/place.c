/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's side of the tests of this folder.
 *
 *	place				ends with 7: it is a program a guest is not to reach
 *	place prepare PLACE		mark PLACE's file with an attribute
 *	place picture FILE		print the attributes of FILE
 *	place beside PLACE COMMAND ...	run COMMAND while a process is in PLACE, with descriptor 8 of it, 9 of its file,
 *					and listens at its socket. HOST among the words becomes that process's number
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static int bound_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 1000))
		err(1, "%s", path);
	return fd;
}

static void prepare(const char *place)
{
	if (chdir(place))
		err(1, "%s", place);
	setxattr("file", "user.place", "outside", 7, 0);
}

static void print_attributes(const char *path)
{
	char list[4096] = "";
	ssize_t length = listxattr(path, list, sizeof(list));

	for (ssize_t at = 0; at < length; at += (ssize_t)strlen(list + at) + 1)
		printf("%s\n", list + at);
}

/* The process beside the guest. It accepts whoever comes. */
static void wait_in(int ready)
{
	int listener = bound_socket("socket");

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(open(".", O_RDONLY | O_DIRECTORY), 8);
	dup2(open("file", O_RDONLY), 9);
	if (write(ready, "x", 1) != 1)
		_exit(1);
	for (;;)
		close(accept(listener, NULL, NULL));
}

/* The directory has its time back, unless something was made or removed in it that our caller could not see. */
static void restore_time(const struct stat *before, const struct stat *made)
{
	const struct timespec times[2] = { before->st_atim, before->st_mtim };
	struct stat now;

	stat(".", &now);
	unlink("socket");
	if (now.st_mtim.tv_sec == made->st_mtim.tv_sec && now.st_mtim.tv_nsec == made->st_mtim.tv_nsec)
		utimensat(AT_FDCWD, ".", times, 0);
}

static int run_beside(const char *place, char **words)
{
	struct stat before, made;
	char number[16], byte;
	int ready[2], status;
	pid_t beside, child;

	if (chdir(place) || pipe(ready) || stat(".", &before))
		err(1, "%s", place);
	beside = fork();
	if (!beside)
		wait_in(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		errx(1, "no process beside");
	stat(".", &made);
	close(ready[0]);
	close(ready[1]);
	snprintf(number, sizeof(number), "%d", beside);
	for (char **word = words; *word; word++)
		if (!strcmp(*word, "HOST"))
			*word = number;
	child = fork();
	if (!child) {
		if (chdir("/"))
			_exit(126);
		execv(words[0], words);
		_exit(127);
	}
	waitpid(child, &status, 0);
	kill(beside, SIGKILL);
	waitpid(beside, NULL, 0);
	restore_time(&before, &made);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int count, char **words)
{
	if (count == 3 && !strcmp(words[1], "prepare"))
		prepare(words[2]);
	else if (count == 3 && !strcmp(words[1], "picture"))
		print_attributes(words[2]);
	else if (count > 3 && !strcmp(words[1], "beside"))
		return run_beside(words[2], words + 3);
	else
		return 7;
	return 0;
}
