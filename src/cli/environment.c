/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "cli/environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The variable of VARIABLES called NAME (LENGTH bytes), or NULL. */
static char *const *find(char *const *variables, const char *name, size_t length)
{
	for (; variables && *variables; variables++)
		if (!strncmp(*variables, name, length) && (*variables)[length] == '=')
			return variables;
	return NULL;
}

static char **find_own(const struct environment *environment, const char *name, size_t length)
{
	return (char **)find(environment->variables, name, length);
}

/* Take WORD, which is "NAME=VALUE" and was allocated, or NULL for want of memory. */
static void put(struct environment *environment, char *word)
{
	char **there = word ? find_own(environment, word, strcspn(word, "=")) : NULL;

	if (there) {
		free(*there);
		*there = word;
		return;
	}
	if (word && environment->count + 1 >= environment->room) {
		size_t room = 2 * environment->room + 64;
		void *grown = reallocarray(environment->variables, room, sizeof(char *));

		if (grown) {
			environment->variables = grown;
			environment->room = room;
		}
	}
	if (!word || environment->count + 1 >= environment->room) {
		environment->has_failed = true;
		free(word);
		return;
	}
	environment->variables[environment->count++] = word;
	environment->variables[environment->count] = NULL;
}

/* The same variable twice is none of our business: the program gets both, as it would without us. */
void environment_begin(struct environment *environment, char *const *variables)
{
	size_t count = 0;

	while (variables && variables[count])
		count++;
	*environment = (struct environment){ .variables = calloc(count + 64, sizeof(char *)), .room = count + 64 };
	if (!environment->variables) {
		*environment = (struct environment){ .has_failed = true };
		return;
	}
	for (size_t i = 0; i < count; i++) {
		environment->variables[i] = strdup(variables[i]);
		environment->has_failed |= !environment->variables[i];
	}
	environment->count = count;
}

void environment_free(struct environment *environment)
{
	for (size_t i = 0; i < environment->count; i++)
		free(environment->variables[i]);
	free(environment->variables);
	*environment = (struct environment){ 0 };
}

const char *environment_get(const struct environment *environment, const char *name)
{
	size_t length = strlen(name);
	char **there = find_own(environment, name, length);

	return there ? *there + length + 1 : NULL;
}

void environment_set(struct environment *environment, const char *name, const char *value)
{
	char *word;

	put(environment, asprintf(&word, "%s=%s", name, value) < 0 ? NULL : word);
}

void environment_unset(struct environment *environment, const char *name)
{
	size_t length = strlen(name), left;
	char **there;

	while ((there = find_own(environment, name, length))) {
		left = environment->count-- - (size_t)(there - environment->variables);
		free(*there);
		memmove(there, there + 1, left * sizeof(*there));
	}
}

/* How many of REQUESTS do not matter because of a later ENVIRONMENT_CLEAR. */
static size_t count_cleared(const struct environment_request *requests, size_t count)
{
	while (count && requests[count - 1].action != ENVIRONMENT_CLEAR)
		count--;
	return count;
}

char *const *environment_source(const struct environment_request *requests, size_t count, char *const *variables)
{
	return count_cleared(requests, count) ? NULL : variables;
}

void environment_apply(struct environment *environment, const struct environment_request *requests, size_t count,
		       char *const *variables)
{
	for (size_t i = count_cleared(requests, count); i < count; i++) {
		const char *word = requests[i].word;
		char *const *own = variables;

		if (requests[i].action == ENVIRONMENT_UNSET) {
			environment_unset(environment, word);
			continue;
		}
		if (!strchr(word, '='))
			own = find(variables, word, strlen(word));
		else
			own = (char *const *)&requests[i].word;
		if (own)
			put(environment, strdup(*own));
	}
}
