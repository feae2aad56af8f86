/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of the store: random operations compared with a list, each of them broken off everywhere, numbers that
 * wrap, damage, and readers while a writer, which is killed at any moment, is at work.
 */
#define _GNU_SOURCE 1
#include "image/store.h"
#include "tap.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A table in memory, which grows. */
struct table {
	uint32_t bits;
	struct store_bucket *buckets;
};

static unsigned int seed;

static uint64_t random_number(void)
{
	return (uint64_t)random() << 31 ^ (uint64_t)random();
}

static struct store_bucket *bucket_of(const struct table *table, const struct store_key *key)
{
	return &table->buckets[store_bucket_of(table->bits, key)];
}

static void start(struct table *table)
{
	*table = (struct table){ .bits = 0, .buckets = calloc(1, sizeof(struct store_bucket)) };
}

static void grow(struct table *table)
{
	struct store_bucket *grown = calloc(2ul << table->bits, sizeof(*grown));

	for (uint32_t i = 0; i < 2u << table->bits; i++)
		store_split(&grown[i], table->bits + 1, i, &table->buckets[i / 2]);
	free(table->buckets);
	*table = (struct table){ .bits = table->bits + 1, .buckets = grown };
}

static void put(struct table *table, const struct store_record *record)
{
	struct store_change change;

	while (store_put_in(bucket_of(table, &record->key), record, &change))
		grow(table);
	store_apply(bucket_of(table, &record->key), &change);
}

static bool take_away(struct table *table, const struct store_key *key)
{
	const struct store_record record = { .key = *key };
	struct store_change change;

	if (store_remove_from(bucket_of(table, key), &record, &change))
		return false;
	store_apply(bucket_of(table, key), &change);
	return true;
}

static bool find(const struct table *table, const struct store_key *key, struct store_record *record)
{
	return store_find_in(bucket_of(table, key), key, record);
}

static bool is_equal(const struct store_record *a, const struct store_record *b)
{
	return a->key.inode == b->key.inode && a->key.filesystem == b->key.filesystem &&
	       a->birth_seconds == b->birth_seconds && a->birth_nanoseconds == b->birth_nanoseconds &&
	       a->uid == b->uid && a->gid == b->gid && a->mode == b->mode && a->device == b->device &&
	       (a->flags | STORE_GONE) == (b->flags | STORE_GONE);
}

static struct store_record random_record(uint64_t inode)
{
	return (struct store_record){
		.key = { inode, 0 },
		.birth_seconds = (int64_t)random_number(),
		.birth_nanoseconds = (uint32_t)random(),
		.uid = (uint32_t)random_number(),
		.gid = (uint32_t)random_number(),
		.mode = (uint32_t)random(),
		.flags = random() % 2 ? STORE_HAS_MODE : 0,
		.device = random_number(),
	};
}

static void test_header(void)
{
	struct store_header header = { 0 };
	uint32_t bits;
	bool is_good = true;

	ok(store_header_is_blank(&header) && !store_header_read(&header, &bits), "a blank header is none");
	store_header_init(&header, 7);
	ok(store_header_read(&header, &bits) && bits == 7 && !store_is_replaced(&header), "a header");
	for (size_t i = 0; i < offsetof(struct store_header, replaced) * 8; i++) {
		struct store_header damaged = header;

		((unsigned char *)&damaged)[i / 8] ^= (unsigned char)(1 << i % 8);
		is_good = is_good && !store_header_read(&damaged, &bits);
	}
	ok(is_good, "a header with a bit changed is none");
	header.replaced = 1;
	ok(store_header_read(&header, &bits) && store_is_replaced(&header), "a replaced one is still one");
	store_header_init(&header, STORE_BITS_MOST + 1);
	ok(!store_header_read(&header, &bits), "a table has a largest size");
}

/* A list of what there should be. */
#define KEYS 3000
static struct store_record expected[KEYS];
static bool is_there[KEYS];

