/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's mounts: the root and each binding is one. They have numbers of
 * their own, the same in statx(2), name_to_handle_at(2) and /proc/PID/mountinfo.
 */
#ifndef AGENT_MOUNT_H
#define AGENT_MOUNT_H

#include "agent/slot.h"
#include <linux/stat.h>

#ifndef STATX_MNT_ID_UNIQUE
#define STATX_MNT_ID_UNIQUE 0x4000u /* Linux 6.8 */
#endif
#define MOUNT_NUMBERS (STATX_MNT_ID | STATX_MNT_ID_UNIQUE)

#define MOUNT_FIRST 1 /* the number of the root; a binding's is MOUNT_FIRST + its index */

/* Where a place lies: the deepest binding at or above it that is not virtual, and whether it is that binding. */
struct mount_place {
	uint32_t binding;
	bool is_top;
};

/* Where the call's path 0 has led, or its descriptor if there is no path. False where there is no telling. */
bool mount_find(struct call *call, struct mount_place *place);

/* The binding at or above the canonical GUEST_PATH, of LENGTH bytes, that is a mount: not a virtual one. */
uint32_t mount_above(const char *guest_path, size_t length);

/* The number of a mount of the host inside a binding, which the host calls HOST_NUMBER. */
uint64_t mount_inner_number(uint64_t host_number);

/*
 * The number of the mount at BINDING, for a place of which the host's number is
 * HOST_NUMBER: mounts of the host inside the binding have others. IS_UNIQUE:
 * numbers as of STATX_MNT_ID_UNIQUE.
 */
uint64_t mount_number(uint32_t binding, uint64_t host_number, bool is_unique);

/*
 * Whether statx with MASK asks for a number; otherwise it is not told, for it
 * would be the host's.
 */
static inline bool mount_is_asked(unsigned long mask)
{
	return mask & MOUNT_NUMBERS;
}

static inline void mount_leave_out(struct statx *status)
{
	status->stx_mask &= ~MOUNT_NUMBERS;
	status->stx_mnt_id = 0;
}

#endif
