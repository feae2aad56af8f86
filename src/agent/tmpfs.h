/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands for a fresh tmpfs: a directory of the host, made when it is mounted and
 * removed when nothing of it is mounted any more. What is left when the last guest ends the
 * supervisor removes. The kernel's limits of size are not there.
 */
#ifndef AGENT_TMPFS_H
#define AGENT_TMPFS_H

#include "agent/agent.h"
#include "view/view.h"

/*
 * Make one as the OPTIONS of mount(2) say ("" for none), where programs can be executed unless MAY_BE_NOEXEC. Its
 * host path goes to HOST of PATH_SIZE: 0 or a negative errno; -EINVAL for an option that tmpfs has not.
 */
long tmpfs_make(const char *options, bool may_be_noexec, char *host);

/* Remove the one that HOST_PATH is or lies in, with all that is in it, unless an entry of VIEW needs it. */
void tmpfs_release(const struct view *view, const char *host_path);

/* Remove all that guests with the view ID (image_data.view_id) have made; TEMPORARY is their $PROOT_TMP_DIR, or "". */
void tmpfs_remove_all(long id, const char *temporary);

#endif
