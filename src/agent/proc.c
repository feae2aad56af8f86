/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/proc.h"
#include "agent/hardlinks.h"
#include "agent/kin.h"
#include "agent/mounts.h"
#include "agent/overlay.h"
#include "agent/own.h"
#include "agent/root.h"
#include "agent/virtual.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <asm/stat.h>
#include <asm/statfs.h>
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/stat.h>
#include <linux/uio.h>

#define PROC "/proc/"

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

/* The number at the end of the link NAME of /proc to one's own directory; NUMBER where there is none. */
static long own_number(const char *name, long number)
{
	char text[64];
	const char *end = text;
	long length = GATE_4(NR_readlinkat, AT_FDCWD, name, text, sizeof(text) - 1);

	if (length <= 0)
		return number;
	text[length] = '\0';
	end = text_base_name(text);
	return text_read_number(&end);
}

static long own_process(void)
{
	return own_number("/proc/self", GATE_0(NR_getpid));
}

static long own_thread(void)
{
	return own_number("/proc/thread-self", GATE_0(NR_gettid));
}

bool proc_is_own(long process)
{
	return process == own_thread() || process == own_process();
}

/* The same for the name of a process's directory: a number, or the link to one's own. */
static long skip_process(const char **cursor)
{
	if (text_begins(*cursor, "self/")) {
		*cursor += 5;
		return own_process();
	}
	if (text_begins(*cursor, "thread-self/")) {
		*cursor += 12;
		return own_thread();
	}
	return skip_number(cursor);
}

/* Whether the directory named by the first LENGTH bytes of HOST_PATH is of a procfs. */
static bool is_procfs(const char *host_path, size_t length)
{
	char name[256];
	struct statfs type;

	if (length >= sizeof(name))
		return false;
	memcpy(name, host_path, length);
	name[length] = '\0';
	return !GATE_2(NR_statfs, name, &type) && type.f_type == PROC_SUPER_MAGIC;
}

/* Most are mounted at /proc. Of another the type tells; it is looked at where a name may be a process's. */
const char *proc_of_process(const char *host_path, long *thread)
{
	for (const char *at = host_path; *at; at++) {
		const char *name = at + 1;

		if (*at != '/')
			continue;
		*thread = skip_process(&name);
		if (*thread < 0 || !(text_begins(host_path, PROC) || is_procfs(host_path, (size_t)(at - host_path))))
			continue;
		if (text_begins(name, "task/")) {
			name += 5;
			*thread = skip_number(&name);
		}
		return *thread < 0 ? NULL : name;
	}
	return NULL;
}

static enum magic magic_of(const char *host_path, long *process)
{
	const char *at = proc_of_process(host_path, process);

	if (!at)
		return MAGIC_NONE;
	if (text_equal(at, "exe"))
		return MAGIC_EXE;
	if (text_equal(at, "cwd"))
		return MAGIC_CWD;
	if (text_equal(at, "root"))
		return MAGIC_ROOT;
	return text_begins(at, "fd/") || text_begins(at, "map_files/") || text_begins(at, "ns/") ? MAGIC_OBJECT :
												   MAGIC_NONE;
}

/*
 * What the link HOST_PATH to something of PROCESS's is of is what this thread has as FD. Not of itself: a thread may
 * have descriptors and a current directory that are not the leader's (unshare(2), CLONE_FILES).
 */
static bool is_of_thread(const char *host_path, long process, int fd)
{
	struct stat leads_to, own;

	return process == own_thread() || (!GATE_4(NR_newfstatat, AT_FDCWD, host_path, &leads_to, 0) &&
					   !GATE_4(NR_newfstatat, fd, "", &own, AT_EMPTY_PATH) &&
					   leads_to.st_ino == own.st_ino && leads_to.st_dev == own.st_dev);
}

