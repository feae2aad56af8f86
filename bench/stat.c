/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stat PATH COUNT: looks at PATH so many times. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int main(int argc, char *argv[])
{
	struct stat status;

	for (long i = argc > 2 ? atol(argv[2]) : 0; i > 0; i--) {
		if (stat(argv[1], &status)) {
			perror(argv[1]);
			return 1;
		}
	}
	return 0;
}
