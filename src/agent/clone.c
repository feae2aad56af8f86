/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * clone3. The kernel does all of it; but its child must come back at the
 * guest's site, and a child without signal handlers (CLONE_CLEAR_SIGHAND) must
 * have ours before its first trap. clone, fork and vfork need nothing: they
 * pass the filter.
 */
#include "agent/clone.h"
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/signal.h"
#include <linux/sched.h>

#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND 0x100000000ul /* Linux 5.5 */
#endif

#define CHILDREN 64

/* Children on their way from the gate to their site. A record is not wiped by fork(2), see clone.h. */
static struct clone_child children[CHILDREN] AGENT_LARGE;

static unsigned int owner_word(const void *owner)
{
	return (unsigned int)(unsigned long)owner | 1;
}

/* Take CHILD if it is free: one atomic word holds both whose it is and in which memory. */
static bool take(struct clone_child *child, unsigned int generation, unsigned int owner)
{
	uint64_t *word = (uint64_t *)child, old = __atomic_load_n(word, __ATOMIC_RELAXED);

	if ((uint32_t)old && old >> 32 == generation)
		return false;
	return __atomic_compare_exchange_n(word, &old, (uint64_t)generation << 32 | owner, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

static struct clone_child *take_child(const void *owner)
{
	unsigned int generation = slot_generation();

	for (;;) {
		for (unsigned int i = 0; i < CHILDREN; i++)
			if (take(&children[i], generation, owner_word(owner)))
				return &children[i];
		GATE_0(NR_sched_yield);
	}
}

struct clone_child *clone_take_child(const void *owner, unsigned long flags)
{
	struct clone_child *child = take_child(owner);

	child->has_lost_ours = flags & CLONE_CLEAR_SIGHAND;
	child->forgets = NULL;
	return child;
}

void clone_forget_child(const void *owner)
{
	for (unsigned int i = 0; i < CHILDREN; i++)
		if (__atomic_load_n(&children[i].owner, __ATOMIC_RELAXED) == owner_word(owner))
			clone_child_free(&children[i]);
}

/*
 * The arguments are copied so that what is looked at here is what the kernel
 * sees. Sizes that are wrong and memory that is bad are the kernel's to refuse.
 */
long handle_clone3(struct call *call)
{
	unsigned long *flags = (unsigned long *)call->slot->spare;
	size_t size = call->arguments[1];
	struct clone_child *child;
	bool is_shared;

	if (size < CLONE_ARGS_SIZE_VER0 || size > sizeof(call->slot->spare) ||
	    guest_read(flags, call->arguments[0], size))
		return call_make(call, call->nr);
	if (image_data()->flags & IMAGE_TRACED)
		*flags &= ~(unsigned long)CLONE_UNTRACED;
	call->arguments[0] = (unsigned long)flags;
	is_shared = *flags & CLONE_VM;
	child = clone_take_child(call, *flags);
	if (!is_shared)
		child->forgets = signal_own_handler();
	return call_resume_clone(call, child, is_shared);
}
