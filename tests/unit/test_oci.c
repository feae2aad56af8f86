/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/oci.h"
#include "tap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* As string literals have it: with the NUL behind the last word. */
#define APPLY(config, words) oci_apply(config, words, sizeof(words))

static struct config begin(char *const *command, int count)
{
	return (struct config){ .command = command, .command_count = count };
}

static bool runs(const struct config *config, const char *words)
{
	char line[256] = "";

	for (int i = 0; i < config->command_count; i++)
		strcat(strcat(line, config->command[i]), "|");
	return !strcmp(line, words);
}

static void test_command(void)
{
	char *given[] = { "x", "y" };
	struct config config = begin(given, 2);

	ok(!APPLY(&config, "Cls\0C-l\0Ee\0E") && runs(&config, "e||x|y|"), "words follow the entrypoint");
	config_free(&config);
	config = begin(NULL, 0);
	ok(!APPLY(&config, "Cls\0C-l\0Ee") && runs(&config, "e|ls|-l|"), "the image's command does without them");
	config_free(&config);
	config = begin(given, 1);
	ok(!APPLY(&config, "Cls\0C-l") && runs(&config, "x|"), "they replace it");
	config_free(&config);
	config = begin(NULL, 0);
	ok(!oci_apply(&config, "", 0) && runs(&config, ""), "an image may say nothing");
	config_free(&config);
}

static void test_place(void)
{
	struct config config = begin(NULL, 0);

	ok(!APPLY(&config, "D/w\0Uu:g") && !strcmp(config.guest_cwd, "/w") && !strcmp(config.user, "u:g") &&
		   config.has_identity && config.is_user_of_image,
	   "directory and user");
	config_free(&config);
	config = begin(NULL, 0);
	config.guest_cwd = "/mine";
	config.has_identity = true;
	ok(!APPLY(&config, "D/w\0Uu:g") && !strcmp(config.guest_cwd, "/mine") && !config.user &&
		   !config.is_user_of_image,
	   "the command line goes before");
	config_free(&config);
	config = begin(NULL, 0);
	ok(!APPLY(&config, "Cx") && !strcmp(config.user, "0") && !config.guest_cwd, "no user is root");
	config_free(&config);
}

static void test_variables(void)
{
	struct config config = begin(NULL, 0);

	ok(!APPLY(&config, "VA=1\0Vnone\0V=x\0V\0VB=") && config.image_variable_count == 2 &&
		   !strcmp(config.image_variables[0].word, "A=1") && !strcmp(config.image_variables[1].word, "B="),
	   "variables, of those that are such");
	config_free(&config);
}

/* Words of random bytes: what comes out has no more of them than what went in. */
static bool survives(unsigned int seed)
{
	static const char letters[] = { 'E', 'C', 'V', 'D', 'U', 'X', '=', 0, 0, 0 };
	size_t length = seed % 12;
	char *text = malloc(length + 1); /* as long as it is, for AddressSanitizer */
	struct config config = begin(NULL, 0);
	int error;

	for (size_t i = 0; i < length; i++, seed = seed * 1103515245 + 12345)
		text[i] = letters[(seed >> 16) % sizeof(letters)];
	text = realloc(text, length ? length : 1);
	error = oci_apply(&config, text, length);
	config_free(&config);
	free(text);
	return error == -EINVAL || (!error && config.command_count <= (int)length);
}

static void test_damage(void)
{
	struct config config = begin(NULL, 0);
	bool is_good = true;

	ok(oci_apply(&config, "Cx", 2) == -EINVAL, "the last word has an end");
	ok(APPLY(&config, "Cx\0Zy") == -EINVAL, "no other kinds");
	ok(APPLY(&config, "") == -EINVAL, "no empty words");
	for (unsigned int seed = 0; seed < 100000; seed++)
		is_good &= survives(seed);
	ok(is_good, "anything");
}

int main(void)
{
	test_command();
	test_place();
	test_variables();
	test_damage();
	return plan_done();
}
