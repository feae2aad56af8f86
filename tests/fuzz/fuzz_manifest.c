/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The texts of an image: the first byte says of which kind the input is. What is given out is well-formed.
 */
#include "unpack/manifest.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct manifest_wish wishes[] = { { NULL, "amd64" }, { "x:1", "arm" } };

static void check_digest(const char *digest, bool may_be_empty)
{
	size_t length = strlen(digest);

	if (length != (length || !may_be_empty ? SHA256_HEX : 0) || strspn(digest, "0123456789abcdef") != length)
		abort();
}

static void choose(const char *text, size_t length, const struct manifest_wish *wish)
{
	struct failure failure = { "" };
	struct manifest_part part;
	bool is_index;
	int error = manifest_choose(text, length, wish, &part, &is_index, &failure);

	if (error ? !*failure.text : part.name != NULL)
		abort();
	if (!error)
		check_digest(part.digest, false);
}

static void read_image(const char *text, size_t length, const struct manifest_wish *wish)
{
	struct failure failure = { "" };
	struct manifest_image image;
	int error = wish ? manifest_read_docker(text, length, wish, &image, &failure) :
			   manifest_read(text, length, &image, &failure);

	if (error && !*failure.text)
		abort();
	for (size_t i = 0; i < image.layer_count && !error; i++) {
		check_digest(image.layers[i].digest, wish);
		if (wish && !*image.layers[i].name)
			abort();
	}
	manifest_free(&image);
}

/* The words end in a NUL, each, and none is empty. */
static void read_config(const char *text, size_t length)
{
	struct manifest_part layers[2] = { { .name = NULL } };
	struct manifest_image image = { .layers = layers, .layer_count = ARRAY_SIZE(layers) };
	struct failure failure = { "" };
	char *words = NULL;
	size_t size = 0;

	if (!manifest_read_config(text, length, &image, &words, &size, &failure)) {
		check_digest(layers[1].plain, false);
		if (size && words[size - 1])
			abort();
		for (size_t at = 0; at < size; at += strlen(words + at) + 1)
			if (!words[at])
				abort();
	}
	free(words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;

	if (!size)
		return 0;
	switch (*data % 5) {
	case 0:
	case 1:
		choose(text, size - 1, &wishes[*data % 5]);
		break;
	case 2:
		read_image(text, size - 1, NULL);
		break;
	case 3:
		read_image(text, size - 1, &wishes[0]);
		break;
	default:
		read_config(text, size - 1);
	}
	return 0;
}
