/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of the user's that have been asked for an owner stored with them, and have none: so that a stat need not ask
 * again. What sets an attribute changes the inode's time of change: inode and time together are
 * believed for ever, by all proots of the user. They are in a file beside the store of the file
 * system (agent/store.h), which is mapped; where there is no store, there is no such file.
 */
#ifndef AGENT_SEEN_H
#define AGENT_SEEN_H

#include "base/base.h"

/* An inode of the file system DEVICE, as it is since its time of change. */
struct seen {
	uint64_t device, inode;
	int64_t seconds;
	uint32_t nanoseconds;
};

/* From memory alone, from anywhere: whether that is known to have no owner stored with it. */
bool seen_without_owner(const struct seen *seen);
/* It has none: remember that, if there is a place for it already, and it has not changed just now. */
void seen_note(const struct seen *seen);
/* Whether a place for what is on DEVICE has been looked for; seen_start() does, if there is a store. */
bool seen_is_started(uint64_t device);
void seen_start(uint64_t device);

#endif
