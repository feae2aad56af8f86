/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Removes a tree of the host that others may have been at, and may still be: whatever they rename, or put links in
 * the place of, nothing is removed or changed but what a directory of the tree has in it when that is looked into.
 * Never is `..` followed, which may lead to anywhere, nor a name of more than one component. Modes do not
 * matter, nor does depth. What can't be removed stays.
 */
#ifndef IMAGE_REMOVAL_H
#define IMAGE_REMOVAL_H

#include "base/base.h"

/* SYSTEM_CALL makes one system call: its result, or a negative errno. ROOT is the tree's host path. */
void removal_run(long system_call(long nr, unsigned long a, unsigned long b, unsigned long c, unsigned long d,
				  unsigned long e, unsigned long f),
		 const char *root);

/* The same with all entries of the directory PARENT, a host path, whose names begin with PREFIX. */
void removal_run_all(long system_call(long nr, unsigned long a, unsigned long b, unsigned long c, unsigned long d,
				      unsigned long e, unsigned long f),
		     const char *parent, const char *prefix);

#endif
