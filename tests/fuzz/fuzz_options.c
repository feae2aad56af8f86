/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * options_parse() with any words: the input, split at zero bytes.
 */
#include "cli/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WORDS_MOST 64

static bool is_directory(const char *host_path)
{
	return strchr(host_path, 'd') != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *words[WORDS_MOST + 2] = { "proot" };
	char *text = malloc(size + 1);
	struct config config = { 0 };
	int count = 1, status;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	for (size_t at = 0; at < size && count < WORDS_MOST; at += strlen(text + at) + 1)
		words[count++] = text + at;
	status = options_parse(&config, count, words, is_directory);
	if ((status && status != -EINVAL && status != -ENOMEM) || (status == -EINVAL) != (config.error[0] != '\0'))
		abort();
	if (!status && (config.command_count < 0 || config.command_count > count))
		abort();
	config_free(&config);
	free(text);
	return 0;
}
