/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A random differential tester's one side. Everything follows from SEED.
 *
 *	sequence tree SEED DIRECTORY UID PROGRAMS	make the tree, print its bindings as NAME:PLACE
 *	sequence places SEED DIRECTORY UID PROGRAMS	the same, with something at each place that is missing
 *	sequence run SEED COUNT				make COUNT random calls in it, and log them
 *	sequence list SEED DIRECTORY			print the tree as it is now
 *
 * With PROOT_TEST_LINKS in the environment nothing is said of what proot -l can't do as the kernel does: links to
 * symbolic links, times of directories, events.
 */
#include "sequence.h"
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int make(char **argv)
{
	tree_make(argv[3], (uid_t)atol(argv[4]), argv[5], !strcmp(argv[1], "places"));
	for (int i = 0; i < binding_count; i++)
		printf("%s:%s\n", tree_name(bindings[i].tree), bindings[i].spelled);
	return 0;
}

static int run(char **argv)
{
	int count = atoi(argv[3]);

	protected_start();
	calls_start();
	actors_start();
	for (int i = 0; i < count; i++)
		actors_call(i);
	actors_end();
	printf("end\n");
	return 0;
}

int main(int argc, char **argv)
{
	is_of_links = getenv("PROOT_TEST_LINKS");
	setvbuf(stdout, NULL, _IOLBF, 1 << 16);
	if (argc < 4)
		errx(2, "usage: sequence tree|places|run|list SEED ...");
	random_start(strtoull(argv[2], NULL, 10));
	tree_imagine();
	if ((!strcmp(argv[1], "tree") || !strcmp(argv[1], "places")) && argc == 6)
		return make(argv);
	if (!strcmp(argv[1], "list")) {
		tree_list(argv[3]);
		return 0;
	}
	if (!strcmp(argv[1], "run"))
		return run(argv);
	errx(2, "unknown: %s", argv[1]);
}
