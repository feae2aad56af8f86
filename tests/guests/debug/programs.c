/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is debugged: the program is what the name says it was called by. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int counter;
static struct stat st;
static pthread_barrier_t barrier;

#define APART __attribute__((noinline, used))

static APART int work(int n)
{
	counter += n;
	return n * 2;
}

static APART int look(const char *path)
{
	int status = stat(path, &st);

	return status;
}

static int prog(int argc, char **argv)
{
	int sum = 0, fd;

	for (int i = 0; i < 3; i++)
		sum += work(i);
	look("/etc/passwd");
	look("/nowhere");
	fd = open("/etc/hostname", O_RDONLY);
	printf("sum %d fd %d argc %d %s\n", sum, fd, argc, argv[argc - 1]);
	return sum;
}

static APART int in_child(int n)
{
	return n + 1;
}

static int forks(void)
{
	int status;
	pid_t child = fork();

	if (!child)
		_exit(in_child(4));
	waitpid(child, &status, 0);
	printf("child: %d\n", WEXITSTATUS(status));
	fflush(stdout);
	execl("/bin/true", "true", NULL);
	return 1;
}

static APART void body(int n)
{
	stat("/etc", &st);
	__atomic_fetch_add(&counter, n, __ATOMIC_RELAXED);
}

static void *run(void *number)
{
	pthread_barrier_wait(&barrier);
	body((int)(long)number);
	return NULL;
}

static int threads(void)
{
	pthread_t all[3];

	pthread_barrier_init(&barrier, NULL, 4);
	for (long i = 0; i < 3; i++)
		pthread_create(&all[i], NULL, run, (void *)(i + 1));
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < 3; i++)
		pthread_join(all[i], NULL);
	printf("counter %d\n", counter);
	return 0;
}

static APART int crash(int *at)
{
	*at = 7;
	return *at;
}

/* The calls' sites are patched by then. */
static int look_and_crash(void)
{
	for (int i = 0; i < 50; i++)
		look("/etc/passwd");
	return crash((int *)8);
}

static void *spin(void *unused)
{
	struct stat mine;

	(void)unused;
	for (;;)
		stat("/etc/passwd", &mine);
	return NULL;
}

static APART int block(int fd)
{
	struct sockaddr_un peer;
	socklen_t size = sizeof(peer);

	return accept(fd, (struct sockaddr *)&peer, &size);
}

static int wait_for(int threads_count)
{
	const struct sockaddr any = { .sa_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	pthread_t thread;

	alarm(60);
	for (int i = 0; i < threads_count; i++)
		pthread_create(&thread, NULL, spin, NULL);
	for (int i = 0; i < 50; i++)
		look("/etc/passwd");
	bind(fd, &any, sizeof(any.sa_family));
	listen(fd, 1);
	puts("ready");
	fflush(stdout);
	return block(fd);
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];

	if (!strcmp(name, "forks"))
		return forks();
	if (!strcmp(name, "threads"))
		return threads();
	if (!strcmp(name, "crash"))
		return look_and_crash();
	if (!strcmp(name, "wait"))
		return wait_for(argc > 1 ? atoi(argv[1]) : 0);
	return prog(argc, argv);
}
