/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --check-owners and --repair-owners: whether what is kept of owners is whole, and of objects that exist. Prints a
 * line for each problem, and one that sums up, on stdout.
 */
#ifndef CLI_CHECK_H
#define CLI_CHECK_H

#include "base/base.h"

/*
 * Check what lies below DIRECTORY, on its file system, and the stores in DIRECTORY, above it and below. REPAIRS: remove
 * what is wrong. It is for when no guest is at work there: an object that is renamed meanwhile may be missed. Returns
 * the exit status: 0 when all is well or has been made so, 1 when there is something wrong, 125 when it could not be
 * checked.
 */
int check_owners(const char *directory, bool repairs);

#endif
