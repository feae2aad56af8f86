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
#include <asm/signal.h>

#define PAGE 0x1000ul
#define HOW_NONE (-1)

static bool is_readable(unsigned long page)
{
	long status = GATE_2(NR_io_setup, 0, page);

	if (status == -EINVAL || status == -EFAULT)
		return status == -EINVAL;
	/* NULL means no set at all. */
	return page && GATE_4(NR_rt_sigprocmask, HOW_NONE, page, 0, 8) != -EFAULT;
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

long guest_read(void *to, unsigned long address, size_t size)
{
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

/* Copy whole words without a NUL byte from LENGTH up to END: how far it came. */
static size_t copy_words(char *to, const char *from, size_t length, size_t end)
{
	static const unsigned long ones = ~0ul / 0xff, tops = ones << 7;
	unsigned long word;

	for (; length + sizeof(word) <= end; length += sizeof(word)) {
		__builtin_memcpy(&word, from + length, sizeof(word));
		if ((word - ones) & ~word & tops)
			break;
		__builtin_memcpy(to + length, &word, sizeof(word));
	}
	return length;
}

long guest_read_string(char *to, unsigned long address, size_t size)
{
	return guest_read_string_near(to, address, size, ~0ul, 0);
}

long guest_read_string_near(char *to, unsigned long address, size_t size, unsigned long from, unsigned long last)
{
	size_t length = 0;

	while (length < size) {
		size_t end = MIN(length + in_page(address + length, PAGE), size);
		unsigned long page = ALIGN_DOWN(address + length, PAGE);

		if (length == size)
			return -ENAMETOOLONG;
		if ((page + PAGE <= from || page > last) && !is_readable(page))
			return -EFAULT;
		length = copy_words(to, (const char *)address, length, end);
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
