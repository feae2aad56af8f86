/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A path that has been resolved is only text, and others may rename what it
 * leads through before the kernel reads it: a link in the place of a directory
 * would then lead to the host's files, and so would a ".." whose directory has
 * moved up. So the kernel is told by a descriptor what was resolved: of the
 * object, or of the directory that holds the last component, which is not
 * followed. It is opened by names alone, which the kernel checks itself
 * (RESOLVE_NO_SYMLINKS, Linux 5.6).
 */
#ifndef AGENT_PIN_H
#define AGENT_PIN_H

#include "agent/slot.h"

/* Not an errno: a name has come to lead elsewhere since it was looked at. Resolve anew. */
#define PIN_AGAIN (-4097)

enum pin_kind {
	PIN_NONE,   /* not needed */
	PIN_OBJECT, /* the object, which is no link; the call follows what it is told */
	PIN_LINK,   /* the object, which may be a link, for a caller that takes path->pin */
	PIN_PARENT, /* the directory that holds the last component; the call does not follow that */
};

/*
 * Open what path->directory and path->path name, unless path->pin is of it
 * already: path->directory and path->path become what the call is to be made
 * with. TAKES_DIRECTORY: it takes a descriptor and a path. NAME has
 * PIN_NAME_SIZE bytes. 0, PIN_AGAIN, or a negative errno as the call itself
 * would find it on its way. Where no descriptor is to be had, the names serve.
 */
long pin_path(struct host_path *path, enum pin_kind kind, bool takes_directory, char *name);

/*
 * PATH, which is plain, is about to be held by the directory of its last
 * component: take that of OTHER, which is, if it is the same.
 */
void pin_borrow(struct host_path *path, const struct host_path *other);

/* Whether what lies at HOST_PATH is held at all: in /proc, and of the root itself, names are enough. */
bool pin_holds_place(const char *host_path);

/* What follows in path->path behind the link of /proc it may begin with. */
const char *pin_name_behind(const struct host_path *path);

/* Whether NAME may begin with "..": what it leads to depends on where its start has been moved to. */
bool pin_goes_up(const char *name);

/* Whether the last component of NAME is "." or "..": it has no name of its own. */
bool pin_ends_in_dots(const char *name);

/* Whether the object FD, opened by NAME, lies in the mount it should, if that goes up. */
bool pin_is_of_mount(const char *name, int fd, uint32_t mount);

/*
 * readlink(2) of PATH, relative to DIRECTORY, or PIN_AGAIN where what that says
 * may not be of this path, because there is a link on the way. At its beginning
 * may be LINK, of /proc, or "". The directory it is in is left open in *PARENT,
 * for the caller to close, or that is -1; PARENT may be NULL. Where nothing has
 * changed since MARK, before the names on the way were looked at, they are
 * trusted without it.
 */
long pin_read_link(int directory, const char *link, const char *path, char *buf, size_t size, int *parent,
		   plain_stamp mark);

/*
 * Open the directory that holds the last component of PATH, relative to DIRECTORY; at its beginning may be LINK, as
 * above. PATH is changed meanwhile. A descriptor of O_PATH, PIN_AGAIN where a link is on the way, or a negative errno.
 */
long pin_open_parent(int directory, const char *link, char *path);

/* Give back the directory of the last link that was followed; all that a path, or the call's, hold. */
void pin_let_go(struct host_path *path);
void pin_close(struct host_path *path);
void pin_release(struct call *call);
/* Give the new descriptor FD the number of what is held, if that is lower: its number then. */
int pin_take_place(struct call *call, int fd);
/*
 * FD is new, and others were held when it was made: it gets the lowest number that is free, as if there had been none.
 * The number, or -EMFILE, where FD lies beyond the limit and there is none: then it is closed.
 */
long pin_lowest(int fd);
bool pin_is_held(const struct call *call);

#endif
