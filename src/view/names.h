/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A quick "no" to the question whether a component may be a binding: most
 * components of most paths are not, and need no look at the bindings.
 */
#ifndef VIEW_NAMES_H
#define VIEW_NAMES_H

#include "view/view.h"

unsigned int name_hash(const char *name, size_t length);
/* False: no binding's last component is NAME. */
bool name_may_be_bound(const struct view *view, const char *name, size_t length);

#endif
