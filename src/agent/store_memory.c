/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/store_memory.h"
#include "agent/attach.h"
#include "agent/guest_memory.h"
#include "agent/image_lock.h"
#include "agent/room.h"
#include "image/shared.h"

/* Where it is attached; ABSENT: it can't be. */
static char *memory;

#define ABSENT ((char *)-1)

static bool is_ours(unsigned long at)
{
	uint64_t nonce;

	return !guest_read(&nonce, at + offsetof(struct shared_owners, nonce), sizeof(nonce)) &&
	       nonce == image_data()->shared_nonce;
}

/* Another thread may have been faster: then it is there twice, which does no harm. */
static char *attach(void)
{
	int32_t id = image_data()->identity.memory_id;
	size_t size = store_size(SHARED_OWNERS_BITS);
	unsigned long room = id < 0 ? 0 : room_reserve(size);
	long at = room ? attach_memory(id, (const void *)room, size, true) : -EINVAL;
	char *attached = ABSENT;

	if (at != (long)room && id >= 0)
		at = attach_memory(id, NULL, size, true);
	if (attach_is_address(at) && is_ours((unsigned long)at))
		attached = (char *)at;
	__atomic_store_n(&memory, attached, __ATOMIC_RELEASE);
	return attached;
}

/* NULL: there is none. */
static struct store_bucket *bucket_of(const struct store_key *key)
{
	char *at = __atomic_load_n(&memory, __ATOMIC_ACQUIRE);

	if (!at)
		at = attach();
	if (at == ABSENT)
		return NULL;
	return (struct store_bucket *)(at + store_bucket_offset(store_bucket_of(SHARED_OWNERS_BITS, key)));
}

bool store_memory_find(const struct store_key *key, struct store_record *record)
{
	const struct store_bucket *bucket = bucket_of(key);

	return bucket && store_find_in(bucket, key, record);
}

bool store_memory_may_have(const struct store_key *key)
{
	struct store_record record;

	return !__atomic_load_n(&memory, __ATOMIC_ACQUIRE) || store_memory_find(key, &record);
}

long store_memory_put(const struct store_record *record)
{
	struct store_bucket *bucket = bucket_of(&record->key);
	long fd = bucket ? image_lock() : -ENOMEM, status;
	struct store_change change;

	if (fd < 0)
		return fd;
	status = store_put_in(bucket, record, &change);
	if (!status)
		store_apply(bucket, &change);
	image_unlock((int)fd);
	return status;
}

long store_memory_remove(const struct store_record *record)
{
	struct store_bucket *bucket = bucket_of(&record->key);
	long fd = bucket ? image_lock() : -ENOMEM, status;
	struct store_change change;

	if (fd < 0)
		return fd;
	status = store_remove_from(bucket, record, &change);
	if (!status)
		store_apply(bucket, &change);
	image_unlock((int)fd);
	return status;
}
