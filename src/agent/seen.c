/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/seen.h"
#include "agent/room.h"
#include "agent/store_place.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <linux/mman.h>
#include <linux/fcntl.h>
#include <linux/time.h>

#define SLOTS (1ul << 18) /* of a word: neighbours are mostly asked about together, so they lie together */
#define SIZE (SLOTS * sizeof(uint64_t))

/* ext4 numbers inodes by groups of a power of two, and puts directories first: those of distant groups must not meet.
 */
static uint64_t *slot_of(uint64_t *slots, uint64_t inode)
{
	return &slots[(inode + inode / SLOTS * 40503) % SLOTS];
}

/* Written when all is there. */
struct place {
	uint64_t device; /* 0: free */
	uint64_t *slots; /* NULL: there can be none */
};

static struct place places[8];
static unsigned int place_count;

static const struct place *place_of(uint64_t device)
{
	unsigned int count = MIN(__atomic_load_n(&place_count, __ATOMIC_RELAXED), ARRAY_SIZE(places));

	for (unsigned int i = 0; i < count; i++)
		if (__atomic_load_n(&places[i].device, __ATOMIC_ACQUIRE) == device)
			return &places[i];
	return NULL;
}

static uint64_t *slots_of(uint64_t device)
{
	const struct place *place = place_of(device);

	return place ? place->slots : NULL;
}

/* Never 0, which is an empty slot. */
static uint64_t mark_of(const struct seen *seen)
{
	uint64_t mark = seen->inode * 0x9e3779b97f4a7c15 ^ (uint64_t)seen->seconds * 0xbf58476d1ce4e5b9 ^
			seen->nanoseconds * 0x94d049bb133111eb;

	mark ^= mark >> 31;
	mark *= 0xd6e8feb86659fd93;
	return mark ^ mark >> 29 ? mark ^ mark >> 29 : 1;
}

bool seen_without_owner(const struct seen *seen)
{
	uint64_t *slots = slots_of(seen->device);

	return slots && __atomic_load_n(slot_of(slots, seen->inode), __ATOMIC_RELAXED) == mark_of(seen);
}

#define NANOSECONDS 1000000000ll

/*
 * Two changes within a tick of the kernel's clock, of up to 10 ms, have one time; or within a second, where the file
 * system knows no parts of it. So of what has been changed a moment ago nothing is remembered, nor of what is to be
 * changed in the future.
 */
static bool is_settled(const struct seen *seen)
{
	int64_t age, least = seen->nanoseconds ? NANOSECONDS / 10 : 2 * NANOSECONDS;
	struct timespec now;

	if (GATE_2(NR_clock_gettime, CLOCK_REALTIME_COARSE, &now))
		return false;
	age = (now.tv_sec - seen->seconds) * NANOSECONDS + now.tv_nsec - seen->nanoseconds;
	return age > least;
}

void seen_note(const struct seen *seen)
{
	uint64_t *slots = slots_of(seen->device);

	if (slots && is_settled(seen))
		__atomic_store_n(slot_of(slots, seen->inode), mark_of(seen), __ATOMIC_RELAXED);
}

bool seen_is_started(uint64_t device)
{
	return place_of(device);
}

/* All of it has its room on the disk, for to write to a hole of a full one is SIGBUS. */
static bool has_room(int fd, const struct stat *status)
{
	return status->st_size == SIZE || (!status->st_size && !GATE_4(NR_fallocate, fd, 0, 0, SIZE));
}

static uint64_t *map(const char *path)
{
	uint64_t *slots = NULL;
	struct stat status;
	long fd = store_file_open(path, O_RDWR | O_CREAT, &status), memory;

	if (fd < 0)
		return NULL;
	if (has_room((int)fd, &status)) {
		memory = room_map(SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, (int)fd);
		slots = memory > 0 ? (uint64_t *)memory : NULL;
	}
	GATE_1(NR_close, fd);
	return slots;
}

/* Of the stores of DEVICE the first that is there. */
static const struct store_place *find_store(uint64_t device)
{
	const struct store_place *place = NULL;

	while ((place = store_place_next(place, device)) && !store_place_has_store(place))
		;
	return place;
}

void seen_start(uint64_t device)
{
	const struct store_place *place;
	char path[STORE_PATH_SIZE];
	struct text text;
	unsigned int index;

	store_place_learn(device);
	place = find_store(device);
	if (!place || seen_is_started(device))
		return;
	index = __atomic_fetch_add(&place_count, 1, __ATOMIC_RELAXED);
	if (index >= ARRAY_SIZE(places))
		return;
	store_file_path(store_place_directory(place), path);
	text = (struct text){ .text = path, .size = sizeof(path), .length = strlen(path) };
	text_add(&text, STORE_SEEN);
	places[index].slots = map(path);
	__atomic_store_n(&places[index].device, device, __ATOMIC_RELEASE);
}