static bool is_as_expected(const struct table *table)
{
	struct store_record record;

	for (unsigned int i = 0; i < KEYS; i++) {
		struct store_key key = { i + 1, 0 };

		if (find(table, &key, &record) != is_there[i] || (is_there[i] && !is_equal(&record, &expected[i])))
			return false;
	}
	return true;
}

static bool do_randomly(struct table *table)
{
	unsigned int index = (unsigned int)random() % KEYS;
	struct store_key key = { index + 1, 0 };

	if (random() % 3) {
		expected[index] = random_record(key.inode);
		is_there[index] = true;
		put(table, &expected[index]);
		return true;
	}
	if (take_away(table, &key) != is_there[index])
		return false;
	is_there[index] = false;
	return true;
}

static void test_against_list(void)
{
	struct table table;
	bool is_good = true;

	start(&table);
	for (int i = 0; i < 40000 && is_good; i++) {
		is_good = do_randomly(&table);
		if (i % 4000 == 0)
			is_good = is_good && is_as_expected(&table);
	}
	ok(is_good && is_as_expected(&table), "random operations do what they do to a list");
	ok(table.bits >= 7 && table.bits <= 9, "the table has grown as it should");
	free(table.buckets);
}

static void test_reuse(void)
{
	struct table table;
	struct store_record record;

	start(&table);
	for (uint64_t i = 1; i < 20000; i++) {
		record = random_record(i);
		put(&table, &record);
		if (i > 10)
			take_away(&table, &(struct store_key){ i - 10, 0 });
	}
	ok(table.bits == 0, "slots of what was removed are used again");
	ok(!find(&table, &(struct store_key){ 0, 0 }, &record), "there is no inode 0");
	free(table.buckets);
}

static void test_file_systems(void)
{
	struct table table;
	struct store_record one = random_record(5), other = random_record(5), record;

	start(&table);
	other.key.filesystem = 9;
	put(&table, &one);
	put(&table, &other);
	ok(find(&table, &one.key, &record) && is_equal(&record, &one) && find(&table, &other.key, &record) &&
		   is_equal(&record, &other),
	   "the same inode of two file systems");
	ok(take_away(&table, &one.key) && !find(&table, &one.key, &record) && find(&table, &other.key, &record),
	   "one is removed, the other stays");
	free(table.buckets);
}

static void test_changed_meanwhile(void)
{
	struct store_bucket bucket = { 0 };
	struct store_record record = random_record(3), found, born_later;
	struct store_change change;

	store_put_in(&bucket, &record, &change);
	store_apply(&bucket, &change);
	store_find_in(&bucket, &record.key, &found);
	born_later = found;
	born_later.birth_seconds++;
	ok(store_remove_from(&bucket, &born_later, &change) == -ENOENT, "what was born at another time is not removed");
	store_put_in(&bucket, &record, &change);
	store_apply(&bucket, &change);
	ok(store_remove_from(&bucket, &found, &change) == -ENOENT, "what was put since it was found is not removed");
	store_find_in(&bucket, &record.key, &found);
	ok(!store_remove_from(&bucket, &found, &change), "what is as it was found is removed");
}

static void test_sequence(void)
{
	struct store_bucket bucket = { 0 };
	struct store_record record = random_record(3), found;
	struct store_change change;
	bool is_good = true;

	store_put_in(&bucket, &record, &change);
	for (unsigned int i = 0; i < 100; i++) {
		record.uid = i;
		store_put_in(&bucket, &record, &change);
		/* As after four thousand million changes. */
		change.copy.sequence += i ? 0 : 0xfffffff0 - change.copy.sequence;
		record = (struct store_record){ .key = record.key, .uid = i };
		if (!i) {
			struct store_bucket blank = { 0 };

			memcpy((char *)&blank + change.offset, &change.copy, sizeof(change.copy));
			bucket = blank;
			continue;
		}
		store_apply(&bucket, &change);
		is_good = is_good && store_find_in(&bucket, &record.key, &found) && found.uid == i;
	}
	ok(is_good, "numbers of changes wrap");
}

