/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Listings, where the guest is not who the kernel knows: devices, which are sockets to the kernel, have their
 * type, and the store of owners is not seen.
 */
#ifndef AGENT_DIRECTORY_OWNED_H
#define AGENT_DIRECTORY_OWNED_H

#include "agent/slot.h"

/* An entry as getdents64(2) and getdents(2) lay it out. */
struct entry64 {
	uint64_t inode;
	int64_t offset;
	uint16_t length;
	uint8_t type;
	char name[];
};

struct entry {
	unsigned long inode;
	unsigned long offset;
	uint16_t length;
	char name[]; /* its NUL, padding, and in the last byte the type */
};

/*
 * The kernel has written entries of LENGTH bytes for CALL: make them the guest's. How long they are then, which may
 * be 0 although there are more.
 */
long directory_tell_owned(struct call *call, long length);

#endif
