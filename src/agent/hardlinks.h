/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hard links where the file system has none (-l): image/hardlinks.h says how they lie on the disk.
 *
 * The resolver takes a name for the file it stands for, so most calls know nothing of it. What is left is
 * here and in hardlinks_change.h: names are made, removed and renamed, counted and listed.
 *
 * Names change under the lock of their links directory, which is flock(2) on it. A count is raised before its name
 * is made and lowered when its name is gone: who is killed in between leaves it too high, and so nothing is lost.
 */
#ifndef AGENT_HARDLINKS_H
#define AGENT_HARDLINKS_H

#include "agent/slot.h"
#include "image/hardlinks.h"

static inline bool hardlinks_are_on(void)
{
	return image_data()->flags & IMAGE_LINKS;
}

/* A file with names. */
struct hardlinks_file {
	int directory; /* it is in: a descriptor of O_PATH; or -1 */
	enum hardlinks_form form;
	char name[NAME_LONGEST + 1];
	char link[NAME_LONGEST + 1]; /* HARDLINKS_TERMUX: to it */
};

/*
 * The file that TEXT, of LENGTH bytes, the text of a link in DIRECTORY, is a name of: 0, with FILE to be released, or
 * -ENOENT: it is another link.
 */
long hardlinks_find(int directory, const char *text, size_t length, struct hardlinks_file *file);
void hardlinks_release(struct hardlinks_file *file);

/* The same by its canonical host path; -ENOENT where that is of none. */
long hardlinks_find_by_path(const char *host_path, struct hardlinks_file *file);

/* How many names it has; 0 where that is not known. */
unsigned long hardlinks_count(const struct hardlinks_file *file);

/* A name of the open file that the kernel calls HOST_PATH, as the guest knows it, into BUF of PATH_SIZE: its length, or
 * -ENOENT. */
long hardlinks_name(const char *host_path, char *buf);

/* Whether the link NAME in DIRECTORY is a name of FILE, by its text. */
bool hardlinks_is_name(int directory, const char *name, const struct hardlinks_file *file);

/*
 * The link in DIRECTORY with the text in BUF, of PATH_SIZE, LENGTH bytes: the host path of the file that it is a name
 * of into BUF: its length, or -ENOENT and BUF as it was. If it FOLLOWS, and the file is a link, VIEW_TEXT + the length
 * of that one's text, which is in BUF.
 */
long hardlinks_stand(int directory, char *buf, size_t length, bool follows);

/*
 * A call has written the status of what it names, or its descriptor, for the guest: put the number of names right. 0
 * or -EFAULT.
 */
long hardlinks_tell(struct call *call);

/* The status of the file that the link NAME in DIRECTORY is a name of: 0, -ENOENT where it is none, or -EACCES. */
struct stat;
long hardlinks_look(int directory, const char *name, struct stat *status);

/* Whether a call with PATH must be translated in full, because of a name in it or because its last link is not
 * followed. */
static inline bool hardlinks_want_walk(const char *path, unsigned int view_flags)
{
	return hardlinks_are_on() && (!(view_flags & (VIEW_FOLLOW | VIEW_PARENT)) || hardlinks_may_hide(path));
}

#endif
