/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store's functions over a file that is anything. If the first byte is odd, what follows are copies with a right
 * checksum, put anywhere, as somebody would who means harm; otherwise it is bytes. Whatever there is, what is put is
 * found, and what is removed is not.
 */
#include "image/store.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BUCKETS 4

/* As in a file, with nothing behind. */
static struct {
	struct store_header header;
	struct store_bucket buckets[BUCKETS];
} * file;

static struct store_record record_from(const uint8_t *data)
{
	struct store_record record = { .key = { 0, 0 } };

	memcpy(&record.key.inode, data, 8);
	record.key.inode = record.key.inode % 64 + 1; /* so that some are the same */
	record.key.filesystem = data[8] % 2;
	memcpy(&record.uid, data + 9, 4);
	record.flags = data[13];
	record.device = data[14];
	return record;
}

/* A copy as a writer makes it, of any sequence number, where DATA says. */
static void place_copy(const uint8_t *data)
{
	struct store_bucket scratch;
	struct store_record record = record_from(data);
	struct store_change change;
	size_t at = data[15] % (sizeof(scratch) / sizeof(change.copy));

	memset(&scratch, 0, sizeof(scratch));
	for (unsigned int i = 0; i <= data[16] % 4; i++) {
		if (store_put_in(&scratch, &record, &change))
			abort();
		store_apply(&scratch, &change);
	}
	memcpy((char *)&file->buckets[data[17] % BUCKETS] + at * sizeof(change.copy), &change.copy,
	       sizeof(change.copy));
}

static void fill(bool has_copies, const uint8_t *data, size_t size)
{
	if (has_copies) {
		for (; size >= 18; data += 18, size -= 18)
			place_copy(data);
		return;
	}
	memcpy(file, data, size < sizeof(*file) ? size : sizeof(*file));
}

/* Put and remove what is there, and what is not, in BUCKET. */
static void use(struct store_bucket *bucket, const struct store_record *record)
{
	struct store_change change;
	struct store_record found;
	/* Whatever it was read with, and however often there is one. */
	const struct store_record any = { .key = record->key };
	unsigned int removals = 0;
	long status = store_put_in(bucket, record, &change);

	if (!status) {
		store_apply(bucket, &change);
		if (record->key.inode && (!store_find_in(bucket, &record->key, &found) || found.uid != record->uid))
			abort();
	}
	while (!store_remove_from(bucket, &any, &change)) {
		if (change.offset > sizeof(*bucket) - sizeof(change.copy) || removals++ > STORE_SLOTS)
			abort();
		store_apply(bucket, &change);
	}
	if (store_find_in(bucket, &record->key, &found))
		abort();
}

static void use_bucket(struct store_bucket *bucket, uint32_t index)
{
	struct store_bucket grown;
	struct store_record record;
	struct store_change change;

	if (store_split(&grown, 3, index * 2, bucket) > STORE_SLOTS)
		abort();
	for (unsigned int slot = 0; slot < STORE_SLOTS; slot++)
		if (store_read(bucket, slot, &record) == STORE_RECORD)
			use(bucket, &record);
	for (unsigned int slot = 0; slot < STORE_SLOTS; slot++) {
		store_free_slot(bucket, slot, &change);
		store_apply(bucket, &change);
		if (store_read(bucket, slot, &record) != STORE_FREE)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t bits;

	if (size < 1)
		return 0;
	file = calloc(1, sizeof(*file));
	fill(data[0] % 2, data + 1, size - 1);
	if (store_header_read(&file->header, &bits) && bits > STORE_BITS_MOST)
		abort();
	for (uint32_t i = 0; i < BUCKETS; i++) {
		struct store_record wanted = { .key = { data[0] % 64 + 1, 0 }, .uid = i };

		use(&file->buckets[i], &wanted);
		use_bucket(&file->buckets[i], i);
	}
	free(file);
	return 0;
}
