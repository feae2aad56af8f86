/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads: one working directory for all, small stacks, path calls at the same time. */
#include "call.h"
#include <pthread.h>
#include <sched.h>

static pthread_barrier_t barrier;

/* Start FUNCTION on a stack of SIZE bytes with nothing below it. */
static pthread_t start(void *(*function)(void *), void *argument, size_t size)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	MUST(!pthread_attr_setstacksize(&attributes, size));
	MUST(!pthread_create(&thread, &attributes, function, argument));
	return thread;
}

static void *share(void *unused)
{
	char text[PATH_MAX];

	pthread_barrier_wait(&barrier);
	say("thread sees %s\n", getcwd(text, sizeof(text)) ? text : strerrorname_np(errno));
	MUST(!chdir("sub/again"));
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	/* From here on this thread has a working directory of its own. */
	MUST(!unshare(CLONE_FS) && !chdir("/dir"));
	say("thread alone in %s\n", getcwd(text, sizeof(text)) ? text : strerrorname_np(errno));
	pthread_barrier_wait(&barrier);
	return unused;
}

static void try_directory(void)
{
	char text[PATH_MAX];
	pthread_t thread;
	struct stat status;

	pthread_barrier_init(&barrier, NULL, 2);
	thread = start(share, NULL, 1 << 17);
	MUST(!chdir("/bound"));
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	say("main sees %s", getcwd(text, sizeof(text)) ? text : strerrorname_np(errno));
	say(" and ../../inner %s\n", show(CALL(SYS_stat, "../../inner", &status)));
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	say("main stays in %s", getcwd(text, sizeof(text)) ? text : strerrorname_np(errno));
	say(" innermost %s\n", show(CALL(SYS_stat, "innermost", &status)));
	MUST(!pthread_join(thread, NULL) && !chdir("/"));
}

/* No buffers here: the whole stack is 16 KiB. */
static void *work(void *number)
{
	static const char *const paths[] = { "/bound/inner", "/link-dir/../file", "/bound/sub/again/../file",
					     "dir/file" };
	long wrong = 0;

	for (int i = 0; i < 2000; i++) {
		struct stat status;
		const char *path = paths[(i + (long)number) % 4];
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		wrong += fd < 0 || fstat(fd, &status) || close(fd);
		wrong += stat(path, &status) != 0;
		wrong += access("/missing/x", F_OK) == 0 || errno != ENOENT;
		wrong += readlink("/link-abs", (char *)&status, 64) != 9;
	}
	return (void *)wrong;
}

static void try_work(size_t stack, int count)
{
	pthread_t threads[64];
	long wrong = 0;

	for (long i = 0; i < count; i++)
		threads[i] = start(work, (void *)i, stack);
	for (int i = 0; i < count; i++) {
		void *result;

		MUST(!pthread_join(threads[i], &result));
		wrong += (long)result;
	}
	say("%d threads with %zu bytes: %ld wrong\n", count, stack, wrong);
}

static void *make_and_remove(void *number)
{
	char path[64], other[64];
	long wrong = 0;

	snprintf(path, sizeof(path), "/bound/sub/again/made%ld", (long)number);
	snprintf(other, sizeof(other), "/bound/sub/again/other%ld", (long)number);
	for (int i = 0; i < 500; i++) {
		wrong += mkdir(path, 0700) != 0;
		wrong += rename(path, other) != 0;
		wrong += rmdir(other) != 0;
		wrong += symlink("x", path) != 0;
		wrong += unlink(path) != 0;
	}
	return (void *)wrong;
}

static void *wait_in_fifo(void *unused)
{
	int fd = open("/fifo", O_RDONLY);

	(void)unused;
	return (void *)(long)(fd < 0);
}

/* More threads wait in calls at once than there are slots at first. */
static void try_waiting(void)
{
	pthread_t threads[60];
	long wrong = 0;
	int fd;

	for (int i = 0; i < 60; i++)
		threads[i] = start(wait_in_fifo, NULL, 1 << 15);
	usleep(50000);
	fd = open("/fifo", O_WRONLY);
	for (int i = 0; i < 60; i++) {
		void *result;

		MUST(!pthread_join(threads[i], &result));
		wrong += (long)result;
	}
	close(fd);
	say("60 waited: %ld wrong\n", wrong);
}

int main(void)
{
	pthread_t threads[4];
	long wrong = 0;

	try_directory();
	try_work(16384, 8);
	try_work(1 << 16, 64);
	for (long i = 0; i < 4; i++)
		threads[i] = start(make_and_remove, (void *)i, 1 << 16);
	for (int i = 0; i < 4; i++) {
		void *result;

		MUST(!pthread_join(threads[i], &result));
		wrong += (long)result;
	}
	say("made and removed: %ld wrong\n", wrong);
	try_waiting();
	return 0;
}
