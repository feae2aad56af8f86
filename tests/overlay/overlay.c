/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A random differential tester of overlays: one side of it.
 *
 *	overlay make SEED DIRECTORY UID PROGRAMS
 *		make the layers and a root for them, and print how many lower ones there are,
 *		and where something else is to be mounted, if anything.
 *		OVERLAY_WITHOUT=whiteouts or opaque: make a mistake
 *	overlay make-root SEED DIRECTORY UID PROGRAMS
 *		make a root that has the lowest of the layers itself
 *	overlay run [-p PERIOD] [-k] SEED COUNT
 *		make COUNT random calls, mostly in /ov, and log them
 *	overlay list DIRECTORY
 *		print what is below it
 *	overlay upper DIRECTORY LOWER...
 *		print what this upper directory says of the lower ones
 *
 *	-p PERIOD	look at all files after so many calls
 *	-k		make only those calls whose numbers are on standard input
 */
#define _GNU_SOURCE
#include "layers.h"
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TENDED 60

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

static void imagine(const char *seed)
{
	random_start(strtoull(seed, NULL, 10));
	layers_imagine();
}

static void make(char **argv, const char *without)
{
	char bottom[PATH_MAX], place[PATH_MAX];

	imagine(argv[2]);
	layers_make(argv[3], (uid_t)atol(argv[4]), argv[5], without);
	printf("%d %s\n", layer_count - 1, binding_count > 1 ? bindings[1].guest : "");
	if (!strcmp(argv[1], "make"))
		return;
	snprintf(bottom, sizeof(bottom), "%s/lower%d", argv[3], layer_count - 1);
	snprintf(place, sizeof(place), "%s/root" PLACE, argv[3]);
	if (rename(bottom, place))
		err(1, "%s", place);
}

static void make_calls(uint64_t seed, int count, int period, const bool *wanted)
{
	protected_start();
	calls_start();
	actors_start();
	list_print_changes(PLACE, 0);
	for (int i = 0; i < count; i++) {
		random_start(seed << 24 ^ (uint64_t)i << 1);
		if (wanted && !wanted[i])
			continue;
		actors_call(i);
		if (i % TENDED == TENDED - 1)
			more_tend();
		if (i % period == period - 1)
			list_print_changes(PLACE, i);
	}
	list_print_changes(PLACE, count);
	actors_end();
	printf("end\n");
}

static int run(int argc, char **argv)
{
	int option, period = 50, count;
	bool is_told = false;

	while ((option = getopt(argc, argv, "+p:k")) != -1) {
		if (option == 'p')
			period = atoi(optarg);
		else if (option == 'k')
			is_told = true;
		else
			exit(2);
	}
	if (argc - optind != 2)
		errx(2, "usage: overlay run [-p PERIOD] [-k] SEED COUNT");
	imagine(argv[optind]);
	count = atoi(argv[optind + 1]);
	is_of_layers = true;
	calls_more = more_call;
	umask(022);
	signal(SIGPIPE, SIG_IGN);
	if (chdir(PLACE))
		err(2, PLACE);
	make_calls(strtoull(argv[optind], NULL, 10), count, period, is_told ? read_wanted(count) : NULL);
	return 0;
}

int main(int argc, char **argv)
{
	const char *without = getenv("OVERLAY_WITHOUT");

	setvbuf(stdout, NULL, _IOLBF, 1 << 16);
	if (argc >= 4 && !strcmp(argv[1], "run"))
		return run(argc - 1, argv + 1);
	if (argc == 3 && !strcmp(argv[1], "list"))
		list_print(argv[2], false, NULL);
	else if (argc >= 4 && !strcmp(argv[1], "upper"))
		list_print(argv[2], true, argv + 3);
	else if (argc == 6 && !strncmp(argv[1], "make", 4))
		make(argv, without ? without : "");
	else
		errx(2, "usage: overlay make|make-root|run|list|upper ...");
	return 0;
}
