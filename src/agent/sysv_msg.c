/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Message queues of sysv.h. A message goes to who has waited for it longest, before it is in the queue. Rules are those
 * of ipc/msg.c.
 */
#include "agent/capability.h"
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/sysv.h"
#include <asm/ipcbuf.h>
#include <asm/msgbuf.h>
#include <linux/msg.h>

#define SEND_AGAIN 1 /* of who waits for room: there may be some */

static struct sysv_queue *queue_of(struct sysv_object *object)
{
	return (struct sysv_queue *)object;
}

static int queue_id(const struct sysv_queue *queue)
{
	return sysv_id(SYSV_MSG, &queue->object);
}

static struct sysv_block *block_at(uint64_t place)
{
	return &THE_SYSV->blocks[place - 1];
}

static long make_queue(struct sysv_object *object, unsigned long unused)
{
	struct sysv_queue *queue = queue_of(object);
	uint64_t *words[] = { &queue->count, &queue->bytes, &queue->first, &queue->last,
			      &queue->spid,  &queue->rpid,  &queue->stime, &queue->rtime };

	(void)unused;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		sysv_set(words[i], 0);
	sysv_set(&queue->bytes_most, SYSV_QUEUE_BYTES);
	sysv_set(&queue->ctime, sysv_now());
	return 0;
}

long handle_msgget(struct call *call)
{
	static const struct sysv_maker maker = { SYSV_MSG, NULL, make_queue };
	long lock = sysv_begin(), result;

	if (lock < 0)
		return lock;
	result = sysv_get(&maker, (uint32_t)call->arguments[0], 0, (uint32_t)call->arguments[1]);
	sysv_end(lock);
	return result;
}

static long find_queue(int id, struct sysv_queue **queue)
{
	struct sysv_object *object;
	long status = sysv_find(SYSV_MSG, id, &object);

	if (!status)
		*queue = queue_of(object);
	return status;
}

/* A block that is in no message, as the first of those that follow in NEXT; 0: there is none. */
static uint64_t take_block(uint64_t next)
{
	struct sysv *sysv = THE_SYSV;
	uint64_t place = sysv->block_free;

	if (place) {
		sysv_set(&sysv->block_free, block_at(place)->next);
	} else {
		if (sysv->block_high == SYSV_BLOCKS)
			return 0;
		place = sysv->block_high + 1;
		sysv_set(&sysv->block_high, place);
	}
	sysv_set(&sysv->blocks_used, sysv->blocks_used + 1);
	sysv_set(&block_at(place)->next, next);
	return place;
}

void sysv_free_message(uint64_t place)
{
	struct sysv *sysv = THE_SYSV;

	while (place) {
		uint64_t next = block_at(place)->next;

		sysv_set(&block_at(place)->next, sysv->block_free);
		sysv_set(&sysv->block_free, place);
		sysv_set(&sysv->blocks_used, sysv->blocks_used - 1);
		place = next;
	}
}

/* The message, from its end to its beginning. What is in a block that is free needs no journal. */
static long load_message(unsigned long from, size_t size, int64_t type, uint64_t *message)
{
	size_t at = (MAX(size, 1) - 1) / SYSV_BLOCK_DATA * SYSV_BLOCK_DATA;
	uint64_t place = 0;

	for (;; at -= SYSV_BLOCK_DATA) {
		place = take_block(place);
		if (!place)
			return -ENOMEM;
		if (guest_read(block_at(place)->data, from + at, MIN(size - at, SYSV_BLOCK_DATA)))
			return -EFAULT;
		if (!at)
			break;
	}
	sysv_set(&block_at(place)->message, 0);
	sysv_set(&block_at(place)->type, (uint64_t)type);
	sysv_set(&block_at(place)->size, size);
	*message = place;
	return 0;
}

static long store_message(uint64_t place, unsigned long to, size_t size)
{
	for (size_t at = 0; at < size; at += SYSV_BLOCK_DATA, place = block_at(place)->next)
		if (guest_write(to + at, block_at(place)->data, MIN(size - at, SYSV_BLOCK_DATA)))
			return -EFAULT;
	return 0;
}

/* testmsg() */
static bool is_wanted(const struct sysv_block *message, int64_t type, uint64_t flags)
{
	int64_t its = (int64_t)message->type;

	if (!type)
		return true;
	if (type < 0)
		return type == INT64_MIN || its <= -type;
	return (its == type) == !(flags & MSG_EXCEPT);
}

static void wake_all_senders(struct sysv_queue *queue)
{
	struct sysv_waiter *waiter;
	uint64_t turn = 0;

	sysv_commit();
	while ((waiter = sysv_waiter_next(SYSV_MSG, queue_id(queue), turn))) {
		turn = waiter->turn;
		if (waiter->sends)
			sysv_waiter_finish(waiter, SEND_AGAIN);
		sysv_commit();
		if (waiter->sends)
			sysv_wake(waiter);
	}
}

