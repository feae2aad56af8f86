/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared memory segments of sysv.h. A segment's memory is a file of its own, beside that with the objects. Who has it
 * mapped is not noted: the kernel knows, and shows it in /proc/PID/maps, one line for what natively counts as one
 * attachment (shm_open() and shm_close() of ipc/shm.c).
 */
#include "agent/attach.h"
#include "agent/capability.h"
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/segments.h"
#include "agent/store_file.h"
#include "agent/sysv.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <asm/ipcbuf.h>
#include <asm/mman.h>
#include <asm/shmbuf.h>
#include <asm/signal.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/resource.h>
#include <linux/shm.h>
#include <linux/time.h>

#define FILE_NAME "/s" /* the number follows */
#define PAGE 0x1000ul

/* Beside the modes, as the kernel has them: linux/shm.h of old, and include/linux/shm.h. */
#define MODE_DYING 01000  /* SHM_DEST */
#define MODE_LOCKED 02000 /* SHM_LOCKED */

static struct sysv_segment *segment_of(struct sysv_object *object)
{
	return (struct sysv_segment *)object;
}

static void file_name(int id, char buf[32])
{
	struct text text;

	text_init(&text, buf, 32);
	text_add(&text, FILE_NAME);
	text_add_number(&text, id);
}

static long open_segment(int id, unsigned long flags)
{
	char name[32];

	file_name(id, name);
	return attach_open(name, flags);
}

static void remove_file(int id)
{
	char path[sizeof(image_data()->memory) + 32], name[32];
	struct text text;

	file_name(id, name);
	text_init(&text, path, sizeof(path));
	text_add(&text, image_data()->memory);
	text_add(&text, name);
	GATE_3(NR_unlinkat, AT_FDCWD, path, 0);
}

/* RLIMIT_FSIZE is the guest's, and not for segments; SIGXFSZ, beyond the hard limit, is blocked here. */
static long set_size(int fd, size_t size)
{
	static const unsigned long too_large = 1ul << (SIGXFSZ - 1);
	static const struct __kernel_timespec no_time;
	struct rlimit limit, lifted;
	bool has_limit = !GATE_2(NR_getrlimit, RLIMIT_FSIZE, &limit) && limit.rlim_cur < size;
	long status;

	lifted = (struct rlimit){ limit.rlim_max, limit.rlim_max };
	if (has_limit)
		GATE_2(NR_setrlimit, RLIMIT_FSIZE, &lifted);
	status = GATE_2(NR_ftruncate, fd, size);
	if (has_limit)
		GATE_2(NR_setrlimit, RLIMIT_FSIZE, &limit);
	if (status == -EFBIG)
		GATE_4(NR_rt_sigtimedwait, &too_large, NULL, &no_time, sizeof(too_large));
	return status;
}

/* Its name may be left from who was killed. Guests of real root may be other users. */
static long make_file(int id, size_t size)
{
	long fd, status;

	remove_file(id);
	fd = open_segment(id, O_RDWR | O_CREAT | O_EXCL);
	if (fd < 0)
		return -ENOMEM;
	status = GATE_2(NR_fchmod, fd, image_data()->identity.host_uid ? 0600 : 0666);
	if (!status)
		status = set_size((int)fd, ALIGN_UP(size, PAGE));
	GATE_1(NR_close, fd);
	if (status)
		remove_file(id);
	return status ? -ENOMEM : 0;
}

#define SIZE_MOST (0x7ffffffffffff000ul) /* where a file ends */

static long make_segment(struct sysv_object *object, unsigned long size)
{
	struct sysv_segment *segment = segment_of(object);

	if (!size || size > SIZE_MOST)
		return -EINVAL;
	sysv_set(&segment->size, size);
	sysv_set(&segment->atime, 0);
	sysv_set(&segment->dtime, 0);
	sysv_set(&segment->ctime, sysv_now());
	sysv_set(&segment->cpid, sysv_pid());
	sysv_set(&segment->lpid, 0);
	sysv_set(&segment->seen, 0);
	return make_file(sysv_id(SYSV_SHM, object), size);
}

