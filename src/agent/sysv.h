/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System V IPC where the machine has none (--sysvipc, IMAGE_SYSTEM_V): objects, who may use them, and who waits.
 *
 * All is in one file that guests share (SHARED_SYSTEM_V), mapped when it is first needed. Who looks at it holds its
 * lock, which is taken from who has been killed (agent/sysv_lock.c). So that nothing stays half changed, each change of
 * a word is noted first in a journal; who finds a journal of somebody else's takes those changes back. Words are of 64
 * bits for that, and a file of zeros is a machine without objects.
 *
 * Who ends tells nobody. What depends on it, changes to be undone (SEM_UNDO), who waits, and how often a segment is
 * attached, is found out by who looks: /proc tells it. Rules are those of Linux 6.12: ipc/util.c, shm.c, sem.c, msg.c.
 */
#ifndef AGENT_SYSV_H
#define AGENT_SYSV_H

#include "agent/slot.h"
#include <linux/ipc.h>
#include <linux/sem.h>
#include <linux/time_types.h>

enum sysv_family { SYSV_SHM, SYSV_SEM, SYSV_MSG, SYSV_FAMILIES };

/* How many there may be. */
#define SYSV_SEGMENTS 4096
#define SYSV_SETS 1024
#define SYSV_QUEUES 1024
#define SYSV_SEMAPHORES 65536 /* in all sets */
#define SYSV_SET_MOST 32000   /* SEMMSL */
#define SYSV_OPERATIONS 500   /* SEMOPM */
#define SYSV_VALUE_MOST 32767 /* SEMVMX */
#define SYSV_UNDOS 8192
#define SYSV_WAITERS 512
#define SYSV_LOCKERS 8192
#define SYSV_BLOCKS 65536
#define SYSV_MESSAGE_MOST 8192 /* MSGMAX */
#define SYSV_QUEUE_BYTES 16384 /* MSGMNB */

/* What all objects begin with. */
struct sysv_object {
	uint64_t used; /* 0: there is none */
	uint64_t key, uid, gid, cuid, cgid, mode, sequence;
};

struct sysv_segment {
	struct sysv_object object;
	uint64_t size, atime, dtime, ctime, cpid, lpid;
	uint64_t seen; /* how often it was attached when that was counted */
};

struct sysv_set {
	struct sysv_object object;
	uint64_t count, first; /* semaphores, and the index of the first */
	uint64_t otime, ctime;
	uint64_t undos; /* how many changes are to be undone when a process ends */
	uint64_t reserved[3];
};

struct sysv_semaphore {
	uint64_t value, pid;
};

struct sysv_undo {
	uint64_t used, process, start; /* whose: struct sysv_task */
	uint64_t pid, id, number;
	int64_t adjust;
};

struct sysv_queue {
	struct sysv_object object;
	uint64_t count, bytes, bytes_most;
	uint64_t first, last; /* messages: the index of their first block + 1 */
	uint64_t spid, rpid, stime, rtime, ctime;
};

#define SYSV_BLOCK_DATA 216

/* Of a message, or free. */
struct sysv_block {
	uint64_t next;	  /* of the same message, or the next free one: index + 1 */
	uint64_t message; /* of the first: the first of the next message */
	uint64_t type;	  /* likewise */
	uint64_t size;	  /* likewise */
	uint64_t reserved;
	unsigned char data[SYSV_BLOCK_DATA];
};

enum sysv_state { SYSV_FREE, SYSV_WAITS, SYSV_DONE };

/* A thread that waits; numbers are those of the host's /proc, starts ticks since boot. */
struct sysv_task {
	uint64_t process, thread;
	uint64_t start, thread_start;
};

struct sysv_waiter {
	uint64_t state; /* enum sysv_state; the first half is the futex it waits at */
	uint64_t family, id;
	uint64_t turn; /* who came first has the lowest */
	int64_t result;
	uint64_t pid;
	struct sysv_task task;
	uint64_t sends; /* of a queue: whether for room in it */
	int64_t type;	/* likewise: what message is waited for, */
	uint64_t flags, size;
	uint64_t message;	  /* and which it got: index of its first block + 1 */
	uint64_t count, blocking; /* of a set: operations, and which of them can't be done */
	struct sembuf operations[SYSV_OPERATIONS];
};

struct sysv_table {
	uint64_t next; /* index behind that of the newest object */
	uint64_t high; /* no object has a higher index than below this */
	uint64_t count, sequence;
};

#define SYSV_CHANGES 4096 /* of one step: the journal's room */

struct sysv_change {
	uint64_t at, old; /* offset, and the word that was there */
};

/* A process that has ever had the lock, as in struct sysv_task. */
struct sysv_locker {
	uint64_t process, start;
	uint64_t pid; /* what it calls itself; 0: there is none */
};

struct sysv {
	uint32_t lock; /* 0, or 1 more than the index of who has it; and the highest bit, if others wait */
	uint32_t reserved;
	uint64_t locker_high; /* none in use from there on */
	uint64_t changes;     /* in the journal: not 0 while a step is going on */
	struct sysv_table tables[SYSV_FAMILIES];
	uint64_t turn;
	uint64_t undo_high, waiter_high; /* none in use from there on */
	uint64_t block_free, block_high; /* index + 1 of a free block; those from there on have never been used */
	uint64_t blocks_used, messages, bytes;
	uint64_t dying; /* segments that are to go with their last user */
	struct sysv_locker lockers[SYSV_LOCKERS];
	struct sysv_change journal[SYSV_CHANGES];
	struct sysv_segment segments[SYSV_SEGMENTS];
	struct sysv_set sets[SYSV_SETS];
	struct sysv_semaphore semaphores[SYSV_SEMAPHORES];
	struct sysv_undo undos[SYSV_UNDOS];
	struct sysv_queue queues[SYSV_QUEUES];
	struct sysv_waiter waiters[SYSV_WAITERS];
	struct sysv_block blocks[SYSV_BLOCKS];
};

