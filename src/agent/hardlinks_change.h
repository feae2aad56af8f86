/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of files with several (hardlinks.h) that a call removes, renames or makes.
 */
#ifndef AGENT_HARDLINKS_CHANGE_H
#define AGENT_HARDLINKS_CHANGE_H

#include "agent/hardlinks.h"

/* A call with one or two paths that are about to be removed or renamed, as they were translated. */
struct hardlinks_change {
	struct call *call;
	unsigned int flags; /* of renameat2(2) */
	bool removes;	    /* path 0 is the only one, and goes */
	struct hardlinks_file files[2];
	int locked[2]; /* their links directories, or -1; the second only if it is another */
};

/* The call may be made. Anything else hardlinks_change_begin() returns is its result. */
#define HARDLINKS_GO_ON 1

/*
 * Before the call: keep others from changing the names, if they are such. HARDLINKS_GO_ON; 0 where both are names of
 * one file, and nothing is to be done; -EXDEV where what is renamed has names that would be left behind, or would leave
 * their file; or another errno.
 */
long hardlinks_change_begin(struct hardlinks_change *change);
/* The call's result is STATUS. */
void hardlinks_change_end(struct hardlinks_change *change, long status);

/* A directory that was not empty, path WHICH of CALL, may only have had a links directory that is. Whether it is now.
 */
bool hardlinks_clear(const struct call *call, unsigned int which);

/*
 * link(2) or linkat(2), of which the kernel says REFUSED: whether that may mean that the file system has no hard links;
 * and then make one. A sandbox may have said it before the kernel has looked at the paths.
 */
bool hardlinks_is_refusal(long refused);
long hardlinks_make(struct call *call, long refused);

#endif
