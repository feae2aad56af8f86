/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/room.h"
#include "agent/agent.h"
#include <linux/mman.h>

static unsigned long next = IMAGE_ROOM_ADDRESS;

unsigned long room_reserve(size_t size)
{
	unsigned long whole = ALIGN_UP(size, 0x1000ul), at;

	if (whole < size || whole > IMAGE_ROOM_SIZE)
		return 0;
	at = __atomic_fetch_add(&next, whole, __ATOMIC_RELAXED);
	return at + whole <= IMAGE_ROOM_ADDRESS + IMAGE_ROOM_SIZE ? at : 0;
}

long room_map(size_t size, int protection, int flags, int fd)
{
	unsigned long at = room_reserve(size);
	long memory = -ENOMEM;

	if (at)
		memory = GATE_6(NR_mmap, at, size, protection, flags | MAP_FIXED_NOREPLACE, fd, 0);
	if (memory != (long)at || !at)
		memory = GATE_6(NR_mmap, 0, size, protection, flags, fd, 0);
	return memory;
}

void room_unmap(void *memory, size_t size)
{
	unsigned long at = (unsigned long)memory, end = at + ALIGN_UP(size, 0x1000ul);

	GATE_2(NR_munmap, memory, size);
	__atomic_compare_exchange_n(&next, &end, at, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}
