/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owners, modes, devices and root's attributes, by path and by descriptor, as real root has them. */
#include "call.h"
#include <grp.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

/* How a file is named in the calls. */
enum way { BY_PATH, BY_LINK, BY_DESCRIPTOR, BY_DIRECTORY, BY_EMPTY, WAYS };

static const char *const way_names[] = { "path", "link", "descriptor", "directory", "empty" };

struct file {
	const char *path, *name;
	int fd, directory;
};

static void say_status(const char *path)
{
	struct stat status;

	if (lstat(path, &status))
		say(" %s", strerrorname_np(errno));
	else
		say(" %o %u:%u %u:%u", status.st_mode, status.st_uid, status.st_gid, major(status.st_rdev),
		    minor(status.st_rdev));
}

static void say_call(const char *name, enum way way, long result, const char *path)
{
	say("%s %s = %s", name, way_names[way], result < 0 ? strerrorname_np(errno) : "0");
	say_status(path);
	say("\n");
}

static long change_owner(const struct file *file, enum way way, unsigned int uid, unsigned int gid)
{
	switch (way) {
	case BY_PATH:
		return syscall(SYS_chown, file->path, uid, gid);
	case BY_LINK:
		return syscall(SYS_lchown, file->path, uid, gid);
	case BY_DESCRIPTOR:
		return syscall(SYS_fchown, file->fd, uid, gid);
	case BY_DIRECTORY:
		return syscall(SYS_fchownat, file->directory, file->name, uid, gid, 0);
	default:
		return syscall(SYS_fchownat, file->fd, "", uid, gid, AT_EMPTY_PATH);
	}
}

static long change_mode(const struct file *file, enum way way, unsigned int mode)
{
	switch (way) {
	case BY_PATH:
		return syscall(SYS_chmod, file->path, mode);
	case BY_DESCRIPTOR:
		return syscall(SYS_fchmod, file->fd, mode);
	case BY_DIRECTORY:
		return syscall(SYS_fchmodat, file->directory, file->name, mode);
	default:
		return syscall(SYS_fchmodat2, file->fd, "", mode, AT_EMPTY_PATH);
	}
}

static void try_owners(const struct file *file)
{
	static const unsigned int owners[][2] = { { 5, 6 }, { -1, 7 }, { 8, -1 }, { 0, 0 }, { 100000, 1 }, { -1, -1 } };

	for (enum way way = 0; way < WAYS; way++)
		for (size_t i = 0; i < ARRAY_SIZE(owners); i++)
			say_call("chown", way, change_owner(file, way, owners[i][0], owners[i][1]), file->path);
}

static void try_modes(const struct file *file)
{
	static const unsigned int modes[] = { 0644, 04755, 02711, 0, 01777, 06100, 0444 };

	for (enum way way = 0; way < WAYS; way++)
		for (size_t i = 0; way != BY_LINK && i < ARRAY_SIZE(modes); i++)
			say_call("chmod", way, change_mode(file, way, modes[i]), file->path);
	change_owner(file, BY_PATH, 9, 9);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		say_call("chmod of another's", BY_PATH, change_mode(file, BY_PATH, modes[i]), file->path);
		say_call("chown of set-id", BY_PATH, change_owner(file, BY_PATH, 10, -1), file->path);
	}
}

/* A fresh file of KIND. */
static struct file make(mode_t kind, int number)
{
	static char path[32], *name = path + 5;
	struct file file = { .path = path, .name = name };

	snprintf(path, sizeof(path), "/tmp/owned%d", number);
	file.directory = open("/tmp", O_PATH | O_DIRECTORY);
	if (kind == S_IFDIR)
		mkdir(path, 0755);
	else
		mknod(path, kind | 0644, makedev(1, 3));
	file.fd = open(path, O_RDONLY | O_NONBLOCK);
	say("%o:", kind);
	say_status(path);
	say("\n");
	return file;
}

static void try_kinds(void)
{
	static const mode_t kinds[] = { S_IFREG, S_IFDIR, S_IFIFO, S_IFCHR, S_IFBLK };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct file file = make(kinds[i], (int)i);
		bool is_opened = kinds[i] != S_IFCHR && kinds[i] != S_IFBLK;

		/* A device that is open is the host's to fchown. */
		if (!is_opened)
			file.fd = open(file.path, O_PATH);
		if (is_opened) {
			try_owners(&file);
			try_modes(&file);
		}
		say_call("chown", BY_PATH, change_owner(&file, BY_PATH, 3, 4), file.path);
		say_call("chmod", BY_PATH, change_mode(&file, BY_PATH, 0660), file.path);
		close(file.fd);
		close(file.directory);
		say("remove %d\n", remove(file.path));
	}
}

