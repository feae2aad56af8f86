/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A root directory that is a file: an archive, or an image. It is unpacked by proot-unpack (unpack/main.c) into the
 * cache (cli/cache.h), or is there already.
 */
#ifndef CLI_ARCHIVE_H
#define CLI_ARCHIVE_H

#include "cli/options.h"

/*
 * If the root of CONFIG is an archive or, with --oci, an image, make the tree it is unpacked to the root, and let count
 * what the image says. 0, or a negative errno after saying what is wrong.
 */
int archive_settle(struct config *config);

#endif
