/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/store.h"
#include "base/error.h"

#define MAGIC 0x73656e776f2d7270 /* "pr-ownes" */
#define FORMAT 1

/* How often a slot is read again while it changes: a writer needs longer for an operation than this takes. */
#define READS_MOST 64

/* A bijection that lets each bit of its argument reach all bits (splitmix64's). */
static uint64_t mix(uint64_t value)
{
	value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
	value = (value ^ value >> 27) * 0x94d049bb133111eb;
	return value ^ value >> 31;
}

int64_t store_handle_birth(const unsigned char *handle, size_t size)
{
	uint64_t sum = size;

	for (size_t i = 0; i < size; i++)
		sum = mix(sum ^ handle[i]);
	return (int64_t)(sum | 1);
}

/* Not 0: what is all zeros is no copy. */
static uint64_t checksum_of(const uint64_t *words, size_t count)
{
	uint64_t sum = 0x9e3779b97f4a7c15;

	for (size_t i = 0; i < count; i++)
		sum = mix(sum ^ words[i]) + i + 1;
	return sum ? sum : 1;
}

static uint64_t copy_checksum(const struct store_copy *copy)
{
	uint64_t words[sizeof(*copy) / sizeof(uint64_t)];

	memcpy(words, copy, sizeof(words));
	return checksum_of(words + 1, ARRAY_SIZE(words) - 1);
}

static uint64_t header_checksum(const struct store_header *header)
{
	uint64_t words[] = { header->magic, header->format, header->bits };

	return checksum_of(words, ARRAY_SIZE(words));
}

void store_header_init(struct store_header *header, uint32_t bits)
{
	*header = (struct store_header){ .magic = MAGIC, .format = FORMAT, .bits = bits };
	header->checksum = header_checksum(header);
}

bool store_header_read(const struct store_header *header, uint32_t *bits)
{
	struct store_header copy = *header;

	*bits = copy.bits;
	return copy.magic == MAGIC && copy.format == FORMAT && copy.bits <= STORE_BITS_MOST &&
	       copy.checksum == header_checksum(&copy);
}

bool store_header_is_blank(const struct store_header *header)
{
	static const struct store_header blank;

	return !memcmp(header, &blank, sizeof(blank));
}

static uint64_t hash_of(const struct store_key *key)
{
	return mix(key->inode + mix(key->filesystem));
}

uint32_t store_bucket_of(uint32_t bits, const struct store_key *key)
{
	return bits ? (uint32_t)(hash_of(key) >> (64 - bits)) : 0;
}

/* Word by word, each of them once, for others may be writing. */
static void load(struct store_copy *to, const struct store_copy *from)
{
	uint64_t words[sizeof(*to) / sizeof(uint64_t)];
	const uint64_t *at = (const uint64_t *)from;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		words[i] = __atomic_load_n(at + i, __ATOMIC_RELAXED);
	memcpy(to, words, sizeof(words));
}

static bool is_blank(const struct store_copy *copy)
{
	return !copy->checksum && !copy->inode && !copy->sequence;
}

static bool is_valid(const struct store_copy *copy)
{
	return copy->inode && copy->checksum == copy_checksum(copy);
}

static bool is_later(const struct store_copy *copy, const struct store_copy *than)
{
	return (int32_t)(copy->sequence - than->sequence) > 0;
}

/* Which of two copies counts: 0 or 1; -1: neither. */
static int current_of(const struct store_copy copies[2])
{
	bool has_first = is_valid(&copies[0]), has_second = is_valid(&copies[1]);

	if (has_first && has_second)
		return is_later(&copies[1], &copies[0]);
	return has_first ? 0 : has_second ? 1 : -1;
}

/* Both copies as they were at one moment: the first has not changed before the second was read. */
static bool load_both(const struct store_slot *slot, struct store_copy copies[2])
{
	load(&copies[0], &slot->copies[0]);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	load(&copies[1], &slot->copies[1]);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&slot->copies[0].checksum, __ATOMIC_RELAXED) == copies[0].checksum;
}

/* Both copies of SLOT, and which counts. Where none does, a writer may just have been at either. */
static int load_slot(const struct store_slot *slot, struct store_copy copies[2])
{
	bool is_settled = false;
	int current = -1;

	for (unsigned int reads = 0; (!is_settled || current < 0) && reads < READS_MOST; reads++) {
		is_settled = load_both(slot, copies);
		current = current_of(copies);
		if (is_settled && is_blank(&copies[0]) && is_blank(&copies[1]))
			break;
	}
	return current;
}

static void to_record(struct store_record *record, const struct store_copy *copy)
{
	*record = (struct store_record){
		.key = { copy->inode, copy->filesystem },
		.birth_seconds = copy->birth_seconds,
		.birth_nanoseconds = copy->birth_nanoseconds,
		.uid = copy->uid,
		.gid = copy->gid,
		.mode = copy->mode,
		.flags = copy->flags,
		.device = copy->device,
		.sequence = copy->sequence,
	};
}

static void to_copy(struct store_copy *copy, const struct store_record *record, uint32_t sequence)
{
	*copy = (struct store_copy){
		.sequence = sequence,
		.flags = record->flags,
		.inode = record->key.inode,
		.filesystem = record->key.filesystem,
		.birth_seconds = record->birth_seconds,
		.birth_nanoseconds = record->birth_nanoseconds,
		.mode = record->mode,
		.uid = record->uid,
		.gid = record->gid,
		.device = record->device,
	};
	copy->checksum = copy_checksum(copy);
}

enum store_state store_read(const struct store_bucket *bucket, unsigned int index, struct store_record *record)
{
	struct store_copy copies[2];
	int current = load_slot(&bucket->slots[index], copies);

