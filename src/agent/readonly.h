/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Read-only mounts of the guest: bindings with VIEW_READ_ONLY. The kernel knows
 * nothing of them, so whoever would change something there is told EROFS here,
 * in the kernel's order: what is wrong with other arguments, and what there is
 * or is not at the path, comes before (fs/namei.c, fs/open.c, Linux 6.18).
 *
 * The one place that calls with a path pass is translate_path(): it says
 * -EROFS, and translate_refuse() asks readonly_refuse() for what that is. Rows with
 * two paths, open(2), access(2) and bind(2) ask for themselves. Views without such
 * a binding pay one look at view->flags.
 */
#ifndef AGENT_READONLY_H
#define AGENT_READONLY_H

#include "agent/slot.h"

/* Whether there is a read-only mount at all. */
static inline bool readonly_is_there(void)
{
	return the_view()->flags & VIEW_READ_ONLY;
}

/* Whether entry MOUNT of the view is one. */
static inline bool readonly_is_mount(uint32_t mount)
{
	return view_binding(the_view(), mount)->flags & VIEW_READ_ONLY;
}

/* Whether CALL is one of those that must know the mount of what they change. */
static inline bool readonly_matters(const struct call *call)
{
	return call->row->writes && readonly_is_there();
}

/* Whether the object that PATH, translated, names lies on a read-only mount; or with IS_ENTRY the directory it is in.
 */
bool readonly_holds(const struct host_path *path, bool is_entry);
/* The same of the object of a descriptor, or of AT_FDCWD. Not of what has no place in the view. */
bool readonly_holds_descriptor(int fd);

/*
 * The path WHICH of CALL, whose row WRITES, has been translated, with STATUS: 0, or
 * -EROFS when the call would change a read-only mount. Of rows with two paths nothing is said.
 */
long readonly_check(struct call *call, unsigned int which, long status);
/* The call would do that to what path WHICH names: the error the guest is told, or, where nothing would be done, 0. */
long readonly_refuse(struct call *call, unsigned int which);

/* For rows that change the object of the descriptor in argument 0: 0, or what the guest is told. */
long readonly_check_descriptor(struct call *call);

/* Whether an open with FLAGS might change such a mount: the path has to be looked at. */
bool readonly_may_forbid(uint64_t flags);
/* Before an open with FLAGS of call->paths[0], translated: whether it would change, or be able to change, such a mount.
 */
bool readonly_forbids_open(const struct call *call, uint64_t flags);
/*
 * Then, when the kernel finds nothing wrong with the other arguments: a negative errno; PIN_AGAIN, when
 * the path has to be translated anew; or READONLY_OPENS, for a device, a fifo, or what is only to be
 * read, may be opened: call_resume_waiting() does that, with what slot->spare says.
 */
long readonly_open(struct call *call, uint64_t flags);
#define READONLY_OPENS 1

/* bind(2) to the name that path 0 has been translated to, on such a mount: the errno. */
long readonly_refuse_name(struct call *call);

/* access(2) for writing has been granted by the kernel: 0 or -EROFS. The path is translated anew. */
long readonly_check_access(struct call *call);

/*
 * What the kernel says of CALL, which is about a descriptor, for its other arguments, with one that is none: -EBADF:
 * nothing. call->arguments are changed.
 */
long readonly_ask_by_descriptor(struct call *call);

/* Whether CALL sets times that are none: vfs_utimes(), fs/utimes.c, says so before it knows the mount. */
bool readonly_has_bad_times(const struct call *call);

#endif
