/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The credentials the guest's threads believe to have. The kernel's are per
 * thread, libc makes those of a process by having each thread change its own; a child has its parent's; a
 * program those of who executed it, but for set-id bits.
 */
#ifndef AGENT_IDENTITY_H
#define AGENT_IDENTITY_H

#include "agent/agent.h"
#include "image/credentials.h"

/* Whether there are any: otherwise nothing below may be called. */
static inline bool identity_is_on(void)
{
	return image_data()->flags & IMAGE_IDENTITY;
}

/* The calling thread's. Valid until it changes them. */
const struct credentials *identity_now(void);
/* Change them: 0 or -ENOMEM. */
long identity_set(const struct credentials *credentials);
/* Those of PROCESS (or a thread), another guest's, into BUF; false when they can't be read. */
bool identity_read(long process, struct credentials *buf);
/* At start: from the state's text; and that text of who is about to execute a program, into BUF. */
void identity_start(const char *text);

#endif
