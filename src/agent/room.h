/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory the agent maps while the program runs. It lies behind the image, where programs have none of their
 * own: elsewhere the kernel might take the place of what the program has just unmapped, which must not be readable any
 * more, and which it may map again with MAP_FIXED.
 */
#ifndef AGENT_ROOM_H
#define AGENT_ROOM_H

#include "base/base.h"

/* An address for SIZE bytes there, page-aligned, given to nobody else; 0: there is no room left. */
unsigned long room_reserve(size_t size);

/*
 * mmap(2) of SIZE bytes there, while there is room, else wherever the kernel likes. FLAGS are MAP_PRIVATE or MAP_SHARED
 * and so on, and FD as these say. The address, or a negative errno.
 */
long room_map(size_t size, int protection, int flags, int fd);

/* munmap(2) of what room_map() has given; the last of it is given again. */
void room_unmap(void *memory, size_t size);

#endif