/* shm_more_checks() */
static long check_segment(const struct sysv_object *object, unsigned long size)
{
	return ((const struct sysv_segment *)object)->size < size ? -EINVAL : 0;
}

static void destroy(struct sysv_segment *segment)
{
	int id = sysv_id(SYSV_SHM, &segment->object);

	if (segment->object.mode & MODE_DYING)
		sysv_set(&THE_SYSV->dying, THE_SYSV->dying - 1);
	sysv_remove(SYSV_SHM, &segment->object);
	sysv_commit();
	remove_file(id);
}

/* Remove one that is to go with its last user, if that has ended. */
static bool sweep(struct slot *slot, struct sysv_object *object)
{
	if (!(object->mode & MODE_DYING) || segments_count(slot, sysv_id(SYSV_SHM, object)))
		return false;
	destroy(segment_of(object));
	return true;
}

static void sweep_all(struct slot *slot)
{
	uint64_t high = THE_SYSV->tables[SYSV_SHM].high;

	for (uint64_t i = 0; i < high && THE_SYSV->dying; i++)
		if (sysv_at(SYSV_SHM, i)->used)
			sweep(slot, sysv_at(SYSV_SHM, i));
}

static long get_segment(struct call *call)
{
	static const struct sysv_maker maker = { SYSV_SHM, check_segment, make_segment };
	uint32_t flags = (uint32_t)call->arguments[2];

	/* There are no huge pages in a file. hugetlb_file_setup() says so where none are free. */
	if (flags & SHM_HUGETLB && flags & IPC_CREAT)
		return -ENOMEM;
	return sysv_get(&maker, (uint32_t)call->arguments[0], call->arguments[1], flags);
}

long handle_shmget(struct call *call)
{
	long lock = sysv_begin(), result;

	if (lock < 0)
		return lock;
	if (THE_SYSV->dying)
		sweep_all(call->slot);
	result = get_segment(call);
	sysv_end(lock);
	return result;
}

/* The segment with ID, unless it has gone with its last user. */
static long find_segment(struct slot *slot, int id, struct sysv_segment **segment)
{
	struct sysv_object *object;
	long status = sysv_find(SYSV_SHM, id, &object);

	if (status)
		return status;
	*segment = segment_of(object);
	return sweep(slot, object) ? -EINVAL : 0;
}

/* What do_shmat() says of address and flags before it looks for the segment; the address goes to *AT. */
static long check_address(unsigned long address, unsigned long flags, unsigned long *at)
{
	*at = address;
	if (!address)
		return flags & SHM_REMAP ? -EINVAL : 0;
	if (!(address & (PAGE - 1)))
		return 0;
	*at = ALIGN_DOWN(address, PAGE);
	return flags & SHM_RND && (*at || !(flags & SHM_REMAP)) ? 0 : -EINVAL;
}

static bool is_of_image(unsigned long at, unsigned long size)
{
	return at < IMAGE_END_ADDRESS && at + size > IMAGE_ADDRESS;
}

static long map_segment(const struct sysv_segment *segment, unsigned long at, unsigned long flags)
{
	unsigned long protection =
		PROT_READ | (flags & SHM_RDONLY ? 0 : PROT_WRITE) | (flags & SHM_EXEC ? PROT_EXEC : 0);
	unsigned long fixed = !at ? 0 : flags & SHM_REMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE;
	unsigned long size = ALIGN_UP(segment->size, PAGE);
	long fd, result;

	if (at && (at + size < at || (flags & SHM_REMAP && is_of_image(at, size))))
		return -EINVAL;
	fd = open_segment(sysv_id(SYSV_SHM, &segment->object), flags & SHM_RDONLY ? O_RDONLY : O_RDWR);
	if (fd < 0)
		return fd == -ENOENT ? -EINVAL : -ENOMEM;
	result = GATE_6(NR_mmap, at, size, protection, MAP_SHARED | fixed, fd, 0);
	GATE_1(NR_close, fd);
	return result == -EEXIST ? -EINVAL : result;
}

