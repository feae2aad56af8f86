/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's environment on its way to the guest. proot's own stays as it is,
 * for what is read there until the end: $PATH of the host, PROOT_TMP_DIR and so on.
 */
#ifndef CLI_ENVIRONMENT_H
#define CLI_ENVIRONMENT_H

#include "base/base.h"

/* What --env, --unset-env and --clear-env ask for. */
enum environment_action { ENVIRONMENT_SET, ENVIRONMENT_UNSET, ENVIRONMENT_CLEAR };

struct environment_request {
	enum environment_action action;
	const char *word; /* "NAME=VALUE", or "NAME": to unset it, or to set it to what proot itself has */
};

struct environment {
	char **variables; /* "NAME=VALUE" each, NULL behind the last; its own */
	size_t count, room;
	bool has_failed; /* for want of memory; who has made it looks at the end */
};

/* Begin with a copy of VARIABLES, which may be NULL. All is given back by environment_free(). */
void environment_begin(struct environment *environment, char *const *variables);
void environment_free(struct environment *environment);

/* The value of NAME, or NULL. It is there until NAME changes. */
const char *environment_get(const struct environment *environment, const char *name);
void environment_set(struct environment *environment, const char *name, const char *value);
void environment_unset(struct environment *environment, const char *name);

/*
 * What the first COUNT of REQUESTS leave of VARIABLES: all if ENVIRONMENT_CLEAR is not among them, otherwise NULL.
 * Of the requests themselves nothing is done yet.
 */
char *const *environment_source(const struct environment_request *requests, size_t count, char *const *variables);

/* Do what REQUESTS say behind the last ENVIRONMENT_CLEAR, in their order. VARIABLES are proot's own. */
void environment_apply(struct environment *environment, const struct environment_request *requests, size_t count,
		       char *const *variables);

#endif
