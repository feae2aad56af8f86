/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include "calls.h"
#include "say.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include <utime.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

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
	struct stat status, *to = random_chance(98) ? &status : BAD_BUFFER;
	int flags;

	switch (random_below(4)) {
	case 0:
		say("stat %s", path_show(place.path));
		say_stat_result(CALL(SYS_stat, place.path, to), &status);
		break;
	case 1:
		say("lstat %s", path_show(place.path));
		say_stat_result(CALL(SYS_lstat, place.path, to), &status);
		break;
	default:
		flags = PICK(flags_of);
		if (random_below(5) == 0)
			place.path = "";
		say("newfstatat ");
		say_place(&place);
		say(" %x", flags);
		say_stat_result(CALL(SYS_newfstatat, place.directory, place.path, to, flags), &status);
	}
}

static void do_statx(void)
{
	static const int flags_of[] = { 0, 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, AT_STATX_DONT_SYNC, 0x6000, 0x80000 };
	static const unsigned int masks[] = { STATX_BASIC_STATS, STATX_ALL, STATX_MODE, STATX_MNT_ID, 0, 0x80000000u };
	struct place place = random_place();
	struct statx status, *to = random_chance(98) ? &status : BAD_BUFFER;
	int flags = PICK(flags_of);
	unsigned int mask = PICK(masks);
	long result;

	memset(&status, 0, sizeof(status));
	if (random_below(5) == 0)
		place.path = random_chance(80) ? "" : NULL;
	say("statx ");
	say_place(&place);
	say(" %x %x", flags, mask);
	result = CALL(SYS_statx, place.directory, place.path, flags, mask, to);
	if (!say_result(result))
		return;
	say(" [%x %o %u:%u", status.stx_mask & STATX_BASIC_STATS, status.stx_mode, status.stx_uid, status.stx_gid);
	if (S_ISREG(status.stx_mode))
		say(" %ld bytes", (long)status.stx_size);
	if (mask & STATX_MNT_ID)
		say(" top %d", !!(status.stx_attributes & STATX_ATTR_MOUNT_ROOT));
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
	static const int flags_of[] = {
		O_CREAT,  O_EXCL,    O_CREAT | O_EXCL, O_TRUNC,	    O_DIRECTORY,	 O_NOFOLLOW, O_PATH,
		O_APPEND, O_CLOEXEC, O_CREAT,	       O_DIRECTORY, O_PATH | O_NOFOLLOW, O_NOATIME,  O_TMPFILE | O_RDWR
	};
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
		say_stat_result(0, &status);
		if (S_ISREG(status.st_mode) && status.st_size < 4000 && !is_in_proc(&status) && random_chance(50))
			say(" write %ld", write((int)fd, "more\n", 5));
	}
	kept_add((int)fd);
}

/* How the kernel shows the flags of a descriptor, O_LARGEFILE aside. */
static void do_open(void)
{
	static const unsigned int modes[] = { 0644, 0600, 0777, 0, 0444, 04755, 0100644 };
	struct place place = random_place();
	int flags = random_open_flags();
	unsigned int mode = PICK(modes);
	struct stat status;

	switch (random_below(6)) {
	case 5:
		if (is_bound_in_sticky(AT_FDCWD, place.path) ||
		    (!stat(place.path, &status) && S_ISFIFO(status.st_mode)))
			return; /* it would wait for the reader of a fifo */
		say("creat %s %o", path_show(place.path), mode);
		use_opened(CALL(SYS_creat, place.path, mode));
		break;
	case 0:
		if (flags & O_CREAT && is_bound_in_sticky(AT_FDCWD, place.path))
			return;
		say("open %s %o %o", path_show(place.path), flags, mode);
		use_opened(CALL(SYS_open, place.path, flags, mode));
		break;
	case 1:
		say("open %s %o", path_show(place.path), O_DIRECTORY | O_RDONLY);
		use_opened(CALL(SYS_open, place.path, O_DIRECTORY | O_RDONLY));
		break;
	default:
		if (flags & O_CREAT && is_bound_in_sticky(place.directory, place.path))
			return;
		say("openat ");
		say_place(&place);
		say(" %o %o", flags, mode);
		use_opened(CALL(SYS_openat, place.directory, place.path, flags, mode));
	}
}

static void do_openat2(void)
{
	static const unsigned long resolves[] = {
		0, RESOLVE_NO_SYMLINKS, RESOLVE_NO_MAGICLINKS, RESOLVE_BENEATH, RESOLVE_IN_ROOT, RESOLVE_NO_XDEV, 0x1000
	};
	struct place place = random_place();
	struct {
		struct open_how how;
		uint64_t unknown;
	} longer = { { .flags = (unsigned int)random_open_flags(), .resolve = PICK(resolves) }, random_below(2) };
	struct open_how *how = &longer.how;
	long result;
	size_t size = random_chance(95) ? sizeof(*how) : random_below(sizeof(longer) + 1);

	if (how->flags & (O_CREAT | O_TMPFILE))
		how->mode = 0644;
	if (random_chance(30))
		how->resolve |= PICK(resolves);
	if (how->flags & O_CREAT && is_bound_in_sticky(place.directory, place.path))
		return;
	say("openat2 ");
	say_place(&place);
	say(" %llo %llx %zu %lu", how->flags, how->resolve, size, (unsigned long)longer.unknown);
	/* A rename anywhere may get in the way of a walk that is to stay below. */
	do
		result = CALL(SYS_openat2, place.directory, place.path, how, size);
	while (result == -EAGAIN);
	use_opened(result);
}

