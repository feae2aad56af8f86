/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Semaphores of sysv.h. Who changes a set does, in the order in which they came, what those who wait for it have asked
 * for, and then wakes them: so nobody overtakes them. Rules are those of ipc/sem.c.
 */
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/sysv.h"
#include <asm/ipcbuf.h>
#include <asm/sembuf.h>
#include <linux/time.h>

#define CHUNK 64 /* values that are copied, or set in one step */

static struct sysv_set *set_of(struct sysv_object *object)
{
	return (struct sysv_set *)object;
}

static int set_id(const struct sysv_set *set)
{
	return sysv_id(SYSV_SEM, &set->object);
}

static struct sysv_semaphore *semaphore_of(const struct sysv_set *set, uint64_t number)
{
	return &THE_SYSV->semaphores[set->first + number];
}

/* Whether COUNT semaphores from FIRST on belong to no set; else *BEHIND is where those of a set that has some end. */
static bool is_room(uint64_t first, uint64_t count, uint64_t *behind)
{
	for (uint64_t i = 0; i < THE_SYSV->tables[SYSV_SEM].high; i++) {
		const struct sysv_set *set = set_of(sysv_at(SYSV_SEM, i));

		if (!set->object.used || set->first >= first + count || set->first + set->count <= first)
			continue;
		*behind = set->first + set->count;
		return false;
	}
	return true;
}

static long find_room(uint64_t count)
{
	uint64_t first = 0;

	while (first + count <= SYSV_SEMAPHORES)
		if (is_room(first, count, &first))
			return (long)first;
	return -ENOSPC;
}

/* While they are of no set they need no journal. */
static long make_set(struct sysv_object *object, unsigned long count)
{
	struct sysv_set *set = set_of(object);
	long first;

	if (!count)
		return -EINVAL;
	sysv_set(&set->count, 0);
	first = find_room(count);
	if (first < 0)
		return first;
	for (uint64_t i = 0; i < count; i++)
		THE_SYSV->semaphores[(uint64_t)first + i] = (struct sysv_semaphore){ 0, 0 };
	sysv_set(&set->count, count);
	sysv_set(&set->first, (uint64_t)first);
	sysv_set(&set->otime, 0);
	sysv_set(&set->ctime, sysv_now());
	sysv_set(&set->undos, 0);
	return 0;
}

/* sem_more_checks() */
static long check_set(const struct sysv_object *object, unsigned long count)
{
	return count > ((const struct sysv_set *)object)->count ? -EINVAL : 0;
}

long handle_semget(struct call *call)
{
	static const struct sysv_maker maker = { SYSV_SEM, check_set, make_set };
	int count = (int)call->arguments[1];
	long lock, result;

	if (count < 0 || count > SYSV_SET_MOST)
		return -EINVAL;
	lock = sysv_begin();
	if (lock < 0)
		return lock;
	result = sysv_get(&maker, (uint32_t)call->arguments[0], (unsigned long)count, (uint32_t)call->arguments[2]);
	sysv_end(lock);
	return result;
}

/* What is noted to be undone of semaphore NUMBER when the process of TASK ends; NULL: nothing. */
static struct sysv_undo *find_undo(const struct sysv_set *set, const struct sysv_task *task, uint64_t number)
{
	for (uint64_t i = 0; i < THE_SYSV->undo_high && set->undos; i++) {
		struct sysv_undo *undo = &THE_SYSV->undos[i];

		if (undo->used && undo->id == (uint64_t)set_id(set) && undo->number == number &&
		    undo->process == task->process && undo->start == task->start)
			return undo;
	}
	return NULL;
}

static void drop_undo(struct sysv_set *set, struct sysv_undo *undo)
{
	sysv_set(&undo->used, 0);
	sysv_set(&set->undos, set->undos - 1);
}

static struct sysv_undo *make_undo(struct sysv_set *set, const struct sysv_task *task, uint64_t pid, uint64_t number)
{
	struct sysv *sysv = THE_SYSV;
	uint64_t index = 0;

	while (index < sysv->undo_high && sysv->undos[index].used)
		index++;
	if (index == SYSV_UNDOS)
		return NULL;
	if (index == sysv->undo_high)
		sysv_set(&sysv->undo_high, index + 1);
	/* Nobody looks at it before it is in use. */
	sysv->undos[index] = (struct sysv_undo){ .process = task->process,
						 .start = task->start,
						 .pid = pid,
						 .id = (uint64_t)set_id(set),
						 .number = number };
	sysv_set(&sysv->undos[index].used, 1);
	sysv_set(&set->undos, set->undos + 1);
	return &sysv->undos[index];
}

