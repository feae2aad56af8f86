/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Links of /proc that name host paths, as the guest sees them.
 */
#ifndef AGENT_PROC_H
#define AGENT_PROC_H

#include "agent/agent.h"

/*
 * The host says that HOST_PATH, below /proc, is a link with the text BUF of
 * LENGTH bytes. If it is one the kernel follows by itself, what the resolver
 * is to be told (struct view_operations.read_link), and *IS_MAGIC; LENGTH for
 * others. BUF has PATH_SIZE bytes.
 */
long proc_translate_link(const char *host_path, char *buf, long length, bool is_last, bool *is_magic);

/*
 * The guest path that the link HOST_PATH leads to, in BUF of PATH_SIZE, if it
 * is one the kernel follows by itself (exe, cwd, root, fd/N, map_files) and
 * its host text TEXT names a place of the view: the length, else -ENOENT.
 */
long proc_link_guest(const char *host_path, const char *text, char *buf);

/* Whether HOST_PATH is the link to the calling process's cwd. */
bool proc_is_own_cwd(const char *host_path);

/* What descriptor DIRECTORY refers to (AT_FDCWD: the cwd): its host path with a final NUL, in BUF of PATH_SIZE. */
long proc_read_descriptor(int directory, char *buf);

/* view_to_guest() for agent use: "" is the root, and knows the host stand-ins of virtual directories. */
long proc_to_canonical_guest(const char *host_path, char *buf);

#endif
