/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that all guests of one proot share, in System V segments.
 *
 * One page, by which they tell each other that names have changed their meaning
 * (agent/plain.h), that there is another store of owners (agent/store.h), and what the machine is called. And, where
 * one of them may mount (IMAGE_PRIVILEGED), the view, most of which is never touched. That one guests have for reading
 * only, but for a moment; those of another user, when root has started proot, always.
 *
 * Where owners are to be forgotten (--forget), a third holds them.
 *
 * A segment is removed as soon as it is made: it needs no descriptor, guests
 * attach it again after execve by its number, and it is gone with the last of them.
 * Where there is none (no System V IPC), agents do without.
 */
#ifndef IMAGE_SHARED_H
#define IMAGE_SHARED_H

#include "base/base.h"
#include "image/image.h"
#include "image/store.h"

/* A name of the machine that a guest has set. */
struct shared_name {
	uint32_t version; /* 0: none has; odd: while it is written */
	char text[KERNEL_NAME_SIZE];
};

enum { SHARED_HOST, SHARED_DOMAIN, SHARED_NAMES };

struct shared {
	uint64_t nonce; /* image_data.shared_nonce: it is ours, and of this proot */
	uint64_t began; /* time stamp of the last change's beginning */
	/* How many changes of names have ended, in the high word; how many are going on, in the low one. */
	uint64_t changes;
	uint64_t stores; /* how often a store of owners has been made or replaced: agent/store.h */
	/* How often modes have begun to be raised, and how often that had ended: agent/raised.h */
	uint64_t raises, raises_ended;
	uint64_t temporaries; /* not 0: a directory that stands for a tmpfs has been made: image/temporary.h */
	struct shared_name names[SHARED_NAMES];
};

struct shared_view {
	uint64_t nonce; /* likewise */
	uint64_t reserved;
	struct view view; /* the one in force: view/change.h */
};

/* What a store's file has instead of a first page. Buckets follow as in a file; there is memory for those in use. */
struct shared_owners {
	struct store_header header;
	uint64_t nonce; /* likewise */
};

/* Room for half a million owners at most; buckets begin to be full at about a third of that. */
#define SHARED_OWNERS_BITS 14

_Static_assert(offsetof(struct shared, changes) == SHARED_CHANGES, "arch.h");

/*
 * Make the segments, attach them to this process, so that they last until a guest
 * has them too, and note them in DATA, whose flags and view are as they will be. Without success
 * DATA->shared_id is -1, or DATA->view_id, or DATA->identity.memory_id.
 */
void shared_create(struct image_data *data);
/* Whether a directory that stands for a tmpfs has ever been made. To be called by who has called shared_create(). */
bool shared_has_temporaries(void);
/* Whether no process but this one has the view. */
bool shared_is_last(const struct image_data *data);

#endif
