/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "engine/descriptors.h"
#include "base/base.h"

#include <limits.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436 /* of all CPUs */
#endif
#define SINGLE_MOST 65536

static bool close_span(int first, int last)
{
	return first > last || syscall(SYS_close_range, (unsigned int)first, (unsigned int)last, 0U) == 0;
}

/* It is tried first: with a limit as high as some systems have it, one by one takes longer than all else of a start. */
static bool close_spans(int a, int b)
{
	int low = MIN(a, b), high = MAX(a, b);

	return close_span(0, low - 1) && close_span(low + 1, high - 1) && close_span(high + 1, INT_MAX);
}

void descriptors_close_but(int a, int b)
{
	struct rlimit limit = { SINGLE_MOST, SINGLE_MOST };

	if (close_spans(a, b))
		return;
	getrlimit(RLIMIT_NOFILE, &limit);
	for (int fd = 0; fd < (int)MIN(limit.rlim_cur, SINGLE_MOST); fd++)
		if (fd != a && fd != b)
			close(fd);
}
