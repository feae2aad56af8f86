/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --forget: owners that last as long as this proot are in one table, in memory that its guests share
 * (image/shared.h). It is written as a file of a store is, and does not grow.
 */
#ifndef AGENT_STORE_MEMORY_H
#define AGENT_STORE_MEMORY_H

#include "agent/agent.h"
#include "image/store.h"

/* Whether owners are to be forgotten: otherwise nothing below may be called. */
static inline bool store_memory_is_on(void)
{
	return image_data()->identity.forgets;
}

/* KEY's file system is the object's st_dev. */
bool store_memory_find(const struct store_key *key, struct store_record *record);
/* The same, from memory that is there already; true where that is not known. */
bool store_memory_may_have(const struct store_key *key);
/* 0; -ENOSPC; -ENOMEM when there is no such memory; -EBUSY after a minute. */
long store_memory_put(const struct store_record *record);
/* 0, -ENOENT (store_remove_from()), or as above. */
long store_memory_remove(const struct store_record *record);

#endif
