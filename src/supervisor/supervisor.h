/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The supervisor: starts the first guest process and waits for it.
 *
 * It stays in the command's process group and terminal, passes on the signals
 * that others send to it, stops when the command is stopped, and holds no
 * descriptor open while it waits. Guests do not depend on it.
 */
#ifndef SUPERVISOR_SUPERVISOR_H
#define SUPERVISOR_SUPERVISOR_H

#include "image/image.h"

/* What to start. */
struct launch {
	int image_fd;
	int program_fd;	    /* handed to the image, or -1 */
	int interpreter_fd; /* likewise */
	const struct image_data *data;
	const char *host_cwd; /* unless there is CWD_FD, which is not -1 then */
	int cwd_fd;
	char *const *argv;
	char *const *envp;
	bool kills_on_exit; /* end every descendant when the command ends, or when the supervisor is killed */
};

/* Which part of the start failed. */
enum launch_stage { LAUNCH_NONE, LAUNCH_FORK, LAUNCH_DIRECTORY, LAUNCH_ENGINE, LAUNCH_EXECUTE };

struct launch_failure {
	enum launch_stage stage; /* LAUNCH_NONE: the command ran */
	int error;		 /* negative errno */
};

/*
 * Start the command and wait for its end. Returns its exit status, or 128+n
 * when signal n killed it; dies of SIGINT or SIGQUIT itself if that killed the
 * command and has been sent to both, as ^C is. If it could not be started FAILURE tells why, and
 * the status means nothing. Descriptors of the caller are closed once the
 * command runs: there is nothing left to do but to exit. One call in the life
 * of a process.
 */
int supervisor_run(const struct launch *launch, struct launch_failure *failure);

#endif
