/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/virtual.h"
#include "agent/proc.h"
#include "agent/temporary.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

int virtual_of_path(const char *host_path)
{
	const char *at = text_base_name(host_path);
	long number;

	if (!text_begins(at, IMAGE_VIRTUAL_NAME))
		return -1;
	at += sizeof(IMAGE_VIRTUAL_NAME) - 1;
	number = text_read_number(&at);
	if (number < 0 || number >= the_view()->binding_count || !text_ends(at, PROC_DELETED))
		return -1;
	return view_binding(the_view(), (uint32_t)number)->flags & VIEW_VIRTUAL ? (int)number : -1;
}

int virtual_of_descriptor(int fd, char *scratch)
{
	struct stat status;

	if (!(the_view()->flags & VIEW_VIRTUAL) || GATE_2(NR_fstat, fd, &status) < 0)
		return -1;
	if ((status.st_mode & S_IFMT) != S_IFDIR || status.st_nlink || proc_read_descriptor(fd, scratch) < 0)
		return -1;
	return virtual_of_path(scratch);
}

/* Make a directory, open it, remove it. */
static long open_removed(uint32_t binding, unsigned long flags)
{
	char name[TEMPORARY_SIZE];
	long fd = temporary_make(IMAGE_VIRTUAL_NAME, binding, flags, name);

	if (fd >= 0)
		GATE_3(NR_unlinkat, AT_FDCWD, name, AT_REMOVEDIR);
	return fd;
}

long virtual_open(uint32_t binding, unsigned long flags)
{
	if (flags & O_CREAT && flags & O_EXCL)
		return -EEXIST;
	if (flags & O_CREAT || (flags & O_ACCMODE && !(flags & O_PATH)))
		return -EISDIR;
	flags &= O_PATH | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW;
	return open_removed(binding, flags);
}
