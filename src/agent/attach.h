/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the memory that guests share (image/shared.h) comes into this process: by shmat(2), or as a mapping of a file.
 */
#ifndef AGENT_ATTACH_H
#define AGENT_ATTACH_H

#include "agent/agent.h"
#include "image/shared.h"

/*
 * Attach SIZE bytes, at AT or anywhere if that is NULL: the address or a negative errno. ID is a segment's number, or
 * that of a file. Where something is there already, that stays, and the answer is an errno. Not WRITES: for reading
 * only.
 */
long attach_memory(int32_t id, const void *at, size_t size, bool writes);
void attach_release(void *at, size_t size);

/* Whether RESULT is an address, not an errno. */
static inline bool attach_is_address(long result)
{
	return !(result < 0 && result > -PATH_SIZE);
}

/* Open the file NAME in image_data.memory, when that is set: a descriptor or a negative errno. */
long attach_open(const char *name, unsigned long flags);

#endif
