/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changing a view that others are reading: mount(2) and its kind.
 *
 * Nobody waits for anybody. An entry keeps its number; it becomes one of the
 * guest's mounts, or none, by the order in force, which is replaced as a whole with
 * one store: who looks at the view sees it as it was before a change or behind
 * it. Orders are written in a few places in turn, and an entry that was unmounted is
 * left alone while many others are, so that a slow reader finds what it was told of. Even
 * one that is slower still stays within the block.
 *
 * One writer at a time is the caller's to see to. A writer that is killed on its way
 * leaves the view as it was.
 */
#ifndef VIEW_CHANGE_H
#define VIEW_CHANGE_H

#include "view/view.h"

#define VIEW_MOUNTS_MOST 512 /* entries besides those from the beginning */

/* Bytes of a view like VIEW that can be changed; most of them are touched only by mounts. */
size_t view_changeable_size(const struct view *view);
/* Make BLOCK, of that many zero bytes, a view like VIEW that can be changed. */
void view_make_changeable(struct view *block, const struct view *view);

/* Begin a change: what follows counts once it is committed, and is forgotten where it is not. */
void view_begin(struct view *view);
/* Mount HOST_PATH at the canonical GUEST_PATH, over all that is there and below: the new entry, or -ENOSPC. */
long view_mount(struct view *view, const char *guest_path, const char *host_path, uint32_t flags);
/* What is mounted below FROM, which is in force, below TO as well: 0, -ENOSPC or -ENAMETOOLONG. */
long view_mount_below(struct view *view, const char *from, const char *to);
/* Unmount entry INDEX: what it has covered comes to light. -EBUSY where mounts are in it; DETACH: those go too. */
long view_unmount(struct view *view, uint32_t index, bool detach);
/* Move what is mounted at FROM, with all below, to TO: as view_mount_below(). */
long view_move(struct view *view, const char *from, const char *to);
void view_commit(struct view *view);

/* Make entry INDEX, which is in force, read-only or not: that counts at once, and is to be committed so that what was
 * found out before does not. */
void view_set_read_only(struct view *view, uint32_t index, bool is_read_only);

/* Whether entry INDEX is one of the guest's mounts, or virtual places, be it covered. */
bool view_is_mounted(const struct view *view, uint32_t index);

#endif
