/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One store, for the checker: what its file has that is wrong by itself, and its records, each to be marked when its
 * object is met.
 */
#ifndef CLI_CHECK_STORE_H
#define CLI_CHECK_STORE_H

#include "image/store.h"
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

/* What the checker counts. */
struct check {
	bool repairs;
	uid_t user;	       /* whose stores and files */
	unsigned long records; /* looked at */
	unsigned long files;
	unsigned long problems;
	unsigned long left; /* of those, not repaired */
};

/* A record, and where it is. */
struct checked_record {
	struct store_record record;
	uint32_t bucket;
	unsigned int slot;
	bool is_met;   /* there is such an object */
	bool is_anew;  /* there is one with its inode that was made later */
	bool is_twice; /* its object has an attribute, which counts */
};

struct checked_store {
	char path[PATH_MAX];
	char directory[PATH_MAX];
	dev_t device; /* of the directory */
	uint32_t bits;
	struct checked_record *records; /* sorted by inode; to be given to free() */
	size_t count;
};

/* Say that something is wrong, as printf(3): one more problem. IS_REPAIRED: it is no more. */
void check_say(struct check *check, bool is_repaired, const char *format, ...) __attribute__((format(printf, 3, 4)));

/*
 * Read the store in DIRECTORY, and check, and repair, what is wrong with the file: false when there is none, or none
 * that can be used.
 */
bool check_store_open(struct check *check, struct checked_store *store, const char *directory);

/* The object PATH has been met, of which STATUS was told; HAS_ATTRIBUTE: its owner is kept in that. */
void check_store_meet(struct checked_store *store, const char *path, const struct stat *status, bool has_attribute);

/* All objects have been met: say, and remove, what is of none. IS_SURE: there was nothing that could not be looked
 * into. */
void check_store_close(struct check *check, struct checked_store *store, bool is_sure);

#endif
