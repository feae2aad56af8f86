/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One page of memory that all guests of one proot share: by it they tell each
 * other that names have changed their meaning (agent/plain.h).
 *
 * It is a System V segment that is removed as soon as it is made: it needs no
 * descriptor, guests attach it again after execve by its number, and it is gone
 * with the last of them. Where there is none (no System V IPC), agents do
 * without.
 */
#ifndef IMAGE_SHARED_H
#define IMAGE_SHARED_H

#include "base/base.h"
#include "image/image.h"

struct shared {
	uint64_t nonce; /* image_data.shared_nonce: it is ours, and of this proot */
	uint64_t began; /* time stamp of the last change's beginning */
	/* How many changes of names have ended, in the high word; how many are going on, in the low one. */
	uint64_t changes;
};

_Static_assert(offsetof(struct shared, changes) == SHARED_CHANGES, "arch.h");

/*
 * Make the segment, attach it to this process, so that it lasts until a guest
 * has it too, and note it in DATA. Without success DATA->shared_id is -1.
 */
void shared_create(struct image_data *data);

#endif
