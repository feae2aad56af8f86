/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Times one thing, again and again, within this process.
 *
 *	micro NAME MILLISECONDS	prints the nanoseconds that one NAME takes
 *	micro hold		makes all calls that have a path, prints its
 *				process number, and waits for the end of its input
 *
 * It is linked with the guest's libc like any other program, runs in a
 * directory made by ./run, and takes about that many milliseconds, after as
 * many again to warm up. The result is the median of BATCHES.
 */
#define _GNU_SOURCE
#include "time.h"
#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PLACE "/tmp/bench"
#define BATCHES 11

struct workload {
	const char *name;
	void (*once)(const char *path);
	const char *path;
	double (*measure)(const struct workload *workload, double budget); /* nanoseconds of one call */
};

static void must(bool holds, const char *what)
{
	if (!holds)
		err(1, "%s", what);
}

static void do_getpid(const char *path)
{
	must(getpid() > 0, path);
}

static void do_read(const char *path)
{
	static int fd = -1;
	char byte;

	if (fd < 0)
		fd = open(path, O_RDONLY);
	must(read(fd, &byte, 1) == 1, path);
}

static void do_stat(const char *path)
{
	struct stat status;

	must(!stat(path, &status), path);
}

static void do_stat_missing(const char *path)
{
	struct stat status;

	must(stat(path, &status) < 0, path);
}

static void do_open(const char *path)
{
	int fd = open(path, O_RDONLY);

	must(fd >= 0, path);
	close(fd);
}

static void do_openat(const char *path)
{
	static int directory = -1;
	int fd;

	if (directory < 0)
		directory = open(PLACE, O_PATH | O_DIRECTORY);
	fd = openat(directory, path, O_RDONLY);
	must(fd >= 0, path);
	close(fd);
}

static void do_access(const char *path)
{
	must(!access(path, R_OK), path);
}

static void do_readlink(const char *path)
{
	char target[64];

	must(readlink(path, target, sizeof(target)) > 0, path);
}

static void do_getcwd(const char *path)
{
	char directory[64];

	must(getcwd(directory, sizeof(directory)), path);
}

static void do_mkdir(const char *path)
{
	must(!mkdir(path, 0777) && !rmdir(path), path);
}

/* There and back. */
static void do_rename(const char *path)
{
	must(!rename(path, PLACE "/away") && !rename(PLACE "/away", path), path);
}

static void do_create(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0666);

	must(fd >= 0, path);
	close(fd);
	must(!unlink(path), path);
}

static void wait_for(pid_t pid)
{
	int status;

	must(pid > 0 && waitpid(pid, &status, 0) == pid && !status, "child");
}

static void do_fork(const char *path)
{
	pid_t pid = fork();

	(void)path;
	if (!pid)
		_exit(0);
	wait_for(pid);
}

static void do_vfork(const char *path)
{
	pid_t pid = vfork();

	if (!pid) {
		execl(path, path, NULL);
		_exit(127);
	}
	wait_for(pid);
}

static void *do_nothing(void *argument)
{
	return argument;
}

static void do_thread(const char *path)
{
	pthread_t thread;

	must(!pthread_create(&thread, NULL, do_nothing, NULL) && !pthread_join(thread, NULL), path);
}

/* A child that sends back what it gets, until nobody is there to send. */
static void echo(int from, int to)
{
	char byte;

	while (read(from, &byte, 1) == 1 && write(to, &byte, 1) == 1)
		;
	_exit(0);
}

static void do_pipe(const char *path)
{
	static int there[2], back[2];
	char byte = 0;

	if (!there[1]) {
		must(!pipe(there) && !pipe(back), path);
		if (!fork()) {
			close(there[1]);
			close(back[0]);
			echo(there[0], back[1]);
		}
	}
	must(write(there[1], &byte, 1) == 1 && read(back[0], &byte, 1) == 1, path);
}

/* Nanoseconds. */
static double time_of(const struct workload *workload, long count)
{
	double start = now();

	for (long i = 0; i < count; i++)
		workload->once(workload->path);
	return now() - start;
}

static double alone(const struct workload *workload, double budget)
{
	double batches[BATCHES], spent = 0;
	long count = 0, batch;

	for (long more = 1; spent < budget; more = count) {
		spent += time_of(workload, more);
		count += more;
	}
	batch = (long)((double)count * budget / spent / BATCHES) + 1;
	for (int i = 0; i < BATCHES; i++)
		batches[i] = time_of(workload, batch) / (double)batch;
	return median(batches, BATCHES);
}

