/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The credentials the guest's threads believe to have. The kernel's are per
 * thread, libc makes those of a process by having each thread change its own; a
 * child has its parent's; a program those of who executed it, but for set-id bits.
 *
 * New threads and processes are not seen: clone(2) and its kind do not trap. So one value is
 * everybody's, and a thread that differs has an entry of its own. As soon as all
 * threads of the process have entries with the same value, that is everybody's. A
 * child that shares the memory, as after vfork(2), has an entry that never becomes so. A
 * thread without an entry that is made by one with an entry has everybody's: natively it has its maker's.
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

/*
 * The calling thread's. Valid until it changes them. Costs no system call while no thread differs from
 * others; may be called with signals open.
 */
const struct credentials *identity_now(void);
/* The same where no thread differs; NULL otherwise. No system call. */
const struct credentials *identity_of_all(void);
/* Change them: 0 or -ENOMEM. With signals blocked. */
long identity_set(const struct credentials *credentials);
/* Forget threads that have ended: what costs system calls in identity_now(). With signals blocked. */
void identity_tidy(void);
/* Those of THREAD, another guest's, into BUF; false when they can't be read. */
bool identity_read(long thread, struct credentials *buf);
/* The same of some of them: needs little stack. */
struct identity_ids {
	uint32_t uid, euid, egid;
};
bool identity_read_ids(long thread, struct identity_ids *ids);
/* At start: from the state's text. */
void identity_start(const char *text);

#endif
