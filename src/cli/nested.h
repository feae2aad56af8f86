/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Proot inside proot: what this one is told by the one around it becomes part of the image.
 */
#ifndef CLI_NESTED_H
#define CLI_NESTED_H

#include "cli/options.h"
#include "image/nest.h"

/*
 * What is around this process, to be given to nested_free(), into *NEST: NULL where there is no other proot. 0, or a
 * negative errno after saying what is wrong.
 */
int nested_find(struct nest **nest);

void nested_free(struct nest *nest);

/*
 * The image data of DATA, whose settings are filled in, as it is without the proot around: with that one's view
 * and settings in it. *MERGED is to be given to free(). 0, or a negative errno after saying what is wrong.
 */
int nested_merge(const struct nest *nest, const struct image_data *data, struct image_data **merged);

#endif
