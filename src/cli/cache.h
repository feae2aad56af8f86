/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where unpacked archives are kept, for the command, which looks for them, and proot-unpack, which makes them:
 *
 *	trees/ID/rootfs		the tree
 *	trees/ID/image		what the image wants to be run as (cli/oci.h), if it was one
 *	trees/ID/source		the path of what it was unpacked from, for people
 *	files/FILE		a link whose text is the ID of what the file was unpacked to: a hint that saves reading
 *it new/ID, new/ID.lock	a tree that is being made, and a file that is locked meanwhile
 *
 * An ID is a digest of the content, so a file that is moved or copied leads to the same tree, and one that was changed
 *to another.
 */
#ifndef CLI_CACHE_H
#define CLI_CACHE_H

#include "base/base.h"

#include <sys/stat.h>

#define CACHE_TREES "trees"
#define CACHE_NEW "new"
#define CACHE_FILES "files"
#define CACHE_ROOT "rootfs"
#define CACHE_IMAGE "image"
#define CACHE_SOURCE "source"

/*
 * The name below CACHE_FILES of the file that STATUS is of, and the CPU (GOARCH) that its image is wanted for, in BUF
 * of NAME_LONGEST + 1. Who changes the file changes its time of change.
 */
void cache_name_file(const struct stat *status, const char *cpu, char *buf);

#endif
