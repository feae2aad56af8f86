/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The view in force, and changing it. All guests of one proot have the same one
 * (image/shared.h), as the processes of one mount namespace. What it is like, the_view()
 * tells; a change is there for everybody at once (view/change.h).
 */
#ifndef AGENT_VIEWS_H
#define AGENT_VIEWS_H

#include "agent/agent.h"
#include "view/change.h"

/* A change of the view that is being made. */
struct views_change {
	struct view *view;
	int lock; /* agent/image_lock.h */
};

/* Once at start: which view is the one in force. */
void views_start(void);

/* Whether the caller's namespace that NAME, a link of /proc, leads to is proot's own, which is INODE. */
bool views_lives_in(const char *name, uint64_t inode);

/*
 * Whether the caller may mount: it has the capability, believes to have it, and lives in
 * the mount namespace that the view stands for.
 */
bool views_may_change(void);

/*
 * Begin a change of CHANGE->view, which nobody else is going to change meanwhile: 0,
 * -EPERM where it can't be changed, -EBUSY when somebody else has been at it for a minute, or another negative
 * errno. To be ended in any case.
 */
long views_begin(struct views_change *change);
/* Others see the change from now on. */
void views_commit(struct views_change *change);
void views_end(struct views_change *change);

/* A number that is another one when the view has been changed. */
static inline uint32_t views_age(void)
{
	return __atomic_load_n(&the_view()->age, __ATOMIC_RELAXED);
}

#endif
