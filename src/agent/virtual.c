/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/virtual.h"
#include "agent/proc.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#define NAME "/" IMAGE_VIRTUAL_NAME
#define DELETED " (deleted)"

int virtual_of_path(const char *host_path)
{
	const char *at = text_base_name(host_path);
	long number;

	if (!text_begins(at, &NAME[1]))
		return -1;
	at += sizeof(NAME) - 2;
	number = text_read_number(&at);
	if (number < 0 || number >= the_view()->binding_count || !text_ends(at, DELETED))
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

/* A name no other call uses at the same time, in PARENT. */
static void make_name(char *buf, size_t size, const char *parent, uint32_t binding)
{
	static unsigned int counter;
	struct text name;

	text_init(&name, buf, size);
	text_add(&name, parent);
	text_add(&name, NAME);
	text_add_number(&name, binding);
	text_add(&name, "-");
	text_add_number(&name, GATE_0(NR_gettid));
	text_add(&name, "-");
	text_add_number(&name, __atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED));
}

/* Make a directory in PARENT, open it, remove it. */
static long open_removed(const char *parent, uint32_t binding, unsigned long flags)
{
	char name[sizeof(image_data()->temporary) + 64];
	long status;

	make_name(name, sizeof(name), parent, binding);
	status = GATE_2(NR_mkdir, name, 0755);
	if (status)
		return status;
	status = GATE_4(NR_openat, AT_FDCWD, name, flags, 0);
	GATE_1(NR_rmdir, name);
	return status;
}

long virtual_open(uint32_t binding, unsigned long flags)
{
	static const char *const parents[] = { "/dev/shm", "/tmp", "/var/tmp" };
	long status;

	if (flags & O_CREAT && flags & O_EXCL)
		return -EEXIST;
	if (flags & O_CREAT || (flags & O_ACCMODE && !(flags & O_PATH)))
		return -EISDIR;
	flags &= O_PATH | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW;
	flags |= O_DIRECTORY;
	status = image_data()->temporary[0] ? open_removed(image_data()->temporary, binding, flags) : -EACCES;
	for (unsigned int i = 0; status < 0 && status != -EMFILE && i < ARRAY_SIZE(parents); i++)
		status = open_removed(parents[i], binding, flags);
	return status;
}
