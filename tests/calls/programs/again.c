/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Says that it runs, and executes NEXT once /ld-own-link, which its own ELF
 * interpreter may be, leads to TARGET.
 *
 *	again [TARGET NEXT]
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char *const none[] = { NULL };

	printf("  %s runs\n", argv[0]);
	fflush(stdout);
	if (argc < 3)
		return 0;
	unlink("/ld-own-link");
	if (symlink(argv[1], "/ld-own-link"))
		return 97;
	execve(argv[2], argv + 2, none);
	printf("  = %s\n", strerrorname_np(errno));
	return 0;
}
