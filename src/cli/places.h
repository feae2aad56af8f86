/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the root and bindings asked for to the view: canonical host paths,
 * locations in the guest, and the directories that are there only because
 * something is bound below them.
 */
#ifndef CLI_PLACES_H
#define CLI_PLACES_H

#include "cli/options.h"
#include "image/image.h"

/*
 * Build the image data of CONFIG with its view. Warns about bindings that are
 * left out. Returns 0 and *DATA, to be given to free(), or a negative errno
 * after printing what is wrong.
 */
int places_build(const struct config *config, struct image_data **data);

/* Show the host's root, which is at HOST_PATH, at EMULATOR_HOST. 0 or a negative errno after saying what failed. */
int places_add_host(struct image_data *data, const char *host_path);

/* Print root and bindings as information, for -v. */
void places_print(const struct view *view);

#endif
