/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that only look, and those that go somewhere.
 */
#define _GNU_SOURCE
#include "conduct.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

void look_say(const struct place *place)
{
	struct stat status;

	say(" now");
	say_stat_result(CALL(SYS_newfstatat, place->directory, place->path, &status, AT_SYMLINK_NOFOLLOW), &status);
}

static void look_closely(const struct place *place, int flags)
{
	struct statx status;

	say("statx ");
	say_place(place);
	say(" %x", flags);
	if (!say_result(CALL(SYS_statx, place->directory, place->path, flags, STATX_BASIC_STATS, &status)))
		return;
	say(" [%x %o %u:%u %u links", status.stx_mask & STATX_BASIC_STATS, status.stx_mode, status.stx_uid,
	    status.stx_gid, status.stx_nlink);
	if (!S_ISDIR(status.stx_mode))
		say(" %llu bytes", (unsigned long long)status.stx_size);
	say(" device %x:%x", status.stx_rdev_major, status.stx_rdev_minor);
	say_time(status.stx_mtime.tv_sec);
	say("]");
}

void do_stat(void)
{
	static const int flags_of[] = { 0, 0, AT_SYMLINK_NOFOLLOW, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH };
	struct place place = place_wished(WISH_ANY);
	int flags = PICK(flags_of), fd = kept_any();
	struct stat status;

	if (flags & AT_EMPTY_PATH && random_chance(60))
		place.path = "";
	switch (random_below(6)) {
	case 0:
		say("fstat %d", fd);
		say_stat_result(CALL(SYS_fstat, fd, &status), &status);
		break;
	case 1:
		look_closely(&place, flags);
		break;
	case 2:
		say("stat %s", path_show(place.path));
		say_stat_result(CALL(SYS_stat, place.path, &status), &status);
		break;
	default:
		say("newfstatat ");
		say_place(&place);
		say(" %x", flags);
		say_stat_result(CALL(SYS_newfstatat, place.directory, place.path, &status, flags), &status);
	}
}

void do_access(void)
{
	static const int flags_of[] = { 0, 0, AT_EACCESS, AT_EACCESS, AT_SYMLINK_NOFOLLOW, AT_EACCESS | AT_EMPTY_PATH };
	struct place place = place_wished(WISH_ANY);
	int flags = PICK(flags_of), mode = (int)random_below(8);

	if (flags & AT_EMPTY_PATH && random_chance(60))
		place.path = "";
	if (random_chance(40)) {
		say("access %s %d", path_show(place.path), mode);
		say_result(CALL(SYS_access, place.path, mode));
		return;
	}
	say("faccessat2 ");
	say_place(&place);
	say(" %d %x", mode, flags);
	say_result(CALL(SYS_faccessat2, place.directory, place.path, mode, flags));
}

/*
 * Whether writing would take set-id bits or capabilities away. The kernel does that when it writes, and asks
 * who it knows.
 */
static bool has_privileges(int fd)
{
	unsigned char value[64];
	struct stat status;

	if (CALL(SYS_fstat, fd, &status))
		return false;
	return (S_ISREG(status.st_mode) && status.st_mode & (S_ISUID | S_ISGID)) ||
	       CALL(SYS_fgetxattr, fd, "security.capability", value, sizeof(value)) > 0;
}

static void write_kept(int fd)
{
	struct stat status;
	long size = 1 + random_below(3);

	say("write %d", fd);
	if (has_privileges(fd)) {
		say(" left out");
		return;
	}
	if (say_result(CALL(SYS_write, fd, "xyz", size)))
		say_stat_result(CALL(SYS_fstat, fd, &status), &status);
}

/* Reading and writing: what is open stays so, whoever one is. */
void do_read(void)
{
	int fd = kept_any();
	unsigned char bytes[4] = { 0 };
	long result;

	if (random_chance(50)) {
		write_kept(fd);
		return;
	}
	say("read %d", fd);
	result = CALL(SYS_pread64, fd, bytes, sizeof(bytes), random_below(3));
	if (result == -ESPIPE)
		result = CALL(SYS_read, fd, bytes, sizeof(bytes));
	say_result(result);
	say(" %02x%02x%02x%02x", bytes[0], bytes[1], bytes[2], bytes[3]);
}