static long attach_segment(struct call *call, unsigned long at)
{
	unsigned long flags = call->arguments[2];
	struct sysv_segment *segment;
	long result = find_segment(call->slot, (int)call->arguments[0], &segment);

	if (!result)
		result = sysv_may(&segment->object,
				  0444 | (flags & SHM_RDONLY ? 0 : 0222) | (flags & SHM_EXEC ? 0111 : 0));
	if (!result)
		result = map_segment(segment, at, flags);
	if (attach_is_address(result)) {
		sysv_set(&segment->atime, sysv_now());
		sysv_set(&segment->lpid, sysv_pid());
		sysv_set(&segment->seen, segment->seen + 1);
	}
	return result;
}

long handle_shmat(struct call *call)
{
	unsigned long at;
	long result, lock;

	if ((int)call->arguments[0] < 0)
		return -EINVAL;
	result = check_address(call->arguments[1], call->arguments[2], &at);
	lock = result ? result : sysv_begin();
	if (lock < 0)
		return lock;
	result = attach_segment(call, at);
	sysv_end(lock);
	return result;
}

static long detach(struct call *call)
{
	struct sysv_object *object;
	int id = segments_detach(call->slot, call->arguments[0]);

	if (id < 0)
		return -EINVAL;
	if (!sysv_find(SYSV_SHM, id, &object)) {
		sysv_set(&segment_of(object)->dtime, sysv_now());
		sysv_set(&segment_of(object)->lpid, sysv_pid());
		sysv_commit();
		sweep(call->slot, object);
	}
	return 0;
}

long handle_shmdt(struct call *call)
{
	long lock, result;

	if (call->arguments[0] & (PAGE - 1))
		return -EINVAL;
	lock = sysv_begin();
	if (lock < 0)
		return lock;
	result = detach(call);
	sysv_end(lock);
	return result;
}

/* Of all segments. */
static void count_pages(struct shm_info *use)
{
	for (uint64_t i = 0; i < THE_SYSV->tables[SYSV_SHM].high; i++) {
		struct sysv_object *object = sysv_at(SYSV_SHM, i);

		if (!object->used)
			continue;
		use->shm_tot += ALIGN_UP(segment_of(object)->size, PAGE) / PAGE;
		use->shm_rss += segments_pages(sysv_id(SYSV_SHM, object));
	}
}

#define LIMIT (~0ul - (1ul << 24)) /* SHMMAX, SHMALL: include/uapi/linux/shm.h */

static long tell_limits(unsigned long to)
{
	const struct shminfo64 limits = {
		.shmmax = LIMIT, .shmmin = 1, .shmmni = SYSV_SEGMENTS, .shmseg = SYSV_SEGMENTS, .shmall = LIMIT
	};

	return guest_write(to, &limits, sizeof(limits)) ? -EFAULT : sysv_highest(SYSV_SHM);
}

static long tell_use(struct slot *slot, unsigned long to)
{
	struct shm_info use = { 0 };

	sweep_all(slot);
	use.used_ids = (int)THE_SYSV->tables[SYSV_SHM].count;
	count_pages(&use);
	return guest_write(to, &use, sizeof(use)) ? -EFAULT : sysv_highest(SYSV_SHM);
}

/* How often it is attached. Who has ended, executed a program or unmapped it has told nobody when he left. */
static unsigned long count(struct slot *slot, struct sysv_segment *segment)
{
	unsigned long attached = segments_count(slot, sysv_id(SYSV_SHM, &segment->object));

	if (attached < segment->seen)
		sysv_set(&segment->dtime, sysv_now());
	sysv_set(&segment->seen, attached);
	return attached;
}

void segments_tell(struct slot *slot, struct sysv_segment *segment, struct shmid64_ds *status)
{
	unsigned long attached = count(slot, segment);

	*status = (struct shmid64_ds){ .shm_segsz = segment->size,
				       .shm_atime = (long)segment->atime,
				       .shm_dtime = (long)segment->dtime,
				       .shm_ctime = (long)segment->ctime,
				       .shm_cpid = (int)segment->cpid,
				       .shm_lpid = (int)segment->lpid };
	sysv_tell(SYSV_SHM, &segment->object, &status->shm_perm);
	status->shm_nattch = attached;
}