/* Valid between sysv_begin() and sysv_end(). */
#define THE_SYSV ((struct sysv *)IMAGE_SYSTEM_V_ADDRESS)

/* Keep others out: the lock, for sysv_end(), or -ENOMEM. */
long sysv_begin(void);
/* With all that was set. */
void sysv_end(long lock);

/* Of these two, with the objects mapped: a number not below 0 for sysv_unlock(), or a negative errno. */
long sysv_lock(void);
void sysv_unlock(long lock);
/* *AT, a word of THE_SYSV, becomes VALUE with sysv_commit(), or if not stays. */
void sysv_set(void *at, uint64_t value);
void sysv_commit(void);
/* Take back what was set since. */
void sysv_take_back(void);

/* The object of FAMILY with INDEX below its table's high; it may be unused. */
struct sysv_object *sysv_at(enum sysv_family family, uint64_t index);
uint64_t sysv_index(enum sysv_family family, const struct sysv_object *object);
int sysv_id(enum sysv_family family, const struct sysv_object *object);
/* That with ID: 0, -EINVAL or -EIDRM. */
long sysv_find(enum sysv_family family, int id, struct sysv_object **object);
/* *_STAT: that with INDEX, or with the index that an id of that number has: 0 or -EINVAL. */
long sysv_find_index(enum sysv_family family, int index, struct sysv_object **object);
/* The highest index in use, or 0: what *_INFO return. */
long sysv_highest(enum sysv_family family);

/* What one family has of its own. */
struct sysv_maker {
	enum sysv_family family;
	long (*check)(const struct sysv_object *object, unsigned long size); /* whether one that is there will do */
	long (*make)(struct sysv_object *object, unsigned long size);	     /* 0, or an errno: nothing is made */
};

/* shmget, semget, msgget: the id or an errno. MODE is their last argument. */
long sysv_get(const struct sysv_maker *maker, uint32_t key, unsigned long size, uint32_t mode);
/* Forget OBJECT, all of whose own things are gone. */
void sysv_remove(enum sysv_family family, struct sysv_object *object);

/* ipcperms(): whether the caller may do to OBJECT what the bits of MODE say. 0 or -EACCES. */
long sysv_may(const struct sysv_object *object, uint32_t mode);
/* Whether it may remove and change it: 0 or -EPERM. */
long sysv_may_change(const struct sysv_object *object);
struct ipc64_perm;
void sysv_tell(enum sysv_family family, const struct sysv_object *object, struct ipc64_perm *to);
/* IPC_SET: 0 or -EINVAL. */
long sysv_set_owner(struct sysv_object *object, const struct ipc64_perm *from);
uint64_t sysv_now(void);
uint64_t sysv_pid(void);

/* Who calls, by what /proc tells: 0, or an errno. */
long sysv_read_task(struct sysv_task *task);
/* The same for who has the lock. */
long sysv_task(struct sysv_task *task);
/* Whether the process, or the thread, runs still. What is only left to be waited for does not. */
bool sysv_process_lives(uint64_t process, uint64_t start);
bool sysv_thread_lives(const struct sysv_task *task);

/* A waiter of the caller's for OBJECT, without its task, not waiting yet: NULL, there is no room. */
struct sysv_waiter *sysv_waiter_new(enum sysv_family family, const struct sysv_object *object);
/* Of those who wait for the object with ID the first whose turn comes behind TURN, and who lives; NULL: none. */
struct sysv_waiter *sysv_waiter_next(enum sysv_family family, int id, uint64_t turn);
/* It has RESULT. To be woken once that is committed: sysv_wake(). */
void sysv_waiter_finish(struct sysv_waiter *waiter, long result);
void sysv_wake(const struct sysv_waiter *waiter);
/* All who wait for the object with ID have -EIDRM; commits. */
void sysv_waiter_remove_all(enum sysv_family family, int id);

/*
 * What to do when a waiter has its result (SYSV_DONE), or it is time to look again, with the lock held: the result of
 * the call, or CALL_RESUME: wait on.
 */
typedef long sysv_woken(struct call *call, struct sysv_waiter *waiter);

/*
 * Give back LOCK and let the calling thread wait, TIMEOUT at most unless that is NULL: CALL_RESUME; or an errno, with
 * the lock still held. LOOK: nanoseconds until it looks again, whatever happens.
 */
long sysv_wait(struct call *call, long lock, struct sysv_waiter *waiter, const struct __kernel_timespec *timeout,
	       uint64_t look, sysv_woken *woken);

/* Forget the message whose first block is PLACE; 0: none. */
void sysv_free_message(uint64_t place);

#define SYSV_LOOK_SELDOM 1000000000ul /* somebody may have been killed before he woke us */
#define SYSV_LOOK_OFTEN 20000000ul    /* what is undone at the end of a process may let us go on */

#endif
