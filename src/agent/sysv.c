/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/sysv.h"
#include "agent/attach.h"
#include "agent/capability.h"
#include "agent/seal.h"
#include "agent/store_file.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <asm/ipcbuf.h>
#include <linux/time.h>

_Static_assert(sizeof(struct sysv) <= SHARED_SYSTEM_V_SIZE, "image/shared.h");

static bool is_attached;

/* Another thread may have been faster, before it was to be had by lock. */
static long map_objects(void)
{
	long at;

	if (is_attached)
		return 0;
	at = attach_memory(SHARED_SYSTEM_V, THE_SYSV, SHARED_SYSTEM_V_SIZE, true);
	if (at != (long)THE_SYSV)
		return attach_is_address(at) ? -ENOMEM : at;
	seal(THE_SYSV, SHARED_SYSTEM_V_SIZE);
	is_attached = true;
	return 0;
}

void sysv_commit(void)
{
	__atomic_store_n(&THE_SYSV->changes, 0, __ATOMIC_RELEASE);
}

void sysv_take_back(void)
{
	struct sysv *sysv = THE_SYSV;

	while (sysv->changes) {
		const struct sysv_change *change = &sysv->journal[sysv->changes - 1];

		__atomic_store_n((uint64_t *)((char *)sysv + change->at), change->old, __ATOMIC_RELEASE);
		__atomic_store_n(&sysv->changes, sysv->changes - 1, __ATOMIC_RELEASE);
	}
}

void sysv_set(void *at, uint64_t value)
{
	struct sysv *sysv = THE_SYSV;
	struct sysv_change *change = &sysv->journal[sysv->changes];

	if (*(uint64_t *)at == value)
		return;
	/* Who has so much to do in one step is not there: SYSV_OPERATIONS, and what belongs to each. */
	if (sysv->changes == SYSV_CHANGES)
		__builtin_trap();
	change->at = (uint64_t)((char *)at - (char *)sysv);
	change->old = *(uint64_t *)at;
	__atomic_store_n(&sysv->changes, sysv->changes + 1, __ATOMIC_RELEASE);
	__atomic_store_n((uint64_t *)at, value, __ATOMIC_RELEASE);
}

long sysv_begin(void)
{
	long lock = map_objects() ? -ENOMEM : sysv_lock();

	if (lock < 0)
		return -ENOMEM;
	sysv_take_back();
	return lock;
}

void sysv_end(long lock)
{
	sysv_commit();
	sysv_unlock(lock);
}

/* Where the objects of a family are. */
static const struct {
	uint32_t offset, size, most;
} places[SYSV_FAMILIES] = {
	[SYSV_SHM] = { offsetof(struct sysv, segments), sizeof(struct sysv_segment), SYSV_SEGMENTS },
	[SYSV_SEM] = { offsetof(struct sysv, sets), sizeof(struct sysv_set), SYSV_SETS },
	[SYSV_MSG] = { offsetof(struct sysv, queues), sizeof(struct sysv_queue), SYSV_QUEUES },
};

struct sysv_object *sysv_at(enum sysv_family family, uint64_t index)
{
	return (struct sysv_object *)((char *)THE_SYSV + places[family].offset + index * places[family].size);
}

uint64_t sysv_index(enum sysv_family family, const struct sysv_object *object)
{
	return (uint64_t)((const char *)object - (const char *)sysv_at(family, 0)) / places[family].size;
}

#define INDEX_BITS 15 /* IPCMNI_SHIFT, ipc/util.h */
#define SEQUENCE_MOST (0x7fffffffu >> INDEX_BITS)

int sysv_id(enum sysv_family family, const struct sysv_object *object)
{
	return (int)(object->sequence << INDEX_BITS | sysv_index(family, object));
}

long sysv_find_index(enum sysv_family family, int index, struct sysv_object **object)
{
	uint64_t place = (uint64_t)index & ((1u << INDEX_BITS) - 1);

	if (place >= THE_SYSV->tables[family].high)
		return -EINVAL;
	*object = sysv_at(family, place);
	return (*object)->used ? 0 : -EINVAL;
}

long sysv_find(enum sysv_family family, int id, struct sysv_object **object)
{
	long status = id < 0 ? -EINVAL : sysv_find_index(family, id, object);

	if (status)
		return status;
	return sysv_id(family, *object) == id ? 0 : -EIDRM;
}

long sysv_highest(enum sysv_family family)
{
	for (uint64_t i = THE_SYSV->tables[family].high; i > 0; i--)
		if (sysv_at(family, i - 1)->used)
			return (long)i - 1;
	return 0;
}

static struct sysv_object *find_key(enum sysv_family family, uint32_t key)
{
	for (uint64_t i = 0; i < THE_SYSV->tables[family].high; i++)
		if (sysv_at(family, i)->used && sysv_at(family, i)->key == key)
			return sysv_at(family, i);
	return NULL;
}

#define CYCLE_LEAST 64 /* ipc_min_cycle, ipc/util.h */

/* The next free one in turn, so that a number comes again late: ipc_idr_alloc(). NULL: there are too many. */
static struct sysv_object *find_free(enum sysv_family family)
{
	const struct sysv_table *table = &THE_SYSV->tables[family];
	uint64_t most = MIN(MAX(table->count * 3 / 2, CYCLE_LEAST), places[family].most);

	uint64_t first = table->next < most ? table->next : 0;

