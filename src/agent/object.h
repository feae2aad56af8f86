/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The object a call is about, held by a descriptor: for calls of one path that look
 * at it and change it in more than one step.
 */
#ifndef AGENT_OBJECT_H
#define AGENT_OBJECT_H

#include "agent/slot.h"
#include <asm/stat.h>
#include <linux/stat.h>

static inline bool status_is_directory(const struct stat *status)
{
	return (status->st_mode & S_IFMT) == S_IFDIR;
}

static inline bool status_is_regular_or_directory(const struct stat *status)
{
	return status_is_directory(status) || (status->st_mode & S_IFMT) == S_IFREG;
}

struct object {
	int fd;		    /* maybe of O_PATH; of a link where that is not followed */
	bool is_opened;	    /* the descriptor is to be closed: it is neither the guest's nor the path's */
	struct stat status; /* as the kernel has it, but for modes that are raised: agent/raised.h */
	char name[48];	    /* of the descriptor: the kernel goes from here to the object */
};

/*
 * Hold what path 0 of CALL names, or the descriptor where the path is empty and the
 * call takes that. 0; or what the guest is to be told, a negative errno. object_release() in any case.
 */
long object_take(struct call *call, struct object *object);
/* The same for the guest's descriptor FD; one of O_PATH is -EBADF, as calls by descriptor have it. */
long object_take_descriptor(int fd, struct object *object);
/* The same for any descriptor. */
long object_take_any(int fd, struct object *object);
/* The same for what relative paths begin at: a descriptor or AT_FDCWD. */
long object_take_directory(int directory, struct object *object);
/* The entry NAME of DIRECTORY, which may be a link. */
long object_take_entry(int directory, const char *name, struct object *object);
/* What HOST_PATH names, which leads through no link; the last may be one. */
long object_take_plain(const char *host_path, struct object *object);
void object_release(struct object *object);
/* chmod(2) for the guest: 0 and the new status, or a negative errno. */
long object_change_mode(struct object *object, uint32_t mode);
/* The guest has been given all of the mode another way: the same. */
long object_look_changed(struct object *object);
/* Look at the status once more: 0 or a negative errno. */
long object_look(struct object *object);
/* Something has been done for the guest that may have changed the mode: 0 and the new status, or a negative errno. */
long object_look_again(struct object *object);

#endif
