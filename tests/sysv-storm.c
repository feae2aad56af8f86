/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 *	sysv-storm SECONDS SEED
 *
 * Processes that use a semaphore with SEM_UNDO as a lock for a segment, and a message queue as a store of tokens, while
 * they are killed at random moments. Nobody may be in the lock at once with another who lives, and who waits must go
 *on; at the end the semaphore has its value, and no object is left that is in use.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORKERS 6
#define TOKENS 20
#define PATIENCE 20 /* seconds until nothing done means that everybody waits */

struct board {
	volatile pid_t owner; /* who has the lock */
	volatile unsigned long steps, broken, tokens;
	volatile unsigned long done[WORKERS];
};

static int segment, set, queue;
static struct board *board;

#define EXITING 4 /* PF_EXITING, include/linux/sched.h: it may have been let out of the lock */

static bool lives(pid_t process)
{
	unsigned int flags = 0;
	char name[64], text[512] = "", *state;
	FILE *file;

	snprintf(name, sizeof(name), "/proc/%d/stat", process);
	file = fopen(name, "r");
	if (!file)
		return false;
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	state = strrchr(text, ')');
	if (!state || sscanf(state + 2, "%*c %*d %*d %*d %*d %*d %u", &flags) != 1)
		return false;
	return !(flags & EXITING);
}

/* EINTR: a signal, of which there are none, or EIDRM. */
static void change(short by)
{
	struct sembuf operations[2] = { { 0, by, SEM_UNDO }, { 1, 0, 0 } };

	if (semop(set, operations, 2))
		err(1, "semop");
}

static void hold_lock(unsigned int seed)
{
	change(-1);
	if (board->owner && board->owner != getpid() && lives(board->owner))
		board->broken++;
	board->owner = getpid();
	board->steps++;
	if (seed % 7 == 0)
		usleep(seed % 500);
	if (board->owner != getpid())
		board->broken++;
	board->owner = 0;
	change(1);
}

/* Who is killed in between takes a token with him, as natively. */
static void pass_token(unsigned int seed)
{
	struct {
		long type;
		char text[300];
	} token;
	ssize_t length = msgrcv(queue, &token, sizeof(token.text), seed % 3 ? 0 : -5, IPC_NOWAIT);

	if (length < 0 && errno != ENOMSG)
		err(1, "msgrcv");
	for (ssize_t i = 0; i < length; i++)
		if (token.text[i] != (char)(length + i))
			board->broken++;
	length = seed % sizeof(token.text);
	token.type = 1 + seed % 9;
	for (ssize_t i = 0; i < length; i++)
		token.text[i] = (char)(length + i);
	if (msgsnd(queue, &token, (size_t)length, IPC_NOWAIT) && errno != EAGAIN)
		err(1, "msgsnd");
}

static _Noreturn void work(int number, unsigned int seed)
{
	board = shmat(segment, NULL, 0);
	if (board == (void *)-1)
		err(1, "shmat");
	for (;;) {
		hold_lock((unsigned int)rand_r(&seed));
		pass_token((unsigned int)rand_r(&seed));
		board->done[number]++;
	}
}

static pid_t start(int number, unsigned int seed)
{
	pid_t child = fork();

	if (child < 0)
		err(1, "fork");
	if (!child)
		work(number, seed);
	return child;
}

static void end(pid_t child)
{
	int status;

	kill(child, SIGKILL);
	if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		errx(1, "a worker has ended by itself: status %x", status);
}

static unsigned long all_done(void)
{
	unsigned long sum = 0;

	for (int i = 0; i < WORKERS; i++)
		sum += board->done[i];
	return sum;
}

static void wait_for_progress(unsigned long before)
{
	for (int i = 0; i < PATIENCE * 1000; i++) {
		if (all_done() != before)
			return;
		usleep(1000);
	}
	errx(1, "nobody goes on: the lock is %d, %d wait", semctl(set, 0, GETVAL), semctl(set, 0, GETNCNT));
}

static void make_objects(void)
{
	segment = shmget(IPC_PRIVATE, sizeof(*board), 0600);
	set = semget(IPC_PRIVATE, 2, 0600);
	queue = msgget(IPC_PRIVATE, 0600);
	if (segment < 0 || set < 0 || queue < 0)
		err(1, "objects");
	board = shmat(segment, NULL, 0);
	if (board == (void *)-1 || semctl(set, 0, SETVAL, 1))
		err(1, "objects");
}

static void check_end(void)
{
	struct shmid_ds status;
	struct shm_info use;
	int value = semctl(set, 0, GETVAL);

	if (value != 1 || board->broken)
		errx(1, "the lock is %d, broken %lu times", value, board->broken);
	if (shmctl(segment, IPC_STAT, &status) || status.shm_nattch != 1)
		errx(1, "attached %lu times", (unsigned long)status.shm_nattch);
	if (semctl(set, 0, IPC_RMID) || msgctl(queue, IPC_RMID, NULL) || shmctl(segment, IPC_RMID, NULL) ||
	    shmdt(board))
		err(1, "objects");
	if (shmctl(0, SHM_INFO, (struct shmid_ds *)&use) < 0 || use.used_ids)
		errx(1, "%d segments are left", use.used_ids);
}

int main(int argc, char **argv)
{
	unsigned int seed = argc > 2 ? (unsigned int)atoi(argv[2]) : 1;
	time_t last = time(NULL) + (argc > 1 ? atoi(argv[1]) : 5);
	unsigned long kills = 0, done;
	pid_t workers[WORKERS];

	make_objects();
	for (int i = 0; i < WORKERS; i++)
		workers[i] = start(i, (unsigned int)rand_r(&seed));
	while (time(NULL) < last) {
		int one = rand_r(&seed) % WORKERS;

		done = all_done();
		usleep((unsigned int)rand_r(&seed) % 3000);
		end(workers[one]);
		workers[one] = start(one, (unsigned int)rand_r(&seed));
		kills++;
		wait_for_progress(done);
	}
	for (int i = 0; i < WORKERS; i++)
		end(workers[i]);
	done = board->steps;
	check_end();
	printf("%lu steps, %lu killed\n", done, kills);
	return 0;
}