/* The same order on all file systems. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void say_entries(int fd)
{
	struct dirent **entries;
	int count = scandirat(fd, ".", &entries, NULL, by_name);

	if (count < 0)
		say(" %s", strerrorname_np(errno));
	for (int i = 0; i < count; i++) {
		say(" %s:%d", entries[i]->d_name, entries[i]->d_type);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

void do_list(void)
{
	struct place place = place_wished(WISH_DIRECTORY);
	long fd;

	say("list ");
	say_place(&place);
	fd = CALL(SYS_openat, place.directory, place.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!say_result(fd))
		return;
	say_entries((int)fd);
	close((int)fd);
}

void do_read_link(void)
{
	struct place place = place_wished(WISH_ANY);
	char text[64];
	long result;

	if (random_chance(20))
		place.path = "";
	say("readlinkat ");
	say_place(&place);
	result = CALL(SYS_readlinkat, place.directory, place.path, text, sizeof(text));
	if (say_result(result))
		say_text(text, result);
}

/* strcmp(), for qsort(). */
static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* In which order a file system has them is its own affair. */
static void say_sorted(const char *names, long size)
{
	const char *sorted[32];
	size_t count = 0;

	for (const char *name = names; size > 0 && name < names + size && count < 32; name += strlen(name) + 1)
		sorted[count++] = name;
	qsort(sorted, count, sizeof(*sorted), compare_names);
	for (size_t i = 0; i < count; i++)
		say(" %s", sorted[i]);
}

static void list_attributes(const char *path)
{
	char names[1024];
	unsigned int way = random_below(3);
	int fd = kept_any();
	size_t room = random_chance(10) ? 0 : random_chance(10) ? 8 : sizeof(names);
	long result;

	if (way == 2) {
		say("flistxattr %d %zu", fd, room);
		result = CALL(SYS_flistxattr, fd, names, room);
	} else {
		say("%s %s %zu", way ? "llistxattr" : "listxattr", path_show(path), room);
		result = CALL(way ? SYS_llistxattr : SYS_listxattr, path, names, room);
	}
	if (say_result(result) && room)
		say_sorted(names, result);
}

void do_read_attribute(void)
{
	static const char *const names[] = { "user.a",	   "user.b",
					     "trusted.a",  "security.capability",
					     "security.a", "system.posix_acl_access",
					     "user.",	   "nothing.a" };
	const char *path = path_random(), *name = PICK(names);
	unsigned char value[64] = "";
	size_t room = random_chance(10) ? 0 : random_chance(10) ? 3 : sizeof(value);
	unsigned int way = random_below(3);
	int fd = kept_any();
	long result;

	if (random_chance(30)) {
		list_attributes(path);
		return;
	}
	if (way == 2) {
		say("fgetxattr %d %s %zu", fd, name, room);
		result = CALL(SYS_fgetxattr, fd, name, value, room);
	} else {
		say("%s %s %s %zu", way ? "lgetxattr" : "getxattr", path_show(path), name, room);
		result = CALL(way ? SYS_lgetxattr : SYS_getxattr, path, name, value, room);
	}
	if (!say_result(result) || !room)
		return;
	say(" ");
	for (long i = 0; i < result; i++)
		say("%02x", value[i]);
}

void do_change_directory(void)
{
	const char *path = random_chance(50) ? GROUND : path_wished(WISH_DIRECTORY);
	int fd = kept_any();

	if (random_chance(20)) {
		say("fchdir %d", fd);
		say_result(CALL(SYS_fchdir, fd));
		return;
	}
	say("chdir %s", path_show(path));
	say_result(CALL(SYS_chdir, path));
}
