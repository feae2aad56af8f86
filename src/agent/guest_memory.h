/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copies between the agent and memory the guest points to. A bad address is
 * -EFAULT, never a fault of ours.
 */
#ifndef AGENT_GUEST_MEMORY_H
#define AGENT_GUEST_MEMORY_H

#include "base/base.h"

long guest_read(void *to, unsigned long address, size_t size);
long guest_write(unsigned long address, const void *from, size_t size);
/* Copy a string with its NUL: its length, or -ENAMETOOLONG when it does not fit into SIZE, or -EFAULT. */
long guest_read_string(char *to, unsigned long address, size_t size);
/*
 * The same, where the pages from FROM to LAST, addresses in them, are readable: the
 * stack that is in use. If NOW, clock_now()'s, is not 0, so are pages that were so shortly before: only for
 * who can begin the call anew when that is wrong, with signals open (agent/fault.h).
 */
long guest_read_string_near(char *to, unsigned long address, size_t size, unsigned long from, unsigned long last,
			    uint64_t now);
void guest_forget_pages(void);
/* The number of pointers before the NULL that ends the array at ADDRESS, or -EFAULT. NULL has none. */
long guest_count_pointers(unsigned long address);

/*
 * What the kernel is given where the guest's address can't be read: not that
 * address, for what was unreadable a moment ago may be readable now, and hold a path.
 */
#define BAD_ADDRESS (~0xffful)

#endif
