/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A random differential tester of owners, modes and permissions: one side of it.
 *
 *	conduct run [-u UID] [-x KIND,...] [-p PERIOD] [-k] SEED COUNT
 *		make COUNT random calls in /t, and log them
 *	conduct list DIRECTORY
 *		print what is below it
 *	conduct helper PATH
 *		say who is running this, and what PATH is to them
 *
 *	-u UID		the user that proot is run by, one of the owners that are given
 *	-x KIND,...	without calls of these kinds (kinds.c has their names)
 *	-p PERIOD	look at all files after so many calls
 *	-k		make only those calls whose numbers are on standard input
 */
#define _GNU_SOURCE
#include "conduct.h"
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

struct request {
	int period;
	bool is_told; /* which calls to make */
};

static bool *read_wanted(int count)
{
	bool *wanted = calloc((size_t)count, sizeof(*wanted));
	int number;

	if (!wanted)
		err(2, "calloc");
	while (scanf("%d", &number) == 1)
		if (number >= 0 && number < count)
			wanted[number] = true;
	return wanted;
}

static struct request read_options(int argc, char **argv)
{
	struct request request = { .period = 20 };
	int option;

	while ((option = getopt(argc, argv, "+u:x:p:k")) != -1) {
		if (option == 'u')
			place_start((uid_t)atol(optarg));
		else if (option == 'x' && !kinds_leave_out(optarg))
			errx(2, "-x %s: no such kind", optarg);
		else if (option == 'p')
			request.period = atoi(optarg);
		else if (option == 'k')
			request.is_told = true;
		else if (option == '?')
			exit(2);
	}
	if (argc - optind != 2)
		errx(2, "usage: conduct run [options] SEED COUNT");
	return request;
}

static int run(int argc, char **argv)
{
	struct request request = read_options(argc, argv);
	int count = atoi(argv[optind + 1]);
	bool *wanted = request.is_told ? read_wanted(count) : NULL;

	/* None from outside, whose files would be changed by their descriptor. */
	if (close_range(STDERR_FILENO + 1, ~0u, 0))
		err(2, "close_range");
	umask(022);
	if (chdir(GROUND))
		err(2, GROUND);
	signal(SIGPIPE, SIG_IGN);
	actors_run(strtoull(argv[optind], NULL, 10), count, request.period, wanted);
	printf("end\n");
	return 0;
}

/* Executed by the actors, perhaps with set-id bits or capabilities of the file. */
static int help(const char *path)
{
	struct place place = { AT_FDCWD, path };
	long fd;

	say_begin();
	say("helper");
	people_say();
	say(" secure %lu writes", getauxval(AT_SECURE));
	if (is_block_device(&place)) {
		say_end(0, 'h');
		return 200;
	}
	fd = CALL(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_NONBLOCK | O_NOCTTY, 0666);
	say_result(fd < 0 ? fd : 0);
	if (fd >= 0)
		look_say(&place);
	say_end(0, 'h');
	return 200;
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 1 << 16);
	if (argc == 3 && !strcmp(argv[1], "helper"))
		return help(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "list")) {
		listing_print(argv[2]);
		return 0;
	}
	if (argc >= 4 && !strcmp(argv[1], "run"))
		return run(argc - 1, argv + 1);
	errx(2, "usage: conduct run|list|helper ...");
}
