/* SPDX-License-Identifier: GPL-2.0-or-later */
/* chmod, fchmodat, fchmodat2, chown, lchown, fchownat, truncate, statfs: calls that leave the tree's shape alone. */
#include "call.h"
#include <sys/vfs.h>

static unsigned int mode;
static int flags;
static long uid, gid;
static long size;

static void say_mode(int directory, const char *path)
{
	struct stat status;

	if (!fstatat(directory, path, &status, flags & AT_SYMLINK_NOFOLLOW))
		say("  %o %u:%u\n", status.st_mode, status.st_uid, status.st_gid);
}

static long run_chmod(int directory, const char *path)
{
	struct stat before;
	long result;

	if (stat(path, &before))
		return CALL(SYS_chmod, path, mode);
	result = CALL(SYS_chmod, path, mode);
	if (!result)
		say_mode(directory, path);
	chmod(path, before.st_mode & 07777);
	return result;
}

static long run_fchmodat(int directory, const char *path)
{
	return CALL(SYS_fchmodat, directory, path, mode, -1);
}

static long run_fchmodat2(int directory, const char *path)
{
	return CALL(SYS_fchmodat2, directory, path, mode, flags);
}

static long run_chown(int directory, const char *path)
{
	(void)directory;
	return CALL(SYS_chown, path, uid, gid);
}

static long run_lchown(int directory, const char *path)
{
	(void)directory;
	return CALL(SYS_lchown, path, uid, gid);
}

static long run_fchownat(int directory, const char *path)
{
	long result = CALL(SYS_fchownat, directory, path, uid, gid, flags);

	if (!result && path)
		say_mode(directory, path);
	return result;
}

static long run_truncate(int directory, const char *path)
{
	struct stat status;
	long result = CALL(SYS_truncate, path, size);

	(void)directory;
	if (!result && !stat(path, &status))
		say("  %ld bytes\n", (long)status.st_size);
	return result;
}

static long run_statfs(int directory, const char *path)
{
	struct statfs status;
	long result = CALL(SYS_statfs, path, &status);

	(void)directory;
	if (!result)
		say("  type %lx names %ld\n", (long)status.f_type, (long)status.f_namelen);
	return result;
}

int main(void)
{
	static const int wrong[] = { AT_EMPTY_PATH | 1, AT_SYMLINK_FOLLOW, -1 };

	sweep_path("statfs", run_statfs);
	mode = 0700;
	sweep_path("chmod", run_chmod);
	mode = 0755; /* what most have, so that little changes */
	sweep_at("fchmodat", run_fchmodat);
	sweep_at("fchmodat2", run_fchmodat2);
	flags = AT_SYMLINK_NOFOLLOW;
	sweep_at("fchmodat2 nofollow", run_fchmodat2);
	flags = AT_EMPTY_PATH;
	sweep_empty("fchmodat2 empty", run_fchmodat2);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		flags = wrong[i];
		sweep_empty("fchmodat2 wrong", run_fchmodat2);
	}
	flags = 0;
	uid = gid = -1;
	sweep_path("chown", run_chown);
	sweep_path("lchown", run_lchown);
	sweep_at("fchownat", run_fchownat);
	flags = AT_SYMLINK_NOFOLLOW;
	uid = getuid();
	gid = getgid();
	sweep_at("fchownat nofollow", run_fchownat);
	flags = AT_EMPTY_PATH;
	uid = 1;
	sweep_empty("fchownat empty", run_fchownat);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		flags = wrong[i];
		sweep_empty("fchownat wrong", run_fchownat);
	}
	size = 3;
	sweep_path("truncate", run_truncate);
	size = -1;
	sweep_path("truncate to -1", run_truncate);
	size = 1 << 20;
	say("truncate grows %s\n", show(run_truncate(AT_FDCWD, "/bound/inner")));
	return 0;
}