int proc_own_descriptor(const char *host_path)
{
	size_t length = strlen(host_path) - text_ends(host_path, "/");
	char link[256];
	const char *name;
	long process, number;
	enum magic magic;

	if (length >= sizeof(link))
		return PROC_NOT_OWN;
	memcpy(link, host_path, length);
	link[length] = '\0';
	name = text_base_name(link);
	magic = magic_of(link, &process);
	if (magic == MAGIC_NONE || !proc_is_own(process))
		return PROC_NOT_OWN;
	if (magic == MAGIC_CWD)
		number = AT_FDCWD;
	else if (magic != MAGIC_OBJECT || !text_begins(name - 3, "fd/"))
		return PROC_NOT_OWN;
	else if ((number = text_read_number(&name)) < 0 || *name)
		return PROC_NOT_OWN;
	return is_of_thread(link, process, (int)number) ? (int)number : PROC_NOT_OWN;
}

bool proc_is_own_descriptors(const char *host_path)
{
	long thread;
	const char *behind = proc_of_process(host_path, &thread);

	return behind && text_equal(behind, "fd") && proc_is_own(thread);
}

bool proc_may_be_magic(const char *host_path)
{
	long process;

	return magic_of(host_path, &process) != MAGIC_NONE;
}

/* Whether what the links of PROCESS lead to is a guest's: its own, or another's of the same view. */
static bool is_of_guest(long process)
{
	return proc_is_own(process) || proc_is_guest(process);
}

bool proc_is_kernels_way(const char *host_path)
{
	long process;
	enum magic magic = magic_of(host_path, &process);

	return (magic == MAGIC_CWD || magic == MAGIC_OBJECT) && is_of_guest(process);
}

bool proc_is_guest(long process)
{
	struct stat own, other;
	struct text path;
	char name[48];

	text_init(&path, name, sizeof(name));
	text_add(&path, PROC);
	text_add_number(&path, process);
	text_add(&path, "/exe");
	return !GATE_4(NR_newfstatat, AT_FDCWD, "/proc/self/exe", &own, 0) &&
	       !GATE_4(NR_newfstatat, AT_FDCWD, name, &other, 0) && own.st_ino == other.st_ino &&
	       own.st_dev == other.st_dev;
}

bool proc_read_agent(long process, const void *from, void *to, size_t size)
{
	struct iovec local = { to, size }, remote = { (void *)from, size };

	return GATE_6(NR_process_vm_readv, process, &local, 1, &remote, 1, 0) == (long)size;
}

