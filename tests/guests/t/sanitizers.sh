#!/bin/sh
# gcc's sanitizers: address (with leaks), undefined, thread.
. "$T/lib.sh"
cat >a.c <<'C'
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
static void *work(void *arg)
{
	struct stat st;
	for (int i = 0; i < 100; i++)
		if (stat("/etc/passwd", &st))
			abort();
	return arg;
}
static volatile int shared;
static void *race(void *arg)
{
	for (int i = 0; i < 10000; i++)
		shared++;
	return arg;
}
int main(int argc, char **argv)
{
	pthread_t t[4];
	char *p = malloc(10), *end;
	long n = argc > 1 ? strtol(argv[1], &end, 0) : 0;
	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, n == 3 ? race : work, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	printf("works %d\n", access("/etc/passwd", R_OK));
	fflush(stdout);
	if (n == 1)
		p[10] = 1;
	if (n == 2)
		p[0] = 1 << (argc + 40);
	if (n == 4)
		p = NULL;
	free(p);
	return 0;
}
C
for kind in address undefined thread; do
	run gcc -g -fsanitize=$kind -o $kind a.c -lpthread
	./$kind >out 2>&1
	echo "$kind [$?]"
	head -n 3 out
done
./address 1 2>&1 | grep -E '^works|SUMMARY|0x.* in main' | sed 's/0x[0-9a-f]*//g' | head -n 3
./address 4 2>&1 | grep -o 'LeakSanitizer: detected memory leaks\|LeakSanitizer has encountered.*'
./undefined 2 2>&1
./thread 3 2>&1 | grep -o 'WARNING: ThreadSanitizer: data race' | sort -u
