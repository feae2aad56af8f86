/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/image_lock.h"
#include "agent/store_file.h"
#include <asm/fcntl.h>

long image_lock(void)
{
	long fd = store_file_open_any("/proc/thread-self/exe", O_RDONLY);
	long status = fd < 0 ? fd : store_file_lock((int)fd);

	if (fd < 0 || !status)
		return fd;
	GATE_1(NR_close, fd);
	return status;
}

void image_unlock(int fd)
{
	store_file_close(fd);
}
