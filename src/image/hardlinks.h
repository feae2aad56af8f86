/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hard links where the file system has none (-l), as they lie on the disk.
 *
 * A file with several names is in a directory HARDLINKS_NAME, its *links directory*, under an *identity* of 16
 * hexadecimal digits. Beside it is a symbolic link, the identity with HARDLINKS_COUNT behind, whose text is the number
 * of names. Each name is a symbolic link to the file, relative: "../../.proot-links/0123456789abcdef". The links
 * directory lies in one of the directories above every name, at the place the text says or, where directories have
 * been moved since, at another: the identity counts. Thus a tree that is moved as a whole stays what it is.
 *
 * Termux's PRoot has another form, which is read and kept up: the name is a symbolic link to an absolute host path
 * DIRECTORY/.l2s.NAME0001, which is a symbolic link to DIRECTORY/.l2s.NAME0001.0002, the file. The last four digits
 * are the number of names. UserLAnd's begins with ".proot.l2s.".
 *
 * Pure functions.
 */
#ifndef IMAGE_HARDLINKS_H
#define IMAGE_HARDLINKS_H

#include "base/base.h"

#define HARDLINKS_NAME ".proot-links"
#define HARDLINKS_COUNT ".count"
/* What is about to take its place elsewhere; and, in a links directory, where a file is just being taken from. */
#define HARDLINKS_NEW ".l2s.new0000"
#define HARDLINKS_TAKING "taking"

#define HARDLINKS_ID_SIZE 17
#define HARDLINKS_COUNT_MOST 9999 /* of Termux's form */

enum hardlinks_form { HARDLINKS_NONE, HARDLINKS_OURS, HARDLINKS_TERMUX };

/* What the text of a name says. */
struct hardlinks_text {
	enum hardlinks_form form;
	size_t directory_length;     /* its first bytes name the directory the file is in; with the slash */
	char name[NAME_LONGEST + 1]; /* in that: the file's identity; of HARDLINKS_TERMUX the link to the file */
};

/* Read the text of a symbolic link, of LENGTH bytes: whether it is one of a name. */
bool hardlinks_read_text(const char *text, size_t length, struct hardlinks_text *read);

/* Into BUF of PATH_SIZE: the text of a name DEPTH directories below the one that holds the links directory. False when
 * it is too long. */
bool hardlinks_write_text(char *buf, size_t depth, const char *identity);

/* Whether NAME is an identity. */
bool hardlinks_is_identity(const char *name);
/* Sixteen digits of NUMBER. */
void hardlinks_write_identity(char identity[HARDLINKS_ID_SIZE], uint64_t number);

/* The name of the link that has the count of NAME. */
void hardlinks_count_name(char buf[NAME_LONGEST + 1], const char *name);

/* So long a count and its names may be, and each of the names. */
#define HARDLINKS_COUNT_SIZE 1024
#define HARDLINKS_HINT_MOST 480
#define HARDLINKS_HINTS 2

/* The number that TEXT, of LENGTH bytes, begins with; 0: there is none. */
unsigned long hardlinks_read_count(const char *text, size_t length);
/* The next name in the text that ends at END, from *AT on, which goes behind it: its length; 0: there is none more. */
size_t hardlinks_next_hint(const char **at, const char *end);

/* Whether NAME is that of a file in Termux's form: then its count, else 0; or of the link to one. */
unsigned long hardlinks_termux_count(const char *name);
bool hardlinks_is_termux(const char *name);
/* NAME, of a file in Termux's form, with another COUNT. False when that has no place. */
bool hardlinks_termux_recount(char *name, unsigned long count);

/* Whether NAME, of LENGTH bytes, is no name for guests: of a links directory, or of Termux's form. */
bool hardlinks_is_hidden(const char *name, size_t length);
/* Whether a component of PATH may be; a quick "no" for nearly all. */
bool hardlinks_may_hide(const char *path);

/*
 * Whether the canonical host path HOST_PATH is that of a file with names: the form, and of HARDLINKS_TERMUX the count.
 */
enum hardlinks_form hardlinks_form_of(const char *host_path);

#endif
