/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SHA-256 (FIPS 180-4), by which images name their parts. libarchive has none for its users, a cryptographic library
 * is much for one function, and the kernel's (AF_ALG) is not in every kernel nor allowed in every container.
 */
#ifndef UNPACK_SHA256_H
#define UNPACK_SHA256_H

#include "base/base.h"

#define SHA256_HEX 64

struct sha256 {
	uint32_t state[8];
	uint64_t length; /* bytes so far */
	uint8_t block[64];
};

void sha256_begin(struct sha256 *sha);
void sha256_add(struct sha256 *sha, const void *data, size_t length);
/* The digest in lower-case hexadecimal, with a NUL. SHA can't be added to any more. */
void sha256_end(struct sha256 *sha, char hex[SHA256_HEX + 1]);

#endif
