/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A view inside a view, as one. A pure function, part of the command.
 */
#ifndef VIEW_NEST_H
#define VIEW_NEST_H

#include "view/view.h"

/* A view and who is in it. */
struct view_outer {
	const struct view *view;
	const char *root; /* canonical guest path of that one's root directory; "" is the view's */
};

/*
 * Lay into BLOCK, of CAPACITY bytes and with room for BINDINGS, what a guest sees through INNER, whose host
 * paths are paths that OUTER knows. What OUTER has bound inside a directory of INNER's is seen there as well, as with
 * mount --rbind, but where INNER has bound something over it.
 *
 * 0; -ENOSPC when the block is too small; -ENAMETOOLONG; -ENOENT when INNER's root is a directory
 * without a host path: it exists only because OUTER has bound something below it.
 */
long view_nest(struct view *block, size_t capacity, uint32_t bindings, const struct view_outer *outer,
	       const struct view *inner);

/*
 * The host path of PATH, which OUTER knows and which has no link in it, into BUF of PATH_SIZE ("" is the root): 0, or
 * -ENOENT where there is none, -ENAMETOOLONG.
 */
long view_nest_to_host(const struct view_outer *outer, const char *path, char *buf);

#endif