static long add_undo(struct sysv_set *set, const struct sysv_waiter *waiter, const struct sembuf *operation)
{
	struct sysv_undo *undo = find_undo(set, &waiter->task, operation->sem_num);
	long adjust = (undo ? undo->adjust : 0) - operation->sem_op;

	if (adjust < -SYSV_VALUE_MOST - 1 || adjust > SYSV_VALUE_MOST)
		return -ERANGE;
	if (!undo && adjust)
		undo = make_undo(set, &waiter->task, waiter->pid, operation->sem_num);
	if (!undo)
		return adjust ? -ENOSPC : 0;
	if (adjust)
		sysv_set(&undo->adjust, (uint64_t)adjust);
	else
		drop_undo(set, undo);
	return 0;
}

#define WOULD_WAIT 1

static long perform_one(struct sysv_set *set, const struct sysv_waiter *waiter, const struct sembuf *operation)
{
	struct sysv_semaphore *semaphore = semaphore_of(set, operation->sem_num);
	long value = (long)semaphore->value + operation->sem_op;

	if ((!operation->sem_op && value) || value < 0)
		return operation->sem_flg & IPC_NOWAIT ? -EAGAIN : WOULD_WAIT;
	if (value > SYSV_VALUE_MOST)
		return -ERANGE;
	sysv_set(&semaphore->value, (uint64_t)value);
	sysv_set(&semaphore->pid, waiter->pid);
	return operation->sem_flg & SEM_UNDO && operation->sem_op ? add_undo(set, waiter, operation) : 0;
}

/* All of what WAITER asks for, to be committed, or nothing: perform_atomic_semop(). 0, WOULD_WAIT, or an errno. */
static long perform(struct sysv_set *set, struct sysv_waiter *waiter)
{
	long status = 0;

	for (uint64_t i = 0; i < waiter->count && !status; i++) {
		status = perform_one(set, waiter, &waiter->operations[i]);
		waiter->blocking = i;
	}
	if (status)
		sysv_take_back();
	else
		sysv_set(&set->otime, sysv_now());
	return status;
}

static bool alters(const struct sysv_waiter *waiter)
{
	for (uint64_t i = 0; i < waiter->count; i++)
		if (waiter->operations[i].sem_op)
			return true;
	return false;
}

/* Let one go on that can, of those who only look, or of the others. */
static bool serve_one(struct sysv_set *set, bool is_of_altering)
{
	struct sysv_waiter *waiter;
	uint64_t turn = 0;
	long status;

	while ((waiter = sysv_waiter_next(SYSV_SEM, set_id(set), turn))) {
		turn = waiter->turn;
		/* Who has ended is free now. */
		sysv_commit();
		if (alters(waiter) != is_of_altering)
			continue;
		status = perform(set, waiter);
		if (status == WOULD_WAIT)
			continue;
		sysv_waiter_finish(waiter, status);
		sysv_commit();
		sysv_wake(waiter);
		return true;
	}
	return false;
}

/* do_smart_update(). What was set before is committed. */
static void serve(struct sysv_set *set)
{
	sysv_commit();
	while (serve_one(set, false) || serve_one(set, true))
		;
}

/* exit_sem(): of all sets, what the process of UNDO has noted for its end. */
static void undo_one(struct sysv_undo *undo)
{
	struct sysv_object *object;
	struct sysv_semaphore *semaphore;
	long value;

	if (sysv_find(SYSV_SEM, (int)undo->id, &object)) {
		sysv_set(&undo->used, 0);
		sysv_commit();
		return;
	}
	semaphore = semaphore_of(set_of(object), undo->number);
	value = (long)semaphore->value + undo->adjust;
	sysv_set(&semaphore->value, (uint64_t)MIN(MAX(value, 0), SYSV_VALUE_MOST));
	sysv_set(&semaphore->pid, undo->pid);
	drop_undo(set_of(object), undo);
	serve(set_of(object));
}

static void undo_all(uint64_t process, uint64_t start)
{
	for (uint64_t i = 0; i < THE_SYSV->undo_high; i++) {
		struct sysv_undo *undo = &THE_SYSV->undos[i];

		if (undo->used && undo->process == process && undo->start == start)
			undo_one(undo);
	}
}

