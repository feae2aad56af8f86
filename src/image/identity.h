/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who the guest believes to be: -0, -i, -S. With IMAGE_IDENTITY, agents keep the
 * credentials of each process (agent/identity.h), and files have the owners
 * that were given to them inside (agent/owner.h).
 */
#ifndef IMAGE_IDENTITY_H
#define IMAGE_IDENTITY_H

#include "base/base.h"

struct identity {
	/* Owner and group, as the guest sees them, of the user's files that have been given no other. */
	uint32_t uid, gid;
	/* Who the kernel knows: effective ids of proot itself. They own those files. */
	uint32_t host_uid, host_gid;
	uint32_t forgets;  /* --forget: owners last as long as this proot */
	int32_t memory_id; /* with FORGETS: the segment's number that they are in (image/shared.h), or -1 */
};

#endif
