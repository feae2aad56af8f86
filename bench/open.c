/* SPDX-License-Identifier: GPL-2.0-or-later */
/* open PATH COUNT: opens and closes PATH so many times. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
	for (long i = argc > 2 ? atol(argv[2]) : 0; i > 0; i--) {
		int fd = open(argv[1], O_RDONLY);

		if (fd < 0) {
			perror(argv[1]);
			return 1;
		}
		close(fd);
	}
	return 0;
}
