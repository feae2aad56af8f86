/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tool of the build, not part of the command: converts standard input to what packs better, on standard output
 * (image/pack.h).
 */
#include "image/pack.h"

#include <stdio.h>

#define MOST (16UL << 20)

static unsigned char code[MOST];

int main(void)
{
	size_t size = fread(code, 1, MOST, stdin);

	if (ferror(stdin) || size == MOST) {
		fputs("pack: that can't be read, or is too much\n", stderr);
		return 1;
	}
	pack_convert(code, size);
	return fwrite(code, 1, size, stdout) != size || fflush(stdout) ? 1 : 0;
}
