/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads that are different users, and become others all the time, while they make children of all
 * kinds: each sees what it has itself set, and a child what its maker had.
 */
#include "call.h"
#include <pthread.h>
#include <spawn.h>

#define THREADS 8
#define ROUNDS 150

extern char **environ;

static bool has_all(uid_t id)
{
	uid_t real, effective, saved;

	return !CALL(SYS_getresuid, &real, &effective, &saved) && real == id && effective == id && saved == id;
}

/* In the child PID of fork(2), or its parent: the child has what its maker had. */
static void check_child(pid_t pid, uid_t id)
{
	int status;

	if (!pid)
		_exit(!has_all(id));
	MUST(pid > 0 && waitpid(pid, &status, 0) == pid && !status);
}

/* The same where the maker may have been changed by others just before. */
static void check_any_child(pid_t pid)
{
	check_child(pid, pid ? 0 : geteuid());
}

static void be_another_for_a_moment(uid_t id)
{
	pid_t pid = vfork();
	int status;

	if (!pid)
		_exit(!has_all(id) || CALL(SYS_setresuid, id + 1, id + 1, id + 1) || !has_all(id + 1));
	MUST(pid > 0 && waitpid(pid, &status, 0) == pid && !status && has_all(id));
}

static void execute(uid_t id)
{
	char text[16], *arguments[] = { "identities", text, NULL };
	int status;
	pid_t pid;

	snprintf(text, sizeof(text), "%u", id);
	MUST(!posix_spawn(&pid, "/proc/self/exe", NULL, NULL, arguments, environ));
	MUST(waitpid(pid, &status, 0) == pid && !status);
}

/* By the kernel's call: for this thread only. */
static void *change(void *number_at)
{
	uid_t number = (uid_t)(long)number_at;

	for (uid_t i = 1; i <= ROUNDS; i++) {
		uid_t id = number * 1000 + i;

		MUST(!CALL(SYS_setresuid, id, id, id) && has_all(id));
		if (i % 5 == 0)
			check_child((pid_t)syscall(SYS_fork), id);
		if (i % 7 == 0)
			be_another_for_a_moment(id);
		if (i % 50 == 0)
			execute(id);
		MUST(has_all(id));
	}
	return NULL;
}

static void *keep_capabilities(void *number_at)
{
	MUST(!prctl(PR_SET_SECUREBITS, 4)); /* no fixup: whoever it becomes, it may go on */
	return change(number_at);
}

static void run(void *(*function)(void *))
{
	pthread_t threads[THREADS];

	for (long i = 0; i < THREADS; i++)
		MUST(!pthread_create(&threads[i], NULL, function, (void *)(i + 1)));
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static bool is_over;

/* All threads are changed by libc; none may ever see half of it in itself. */
static void *look(void *unused)
{
	while (!__atomic_load_n(&is_over, __ATOMIC_ACQUIRE)) {
		uid_t real, effective, saved;

		MUST(!CALL(SYS_getresuid, &real, &effective, &saved));
		MUST(real == effective && real == saved);
		if (real % 10 == 3)
			check_any_child((pid_t)syscall(SYS_fork));
	}
	MUST(has_all(0));
	return unused;
}

static void *change_all(void *unused)
{
	MUST(!prctl(PR_SET_SECUREBITS, 4));
	for (uid_t i = 1; i <= ROUNDS; i++) {
		MUST(!setresuid(i, i, i) && has_all(i));
		if (i % 10 == 0)
			check_child(fork(), i);
	}
	MUST(!setresuid(0, 0, 0));
	__atomic_store_n(&is_over, true, __ATOMIC_RELEASE);
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS], changer;

	if (argc > 1)
		return !has_all((uid_t)atol(argv[1]));
	MUST(!prctl(PR_SET_SECUREBITS, 4));
	run(keep_capabilities);
	MUST(has_all(0));
	say("threads of their own\n");
	for (int i = 0; i < THREADS; i++)
		MUST(!pthread_create(&threads[i], NULL, look, NULL));
	MUST(!pthread_create(&changer, NULL, change_all, NULL));
	pthread_join(changer, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	say("all threads at once\n");
	return 0;
}