/* Give the message to who waits for one like it: pipelined_send(). */
static bool hand_over(struct sysv_queue *queue, uint64_t message)
{
	const struct sysv_block *block = block_at(message);
	struct sysv_waiter *waiter;
	uint64_t turn = 0;

	while ((waiter = sysv_waiter_next(SYSV_MSG, queue_id(queue), turn))) {
		bool fits = block->size <= waiter->size || waiter->flags & MSG_NOERROR;

		turn = waiter->turn;
		if (waiter->sends || !is_wanted(block, waiter->type, waiter->flags))
			continue;
		sysv_waiter_finish(waiter, fits ? 0 : -E2BIG);
		if (fits) {
			sysv_set(&waiter->message, message);
			sysv_set(&queue->rpid, waiter->pid);
			sysv_set(&queue->rtime, sysv_now());
		}
		sysv_commit();
		sysv_wake(waiter);
		if (fits)
			return true;
	}
	return false;
}

static void append(struct sysv_queue *queue, uint64_t message)
{
	uint64_t size = block_at(message)->size;

	if (queue->last)
		sysv_set(&block_at(queue->last)->message, message);
	else
		sysv_set(&queue->first, message);
	sysv_set(&queue->last, message);
	sysv_set(&queue->count, queue->count + 1);
	sysv_set(&queue->bytes, queue->bytes + size);
	sysv_set(&THE_SYSV->messages, THE_SYSV->messages + 1);
	sysv_set(&THE_SYSV->bytes, THE_SYSV->bytes + size);
}

static void take_out(struct sysv_queue *queue, uint64_t before, uint64_t message)
{
	uint64_t size = block_at(message)->size, next = block_at(message)->message;

	if (before)
		sysv_set(&block_at(before)->message, next);
	else
		sysv_set(&queue->first, next);
	if (queue->last == message)
		sysv_set(&queue->last, before);
	sysv_set(&queue->count, queue->count - 1);
	sysv_set(&queue->bytes, queue->bytes - size);
	sysv_set(&THE_SYSV->messages, THE_SYSV->messages - 1);
	sysv_set(&THE_SYSV->bytes, THE_SYSV->bytes - size);
}

static sysv_woken woken_sender, woken_receiver;

struct message {
	int id;
	unsigned long at; /* the guest's, behind the type */
	size_t size;
	int64_t type;
	uint64_t flags;
};

/* What the call asks for. */
static struct message message_of(const struct call *call)
{
	const unsigned long *arguments = call->original;
	bool receives = call->nr == NR_msgrcv;

	return (struct message){ .id = (int)arguments[0],
				 .at = arguments[1] + sizeof(int64_t),
				 .size = arguments[2],
				 .type = receives ? (int64_t)arguments[3] : 0,
				 .flags = (uint32_t)arguments[receives ? 4 : 3] };
}

static bool has_room(const struct sysv_queue *queue, size_t size)
{
	return size + queue->bytes <= queue->bytes_most && 1 + queue->count <= queue->bytes_most;
}

static struct sysv_waiter *new_waiter(const struct sysv_queue *queue, const struct message *message, bool sends)
{
	struct sysv_waiter *waiter = sysv_waiter_new(SYSV_MSG, &queue->object);

	if (!waiter)
		return NULL;
	waiter->sends = sends;
	waiter->type = message->type;
	waiter->flags = message->flags;
	waiter->size = message->size;
	return waiter;
}

/* What sending comes to at once; CALL_RESUME: there is no room. */
static long send_now(struct sysv_queue *queue, const struct message *message)
{
	uint64_t place;
	long status;

	if (sysv_may(&queue->object, 0222))
		return -EACCES;
	if (!has_room(queue, message->size))
		return message->flags & IPC_NOWAIT ? -EAGAIN : CALL_RESUME;
	status = load_message(message->at, message->size, message->type, &place);
	if (status) {
		sysv_take_back();
		return status;
	}
	sysv_set(&queue->spid, sysv_pid());
	sysv_set(&queue->stime, sysv_now());
	if (!hand_over(queue, place))
		append(queue, place);
	sysv_commit();
	return 0;
}

/* Whoever waits goes on waiting in its place. */
static long wait_on(struct sysv_waiter *waiter)
{
	sysv_set(&waiter->state, SYSV_WAITS);
	return CALL_RESUME;
}

static long woken_sender(struct call *call, struct sysv_waiter *waiter)
{
	struct message message = message_of(call);
	struct sysv_queue *queue;
	long status;

	if (waiter->result < 0)
		return (long)waiter->result;
	message.type = waiter->type;
	if (find_queue(message.id, &queue))
		return -EIDRM;
	status = send_now(queue, &message);
	return status == CALL_RESUME ? wait_on(waiter) : status;
}

