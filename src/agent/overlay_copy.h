/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copying up: an object of a lower layer gets its copy in the upper one, in one step. What the kernel does is in
 * fs/overlayfs/copy_up.c.
 */
#ifndef AGENT_OVERLAY_COPY_H
#define AGENT_OVERLAY_COPY_H

#include "agent/agent.h"
#include <asm/stat.h>

/* The name that things have in the work directory: there is never more than one, and what is being removed. */
#define OVERLAY_NEW "new"

/*
 * What is at REST of overlay MOUNT, and the directories above it, are to be in the upper layer; LOCK is of its work
 * directory (overlay_copy_lock()). IS_EMPTY: a file's content is not wanted. *PLACE becomes where it is then, if not
 * NULL. 0, or a negative errno.
 */
struct layers_place;
long overlay_copy_up(int lock, uint32_t mount, const char *rest, bool is_empty, struct layers_place *place);

/* The same for the directory that the last name of REST is in. */
long overlay_copy_up_parent(int lock, uint32_t mount, const char *rest);

/* The lock of the work directory of MOUNT, in which OVERLAY_NEW is free: a descriptor, or a negative errno. */
long overlay_copy_lock(uint32_t mount);

/* The host path that REST has, or would have, in layer NUMBER, into BUF of PATH_SIZE: 0 or -ENAMETOOLONG. */
long overlay_copy_path(uint32_t mount, unsigned int number, const char *rest, char *buf);
/* A path of OVERLAY_NEW in the work directory that LOCK is of, into BUF of OVERLAY_NEW_SIZE. */
void overlay_copy_new_path(int lock, char *buf);
#define OVERLAY_NEW_SIZE 64

/* Whether what is at HOST_PATH, of the upper layer, is the copy of what FD is of. */
bool overlay_copy_is_of(const char *host_path, int fd);
/* Whether that can be told: not on all file systems. */
bool overlay_copy_has_origin(int fd);

/* Something that has been copied up comes to the directory HOST_PATH, which is to say so: ovl_set_impure(). */
void overlay_copy_note_impure(const char *host_path);

/* Remove OVERLAY_NEW, whatever it is. */
void overlay_copy_drop(int lock);

/* The same of what was a directory with MODE at REST, which has both when it goes (VIEW_REMOVED). */
void overlay_copy_drop_named(int lock, const char *rest, uint32_t mode);

#endif
