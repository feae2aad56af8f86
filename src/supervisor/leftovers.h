/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is left on the host when the last guest has ended: directories that stood for a
 * tmpfs guests had mounted (agent/tmpfs.h), those of --tmpfs, and that of memory in files (image/shared.h).
 */
#ifndef SUPERVISOR_LEFTOVERS_H
#define SUPERVISOR_LEFTOVERS_H

#include "image/image.h"

/* Make a directory for --tmpfs, to be removed at the end: its path goes to HOST_PATH, of PATH_SIZE. 0 or -errno. */
int leftovers_make(char *host_path);
/* Likewise for the files of shared_create(), in DATA->memory: 0 or -errno. */
int leftovers_make_memory(struct image_data *data);

/* The same for what is the user's own, in a place that serves: CHECK, told the path of one, says 0. */
int leftovers_make_where(char *host_path, int check(const char *host_path));

/*
 * The directory WORK belongs to an overlay (image/overlay.h), and goes at the end, unless somebody uses it: 0 or
 * -errno. leftovers_clear() removes it now; the caller has its lock.
 */
int leftovers_note_work(const char *work);
void leftovers_clear(const char *work);

/*
 * Before the first guest is started: should this process be killed, or end before guests it has left in the
 * background, another, which is nobody's child, removes what leftovers_make() has made when the last guest
 * has ended. It is there only if there is such a directory.
 */
void leftovers_guard(const struct image_data *data);

/* Remove what leftovers_make() has made, unless there is a guard: no guest has been started, or all have ended. */
void leftovers_drop(void);

/* Remove it, unless other processes still have the view. To be called by who has called shared_create(), or its child.
 */
void leftovers_remove(const struct image_data *data);

#endif
