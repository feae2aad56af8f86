/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest is, as text that another build of proot understands: strings with a NUL behind each,
 * "NAME=VALUE". A name keeps its meaning for ever, as the bits of flags do; one that is not known is left out. So
 * a proot can run inside one of another version: with its own agent, which shares no memory with the outer's.
 */
#ifndef IMAGE_DESCRIBE_H
#define IMAGE_DESCRIBE_H

#include "image/nest.h"

/*
 * Raised when the filter of one build does not serve the agent of another any more: the gate's address, FINISH_NUMBER,
 * what image/filter_data.h has, or the questions of image/nest.h.
 */
#define DESCRIBE_GATE "1"

/* Takes the next SIZE bytes: 0 or a negative errno. */
typedef long describe_put(void *context, const void *bytes, size_t size);

/* Write NEST, where the machine is called as KERNEL says. 0, or what PUT said. */
long describe_write(const struct nest *nest, const struct kernel *kernel, describe_put *put, void *context);

/*
 * Read SIZE bytes of that into NEST, whose data becomes DATA: all zero, with room for a view of CAPACITY bytes and
 * BINDINGS places besides the root. 0; -ENOSPC: there is too little room; -EPROTO: it is nothing that this build
 * understands.
 */
long describe_read(struct nest *nest, struct image_data *data, size_t capacity, uint32_t bindings, const char *text,
		   size_t size);

#endif
