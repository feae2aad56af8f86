/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names in a directory of several layers. */
#ifndef AGENT_OVERLAY_LIST_H
#define AGENT_OVERLAY_LIST_H

#include "agent/slot.h"

/* Whether the directory at REST of overlay MOUNT, which is at PLACE, has nothing in it that is seen. */
bool overlay_is_empty(uint32_t mount, const char *rest, const struct layers_place *place);

/*
 * The directory PATH of a layer, opened for reading; FOLLOWS: links. That of the upper one the user may be denied to
 * read, but not to make readable, which it is for that moment. A descriptor or a negative errno.
 */
long overlay_open_layer(const char *path, bool is_upper, bool follows);

#endif
