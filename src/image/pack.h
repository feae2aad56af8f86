/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The agent in a static command is packed: it would be more than half of the file. The build converts and compresses
 * it (src/pack, gzip), the command does the reverse. Pure functions.
 *
 * The format is gzip's, RFC 1952, without a name or other fields, of one member; what is in it RFC 1951 has.
 */
#ifndef IMAGE_PACK_H
#define IMAGE_PACK_H

#include "base/base.h"

/* Whether the SIZE bytes at PACKED are packed. */
bool pack_is_packed(const unsigned char *packed, size_t size);
/* How many bytes the SIZE bytes at PACKED are unpacked. */
size_t pack_size(const unsigned char *packed, size_t size);
/* Unpack them to OUT, which has room for pack_size(). False: they are damaged. Not for two threads at once. */
bool pack_unpack(const unsigned char *packed, size_t size, unsigned char *out);

/*
 * Calls and jumps in x86 code say how far it is to where they lead. Where many lead to one place what is said becomes
 * the same when it is that place, and packs better. In code of other CPUs, and in data, bytes change too, and come
 * back: convert and restore are each other's reverse for whatever SIZE bytes, less than 2 GiB.
 */
void pack_convert(unsigned char *code, size_t size);
void pack_restore(unsigned char *code, size_t size);

#endif
