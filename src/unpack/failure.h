/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What went wrong, in words. Functions that get a struct failure return 0, or -1 after having filled it; the edge
 * prints it.
 */
#ifndef UNPACK_FAILURE_H
#define UNPACK_FAILURE_H

#include "base/base.h"

struct failure {
	char text[1024];
};

/* -1 */
int __attribute__((format(printf, 2, 3))) failure_set(struct failure *failure, const char *format, ...);

/* Put what was being done in front of it. -1 */
int __attribute__((format(printf, 2, 3))) failure_add(struct failure *failure, const char *format, ...);

#endif
