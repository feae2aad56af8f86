/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "unpack/image.h"

#include <stdlib.h>
#include <string.h>

#define INDEXES_MOST 8 /* that lead to one another */

struct text {
	char *text;
	size_t length;
};

static void drop(struct text *text)
{
	free(text->text);
}

/* From index.json down to the manifest, whose text goes to MANIFEST. */
static int find_manifest(struct source *source, const struct manifest_wish *wish, struct image *image,
			 struct text *manifest, struct failure *failure)
{
	struct text index __attribute__((cleanup(drop))) = { .text = NULL };
	struct manifest_wish rest = *wish;
	struct manifest_part part;
	bool is_index = true;

	if (source_read_member(source, "index.json", &index.text, &index.length, failure))
		return -1;
	for (int i = 0; i < INDEXES_MOST && is_index; i++) {
		if (manifest_choose(index.text, index.length, &rest, &part, &is_index, failure))
			return i ? failure_add(failure, "the index sha256:%s", image->id) :
				   failure_add(failure, "index.json");
		drop(&index);
		index.text = NULL;
		if (source_read_part(source, &part, &index.text, &index.length, failure))
			return -1;
		strcpy(image->id, part.digest);
		rest.name = NULL;
	}
	if (is_index)
		return failure_set(failure, "its indexes lead to one another too deep");
	*manifest = index;
	index.text = NULL;
	return 0;
}

static int read_oci(struct source *source, const struct manifest_wish *wish, struct image *image,
		    struct failure *failure)
{
	struct text manifest __attribute__((cleanup(drop))) = { .text = NULL };

	if (find_manifest(source, wish, image, &manifest, failure))
		return -1;
	return manifest_read(manifest.text, manifest.length, &image->parts, failure) ?
		       failure_add(failure, "the manifest sha256:%s", image->id) :
		       0;
}

static int read_docker(struct source *source, const struct manifest_wish *wish, struct image *image,
		       struct failure *failure)
{
	struct text manifest __attribute__((cleanup(drop))) = { .text = NULL };

	if (source_read_member(source, "manifest.json", &manifest.text, &manifest.length, failure))
		return -1;
	return manifest_read_docker(manifest.text, manifest.length, wish, &image->parts, failure) ?
		       failure_add(failure, "manifest.json") :
		       0;
}

static int read_config(struct source *source, struct image *image, struct failure *failure)
{
	struct text config __attribute__((cleanup(drop))) = { .text = NULL };
	struct sha256 digest;

	if (source_read_part(source, &image->parts.config, &config.text, &config.length, failure))
		return -1;
	/* docker calls an image by the digest of its configuration, which has those of the layers. */
	if (source->kind == SOURCE_DOCKER) {
		sha256_begin(&digest);
		sha256_add(&digest, config.text, config.length);
		sha256_end(&digest, image->id);
	}
	return manifest_read_config(config.text, config.length, &image->parts, &image->words, &image->words_size,
				    failure) ?
		       failure_add(failure, "the image's configuration") :
		       0;
}

int image_find(struct source *source, const struct manifest_wish *wish, struct image *image, struct failure *failure)
{
	int error;

	*image = (struct image){ .words = NULL };
	if (source->kind == SOURCE_OCI)
		error = read_oci(source, wish, image, failure);
	else
		error = read_docker(source, wish, image, failure);
	return error ? error : read_config(source, image, failure);
}

void image_free(struct image *image)
{
	manifest_free(&image->parts);
	free(image->words);
	image->words = NULL;
}
