/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/filters.h"
#include "agent/agent.h"
#include "agent/proc.h"
#include "agent/room.h"
#include "agent/seal.h"
#include <linux/mman.h>

/* Numbers are the kernel's errors to QUERY_NUMBER: from 64 on, so that ENOSYS is none, to MAX_ERRNO. */
#define FIRST_NUMBER 64

/* In memory of its own; the code, and behind it the whole as a string: filters_write(). */
struct filter {
	uint16_t previous; /* the number of the one before it in its thread, or 0 */
	uint16_t is_strict;
	/* From here on it is carried over execve. */
	uint16_t number;
	uint16_t count;
	struct sock_filter code[];
};

#define CARRIED_HEAD (offsetof(struct filter, code) - offsetof(struct filter, number))

/* By number. Entries are added before the kernel knows of them, and never changed while it does. */
static struct filter *filters[FILTERS_MOST] AGENT_LARGE;

static unsigned int top; /* all lie below */

unsigned int filters_version;

/* For calls of patched sites: the version for which a number is allowed, or, with REFUSED, is not. */
#define REFUSED 0x8000
#define VERSION(number) ((uint16_t)((number) % REFUSED))
static uint16_t allowed[NR_HIGHEST + 1] AGENT_LARGE;

static struct filter *filter_of(unsigned long number)
{
	unsigned long index = number - FIRST_NUMBER;

	return index < FILTERS_MOST ? __atomic_load_n(&filters[index], __ATOMIC_ACQUIRE) : NULL;
}

/* The calling thread's newest; NULL if it has none. */
static struct filter *newest_filter(void)
{
	return filters_are_on() ? filter_of((unsigned long)-GATE_0(QUERY_NUMBER)) : NULL;
}

static size_t carried_size(unsigned int count)
{
	return CARRIED_HEAD + count * sizeof(struct sock_filter);
}

/* Seven bytes become eight, none of which is 0. */
static size_t text_size(unsigned int count)
{
	return carried_size(count) / 7 * 8 + 16;
}

static size_t whole_size(unsigned int count)
{
	return sizeof(struct filter) + count * sizeof(struct sock_filter) + text_size(count);
}

static char *text_of(struct filter *filter)
{
	return (char *)(filter->code + filter->count);
}

