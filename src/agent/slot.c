/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/slot.h"
#include "agent/pin.h"
#include "agent/room.h"
#include "agent/seal.h"
#include <asm/mman.h>
#include <linux/mman.h>

/*
 * More than threads that are busy at once mostly: one may hold two for a moment, when a signal comes upon a signal. All
 * of it counts for RLIMIT_AS and RLIMIT_DATA, whether it is used or not.
 */
#define FIRST_SLOTS 8
#define SMALL_CHUNKS 7
#define CHUNK_SLOTS 64
#define CHUNKS 256

static char first_slots[FIRST_SLOTS * SLOT_SIZE] __attribute__((section(".slots"), aligned(0x1000)));

/* Further chunks, made when all slots wait at the gate. */
static char *chunks[CHUNKS] AGENT_WIPED;

unsigned int slot_generation_place[1] AGENT_WIPED;

void slot_start(void)
{
	GATE_3(NR_madvise, agent_wiped_start, agent_image_end - agent_wiped_start, MADV_WIPEONFORK);
}

unsigned int slot_generation(void)
{
	static unsigned int last; /* goes on counting in the copy */
	unsigned int none = 0, next = __atomic_load_n(slot_generation_place, __ATOMIC_RELAXED);

	if (next)
		return next;
	next = __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
	return __atomic_compare_exchange_n(slot_generation_place, &none, next, false, __ATOMIC_RELAXED,
					   __ATOMIC_RELAXED) ?
		       next :
		       none;
}

static struct slot *take_from(char *slots, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		struct slot *slot = (struct slot *)(slots + (size_t)i * SLOT_SIZE);
		int free = 0;

		/* Of the first it is not even asked: to look at fresh memory before it is written costs a fault more.
		 */
		if (i && __atomic_load_n(&slot->owner, __ATOMIC_RELAXED))
			continue;
		if (__atomic_compare_exchange_n(&slot->owner, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return slot;
	}
	return NULL;
}

static unsigned int slots_of(unsigned int index)
{
	return index < SMALL_CHUNKS ? FIRST_SLOTS : CHUNK_SLOTS;
}

/* Map chunk INDEX unless another thread is faster. Its address, or NULL without memory. */
static char *make_chunk(unsigned int index)
{
	size_t size = (size_t)slots_of(index) * SLOT_SIZE;
	long chunk = room_map(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
	char *none = NULL;

	if (chunk < 0)
		return NULL;
	GATE_3(NR_madvise, chunk, size, MADV_WIPEONFORK);
	if (__atomic_compare_exchange_n(&chunks[index], &none, (char *)chunk, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE)) {
		seal((char *)chunk, size);
		return (char *)chunk;
	}
	room_unmap((void *)chunk, size);
	return none;
}

static struct slot *take_any(void)
{
	struct slot *slot = take_from(first_slots, FIRST_SLOTS);

	for (unsigned int i = 0; !slot && i < CHUNKS; i++) {
		char *chunk = __atomic_load_n(&chunks[i], __ATOMIC_ACQUIRE);

		if (!chunk)
			chunk = make_chunk(i);
		if (!chunk)
			break;
		slot = take_from(chunk, slots_of(i));
	}
	return slot;
}

long slot_finish_nothing(struct slot *slot, long result)
{
	(void)slot;
	return result;
}

struct slot *slot_take(void)
{
	struct slot *slot;

	while (!(slot = take_any()))
		GATE_0(NR_sched_yield);
	if (slot->is_abandoned) {
		slot->is_abandoned = 0;
		pin_release(&slot->call);
	}
	slot->finish = NULL;
	slot->keep = 0;
	if (slot->extra) {
		room_unmap(slot->extra, slot->extra_size);
		slot->extra = NULL;
	}
	return slot;
}
