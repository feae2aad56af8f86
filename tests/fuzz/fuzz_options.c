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

/* The text of all files: the last word. */
static const char *file_text;

static int read_text(const char *host_path, char **text)
{
	(void)host_path;
	*text = file_text ? strdup(file_text) : NULL;
	return *text ? 0 : -ENOENT;
}

static const char *variable(const char *name)
{
	return *name == 'H' ? "/h" : NULL;
}

static const struct options_host host = { is_directory, read_text, variable };

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
	file_text = count > 1 ? words[count - 1] : NULL;
	status = options_parse(&config, count, words, &host);
	if ((status && status != -EINVAL && status != -ENOMEM) || (status == -EINVAL) != (config.error[0] != '\0'))
		abort();
	if (!status && (config.command_count < 0 || config.command_count > count + (int)size))
		abort();
	config_free(&config);
	free(text);
	return 0;
}
