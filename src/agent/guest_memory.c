/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a page is readable the kernel tells in less than 100 ns, through a call
 * that reads eight bytes and then finds another argument invalid: io_setup takes
 * no count of 0 (fs/aio.c); where there is none, rt_sigprocmask copies the set before it
 * looks at HOW (kernel/signal.c), but our filter looks at that call first. Whether
 * it is writable: rt_sigprocmask, asked only for the present mask, writes it there.
 */
#include "agent/guest_memory.h"
#include "agent/agent.h"
#include "agent/clock.h"
#include "agent/fault.h"
#include <asm/signal.h>
#include <linux/uio.h>

#define PAGE 0x1000ul
#define HOW_NONE (-1)

/*
 * Pages found readable: the number of the page, and behind it when, in steps of
 * the clock. Such words are read and written at once. Where one is wrong the fault is caught.
 */
#define STEP_BITS (CLOCK_AGE_BITS - 2)
#define STEPS_MOST 3
#define TIME_MASK ((1ul << 28) - 1)
#define PAGES_END (1ul << 48) /* those whose number leaves room for the time */
static uint64_t readable[64];

/* Each page has two slots, so that a few pages that are in use all the time, and lie anywhere, do not meet. */
static uint64_t *slot_of_page(unsigned long page, unsigned int choice)
{
	unsigned long hash = page / PAGE * 0x9e3779b97f4a7c15;

	return &readable[hash >> (choice ? 52 : 58) & (ARRAY_SIZE(readable) - 1)];
}

/* Whether THEN, of a slot, is not long ago. */
static bool is_recent(uint64_t then, uint64_t step)
{
	return ((step - then) & TIME_MASK) <= STEPS_MOST;
}

/* Whether one of its slots is of PAGE and recent. Both above the time are the page's number: without it only a
 * difference in time is left. */
static bool is_noted(unsigned long page, uint64_t step)
{
	for (unsigned int choice = 0; choice < 2; choice++) {
		uint64_t then = __atomic_load_n(slot_of_page(page, choice), __ATOMIC_RELAXED);

		if ((then ^ page << 16) <= TIME_MASK && is_recent(then, step))
			return true;
	}
	return false;
}

static void note_page(unsigned long page, uint64_t step)
{
	uint64_t *first = slot_of_page(page, 0);
	bool is_taken = is_recent(__atomic_load_n(first, __ATOMIC_RELAXED), step);

	__atomic_store_n(is_taken ? slot_of_page(page, 1) : first, page << 16 | step, __ATOMIC_RELAXED);
}

static bool is_readable(unsigned long page)
{
	long status = GATE_2(NR_io_setup, 0, page);

	if (status == -EINVAL || status == -EFAULT)
		return status == -EINVAL;
	/* NULL means no set at all. */
	return page && GATE_4(NR_rt_sigprocmask, HOW_NONE, page, 0, 8) != -EFAULT;
}

void guest_forget_pages(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(readable); i++)
		__atomic_store_n(&readable[i], 0, __ATOMIC_RELAXED);
}

/* The same, if it was found out shortly before NOW. */
static bool is_known_readable(unsigned long page, uint64_t now)
{
	uint64_t step = now >> STEP_BITS & TIME_MASK;

	if (!now || !page || page >= PAGES_END)
		return is_readable(page);
	if (is_noted(page, step) && fault_is_caught())
		return true;
	if (!is_readable(page))
		return false;
	note_page(page, step);
	return true;
}

/* Writes garbage to [address, address + size): only for what is about to be overwritten. */
static bool is_writable(unsigned long address, size_t size)
{
	if (!ALIGN_DOWN(address, PAGE))
		return false;
	if (size >= 8)
		return !GATE_4(NR_rt_sigprocmask, SIG_BLOCK, 0, address, 8);
	return GATE_3(NR_getrandom, address, size, 1) == (long)size;
}

/* How much of SIZE lies in the page of ADDRESS. */
static size_t in_page(unsigned long address, size_t size)
{
	return MIN(size, PAGE - address % PAGE);
}

/* Of several pages at once, where that may be asked: a sandbox may not know the call. */
static bool copy_by_kernel(void *to, unsigned long address, size_t size)
{
	const struct iovec local = { to, size }, remote = { (void *)address, size };

	return GATE_6(NR_process_vm_readv, GATE_0(NR_getpid), &local, 1, &remote, 1, 0) == (long)size;
}

long guest_read(void *to, unsigned long address, size_t size)
{
	if (size > PAGE && copy_by_kernel(to, address, size))
		return 0;
	while (size) {
		size_t part = in_page(address, size);

		if (!is_readable(ALIGN_DOWN(address, PAGE)))
			return -EFAULT;
		memcpy(to, (const void *)address, part);
		to = (char *)to + part;
		address += part;
		size -= part;
	}
	return 0;
}

long guest_write(unsigned long address, const void *from, size_t size)
{
	while (size) {
		size_t part = in_page(address, size);

		if (!is_writable(address, part))
			return -EFAULT;
		memcpy((void *)address, from, part);
		from = (const char *)from + part;
		address += part;
		size -= part;
	}
	return 0;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first byte of a word is its lowest");

/*
 * Copy whole words up to END, until one has a NUL byte: LENGTH moves to that byte, and
 * true; or as far as there are whole words, and false. TO has room for the word.
 */
static inline __attribute__((always_inline)) bool copy_words(char *to, const char *from, size_t *length, size_t end)
{
	static const unsigned long ones = ~0ul / 0xff, tops = ones << 7;
	unsigned long word, zeros;

	for (; *length + sizeof(word) <= end; *length += sizeof(word)) {
		__builtin_memcpy(&word, from + *length, sizeof(word));
		__builtin_memcpy(to + *length, &word, sizeof(word));
		zeros = (word - ones) & ~word & tops;
		if (zeros) {
			*length += (size_t)__builtin_ctzl(zeros) / 8;
			return true;
		}
	}
	return false;
}

long guest_read_string(char *to, unsigned long address, size_t size)
{
	return guest_read_string_near(to, address, size, ~0ul, 0, 0);
}

long AGENT_READING guest_read_string_near(char *to, unsigned long address, size_t size, unsigned long from,
					  unsigned long last, uint64_t now)
{
	size_t length = 0;

	while (length < size) {
		size_t end = MIN(length + in_page(address + length, PAGE), size);
		unsigned long page = ALIGN_DOWN(address + length, PAGE);

		if ((page + PAGE <= from || page > last) && !is_known_readable(page, now))
			return -EFAULT;
		if (copy_words(to, (const char *)address, &length, end))
			return (long)length;
		for (; length < end; length++) {
			to[length] = ((const char *)address)[length];
			if (!to[length])
				return (long)length;
		}
	}
	return -ENAMETOOLONG;
}

long guest_count_pointers(unsigned long address)
{
	const unsigned long *pointers = (const unsigned long *)address;
	unsigned long checked = 1;
	long count = 0;

	if (!address)
		return 0;
	for (;; count++) {
		unsigned long last_byte = (unsigned long)(pointers + count) + sizeof(*pointers) - 1;

		if (last_byte / PAGE != checked) {
			checked = last_byte / PAGE;
			if (!is_readable(ALIGN_DOWN((unsigned long)(pointers + count), PAGE)) ||
			    !is_readable(checked * PAGE))
				return -EFAULT;
		}
		if (!pointers[count])
			return count;
	}
}
