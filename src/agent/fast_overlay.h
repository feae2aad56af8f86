/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paths of overlays, on the fast way: names in a directory of which a walk has just found out in which layers it lies
 * (plain_layers()). They are looked for in these layers from the top, and the first that is no whiteout is it. What
 * depends on more goes the slow way: links that are followed, the status of directories, whatever may be a whiteout or
 * is changed.
 */
#ifndef AGENT_FAST_OVERLAY_H
#define AGENT_FAST_OVERLAY_H

#include "agent/fast.h"

/*
 * Whether the path in FRAME, of LENGTH bytes, whose last component begins at NAME, is in such a directory. Then it has
 * become the part of it below the top of the overlay, at the end of frame->host_path; path->layers and path->mount
 * are set, and fast_overlay_find() is to be called.
 */
bool fast_overlay_takes(struct fast_frame *frame, size_t length, size_t name, struct fast_path *path);

/* The same of the single component LENGTH bytes long, relative to frame->directory. */
enum fast_overlay {
	FAST_OVERLAY_NOT,  /* that is a directory of no overlay; the path is as it was */
	FAST_OVERLAY_SLOW, /* it may be one, but not this way */
	FAST_OVERLAY_IN,   /* it is, as above */
};
enum fast_overlay fast_overlay_takes_relative(struct fast_frame *frame, size_t length, struct fast_path *path);

/*
 * The path becomes that in the layer which has it, or in the lowest, if none has; false where that can't be told. With
 * LOOKS *TYPE is its type, as in st_mode, 0 where none has it, and it is no whiteout; or else the lowest layer has not
 * been looked at.
 */
bool fast_overlay_find(struct fast_frame *frame, struct fast_path *path, bool looks, uint32_t *type);

/* Whether a status, with a size and a number of a device, can't be a whiteout's, nor that of a merged directory. */
bool fast_overlay_is_plain(const struct fast_path *path, uint32_t mode, uint64_t size, uint64_t device);

/* Whether the guest may be told what the attribute is whose name is at NAME_AT: that it is none of the overlay's. */
bool fast_overlay_tells(const struct fast_frame *frame, unsigned long name_at);

/*
 * Whether the status of what FD is of, which IS_DIRECTORY of DEVICE or not, is what its overlay has, or it is in none.
 * frame->host_path is lost.
 */
bool fast_overlay_is_current(struct fast_frame *frame, int fd, bool is_directory, uint64_t device);

#endif
