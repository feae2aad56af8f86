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
	 * The caller uses paths[].pin if there is one: of the object itself. And where a relative
	 * path of one component passes as it is, its last link is the
	 * caller's to look for.
	 */
	TRANSLATE_OBJECT = 8,
	/* Names only: the caller sees to it that they lead where they should (agent/pin.h). */
	TRANSLATE_NAME = 512,
	/* The caller knows what paths[].is_plain means. With TRANSLATE_OBJECT too the last link is the caller's to look
	   for. */
	TRANSLATE_PLAIN = 32,
	/* Flags for the resolver as they are. They want TRANSLATE_FULL. */
	TRANSLATE_OF_VIEW = VIEW_BENEATH | VIEW_IN_ROOT | VIEW_NO_MOUNTS,
};

/* Result: there is no path to translate (NULL or ""): the kernel takes the descriptor, or refuses. */
#define TRANSLATE_NOTHING 1

/*
 * A walk of several look-ups during which names have changed may not be one of
 * the kernel's. It is made again; at this try holding what it goes through, which
 * takes longer, and is right whatever changes. Not earlier: the first try of an open
 * finds links in the way, which is usual.
 */
#define TRANSLATE_HOLDING_TRY 2

/*
 * Translate path WHICH of the call's row into call->paths[WHICH] and put it in
 * call->arguments. 0, TRANSLATE_NOTHING, or a negative errno as the kernel has
 * it for a bad path; -EROFS where the call would change a read-only mount.
 */
long translate_path(struct call *call, unsigned int which, unsigned int flags);

/*
 * The second half of that, after TRANSLATE_NAME: hold what path WHICH has come
 * to name. 0; PIN_AGAIN when it has to be translated anew, with TRANSLATE_FULL;
 * or a negative errno.
 */
long translate_hold(struct call *call, unsigned int which);

/*
 * Path WHICH can't be translated, because of ERROR. The kernel looks at other
 * arguments before it looks a path up, so it is asked: the call is made with a
 * path of which it says the same error. Returns the call's result.
 */
long translate_refuse(struct call *call, unsigned int which, long error);

/*
 * The same for who looks at paths himself, with all arguments as the guest has them: what the kernel says of others
 * than path WHICH, or ERROR, if they are right.
 */
long translate_refuse_own(struct call *call, unsigned int which, long error);

/*
 * A path of which the kernel says ERROR, or of EACCES where all may be seen
 * ENOENT; NULL where there is none to be had. Nothing can be made or changed by it.
 */
const char *translate_path_of_error(long error);

/*
 * As translate_path() for a path that is no argument: GUEST_PATH, in slot->path[0],
 * relative to DIRECTORY, with VIEW_FOLLOW and its kind, into call->paths[0].
 */
long translate_text(struct call *call, int directory, unsigned int view_flags, unsigned int flags);

/*
 * Whether the relative PATH can go to the kernel as it is, as far as its text
 * tells: no binding can be met on its way. COUNT gets the number of components.
 */
bool translate_passes_as_is(const char *path, unsigned int view_flags, bool removes, unsigned int *count);

/* Whether PATH is absolute, ends in a name, and may have neither a link nor a binding on its way that matters. */
bool translate_may_be_plain(const char *path, unsigned int view_flags, bool removes);

/*
 * The canonical guest path of the directory a descriptor (or AT_FDCWD) refers
 * to, "" for the root, into BUF of PATH_SIZE: 0, -EBADF, or -ENOENT when it has
 * none in the view. SCRATCH is overwritten.
 */
long translate_directory(int directory, char *buf, char *scratch);

/*
 * How the kernel is told the directory that holds the last component of PATH,
 * which the call makes or removes, or is named by it: a name that ends in ".",
 * relative to *DIRECTORY. Lies in slot->spare or in slot->scratch.link.
 */
char *translate_parent(const struct call *call, const struct host_path *path, int *directory);

/* To look into the layers of an overlay: only that one question may be asked by it. */
#pragma GCC visibility push(hidden)
extern const struct view_operations translate_look;
#pragma GCC visibility pop

/* The nearest directory above a virtual one that has a host path: written to BUF of PATH_SIZE. */
void translate_stand_in(const char *guest_path, char *buf);

/* The inode number stat(2) reports for a virtual directory. */
uint64_t translate_virtual_inode(uint32_t binding);

#endif
