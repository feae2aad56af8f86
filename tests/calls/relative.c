/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Relative paths of several components, asked about again and again, while
 * what they are relative to changes: by chdir and fchdir, in a child that shares
 * memory, in a thread with a current directory of its own; and while one of
 * their directories becomes another, or a link.
 */
#include "call.h"
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>

#define TIMES 40

static void make_file(const char *path, int size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	MUST(fd >= 0 && !ftruncate(fd, size));
	close(fd);
}

/* All that is seen of "x/y/f" from here: sizes, and errors; in a row the same ones once. */
static void look(const char *what)
{
	long last = -1000000;

	say("%s:", what);
	for (int i = 0; i < TIMES; i++) {
		struct stat status;
		long seen = CALL(SYS_newfstatat, AT_FDCWD, "x/y/f", &status, AT_SYMLINK_NOFOLLOW);

		seen = seen ? seen : status.st_size;
		if (seen != last)
			say(" %ld", seen);
		last = seen;
		if (i % 4 == 3 && CALL(SYS_access, "x/y/f", R_OK) != (seen < 0 ? seen : 0))
			say(" access");
	}
	say("\n");
}

static void try_directories(void)
{
	int a = open("/tmp/w/a", O_RDONLY | O_DIRECTORY);

	MUST(!chdir("/tmp/w/a"));
	look("a");
	MUST(!chdir("../b"));
	look("b");
	MUST(!fchdir(a));
	look("a by descriptor");
	MUST(!chdir("/tmp/w"));
	look("above");
	MUST(!fchdir(a));
	close(a);
}

static void try_child(const char *here, const char *there)
{
	int status;
	pid_t child;

	MUST(!chdir(here));
	look("before vfork");
	child = vfork();
	if (!child) {
		chdir(there);
		look("child");
		_exit(0);
	}
	look("behind vfork");
	MUST(waitpid(child, &status, 0) == child);
	child = fork();
	if (!child) {
		look("forked");
		chdir(there);
		look("forked, elsewhere");
		_exit(0);
	}
	MUST(waitpid(child, &status, 0) == child);
	look("behind fork");
}

static void try_changes(void)
{
	MUST(!rename("x/y", "x/z"));
	look("renamed");
	MUST(!symlink("z", "x/y"));
	look("a link");
	MUST(!unlink("x/y") && !symlink("../../b/x/y", "x/y"));
	look("another link");
	MUST(!unlink("x/y") && !rename("x/z", "x/y"));
	look("back again");
	MUST(!chmod("x", 0));
	look("closed");
	MUST(!chmod("x", 0755));
	look("open");
}

static void *be_elsewhere(void *there)
{
	say("unshare: %s\n", show(CALL(SYS_unshare, CLONE_FS)));
	MUST(!chdir(there));
	look("thread");
	return there;
}

static void try_thread(const char *here, char *there)
{
	pthread_t thread;

	MUST(!chdir(here));
	MUST(!pthread_create(&thread, NULL, be_elsewhere, there));
	pthread_join(thread, NULL);
	look("beside the thread");
}

int main(void)
{
	static char a[] = "/tmp/w/a", b[] = "/tmp/w/b";

	MUST(!mkdir("/tmp/w", 0755) && !mkdir("/tmp/w/a", 0755) && !mkdir("/tmp/w/b", 0755));
	MUST(!mkdir("/tmp/w/a/x", 0755) && !mkdir("/tmp/w/a/x/y", 0755));
	/* A link that leads elsewhere on the host, should it be followed there. */
	MUST(!mkdir("/tmp/w/b/x", 0755) && !mkdir("/tmp/w/c", 0755) && !symlink("/tmp/w/c", "/tmp/w/b/x/y"));
	make_file("/tmp/w/a/x/y/f", 1);
	make_file("/tmp/w/c/f", 2);
	try_directories();
	try_changes();
	/* Each in a process that trusts what it knows of its current directory. */
	if (!fork()) {
		try_thread(b, a);
		return 0;
	}
	wait(NULL);
	try_child(a, b);
	try_child(b, a);
	return 0;
}
