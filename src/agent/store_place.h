/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which directories have a store, or would have: found once, remembered for the life of the program, and looked at
 * again where that may have changed. All of it is only ever added to, without locks: others may share this memory.
 */
#ifndef AGENT_STORE_PLACE_H
#define AGENT_STORE_PLACE_H

#include "agent/store_file.h"

struct store_place;

/*
 * Where store(s) of the file system with the number DEVICE are, of which not more is known: the first, or that behind
 * PLACE; NULL: there is no more.
 */
struct store_place *store_place_next(const struct store_place *place, uint64_t device);

/*
 * Whether the places known of DEVICE are all that its objects in the view can have, without a question to the kernel:
 * false also when that has not been found out.
 */
bool store_place_knows_all(uint64_t device);
/* Whether that place is known which the object at the canonical host PATH, no directory, has. */
bool store_place_knows(uint64_t device, const char *path);
/* store_place_knows_all(), and finds out. */
bool store_place_learn(uint64_t device);

/*
 * The place of what lies in the host's DIRECTORY, canonical, and has the number DEVICE; "" is the root. NULL: there
 * is none. DIRECTORY has PATH_SIZE bytes and is changed meanwhile.
 */
struct store_place *store_place_of(uint64_t device, char *directory);

/* Whether it is known from memory alone that the place has no record of KEY; its host path. */
bool store_place_lacks(const struct store_place *place, const struct store_key *key);
bool store_place_find(struct store_place *place, const struct store_key *key, struct store_record *record);
const char *store_place_directory(const struct store_place *place);
/* Whether there was a store when it was looked at last. */
bool store_place_has_store(const struct store_place *place);

/* A store has been made or replaced: everybody has to look. */
void store_place_changed(void);

#endif
