/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stat, lstat, newfstatat, statx, fstat. */
#include "call.h"
#include <linux/stat.h>

static struct stat status;
static int flags;

static long say_if(long result)
{
	if (!result)
		say_stat(&status);
	return result;
}

static long run_stat(int directory, const char *path)
{
	(void)directory;
	return say_if(CALL(SYS_stat, path, &status));
}

static long run_lstat(int directory, const char *path)
{
	(void)directory;
	return say_if(CALL(SYS_lstat, path, &status));
}

static long run_newfstatat(int directory, const char *path)
{
	return say_if(CALL(SYS_newfstatat, directory, path, &status, flags));
}

static long run_statx(int directory, const char *path)
{
	struct statx extended;
	long result;

	memset(&extended, 0, sizeof(extended));
	result = CALL(SYS_statx, directory, path, flags, STATX_BASIC_STATS, &extended);
	if (!result)
		say("  %x %o %u:%u @%lld device %u\n", extended.stx_mask & STATX_BASIC_STATS, extended.stx_mode,
		    extended.stx_uid, extended.stx_gid,
		    extended.stx_mtime.tv_sec < 1000000000 ? (long long)extended.stx_mtime.tv_sec : -1,
		    extended.stx_rdev_major);
	return result;
}

static long run_fstat(int fd, const char *path)
{
	(void)path;
	return say_if(CALL(SYS_fstat, fd, &status));
}

/* What a path leads to is an error before that the status can't be written. */
static void try_bad_buffer(void)
{
	static const char *const paths[] = { "/file",	 "/missing", "/link-file",	 "/dangling",
					     "/loop",	 "/chain40", "/dir/../dangling", "file",
					     "dangling", "loop",     "dir/missing" };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		say("bad buffer %s:", paths[i]);
		say(" %s", show(CALL(SYS_stat, paths[i], 16)));
		say(" %s", show(CALL(SYS_lstat, paths[i], 16)));
		say(" %s", show(CALL(SYS_newfstatat, AT_FDCWD, paths[i], 16, 0)));
		say(" %s", show(CALL(SYS_newfstatat, AT_FDCWD, paths[i], 16, AT_SYMLINK_NOFOLLOW)));
		say(" %s\n", show(CALL(SYS_statx, AT_FDCWD, paths[i], 0, STATX_BASIC_STATS, 16)));
	}
}

/* The path is looked up first: a link to nowhere is ENOENT. By now the sites are patched. */
static void test_bad_memory(void)
{
	static const char *const paths[] = { "/dangling", "dangling", "/loop", "dir/../dangling",
					     "/link-abs", "/file",    "file" };

	MUST(!chdir("/"));
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		for (int flag = 0; flag <= AT_SYMLINK_NOFOLLOW; flag += AT_SYMLINK_NOFOLLOW)
			say("bad memory, %s, %x: %s %s %s %s\n", paths[i], (unsigned int)flag,
			    show(CALL(SYS_stat, paths[i], no_memory())), show(CALL(SYS_lstat, paths[i], no_memory())),
			    show(CALL(SYS_newfstatat, AT_FDCWD, paths[i], no_memory(), flag)),
			    show(CALL(SYS_statx, AT_FDCWD, paths[i], flag, STATX_BASIC_STATS, no_memory())));
}

int main(void)
{
	static const int wrong[] = { 0x80000, AT_REMOVEDIR, -1 };

	sweep_path("stat", run_stat);
	sweep_path("lstat", run_lstat);
	flags = 0;
	sweep_at("newfstatat", run_newfstatat);
	sweep_at("statx", run_statx);
	flags = AT_SYMLINK_NOFOLLOW;
	sweep_at("newfstatat nofollow", run_newfstatat);
	sweep_at("statx nofollow", run_statx);
	flags = AT_EMPTY_PATH;
	sweep_empty("newfstatat empty", run_newfstatat);
	sweep_empty("statx empty", run_statx);
	sweep_empty("fstat", run_fstat);
	flags = AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
	sweep_empty("newfstatat empty nofollow", run_newfstatat);
	flags = AT_STATX_FORCE_SYNC;
	sweep_path("statx force", run_statx);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		flags = wrong[i];
		sweep_empty("newfstatat wrong", run_newfstatat);
		sweep_empty("statx wrong", run_statx);
	}
	test_bad_memory();
	say("statx reserved mask %s\n", show(CALL(SYS_statx, AT_FDCWD, "/file", 0, 0x80000000u, &status)));
	try_bad_buffer();
	return 0;
}