/* The guest's program of PROCESS, which runs on an image. Its length, or -ENOENT. */
static long read_exe(long process, char *buf)
{
	if (proc_is_own(process))
		memcpy(buf, guest_exe, sizeof(guest_exe));
	else if (!proc_read_agent(process, guest_exe, buf, sizeof(guest_exe)))
		return -ENOENT;
	if (buf[0] != '/')
		return -ENOENT;
	buf[PATH_SIZE - 1] = '\0';
	return is_of_guest(process) ? (long)strlen(buf) : kin_to_guest(process, buf, buf);
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

/* Processes of ours have no root of their own in the kernel's eyes. */
static long read_root(long process, char *buf)
{
	if (!is_of_guest(process) && kin_is(process) && own_read_root(process, buf))
		return kin_to_guest(process, buf, buf);
	root_of(process, buf);
	if (!buf[0])
		memcpy(buf, "/", 2);
	return (long)strlen(buf);
}

/* What a descriptor of a copy (proc_files.c) is called: the name of the file it was made from. */
static long copied_guest(const char *text, char *buf)
{
	char host_path[256];
	size_t length = strlen(text) - (text_ends(text, " (deleted)") ? 10 : 0),
	       start = sizeof("/memfd:" PROC_COPY_NAME) - 1;

	if (length - start >= sizeof(host_path))
		return -ENOENT;
	memcpy(host_path, text + start, length - start);
	host_path[length - start] = '\0';
	return view_to_guest(the_view(), host_path, buf, PATH_SIZE);
}

/* The guest path of TEXT, which the link of OWN leads to, or one of another process: its length, or a negative errno.
 */
static long name_linked(const char *text, int own, char *buf)
{
	long status;

	if (own == PROC_NOT_OWN)
		return view_to_guest(the_view(), text, buf, PATH_SIZE);
	status = mounts_to_guest(own, text, buf);
	if (!status && !buf[0])
		memcpy(buf, "/", 2);
	return status ? status : (long)strlen(buf);
}

/* What the link HOST_PATH leads to, that of OWN or of another process, may have another name in an overlay by now. */
static long tell_in_overlay(const char *host_path, int own, char *buf)
{
	long fd, length;

	if (own != PROC_NOT_OWN)
		return overlay_tell_name(own, buf);
	fd = GATE_4(NR_openat, AT_FDCWD, host_path, O_PATH | O_CLOEXEC, 0);
	if (fd < 0)
		return (long)strlen(buf);
	length = overlay_tell_name((int)fd, buf);
	GATE_1(NR_close, fd);
	return length;
}

long proc_link_guest(const char *host_path, const char *text, char *buf)
{
	long process, status;
	enum magic magic = magic_of(host_path, &process);
	int own;

	if (magic == MAGIC_NONE || text[0] != '/')
		return -ENOENT;
	if (magic == MAGIC_EXE && kin_is(process))
		return read_exe(process, buf);
	if (magic == MAGIC_OBJECT && text_begins(text, "/memfd:" PROC_COPY_NAME "/"))
		return copied_guest(text, buf);
	if (virtual_of_path(text) >= 0) {
		proc_to_canonical_guest(text, buf);
		return (long)strlen(buf);
	}
	if (magic == MAGIC_ROOT && text_equal(text, "/"))
		return read_root(process, buf);
	if (hardlinks_are_on() && (status = hardlinks_name(text, buf)) >= 0)
		return status;
	own = proc_own_descriptor(host_path);
	status = name_linked(text, own, buf);
	return status > 0 && overlay_is_there() ? tell_in_overlay(host_path, own, buf) : status;
}

long proc_read_link_guest(char *host_path, char *text, char *buf)
{
	size_t end = strlen(host_path);
	long length;

	while (end > 1 && host_path[end - 1] == '/')
		host_path[--end] = '\0';
	length = GATE_4(NR_readlinkat, AT_FDCWD, host_path, text, PATH_SIZE - 1);
	if (length < 0)
		return length;
	text[length] = '\0';
	return proc_link_guest(host_path, text, buf);
}

static bool is_directory(const char *host_path)
{
	struct stat file;

	return !GATE_4(NR_newfstatat, AT_FDCWD, host_path, &file, 0) && (file.st_mode & S_IFMT) == S_IFDIR;
}

long proc_translate_link(const char *host_path, char *buf, long length, bool is_last, bool *is_magic, char *text)
{
	long process, found;
	enum magic magic = magic_of(host_path, &process);
	bool is_foreign;

	if (magic == MAGIC_NONE)
		return length;
	*is_magic = true;
	if (length >= PATH_SIZE)
		return -ENAMETOOLONG;
	is_foreign = buf[0] == '/' && !is_of_guest(process);
	if (!is_foreign && is_last && (magic == MAGIC_OBJECT || magic == MAGIC_CWD))
		return VIEW_MAGIC;
	if (!is_foreign && magic == MAGIC_OBJECT && !is_directory(host_path))
		return VIEW_MAGIC;
	memcpy(text, buf, (size_t)length);
	text[length] = '\0';
	found = proc_link_guest(host_path, text, buf);
	if (found < 0)
		return is_foreign ? -EACCES : VIEW_MAGIC;
	if (text_equal(text, "/"))
		text[0] = '\0';
	buf[found] = '\0';
	return VIEW_JUMP + found;
}

long proc_read_descriptor(int directory, char *buf)
{
	struct text path;
	char name[48];
	long length;

	text_init(&path, name, sizeof(name));
	if (directory == AT_FDCWD) {
		text_add(&path, "/proc/thread-self/cwd");
	} else {
		if (directory < 0)
			return -EBADF;
		text_add(&path, PROC_DESCRIPTORS);
		text_add_number(&path, directory);
	}
	length = GATE_4(NR_readlinkat, AT_FDCWD, name, buf, PATH_SIZE);
	if (length < 0)
		return length;
	if (length >= PATH_SIZE)
		return -ENAMETOOLONG;
	buf[length] = '\0';
	return length;
}
