/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random calls. Each function makes one, with arguments at random, and says
 * what it did and what came of it: result, errno, data. Inode numbers, present
 * times and mount numbers are left out, for no two runs share them.
 *
 * Nothing here waits: files are opened with O_NONBLOCK, sockets too. Nothing
 * reaches a device: of devices only whiteouts (0:0) are made.
 */
#define _GNU_SOURCE
#include "sequence.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_setxattrat
#define SYS_setxattrat 463
#define SYS_getxattrat 464
#define SYS_listxattrat 465
#define SYS_removexattrat 466
#endif

#define OLDEST_PRESENT 1000000000 /* the tree's own times are before this */

static char line[1 << 18];
static size_t line_length;

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	line_length += (size_t)vsnprintf(line + line_length, sizeof(line) - line_length, format, arguments);
	va_end(arguments);
}

/* Say a result, and return whether it is one of success. */
static bool say_result(long result)
{
	if (result < 0)
		say(" = %s", strerrorname_np((int)-result));
	else
		say(" = %ld", result);
	return result >= 0;
}

static long call(long number, ...)
{
	va_list arguments;
	long a[6], result;

	va_start(arguments, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(arguments, long);
	va_end(arguments);
	result = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	return result == -1 ? -errno : result;
}

/* Every argument as a long, six in all. */
#define CALL(number, ...) CALL_6(number, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define CALL_6(number, a, b, c, d, e, f, ...) \
	call(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

#define PICK(array) ((array)[random_below(sizeof(array) / sizeof((array)[0]))])

static const char *directory_name(int directory)
{
	static char names[4][16];
	static unsigned int next;
	char *name = names[next++ % 4];

	if (directory == AT_FDCWD)
		return "CWD";
	snprintf(name, sizeof(names[0]), "%d", directory);
	return name;
}

/* A directory and a path, as most calls take them. */
struct place {
	int directory;
	const char *path;
};

static struct place random_place(void)
{
	struct place place = { kept_random(), path_random() };

	return place;
}

static void say_place(const struct place *place)
{
	say("%s %s", directory_name(place->directory), path_show(place->path));
}

static void say_time(long seconds)
{
	if (seconds < OLDEST_PRESENT)
		say(" @%ld", seconds);
	else
		say(" @now");
}

static void say_stat(const struct stat *status)
{
	say(" [%o %u:%u", status->st_mode, status->st_uid, status->st_gid);
	if (!S_ISDIR(status->st_mode))
		say(" %ld bytes", (long)status->st_size);
	say(" %lu links", (unsigned long)status->st_nlink);
	if (status->st_rdev)
		say(" device %lx", (unsigned long)status->st_rdev);
	say_time(status->st_mtime);
	say("]");
}

/* In /proc, links and sizes follow the number of processes. */
static bool is_in_proc(const struct stat *status)
{
	static dev_t proc;
	struct stat of_proc;

	if (!proc && !stat("/proc/self", &of_proc))
		proc = of_proc.st_dev;
	return status->st_dev == proc;
}

static void say_stat_result(long result, const struct stat *status)
{
	if (!say_result(result))
		return;
	if (is_in_proc(status))
		say(" in proc [%o]", status->st_mode);
	else
		say_stat(status);
}

static void do_stat(void)
{
	static const int flags_of[] = { 0,
					0,
					0,
					AT_SYMLINK_NOFOLLOW,
					AT_SYMLINK_NOFOLLOW,
					AT_EMPTY_PATH,
					AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW,
					AT_NO_AUTOMOUNT,
					0x80000 };
	struct place place = random_place();
	struct stat status;
	int flags;

	switch (random_below(4)) {
	case 0:
		say("stat %s", path_show(place.path));
		say_stat_result(CALL(SYS_stat, place.path, &status), &status);
		break;
	case 1:
		say("lstat %s", path_show(place.path));
		say_stat_result(CALL(SYS_lstat, place.path, &status), &status);
		break;
	default:
		flags = PICK(flags_of);
		if (random_below(5) == 0)
			place.path = "";
		say("newfstatat ");
		say_place(&place);
		say(" %x", flags);
		say_stat_result(CALL(SYS_newfstatat, place.directory, place.path, &status, flags), &status);
	}
}

static void do_statx(void)
{
	static const int flags_of[] = { 0, 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, AT_STATX_DONT_SYNC, 0x6000, 0x80000 };
	static const unsigned int masks[] = { STATX_BASIC_STATS, STATX_ALL, STATX_MODE, 0, 0x80000000u };
	struct place place = random_place();
	struct statx status;
	int flags = PICK(flags_of);
	unsigned int mask = PICK(masks);
	long result;

	memset(&status, 0, sizeof(status));
	if (random_below(5) == 0)
		place.path = random_chance(80) ? "" : NULL;
	say("statx ");
	say_place(&place);
	say(" %x %x", flags, mask);
	result = CALL(SYS_statx, place.directory, place.path, flags, mask, &status);
	if (!say_result(result))
		return;
	say(" [%x %o %u:%u", status.stx_mask & STATX_BASIC_STATS, status.stx_mode, status.stx_uid, status.stx_gid);
	if (S_ISREG(status.stx_mode))
		say(" %ld bytes", (long)status.stx_size);
	say_time(status.stx_mtime.tv_sec);
	say("]");
}

static void do_fstat(void)
{
	int fd = random_chance(90) ? kept_any() : 777;
	struct stat status;

	say("fstat %d", fd);
	say_stat_result(CALL(SYS_fstat, fd, &status), &status);
}

static void do_access(void)
{
	static const int flags_of[] = {
		0, 0, AT_SYMLINK_NOFOLLOW, AT_EACCESS, AT_EMPTY_PATH, AT_EACCESS | AT_SYMLINK_NOFOLLOW, 0x8000000
	};
	struct place place = random_place();
	int mode = (int)random_below(random_chance(95) ? 8 : 16), flags = PICK(flags_of);

	switch (random_below(3)) {
	case 0:
		say("access %s %d", path_show(place.path), mode);
		say_result(CALL(SYS_access, place.path, mode));
		break;
	case 1:
		say("faccessat ");
		say_place(&place);
		say(" %d", mode);
		say_result(CALL(SYS_faccessat, place.directory, place.path, mode));
		break;
	default:
		if (random_below(6) == 0)
			place.path = "";
		say("faccessat2 ");
		say_place(&place);
		say(" %d %x", mode, flags);
		say_result(CALL(SYS_faccessat2, place.directory, place.path, mode, flags));
	}
}

static int random_open_flags(void)
{
	static const int flags_of[] = { O_CREAT,  O_EXCL,   O_CREAT | O_EXCL, O_TRUNC, O_DIRECTORY, O_NOFOLLOW,
					O_PATH,	  O_APPEND, O_CLOEXEC,	      O_CREAT, O_DIRECTORY, O_PATH | O_NOFOLLOW,
					O_NOATIME };
	int flags = O_NONBLOCK | (random_chance(60) ? O_RDONLY : (int)random_below(3));

	for (int i = (int)random_below(4); i > 0; i--)
		flags |= PICK(flags_of);
	return flags;
}

static void use_opened(long fd)
{
	struct stat status;

	if (!say_result(fd))
		return;
	if (!fstat((int)fd, &status)) {
		if (is_in_proc(&status))
			say(" in proc [%o]", status.st_mode);
		else
			say_stat(&status);
		if (S_ISREG(status.st_mode) && status.st_size < 4000 && !is_in_proc(&status) && random_chance(50))
			say(" write %ld", write((int)fd, "more\n", 5));
	}
	kept_add((int)fd);
}

/* How the kernel shows the flags of a descriptor, O_LARGEFILE aside. */
static void do_open(void)
{
	static const unsigned int modes[] = { 0644, 0600, 0777, 0, 0444, 04711, 0100644 };
	struct place place = random_place();
	int flags = random_open_flags();
	unsigned int mode = PICK(modes);

	switch (random_below(5)) {
	case 0:
		say("open %s %o %o", path_show(place.path), flags, mode);
		use_opened(CALL(SYS_open, place.path, flags, mode));
		break;
	case 1:
		/* No creat: it would wait for the reader of a fifo. */
		say("open %s %o", path_show(place.path), O_DIRECTORY | O_RDONLY);
		use_opened(CALL(SYS_open, place.path, O_DIRECTORY | O_RDONLY));
		break;
	default:
		say("openat ");
		say_place(&place);
		say(" %o %o", flags, mode);
		use_opened(CALL(SYS_openat, place.directory, place.path, flags, mode));
	}
}

static void do_openat2(void)
{
	static const unsigned long resolves[] = { 0, 0, RESOLVE_NO_SYMLINKS, RESOLVE_NO_MAGICLINKS, 0x1000 };
	struct place place = random_place();
	struct open_how how = { .flags = (unsigned int)random_open_flags(), .resolve = PICK(resolves) };
	size_t size = random_chance(95) ? sizeof(how) : random_below(64);

	if (how.flags & O_CREAT)
		how.mode = 0644;
	if (size > sizeof(how))
		size = sizeof(how) + 1;
	say("openat2 ");
	say_place(&place);
	say(" %llo %llx %zu", how.flags, how.resolve, size);
	use_opened(CALL(SYS_openat2, place.directory, place.path, &how, size));
}

static void do_readlink(void)
{
	static const int sizes[] = { 0, 1, 3, 64, 4096, 4096, 4096, 8192, -1 };
	static const char *const magic[] = { "/proc/self/exe",	     "/proc/self/cwd",	"/proc/self/root",
					     "/proc/self/fd/3",	     "/proc/self/fd/4", "/proc/self/fd/5",
					     "/proc/thread-self/cwd" };
	struct place place = random_place();
	static char buf[8192];
	int size = PICK(sizes);
	long result;

	memset(buf, '#', 8);
	if (random_chance(15))
		place.path = PICK(magic);
	if (random_chance(8))
		place.path = "";
	if (random_chance(50)) {
		say("readlink %s %d", path_show(place.path), size);
		result = CALL(SYS_readlink, place.path, buf, size);
	} else {
		say("readlinkat ");
		say_place(&place);
		say(" %d", size);
		result = CALL(SYS_readlinkat, place.directory, place.path, buf, size);
	}
	if (say_result(result))
		say(" '%.*s'", (int)result, buf);
}

static void say_cwd(void)
{
	char buf[PATH_MAX + 1];
	long result = CALL(SYS_getcwd, buf, sizeof(buf));

	say(" cwd");
	if (say_result(result))
		say(" '%s'", buf);
}

static void do_chdir(void)
{
	const char *path = path_random();
	int fd = kept_any();
	bool success;

	if (random_chance(60)) {
		say("chdir %s", path_show(path));
		success = say_result(CALL(SYS_chdir, path));
	} else if (random_chance(70)) {
		say("fchdir %d", fd);
		success = say_result(CALL(SYS_fchdir, fd));
	} else {
		say("chdir \"/\"");
		success = say_result(CALL(SYS_chdir, "/"));
	}
	if (success)
		say_cwd();
}

static void do_getcwd(void)
{
	static const unsigned long sizes[] = { 0, 1, 2, 5, 20, 4096, 5000, -1ul };
	unsigned long size = PICK(sizes);
	char *buf = random_chance(95) ? path_page_end(size < 8192 ? size : 8192) : (char *)BAD_POINTER;
	long result;

	say("getcwd %ld", (long)size);
	result = CALL(SYS_getcwd, buf, size);
	if (say_result(result))
		say(" '%s'", buf);
}

static void do_make(void)
{
	static const unsigned int types[] = { S_IFREG, 0, S_IFIFO, S_IFSOCK, S_IFDIR, S_IFCHR, S_IFLNK };
	static const unsigned int modes[] = { 0755, 0700, 0777, 01777, 02755, 0644, 0555 };
	struct place place = random_place();
	unsigned int mode = PICK(modes), type = PICK(types);
	const char *target = random_below(5) ? path_random_text() : path_random();

	switch (random_below(8)) {
	case 0:
	case 1:
		say("mkdir %s %o", path_show(place.path), mode);
		say_result(CALL(SYS_mkdir, place.path, mode));
		break;
	case 2:
	case 3:
		say("mkdirat ");
		say_place(&place);
		say(" %o", mode);
		say_result(CALL(SYS_mkdirat, place.directory, place.path, mode));
		break;
	case 4:
		say("mknod %s %o", path_show(place.path), type | mode);
		say_result(CALL(SYS_mknod, place.path, type | mode, 0));
		break;
	case 5:
		say("mknodat ");
		say_place(&place);
		say(" %o", type | mode);
		say_result(CALL(SYS_mknodat, place.directory, place.path, type | mode, 0));
		break;
	case 6:
		say("symlink %s %s", path_show(target), path_show(place.path));
		say_result(CALL(SYS_symlink, target, place.path));
		break;
	default:
		say("symlinkat %s ", path_show(target));
		say_place(&place);
		say_result(CALL(SYS_symlinkat, target, place.directory, place.path));
	}
}

static void do_remove(void)
{
	static const int flags_of[] = { 0, AT_REMOVEDIR, AT_REMOVEDIR, 0x1000 };
	struct place place = random_place();
	int flags = PICK(flags_of);

	switch (random_below(3)) {
	case 0:
		say("rmdir %s", path_show(place.path));
		say_result(CALL(SYS_rmdir, place.path));
		break;
	case 1:
		say("unlink %s", path_show(place.path));
		say_result(CALL(SYS_unlink, place.path));
		break;
	default:
		say("unlinkat ");
		say_place(&place);
		say(" %x", flags);
		say_result(CALL(SYS_unlinkat, place.directory, place.path, flags));
	}
}

static void do_rename(void)
{
	static const unsigned int flags_of[] = { 0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_WHITEOUT, 8, 3 };
	struct place from = random_place(), to = random_place();
	unsigned int flags = PICK(flags_of);

	if (is_protected(from.directory, from.path) || is_protected(to.directory, to.path))
		return;
	switch (random_below(3)) {
	case 0:
		if (is_protected(AT_FDCWD, from.path) || is_protected(AT_FDCWD, to.path))
			return;
		say("rename %s %s", path_show(from.path), path_show(to.path));
		say_result(CALL(SYS_rename, from.path, to.path));
		break;
	case 1:
		say("renameat ");
		say_place(&from);
		say(" ");
		say_place(&to);
		say_result(CALL(SYS_renameat, from.directory, from.path, to.directory, to.path));
		break;
	default:
		say("renameat2 ");
		say_place(&from);
		say(" ");
		say_place(&to);
		say(" %x", flags);
		say_result(CALL(SYS_renameat2, from.directory, from.path, to.directory, to.path, flags));
	}
}

static void do_link(void)
{
	static const int flags_of[] = { 0, AT_SYMLINK_FOLLOW, AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW };
	struct place from = random_place(), to = random_place();
	int flags = PICK(flags_of);

	if (random_chance(30)) {
		say("link %s %s", path_show(from.path), path_show(to.path));
		say_result(CALL(SYS_link, from.path, to.path));
		return;
	}
	if (random_chance(8))
		from.path = "";
	say("linkat ");
	say_place(&from);
	say(" ");
	say_place(&to);
	say(" %x", flags);
	say_result(CALL(SYS_linkat, from.directory, from.path, to.directory, to.path, flags));
}

static void do_chmod(void)
{
	static const unsigned int modes[] = { 0755, 0755, 0755, 0700, 0711, 0644, 0000, 04755, 02755, 01777, 0777 };
	static const int flags_of[] = { 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, 0x40 };
	struct place place = random_place();
	unsigned int mode = PICK(modes);
	int flags = PICK(flags_of);

	switch (random_below(3)) {
	case 0:
		say("chmod %s %o", path_show(place.path), mode);
		say_result(CALL(SYS_chmod, place.path, mode));
		break;
	case 1:
		say("fchmodat ");
		say_place(&place);
		say(" %o", mode);
		say_result(CALL(SYS_fchmodat, place.directory, place.path, mode));
		break;
	default:
		if (random_chance(10))
			place.path = "";
		say("fchmodat2 ");
		say_place(&place);
		say(" %o %x", mode, flags);
		say_result(CALL(SYS_fchmodat2, place.directory, place.path, mode, flags));
	}
}

static void do_chown(void)
{
	static const long owners[] = { -1, -1, -1, 0, 12345 };
	static const int flags_of[] = { 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, 0x40 };
	struct place place = random_place();
	long uid = PICK(owners), gid = PICK(owners);
	int flags = PICK(flags_of);

	switch (random_below(3)) {
	case 0:
		say("chown %s %ld %ld", path_show(place.path), uid, gid);
		say_result(CALL(SYS_chown, place.path, uid, gid));
		break;
	case 1:
		say("lchown %s %ld %ld", path_show(place.path), uid, gid);
		say_result(CALL(SYS_lchown, place.path, uid, gid));
		break;
	default:
		if (random_chance(10))
			place.path = "";
		say("fchownat ");
		say_place(&place);
		say(" %ld %ld %x", uid, gid, flags);
		say_result(CALL(SYS_fchownat, place.directory, place.path, uid, gid, flags));
	}
}

static void do_times(void)
{
	static const int flags_of[] = { 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, 0x40 };
	static const long nanoseconds[] = { 0, 5, UTIME_NOW, UTIME_OMIT, 1000000000 };
	struct place place = random_place();
	struct timespec times[2] = { { 2000 + random_below(100), PICK(nanoseconds) },
				     { 2000 + random_below(100), PICK(nanoseconds) } };
	struct timeval micros[2] = { { times[0].tv_sec, 7 }, { times[1].tv_sec, random_chance(95) ? 8 : 1000000 } };
	struct utimbuf seconds = { times[0].tv_sec, times[1].tv_sec };
	bool present = random_chance(15);
	int flags = PICK(flags_of);

	switch (random_below(4)) {
	case 0:
		say("utime %s %ld", path_show(place.path), (long)seconds.modtime);
		say_result(CALL(SYS_utime, place.path, present ? NULL : &seconds));
		break;
	case 1:
		say("utimes %s %ld %ld", path_show(place.path), (long)seconds.modtime, (long)micros[1].tv_usec);
		say_result(CALL(SYS_utimes, place.path, present ? NULL : micros));
		break;
	case 2:
		if (random_chance(5))
			place.path = NULL;
		say("futimesat ");
		say_place(&place);
		say_result(CALL(SYS_futimesat, place.directory, place.path, present ? NULL : micros));
		break;
	default:
		if (random_chance(15))
			place.path = random_chance(50) ? "" : NULL;
		say("utimensat ");
		say_place(&place);
		say(" %lx %lx %x%s", times[0].tv_nsec, times[1].tv_nsec, flags, present ? " now" : "");
		say_result(CALL(SYS_utimensat, place.directory, place.path, present ? NULL : times, flags));
	}
}

static void do_truncate(void)
{
	static const long sizes[] = { 0, 5, 100, -1 };
	const char *path = path_random();
	long size = PICK(sizes);

	say("truncate %s %ld", path_show(path), size);
	say_result(CALL(SYS_truncate, path, size));
}

static void do_statfs(void)
{
	const char *path = path_random();
	struct statfs status;

	say("statfs %s", path_show(path));
	if (say_result(CALL(SYS_statfs, path, &status)))
		say(" [%lx %ld %ld]", (long)status.f_type, (long)status.f_bsize, (long)status.f_namelen);
}

static void say_names(const char *names, long size)
{
	for (const char *name = names; size > 0 && name < names + size; name += strlen(name) + 1)
		say(" '%s'", name);
}

static void do_attribute(void)
{
	static const char *const names[] = { "user.a", "user.a", "user.b",    "user.missing",
					     "bad",    "",	 "trusted.x", "security.y" };
	static const int numbers[][4] = {
		{ SYS_setxattr, SYS_getxattr, SYS_listxattr, SYS_removexattr },
		{ SYS_lsetxattr, SYS_lgetxattr, SYS_llistxattr, SYS_lremovexattr },
	};
	static const char *const calls[] = { "setxattr", "getxattr", "listxattr", "removexattr" };
	const char *path = path_random(), *name = random_chance(97) ? PICK(names) : BAD_POINTER;
	unsigned int no_follow = random_below(2), which = random_below(4);
	unsigned long size = random_chance(70) ? 64 : random_below(6);
	long number = numbers[no_follow][which], result;
	char buf[64] = "text of the attribute";
	int flags = random_chance(70) ? 0 : (int)random_below(4);

	say("%s%s %s %s %lu", no_follow ? "l" : "", calls[which], path_show(path), path_show(name), size);
	switch (which) {
	case 0:
		say(" %d", flags);
		say_result(CALL(number, path, name, buf, size % 20, flags));
		break;
	case 1:
		result = CALL(number, path, name, buf, size);
		if (say_result(result) && size)
			say(" '%.*s'", (int)result, buf);
		break;
	case 2:
		result = CALL(number, path, buf, size);
		if (say_result(result) && size)
			say_names(buf, result);
		break;
	default:
		say_result(CALL(number, path, name));
	}
}

struct attribute_arguments {
	uint64_t value;
	uint32_t size;
	uint32_t flags;
};

static void do_attribute_at(void)
{
	static const int flags_of[] = { 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, 0x40 };
	struct place place = random_place();
	char buf[64] = "set by the at call";
	struct attribute_arguments arguments = { (uint64_t)buf, random_below(20), 0 };
	int flags = PICK(flags_of);
	long result;

	if (random_chance(10))
		place.path = "";
	switch (random_below(4)) {
	case 0:
		say("setxattrat ");
		say_place(&place);
		say(" %x", flags);
		say_result(CALL(SYS_setxattrat, place.directory, place.path, flags, "user.a", &arguments,
				sizeof(arguments)));
		break;
	case 1:
		say("getxattrat ");
		say_place(&place);
		say(" %x", flags);
		result = CALL(SYS_getxattrat, place.directory, place.path, flags, "user.a", &arguments,
			      sizeof(arguments));
		if (say_result(result))
			say(" '%.*s'", (int)result, buf);
		break;
	case 2:
		say("listxattrat ");
		say_place(&place);
		say(" %x", flags);
		result = CALL(SYS_listxattrat, place.directory, place.path, flags, buf, sizeof(buf));
		if (say_result(result))
			say_names(buf, result);
		break;
	default:
		say("removexattrat ");
		say_place(&place);
		say(" %x", flags);
		say_result(CALL(SYS_removexattrat, place.directory, place.path, flags, "user.a"));
	}
}

static void do_handle(void)
{
	static const int flags_of[] = { 0, AT_SYMLINK_FOLLOW, AT_EMPTY_PATH, 0x4000 };
	struct {
		struct file_handle head;
		char bytes[MAX_HANDLE_SZ];
	} handle = { .head = { .handle_bytes = random_chance(80) ? MAX_HANDLE_SZ : 0 } };
	struct place place = random_place();
	int flags = PICK(flags_of), mount;

	say("name_to_handle_at ");
	say_place(&place);
	say(" %x", flags);
	say_result(CALL(SYS_name_to_handle_at, place.directory, place.path, &handle, &mount, flags));
	say(" [%u]", handle.head.handle_bytes);
}

struct entry {
	char name[NAME_MAX + 1];
	unsigned char type;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

/* Whether a listing's inode number is that of stat: not so of a mount point, whose listing shows what is below. */
static void do_list(void)
{
	static struct entry entries[4096];
	const char *path = path_random();
	static char buf[1 << 15] __attribute__((aligned(8)));
	size_t room = random_chance(80) ? sizeof(buf) : 280, count = 0;
	long fd = CALL(SYS_open, path, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC), size;
	struct stat status;

	say("list %s %zu", path_show(path), room);
	if (!say_result(fd))
		return;
	if (!fstat((int)fd, &status) && is_in_proc(&status)) {
		close((int)fd);
		return;
	}
	while ((size = CALL(SYS_getdents64, fd, buf, room)) > 0) {
		for (long at = 0; at < size && count < 4096; at += ((struct dirent64 *)(buf + at))->d_reclen) {
			const struct dirent64 *entry = (const struct dirent64 *)(buf + at);

			strcpy(entries[count].name, entry->d_name);
			entries[count++].type = entry->d_type;
		}
	}
	say_result(size);
	close((int)fd);
	qsort(entries, count, sizeof(*entries), by_name);
	for (size_t i = 0; i < count; i++)
		say(" %.20s/%u", entries[i].name, entries[i].type);
}

static void do_socket(void)
{
	static const char *const calls[] = { "bind", "connect", "sendto", "sendmsg" };
	struct sockaddr_un address = { .sun_family = AF_UNIX }, name = { 0 };
	const char *path = path_random_text();
	int fd = socket(AF_UNIX, (random_chance(50) ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	size_t path_length = strnlen(path, sizeof(address.sun_path));
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path_length);
	struct iovec data = { "data", 4 };
	struct msghdr message = { .msg_name = &address, .msg_iov = &data, .msg_iovlen = 1 };
	unsigned int which = random_below(4);
	long result;

	memcpy(address.sun_path, path, path_length);
	if (random_chance(70) && path_length < sizeof(address.sun_path))
		length++; /* with its NUL */
	message.msg_namelen = length;
	say("%s %s %u", calls[which], path_show(path), length);
	switch (which) {
	case 0:
		result = CALL(SYS_bind, fd, &address, length);
		break;
	case 1:
		result = CALL(SYS_connect, fd, &address, length);
		break;
	case 2:
		result = CALL(SYS_sendto, fd, "data", 4, 0, &address, length);
		break;
	default:
		result = CALL(SYS_sendmsg, fd, &message, 0);
	}
	say_result(result);
	length = sizeof(name);
	say_result(CALL(which == 0 ? SYS_getsockname : SYS_getpeername, fd, &name, &length));
	/*
	 * The very text comes back only where no link and no binding was on
	 * the way: proot binds another one. Whatever comes names the socket.
	 */
	if (which == 0 && !result && path[path_length] == '\0' && length <= sizeof(name)) {
		char text[sizeof(name.sun_path) + 1] = "";
		struct stat status, other;

		memcpy(text, name.sun_path, length - offsetof(struct sockaddr_un, sun_path));
		say(" %s", !lstat(path, &status) && !lstat(text, &other) && status.st_ino == other.st_ino ? "itself" :
													    "another");
	} else if (result) {
		say(" %u", length);
	}
	close(fd);
}

static int watcher;

static void drop_events(void)
{
	static char buf[1 << 16];

	while (read(watcher, buf, sizeof(buf)) > 0)
		;
}

static void do_execute(void)
{
	static char *const arguments[] = { "zero", "one", NULL }, *const environment[] = { "VALUE=1", NULL };
	static char *const none[] = { NULL };
	static const int flags_of[] = { 0, 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, 0x40 };
	struct place place = random_place();
	bool at = random_chance(50), bare = random_chance(10);
	int flags = PICK(flags_of), status;
	pid_t pid;

	if (random_chance(20))
		place.path = "/bin/hello";
	if (at && flags & AT_EMPTY_PATH && random_chance(60))
		place.path = "";
	fflush(stdout);
	pid = vfork();
	if (!pid) {
		if (at)
			syscall(SYS_execveat, place.directory, place.path, bare ? none : arguments, environment, flags);
		else
			syscall(SYS_execve, place.path, bare ? NULL : arguments, environment);
		_exit(errno);
	}
	if (at) {
		say("execveat ");
		say_place(&place);
		say(" %x", flags);
	} else {
		say("execve %s", path_show(place.path));
	}
	waitpid(pid, &status, 0);
	drop_events(); /* proot opens a program twice */
	if (WIFSIGNALED(status))
		say(" killed by %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) == 200)
		say(" executed");
	else
		say_result(-WEXITSTATUS(status));
}

static void do_watch(void)
{
	static const unsigned int flags_of[] = { 0, 0, IN_DONT_FOLLOW, IN_ONLYDIR, IN_MASK_ADD };
	const char *path = path_random();
	unsigned int mask = (random_chance(95) ? IN_ALL_EVENTS : 0) | PICK(flags_of);

	say("inotify_add_watch %s %x", path_show(path), mask);
	say_result(CALL(SYS_inotify_add_watch, watcher, path, mask));
}

/* What is watched has seen the call, and nothing else. */
static void say_events(void)
{
	static char buf[1 << 16] __attribute__((aligned(8)));
	long size = read(watcher, buf, sizeof(buf));

	for (long at = 0; at < size;) {
		const struct inotify_event *event = (const struct inotify_event *)(buf + at);

		say(" +%d:%x%s%.20s", event->wd, event->mask, event->len ? ":" : "", event->len ? event->name : "");
		at += (long)sizeof(*event) + event->len;
	}
}

static void do_other(void)
{
	static const unsigned int masks[] = { 022, 0, 077, 0777 };

	switch (random_below(4)) {
	case 0:
		kept_drop_one();
		break;
	case 1:
		say("umask");
		say_result(umask(PICK(masks)));
		break;
	case 2:
		say("chroot \"/\"");
		say_result(CALL(SYS_chroot, "/"));
		if (chdir("/"))
			say(" chdir failed");
		break;
	default:
		say("fchmod 777");
		say_result(CALL(SYS_fchmod, 777, 0644));
	}
}

static const struct {
	void (*run)(void);
	unsigned int weight;
} kinds[] = {
	{ do_stat, 14 },   { do_statx, 4 },    { do_fstat, 2 },	 { do_access, 7 },    { do_open, 16 },
	{ do_openat2, 4 }, { do_readlink, 8 }, { do_chdir, 8 },	 { do_getcwd, 2 },    { do_make, 12 },
	{ do_remove, 7 },  { do_rename, 8 },   { do_link, 5 },	 { do_chmod, 4 },     { do_chown, 4 },
	{ do_times, 5 },   { do_truncate, 2 }, { do_statfs, 2 }, { do_attribute, 5 }, { do_attribute_at, 3 },
	{ do_handle, 2 },  { do_list, 5 },     { do_socket, 4 }, { do_execute, 3 },   { do_watch, 2 },
	{ do_other, 4 },
};

void calls_start(void)
{
	watcher = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
}

void call_random(int index)
{
	unsigned int sum = 0, number, kind = 0;

	for (unsigned int i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		sum += kinds[i].weight;
	number = random_below(sum);
	while (number >= kinds[kind].weight)
		number -= kinds[kind++].weight;
	line_length = 0;
	line[0] = '\0';
	kinds[kind].run();
	say_events();
	if (line_length)
		printf("%d %s\n", index, line);
}
