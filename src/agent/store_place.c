/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/store_place.h"
#include "agent/plain.h"
#include "agent/room.h"
#include "agent/views.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/stat.h>

#define W_OK 2
#define X_OK 1

/* A store's file in this process's memory. It stays there: others may be reading it. */
struct mapping {
	const char *memory; /* NULL: it could not be mapped, and is to be read */
	size_t size;
	uint32_t bits;
	uint64_t device, inode; /* of the file */
};

/*
 * A file is mapped anew when it has grown, which it does by doubling, or has been replaced by the user: seldom. When
 * there is no more room, files are read.
 */
static struct mapping mappings[64] AGENT_LARGE;
static unsigned int mapping_count;
static const struct mapping unmapped;

struct store_place {
	bool is_ready; /* what follows is there */
	uint64_t device;
	const struct mapping *mapping; /* NULL: there is no store */
	/* When that was so: the count of stores, and the time. */
	uint64_t stores, time;
	size_t length;
	char directory[STORE_DIRECTORY_MOST + 1];
};

static struct store_place places[32] AGENT_LARGE;
static unsigned int place_count; /* some may not be ready */

/* What is known of a file system. */
struct device {
	uint64_t device;
	/* IS_READY when what follows is known and DEVICE is there; above it the age of the view it is true of. */
	uint64_t state;
};

enum { IS_READY = 1, KNOWS_ALL = 2, AGE_SHIFT = 32 };

static struct device devices[16] AGENT_LARGE;
static unsigned int device_count;

/* Hashes of directories in which there is no place for a store, with the second it was looked at. */
static uint64_t nowhere[16] AGENT_LARGE;

#define NOWHERE_AGE_BITS 31 /* of clock_now()'s ticks: about a second */

