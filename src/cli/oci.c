/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "cli/oci.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define KINDS "ECVDU"

/* The next word of the kind, behind WORD or the first; NULL: there is none. */
static const char *next(const char *text, size_t length, const char *word, char kind)
{
	const char *at = word ? word + strlen(word) + 1 : text;

	for (; at < text + length; at += strlen(at) + 1)
		if (*at == kind)
			return at + 1;
	return NULL;
}

static bool is_well_formed(const char *text, size_t length)
{
	if (length && text[length - 1])
		return false;
	for (const char *at = text; at < text + length; at += strlen(at) + 1)
		if (!*at || !strchr(KINDS, *at))
			return false;
	return true;
}

static size_t count_of(const char *text, size_t length, char kind)
{
	size_t count = 0;

	for (const char *word = NULL; (word = next(text, length, word, kind));)
		count++;
	return count;
}

/* As docker run does: words of the command line replace the image's command, and follow its entrypoint. */
static int apply_command(struct config *config, const char *text, size_t length)
{
	size_t given = (size_t)config->command_count, count = 0;
	const char **words =
		calloc(count_of(text, length, OCI_ENTRYPOINT) + count_of(text, length, OCI_COMMAND) + given + 1,
		       sizeof(*words));

	if (!words)
		return -ENOMEM;
	for (const char *word = NULL; (word = next(text, length, word, OCI_ENTRYPOINT));)
		words[count++] = word;
	for (const char *word = NULL; !given && (word = next(text, length, word, OCI_COMMAND));)
		words[count++] = word;
	for (size_t i = 0; i < given; i++)
		words[count++] = config->command[i];
	config->image_command = words;
	config->command = (char *const *)words;
	config->command_count = (int)count;
	return 0;
}

static int apply_variables(struct config *config, const char *text, size_t length)
{
	size_t count = 0;

	config->image_variables = calloc(count_of(text, length, OCI_VARIABLE) + 1, sizeof(*config->image_variables));
	if (!config->image_variables)
		return -ENOMEM;
	for (const char *word = NULL; (word = next(text, length, word, OCI_VARIABLE));)
		if (strchr(word, '=') && *word != '=')
			config->image_variables[count++] = (struct environment_request){ ENVIRONMENT_SET, word };
	config->image_variable_count = count;
	return 0;
}

/* An image that names no user means root. */
static void apply_user(struct config *config, const char *text, size_t length)
{
	const char *user = next(text, length, NULL, OCI_USER);

	if (config->has_identity)
		return;
	config->user = user && *user ? user : "0";
	config->has_identity = true;
	config->is_user_of_image = true;
}

int oci_apply(struct config *config, const char *text, size_t length)
{
	int error;

	if (!is_well_formed(text, length))
		return -EINVAL;
	error = apply_command(config, text, length);
	if (!error)
		error = apply_variables(config, text, length);
	if (error)
		return error;
	if (!config->guest_cwd)
		config->guest_cwd = next(text, length, NULL, OCI_DIRECTORY);
	apply_user(config, text, length);
	return 0;
}
