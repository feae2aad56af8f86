/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that all guests of one proot share, in System V segments; where the machine has none, in files.
 *
 * One page, by which they tell each other that names have changed their meaning
 * (agent/plain.h), that there is another store of owners (agent/store.h), what the machine is called, and which ports
 * are others on the host (agent/ports.h). And, where one of them may mount (IMAGE_PRIVILEGED), the view, most of which
 * is never touched. That one guests have for reading only, but for a moment; those of another user, when root has
 * started proot, always.
 *
 * Where owners are to be forgotten (--forget), a third holds them.
 *
 * A segment is removed as soon as it is made: it needs no descriptor, guests
 * attach it again after execve by its number, and it is gone with the last of them. A file has that number as its name,
 * in a directory (image_data.memory) that is removed when the last guest has ended: supervisor/leftovers.h.
 * Where there is neither, agents do without.
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

/* Numbers of system calls below this are counted each; the last stands for all others. */
#define SHARED_CALLS 512

#define SHARED_PORTS_MOST 256

#define SHARED_JUDGED 64

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
	uint32_t ports[SHARED_PORTS_MOST]; /* inside in the high half, outside in the low one; 0: none from here on */
	uint32_t refused[SHARED_CALLS];	   /* with IMAGE_SHOW: how often which call was refused */
	/* Calls that wait for a supervisor of seccomp(2): agent/notify.c. Numbers, of which the oldest is replaced. */
	uint64_t judged[SHARED_JUDGED];
	uint32_t judged_next, reserved_judged;
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

/* The numbers of what lies in files. SHARED_SYSTEM_V is what agent/sysv.h keeps its objects in. */
enum shared_file { SHARED_PAGE, SHARED_VIEW, SHARED_OWNERS, SHARED_SYSTEM_V };

#define SHARED_FILE_NAME "/m" /* behind image_data.memory, and before the number */

/* Room for all objects of System V IPC; what is not in use is a hole in the file. */
#define SHARED_SYSTEM_V_SIZE (32ul << 20)

_Static_assert(offsetof(struct shared, changes) == SHARED_CHANGES, "arch.h");
_Static_assert(sizeof(struct shared) <= 4096, "it is one page");

/*
 * Make the segments, attach them to this process, so that they last until a guest
 * has them too, and note them in DATA, whose flags, view and memory are as they will be. Without success
 * DATA->shared_id is -1, or DATA->view_id, or DATA->identity.memory_id. Inside another proot (DATA->depth), if it is of
 * this build, the page is that one's, for names change for all; so may the owners be. The view is each proot's own.
 */
void shared_create(struct image_data *data);
/* In a child of who has: let go of them. */
void shared_detach(void);
/* Whether a directory that stands for a tmpfs has ever been made. To be called by who has called shared_create(). */
bool shared_has_temporaries(void);
/* How often guests were refused the call NR, with IMAGE_SHOW. Likewise. */
uint32_t shared_count_refused(unsigned int nr);
/*
 * Whether more than OWN processes have the memory, those counted that are no guests: they have called shared_create(),
 * or are children of who has. false as well if it can't be told.
 */
bool shared_has_guests(const struct image_data *data, unsigned long own);

#endif
