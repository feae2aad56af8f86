/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rmdir, unlink, unlinkat: what refuses, what goes, on and below bindings. */
#include "call.h"

static int flags;

static long run_rmdir(int directory, const char *path)
{
	(void)directory;
	return CALL(SYS_rmdir, path);
}

static long run_unlink(int directory, const char *path)
{
	(void)directory;
	return CALL(SYS_unlink, path);
}

static long run_unlinkat(int directory, const char *path)
{
	return CALL(SYS_unlinkat, directory, path, flags);
}

/* Something to remove at each of these. */
static const char *const victims[] = {
	"/tmp/victim",	      "/dir/sub/victim",  "/bound/victim",	  "/bound/sub/again/victim",
	"/dir/mount/victim",  "/link-dir/victim", "/bound/sub/../victim", "/bound/back-link/victim",
	"/link-mount/victim",
};

static void try_victims(void)
{
	static const char *const ends[] = { "", "/", "/.", "/..", "//" };
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(victims); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(ends); j++) {
			snprintf(path, sizeof(path), "%s%s", victims[i], ends[j]);
			MUST(!mkdir(victims[i], 0700));
			say("unlink directory %s = %s\n", path, show(CALL(SYS_unlink, path)));
			say("rmdir %s = %s\n", path, show(CALL(SYS_rmdir, path)));
			rmdir(victims[i]);
			MUST(!mknod(victims[i], S_IFREG | 0600, 0));
			say("rmdir file %s = %s\n", path, show(CALL(SYS_rmdir, path)));
			say("unlink %s = %s\n", path, show(CALL(SYS_unlink, path)));
			unlink(victims[i]);
			MUST(!symlink("/dir", victims[i]));
			say("rmdir link %s = %s\n", path, show(CALL(SYS_rmdir, path)));
			say("unlink link %s = %s\n", path, show(CALL(SYS_unlink, path)));
			unlink(victims[i]);
		}
	}
}

/* A directory that can't be written, in which a mount point lies. */
static void try_permission(void)
{
	MUST(!chmod("/dir", 0555));
	say("in a read-only directory: mount point %s", show(CALL(SYS_rmdir, "/dir/mount")));
	say(" as a file %s", show(CALL(SYS_unlink, "/dir/mount")));
	say(" file as a directory %s", show(CALL(SYS_rmdir, "/dir/file")));
	say(" missing %s\n", show(CALL(SYS_unlink, "/dir/missing")));
	MUST(!chmod("/dir", 0755));
	MUST(!chmod("/bound/sub", 01777));
	say("in a sticky directory: mount point %s\n", show(CALL(SYS_rmdir, "/bound/sub/again")));
	MUST(!chmod("/bound/sub", 0755));
}

int main(void)
{
	flags = AT_REMOVEDIR;
	try_victims();
	try_permission();
	for (int i = 0; i < 2; i++) {
		flags = i ? -1 : 0x80;
		sweep_empty("unlinkat wrong", run_unlinkat);
	}
	/* From here on the tree is consumed: what one call removes the next no longer finds. */
	flags = AT_REMOVEDIR;
	sweep_at("unlinkat directory", run_unlinkat);
	sweep_path("rmdir", run_rmdir);
	sweep_path("unlink", run_unlink);
	flags = 0;
	sweep_at("unlinkat", run_unlinkat);
	return 0;
}
