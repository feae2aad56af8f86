/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Directories so far down that the kernel does not tell their path, because it
 * is longer than PATH_MAX on the host.
 */
#ifndef AGENT_DEEP_H
#define AGENT_DEEP_H

#include "agent/agent.h"

/* No path that is used of a directory above is longer. */
#define DEEP_KNOWN_MOST 2000

/*
 * A base for walks of GUEST_PATH from such a DIRECTORY: the path of a directory above it, and
 * for each step down from there a component that is no name, but for more than such a walk may go up again:
 * VIEW_CUT stands for all of those. As long as the walk is anchored none of these is spoken; no binding is that
 * far down. Guest and host path into buffers of PATH_SIZE. How many bytes at the end of both are no
 * names, or a negative errno, -ENOENT when it lies outside of the view.
 */
long deep_find_base(int directory, const char *guest_path, char *guest_base, char *host_base);

/* Whether a path from such a base has a component that is no name: then it can't be said elsewhere. */
bool deep_is_nameless(const char *path);

/*
 * Whether such a DIRECTORY lies below HOST_PATH, of LENGTH bytes, as far as one
 * may look; of what is no directory there is no telling, and it does. BUF has
 * PATH_SIZE bytes.
 */
bool deep_is_below(int directory, const char *host_path, size_t length, char *buf);

#endif
