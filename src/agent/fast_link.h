/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths through symbolic links, on the fast way: links that have been met before are read, and what they say put in
 * their place. */
#ifndef AGENT_FAST_LINK_H
#define AGENT_FAST_LINK_H

#include "agent/fast.h"

/*
 * Whether the last component of the absolute host path in FRAME, in the root's mount and of path->length bytes, is to
 * be followed and may be a link.
 */
bool fast_ends_in_link(const struct fast_frame *frame, const struct fast_path *path);

/*
 * The guest's absolute path of *LENGTH bytes lies in FRAME behind the room for the root's host path. Links
 * in it that have been met before, the last component only where path->follows, are replaced by what they lead to, as
 * far as that is in the root's mount. *STAMP is that of the reading, or 0 where there was none. False: the path is
 * lost, or changing.
 */
bool fast_follow(struct fast_frame *frame, const struct fast_path *path, size_t *length, plain_stamp *stamp);

#endif
