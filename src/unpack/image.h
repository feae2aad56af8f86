/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which image of a source is meant, and what it is made of.
 */
#ifndef UNPACK_IMAGE_H
#define UNPACK_IMAGE_H

#include "unpack/manifest.h"
#include "unpack/source.h"

struct image {
	struct manifest_image parts;
	char id[SHA256_HEX + 1]; /* the digest of what names all its parts by their digests */
	char *words;		 /* cli/oci.h */
	size_t words_size;
};

/* Find the image of SOURCE, which is one of OCI or docker. It is given back by image_free(), also after an error. */
int image_find(struct source *source, const struct manifest_wish *wish, struct image *image, struct failure *failure);
void image_free(struct image *image);

#endif
