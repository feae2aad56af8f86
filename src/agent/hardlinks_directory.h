/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A links directory: found or made, locked, and the counts in it. See hardlinks.h.
 */
#ifndef AGENT_HARDLINKS_DIRECTORY_H
#define AGENT_HARDLINKS_DIRECTORY_H

#include "agent/hardlinks.h"

/*
 * The directory that is to hold the links directory for names in the directory HOST_PATH, canonical, on DEVICE: its
 * length, a part of HOST_PATH, "" for the root. That is the topmost one in which the user may write, rather not one
 * that is everybody's; not above what the view shows, nor with the root / above where proot was started. -EACCES: there
 * is none.
 */
long hardlinks_directory_choose(const char *host_path, uint64_t device);

/* Make and lock that of the directory HOST_PATH, of LENGTH bytes: a descriptor or a negative errno. */
long hardlinks_directory_open(const char *host_path, size_t length);

/* Lock that of FILE: a descriptor, or a negative errno; -ENOENT where the file is gone from there. */
long hardlinks_directory_lock(const struct hardlinks_file *file);

/*
 * Give it back, and remove it when it is EMPTIED and there is nothing in it any more. What a process that was killed
 * has left half done, hardlinks_directory_open() and _lock() bring to its end.
 */
void hardlinks_directory_unlock(int directory, bool emptied);

/* Its host path, without its own name, into BUF of PATH_SIZE: the length or a negative errno. */
long hardlinks_directory_place(int directory, char *buf);

/*
 * Put COUNT in the place of what is kept for FILE, in the locked DIRECTORY: 0 or a negative errno. HINT is a new name's
 * path, relative to where DIRECTORY is; or NULL.
 */
long hardlinks_directory_count(int directory, struct hardlinks_file *file, unsigned long count, const char *hint);
/* One name less: with the last one the file goes. */
void hardlinks_directory_drop(int directory, struct hardlinks_file *file);

/*
 * Remove the links directory in PARENT if no file is in it, with what processes that were killed have left there.
 * Whether it has been.
 */
bool hardlinks_directory_clear(int parent);

/* The link TEXT in the place of NAME in the directory TO. */
long hardlinks_directory_put(int directory, const char *text, int to, const char *name);

/* How many directories HOST_PATH, of a directory below the first LENGTH bytes, lies below those; false: it does not. */
bool hardlinks_depth(const char *host_path, size_t length, size_t *depth);

#endif
