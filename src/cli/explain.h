/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a command could not be started: one line that names the thing, and the
 * exit status that env(1) would give.
 */
#ifndef CLI_EXPLAIN_H
#define CLI_EXPLAIN_H

#include "image/plan.h"
#include "supervisor/supervisor.h"

enum exit_status {
	EXIT_WRONG_USAGE = 1,
	EXIT_OWN_FAILURE = 125,
	EXIT_NOT_EXECUTABLE = 126,
	EXIT_NOT_FOUND = 127,
};

/* Where a command was looked for. */
struct explain_place {
	const char *command; /* as the user wrote it */
	const char *file;    /* the file found for it, or "" */
	const char *host_root;
	const char *guest_cwd; /* "/" for the root */
	const char *path;      /* $PATH */
};

/* The command's file was not found, or plan_exec() of it failed. HOST_PATH: that of the file that failed, or NULL. */
enum exit_status explain_plan(const struct explain_place *place, const struct plan *plan, long error,
			      const char *host_path);

/* The supervisor could not start LAUNCH. */
enum exit_status explain_launch(const struct explain_place *place, const struct launch *launch,
				const struct launch_failure *failure);

#endif
