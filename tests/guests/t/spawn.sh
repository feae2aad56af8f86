#!/bin/sh
# Storms of processes: vfork, fork, posix_spawn, exec from a thread; nothing may leak.
. "$T/lib.sh"
cat >f.c <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
extern char **environ;
static long pages(void)
{
	long size;
	FILE *f = fopen("/proc/self/statm", "r");
	if (!f || fscanf(f, "%ld", &size) != 1)
		exit(9);
	fclose(f);
	return size;
}
static void once(int how)
{
	char *args[] = {"true", "x", NULL};
	int status;
	pid_t pid;
	if (how == 2) {
		posix_spawnp(&pid, "true", NULL, NULL, args, environ);
	} else {
		pid = how ? fork() : vfork();
		if (!pid) {
			execv("/usr/../bin/missing", args);
			execv("/bin/true", args);
			_exit(9);
		}
	}
	if (waitpid(pid, &status, 0) != pid || status)
		exit(8);
}
static void *execs(void *arg)
{
	execl("/bin/echo", "echo", "exec from a thread", (char *)NULL);
	return arg;
}
static void *spawns(void *arg)
{
	for (int i = 0; i < 100; i++)
		once(2);
	return arg;
}
int main(int argc, char **argv)
{
	int count = atoi(argv[1]);
	for (int how = 0; how < 3; how++) {
		/* Until sites that are used so often are patched. */
		for (int i = 0; i < 50; i++)
			once(how);
		long before = pages();
		for (int i = 0; i < count; i++)
			once(how);
		printf("%s grew by %ld\n", (char *[]){"vfork", "fork", "posix_spawn"}[how], pages() - before);
		fflush(stdout);
	}
	pthread_t t[8];
	for (int i = 0; i < 8; i++)
		pthread_create(&t[i], NULL, spawns, NULL);
	for (int i = 0; i < 8; i++)
		pthread_join(t[i], NULL);
	puts("spawned in threads");
	fflush(stdout);
	pthread_create(&t[0], NULL, execs, NULL);
	pause();
}
C
run gcc -O1 -o f f.c -pthread
./f 2000
echo "[$?]"
seq 64 | xargs -P 32 -n 1 sh -c 'for i in 1 2 3 4 5; do /bin/true; done; exit 0'
echo "xargs [$?]"
printf 'all: %s\n%%:\n\t@/bin/true $@\n' "$(seq -s ' ' 300 | sed 's/\([0-9]*\)/t\1/g')" >Makefile
run make -j 16
sh -c 'sleep 0.3; echo late' | cat
(trap 'echo term; kill $!; exit' TERM; sleep 100 & : >trapped; wait) &
until_true test -e trapped
kill $!
wait $!
sh -c 'exec sh -c "exec sh -c \"exec echo chain\""'
env -i /bin/sh -c 'echo "empty $#"' x
python3 -c 'import os; os.execve("/bin/sh", ["sh", "-c", "echo many $#"] + ["x"] * 20000, {str(i): "y" for i in range(2000)})'
python3 -u -c 'import os
try: os.execv("/bin/true", ["x" * 140000])
except OSError as e: print(e)
try: os.execv("/bin/true", ["x" * 100000] * 60)
except OSError as e: print(e)
fd = os.open("/bin/echo", os.O_RDONLY)
os.execve(fd, ["echo", "by descriptor"], {})'
