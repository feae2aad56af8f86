/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit tests speak TAP on stdout: ok() for each fact, plan_done() at the end,
 * whose value main() returns.
 */
#ifndef TESTS_UNIT_TAP_H
#define TESTS_UNIT_TAP_H

#include <stdio.h>

static int tap_count, tap_failures;

#define ok(condition, name) tap_ok(!!(condition), name, __FILE__, __LINE__)

static inline void tap_ok(int is_good, const char *name, const char *file, int line)
{
	printf("%sok %d - %s\n", is_good ? "" : "not ", ++tap_count, name);
	if (is_good)
		return;
	printf("# at %s:%d\n", file, line);
	tap_failures++;
}

static inline int plan_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failures != 0;
}

#endif
