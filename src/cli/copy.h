/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_COPY_H
#define CLI_COPY_H

/*
 * Make TO a copy of FROM, a regular file or a symbolic link: what is in it, mode, owner as far as that may be given,
 * attributes and times. 0 or a negative errno, and then there is no TO. -EOPNOTSUPP for anything else.
 */
int copy_file(const char *from, const char *to);

#endif