static void say_names(const char *names, long length)
{
	say(" %ld", length);
	for (const char *name = names; length > 0 && name < names + length; name += strlen(name) + 1)
		if (strncmp(name, "system.", 7))
			say(" %s", name);
}

static void try_attributes(void)
{
	static const char *const names[] = { "user.a", "trusted.a", "security.a", "security.capability", "nothing.a" };
	/* struct vfs_cap_data, linux/capability.h: version 2, CAP_NET_RAW */
	static const unsigned char capability[20] = { 1, 0, 0, 2, 0, 0x20 };
	char value[64], list[512];
	int fd = open("/tmp/attributes", O_CREAT | O_RDWR, 0644);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		long set = syscall(SYS_fsetxattr, fd, names[i], capability, sizeof(capability), XATTR_CREATE);

		say("set %s = %s,", names[i], set ? strerrorname_np(errno) : "0");
		set = syscall(SYS_setxattr, "/tmp/attributes", names[i], capability, sizeof(capability), XATTR_CREATE);
		say(" again = %s,", set ? strerrorname_np(errno) : "0");
		say(" get %ld", syscall(SYS_fgetxattr, fd, names[i], value, sizeof(value)));
		say(" %ld\n", syscall(SYS_getxattr, "/tmp/attributes", names[i], value, 0));
	}
	fchown(fd, 5, 5);
	say("list");
	say_names(list, syscall(SYS_flistxattr, fd, list, sizeof(list)));
	say("\n");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		say("remove %ld\n", syscall(SYS_fremovexattr, fd, names[i]));
	say("list %ld\n", syscall(SYS_flistxattr, fd, list, sizeof(list)));
	close(fd);
	unlink("/tmp/attributes");
}

/* What root may do that the modes deny. */
static void try_closed(void)
{
	mkdir("/tmp/closed", 0755);
	close(open("/tmp/closed/file", O_CREAT | O_WRONLY, 0));
	chmod("/tmp/closed", 0);
	say("open %d\n", open("/tmp/closed/file", O_RDWR) >= 0);
	say("access %d %d\n", access("/tmp/closed/file", R_OK | W_OK), access("/tmp/closed/file", X_OK));
	say("mkdir %d\n", mkdir("/tmp/closed/sub", 0700));
	say("rename %d\n", rename("/tmp/closed/file", "/tmp/closed/sub/file"));
	say("symlink %d\n", symlink("x", "/tmp/closed/link"));
	say("readlink %zd\n", readlink("/tmp/closed/link", (char[8]){ 0 }, 8));
	say_status("/tmp/closed");
	say_status("/tmp/closed/sub/file");
	say("\n");
	unlink("/tmp/closed/link");
	unlink("/tmp/closed/sub/file");
	rmdir("/tmp/closed/sub");
	say("rmdir %d\n", rmdir("/tmp/closed"));
}

/* Who has CAP_FSETID keeps the set-id bits of a file he empties. */
static void try_truncation(void)
{
	int fd = open("/tmp/truncated", O_CREAT | O_RDWR, 0644);

	fchmod(fd, 06755);
	say("ftruncate %ld", syscall(SYS_ftruncate, fd, 3));
	say_status("/tmp/truncated");
	say("\ntruncate %ld", syscall(SYS_truncate, "/tmp/truncated", 1));
	say_status("/tmp/truncated");
	close(open("/tmp/truncated", O_WRONLY | O_TRUNC));
	say_status("/tmp/truncated");
	say("\n");
	close(fd);
	unlink("/tmp/truncated");
}

