/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --check-links, --repair-links and --flatten-links: whether files with several names (image/hardlinks.h) are whole.
 * Prints a line for each problem, and one that sums up, on stdout.
 */
#ifndef CLI_CHECK_HARDLINKS_H
#define CLI_CHECK_HARDLINKS_H

#include "base/base.h"

enum hardlinks_task {
	HARDLINKS_CHECK,
	HARDLINKS_REPAIR,  /* and make right what is wrong */
	HARDLINKS_FLATTEN, /* that, and make the names real hard links, or where there are none copies */
};

/*
 * Look at DIRECTORY, or the one above it that has the links directory of names in it. It is for when no guest
 * is at work there. Returns the exit status: 0 when all is well or has been made so, 1 when there is something wrong,
 * 125 when it could not be checked.
 */
int hardlinks_check(const char *directory, enum hardlinks_task task);

#endif
