/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file of a store: opened, locked, written, grown. Nothing is remembered here.
 */
#ifndef AGENT_STORE_FILE_H
#define AGENT_STORE_FILE_H

#include "agent/agent.h"
#include "image/store.h"
#include <asm/stat.h>

/* The longest host path of a directory with a store, without its NUL. */
#define STORE_DIRECTORY_MOST 511
#define STORE_PATH_SIZE (STORE_DIRECTORY_MOST + 1 + STORE_NAME_SIZE)

/* The path of the file in DIRECTORY ("" is the root), of STORE_DIRECTORY_MOST bytes at most. */
void store_file_path(const char *directory, char buf[STORE_PATH_SIZE]);

/* Open PATH, also when the guest has no descriptor left: it is to be closed before the call is done. */
long store_file_open_any(const char *path, unsigned long flags);

/*
 * Open PATH if it is a file that may be trusted: the descriptor and its STATUS, or a negative errno; -EPERM when
 * it is something else.
 */
long store_file_open(const char *path, unsigned long flags, struct stat *status);

/* The header of the open file; false when it is no store, or is not whole. */
bool store_file_read_header(int fd, const struct stat *status, uint32_t *bits);
/* The record of KEY, by reading; as store_find_in(). */
bool store_file_find(int fd, uint32_t bits, const struct store_key *key, struct store_record *record);

/* One that is being written to: no other writer is. */
struct store_file {
	int fd;
	uint32_t bits;
	const char *path;
	bool has_changed; /* it was made, or replaced: others have to look */
};

/* Open PATH, made if MAKES, and keep other writers out: 0 or a negative errno. */
long store_file_begin(struct store_file *file, const char *path, bool makes);
/* 0 or a negative errno; -ENOENT of what is not there to be removed (store_remove_from()). The file may have grown. */
long store_file_put(struct store_file *file, const struct store_record *record);
long store_file_remove(struct store_file *file, const struct store_record *record);
void store_file_end(struct store_file *file);

/* Keep other writers out of what FD is open of: 0, or -EBUSY after a minute; or another errno. */
long store_file_lock(int fd);
/* Let them in, also when a child has got the descriptor meanwhile, and close it. */
void store_file_close(int fd);

#endif
