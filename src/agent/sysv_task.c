/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Of sysv.h: who calls, who lives still, and who waits.
 */
#include "agent/dispatch.h"
#include "agent/handlers.h"
#include "agent/proc.h"
#include "agent/store_file.h"
#include "agent/sysv.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/futex.h>
#include <linux/time.h>

#define NANOSECONDS 1000000000l

/* What /proc/PID/stat says, from its fields 3, 20 and 22: proc(5). */
struct facts {
	char state;
	long threads;
	uint64_t start;
};

static long read_number(const char **at, unsigned int skip)
{
	while (skip--) {
		while (**at && **at != ' ')
			(*at)++;
		while (**at == ' ')
			(*at)++;
	}
	return text_read_number(at);
}

/* The name, in parentheses, may have some itself. */
static bool parse_facts(const char *text, struct facts *facts)
{
	const char *at = NULL;

	for (; *text; text++)
		if (*text == ')')
			at = text;
	if (!at || !at[1])
		return false;
	at += 2;
	facts->state = *at;
	facts->threads = read_number(&at, 17);
	facts->start = (uint64_t)read_number(&at, 2);
	return facts->threads >= 0;
}

/* Of THREAD, or the whole process if that is 0. */
static bool read_facts(uint64_t process, uint64_t thread, struct facts *facts)
{
	char buf[1024];
	struct text name;
	long fd, length;

	text_init(&name, buf, sizeof(buf));
	text_add(&name, "/proc/");
	text_add_number(&name, (long)process);
	if (thread) {
		text_add(&name, "/task/");
		text_add_number(&name, (long)thread);
	}
	text_add(&name, "/stat");
	fd = store_file_open_any(buf, O_RDONLY);
	if (fd < 0)
		return false;
	length = GATE_3(NR_read, fd, buf, sizeof(buf) - 1);
	GATE_1(NR_close, fd);
	if (length <= 0)
		return false;
	buf[length] = '\0';
	return parse_facts(buf, facts);
}

static bool has_ended(const struct facts *facts)
{
	return facts->state == 'Z' || facts->state == 'X';
}

/* The first thread may have ended before others. */
bool sysv_process_lives(uint64_t process, uint64_t start)
{
	struct facts facts;

	return read_facts(process, 0, &facts) && facts.start == start && (!has_ended(&facts) || facts.threads > 1);
}

bool sysv_thread_lives(const struct sysv_task *task)
{
	struct facts facts;

	return read_facts(task->process, task->thread, &facts) && facts.start == task->thread_start &&
	       !has_ended(&facts);
}

long sysv_read_task(struct sysv_task *task)
{
	char link[64];
	const char *at = link;
	long length = GATE_4(NR_readlinkat, AT_FDCWD, "/proc/thread-self", link, sizeof(link) - 1);
	struct facts process, thread;

	if (length < 0)
		return length;
	link[length] = '\0';
	task->process = (uint64_t)text_read_number(&at);
	if (!text_begins(at, "/task/"))
		return -ESRCH;
	at += strlen("/task/");
	task->thread = (uint64_t)text_read_number(&at);
	if (!read_facts(task->process, 0, &process) || !read_facts(task->process, task->thread, &thread))
		return -ESRCH;
	task->start = process.start;
	task->thread_start = thread.start;
	return 0;
}

static void free_waiter(struct sysv_waiter *waiter)
{
	sysv_set(&waiter->state, SYSV_FREE);
}

static struct sysv_waiter *find_free(void)
{
	struct sysv *sysv = THE_SYSV;

	for (uint64_t i = 0; i < sysv->waiter_high; i++)
		if (sysv->waiters[i].state == SYSV_FREE)
			return &sysv->waiters[i];
	if (sysv->waiter_high < SYSV_WAITERS) {
		sysv_set(&sysv->waiter_high, sysv->waiter_high + 1);
		return &sysv->waiters[sysv->waiter_high - 1];
	}
	for (uint64_t i = 0; i < SYSV_WAITERS; i++)
		if (!sysv_thread_lives(&sysv->waiters[i].task)) {
			sysv_free_message(sysv->waiters[i].message);
			free_waiter(&sysv->waiters[i]);
			return &sysv->waiters[i];
		}
	return NULL;
}

/* Nobody looks at one that is free: what is written to it needs no journal. */
struct sysv_waiter *sysv_waiter_new(enum sysv_family family, const struct sysv_object *object)
{
	struct sysv_waiter *waiter = find_free();

	if (!waiter)
		return NULL;
	waiter->family = family;
	waiter->id = (uint64_t)sysv_id(family, object);
	waiter->pid = sysv_pid();
	waiter->message = 0;
	waiter->result = 0;
	return waiter;
}

static bool waits_for(const struct sysv_waiter *waiter, enum sysv_family family, int id)
{
	return waiter->state == SYSV_WAITS && waiter->family == family && waiter->id == (uint64_t)id;
}

static struct sysv_waiter *next_of(enum sysv_family family, int id, uint64_t turn)
{
	struct sysv_waiter *best = NULL;

	for (uint64_t i = 0; i < THE_SYSV->waiter_high; i++) {
		struct sysv_waiter *waiter = &THE_SYSV->waiters[i];

		if (waits_for(waiter, family, id) && waiter->turn > turn && (!best || waiter->turn < best->turn))
			best = waiter;
	}
	return best;
}

