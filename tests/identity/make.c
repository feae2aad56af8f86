/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that make, remove and rename. Nothing here waits, and nothing reaches a
 * disk: block devices are made, but not opened.
 */
#define _GNU_SOURCE
#include "conduct.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static void say_made(const struct place *place, long result)
{
	if (say_result(result))
		look_say(place);
}

static int imagine_flags(void)
{
	static const struct {
		unsigned int percent;
		int flag;
	} more[] = {
		{ 40, O_CREAT },    { 12, O_EXCL },	{ 14, O_TRUNC }, { 5, O_APPEND },
		{ 14, O_NOFOLLOW }, { 8, O_DIRECTORY }, { 12, O_PATH },	 { 10, O_NOATIME },
	};
	static const int modes[] = { O_RDONLY, O_RDONLY, O_RDONLY, O_WRONLY, O_RDWR, O_ACCMODE };
	int flags = PICK(modes) | O_NONBLOCK | O_NOCTTY;

	for (size_t i = 0; i < sizeof(more) / sizeof(*more); i++)
		if (random_chance(more[i].percent))
			flags |= more[i].flag;
	return random_chance(3) ? O_RDWR | O_TMPFILE | (flags & O_EXCL) : flags;
}

bool is_block_device(const struct place *place)
{
	struct stat status;

	return !CALL(SYS_newfstatat, place->directory, place->path, &status, 0) && S_ISBLK(status.st_mode);
}

/*
 * What is behind a device's number. Whose the device is, an open descriptor is not asked: under proot it
 * is that of the machine's own.
 */
static void try_device(int fd, const struct stat *status)
{
	unsigned char bytes[2] = { 1, 1 };

	say(" device %lx", (unsigned long)status->st_rdev);
	say_result(CALL(SYS_read, fd, bytes, sizeof(bytes)));
	say(" %02x%02x", bytes[0], bytes[1]);
	say_result(CALL(SYS_write, fd, "x", 1));
	close(fd);
}

/* Say what was opened, and keep it or close it. */
static void take(long fd)
{
	struct stat status;
	long flags;

	if (!say_result(fd))
		return;
	CALL(SYS_fstat, fd, &status);
	flags = CALL(SYS_fcntl, fd, F_GETFL);
	/* The machine's devices are not the user's, who could leave their times alone. */
	say(" flags %lx", S_ISCHR(status.st_mode) ? flags & ~O_NOATIME : flags);
	if (S_ISCHR(status.st_mode) && !(flags & O_PATH)) {
		try_device((int)fd, &status);
		return;
	}
	say_stat_result(0, &status);
	if (random_chance(60))
		kept_add((int)fd);
	close((int)fd);
}

void do_open(void)
{
	int flags = imagine_flags();
	struct place place = place_wished(flags & O_CREAT ? WISH_FILE : WISH_ANY);
	mode_t mode = place_mode();

	if (random_chance(8))
		flags = O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_NOCTTY;
	say("openat ");
	say_place(&place);
	say(" %x %o", flags, mode);
	if (is_block_device(&place))
		say(" left out");
	else
		take(CALL(SYS_openat, place.directory, place.path, flags, mode));
}

void do_make_directory(void)
{
	struct place place = place_wished(WISH_DIRECTORY);
	mode_t mode = random_chance(50) ? 0777 : place_mode();

	say("mkdirat ");
	say_place(&place);
	say(" %o", mode);
	say_made(&place, CALL(SYS_mkdirat, place.directory, place.path, mode));
}

void do_remove(void)
{
	int flags = random_chance(40) ? AT_REMOVEDIR : 0;
	struct place place = place_wished(flags ? WISH_DIRECTORY : WISH_ANY);

	say("unlinkat ");
	say_place(&place);
	say(" %x", flags);
	say_result(CALL(SYS_unlinkat, place.directory, place.path, flags));
}

/* 0:0 is a whiteout; the numbers 120 are for experiments (Documentation/admin-guide/devices.txt). */
void do_make_node(void)
{
	static const struct {
		mode_t type;
		unsigned int major, minor;
	} kinds[] = {
		{ S_IFREG, 0, 0 },     { 0, 0, 0 },	  { S_IFIFO, 0, 0 }, { S_IFIFO, 0, 0 },	  { S_IFSOCK, 0, 0 },
		{ S_IFCHR, 1, 3 },     { S_IFCHR, 1, 5 }, { S_IFCHR, 5, 0 }, { S_IFCHR, 120, 7 }, { S_IFBLK, 120, 0 },
		{ S_IFBLK, 120, 300 }, { S_IFCHR, 0, 0 }, { S_IFDIR, 0, 0 }, { S_IFLNK, 0, 0 },
	};
	struct place place = place_wished(WISH_FILE);
	unsigned int which = random_below(sizeof(kinds) / sizeof(*kinds));
	mode_t mode = kinds[which].type | place_mode();
	dev_t device = makedev(kinds[which].major, kinds[which].minor);

	say("mknodat ");
	say_place(&place);
	say(" %o %lx", mode, (unsigned long)device);
	say_made(&place, CALL(SYS_mknodat, place.directory, place.path, mode, device));
}

