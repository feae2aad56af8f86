/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the guest has open in an overlay: a descriptor is of one layer, and what is at its name may have become another
 * thing since, a copy of it, or nothing.
 */
#ifndef AGENT_OVERLAY_OPENED_H
#define AGENT_OVERLAY_OPENED_H

#include "agent/agent.h"
#include "view/layers.h"
#include <asm/stat.h>

struct opened {
	uint32_t mount;
	bool is_seen;		   /* it is one of the directories that are seen at its name */
	long error;		   /* of opened_find_name(): -ENOENT, or why it can't be told */
	struct layers_place place; /* of what is at its name now */
	struct stat status;
	char rest[PATH_SIZE];
	char host[PATH_SIZE]; /* what it is; from opened_find_name() on what is at its name now */
};

/* Whether FD, a descriptor or AT_FDCWD, is of something in an overlay: where its name is, and what it is. */
bool opened_find_place(int fd, struct opened *opened);

/* Whether it is of something in a lower layer, and its status. What has been removed from the upper one is not. */
bool opened_find(int fd, struct opened *opened);

/* Whether it has been removed from the upper layer. */
bool opened_is_removed(const struct opened *opened);

/* Whether something is at its name now, and what. The following are of something in a lower layer that this is known
 * of. */
bool opened_find_name(struct opened *opened);

/* Whether what is there is the copy of the regular file FD. */
bool opened_has_copy(const struct opened *opened, int fd);

/*
 * The same of what is neither a regular file nor a directory. Such copies carry no origin, but what another has made in
 * their place has another time of modification; so has a copy that has been written to.
 */
bool opened_has_special_copy(const struct opened *opened);

/* Whether it is something else than what FD is of or its copy. */
bool opened_is_replaced(const struct opened *opened, int fd);

/* Where that is so, or nothing IS_THERE, whether OPENED->host is that of the copy now, which has another name. */
bool opened_find_moved(int fd, struct opened *opened, bool is_there);

/*
 * Whether FD is of something in a lower layer, but of no regular file, that has been copied up, and the copy has not
 * been opened in its place: OPENED->host is the copy's.
 */
bool opened_is_left_behind(int fd, struct opened *opened);

/* FD becomes one of HOST_PATH, at the same position and with the same flags: 0 or a negative errno. */
long opened_replace(int fd, const char *host_path);

#endif
