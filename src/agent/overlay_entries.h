/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries of overlays that are made, removed, renamed or linked: fs/overlayfs/dir.c, Linux 6.18, says what becomes of
 * the upper layer.
 */
#ifndef AGENT_OVERLAY_ENTRIES_H
#define AGENT_OVERLAY_ENTRIES_H

#include "agent/slot.h"
#include <asm/stat.h>

/* These are overlay_begin() of calls of their kind; the last two are in overlay_rename.c and overlay_link.c. */
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

/* Whether the guest's root may do what modes deny to the user. */
bool overlay_overrides(void);

/* Whether PATH is of an overlay, and has no name: nothing of a lower layer is there. */
static inline bool overlay_is_nameless(const struct host_path *path)
{
	return path->is_resolved && path->result->is_nameless;
}

/* The status of what AT is; 0 or a negative errno. */
long overlay_entry_stat(const struct view_result *at, struct stat *status);

/* May what is at PATH, with STATUS, be removed: 0, -EACCES or -EPERM; may_delete(), fs/namei.c. */
long overlay_entry_check_delete(const struct host_path *path, const struct stat *status);

/* Whether a lower layer has, visibly but for the upper one, what PLACE is of, REST of the overlay. */
bool overlay_entry_has_lower(uint32_t mount, const char *rest, const struct layers_place *place);

/*
 * Path WHICH of CALL, translated and named, is to become a new entry: its directory goes up, and over a whiteout the
 * entry is made here. The call's result, or OVERLAY_GO_ON, with a LOCK in both cases where something has gone up.
 */
long overlay_entry_begin(struct call *call, unsigned int which, int *lock);

/*
 * The directory UPPER of the upper layer, REST of the overlay, in which there are whiteouts only, becomes an empty one
 * with the mode and owner of OLD: ovl_clear_empty(). 0 or a negative errno.
 */
long overlay_entry_clear(int lock, const char *upper, const char *rest, const struct stat *old);

/*
 * What is at UPPER, with STATUS, is to be moved into a directory of several layers, to PLACE: if it is a directory it
 * must not be merged with what these have there. 0 or a negative errno.
 */
long overlay_entry_make_opaque(const char *upper, const struct stat *status, const struct layers_place *place);

/* What lies at OVERLAY_NEW in the work directory: something new, or a second name of a file. */
enum overlay_new { OVERLAY_NEW_FILE, OVERLAY_NEW_DIRECTORY, OVERLAY_NEW_NAME };

/*
 * LOCK is of the overlay that PATH is in, where nothing is, but maybe a whiteout: what lies at OVERLAY_NEW in the work
 * directory takes that place. 0, -EEXIST, or another negative errno, and OVERLAY_NEW is gone.
 */
long overlay_put_new(int lock, const struct view_result *at, enum overlay_new kind);

/* Make the path WHICH of CALL that of OVERLAY_NEW. */
void overlay_name_new(struct call *call, unsigned int which, int lock);

#endif
