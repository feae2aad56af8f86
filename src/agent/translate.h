/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Path arguments of a call: from what the guest wrote to what the kernel takes.
 */
#ifndef AGENT_TRANSLATE_H
#define AGENT_TRANSLATE_H

#include "agent/slot.h"

enum translate_flags {
	TRANSLATE_FULL = 1,	 /* always fill paths[].result */
	TRANSLATE_NO_LINKS = 2,	 /* a symbolic link anywhere is ELOOP */
	TRANSLATE_NO_MAGIC = 16, /* one of those of /proc that are no text is */
	TRANSLATE_MAY_MAKE = 4,	 /* the call may make the last component */
	/*
	 * The caller uses paths[].object if there is one. And where a relative
	 * path of one component passes as it is, its last link is the
	 * caller's to look for.
	 */
	TRANSLATE_OBJECT = 8,
};

/* Result: there is no path to translate (NULL or ""): the kernel takes the descriptor, or refuses. */
#define TRANSLATE_NOTHING 1

/*
 * Translate path WHICH of the call's row into call->paths[WHICH] and put it in
 * call->arguments. 0, TRANSLATE_NOTHING, or a negative errno as the kernel has
 * it for a bad path.
 */
long translate_path(struct call *call, unsigned int which, unsigned int flags);

/*
 * Path WHICH can't be translated, because of ERROR. The kernel looks at other
 * arguments before it looks a path up, so it is asked: the call is made with a
 * path of which it says the same error. Returns the call's result.
 */
long translate_refuse(struct call *call, unsigned int which, long error);

/*
 * A path of which the kernel says ERROR, or ENOENT, or NULL where there is none
 * to be had. Nothing can be made or changed by it.
 */
const char *translate_path_of_error(long error);

/*
 * As translate_path() for a path that is no argument: GUEST_PATH, in slot->path[0],
 * relative to DIRECTORY, with VIEW_FOLLOW and its kind, into call->paths[0].
 */
long translate_text(struct call *call, int directory, unsigned int view_flags, unsigned int flags);

/*
 * The canonical guest path of the directory a descriptor (or AT_FDCWD) refers
 * to, "" for the root, into BUF of PATH_SIZE: 0, -EBADF, or -ENOENT when it has
 * none in the view. SCRATCH is overwritten.
 */
long translate_directory(int directory, char *buf, char *scratch);

/* The nearest directory above a virtual one that has a host path: written to BUF of PATH_SIZE. */
void translate_stand_in(const char *guest_path, char *buf);

/* The inode number stat(2) reports for a virtual directory. */
uint64_t translate_virtual_inode(uint32_t binding);

#endif
