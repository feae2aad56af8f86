/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What guests have left on the host when the last of them has ended: directories that stood for a
 * tmpfs they had mounted (agent/tmpfs.h).
 */
#ifndef SUPERVISOR_LEFTOVERS_H
#define SUPERVISOR_LEFTOVERS_H

#include "image/image.h"

/* Remove it, unless other processes still have the view. To be called by who has called shared_create(), or its child.
 */
void leftovers_remove(const struct image_data *data);

#endif
