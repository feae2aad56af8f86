/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owners, modes and devices of files as the guest sees them. A file of the user's own
 * that has been given none inside belongs to identity.uid and .gid; others keep the host's.
 *
 * What is given lasts, with the file: in the attribute OWNER_ATTRIBUTE of regular files and
 * directories; of others, and where file systems have no such attributes, in a store (agent/store.h).
 * A file that has it can be read by its real owner, for else so could not the attribute.
 */
#ifndef AGENT_OWNER_H
#define AGENT_OWNER_H

#include "agent/agent.h"
#include "agent/object.h"
#include "image/owner_record.h"
#include "image/store.h"
#include <asm/stat.h>
#include <linux/stat.h>

/*
 * STATUS is what the kernel says of PATH, relative to DIRECTORY, as newfstatat(2) with
 * FLAGS: make it what the guest is to see. PATH is for the kernel, not the guest's; "" with
 * AT_EMPTY_PATH in FLAGS is the descriptor itself.
 */
void owner_tell(int directory, const char *path, unsigned long flags, struct stat *status);

/* The same for an object, into STATUS; and what is stored of it into RECORD (or what would be: the default). */
void owner_of(const struct object *object, struct stat *status, struct owner_record *record);

/* Store RECORD for a file of the user's: 0 or a negative errno. What is the default takes no room. */
long owner_put(struct object *object, const struct owner_record *record);

/*
 * The bits of a mode that a file of MODE's type has for the guest only: a program that is set-user-id inside must
 * not be so on the machine, where it would make the user of whoever executes it.
 */
static inline uint32_t owner_hidden_bits(uint32_t mode)
{
	return (mode & S_IFMT) == S_IFREG || !(mode & S_IFMT) ? S_ISUID | S_ISGID : 0;
}

/* Whether the kernel lets us change the object as its owner. */
bool owner_is_users(const struct object *object);

/*
 * Whose an entry is that the calling thread makes in the directory PARENT, relative to DIRECTORY: into RECORD. False
 * where that is what it is without more. *MODE, of a file, loses what the kernel would take from it, and what RECORD
 * has of it; may be NULL.
 */
bool owner_of_new(int directory, const char *parent, struct owner_record *record, uint64_t *mode);
/* The entry NAME of DIRECTORY, or where FD >= 0 what is open there, has just been made: 0 or a negative errno. */
long owner_put_new(int directory, const char *name, int fd, const struct owner_record *record);

/*
 * A call is about to remove the entry PATH, as it was translated: what a store has of the object then. owner_drop(),
 * when the call has succeeded, takes it out. Not of regular files, directories and fifos: who has them open goes on
 * asking.
 */
struct owner_remains {
	bool is_kept;
	struct stat status;
	struct store_record found;
};
struct host_path;
void owner_look_before(const struct host_path *path, struct owner_remains *remains);
void owner_drop(const struct host_path *path, const struct owner_remains *remains);
/* Whether MODE is a device's; and that of a record, which the kernel has as a socket. */
bool owner_is_device(uint32_t mode);
bool owner_record_is_device(const struct owner_record *record);

/* The number of a device as struct stat has it. */
uint64_t owner_device(uint32_t major, uint32_t minor);

/*
 * Turn what stat calls have written at the guest's address AT, of PATH and so on, into what the guest is to
 * see: 0 or -EFAULT. IS_STATX: it is a struct statx.
 */
long owner_tell_guest(int directory, const char *path, unsigned long flags, unsigned long at, bool is_statx);

/* getxattr(2) of a file named as for owner_tell(). */
long owner_get_attribute(int directory, const char *path, unsigned long flags, const char *attribute, void *value,
			 size_t size);

#endif
