/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rename, renameat, renameat2: within, over and onto bindings. */
#include "call.h"

static const char *const places[] = {
	"/tmp/one",
	"/dir/two",
	"/bound/three",
	"/bound/sub/four",
	"/bound/sub/again/five",
	"/dir/mount/six",
	"/missing/x",
	"/tmp/missing",
	"/file/x",
	"/dangling",
	"/link-dir/seven",
	"/bound",
	"/bound/sub/again",
	"/bound-file",
	"/dir/mount",
	"/",
	"/.",
	"/dir/..",
	"/tmp/.",
	"/tmp/one/",
	"/bound/",
	"/bound/..",
	"/loop",
	"/loop/x",
	"/link-dir/",
	"/closed/x",
	"",
};

static void make_files(void)
{
	for (int i = 0; i < 6; i++)
		mknod(places[i], S_IFREG | 0600, 0);
}

static void make_directories(void)
{
	for (int i = 0; i < 6; i++) {
		unlink(places[i]);
		mkdir(places[i], 0700);
	}
}

/* Every place to every place. */
static void try_pairs(const char *name, void (*make)(void), unsigned int flags)
{
	for (size_t from = 0; from < ARRAY_SIZE(places); from++)
		for (size_t to = 0; to < ARRAY_SIZE(places); to++) {
			make();
			say("%s %x %s %s = ", name, flags, places[from], places[to]);
			if (flags)
				say("%s\n",
				    show(CALL(SYS_renameat2, AT_FDCWD, places[from], AT_FDCWD, places[to], flags)));
			else
				say("%s\n", show(CALL(SYS_rename, places[from], places[to])));
		}
}

static void list_places(void)
{
	struct stat status;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (!lstat(places[i], &status))
			say("left %s %o\n", places[i], status.st_mode & S_IFMT);
}

static long run_from(int directory, const char *path)
{
	return CALL(SYS_renameat, directory, path, AT_FDCWD, "/missing/to");
}

static long run_to(int directory, const char *path)
{
	return CALL(SYS_renameat, AT_FDCWD, "/missing-from", directory, path);
}

static long run_to_exclusive(int directory, const char *path)
{
	return CALL(SYS_renameat2, AT_FDCWD, "/empty", directory, path, RENAME_NOREPLACE | RENAME_EXCHANGE);
}

/* A directory gets another "..", so it must be writable: asked before the mount point is seen. */
static void try_unwritable(void)
{
	MUST(!mkdir("/tmp/unwritable", 0555));
	say("an unwritable directory to a mount point = %s\n", show(CALL(SYS_rename, "/tmp/unwritable", "/dir/mount")));
	say("exchanged with one = %s\n",
	    show(CALL(SYS_renameat2, AT_FDCWD, "/dir/mount", AT_FDCWD, "/tmp/unwritable", RENAME_EXCHANGE)));
	MUST(!chmod("/tmp/unwritable", 0755));
	say("a writable one = %s\n", show(CALL(SYS_rename, "/tmp/unwritable", "/dir/mount")));
	rmdir("/tmp/unwritable");
}

int main(void)
{
	static const unsigned int flags[] = { RENAME_NOREPLACE, RENAME_EXCHANGE, 8 };

	try_unwritable();
	sweep_at("renameat from", run_from);
	sweep_at("renameat to", run_to);
	sweep_at("renameat2 to", run_to_exclusive);
	try_pairs("rename file", make_files, 0);
	list_places();
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		try_pairs("rename file", make_files, flags[i]);
	list_places();
	try_pairs("rename directory", make_directories, 0);
	list_places();
	return 0;
}
