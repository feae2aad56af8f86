/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lock of sysv.h: a word that names its holder, who needs no system call for it but getpid(2). Processes have
 * entries in a table, by which one who waits in vain finds out whether the holder lives still. The table changes under
 * the lock of the image, which the kernel itself takes from who is killed.
 */
#include "agent/image_lock.h"
#include "agent/sysv.h"
#include <linux/futex.h>
#include <linux/time.h>

#define CONTENDED (1u << 31)
#define LOOKS 500 /* before one sleeps: nobody has the lock for long */
#define SLEEPS_MOST 3000
#define SLEEP 20000000 /* nanoseconds */

/* This process's index + 1. A child that shares this memory has another. */
static uint32_t own_locker AGENT_WIPED;

static bool is_locker(const struct sysv_locker *locker, const struct sysv_task *task)
{
	return locker->pid && locker->process == task->process && locker->start == task->start;
}

static struct sysv_locker *find_locker(const struct sysv_task *task)
{
	for (uint64_t i = 0; i < THE_SYSV->locker_high; i++)
		if (is_locker(&THE_SYSV->lockers[i], task))
			return &THE_SYSV->lockers[i];
	return NULL;
}

static bool locker_lives(const struct sysv_locker *locker)
{
	return locker->pid && sysv_process_lives(locker->process, locker->start);
}

/* Not that of who has been killed with the lock. NULL: there is no room. */
static struct sysv_locker *find_free_locker(void)
{
	struct sysv *sysv = THE_SYSV;

	if (sysv->locker_high < SYSV_LOCKERS)
		return &sysv->lockers[sysv->locker_high++];
	for (uint32_t i = 0; i < SYSV_LOCKERS; i++)
		if (!locker_lives(&sysv->lockers[i]) && (sysv->lock & ~CONTENDED) != i + 1)
			return &sysv->lockers[i];
	return NULL;
}

/*
 * This process, with this memory, has no entry yet. One that it has from the program before is nobody's: another
 * thread may have been ended by execve(2) while it had the lock.
 */
static uint32_t enter_locker(uint64_t pid)
{
	struct sysv_locker *locker;
	struct sysv_task task;

	if (sysv_read_task(&task))
		return 0;
	while ((locker = find_locker(&task)))
		__atomic_store_n(&locker->pid, 0, __ATOMIC_RELEASE);
	locker = find_free_locker();
	if (!locker)
		return 0;
	__atomic_store_n(&locker->pid, 0, __ATOMIC_RELEASE);
	locker->process = task.process;
	locker->start = task.start;
	__atomic_store_n(&locker->pid, pid, __ATOMIC_RELEASE);
	return (uint32_t)(locker - THE_SYSV->lockers) + 1;
}

/* Of a child that shares this memory with its parent. */
static uint32_t find_child(uint64_t pid)
{
	struct sysv_locker *locker;
	struct sysv_task task;

	if (sysv_read_task(&task))
		return 0;
	locker = find_locker(&task);
	return locker ? (uint32_t)(locker - THE_SYSV->lockers) + 1 : enter_locker(pid);
}

static uint32_t find_own(void)
{
	uint32_t own = __atomic_load_n(&own_locker, __ATOMIC_ACQUIRE);
	uint64_t pid = sysv_pid();
	long lock;

	if (own && THE_SYSV->lockers[own - 1].pid == pid)
		return own;
	lock = image_lock();
	if (lock < 0)
		return 0;
	/* Another thread may have been faster. */
	own = __atomic_load_n(&own_locker, __ATOMIC_ACQUIRE);
	if (!own) {
		own = enter_locker(pid);
		__atomic_store_n(&own_locker, own, __ATOMIC_RELEASE);
	} else if (THE_SYSV->lockers[own - 1].pid != pid) {
		own = find_child(pid);
	}
	image_unlock((int)lock);
	return own;
}

static bool exchange(uint32_t from, uint32_t to)
{
	return __atomic_compare_exchange_n(&THE_SYSV->lock, &from, to, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static bool take_soon(uint32_t own)
{
	for (unsigned int i = 0; i < LOOKS; i++)
		if (!__atomic_load_n(&THE_SYSV->lock, __ATOMIC_RELAXED) && exchange(0, own))
			return true;
	return false;
}

/*
 * Sleep until the lock, as it is seen, is given back; *SLEEPS counts how often it was not. Who has it after that knows
 * that there may be others.
 */
static bool take_later(uint32_t own, unsigned int *sleeps)
{
	static const struct __kernel_timespec time = { .tv_nsec = SLEEP };
	uint32_t seen = __atomic_load_n(&THE_SYSV->lock, __ATOMIC_RELAXED);

	if (!seen)
		return exchange(0, own | CONTENDED);
	if (!(seen & CONTENDED) && !exchange(seen, seen | CONTENDED))
		return false;
	seen |= CONTENDED;
	if (GATE_4(NR_futex, &THE_SYSV->lock, FUTEX_WAIT, seen, &time) != -ETIMEDOUT)
		return false;
	++*sleeps;
	return !locker_lives(&THE_SYSV->lockers[(seen & ~CONTENDED) - 1]) && exchange(seen, own | CONTENDED);
}

long sysv_lock(void)
{
	uint32_t own = find_own();
	unsigned int sleeps = 0;

	if (!own)
		return -ENOMEM;
	if (take_soon(own))
		return 0;
	while (!take_later(own, &sleeps))
		if (sleeps == SLEEPS_MOST)
			return -EBUSY;
	return 0;
}

long sysv_task(struct sysv_task *task)
{
	const struct sysv_locker *own = &THE_SYSV->lockers[(THE_SYSV->lock & ~CONTENDED) - 1];

	if (GATE_0(NR_gettid) != GATE_0(NR_getpid))
		return sysv_read_task(task);
	*task = (struct sysv_task){ own->process, own->process, own->start, own->start };
	return 0;
}

void sysv_unlock(long lock)
{
	(void)lock;
	if (__atomic_exchange_n(&THE_SYSV->lock, 0, __ATOMIC_RELEASE) & CONTENDED)
		GATE_3(NR_futex, &THE_SYSV->lock, FUTEX_WAKE, 1);
}
