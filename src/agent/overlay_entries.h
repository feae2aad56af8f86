/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries of overlays that are made, removed, renamed or linked: fs/overlayfs/dir.c, Linux 6.18, says what becomes of
 * the upper layer.
 */
#ifndef AGENT_OVERLAY_ENTRIES_H
#define AGENT_OVERLAY_ENTRIES_H

#include "agent/slot.h"

/* These are overlay_begin() of calls of their kind. */
long overlay_begin_make(struct call *call, int *lock);
long overlay_begin_remove(struct call *call, int *lock);
long overlay_begin_rename(struct call *call, int *lock);
long overlay_begin_link(struct call *call, int *lock);

/* The path of the overlay that AT is in, behind its top. */
static inline const char *overlay_rest(const struct view_result *at)
{
	return at->guest + view_binding(the_view(), at->mount)->guest_length;
}

/* Whether PATH, translated, has come to a name of an overlay, not its top. */
bool overlay_holds(const struct host_path *path);

/* Whether the directory that PATH names an entry of may be changed: 0 or -EACCES. */
long overlay_check_parent(const struct host_path *path);

/*
 * LOCK is of the overlay that PATH is in, where nothing is, but maybe a whiteout: what lies at OVERLAY_NEW in the work
 * directory takes that place. 0, -EEXIST, or another negative errno, and OVERLAY_NEW is gone.
 */
long overlay_put_new(int lock, const struct view_result *at, bool is_directory);

/* Make the path WHICH of CALL that of OVERLAY_NEW. */
void overlay_name_new(struct call *call, unsigned int which, int lock);

#endif