static long send_message(struct call *call, const struct message *message, long lock)
{
	struct sysv_queue *queue;
	struct sysv_waiter *waiter;
	long status = find_queue(message->id, &queue);

	if (!status)
		status = send_now(queue, message);
	if (status != CALL_RESUME)
		return status;
	waiter = new_waiter(queue, message, true);
	return waiter ? sysv_wait(call, lock, waiter, NULL, SYSV_LOOK_SELDOM, woken_sender) : -ENOMEM;
}

long handle_msgsnd(struct call *call)
{
	struct message message = message_of(call);
	long lock, result;

	if (guest_read(&message.type, call->arguments[1], sizeof(message.type)))
		return -EFAULT;
	if (message.size > SYSV_MESSAGE_MOST || message.id < 0 || message.type < 1)
		return -EINVAL;
	lock = sysv_begin();
	if (lock < 0)
		return lock;
	result = send_message(call, &message, lock);
	if (result != CALL_RESUME)
		sysv_end(lock);
	return result;
}

/* find_msg(): the message, or 0, and *BEFORE that before it. */
static uint64_t find_message(const struct sysv_queue *queue, const struct message *wish, uint64_t *before)
{
	bool is_copied = wish->flags & MSG_COPY;
	uint64_t found = 0, previous = 0;
	int64_t number = 0;

	for (uint64_t at = queue->first; at; previous = at, at = block_at(at)->message) {
		if (is_copied ? number++ != wish->type : !is_wanted(block_at(at), wish->type, wish->flags))
			continue;
		if (found && (int64_t)block_at(at)->type >= (int64_t)block_at(found)->type)
			continue;
		found = at;
		*before = previous;
		/* Of a negative type the lowest comes first. */
		if (wish->type >= 0)
			break;
	}
	return found;
}

/* Write MESSAGE to where the caller wants it: its length there. */
static long deliver(uint64_t message, const struct message *wish)
{
	const struct sysv_block *block = block_at(message);
	size_t size = MIN(block->size, wish->size);

	if (guest_write(wish->at - sizeof(int64_t), &block->type, sizeof(block->type)) ||
	    store_message(message, wish->at, size))
		return -EFAULT;
	return (long)size;
}

static long take_message(struct sysv_queue *queue, const struct message *wish, uint64_t before, uint64_t message)
{
	long result = deliver(message, wish);

	take_out(queue, before, message);
	sysv_free_message(message);
	sysv_set(&queue->rpid, sysv_pid());
	sysv_set(&queue->rtime, sysv_now());
	wake_all_senders(queue);
	return result;
}

/* What receiving comes to at once; CALL_RESUME: there is nothing. */
static long receive_now(struct sysv_queue *queue, const struct message *wish)
{
	uint64_t before = 0, message;

	if (sysv_may(&queue->object, 0444))
		return -EACCES;
	message = find_message(queue, wish, &before);
	if (!message)
		return wish->flags & IPC_NOWAIT ? -ENOMSG : CALL_RESUME;
	if (block_at(message)->size > wish->size && !(wish->flags & MSG_NOERROR))
		return -E2BIG;
	return wish->flags & MSG_COPY ? deliver(message, wish) : take_message(queue, wish, before, message);
}

static long woken_receiver(struct call *call, struct sysv_waiter *waiter)
{
	struct message wish = message_of(call);
	struct sysv_queue *queue;
	long result;

	if (waiter->result < 0)
		return (long)waiter->result;
	if (waiter->message) {
		result = deliver(waiter->message, &wish);
		sysv_free_message(waiter->message);
		sysv_set(&waiter->message, 0);
		return result;
	}
	if (find_queue(wish.id, &queue))
		return -EIDRM;
	result = receive_now(queue, &wish);
	return result == CALL_RESUME ? wait_on(waiter) : result;
}

static long receive_message(struct call *call, const struct message *wish, long lock)
{
	struct sysv_queue *queue;
	struct sysv_waiter *waiter;
	long status = find_queue(wish->id, &queue);

	if (!status)
		status = receive_now(queue, wish);
	if (status != CALL_RESUME)
		return status;
	waiter = new_waiter(queue, wish, false);
	return waiter ? sysv_wait(call, lock, waiter, NULL, SYSV_LOOK_SELDOM, woken_receiver) : -ENOMEM;
}

