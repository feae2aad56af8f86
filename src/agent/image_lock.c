/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/image_lock.h"
#include "agent/store_file.h"
#include <asm/fcntl.h>

#define AGAIN 0x7fffffff /* no descriptor's number */

/* The thread that has it, of those that have this memory; 0: none. A copy's threads have none. */
static int holder AGENT_WIPED;

bool image_lock_is_ours(void)
{
	int thread = __atomic_load_n(&holder, __ATOMIC_RELAXED);

	return thread && thread == GATE_0(NR_gettid);
}

long image_lock(void)
{
	long fd, status;

	if (image_lock_is_ours())
		return AGAIN;
	fd = store_file_open_any("/proc/thread-self/exe", O_RDONLY);
	status = fd < 0 ? fd : store_file_lock((int)fd);
	if (!status) {
		__atomic_store_n(&holder, (int)GATE_0(NR_gettid), __ATOMIC_RELAXED);
		return fd;
	}
	if (fd >= 0)
		GATE_1(NR_close, fd);
	return status;
}

void image_unlock(int number)
{
	if (number == AGAIN)
		return;
	__atomic_store_n(&holder, 0, __ATOMIC_RELAXED);
	store_file_close(number);
}