/* Whose changes of SET are to be undone, for they have ended. */
static void look_for_ended(struct sysv_set *set)
{
	uint64_t living = 0, start = 0;

	for (uint64_t i = 0; i < THE_SYSV->undo_high && set->undos; i++) {
		const struct sysv_undo *undo = &THE_SYSV->undos[i];

		if (!undo->used || undo->id != (uint64_t)set_id(set) ||
		    (undo->process == living && undo->start == start))
			continue;
		living = undo->process;
		start = undo->start;
		if (!sysv_process_lives(living, start))
			undo_all(living, start);
	}
}

/* The set with ID, as it is when all who have ended have left it. */
static long find_set(int id, struct sysv_set **set)
{
	struct sysv_object *object;
	long status = sysv_find(SYSV_SEM, id, &object);

	if (status)
		return status;
	*set = set_of(object);
	if ((*set)->undos)
		look_for_ended(*set);
	return 0;
}

/* Whoever should have woken this one may have been killed before. */
static long look_again(struct call *call, struct sysv_waiter *waiter)
{
	struct sysv_set *set;

	(void)call;
	if (waiter->state != SYSV_DONE && find_set((int)waiter->id, &set))
		return -EIDRM;
	if (waiter->state != SYSV_DONE)
		serve(set);
	return waiter->state == SYSV_DONE ? (long)waiter->result : CALL_RESUME;
}

static bool may_be_used(const struct sysv_waiter *waiter, const struct sysv_set *set)
{
	for (uint64_t i = 0; i < waiter->count; i++)
		if (waiter->operations[i].sem_num >= set->count)
			return false;
	return true;
}

static bool undoes(const struct sysv_waiter *waiter)
{
	for (uint64_t i = 0; i < waiter->count; i++)
		if (waiter->operations[i].sem_flg & SEM_UNDO)
			return true;
	return false;
}

/* The part of a waiter that is asked for. */
struct wish {
	uint64_t count;
	struct sembuf operations[SYSV_OPERATIONS];
};

_Static_assert(sizeof(struct wish) <= sizeof(((struct slot *)NULL)->path[0]), "slot.h");

/* Under the lock, which is given back unless the answer is an errno, or 0. */
static long operate_on(struct call *call, long lock, struct sysv_set *set, const struct wish *wish,
		       const struct __kernel_timespec *timeout)
{
	struct sysv_waiter *waiter = sysv_waiter_new(SYSV_SEM, &set->object);
	long status;

	if (!waiter)
		return -ENOMEM;
	waiter->count = wish->count;
	memcpy(waiter->operations, wish->operations, wish->count * sizeof(struct sembuf));
	if (!may_be_used(waiter, set))
		return -EFBIG;
	if (sysv_may(&set->object, alters(waiter) ? 0222 : 0444))
		return -EACCES;
	if (undoes(waiter) && sysv_task(&waiter->task))
		return -ENOMEM;
	sysv_commit();
	status = perform(set, waiter);
	if (!status)
		serve(set);
	if (status != WOULD_WAIT)
		return status;
	return sysv_wait(call, lock, waiter, timeout, set->undos ? SYSV_LOOK_OFTEN : SYSV_LOOK_SELDOM, look_again);
}

static long operate(struct call *call, const struct wish *wish, const struct __kernel_timespec *timeout)
{
	long lock = sysv_begin(), status;
	struct sysv_set *set;

	if (lock < 0)
		return lock;
	status = find_set((int)call->arguments[0], &set);
	if (!status)
		status = operate_on(call, lock, set, wish, timeout);
	if (status != CALL_RESUME)
		sysv_end(lock);
	return status;
}

/* semop and semtimedop. */
long handle_semop(struct call *call)
{
	struct wish *wish = (struct wish *)call->slot->path[0];
	bool is_timed = call->nr == NR_semtimedop && call->arguments[3];
	struct __kernel_timespec timeout;

	if (is_timed && guest_read(&timeout, call->arguments[3], sizeof(timeout)))
		return -EFAULT;
	wish->count = (uint32_t)call->arguments[2];
	if (!wish->count || (int)call->arguments[0] < 0)
		return -EINVAL;
	if (wish->count > SYSV_OPERATIONS)
		return -E2BIG;
	if (guest_read(wish->operations, call->arguments[1], wish->count * sizeof(struct sembuf)))
		return -EFAULT;
	if (is_timed && (timeout.tv_sec < 0 || timeout.tv_nsec < 0 || timeout.tv_nsec >= 1000000000))
		return -EINVAL;
	return operate(call, wish, is_timed ? &timeout : NULL);
}

