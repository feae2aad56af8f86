/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -v: what the agent does, one line a call, on the descriptor the command gave.
 * Host paths are those that were looked up, not the descriptors that stand for
 * them (agent/pin.h).
 *
 * Level 2: each translated path. Level 3: each trapped call. Nothing below. The
 * slot's scratch and spare are overwritten.
 */
#ifndef AGENT_LOG_H
#define AGENT_LOG_H

#include "agent/slot.h"
#include "base/text.h"

/* Whether there are lines at all, of -v or of --trace (agent/show.h), so that who has a call behind him must come back
 * to tell it. */
static inline bool log_is_on(void)
{
	return image_data()->verbosity >= 2 || image_data()->flags & IMAGE_SHOW;
}

/* The name of the errno RESULT, a negative number, to LINE. */
void log_add_error(struct text *line, long result);

/* Before the call is handled: of other calls nothing stays. */
void log_begin(struct call *call);

/* The call's path is HOST_PATH, in the slot, and is not translated. */
void log_host_path(struct call *call, char *host_path);

/* The call has RESULT. */
void log_call(const struct call *call, long result);

/* A file that execve looks at, which does not come back when all goes well. */
void log_file(const struct call *call);

#endif