/* Take the next of COUNT entries: its index, or COUNT when all are taken. */
static unsigned int take_entry(unsigned int *taken, unsigned int count)
{
	unsigned int index = __atomic_load_n(taken, __ATOMIC_RELAXED);

	while (index < count &&
	       !__atomic_compare_exchange_n(taken, &index, index + 1, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
	return index;
}

struct store_place *store_place_next(const struct store_place *place, uint64_t device)
{
	size_t count = MIN(__atomic_load_n(&place_count, __ATOMIC_RELAXED), ARRAY_SIZE(places));

	for (size_t i = place ? (size_t)(place - places) + 1 : 0; i < count; i++)
		if (__atomic_load_n(&places[i].is_ready, __ATOMIC_ACQUIRE) && places[i].device == device)
			return &places[i];
	return NULL;
}

const char *store_place_directory(const struct store_place *place)
{
	return place->directory;
}

bool store_place_has_store(const struct store_place *place)
{
	return __atomic_load_n(&place->mapping, __ATOMIC_ACQUIRE);
}

static bool is_of(const struct mapping *mapping, const struct stat *status)
{
	return mapping->inode == status->st_ino && mapping->device == status->st_dev &&
	       (long)mapping->size <= status->st_size;
}

static const struct mapping *map(long fd, const struct stat *status, uint32_t bits)
{
	unsigned int index = take_entry(&mapping_count, ARRAY_SIZE(mappings));
	size_t size = store_size(bits);
	long memory;

	if (index == ARRAY_SIZE(mappings))
		return &unmapped;
	memory = room_map(size, PROT_READ, MAP_SHARED, (int)fd);
	if (memory < 0)
		return &unmapped;
	mappings[index] = (struct mapping){ (const char *)memory, size, bits, status->st_dev, status->st_ino };
	return &mappings[index];
}

/* What is at PATH; NULL: nothing that serves. */
static const struct mapping *open_mapping(const char *path)
{
	const struct mapping *mapping = NULL;
	struct stat status;
	uint32_t bits;
	long fd = store_file_open(path, O_RDONLY, &status);

	if (fd < 0)
		return NULL;
	if (store_file_read_header((int)fd, &status, &bits))
		mapping = map(fd, &status, bits);
	GATE_1(NR_close, fd);
	return mapping;
}

/* The count comes first: what is made while we look is looked at again. */
static void look(struct store_place *place)
{
	const struct mapping *mapping = __atomic_load_n(&place->mapping, __ATOMIC_ACQUIRE);
	uint64_t *count = plain_stores(), stores = count ? __atomic_load_n(count, __ATOMIC_ACQUIRE) : 0;
	uint64_t now = clock_now();
	char path[STORE_PATH_SIZE];
	struct stat status;

	store_file_path(place->directory, path);
	if (GATE_4(NR_newfstatat, AT_FDCWD, path, &status, AT_SYMLINK_NOFOLLOW))
		mapping = NULL;
	else if (!mapping || !is_of(mapping, &status))
		mapping = open_mapping(path);
	__atomic_store_n(&place->mapping, mapping, __ATOMIC_RELEASE);
	__atomic_store_n(&place->stores, stores, __ATOMIC_RELAXED);
	__atomic_store_n(&place->time, now, __ATOMIC_RELAXED);
}

/* Whether what is known of the place is true still. Guests that share no count can't tell each other: never. */
static bool is_fresh(const struct store_place *place, const struct mapping *mapping)
{
	const uint64_t *count = plain_stores();

	if (!count || __atomic_load_n(count, __ATOMIC_ACQUIRE) != __atomic_load_n(&place->stores, __ATOMIC_RELAXED))
		return false;
	if (clock_now() - __atomic_load_n(&place->time, __ATOMIC_RELAXED) > CLOCK_AGE_MOST)
		return false;
	return !mapping || !mapping->memory || !store_is_replaced((const struct store_header *)mapping->memory);
}

static bool find_mapped(const struct mapping *mapping, const struct store_key *key, struct store_record *record)
{
	size_t offset = store_bucket_offset(store_bucket_of(mapping->bits, key));

	return store_find_in((const struct store_bucket *)(mapping->memory + offset), key, record);
}

static bool find_read(const struct store_place *place, const struct store_key *key, struct store_record *record)
{
	char path[STORE_PATH_SIZE];
	struct stat status;
	uint32_t bits;
	bool found;
	long fd;

	store_file_path(place->directory, path);
	fd = store_file_open(path, O_RDONLY, &status);
	if (fd < 0)
		return false;
	found = store_file_read_header((int)fd, &status, &bits) && store_file_find((int)fd, bits, key, record);
	GATE_1(NR_close, fd);
	return found;
}

bool store_place_find(struct store_place *place, const struct store_key *key, struct store_record *record)
{
	const struct mapping *mapping = __atomic_load_n(&place->mapping, __ATOMIC_ACQUIRE);

	if (!is_fresh(place, mapping)) {
		look(place);
		mapping = __atomic_load_n(&place->mapping, __ATOMIC_ACQUIRE);
	}
	if (!mapping)
		return false;
	return mapping->memory ? find_mapped(mapping, key, record) : find_read(place, key, record);
}

bool store_place_lacks(const struct store_place *place, const struct store_key *key)
{
	const struct mapping *mapping = __atomic_load_n(&place->mapping, __ATOMIC_ACQUIRE);
	struct store_record record;

	if (!is_fresh(place, mapping))
		return false;
	return !mapping || (mapping->memory && !find_mapped(mapping, key, &record));
}

void store_place_changed(void)
{
	uint64_t *count = plain_stores();

	if (count)
		__atomic_fetch_add(count, 1, __ATOMIC_ACQ_REL);
}

/* One more place, the first LENGTH bytes of DIRECTORY; NULL: there is no room. */
static struct store_place *add_place(uint64_t device, const char *directory, size_t length)
{
	unsigned int index =
		length <= STORE_DIRECTORY_MOST ? take_entry(&place_count, ARRAY_SIZE(places)) : ARRAY_SIZE(places);
	struct store_place *place = &places[index];

	if (index == ARRAY_SIZE(places))
		return NULL;
	place->device = device;
	place->length = length;
	memcpy(place->directory, directory, length);
	look(place);
	__atomic_store_n(&place->is_ready, true, __ATOMIC_RELEASE);
	return place;
}

static bool is_within(const char *path, const struct store_place *place)
{
	return text_begins(path, place->directory) && (!path[place->length] || path[place->length] == '/');
}

static struct store_place *known_place_of(uint64_t device, const char *directory)
{
	struct store_place *place = NULL;

	while ((place = store_place_next(place, device)))
		if (is_within(directory, place))
			return place;
	return NULL;
}

bool store_place_knows(uint64_t device, const char *path)
{
	return known_place_of(device, path);
}

static bool may_hold_store(const char *directory)
{
	char path[STORE_PATH_SIZE];
	struct stat status;
	long fd;

	store_file_path(directory, path);
	fd = store_file_open(path, O_RDONLY, &status);
	if (fd >= 0)
		GATE_1(NR_close, fd);
	return fd >= 0 || (fd == -ENOENT && !GATE_3(NR_faccessat, AT_FDCWD, *directory ? directory : "/", W_OK | X_OK));
}

/* The end of the component of PATH behind AT, an end of one itself. */
static size_t next_end(const char *path, size_t at)
{
	for (at++; path[at] && path[at] != '/'; at++)
		;
	return at;
}

/* The number of the file system the first LENGTH bytes of PATH lie in; 0: that can't be seen. */
static uint64_t device_of(char *path, size_t length)
{
	char end = path[length];
	struct stat status;
	long error;

	path[length] = '\0';
	error = GATE_4(NR_newfstatat, AT_FDCWD, length ? path : "/", &status, 0);
	path[length] = end;
	return error ? 0 : status.st_dev;
}

/* The length of the part of DIRECTORY that is the first on the file system which all that follows is on. */
static size_t top_of_mount(char *directory)
{
	uint64_t device = device_of(directory, 0), here;
	size_t top = 0, at = 0;

	while (directory[at]) {
		at = next_end(directory, at);
		here = device_of(directory, at);
		if (here != device)
			top = at;
		device = here;
	}
	return top;
}

static struct store_place *search_place(uint64_t device, char *directory)
{
	size_t at = top_of_mount(directory);

	for (; at <= STORE_DIRECTORY_MOST; at = next_end(directory, at)) {
		char end = directory[at];
		bool serves;

		directory[at] = '\0';
		serves = may_hold_store(directory);
		directory[at] = end;
		if (serves)
			return add_place(device, directory, at);
		if (!end)
			break;
	}
	return NULL;
}

static uint64_t nowhere_mark(uint64_t device, const char *directory)
{
	uint64_t hash = device ^ clock_now() >> NOWHERE_AGE_BITS;

	for (; *directory; directory++)
		hash = (hash ^ (unsigned char)*directory) * 0x100000001b3 + 0x9e3779b97f4a7c15;
	return hash ^ hash >> 29;
}

struct store_place *store_place_of(uint64_t device, char *directory)
{
	struct store_place *place = known_place_of(device, directory);
	uint64_t mark, *kept;

	if (place)
		return place;
	mark = nowhere_mark(device, directory);
	kept = &nowhere[mark % ARRAY_SIZE(nowhere)];
	if (__atomic_load_n(kept, __ATOMIC_RELAXED) == mark)
		return NULL;
	place = search_place(device, directory);
	if (!place && clock_now())
		__atomic_store_n(kept, mark, __ATOMIC_RELAXED);
	return place;
}

static struct device *known_device(uint64_t number)
{
	size_t count = MIN(__atomic_load_n(&device_count, __ATOMIC_RELAXED), ARRAY_SIZE(devices));

	for (size_t i = 0; i < count; i++)
		if (__atomic_load_n(&devices[i].state, __ATOMIC_ACQUIRE) && devices[i].device == number)
			return &devices[i];
	return NULL;
}

/* What is known of it, and of the view as it is; 0: nothing. */
static unsigned int state_of(const struct device *device)
{
	uint64_t state = device ? __atomic_load_n(&device->state, __ATOMIC_ACQUIRE) : 0;

	return state >> AGE_SHIFT == views_age() ? (unsigned int)state : 0;
}

bool store_place_knows_all(uint64_t device)
{
	return state_of(known_device(device)) & KNOWS_ALL;
}

/* Whether all that lies in the directory HOST_PATH, on its own file system, has one place. */
static bool has_one_place(uint64_t device, const char *host_path)
{
	char directory[PATH_SIZE];

	memcpy(directory, host_path, strlen(host_path) + 1);
	return store_place_of(device, directory);
}

/* Whether every object of DEVICE that the view shows has a place that is known afterwards. */
static bool learn_places(uint64_t device)
{
	const struct view *view = the_view();
	const struct view_order *order = view_order(view);
	bool is_seen = false;
	struct stat status;

	for (uint32_t i = 0; i < order->count; i++) {
		const char *host_path = view_host(view, order->entries[i]);

		if (view_binding(view, order->entries[i])->flags & VIEW_VIRTUAL ||
		    GATE_4(NR_newfstatat, AT_FDCWD, *host_path ? host_path : "/", &status, 0) ||
		    status.st_dev != device)
			continue;
		is_seen = true;
		if (!has_one_place(device, host_path) && (status.st_mode & S_IFMT) == S_IFDIR)
			return false;
	}
	return is_seen;
}

/* Where users have trees for a while, which they move. */
static void learn_common_places(uint64_t device)
{
	static const char *const common[] = { "/tmp", "/var/tmp" };
	char directory[PATH_SIZE];
	struct stat status;

	for (size_t i = 0; i < ARRAY_SIZE(common); i++) {
		if (GATE_4(NR_newfstatat, AT_FDCWD, common[i], &status, 0) || status.st_dev != device)
			continue;
		memcpy(directory, common[i], strlen(common[i]) + 1);
		store_place_of(device, directory);
	}
}

bool store_place_learn(uint64_t device)
{
	struct device *known = known_device(device);
	uint64_t age = views_age();
	unsigned int state = state_of(known), index;

	if (state)
		return state & KNOWS_ALL;
	learn_common_places(device);
	state = learn_places(device) ? IS_READY | KNOWS_ALL : IS_READY;
	if (!known) {
		index = take_entry(&device_count, ARRAY_SIZE(devices));
		if (index == ARRAY_SIZE(devices))
			return state & KNOWS_ALL;
		known = &devices[index];
		known->device = device;
	}
	__atomic_store_n(&known->state, age << AGE_SHIFT | state, __ATOMIC_RELEASE);
	return state & KNOWS_ALL;
}
