/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Directories of overlays that lie behind one that may not be searched. Who has such a one open, or works in it, is in
 * there still, but names, by which layers are found, do not lead to it.
 */
#ifndef AGENT_CLOSED_H
#define AGENT_CLOSED_H

#include "agent/agent.h"
#include <linux/limits.h>

/* The bytes of a path of /proc that leads to a directory. */
#define CLOSED_LINK_SIZE 64

/* That of what the descriptor DIRECTORY, or AT_FDCWD, is of. */
void closed_link(int directory, char link[CLOSED_LINK_SIZE]);

/*
 * LINK leads to the directory HOST_PATH, which is called GUEST_PATH. 0, and in *NAMED how much of GUEST_PATH leads to
 * the directory that may not be searched if it lies behind such a one and only the upper layer has it: then all below
 * is the upper layer's, and found from LINK. Else *NAMED is 0. -ENOENT: it has been removed; -EACCES: what it has in
 * other layers can't be told.
 */
long closed_find(const char *guest_path, const char *host_path, const char *link, size_t *named);

/*
 * Whether the directory of the upper layer that LINK leads to, or one above it and below the path that BEHIND, a slash
 * and names, is behind, hides lower ones. HOST_PATH of PATH_SIZE is written to.
 */
bool closed_is_opaque(const char *link, const char *behind, char *host_path);

#endif
