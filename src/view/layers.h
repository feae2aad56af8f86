/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Overlays: a place of the view whose tree is that of several directories of the host, the layers, as the kernel's
 * overlayfs has it (fs/overlayfs, Linux 6.18). A name is what the topmost layer that has it says; directories of
 * several layers are one. A whiteout in a layer hides what the ones below have, and so does an opaque directory. How
 * both look on the disk the operation `look` knows (image/overlay.h).
 */
#ifndef VIEW_LAYERS_H
#define VIEW_LAYERS_H

#include "view/view.h"

/* PLACE becomes the top of an overlay with COUNT layers. */
void layers_begin(struct layers_place *place, unsigned int count);

/*
 * PLACE, a directory of entry INDEX, becomes what is at REST, "/" and the names down from the overlay's top, the last
 * of which is in that directory. The host path goes to BUF of PATH_SIZE, its length to *LENGTH: where nothing is there,
 * that which it would have in the upper layer, if its directory were there. 0, -ENOTDIR, -ENAMETOOLONG or an errno of
 * LOOK.
 */
long layers_step(const struct view *view, const struct view_operations *operations, uint32_t index, const char *rest,
		 struct layers_place *place, char *buf, size_t *length);

/* The same of all of REST, from the top on, "" being that itself. -ENOENT where a directory on the way is not there. */
long layers_find(const struct view *view, const struct view_operations *operations, uint32_t index, const char *rest,
		 struct layers_place *place, char *buf, size_t *length);

/* Whether the directory HOST_PATH is one of those that are seen at PLACE, which layers_find() has found for REST. */
bool layers_are_at(const struct view *view, uint32_t index, const char *rest, const struct layers_place *place,
		   const char *host_path);

#endif
