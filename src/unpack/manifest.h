/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The texts of an image that say what it is made of: index, manifest and configuration of the OCI image
 * specification (1.1), and the manifest.json of `docker save`. They come from anybody: whatever is in them, what
 * is given out is well-formed. Reads no file.
 */
#ifndef UNPACK_MANIFEST_H
#define UNPACK_MANIFEST_H

#include "unpack/failure.h"
#include "unpack/sha256.h"

/* No text of an image is longer: the specification asks for 4 MiB to be accepted. */
#define MANIFEST_SIZE_MOST (8U << 20)
#define MANIFEST_LAYERS_MOST 4096

/* Which of several images is wanted. */
struct manifest_wish {
	const char *name; /* NULL: the only one */
	const char *cpu;  /* architecture, as in GOARCH */
};

/* A part of an image. */
struct manifest_part {
	char digest[SHA256_HEX + 1]; /* of its bytes; "": not known */
	char plain[SHA256_HEX + 1];  /* of what comes of it when it is decompressed; likewise */
	char *name;		     /* its member of an archive of `docker save`; NULL: it is a blob */
};

struct manifest_image {
	struct manifest_part config;
	struct manifest_part *layers; /* the lowest comes first */
	size_t layer_count;
};

/*
 * The image, or the index of further ones (*IS_INDEX), that is wanted of the index TEXT of LENGTH bytes: its
 * digest to PART.
 */
int manifest_choose(const char *text, size_t length, const struct manifest_wish *wish, struct manifest_part *part,
		    bool *is_index, struct failure *failure);

/* Read a manifest. IMAGE is given back by manifest_free(), also after an error. */
int manifest_read(const char *text, size_t length, struct manifest_image *image, struct failure *failure);
/* The same of the manifest.json of `docker save`. */
int manifest_read_docker(const char *text, size_t length, const struct manifest_wish *wish,
			 struct manifest_image *image, struct failure *failure);

/*
 * Read the configuration of IMAGE: its layers get PLAIN, and *WORDS what the image wants to be run as, in the form of
 * cli/oci.h, *SIZE bytes, to be given to free().
 */
int manifest_read_config(const char *text, size_t length, struct manifest_image *image, char **words, size_t *size,
			 struct failure *failure);

void manifest_free(struct manifest_image *image);

#endif