/* What those share who do it side by side; in memory that processes share, too. */
struct team {
	pthread_barrier_t start;
	const struct workload *workload;
	double budget;
	double results[2];
};

static struct team *team;

static void *take_part(void *result)
{
	pthread_barrier_wait(&team->start);
	*(double *)result = alone(team->workload, team->budget);
	return NULL;
}

static void run_processes(void)
{
	pid_t children[2];

	for (int i = 0; i < 2; i++) {
		children[i] = fork();
		if (!children[i]) {
			take_part(&team->results[i]);
			_exit(0);
		}
	}
	wait_for(children[0]);
	wait_for(children[1]);
}

static void run_threads(void)
{
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		must(!pthread_create(&threads[i], NULL, take_part, &team->results[i]), "thread");
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}

static double side_by_side(const struct workload *workload, double budget, void (*run)(void))
{
	pthread_barrierattr_t attributes;

	team = mmap(NULL, sizeof(*team), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(team != MAP_FAILED, "mmap");
	pthread_barrierattr_init(&attributes);
	pthread_barrierattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&team->start, &attributes, 2);
	team->workload = workload;
	team->budget = budget;
	run();
	return (team->results[0] + team->results[1]) / 2;
}

static double by_processes(const struct workload *workload, double budget)
{
	return side_by_side(workload, budget, run_processes);
}

static double by_threads(const struct workload *workload, double budget)
{
	return side_by_side(workload, budget, run_threads);
}

static const struct workload workloads[] = {
	{ "getpid", do_getpid, "getpid", alone },
	{ "read", do_read, "/dev/zero", alone },
	{ "stat-2", do_stat, "/usr/lib", alone },
	{ "stat-8", do_stat, PLACE "/tree/4/5/6/7/8", alone },
	{ "stat-relative", do_stat, "file", alone },
	{ "stat-missing", do_stat_missing, "/usr/missing", alone },
	{ "stat-links", do_stat, PLACE "/link1/link2/link3/file", alone },
	{ "open-close", do_open, PLACE "/file", alone },
	{ "openat-relative", do_openat, "file", alone },
	{ "access", do_access, "/usr/lib", alone },
	{ "readlink", do_readlink, PLACE "/link1", alone },
	{ "getcwd", do_getcwd, "getcwd", alone },
	{ "mkdir-rmdir", do_mkdir, PLACE "/new", alone },
	{ "rename", do_rename, PLACE "/here", alone },
	{ "create-unlink", do_create, PLACE "/new", alone },
	{ "fork", do_fork, "fork", alone },
	{ "vfork-exec", do_vfork, "/bin/true", alone },
	{ "thread", do_thread, "thread", alone },
	{ "pipe", do_pipe, "pipe", alone },
	{ "stat-processes", do_stat, PLACE "/tree/4/5/6/7/8", by_processes },
	{ "stat-threads", do_stat, PLACE "/tree/4/5/6/7/8", by_threads },
	{ NULL, NULL, NULL, NULL },
};

/* A process that has made all kinds of calls, for ./run to look at. */
static void hold(void)
{
	int turn = open(PLACE, O_RDONLY);
	char byte;

	must(!flock(turn, LOCK_EX), PLACE); /* others do the same, with the same names */
	for (const struct workload *workload = workloads; workload->name; workload++)
		if (workload->path[0] == '/' && workload->once != do_vfork)
			time_of(workload, 2000);
	close(turn);
	printf("%d\n", getpid());
	fflush(stdout);
	must(!read(0, &byte, 1), "input");
}

int main(int argc, char **argv)
{
	const struct workload *workload = workloads;

	must(!chdir(PLACE), PLACE);
	if (argc == 2 && !strcmp(argv[1], "hold")) {
		hold();
		return 0;
	}
	if (argc != 3)
		errx(2, "usage: micro NAME MILLISECONDS | micro hold");
	while (workload->name && strcmp(workload->name, argv[1]))
		workload++;
	if (!workload->name)
		errx(2, "%s: no such workload", argv[1]);
	printf("%.1f\n", workload->measure(workload, atof(argv[2]) * 1e6));
	return 0;
}
