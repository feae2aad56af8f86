/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/proc.h"
#include "agent/virtual.h"
#include "base/text.h"
#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/stat.h>
#include <linux/uio.h>

#define PROC "/proc/"
#define IMAGE_LINK "/memfd:proot" /* what exe of every guest reads on the host: image/compose.c */

/* Which link of a process's directory a path names. */
enum magic {
	MAGIC_NONE,
	MAGIC_EXE,
	MAGIC_CWD,
	MAGIC_ROOT,
	MAGIC_OBJECT, /* fd/N, map_files/X, ns/X */
};

/* Skip "N/" at *CURSOR. The number, or -1. */
static long skip_number(const char **cursor)
{
	long number = text_read_number(cursor);

	if (number < 0 || **cursor != '/')
		return -1;
	++*cursor;
	return number;
}

/* The same for the name of a process's directory: a number, or the link to one's own. */
static long skip_process(const char **cursor)
{
	if (text_begins(*cursor, "self/")) {
		*cursor += 5;
		return GATE_0(NR_getpid);
	}
	if (text_begins(*cursor, "thread-self/")) {
		*cursor += 12;
		return GATE_0(NR_getpid);
	}
	return skip_number(cursor);
}

static enum magic magic_of(const char *host_path, long *process)
{
	const char *at = host_path;

	if (!text_begins(at, PROC))
		return MAGIC_NONE;
	at += sizeof(PROC) - 1;
	*process = skip_process(&at);
	if (*process < 0)
		return MAGIC_NONE;
	if (text_begins(at, "task/")) {
		at += 5;
		*process = skip_number(&at);
	}
	if (text_equal(at, "exe"))
		return MAGIC_EXE;
	if (text_equal(at, "cwd"))
		return MAGIC_CWD;
	if (text_equal(at, "root"))
		return MAGIC_ROOT;
	return text_begins(at, "fd/") || text_begins(at, "map_files/") || text_begins(at, "ns/") ? MAGIC_OBJECT :
												   MAGIC_NONE;
}

bool proc_is_own_cwd(const char *host_path)
{
	long process;

	return magic_of(host_path, &process) == MAGIC_CWD && process == GATE_0(NR_getpid);
}

/* The guest's program of PROCESS, which runs on an image. Its length, or -ENOENT. */
static long read_exe(long process, char *buf)
{
	struct iovec local = { buf, PATH_SIZE }, remote = { guest_exe, PATH_SIZE };
	long length = PATH_SIZE;

	if (process == GATE_0(NR_getpid) || process == GATE_0(NR_gettid))
		memcpy(buf, guest_exe, sizeof(guest_exe));
	else
		length = GATE_6(NR_process_vm_readv, process, &local, 1, &remote, 1, 0);
	if (length != PATH_SIZE || buf[0] != '/')
		return -ENOENT;
	buf[PATH_SIZE - 1] = '\0';
	return (long)strlen(buf);
}

long proc_to_canonical_guest(const char *host_path, char *buf)
{
	int binding = virtual_of_path(host_path);
	long length;

	if (binding >= 0) {
		memcpy(buf, view_guest(the_view(), (uint32_t)binding),
		       view_binding(the_view(), (uint32_t)binding)->guest_length + 1);
		return 0;
	}
	if (host_path[0] != '/')
		return -ENOTDIR;
	length = view_to_guest(the_view(), host_path, buf, PATH_SIZE);
	if (length == 1)
		buf[0] = '\0';
	return length < 0 ? length : 0;
}

long proc_link_guest(const char *host_path, const char *text, char *buf)
{
	long process;
	enum magic magic = magic_of(host_path, &process);

	if (magic == MAGIC_NONE || text[0] != '/')
		return -ENOENT;
	if (magic == MAGIC_EXE && text_begins(text, IMAGE_LINK))
		return read_exe(process, buf);
	if (virtual_of_path(text) >= 0) {
		proc_to_canonical_guest(text, buf);
		return (long)strlen(buf);
	}
	if (magic == MAGIC_ROOT && text_equal(text, "/")) {
		/* Processes of ours have no root of their own in the kernel's eyes. */
		memcpy(buf, "/", 2);
		return 1;
	}
	return view_to_guest(the_view(), text, buf, PATH_SIZE);
}

static bool is_directory(const char *host_path)
{
	struct stat file;

	return !GATE_2(NR_stat, host_path, &file) && (file.st_mode & S_IFMT) == S_IFDIR;
}

long proc_translate_link(const char *host_path, char *buf, long length, bool is_last, bool *is_magic)
{
	char text[PATH_SIZE];
	long process, found;
	enum magic magic = magic_of(host_path, &process);

	if (magic == MAGIC_NONE)
		return length;
	*is_magic = true;
	if (length >= (long)sizeof(text))
		return -ENAMETOOLONG;
	if (is_last && (magic == MAGIC_OBJECT || magic == MAGIC_CWD))
		return VIEW_MAGIC;
	if (magic == MAGIC_OBJECT && !is_directory(host_path))
		return VIEW_MAGIC;
	memcpy(text, buf, (size_t)length);
	text[length] = '\0';
	found = proc_link_guest(host_path, text, buf);
	if (found < 0 || (text_ends(text, " (deleted)") && magic != MAGIC_EXE && virtual_of_path(text) < 0))
		return VIEW_MAGIC;
	buf[found] = '\0';
	return VIEW_JUMP + found;
}

long proc_read_descriptor(int directory, char *buf)
{
	struct text path;
	char name[48];
	long length;

	text_init(&path, name, sizeof(name));
	text_add(&path, "/proc/self/");
	if (directory == AT_FDCWD) {
		text_add(&path, "cwd");
	} else {
		if (directory < 0)
			return -EBADF;
		text_add(&path, "fd/");
		text_add_number(&path, directory);
	}
	length = GATE_3(NR_readlink, name, buf, PATH_SIZE);
	if (length < 0)
		return length;
	if (length >= PATH_SIZE)
		return -ENAMETOOLONG;
	buf[length] = '\0';
	return length;
}
