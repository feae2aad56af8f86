/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Root's access to what modes deny, by many at once and while it waits: nobody is refused, and the
 * modes stay what they are.
 */
#include "call.h"
#include <pthread.h>
#include <sys/resource.h>
#include <sys/xattr.h>

#define TIMES 300

static long failures;

static void count(bool is_failure)
{
	if (is_failure)
		__atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED);
}

static void *read_file(void *unused)
{
	for (int i = 0; i < TIMES; i++) {
		int fd = open("raised/file", O_RDONLY);

		count(fd < 0);
		close(fd);
	}
	return unused;
}

static void *attach(void *unused)
{
	char value[8];

	for (int i = 0; i < TIMES; i++) {
		count(setxattr("raised/file", "user.name", "value", 5, 0) < 0);
		count(getxattr("raised/file", "user.name", value, sizeof(value)) != 5);
	}
	return unused;
}

static void *look_inside(void *unused)
{
	struct stat status;

	for (int i = 0; i < TIMES; i++)
		count(stat("raised/directory/file", &status) != 0);
	return unused;
}

static void *make_inside(void *unused)
{
	char name[64];

	snprintf(name, sizeof(name), "raised/directory/%d.%d", (int)getpid(), (int)syscall(SYS_gettid));
	for (int i = 0; i < TIMES; i++) {
		int fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0600);

		count(fd < 0);
		close(fd);
		count(unlink(name) != 0);
	}
	return unused;
}

static void *give_away(void *unused)
{
	for (int i = 0; i < TIMES; i++)
		count(chown("raised/file", (uid_t)(i % 2), (gid_t)(i % 3)) != 0);
	return unused;
}

static void say_modes(const char *when)
{
	struct stat file, directory;

	say("%s: %o %o\n", when, stat("raised/file", &file) ? 0 : file.st_mode,
	    stat("raised/directory", &directory) ? 0 : directory.st_mode);
}

/* Two threads of each of two processes. */
static void run_together(const char *name, void *(*first)(void *), void *(*second)(void *))
{
	pid_t child = fork();
	pthread_t thread;
	int status = 0;

	failures = 0;
	pthread_create(&thread, NULL, first, NULL);
	second(NULL);
	pthread_join(thread, NULL);
	if (!child)
		_exit(failures != 0);
	waitpid(child, &status, 0);
	say("%s: %ld failures, in the child %s\n", name, failures, status ? "some" : "none");
	say_modes(name);
}

/* To open a fifo waits, also in a directory that may not be searched. */
static void open_fifo(void)
{
	char text[8] = "";
	pid_t child;
	int fd;

	mkfifo("raised/directory/fifo", 0600);
	child = fork();
	if (!child) {
		fd = open("raised/directory/fifo", O_RDONLY);
		_exit(read(fd, text, sizeof(text)) == 2 ? 3 : 4);
	}
	usleep(100000);
	say_modes("waiting");
	fd = open("raised/directory/fifo", O_WRONLY);
	say("fifo: %s\n", show(write(fd, "ab", 2)));
	close(fd);
	say("reader: %s\n", show(waitpid(child, &fd, 0) == child ? WEXITSTATUS(fd) : -1));

	child = fork();
	if (!child)
		_exit(open("raised/directory/fifo", O_RDONLY));
	usleep(100000);
	kill(child, SIGKILL);
	waitpid(child, &fd, 0);
	say_modes("killed");
	fd = open("raised/directory/fifo", O_WRONLY | O_NONBLOCK);
	say("without a reader: %s\n", show(fd < 0 ? -errno : 0));
}

/* One descriptor is enough. */
static void run_short(void)
{
	struct rlimit limit;
	int fd = dup(0);

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = (rlim_t)fd + 1;
	close(fd);
	setrlimit(RLIMIT_NOFILE, &limit);
	for (int i = 0; i < 2; i++)
		say("short: %s\n", show(open("raised/file", O_RDONLY) < 0 ? -errno : 0));
	say("short: %s\n", show(access("raised/directory/file", F_OK) < 0 ? -errno : 0));
}

int main(void)
{
	mkdir("raised", 0755);
	mkdir("raised/directory", 0755);
	close(creat("raised/file", 0600));
	close(creat("raised/directory/file", 0600));
	chmod("raised/file", 0);
	chmod("raised/directory", 0);
	run_together("read", read_file, read_file);
	run_together("attributes", attach, read_file);
	run_together("search", look_inside, look_inside);
	run_together("make", make_inside, look_inside);
	run_together("own", give_away, attach);
	open_fifo();
	run_short();
	return 0;
}