long handle_msgrcv(struct call *call)
{
	struct message wish = message_of(call);
	long lock, result;

	if (wish.id < 0 || (long)wish.size < 0)
		return -EINVAL;
	if (wish.flags & MSG_COPY && (wish.flags & MSG_EXCEPT || !(wish.flags & IPC_NOWAIT)))
		return -EINVAL;
	lock = sysv_begin();
	if (lock < 0)
		return lock;
	result = receive_message(call, &wish, lock);
	if (result != CALL_RESUME)
		sysv_end(lock);
	return result;
}

static long tell_limits_of_queues(struct call *call, bool tells_use)
{
	const struct sysv *sysv = THE_SYSV;
	const struct msginfo limits = {
		.msgpool = tells_use ? (int)sysv->tables[SYSV_MSG].count : SYSV_QUEUES * SYSV_QUEUE_BYTES / 1024,
		.msgmap = tells_use ? (int)sysv->messages : SYSV_QUEUE_BYTES,
		.msgmax = SYSV_MESSAGE_MOST,
		.msgmnb = SYSV_QUEUE_BYTES,
		.msgmni = SYSV_QUEUES,
		.msgssz = 16,
		.msgtql = tells_use ? (int)sysv->bytes : SYSV_QUEUE_BYTES,
		.msgseg = 0xffff,
	};

	return guest_write(call->arguments[2], &limits, sizeof(limits)) ? -EFAULT : sysv_highest(SYSV_MSG);
}

static long tell_queue(struct call *call, int command, const struct sysv_queue *queue)
{
	struct msqid64_ds status = {
		.msg_stime = (long)queue->stime,
		.msg_rtime = (long)queue->rtime,
		.msg_ctime = (long)queue->ctime,
		.msg_cbytes = queue->bytes,
		.msg_qnum = queue->count,
		.msg_qbytes = queue->bytes_most,
		.msg_lspid = (int)queue->spid,
		.msg_lrpid = (int)queue->rpid,
	};

	if (command != MSG_STAT_ANY && sysv_may(&queue->object, 0444))
		return -EACCES;
	sysv_tell(SYSV_MSG, &queue->object, &status.msg_perm);
	if (guest_write(call->arguments[2], &status, sizeof(status)))
		return -EFAULT;
	return command == IPC_STAT ? 0 : queue_id(queue);
}

static long remove_queue(struct sysv_queue *queue)
{
	int id = queue_id(queue);

	while (queue->first) {
		uint64_t message = queue->first;

		take_out(queue, 0, message);
		sysv_free_message(message);
		sysv_commit();
	}
	sysv_remove(SYSV_MSG, &queue->object);
	sysv_commit();
	sysv_waiter_remove_all(SYSV_MSG, id);
	return 0;
}

/* More than the limit only root may allow. Who waits may have lost the right to, or found room. */
static long change_queue(struct sysv_queue *queue, const struct msqid64_ds *wish)
{
	long status;

	if (wish->msg_qbytes > SYSV_QUEUE_BYTES && !has_capability(CAP_SYS_RESOURCE))
		return -EPERM;
	status = sysv_set_owner(&queue->object, &wish->msg_perm);
	if (status)
		return status;
	sysv_set(&queue->bytes_most, wish->msg_qbytes);
	sysv_set(&queue->ctime, sysv_now());
	wake_all_senders(queue);
	return 0;
}

static long control_queue(struct call *call, int command, const struct msqid64_ds *wish)
{
	int id = (int)call->arguments[0];
	struct sysv_object *object;
	struct sysv_queue *queue;
	long status;

	if (command == IPC_INFO || command == MSG_INFO)
		return tell_limits_of_queues(call, command == MSG_INFO);
	if (command == MSG_STAT || command == MSG_STAT_ANY) {
		status = sysv_find_index(SYSV_MSG, id, &object);
		id = status ? -1 : sysv_id(SYSV_MSG, object);
	}
	status = find_queue(id, &queue);
	if (status)
		return status;
	if (command != IPC_RMID && command != IPC_SET)
		return tell_queue(call, command, queue);
	if (sysv_may_change(&queue->object))
		return -EPERM;
	return command == IPC_RMID ? remove_queue(queue) : change_queue(queue, wish);
}

static bool is_command_of_queues(int command)
{
	return command == IPC_RMID || command == IPC_SET || command == IPC_STAT || command == IPC_INFO ||
	       (command >= MSG_STAT && command <= MSG_STAT_ANY);
}

long handle_msgctl(struct call *call)
{
	int command = (int)call->arguments[1];
	struct msqid64_ds wish;
	long lock, result;

	if ((int)call->arguments[0] < 0 || !is_command_of_queues(command))
		return -EINVAL;
	if (command == IPC_SET && guest_read(&wish, call->arguments[2], sizeof(wish)))
		return -EFAULT;
	lock = sysv_begin();
	if (lock < 0)
		return lock;
	result = control_queue(call, command, &wish);
	sysv_end(lock);
	return result;
}
