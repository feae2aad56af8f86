/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the child of a clone3 at the gate goes back to the guest's site. Its
 * parent may be behind the gate, and its slot free, before the child has made a
 * step; or the child has a copy of the memory, in which slots are empty. So the
 * child has a record, in memory that fork(2) copies. Its head is a slot's, as
 * far as gate_restore and gate_clone3 look at it.
 */
#ifndef AGENT_CLONE_H
#define AGENT_CLONE_H

#include "agent/slot.h"

struct clone_child {
	unsigned int owner;	     /* not 0: it is used */
	unsigned int generation;     /* slot_generation() of its taker: one that was copied by fork(2) is free */
	unsigned long has_lost_ours; /* CLONE_CLEAR_SIGHAND: the child has no handler of SIGSYS */
	unsigned long reserved;
	unsigned long *forgets; /* the guest's own handler of SIGSYS in the child's copy of memory, or NULL */
	long unused;
	struct saved_registers saved;
};

_Static_assert(offsetof(struct clone_child, owner) == SLOT_OWNER, "arch.h");
_Static_assert(offsetof(struct clone_child, has_lost_ours) == SLOT_FINISH, "arch.h");
_Static_assert(offsetof(struct clone_child, forgets) == SLOT_DELIVER, "arch.h");
_Static_assert(offsetof(struct clone_child, saved) == SLOT_SAVED, "arch.h");

/*
 * A record for the child of a clone3 with FLAGS that shares memory. OWNER is an
 * address that its taker alone uses; clone_forget_child() frees what has been taken for it, if anything.
 */
struct clone_child *clone_take_child(const void *owner, unsigned long flags);
void clone_forget_child(const void *owner);

static inline void clone_child_free(struct clone_child *child)
{
	__atomic_store_n(&child->owner, 0, __ATOMIC_RELEASE);
}

#endif
