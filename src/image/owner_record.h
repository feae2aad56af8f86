/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The value of the extended attribute that a file's owner is kept in: a protocol buffers message, of which
 * other tools for images without root know the first two fields (rootlesscontainers.proto, message Resource).
 *
 *	1  varint  uid
 *	2  varint  gid
 *	3  varint  mode: type and permission, where they are not the inode's
 *	4  varint  device, of a block or character device: st_rdev as stat(2) has it
 *
 * A field that is absent is 0, or for the mode: the inode's. Others are passed over. Pure functions; what is read
 * may be anything.
 */
#ifndef IMAGE_OWNER_RECORD_H
#define IMAGE_OWNER_RECORD_H

#include "base/base.h"

#define OWNER_ATTRIBUTE "user.rootlesscontainers"

/* A uid or gid that is not told: that of the inode. The specification's NoopID. */
#define OWNER_KEEP (~0u)

/* The longest that owner_record_write() makes: three numbers of 32 bits, one of 64, their tags. */
#define OWNER_RECORD_SIZE 29

struct owner_record {
	uint32_t uid, gid;
	uint32_t mode; /* with HAS_MODE: st_mode, type and permission */
	bool has_mode;
	uint64_t device; /* 0: none */
};

/*
 * Write RECORD as the attribute's value: its length, which is 0 for the owner 0:0 and nothing else (an
 * attribute without a value is one, too). Where SIZE is less, BUF holds no more than SIZE bytes of it.
 */
size_t owner_record_write(const struct owner_record *record, unsigned char *buf, size_t size);

/* Read a value of SIZE bytes; false when it is malformed, and then RECORD means nothing. */
bool owner_record_read(struct owner_record *record, const unsigned char *value, size_t size);

#endif
