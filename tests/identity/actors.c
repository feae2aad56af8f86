/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The processes that make the calls. They take turns: the master tells one of them
 * the number of a call, and waits for its answer. Each begins as root and becomes one of
 * several people at once; now and then one ends and another begins in its place.
 */
#define _GNU_SOURCE
#include "conduct.h"
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define TENDED 20
#define TURN_FIRST 100 /* the master's ends; out of the way of the actors' own descriptors */
#define TURN_MINE 110  /* an actor's end */

static struct actor {
	pid_t pid; /* 0: none */
} actors[ACTORS];

/* Make the calls whose numbers come, until no more come. */
static void act(uint64_t seed, char who)
{
	int index;

	while (read(TURN_MINE, &index, sizeof(index)) == sizeof(index)) {
		kinds_call(seed, index, who);
		fflush(stdout);
		if (write(TURN_MINE, &index, sizeof(index)) != sizeof(index))
			break;
	}
	_exit(0);
}

static void become_actor(uint64_t seed, int number, unsigned int person, int index)
{
	for (int i = 0; i < ACTORS; i++)
		close(TURN_FIRST + i);
	kept_start();
	say_begin();
	people_become(person);
	say_end(index, (char)('a' + number));
	fflush(stdout);
	if (write(TURN_MINE, &index, sizeof(index)) == sizeof(index))
		act(seed, (char)('a' + number));
	_exit(1);
}

static void end_actor(int number, int index)
{
	struct actor *actor = &actors[number];
	int status;

	close(TURN_FIRST + number);
	if (waitpid(actor->pid, &status, 0) == actor->pid && status)
		printf("%d%c died of status %x\n", index, 'a' + number, status);
	actor->pid = 0;
}

static void wait_for(int number, int index)
{
	int answer;
	ssize_t size;

	do
		size = read(TURN_FIRST + number, &answer, sizeof(answer));
	while (size < 0 && errno == EINTR);
	if (size != sizeof(answer))
		end_actor(number, index);
}

/* The actor NUMBER begins, as PERSON. */
static void start_actor(uint64_t seed, int number, unsigned int person, int index)
{
	int ends[2];

	if (actors[number].pid)
		end_actor(number, index);
	fflush(stdout);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) || dup2(ends[0], TURN_FIRST + number) < 0 ||
	    dup2(ends[1], TURN_MINE) < 0)
		err(1, "socketpair");
	close(ends[0]);
	close(ends[1]);
	for (int i = TURN_FIRST; i <= TURN_MINE; i++)
		fcntl(i, F_SETFD, FD_CLOEXEC);
	actors[number].pid = fork();
	if (!actors[number].pid)
		become_actor(seed, number, person, index);
	close(TURN_MINE);
	if (actors[number].pid < 0)
		err(1, "fork");
	wait_for(number, index);
}

static void give(const char *path, mode_t mode, uid_t uid, int index)
{
	struct place place = { AT_FDCWD, path };
	long result;

	say_begin();
	say("gives %s %u %o", path, uid, mode);
	CALL(SYS_fchmodat, AT_FDCWD, path, mode);
	result = CALL(SYS_fchownat, AT_FDCWD, path, uid, uid, AT_SYMLINK_NOFOLLOW);
	if (S_ISREG(mode))
		CALL(SYS_fchmodat, AT_FDCWD, path, mode & 07777);
	if (say_result(result))
		look_say(&place);
	say_end(index, MASTER);
}

/* Another program in the place of one that may have been spoiled. */
static void renew_helper(int index)
{
	static const mode_t modes[] = { 0755, 04755, 04755, 02755, 06755, 04711, 0750 };
	static const uid_t uids[] = { 0, 0, 1000, 33 };
	struct place place = { AT_FDCWD, NULL };
	char path[32];

	snprintf(path, sizeof(path), BELOW_HELPERS "%u", 1 + random_below(3));
	place.path = path;
	CALL(SYS_unlinkat, AT_FDCWD, path, 0);
	make_program(&place);
	give(path, S_IFREG | PICK(modes), PICK(uids), index);
}

/* There is a directory again, and one thing less. */
static void clear(int index)
{
	const char *directory = path_wished(WISH_DIRECTORY), *path = path_wished(WISH_ANY);

	say_begin();
	say("clears %s and %s", directory, path);
	CALL(SYS_unlinkat, AT_FDCWD, directory, 0);
	CALL(SYS_mkdirat, AT_FDCWD, directory, 0755);
	say_result(CALL(SYS_unlinkat, AT_FDCWD, path, 0));
	say_result(CALL(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR));
	say_end(index, MASTER);
}

/* Nobody could do anything if the ground were closed; and files that nobody may reach pile up. */
static void tend(uint64_t seed, int index)
{
	static const mode_t modes[] = { 0777, 0777, 01777, 0755, 02777 };
	static const uid_t uids[] = { 0, 0, 1000, 1001 };

	random_start(seed << 24 ^ (uint64_t)index << 1 ^ 1 << 23);
	clear(index);
	give(GROUND, PICK(modes), PICK(uids), index);
	give(path_wished(WISH_DIRECTORY), PICK(modes), PICK(uids), index);
	if (index % 100 < TENDED)
		renew_helper(index);
}

/* Call INDEX is made by somebody. */
static void take_turn(uint64_t seed, int index)
{
	static const unsigned int people[] = { 0, 0, 0, 0, 1, 1, 2, 3, 4, 5, 5, 6, 7 };
	int number;

	random_start(seed << 24 ^ (uint64_t)index << 1);
	number = (int)random_below(ACTORS);
	if (random_chance(2) || !actors[number].pid)
		start_actor(seed, number, PICK(people), index);
	if (actors[number].pid && write(TURN_FIRST + number, &index, sizeof(index)) == sizeof(index))
		wait_for(number, index);
}

/* In a session of its own there is no terminal to be opened by name. */
static void leave_terminal(void)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		setsid();
		return;
	}
	waitpid(pid, &status, 0);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

void actors_run(uint64_t seed, int count, int period, const bool *wanted)
{
	leave_terminal();
	kept_start();
	for (int i = 0; i < count; i++) {
		if (wanted && !wanted[i])
			continue;
		if (i < PRELUDE)
			kinds_call(seed, i, MASTER);
		else
			take_turn(seed, i);
		if (i % period == period - 1)
			listing_print_changes(GROUND, i);
		if (i % TENDED == TENDED - 1)
			tend(seed, i);
	}
	listing_print_changes(GROUND, count);
	for (int i = 0; i < ACTORS; i++)
		if (actors[i].pid)
			end_actor(i, count);
}
