/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the entries of an archive to the tree.
 */
#ifndef UNPACK_LAYER_H
#define UNPACK_LAYER_H

#include "unpack/failure.h"
#include "unpack/tree.h"

#include <archive.h>

/* What could not be made, and did not hold up the rest. */
struct layer_losses {
	unsigned long attributes, devices, lists;
	char attribute[256], device[256]; /* the first of them, and why */
};

/*
 * Put all entries of ARCHIVE into TREE, whose tree_begin_layer() has been called. IS_IMAGE: names of whiteouts are
 * whiteouts. A signal that progress.h has noted ends it with a failure.
 */
int layer_unpack(struct archive *archive, struct tree *tree, bool is_image, struct layer_losses *losses,
		 struct failure *failure);

#endif