	if (current < 0)
		return is_blank(&copies[0]) && is_blank(&copies[1]) ? STORE_EMPTY : STORE_DAMAGED;
	to_record(record, &copies[current]);
	return copies[current].flags & STORE_GONE ? STORE_FREE : STORE_RECORD;
}

static bool is_same(const struct store_key *a, const struct store_key *b)
{
	return a->inode == b->inode && a->filesystem == b->filesystem;
}

/* What tells without a copy and its checksum that SLOT is of no interest: none of its copies is of INODE. */
static bool may_be_of(const struct store_slot *slot, uint64_t inode, bool *is_end)
{
	uint64_t first = __atomic_load_n(&slot->copies[0].inode, __ATOMIC_RELAXED);
	uint64_t second = __atomic_load_n(&slot->copies[1].inode, __ATOMIC_RELAXED);

	*is_end = !first && !second && is_blank(&slot->copies[0]) && is_blank(&slot->copies[1]);
	return first == inode || second == inode;
}

bool store_find_in(const struct store_bucket *bucket, const struct store_key *key, struct store_record *record)
{
	unsigned int start = hash_of(key) % STORE_SLOTS;
	bool is_end = false;

	if (!key->inode)
		return false;
	for (unsigned int i = 0; i < STORE_SLOTS && !is_end; i++) {
		unsigned int index = (start + i) % STORE_SLOTS;

		if (may_be_of(&bucket->slots[index], key->inode, &is_end) &&
		    store_read(bucket, index, record) == STORE_RECORD && is_same(&record->key, key))
			return true;
	}
	return false;
}

/* The slot RECORD goes to: its own, or the first that is free; -1: none. */
static int slot_for(const struct store_bucket *bucket, const struct store_key *key)
{
	unsigned int start = hash_of(key) % STORE_SLOTS;
	struct store_record record;
	int free = -1;

	for (unsigned int i = 0; i < STORE_SLOTS; i++) {
		unsigned int index = (start + i) % STORE_SLOTS;
		enum store_state state = store_read(bucket, index, &record);

		if (state == STORE_RECORD && is_same(&record.key, key))
			return (int)index;
		if (state != STORE_RECORD && free < 0)
			free = (int)index;
		if (state == STORE_EMPTY)
			break;
	}
	return free;
}

/* In a table that has grown the numbers begin anew. */
static bool is_unchanged(const struct store_record *now, const struct store_record *before)
{
	return now->sequence == before->sequence && now->birth_seconds == before->birth_seconds &&
	       now->birth_nanoseconds == before->birth_nanoseconds;
}

/* 0 is none. */
static uint32_t sequence_after(uint32_t sequence)
{
	return sequence + 1 ? sequence + 1 : 1;
}

/* Write RECORD over the copy of the slot that does not count. */
static void change_slot(const struct store_bucket *bucket, unsigned int index, const struct store_record *record,
			struct store_change *change)
{
	struct store_copy copies[2];
	int current = load_slot(&bucket->slots[index], copies);
	unsigned int other = current == 0 ? 1 : 0;

	change->offset = index * sizeof(struct store_slot) + other * sizeof(struct store_copy);
	to_copy(&change->copy, record, current < 0 ? 1 : sequence_after(copies[current].sequence));
}

long store_put_in(const struct store_bucket *bucket, const struct store_record *record, struct store_change *change)
{
	struct store_record kept = *record;
	int index = slot_for(bucket, &record->key);

	if (index < 0)
		return -ENOSPC;
	kept.flags &= ~(uint32_t)STORE_GONE;
	change_slot(bucket, (unsigned int)index, &kept, change);
	return 0;
}

/* Where nothing is valid, what is written must still be: of no object. */
void store_free_slot(const struct store_bucket *bucket, unsigned int index, struct store_change *change)
{
	struct store_record record;
	enum store_state state = store_read(bucket, index, &record);

	if (state != STORE_RECORD && state != STORE_FREE)
		record = (struct store_record){ .key = { ~0ull, ~0ull } };
	record.flags |= STORE_GONE;
	change_slot(bucket, index, &record, change);
}

long store_remove_from(const struct store_bucket *bucket, const struct store_record *record,
		       struct store_change *change)
{
	struct store_record now;
	int index = slot_for(bucket, &record->key);

	if (index < 0 || store_read(bucket, (unsigned int)index, &now) != STORE_RECORD ||
	    !is_same(&now.key, &record->key) || (record->sequence && !is_unchanged(&now, record)))
		return -ENOENT;
	store_free_slot(bucket, (unsigned int)index, change);
	return 0;
}

void store_apply(struct store_bucket *bucket, const struct store_change *change)
{
	uint64_t words[sizeof(change->copy) / sizeof(uint64_t)];
	uint64_t *at = (uint64_t *)((char *)bucket + change->offset);

	memcpy(words, &change->copy, sizeof(words));
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		__atomic_store_n(at + i, words[i], __ATOMIC_RELAXED);
}

unsigned int store_split(struct store_bucket *bucket, uint32_t bits, uint32_t index, const struct store_bucket *old)
{
	struct store_record record;
	struct store_change change;
	unsigned int count = 0;

	memset(bucket, 0, sizeof(*bucket));
	for (unsigned int i = 0; i < STORE_SLOTS; i++) {
		if (store_read(old, i, &record) != STORE_RECORD || store_bucket_of(bits, &record.key) != index ||
		    store_put_in(bucket, &record, &change))
			continue;
		store_apply(bucket, &change);
		count++;
	}
	return count;
}