static uint64_t semaphores_of_all(void)
{
	uint64_t count = 0;

	for (uint64_t i = 0; i < THE_SYSV->tables[SYSV_SEM].high; i++)
		if (sysv_at(SYSV_SEM, i)->used)
			count += set_of(sysv_at(SYSV_SEM, i))->count;
	return count;
}

static long tell_limits_of_sets(struct call *call, bool tells_use)
{
	struct seminfo limits = {
		.semmap = SYSV_SEMAPHORES,
		.semmni = SYSV_SETS,
		.semmns = SYSV_SEMAPHORES,
		.semmnu = SYSV_UNDOS,
		.semmsl = SYSV_SET_MOST,
		.semopm = SYSV_OPERATIONS,
		.semume = SYSV_OPERATIONS,
		.semusz = tells_use ? (int)THE_SYSV->tables[SYSV_SEM].count : 20,
		.semvmx = SYSV_VALUE_MOST,
		.semaem = tells_use ? (int)semaphores_of_all() : SYSV_VALUE_MOST,
	};

	return guest_write(call->arguments[3], &limits, sizeof(limits)) ? -EFAULT : sysv_highest(SYSV_SEM);
}

static long tell_set(struct call *call, int command, const struct sysv_set *set)
{
	struct semid64_ds status = { .sem_otime = (long)set->otime,
				     .sem_ctime = (long)set->ctime,
				     .sem_nsems = set->count };

	if (command != SEM_STAT_ANY && sysv_may(&set->object, 0444))
		return -EACCES;
	sysv_tell(SYSV_SEM, &set->object, &status.sem_perm);
	if (guest_write(call->arguments[3], &status, sizeof(status)))
		return -EFAULT;
	return command == IPC_STAT ? 0 : set_id(set);
}

static long remove_set(struct sysv_set *set)
{
	int id = set_id(set);

	for (uint64_t i = 0; i < THE_SYSV->undo_high && set->undos; i++)
		if (THE_SYSV->undos[i].used && THE_SYSV->undos[i].id == (uint64_t)id) {
			drop_undo(set, &THE_SYSV->undos[i]);
			sysv_commit();
		}
	sysv_remove(SYSV_SEM, &set->object);
	sysv_commit();
	sysv_waiter_remove_all(SYSV_SEM, id);
	return 0;
}

static long change_set(struct sysv_set *set, const struct semid64_ds *wish)
{
	long status = sysv_set_owner(&set->object, &wish->sem_perm);

	if (!status)
		sysv_set(&set->ctime, sysv_now());
	return status;
}

/* count_semcnt(): those who wait, first of all, for NUMBER to become 0, or greater. */
static long count_waiters(const struct sysv_set *set, uint64_t number, bool is_for_zero)
{
	const struct sysv_waiter *waiter;
	uint64_t turn = 0;
	long count = 0;

	while ((waiter = sysv_waiter_next(SYSV_SEM, set_id(set), turn))) {
		const struct sembuf *operation = &waiter->operations[waiter->blocking];

		turn = waiter->turn;
		count += operation->sem_num == number && !operation->sem_op == is_for_zero;
	}
	return count;
}

static long tell_semaphore(const struct sysv_set *set, int command, unsigned long number)
{
	const struct sysv_semaphore *semaphore = semaphore_of(set, number);

	if (number >= set->count)
		return -EINVAL;
	if (command == GETVAL)
		return (long)semaphore->value;
	return command == GETPID ? (long)semaphore->pid : count_waiters(set, number, command == GETZCNT);
}

static long tell_values(const struct sysv_set *set, unsigned long to)
{
	unsigned short values[CHUNK];

	for (uint64_t i = 0; i < set->count; i += CHUNK) {
		uint64_t count = MIN(set->count - i, CHUNK);

		for (uint64_t j = 0; j < count; j++)
			values[j] = (unsigned short)semaphore_of(set, i + j)->value;
		if (guest_write(to + i * sizeof(*values), values, count * sizeof(*values)))
			return -EFAULT;
	}
	return 0;
}