struct sysv_waiter *sysv_waiter_next(enum sysv_family family, int id, uint64_t turn)
{
	struct sysv_waiter *waiter;

	while ((waiter = next_of(family, id, turn)) && !sysv_thread_lives(&waiter->task))
		free_waiter(waiter);
	return waiter;
}

void sysv_waiter_finish(struct sysv_waiter *waiter, long result)
{
	sysv_set(&waiter->result, (uint64_t)result);
	sysv_set(&waiter->state, SYSV_DONE);
}

void sysv_wake(const struct sysv_waiter *waiter)
{
	GATE_3(NR_futex, &waiter->state, FUTEX_WAKE, 1);
}

void sysv_waiter_remove_all(enum sysv_family family, int id)
{
	for (uint64_t i = 0; i < THE_SYSV->waiter_high; i++) {
		struct sysv_waiter *waiter = &THE_SYSV->waiters[i];

		if (!waits_for(waiter, family, id))
			continue;
		sysv_waiter_finish(waiter, -EIDRM);
		sysv_commit();
		sysv_wake(waiter);
	}
}

/* What a call that waits keeps in its slot. */
struct wait {
	struct sysv_waiter *waiter;
	sysv_woken *woken;
	uint64_t look;
	bool has_end;
	struct __kernel_timespec end;	/* by the clock CLOCK_MONOTONIC */
	struct __kernel_timespec until; /* likewise: the end, or when to look again */
};

_Static_assert(sizeof(struct wait) <= PATH_SIZE, "slot.h");

static struct wait *wait_of(struct slot *slot)
{
	return (struct wait *)slot->spare;
}

static bool is_before(const struct __kernel_timespec *a, const struct __kernel_timespec *b)
{
	return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

static struct __kernel_timespec add_time(struct __kernel_timespec time, long long seconds, long long nanoseconds)
{
	time.tv_sec = seconds > 0x7fffffffffff ? seconds : time.tv_sec + seconds;
	time.tv_nsec += nanoseconds;
	if (time.tv_nsec >= NANOSECONDS) {
		time.tv_nsec -= NANOSECONDS;
		time.tv_sec++;
	}
	return time;
}

static struct __kernel_timespec time_now(void)
{
	struct __kernel_timespec time = { 0, 0 };

	GATE_2(NR_clock_gettime, CLOCK_MONOTONIC, &time);
	return time;
}

static slot_finish finish_wait;

/* With a time to end the kernel has this call end by EINTR for every handler, as it does those that it stands for. */
static long wait_at_gate(struct call *call)
{
	struct wait *wait = wait_of(call->slot);
	const unsigned long arguments[6] = { (unsigned long)&wait->waiter->state,
					     FUTEX_WAIT_BITSET,
					     SYSV_WAITS,
					     (unsigned long)&wait->until,
					     0,
					     FUTEX_BITSET_MATCH_ANY };

	wait->until = add_time(time_now(), 0, (long long)wait->look);
	if (wait->has_end && is_before(&wait->end, &wait->until))
		wait->until = wait->end;
	memcpy(call->arguments, arguments, sizeof(arguments));
	call->is_noted = true;
	return call_resume(call, NR_futex, finish_wait);
}

/* RESULT of the wait; of a call that was not made CALL_ANEW. */
static long leave_wait(struct call *call, struct wait *wait, long result)
{
	struct __kernel_timespec time = time_now();
	long answer;

	if (wait->waiter->state == SYSV_DONE)
		answer = wait->woken(call, wait->waiter);
	else if (result == CALL_ANEW || result == -EINTR)
		answer = result;
	else if (wait->has_end && !is_before(&time, &wait->end))
		answer = -EAGAIN;
	else
		answer = wait->woken(call, wait->waiter);
	/* The guest has a signal to handle: its call begins anew. */
	if (answer == CALL_RESUME && call->leaves)
		answer = CALL_ANEW;
	if (answer != CALL_RESUME)
		free_waiter(wait->waiter);
	return answer;
}

static long finish_wait(struct slot *slot, long result)
{
	struct call *call = &slot->call;
	struct wait *wait = wait_of(slot);
	long lock = sysv_begin();

	if (lock < 0)
		return -EINTR;
	result = leave_wait(call, wait, result);
	sysv_end(lock);
	if (result == CALL_RESUME)
		return wait_at_gate(call);
	call->is_noted = false;
	return result;
}

long sysv_wait(struct call *call, long lock, struct sysv_waiter *waiter, const struct __kernel_timespec *timeout,
	       uint64_t look, sysv_woken *woken)
{
	struct wait *wait = wait_of(call->slot);

	*wait = (struct wait){ .waiter = waiter, .woken = woken, .look = look, .has_end = timeout };
	if (timeout)
		wait->end = add_time(time_now(), timeout->tv_sec, timeout->tv_nsec);
	if (sysv_task(&waiter->task))
		return -ENOMEM;
	sysv_set(&THE_SYSV->turn, THE_SYSV->turn + 1);
	waiter->turn = THE_SYSV->turn;
	sysv_set(&waiter->state, SYSV_WAITS);
	sysv_end(lock);
	return wait_at_gate(call);
}
