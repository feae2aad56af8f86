/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cache (cli/cache.h) while something is put into it. What is in trees/ is whole: it gets its name there in one
 * step, when it is on the disk. Whoever is killed leaves what the next one removes.
 */
#ifndef UNPACK_STORE_H
#define UNPACK_STORE_H

#include "unpack/failure.h"
#include "unpack/sha256.h"

#include <sys/stat.h>

struct store {
	const char *path; /* of the cache */
	char id[SHA256_HEX + 1];
	int lock;
	char place[PATH_SIZE]; /* new/ID */
	char tree[PATH_SIZE];  /* trees/ID */
};

/* Make the directories of the cache PATH, and remove what others have left unfinished. */
int store_open(struct store *store, const char *path, struct failure *failure);

/* Wait until nobody makes the tree ID. 1: it is there; 0: STORE->place is an empty directory; -1. */
int store_begin(struct store *store, const char *id, struct failure *failure);
/* Write a file NAME beside the tree. */
int store_write(struct store *store, const char *name, const char *text, size_t length, struct failure *failure);
/* It is whole. */
int store_commit(struct store *store, struct failure *failure);
/* Let others go on. What has been begun and is not whole is removed. */
void store_close(struct store *store);

/* Note that the file of STATUS, wanted for CPU, is what the tree is made of. A hint: errors do not matter. */
void store_note_file(const struct store *store, const struct stat *status, const char *cpu);

#endif