/* Whatever of it is asked for: what there is to be told, and the owner. Often, so that the site is patched. */
static void try_little_asked(void)
{
	static const unsigned int masks[] = { STATX_INO, STATX_CTIME, STATX_MTIME, STATX_UID, STATX_BASIC_STATS, 0 };
	int fd = open("/tmp", O_PATH | O_DIRECTORY);
	struct statx status;

	mkdir("/tmp/owned", 0755);
	for (size_t i = 0; i < 20 * ARRAY_SIZE(masks); i++) {
		unsigned int mask = masks[i % ARRAY_SIZE(masks)];

		if (i % (4 * ARRAY_SIZE(masks)) == 0)
			syscall(SYS_chown, "/tmp/owned", i, i + 1);
		say("statx %x %ld", mask, CALL(SYS_statx, fd, "owned", 0, mask, &status));
		say(" %x %o %u:%u\n", status.stx_mask & (STATX_BASIC_STATS), status.stx_mode, status.stx_uid,
		    status.stx_gid);
	}
	close(fd);
	rmdir("/tmp/owned");
}

/* What an open device is, is what its name is: cp(1) compares. */
static void try_open_device(void)
{
	struct stat by_name, by_descriptor;
	struct statx more;
	int fd;

	say("mknod %s", show(CALL(SYS_mknod, "/tmp/null", S_IFCHR | 0660, makedev(1, 3))));
	syscall(SYS_chown, "/tmp/null", 5, 6);
	for (int i = 0; i < 40; i++) {
		fd = open("/tmp/null", O_RDWR);
		MUST(fd >= 0 && !stat("/tmp/null", &by_name) && !fstat(fd, &by_descriptor) &&
		     !statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &more));
		say(" %d %d", by_name.st_ino == by_descriptor.st_ino && by_name.st_dev == by_descriptor.st_dev,
		    more.stx_ino == by_name.st_ino &&
			    makedev(more.stx_dev_major, more.stx_dev_minor) == by_name.st_dev);
		say(" %o %u:%u %o %u:%u\n", by_descriptor.st_mode, by_descriptor.st_uid, by_descriptor.st_gid,
		    more.stx_mode, more.stx_uid, more.stx_gid);
		close(fd);
	}
	unlink("/tmp/null");
}

/*
 * What has been made is the maker's own descriptor: linkat(2) names what it begins at, and links to it, for who has no
 * privilege too; also where the mode lets nobody open it again.
 */
static void try_made(void)
{
	static const int flags[] = { O_RDWR, O_RDWR | O_NOFOLLOW, O_WRONLY | O_NOFOLLOW | O_NONBLOCK, O_WRONLY };
	static const mode_t modes[] = { 04755, 04005 };

	MUST(!setresuid(1000, 1000, 1000) && !chdir("/tmp"));
	for (size_t i = 0; i < ARRAY_SIZE(flags) * ARRAY_SIZE(modes); i++) {
		int fd = open("made", O_CREAT | O_TRUNC | flags[i % ARRAY_SIZE(flags)], modes[i / ARRAY_SIZE(flags)]);

		say("made %x: %s", fcntl(fd, F_GETFL), show(write(fd, "x", 1)));
		say(" %s", show(CALL(SYS_linkat, fd, "name", AT_FDCWD, "new", AT_EMPTY_PATH)));
		say(" %s", show(CALL(SYS_linkat, fd, "", AT_FDCWD, "new", AT_EMPTY_PATH)));
		say(" %s\n", show(unlink("new")));
		close(fd);
		MUST(!unlink("made"));
	}
}

/* The same of a file without a name, in a directory that only a group may write, which the user is of for the guest. */
static void try_unnamed(void)
{
	gid_t group = 2000;
	int fd;

	MUST(!mkdir("/tmp/group", 0700) && !chown("/tmp/group", 0, 2000) && !chmod("/tmp/group", 0070));
	MUST(!setgroups(1, &group) && !setresgid(1000, 1000, 1000) && !setresuid(1000, 1000, 1000));
	fd = open("/tmp/group", O_TMPFILE | O_RDWR, 0600);
	say("unnamed: %s", show(write(fd, "x", 1)));
	say(" %s", show(CALL(SYS_linkat, fd, "", AT_FDCWD, "/tmp/group/new", AT_EMPTY_PATH)));
	/* Other credentials, and it is another's. */
	MUST(!setgid(1000));
	say(" %s\n", show(CALL(SYS_linkat, fd, "", AT_FDCWD, "/tmp/group/new", AT_EMPTY_PATH)));
	close(fd);
	unlink("/tmp/group/new");
}

int main(void)
{
	umask(022);
	try_open_device();
	try_little_asked();
	try_kinds();
	try_attributes();
	try_closed();
	try_truncation();
	in_child(try_made);
	in_child(try_unnamed);
	MUST(!rmdir("/tmp/group"));
	return 0;
}