static void do_readlink(void)
{
	static const int sizes[] = { 0, 1, 3, 64, 4096, 4096, 4096, 8192, -1 };
	static const char *const magic[] = { "/proc/self/exe",	     "/proc/self/cwd",	"/proc/self/root",
					     "/proc/self/fd/3",	     "/proc/self/fd/4", "/proc/self/fd/5",
					     "/proc/thread-self/cwd" };
	struct place place = random_place();
	static char buf[8192];
	char *to = random_chance(98) ? buf : BAD_BUFFER;
	int size = PICK(sizes);
	long result;

	memset(buf, '#', 8);
	if (random_chance(15))
		place.path = PICK(magic);
	if (random_chance(8))
		place.path = "";
	if (random_chance(50)) {
		say("readlink %s %d", path_show(place.path), size);
		result = CALL(SYS_readlink, place.path, to, size);
	} else {
		say("readlinkat ");
		say_place(&place);
		say(" %d", size);
		result = CALL(SYS_readlinkat, place.directory, place.path, to, size);
	}
	/* What lies outside another root is named from the root of the namespace. */
	if (is_far_link(place.directory, place.path))
		say(" far");
	else if (say_result(result) && !(has_own_root && buf[0] == '/'))
		say_link(buf, result);
}

static bool is_further_than(long length)
{
	static char buf[2 * PATH_MAX];
	long result = CALL(SYS_getcwd, buf, sizeof(buf));

	return result == -ENAMETOOLONG || result > length;
}

/* So far down that the host path may be too long to be told when the guest's is not. */
static bool is_far(void)
{
	return is_further_than(4000);
}

static void say_place_of_cwd(long result, const char *buf)
{
	if (has_own_root && (result == -ERANGE || (result > 0 && buf[0] == '(')))
		say(" unreachable, or too long");
	else if (say_result(result) && !strncmp(buf, "/proc/", 6))
		say(" in /proc"); /* its number depends on how many processes there were */
	else if (result > 0)
		say(" '%s'", result < 300 ? buf : "long");
}

