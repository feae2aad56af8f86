/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/trace_sites.h"
#include "agent/gate.h"
#include "agent/patch.h"
#include "base/text.h"
#include "site.h"
#include <asm/fcntl.h>
#include <linux/fcntl.h>

#define PATH_LENGTH 64 /* of "/proc/PID/task/TID/stat" */

/* struct linux_dirent64: include/linux/dirent.h */
struct entry {
	uint64_t inode, offset;
	uint16_t size;
	uint8_t type;
	char name[];
};

static long open_of(int thread, const char *kind, const char *name, const char *file, int flags)
{
	char buf[PATH_LENGTH];
	struct text path;

	text_init(&path, buf, sizeof(buf));
	text_add(&path, "/proc/");
	text_add_number(&path, thread);
	text_add(&path, kind);
	text_add(&path, name);
	text_add(&path, file);
	return path.full ? -ENAMETOOLONG : GATE_4(NR_openat, AT_FDCWD, buf, flags | O_CLOEXEC, 0);
}

/* Whether thread NAME, of the process of THREAD, is in a tracer's stop: "PID (NAME) t", proc_pid_stat(5). */
static bool is_in_stop(int thread, const char *name)
{
	long fd = open_of(thread, "/task/", name, "/stat", O_RDONLY), size;
	char text[128];

	if (fd < 0)
		return false;
	size = GATE_3(NR_read, fd, text, sizeof(text) - 1);
	GATE_1(NR_close, fd);
	for (long i = size - 3; i >= 0; i--)
		if (text[i] == ')')
			return text[i + 2] == 't';
	return false;
}

/* Of the entries in BUF. */
static bool are_in_stop(int thread, const char *buf, long size)
{
	for (long at = 0; at < size;) {
		const struct entry *entry = (const struct entry *)(buf + at);

		if (entry->name[0] != '.' && !is_in_stop(thread, entry->name))
			return false;
		at += entry->size;
	}
	return true;
}

static bool are_all_in_stop(int thread)
{
	long fd = open_of(thread, "/task", "", "", O_RDONLY | O_DIRECTORY), size;
	char buf[1024] __attribute__((aligned(8)));
	bool are = fd >= 0;

	while (are && (size = GATE_3(NR_getdents64, fd, buf, sizeof(buf))))
		are = size > 0 && are_in_stop(thread, buf, size);
	GATE_1(NR_close, fd);
	return are;
}

/* MEMORY is /proc/PID/mem, which needs no permission to write there. */
static void change(long memory, unsigned long stub_at, bool is_to_jump)
{
	unsigned char stub[STUB_SIZE], jump[SITE_JUMP_SIZE], there[SITE_JUMP_SIZE];
	unsigned long site;

	if (GATE_4(NR_pread64, memory, stub, sizeof(stub), stub_at) != sizeof(stub) ||
	    stub[STUB_SIZE - 1] > SITE_SPAN_MOST)
		return;
	site = site_of_stub(stub, 0);
	site_make_jump(jump, site, stub_at);
	/* A stub begins with what was at its site. */
	if (GATE_4(NR_pread64, memory, there, sizeof(there), site) == sizeof(there) &&
	    !memcmp(there, is_to_jump ? stub : jump, sizeof(there)))
		GATE_4(NR_pwrite64, memory, is_to_jump ? jump : stub, sizeof(jump), site);
}

static void change_all(int thread, bool is_to_jump)
{
	unsigned long page;
	unsigned int count = patch_read_stubs(thread, 0, &page);
	long memory;

	if (!count || !are_all_in_stop(thread))
		return;
	memory = open_of(thread, "/mem", "", "", O_RDWR);
	if (memory < 0)
		return;
	for (unsigned int i = 0; count; count = patch_read_stubs(thread, ++i, &page))
		for (unsigned int stub = 0; stub < count; stub++)
			change(memory, page + stub * STUB_SIZE, is_to_jump);
	GATE_1(NR_close, memory);
}

void trace_sites_show(const struct tracee *tracee)
{
	change_all(tracee->thread, false);
}

void trace_sites_hide(const struct tracee *tracee)
{
	change_all(tracee->thread, true);
}