/* What is visible of all keys of a bucket. */
static unsigned int count_differences(const struct store_bucket *a, const struct store_bucket *b)
{
	unsigned int count = 0;

	for (uint64_t inode = 1; inode <= STORE_SLOTS + 8; inode++) {
		struct store_key key = { inode, 0 };
		struct store_record first, second;
		bool in_first = store_find_in(a, &key, &first), in_second = store_find_in(b, &key, &second);

		count += in_first != in_second || (in_first && !is_equal(&first, &second));
	}
	return count;
}

/* The change was broken off: what is there is as before or after it, and the next operation works. */
static bool survives(const struct store_bucket *before, const struct store_bucket *after, struct store_bucket *broken)
{
	struct store_record record = random_record(1 + (uint64_t)random() % STORE_SLOTS), found;
	struct store_change change;

	if (count_differences(broken, before) && count_differences(broken, after))
		return false;
	if (store_put_in(broken, &record, &change))
		return false;
	store_apply(broken, &change);
	return store_find_in(broken, &record.key, &found) && is_equal(&found, &record) &&
	       count_differences(broken, before) <= 2;
}

static bool breaks_off_well(const struct store_bucket *before, const struct store_change *change)
{
	struct store_bucket after = *before;
	const unsigned char *bytes = (const unsigned char *)&change->copy;
	bool is_good = true;

	store_apply(&after, change);
	for (size_t size = 0; size <= sizeof(change->copy) && is_good; size++) {
		struct store_bucket broken = *before;

		memcpy((char *)&broken + change->offset, bytes, size);
		is_good = survives(before, &after, &broken);
	}
	for (unsigned int words = 0; words < 256 && is_good; words++) {
		struct store_bucket broken = *before;

		for (size_t i = 0; i < 8; i++)
			if (words >> i & 1)
				memcpy((char *)&broken + change->offset + 8 * i, bytes + 8 * i, 8);
		is_good = survives(before, &after, &broken);
	}
	return is_good;
}

static void test_broken_off(void)
{
	struct store_bucket bucket = { 0 };
	bool is_good = true;

	for (unsigned int i = 0; i < 400 && is_good; i++) {
		struct store_record record = random_record(1 + (uint64_t)random() % (STORE_SLOTS - 2));
		struct store_change change;
		long status = random() % 3 ? store_put_in(&bucket, &record, &change) :
					     store_remove_from(&bucket, &record, &change);

		if (status)
			continue;
		is_good = breaks_off_well(&bucket, &change);
		store_apply(&bucket, &change);
	}
	ok(is_good, "a change broken off at any byte, or with any of its words written, is made or not");
}

/* With each bit flipped, a record is found as it was before its last change, or not at all. */
static void test_bits(void)
{
	struct store_bucket bucket = { 0 };
	struct store_record first = random_record(7), second = random_record(7), found;
	struct store_change change;
	bool is_good = true;

	store_put_in(&bucket, &first, &change);
	store_apply(&bucket, &change);
	store_put_in(&bucket, &second, &change);
	store_apply(&bucket, &change);
	for (size_t bit = 0; bit < sizeof(struct store_copy) * 8; bit++) {
		struct store_bucket damaged = bucket;

		((unsigned char *)&damaged)[change.offset + bit / 8] ^= (unsigned char)(1 << bit % 8);
		is_good = is_good && store_find_in(&damaged, &first.key, &found) && is_equal(&found, &first);
	}
	ok(is_good, "a damaged copy does not count");
	memset(&bucket, 0x5a, sizeof(bucket));
	ok(store_read(&bucket, 0, &found) == STORE_DAMAGED && !store_find_in(&bucket, &first.key, &found),
	   "nothing is found in a damaged bucket");
	ok(!store_put_in(&bucket, &first, &change), "it can be written to");
	store_apply(&bucket, &change);
	ok(store_find_in(&bucket, &first.key, &found) && is_equal(&found, &first), "and has that then");
	store_free_slot(&bucket, 1, &change);
	store_apply(&bucket, &change);
	ok(store_read(&bucket, 1, &found) == STORE_FREE, "a damaged slot is freed");
}