	for (uint64_t i = 0; i < most; i++)
		if (!sysv_at(family, (first + i) % most)->used)
			return sysv_at(family, (first + i) % most);
	return NULL;
}

uint64_t sysv_now(void)
{
	struct __kernel_timespec now;

	/* ktime_get_real_seconds() of the kernel, kernel/time/timekeeping.c, goes by ticks. */
	return GATE_2(NR_clock_gettime, CLOCK_REALTIME_COARSE, &now) ? 0 : (uint64_t)now.tv_sec;
}

uint64_t sysv_pid(void)
{
	return (uint64_t)GATE_0(NR_getpid);
}

static uint32_t own_user(void)
{
	return identity_is_on() ? identity_now()->euid : (uint32_t)GATE_0(NR_geteuid);
}

static uint32_t own_group(void)
{
	return identity_is_on() ? identity_now()->egid : (uint32_t)GATE_0(NR_getegid);
}

static bool is_in_group(uint64_t gid)
{
	uint32_t groups[CREDENTIALS_GROUPS_MOST];
	long count;

	if (identity_is_on())
		return credentials_in_group(identity_now(), (uint32_t)gid);
	if (gid == own_group())
		return true;
	count = GATE_2(NR_getgroups, ARRAY_SIZE(groups), groups);
	for (long i = 0; i < count; i++)
		if (groups[i] == gid)
			return true;
	return false;
}

long sysv_may(const struct sysv_object *object, uint32_t mode)
{
	uint32_t wanted = (mode >> 6 | mode >> 3 | mode) & 7, granted = (uint32_t)object->mode, euid = own_user();

	if (euid == object->cuid || euid == object->uid)
		granted >>= 6;
	else if (is_in_group(object->cgid) || is_in_group(object->gid))
		granted >>= 3;
	return wanted & ~granted && !has_capability(CAP_IPC_OWNER) ? -EACCES : 0;
}

long sysv_may_change(const struct sysv_object *object)
{
	uint32_t euid = own_user();

	return euid == object->cuid || euid == object->uid || has_capability(CAP_SYS_ADMIN) ? 0 : -EPERM;
}

/* Of what changes nothing yet: MAKE sets the rest. */
static void fill_object(struct sysv_object *object, uint32_t key, uint32_t mode)
{
	uint32_t uid = own_user(), gid = own_group();

	sysv_set(&object->key, key);
	sysv_set(&object->mode, mode & 0777);
	sysv_set(&object->uid, uid);
	sysv_set(&object->cuid, uid);
	sysv_set(&object->gid, gid);
	sysv_set(&object->cgid, gid);
	sysv_set(&object->used, 1);
}

static void number_object(struct sysv_table *table, struct sysv_object *object, uint64_t index)
{
	if (index < table->next)
		sysv_set(&table->sequence, table->sequence + 1 >= SEQUENCE_MOST ? 0 : table->sequence + 1);
	sysv_set(&table->next, index + 1);
	sysv_set(&table->high, MAX(table->high, index + 1));
	sysv_set(&table->count, table->count + 1);
	sysv_set(&object->sequence, table->sequence);
}

static long make_object(const struct sysv_maker *maker, uint32_t key, unsigned long size, uint32_t mode)
{
	struct sysv_object *object = find_free(maker->family);
	long status;

	if (!object)
		return -ENOSPC;
	number_object(&THE_SYSV->tables[maker->family], object, sysv_index(maker->family, object));
	fill_object(object, key, mode);
	status = maker->make(object, size);
	if (status)
		sysv_take_back();
	return status ? status : sysv_id(maker->family, object);
}

long sysv_get(const struct sysv_maker *maker, uint32_t key, unsigned long size, uint32_t mode)
{
	struct sysv_object *object = key == IPC_PRIVATE ? NULL : find_key(maker->family, key);
	long status;

	if (!object && key != IPC_PRIVATE && !(mode & IPC_CREAT))
		return -ENOENT;
	if (!object)
		return make_object(maker, key, size, mode);
	if (mode & IPC_CREAT && mode & IPC_EXCL)
		return -EEXIST;
	status = maker->check ? maker->check(object, size) : 0;
	if (!status)
		status = sysv_may(object, mode);
	return status ? status : sysv_id(maker->family, object);
}

void sysv_remove(enum sysv_family family, struct sysv_object *object)
{
	struct sysv_table *table = &THE_SYSV->tables[family];

	sysv_set(&object->used, 0);
	sysv_set(&table->count, table->count - 1);
}

void sysv_tell(enum sysv_family family, const struct sysv_object *object, struct ipc64_perm *to)
{
	(void)family;
	*to = (struct ipc64_perm){ .key = (int)object->key,
				   .uid = (uint32_t)object->uid,
				   .gid = (uint32_t)object->gid,
				   .cuid = (uint32_t)object->cuid,
				   .cgid = (uint32_t)object->cgid,
				   .mode = (__kernel_mode_t)object->mode,
				   .seq = (unsigned short)object->sequence };
}

long sysv_set_owner(struct sysv_object *object, const struct ipc64_perm *from)
{
	if (from->uid == CREDENTIALS_KEEP || from->gid == CREDENTIALS_KEEP)
		return -EINVAL;
	sysv_set(&object->uid, from->uid);
	sysv_set(&object->gid, from->gid);
	sysv_set(&object->mode, (object->mode & ~0777ul) | (from->mode & 0777));
	return 0;
}