/* A value that is set is not undone. ALL: of all, else of NUMBER. */
static void forget_undos(struct sysv_set *set, bool is_of_all, uint64_t number)
{
	for (uint64_t i = 0; i < THE_SYSV->undo_high && set->undos; i++) {
		struct sysv_undo *undo = &THE_SYSV->undos[i];

		if (undo->used && undo->id == (uint64_t)set_id(set) && (is_of_all || undo->number == number)) {
			drop_undo(set, undo);
			sysv_commit();
		}
	}
}

/* All are looked at before one is set: SEMVMX. */
static long read_values(unsigned long from, uint64_t at, uint64_t count, unsigned short values[CHUNK])
{
	if (guest_read(values, from + at * sizeof(*values), count * sizeof(*values)))
		return -EFAULT;
	for (uint64_t i = 0; i < count; i++)
		if (values[i] > SYSV_VALUE_MOST)
			return -ERANGE;
	return 0;
}

static long set_values(struct sysv_set *set, unsigned long from)
{
	unsigned short values[CHUNK];
	uint64_t pid = sysv_pid();
	long status = 0;

	for (int sets = 0; sets < 2 && !status; sets++)
		for (uint64_t i = 0; i < set->count && !status; i += CHUNK) {
			uint64_t count = MIN(set->count - i, CHUNK);

			status = read_values(from, i, count, values);
			for (uint64_t j = 0; j < count && sets && !status; j++) {
				sysv_set(&semaphore_of(set, i + j)->value, values[j]);
				sysv_set(&semaphore_of(set, i + j)->pid, pid);
			}
			sysv_commit();
		}
	if (status)
		return status;
	forget_undos(set, true, 0);
	sysv_set(&set->ctime, sysv_now());
	serve(set);
	return 0;
}

static long set_value(struct sysv_set *set, unsigned long number, int value)
{
	if (number >= set->count)
		return -EINVAL;
	if (sysv_may(&set->object, 0222))
		return -EACCES;
	forget_undos(set, false, number);
	sysv_set(&semaphore_of(set, number)->value, (uint64_t)value);
	sysv_set(&semaphore_of(set, number)->pid, sysv_pid());
	sysv_set(&set->ctime, sysv_now());
	serve(set);
	return 0;
}

static long control_values(struct call *call, int command, struct sysv_set *set)
{
	unsigned long number = (unsigned int)call->arguments[1];

	if (command == SETVAL)
		return set_value(set, number, (int)call->arguments[3]);
	if (sysv_may(&set->object, command == SETALL ? 0222 : 0444))
		return -EACCES;
	if (command == SETALL)
		return set_values(set, call->arguments[3]);
	return command == GETALL ? tell_values(set, call->arguments[3]) : tell_semaphore(set, command, number);
}

static long control_set(struct call *call, int command, const struct semid64_ds *wish)
{
	int id = (int)call->arguments[0];
	struct sysv_object *object;
	struct sysv_set *set;
	long status;

	if (command == IPC_INFO || command == SEM_INFO)
		return tell_limits_of_sets(call, command == SEM_INFO);
	if (command == SEM_STAT || command == SEM_STAT_ANY) {
		status = sysv_find_index(SYSV_SEM, id, &object);
		id = status ? -1 : sysv_id(SYSV_SEM, object);
	}
	status = find_set(id, &set);
	if (status)
		return status;
	if (command == IPC_STAT || command == SEM_STAT || command == SEM_STAT_ANY)
		return tell_set(call, command, set);
	if (command != IPC_RMID && command != IPC_SET)
		return control_values(call, command, set);
	if (sysv_may_change(&set->object))
		return -EPERM;
	return command == IPC_RMID ? remove_set(set) : change_set(set, wish);
}

static bool is_command_of_sets(int command)
{
	return command == IPC_RMID || command == IPC_SET || command == IPC_STAT || command == IPC_INFO ||
	       (command >= GETPID && command <= SEM_STAT_ANY);
}

long handle_semctl(struct call *call)
{
	int command = (int)call->arguments[2];
	struct semid64_ds wish;
	long lock, result;

	if ((int)call->arguments[0] < 0 || !is_command_of_sets(command))
		return -EINVAL;
	if (command == IPC_SET && guest_read(&wish, call->arguments[3], sizeof(wish)))
		return -EFAULT;
	if (command == SETVAL && (unsigned int)call->arguments[3] > SYSV_VALUE_MOST)
		return -ERANGE;
	lock = sysv_begin();
	if (lock < 0)
		return lock;
	result = control_set(call, command, &wish);
	sysv_end(lock);
	return result;
}