/* A record all of whose members say the same number. */
static struct store_record record_of(uint64_t inode, uint32_t number)
{
	return (struct store_record){
		.key = { inode, 0 }, .uid = number, .gid = ~number, .mode = number * 3, .device = number
	};
}

static bool is_whole(const struct store_record *record)
{
	return record->gid == ~record->uid && record->mode == record->uid * 3 && record->device == record->uid;
}

/* What writer and reader share. */
struct scene {
	struct store_bucket bucket;
	uint32_t done;
	uint32_t ends;
};

#define SCENE_KEYS 20

/* One writer goes on where the one before was killed. */
_Noreturn static void write_for_ever(struct scene *scene)
{
	uint32_t number = MAX(scene->done / 32, 1u) + (scene->done % 32 == SCENE_KEYS);

	for (uint64_t inode = scene->done % 32 % SCENE_KEYS + 1;;
	     inode = inode % SCENE_KEYS + 1, number += inode == 1) {
		struct store_record record = record_of(inode, number);
		struct store_change change;
		long status = 0;

		if (inode % 5 == 0 && number % 2)
			status = store_remove_from(&scene->bucket, &record, &change);
		else
			status = store_put_in(&scene->bucket, &record, &change);
		if (!status)
			store_apply(&scene->bucket, &change);
		__atomic_store_n(&scene->done, number * 32 + (uint32_t)inode, __ATOMIC_RELEASE);
	}
}

/* Numbers never go back, and what is never removed is always there. */
static bool read_along(const struct scene *scene, uint32_t latest[SCENE_KEYS + 1])
{
	for (uint64_t inode = 1; inode <= SCENE_KEYS; inode++) {
		struct store_key key = { inode, 0 };
		struct store_record record;
		uint32_t done = __atomic_load_n(&scene->done, __ATOMIC_ACQUIRE);
		uint32_t least = done % 32 >= inode ? done / 32 : done / 32 ? done / 32 - 1 : 0;

		if (!store_find_in(&scene->bucket, &key, &record)) {
			if (inode % 5 && least)
				return false;
			continue;
		}
		if (!is_whole(&record) || record.uid < latest[inode] || (inode % 5 && record.uid < least))
			return false;
		latest[inode] = record.uid;
	}
	return true;
}

static int reader(const struct scene *scene)
{
	uint32_t latest[SCENE_KEYS + 1] = { 0 };

	while (!__atomic_load_n(&scene->ends, __ATOMIC_ACQUIRE))
		if (!read_along(scene, latest))
			return 1;
	return 0;
}

static void wait_for_random_time(unsigned int most)
{
	struct timespec time = { .tv_nsec = random() % most };

	nanosleep(&time, NULL);
}

#define KILLS 300

/* Writers that are killed, one after the other, while two readers look on. */
static void test_killed(void)
{
	struct scene *scene = mmap(NULL, sizeof(*scene), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t readers[2], writer;
	int status, failures = 0;

	for (int i = 0; i < 2; i++)
		if (!(readers[i] = fork()))
			_exit(reader(scene));
	for (uint32_t i = 0; i < KILLS; i++) {
		writer = fork();
		if (!writer)
			write_for_ever(scene);
		wait_for_random_time(3000000);
		kill(writer, SIGKILL);
		waitpid(writer, &status, 0);
	}
	__atomic_store_n(&scene->ends, 1, __ATOMIC_RELEASE);
	for (int i = 0; i < 2; i++) {
		waitpid(readers[i], &status, 0);
		failures += status != 0;
	}
	ok(!failures, "readers never see half a record, an older one, or none, while writers are killed");
	ok(scene->done / 32 > KILLS, "the writers wrote");
	munmap(scene, sizeof(*scene));
}

int main(void)
{
	const char *wish = getenv("PROOT_TEST_SEED");

	seed = wish ? (unsigned int)atol(wish) : (unsigned int)time(NULL);
	printf("# PROOT_TEST_SEED=%u\n", seed);
	srandom(seed);
	test_header();
	test_against_list();
	test_reuse();
	test_file_systems();
	test_changed_meanwhile();
	test_sequence();
	test_broken_off();
	test_bits();
	test_killed();
	return plan_done();
}