static void say_cwd(void)
{
	char buf[PATH_MAX + 1];
	long result = CALL(SYS_getcwd, buf, sizeof(buf));

	say(" cwd");
	if (!is_far())
		say_place_of_cwd(result, buf);
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

/*
 * Far down, where paths get longer than PATH_MAX, on the host before that in the
 * guest. Not for an ordinary user: with a closed directory on the way up nobody
 * can tell what binding that is in (deep_find_base()).
 */
static void do_deep(void)
{
	static char name[NAME_MAX + 1];
	int steps = random_chance(50) ? (int)random_below(4) : 12 + (int)random_below(6);
	long result = 0;

	/* In what is deeper than PATH_MAX proot -l makes no links. */
	if (geteuid() || is_of_links)
		steps = is_further_than(1000) ? 0 : steps < 11 ? steps : 11;

	memset(name, 'd', NAME_MAX);
	say("deep %d", steps);
	for (int i = 0; i < steps && !result; i++) {
		CALL(SYS_mkdir, name, 0755);
		result = CALL(SYS_chdir, name);
	}
	say_result(result);
	result = CALL(SYS_open, random_chance(50) ? "." : "..", O_RDONLY | O_DIRECTORY);
	say_result(result);
	if (result >= 0)
		kept_add((int)result);
}

static void do_getcwd(void)
{
	static const unsigned long sizes[] = { 0, 1, 2, 5, 20, 4096, 5000, -1ul };
	unsigned long size = PICK(sizes);
	char *buf = random_chance(95) ? path_page_end(size < 8192 ? size : 8192) : (char *)BAD_POINTER;
	long result;

	say("getcwd %ld", (long)size);
	if (is_far())
		return;
	result = CALL(SYS_getcwd, buf, size);
	say_place_of_cwd(result, buf);
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

	/* Who may link to a descriptor the kernel says first; behind a sandbox's filter it does not come to that. */
	if (is_of_links && flags == AT_EMPTY_PATH && from.path && from.path[0])
		flags = 0;
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
	struct stat status;

	/* A program that may be executed but not read can't be by proot. */
	if (mode == 0711 && !fstatat(place.directory, place.path, &status, 0) && !S_ISDIR(status.st_mode))
		mode = 0755;
	switch (random_below(3)) {
	case 0:
		if (keeps_mode(AT_FDCWD, place.path, mode))
			return;
		say("chmod %s %o", path_show(place.path), mode);
		say_result(CALL(SYS_chmod, place.path, mode));
		break;
	case 1:
		if (keeps_mode(place.directory, place.path, mode))
			return;
		say("fchmodat ");
		say_place(&place);
		say(" %o", mode);
		say_result(CALL(SYS_fchmodat, place.directory, place.path, mode));
		break;
	default:
		if (random_chance(10))
			place.path = "";
		if (keeps_mode(place.directory, place.path, mode))
			return;
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
	struct statfs status, *to = random_chance(98) ? &status : BAD_BUFFER;

	say("statfs %s", path_show(path));
	if (say_result(CALL(SYS_statfs, path, to)))
		say(" [%lx %ld %ld]", (long)status.f_type, (long)status.f_bsize, (long)status.f_namelen);
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
	 * With ".." behind a binding the very text can't be kept, nor one of 108
	 * bytes in the root. What comes back leads to the same place, unless that is
	 * too far down to be told.
	 */
	if (which == 0 && !result && strstr(path, "..") && (is_further_than(1000) || strstr(path, "/fd/"))) {
		say(" far");
	} else if (which == 0 && !result && (strstr(path, "..") || path_length == sizeof(address.sun_path))) {
		char text[sizeof(name.sun_path) + 1] = "";
		struct stat status, other;
		bool leads;

		memcpy(text, name.sun_path, strnlen(name.sun_path, sizeof(name.sun_path)));
		/* By its absolute name it may be out of reach. */
		leads = !lstat(path, &status) &&
			(lstat(text, &other) ? errno == EACCES : status.st_ino == other.st_ino);
		say(" %s", leads ? "itself" : "another");
	} else {
		say(" %u", length);
		if (which == 0 && !result)
			say(" %.108s", name.sun_path);
	}
	close(fd);
}

static int watcher;

void drop_events(void)
{
	static char buf[1 << 16];

	while (read(watcher, buf, sizeof(buf)) > 0)
		;
}

static void do_watch(void)
{
	static const unsigned int flags_of[] = { 0, 0, IN_DONT_FOLLOW, IN_ONLYDIR, IN_MASK_ADD };
	const char *path = path_random();
	unsigned int mask = (random_chance(95) ? IN_ALL_EVENTS : 0) | PICK(flags_of);
	struct stat status;

	/* There proot looks about itself. */
	if (is_of_layers || (!stat(path, &status) && is_in_proc(&status)))
		return;
	say("inotify_add_watch %s %x", path_show(path), mask);
	say_result(CALL(SYS_inotify_add_watch, watcher, path, mask));
}

/* What is watched has seen the call, and nothing else. */
static void say_events(void)
{
	static char buf[1 << 16] __attribute__((aligned(8)));
	long size = read(watcher, buf, sizeof(buf));

	if (is_of_links || is_of_layers)
		return;

	for (long at = 0; at < size;) {
		const struct inotify_event *event = (const struct inotify_event *)(buf + at);

		/* A file without a name is told by its inode number. */
		say(" +%d:%x%s%.20s", event->wd, event->mask, event->len ? ":" : "",
		    !event->len		  ? "" :
		    event->name[0] == '#' ? "#" :
					    event->name);
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
	{ do_stat, 14 },    { do_statx, 4 },   { do_fstat, 2 },	     { do_access, 7 },
	{ do_open, 16 },    { do_openat2, 4 }, { do_readlink, 8 },   { do_chdir, 8 },
	{ do_getcwd, 2 },   { do_make, 12 },   { do_remove, 7 },     { do_rename, 8 },
	{ do_link, 5 },	    { do_chmod, 4 },   { do_chown, 4 },	     { do_times, 5 },
	{ do_truncate, 2 }, { do_statfs, 2 },  { do_attribute, 5 },  { do_attribute_at, 3 },
	{ do_handle, 2 },   { do_list, 5 },    { do_socket, 4 },     { do_execute, 3 },
	{ do_watch, 2 },    { do_other, 4 },   { do_deep, 1 },	     { do_file_attributes, 2 },
	{ do_mark, 1 },	    { do_fork, 1 },    { do_descriptor, 5 },
};

void (*calls_more)(void);

void calls_start(void)
{
	/* A user has only so many. */
	watcher = is_of_layers ? -1 : inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
}

void call_random(int index, char who)
{
	unsigned int sum = 0, number, kind = 0;

	for (unsigned int i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		sum += kinds[i].weight;
	number = random_below(sum);
	while (number >= kinds[kind].weight)
		number -= kinds[kind++].weight;
	say_begin();
	if (is_of_layers)
		kept_settle(has_own_root ? NULL : PLACE_OF_LAYERS);
	if (calls_more && random_chance(45))
		calls_more();
	else
		kinds[kind].run();
	say_events();
	say_end(index, who);
}
