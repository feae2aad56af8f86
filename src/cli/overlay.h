/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --overlay and --ephemeral: the layers of a place, as the view has them.
 */
#ifndef CLI_OVERLAY_H
#define CLI_OVERLAY_H

#include "cli/options.h"

/*
 * The strings of the overlay that REQUEST asks for (view/view.h) into *STRINGS, to be given to free(): 0 or a negative
 * errno, after saying what is wrong. With IS_TEMPORARY the upper layer is made, and removed at the end. That the upper
 * layer and the directory beside it can have what an overlay needs has been tried out.
 */
int overlay_read(const struct binding_request *request, char **strings);

#endif
