/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Profiles: files of options, one a line, as --config and @NAME read them. Text
 * only: no file is opened here, and nothing is known of options.
 *
 *	# a comment
 *	rootfs debian
 *	--bind=~/work:/work
 *	-b $XDG_RUNTIME_DIR
 *	kill-on-exit
 *	@network
 *	-- /bin/bash --login
 */
#ifndef CLI_PROFILE_H
#define CLI_PROFILE_H

#include "base/base.h"

#define PROFILE_DEPTH_MOST 8 /* so deep profiles may name others */
#define PROFILE_PLACES 3

/*
 * The next line of *TEXT that says something, without blanks around it, or NULL at
 * the end. *TEXT, which is written to, moves behind it; *NUMBER, 0 at first, becomes the line's.
 */
char *profile_next_line(char **text, unsigned int *number);

/*
 * LINE as one word of the command line, "--name=value" or "-nvalue", to be given to free(). The name ends at a blank
 * or "="; what follows is the value as it is. NULL: no memory.
 */
char *profile_make_word(const char *line);

struct profile_variables {
	const char *(*get)(const char *name); /* its value, or NULL */
	/* When a function below gives NULL: NULL if there is no more to give, or no memory; otherwise what is wrong. */
	const char *missing; /* the variable that is not set or no name, in the text */
	size_t length;	     /* how many bytes it has; 0: a quotation mark is left open */
};

/* VALUE with $NAME and ${NAME} replaced by VARIABLES, and "$$" by a dollar, to be given to free(). */
char *profile_expand(const char *value, struct profile_variables *variables);

/*
 * VALUE, which is up to PIECES paths separated by colons (0: one that may have colons), with HOME for a leading "~" of
 * each, and the directory FILE is in before those that are relative. To be given to free(). NULL: no memory.
 */
char *profile_make_absolute(const char *value, unsigned int pieces, const char *file, const char *home);

/*
 * The next word of *AT, which moves behind it, to be given to free(). Quotation marks group, and variables are replaced
 * as in a value, but not in single ones.
 */
char *profile_take_word(const char **at, struct profile_variables *variables);

/*
 * Where the profile NAME is looked for, in this order: PLACES, to be given to free(), NULL where
 * VARIABLE does not say. False: no memory.
 */
bool profile_find_places(const char *name, const char *(*variable)(const char *name), char *places[PROFILE_PLACES]);

#endif
