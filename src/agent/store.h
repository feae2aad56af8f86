/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owners, modes and devices of objects that can't carry them in an extended attribute (image/store.h).
 *
 * An object's store is a file in the topmost directory above it, on the same file system, that the user may create
 * files in. So its path alone tells where to look, whatever is the guest's root. A store that others could
 * have put there is not trusted: it must be a regular file of the user's.
 *
 * Nothing is open between calls. Stores are mapped, once for each process, and found by the number of the file system:
 * a question costs no system call, but where the object's path has to be found out (below) and once in CLOCK_AGE_MOST,
 * when it is looked whether the files are still the same. A store that a guest makes or replaces, the others of the
 * same proot learn of at once, by a count in the page they share. With --forget what is put is
 * in memory that guests share (agent/store_memory.h), and hides what is in files, which stay as they are.
 *
 * DIRECTORY, PATH and FLAGS name the object as for newfstatat(2), to the kernel. On the way there must not be links,
 * but for one of /proc at the beginning; nor may the last component be one without AT_SYMLINK_NOFOLLOW in FLAGS. ""
 * with AT_EMPTY_PATH is the descriptor. STATUS is what the kernel says of the object.
 */
#ifndef AGENT_STORE_H
#define AGENT_STORE_H

#include "agent/agent.h"
#include "image/owner_record.h"
#include "image/store.h"
#include <asm/stat.h>

/*
 * Whether something is stored about the object. Asks the kernel when something was stored about its
 * inode (whether that is the same still), and where the object was when the view has places of its file system
 * with several stores, or none. Uses some 6 KiB of stack: for handlers.
 */
bool store_find(int directory, const char *path, unsigned long flags, const struct stat *status,
		struct owner_record *record);

/*
 * Whether something is stored about the object: FOUND, for store_remove_found() when the object is gone. As
 * store_find().
 */
bool store_look(int directory, const char *path, unsigned long flags, const struct stat *status,
		struct store_record *found);

/* The same of what is only in memory: false without --forget. */
bool store_find_forgettable(int directory, const char *path, unsigned long flags, const struct stat *status,
			    struct owner_record *record);

/* Whether the directory FD, which has STATUS, is where the store of what is in it is, or would be. */
bool store_is_in(int fd, const struct stat *status);

/*
 * From memory alone, from anywhere: true when there is nothing about the object with that inode in the file system
 * DEVICE, at PATH; NULL or a path that is not absolute: it is not known where. Otherwise store_find() has to tell.
 */
bool store_knows_none(uint64_t device, uint64_t inode, const char *path);

/*
 * Keep RECORD for the object: 0, or a negative errno as
 * chown(2) has: -EPERM where there is no place for a store, -ENOSPC, -EDQUOT, -EROFS, -EIO (its file is damaged),
 * -ENOMEM. Waits for other writers; for one that is stopped a minute, and then it is -EBUSY. Uses some 12 KiB of
 * stack.
 */
long store_put(int directory, const char *path, unsigned long flags, const struct stat *status,
	       const struct owner_record *record);

/* Forget the object, which is there: 0, also when there was nothing; or a negative errno as above. */
long store_remove(int directory, const char *path, unsigned long flags, const struct stat *status);

/*
 * Forget what was FOUND of an object on the file system DEVICE that has been removed since. What has been put meanwhile
 * about another, which has got the inode, stays. As store_remove().
 */
long store_remove_found(uint64_t device, const struct store_record *found);

/* Whether NAME, which begins with STORE_NAME, is that of a store of the user's, as listings have it. */
bool store_is_own_name(const char *name);

#endif
