/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who makes the calls: the main thread, another that shares all with it, one
 * with a cwd and descriptors of its own, and a process that shares the cwd.
 * They take turns, so that every run has the same order.
 */
#define _GNU_SOURCE
#include "calls.h"
#include "say.h"
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum actor { MAIN, THREAD, LONER, PROCESS, ACTORS };

/* In memory that the process shares. */
static struct {
	sem_t turn[ACTORS];
	sem_t done;
	int index; /* of the call to be made, or -1: the end */
} * stage;

static void wait_for_turn(void)
{
	while (sem_wait(&stage->done))
		;
}

static void act(enum actor actor)
{
	for (;;) {
		while (sem_wait(&stage->turn[actor]))
			;
		if (stage->index < 0)
			return;
		call_random(stage->index, "mtlp"[actor]);
		fflush(stdout);
		sem_post(&stage->done);
	}
}

static void *run_thread(void *unused)
{
	act(THREAD);
	return unused;
}

static void *run_loner(void *unused)
{
	if (unshare(CLONE_FS | CLONE_FILES))
		err(1, "unshare");
	kept_own();
	sem_post(&stage->done);
	act(LONER);
	return unused;
}

static void start_process(void)
{
	long pid = syscall(SYS_clone, CLONE_FS | SIGCHLD, 0, 0, 0, 0);

	if (pid < 0)
		err(1, "clone");
	if (pid)
		return;
	act(PROCESS);
	_exit(0);
}

void actors_start(void)
{
	pthread_t thread;

	stage = mmap(NULL, sizeof(*stage), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (stage == MAP_FAILED)
		err(1, "mmap");
	for (int i = 0; i < ACTORS; i++)
		sem_init(&stage->turn[i], 1, 0);
	sem_init(&stage->done, 1, 0);
	start_process();
	if (pthread_create(&thread, NULL, run_thread, NULL) || pthread_create(&thread, NULL, run_loner, NULL))
		errx(1, "pthread_create");
	wait_for_turn();
}

void actors_call(int index)
{
	unsigned int number = random_below(100);
	enum actor actor = number < 61 ? MAIN : number < 74 ? THREAD : number < 87 ? LONER : PROCESS;

	if (actor == MAIN) {
		call_random(index, 'm');
		return;
	}
	fflush(stdout);
	stage->index = index;
	sem_post(&stage->turn[actor]);
	wait_for_turn();
}

void actors_end(void)
{
	fflush(stdout);
	stage->index = -1;
	sem_post(&stage->turn[PROCESS]);
	wait(NULL);
}

bool has_own_root;

/* A directory that has been removed, or lies very deep, has no name by which proot could know a root. */
static bool has_name(const char *path)
{
	char link[64], text[PATH_MAX];
	struct stat status;
	int fd = path ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	ssize_t length;

	if (fd < 0)
		return true;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, text, sizeof(text));
	fstat(fd, &status);
	close(fd);
	return length > 0 && length < 1000 && status.st_nlink;
}

/*
 * Another root, for the child alone. Descriptors from outside it are not used any
 * more: natively ".." leads from them out of the tree too.
 */
static void change_root(void)
{
	const char *path = path_random();
	bool success;

	if (!has_name(path))
		return;
	say_begin();
	say("chroot %s", path_show(path));
	success = say_result(CALL(SYS_chroot, path));
	if (success)
		say(" %d", chdir("/"));
	if (success) {
		kept_forget();
		has_own_root = true;
	}
	say_end(0, 'c');
}

/* A child makes a few calls with what it has inherited, maybe from another root. */
void do_fork(void)
{
	static bool is_child;
	pid_t pid;

	if (is_child)
		return;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		is_child = true;
		if (random_chance(50))
			change_root();
		for (int i = (int)random_below(has_own_root ? 12 : 4); i >= 0; i--)
			call_random(i, 'c');
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

void do_execute(void)
{
	static char *const arguments[] = { "zero", "one", NULL }, *const environment[] = { "VALUE=1", NULL };
	static char *const none[] = { NULL };
	static const int flags_of[] = { 0, 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, 0x40 };
	struct place place = random_place();
	bool at = random_chance(50), bare = random_chance(10);
	int flags = PICK(flags_of), status;
	pid_t pid;

	if (random_chance(20))
		place.path = "/bin/hello";
	if (at && flags & AT_EMPTY_PATH && random_chance(60))
		place.path = "";
	fflush(stdout);
	pid = vfork();
	if (!pid) {
		if (at)
			syscall(SYS_execveat, place.directory, place.path, bare ? none : arguments, environment, flags);
		else
			syscall(SYS_execve, place.path, bare ? NULL : arguments, environment);
		_exit(errno);
	}
	if (at) {
		say("execveat ");
		say_place(&place);
		say(" %x", flags);
	} else {
		say("execve %s", path_show(place.path));
	}
	waitpid(pid, &status, 0);
	drop_events(); /* proot opens a program twice */
	if (WIFSIGNALED(status))
		say(" killed by %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) == 200)
		say(" executed");
	else
		say_result(-WEXITSTATUS(status));
}
