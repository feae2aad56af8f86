/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls on descriptors that are kept: the object is the one that was opened. */
#define _GNU_SOURCE
#include "calls.h"
#include "say.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

static void change_attributes(int fd)
{
	char buf[256];
	long result;

	switch (random_below(4)) {
	case 0:
		say("fsetxattr %d", fd);
		say_result(CALL(SYS_fsetxattr, fd, "user.a", "by descriptor", random_below(14), 0));
		break;
	case 1:
		say("fgetxattr %d", fd);
		result = CALL(SYS_fgetxattr, fd, "user.a", buf, sizeof(buf));
		if (say_result(result))
			say(" '%.*s'", (int)result, buf);
		break;
	case 2:
		say("flistxattr %d", fd);
		result = CALL(SYS_flistxattr, fd, buf, sizeof(buf));
		if (say_result(result))
			say_names(buf, result);
		break;
	default:
		say("fremovexattr %d", fd);
		say_result(CALL(SYS_fremovexattr, fd, "user.a"));
	}
}

static void change_status(int fd)
{
	static const unsigned int modes[] = { 0755, 0700, 0644, 0600, 01777, 02755 };
	static const long sizes[] = { 0, 5, 100, -1 };
	const struct timespec times[2] = { { 3000 + random_below(100), 0 }, { 3000 + random_below(100), 0 } };
	unsigned int mode = PICK(modes);
	long size = PICK(sizes);

	switch (random_below(4)) {
	case 0:
		if (keeps_mode(fd, "", mode))
			return;
		say("fchmod %d %o", fd, mode);
		say_result(CALL(SYS_fchmod, fd, mode));
		break;
	case 1:
		say("fchown %d", fd);
		say_result(CALL(SYS_fchown, fd, -1, random_chance(50) ? -1 : 12345));
		break;
	case 2:
		say("ftruncate %d %ld", fd, size);
		say_result(CALL(SYS_ftruncate, fd, size));
		break;
	default:
		say("utimensat %d NULL", fd);
		say_result(CALL(SYS_utimensat, fd, NULL, times, 0));
	}
}

static void say_content(int fd)
{
	unsigned char buf[32];
	long size = CALL(SYS_pread64, fd, buf, sizeof(buf), random_below(8));

	if (!say_result(size))
		return;
	say(" '");
	for (long i = 0; i < size; i++)
		say(buf[i] >= ' ' && buf[i] < 127 ? "%c" : "\\%o", buf[i]);
	say("'");
}

static void ask(int fd)
{
	struct statfs system;
	struct stat status;
	char name[32], buf[PATH_MAX];
	long result;

	switch (random_below(4)) {
	case 0:
		say("fstatfs %d", fd);
		if (say_result(CALL(SYS_fstatfs, fd, &system)))
			say(" [%lx %ld]", (long)system.f_type, (long)system.f_namelen);
		break;
	case 1:
		/* O_LARGEFILE has a number of its own for the kernel. */
		say("flags of %d", fd);
		result = CALL(SYS_fcntl, fd, F_GETFL);
		say_result(result < 0 ? result : result & ~0100000l);
		break;
	case 2:
		if (!fstat(fd, &status) && is_in_proc(&status))
			return;
		say("pread64 %d", fd);
		say_content(fd);
		break;
	default:
		snprintf(name, sizeof(name), "/proc/%s/fd/%d", random_chance(50) ? "self" : "thread-self", fd);
		say("readlink %s", name);
		result = CALL(SYS_readlink, name, buf, sizeof(buf));
		if (!is_far_link(AT_FDCWD, name) && say_result(result))
			say_link(buf, result);
	}
}

void do_descriptor(void)
{
	int fd = random_chance(95) ? kept_any() : 777;

	switch (random_below(3)) {
	case 0:
		change_attributes(fd);
		break;
	case 1:
		change_status(fd);
		break;
	default:
		ask(fd);
	}
}
