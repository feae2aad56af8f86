/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files with several names (image/hardlinks.h), for the command.
 */
#ifndef CLI_HARDLINKS_H
#define CLI_HARDLINKS_H

#include "image/hardlinks.h"

/*
 * The host path of the file that the link HOST_PATH, canonical but for its last component, is a name of, into BUF of
 * PATH_SIZE: its length; -EINVAL where it is no name, -ENOENT where the file is gone. Its text, LENGTH bytes, may be in
 * BUF already; negative: it is not. After an error it is as it was. Of Termux's form the link to the file goes to LINK,
 * of PATH_SIZE, if not NULL.
 */
long hardlinks_find_file(const char *host_path, char *buf, long length, char *link);

/*
 * Whether PATH is a file, of any kind but a directory, and no link that was to exchange its place with one when a
 * process was killed.
 */
bool hardlinks_is_file(const char *path);

#endif