static struct filter *map_filter(unsigned int count)
{
	long memory = room_map(whole_size(count), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	if (memory < 0)
		return NULL;
	seal((void *)memory, ALIGN_UP(whole_size(count), 0x1000ul));
	((struct filter *)memory)->count = (uint16_t)count;
	return (struct filter *)memory;
}

static void raise_top(unsigned int wanted)
{
	unsigned int old = __atomic_load_n(&top, __ATOMIC_RELAXED);

	while (old < wanted &&
	       !__atomic_compare_exchange_n(&top, &old, wanted, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

/* The place in the table tells others that the number is taken. */
static bool enter_filter(struct filter *filter, unsigned int index)
{
	struct filter *none = NULL;

	raise_top(index + 1);
	filter->number = (uint16_t)(index + FIRST_NUMBER);
	return __atomic_compare_exchange_n(&filters[index], &none, filter, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

struct filter *filters_add(unsigned int count, bool is_strict)
{
	struct filter *previous = newest_filter(), *filter = map_filter(count);

	if (!filter)
		return NULL;
	filter->previous = previous ? previous->number : 0;
	filter->is_strict = is_strict;
	for (unsigned int index = 0; index < FILTERS_MOST; index++)
		if (enter_filter(filter, index))
			return filter;
	return NULL;
}

struct sock_filter *filters_code(struct filter *filter)
{
	return filter->code;
}

unsigned int filters_number(const struct filter *filter)
{
	return filter->number;
}

/* The bits of a program, seven in each byte, whose eighth is 1. */
static void encode(const unsigned char *from, size_t size, char *text)
{
	unsigned int bits = 0, rest = 0;

	for (size_t i = 0; i < size; i++) {
		rest |= (unsigned int)from[i] << bits;
		for (bits += 8; bits >= 7; bits -= 7, rest >>= 7)
			*text++ = (char)(rest | 0x80);
	}
	*text++ = (char)(rest | 0x80);
	*text = '\0';
}

/* Into SIZE bytes at TO: how many there are in TEXT. */
static size_t decode(const char *text, unsigned char *to, size_t size)
{
	unsigned int bits = 0, rest = 0;
	size_t count = 0;

	for (; *text && count < size; text++) {
		rest |= ((unsigned int)*text & 0x7f) << bits;
		bits += 7;
		if (bits < 8)
			continue;
		to[count++] = (unsigned char)rest;
		rest >>= 8;
		bits -= 8;
	}
	return count;
}

void filters_publish(struct filter *filter)
{
	encode((const unsigned char *)&filter->number, carried_size(filter->count), text_of(filter));
	/* 0 means none, also when it comes round. */
	if (!__atomic_add_fetch(&filters_version, 1, __ATOMIC_RELEASE))
		__atomic_store_n(&filters_version, 1, __ATOMIC_RELEASE);
}

void filters_withdraw(struct filter *filter)
{
	/* Other threads may be looking at it, in filters_allow(): the memory stays. */
	__atomic_store_n(&filters[filter->number - FIRST_NUMBER], NULL, __ATOMIC_RELEASE);
}

unsigned int filters_count(void)
{
	unsigned int count = 0;

	for (const struct filter *filter = newest_filter(); filter; filter = filter_of(filter->previous))
		count++;
	return count;
}

/* Threads in strict mode, for others who ask: a table that forgets. */
static int strict_threads[32];

static int *strict_place(long thread)
{
	return &strict_threads[(unsigned long)thread % ARRAY_SIZE(strict_threads)];
}

void filters_note_strict(void)
{
	int thread = (int)GATE_0(NR_gettid);

	__atomic_store_n(strict_place(thread), thread, __ATOMIC_RELAXED);
}

bool filters_read_strict(long thread)
{
	int found;

	return proc_read_agent(thread, strict_place(thread), &found, sizeof(found)) && found == thread;
}

bool filters_is_strict(void)
{
	const struct filter *filter = newest_filter();

	return filter && filter->is_strict;
}

/* Whether A comes before B in the kernel's order: of the signed number, the lower one. */
static bool is_stronger(uint32_t a, uint32_t b)
{
	return (int32_t)(a & SECCOMP_RET_ACTION_FULL) < (int32_t)(b & SECCOMP_RET_ACTION_FULL);
}

uint32_t filters_judge(const struct ucontext *context)
{
	struct seccomp_data data = { .nr = (int)registers_number(context),
				     .arch = ARCH_AUDIT,
				     .instruction_pointer = registers_instruction(context) };
	uint32_t verdict = SECCOMP_RET_ALLOW, one;
	unsigned long arguments[6];
	bool looks_further;

	registers_arguments(context, arguments);
	memcpy(data.args, arguments, sizeof(data.args));
	for (const struct filter *filter = newest_filter(); filter; filter = filter_of(filter->previous)) {
		one = bpf_run(filter->code, filter->count, &data, &looks_further);
		if (is_stronger(one, verdict))
			verdict = one;
	}
	return verdict;
}

static bool is_always_allowed(unsigned long nr)
{
	struct seccomp_data data = { .nr = (int)nr, .arch = ARCH_AUDIT };
	bool looks_further;

	for (unsigned int i = 0; i < __atomic_load_n(&top, __ATOMIC_RELAXED); i++) {
		const struct filter *filter = __atomic_load_n(&filters[i], __ATOMIC_ACQUIRE);

		if (!filter)
			continue;
		if (bpf_run(filter->code, filter->count, &data, &looks_further) != SECCOMP_RET_ALLOW || looks_further)
			return false;
	}
	return true;
}

bool filters_allow(unsigned long nr)
{
	uint16_t version = VERSION(__atomic_load_n(&filters_version, __ATOMIC_ACQUIRE)), known;
	bool is_allowed;

	if (nr > NR_HIGHEST)
		return false;
	known = __atomic_load_n(&allowed[nr], __ATOMIC_RELAXED);
	/* After so many the count comes round: then nothing is remembered any more. */
	if (filters_version < REFUSED && VERSION(known) == version)
		return !(known & REFUSED);
	is_allowed = is_always_allowed(nr);
	__atomic_store_n(&allowed[nr], (uint16_t)(is_allowed ? version : version | REFUSED), __ATOMIC_RELAXED);
	return is_allowed;
}

void filters_write(const char **strings)
{
	unsigned int at = filters_count();

	for (struct filter *filter = newest_filter(); filter && at; filter = filter_of(filter->previous))
		strings[--at] = text_of(filter);
}

/* The filter in TEXT, behind PREVIOUS; NULL without memory, or if it is none. */
static struct filter *read_one(const char *text, unsigned int previous)
{
	uint16_t head[2]; /* number and count */
	struct filter *filter;

	if (decode(text, (unsigned char *)head, sizeof(head)) < sizeof(head))
		return NULL;
	filter = map_filter(head[1]);
	if (!filter)
		return NULL;
	decode(text, (unsigned char *)&filter->number, carried_size(head[1]));
	filter->previous = (uint16_t)previous;
	return head[0] - (unsigned int)FIRST_NUMBER < FILTERS_MOST && enter_filter(filter, head[0] - FIRST_NUMBER) ?
		       filter :
		       NULL;
}

bool filters_start(char *const *strings, unsigned int count)
{
	unsigned int previous = 0;

	for (unsigned int i = 0; i < count; i++) {
		struct filter *filter = read_one(strings[i], previous);

		if (!filter)
			return false;
		filters_publish(filter);
		previous = filter->number;
	}
	return true;
}