static long tell_segment(struct call *call, int command, struct sysv_segment *segment)
{
	int id = sysv_id(SYSV_SHM, &segment->object);
	struct shmid64_ds status;

	if (command != SHM_STAT_ANY && sysv_may(&segment->object, 0444))
		return -EACCES;
	segments_tell(call->slot, segment, &status);
	if (guest_write(call->arguments[2], &status, sizeof(status)))
		return -EFAULT;
	return command == IPC_STAT ? 0 : id;
}

/* do_shm_rmid() */
static long remove_segment(struct slot *slot, struct sysv_segment *segment)
{
	struct sysv_object *object = &segment->object;

	if (!(object->mode & MODE_DYING)) {
		sysv_set(&object->key, IPC_PRIVATE);
		sysv_set(&object->mode, object->mode | MODE_DYING);
		sysv_set(&THE_SYSV->dying, THE_SYSV->dying + 1);
		sysv_commit();
	}
	sweep(slot, object);
	return 0;
}

static long change(struct sysv_segment *segment, const struct shmid64_ds *wish)
{
	long status = sysv_set_owner(&segment->object, &wish->shm_perm);

	if (!status)
		sysv_set(&segment->ctime, sysv_now());
	return status;
}

/* shmctl_do_lock(): that it is in memory nobody can see. */
static long lock_memory(struct sysv_segment *segment, bool locks)
{
	uint64_t mode = segment->object.mode;
	struct rlimit limit;

	if (!has_capability(CAP_IPC_LOCK)) {
		if (sysv_may_change(&segment->object))
			return -EPERM;
		if (locks && !GATE_2(NR_getrlimit, RLIMIT_MEMLOCK, &limit) && !limit.rlim_cur)
			return -EPERM;
	}
	sysv_set(&segment->object.mode, locks ? mode | MODE_LOCKED : mode & ~(uint64_t)MODE_LOCKED);
	return 0;
}

static long control(struct call *call, int command, struct sysv_segment *segment, const struct shmid64_ds *wish)
{
	if (command == IPC_STAT || command == SHM_STAT || command == SHM_STAT_ANY)
		return tell_segment(call, command, segment);
	if (command == SHM_LOCK || command == SHM_UNLOCK)
		return lock_memory(segment, command == SHM_LOCK);
	if (sysv_may_change(&segment->object))
		return -EPERM;
	return command == IPC_RMID ? remove_segment(call->slot, segment) : change(segment, wish);
}

static long find_and_control(struct call *call, int command, const struct shmid64_ds *wish)
{
	int id = (int)call->arguments[0];
	struct sysv_object *object;
	struct sysv_segment *segment;
	long status;

	if (command == IPC_INFO)
		return tell_limits(call->arguments[2]);
	if (command == SHM_INFO)
		return tell_use(call->slot, call->arguments[2]);
	if (command == SHM_STAT || command == SHM_STAT_ANY) {
		status = sysv_find_index(SYSV_SHM, id, &object);
		id = status ? -1 : sysv_id(SYSV_SHM, object);
	}
	status = find_segment(call->slot, id, &segment);
	return status ? status : control(call, command, segment, wish);
}

static bool is_command(int command)
{
	return command == IPC_RMID || command == IPC_SET || command == IPC_STAT || command == IPC_INFO ||
	       (command >= SHM_LOCK && command <= SHM_STAT_ANY);
}

long handle_shmctl(struct call *call)
{
	int command = (int)call->arguments[1];
	struct shmid64_ds wish;
	long lock, result;

	if ((int)call->arguments[0] < 0 || !is_command(command))
		return -EINVAL;
	if (command == IPC_SET && guest_read(&wish, call->arguments[2], sizeof(wish)))
		return -EFAULT;
	lock = sysv_begin();
	if (lock < 0)
		return lock;
	result = find_and_control(call, command, &wish);
	sysv_end(lock);
	return result;
}