void do_symlink(void)
{
	struct place place = place_wished(WISH_FILE);
	const char *target = place_target();

	say("symlinkat %s ", target);
	say_place(&place);
	say_made(&place, CALL(SYS_symlinkat, target, place.directory, place.path));
}

/*
 * Whether it depends on who has opened the descriptor if a file may be linked to by it: where proot had to change modes
 * for that, it was a child.
 */
static bool depends_on_opener(const struct place *place, int flags)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { 0 };
	struct stat status;

	if (!(flags & AT_EMPTY_PATH) || place->directory == AT_FDCWD || *place->path)
		return false;
	CALL(SYS_capget, &header, data);
	return !(data[0].effective & 1u << CAP_DAC_READ_SEARCH) && !CALL(SYS_fstat, place->directory, &status) &&
	       !S_ISDIR(status.st_mode);
}

void do_link(void)
{
	static const int flags_of[] = { 0, 0, 0, AT_SYMLINK_FOLLOW, AT_EMPTY_PATH, AT_EMPTY_PATH | AT_SYMLINK_FOLLOW };
	struct place old = place_wished(WISH_FILE), new = place_wished(WISH_FILE);
	int flags = PICK(flags_of);

	if (flags & AT_EMPTY_PATH && random_chance(60))
		old.path = "";
	say("linkat ");
	say_place(&old);
	say(" ");
	say_place(&new);
	say(" %x", flags);
	if (depends_on_opener(&old, flags))
		say(" left out");
	else
		say_made(&new, CALL(SYS_linkat, old.directory, old.path, new.directory, new.path, flags));
}

void do_rename(void)
{
	static const unsigned int flags_of[] = { 0, 0, 0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_WHITEOUT };
	enum wish wish = random_chance(40) ? WISH_DIRECTORY : WISH_FILE;
	struct place old = place_wished(wish), new = place_wished(wish);
	unsigned int flags = PICK(flags_of);

	say("renameat2 ");
	say_place(&old);
	say(" ");
	say_place(&new);
	say(" %x", flags);
	say_made(&new, CALL(SYS_renameat2, old.directory, old.path, new.directory, new.path, flags));
}

/* The whole of a file into another, new one. */
long make_program(const struct place *place)
{
	long in = CALL(SYS_openat, AT_FDCWD, "/bin/conduct", O_RDONLY), size = 1;
	long out = CALL(SYS_openat, place->directory, place->path, O_WRONLY | O_CREAT | O_EXCL, 0777);

	while (in >= 0 && out >= 0 && size > 0)
		size = CALL(SYS_sendfile, out, in, NULL, 1 << 22);
	if (in >= 0)
		close((int)in);
	if (out >= 0)
		close((int)out);
	return in < 0 ? in : out < 0 ? out : size;
}

/* A program among the files: mostly a name more of one that there is. */
void do_install(void)
{
	struct place place = place_wished(WISH_PROGRAM);
	char helper[32];

	say("install ");
	say_place(&place);
	if (random_chance(10)) {
		say(" copy");
		say_made(&place, make_program(&place));
		return;
	}
	snprintf(helper, sizeof(helper), BELOW_HELPERS "%u", 1 + random_below(3));
	say(" %s", helper);
	say_made(&place, CALL(SYS_linkat, AT_FDCWD, helper, place.directory, place.path, 0));
}

void do_socket(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct place place = { AT_FDCWD, path_wished(WISH_FILE) };
	bool binds = random_chance(60);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	size_t size = offsetof(struct sockaddr_un, sun_path) + strlen(place.path) + 1;

	/* An empty name would be one of the kernel's choice. */
	if (*place.path) {
		strcpy(address.sun_path, place.path);
		say("%s %s", binds ? "bind" : "connect", place.path);
		say_made(&place, CALL(binds ? SYS_bind : SYS_connect, fd, &address, size));
	}
	close(fd);
}
