/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Far down, where the path of the cwd is longer than PATH_MAX: names relative
 * to it work as anywhere, those of bindings too, and ".." leads up.
 */
#include "call.h"

#define STEPS 20

static char name[NAME_MAX + 1];

static const char *const paths[] = {
	".",
	"bound",
	"bound/file",
	"bound/../dir",
	"missing",
	"missing/..",
	"dir/link-up",
	"dir/link-up/bound/file",
	"dir/link-root/file",
	"dir/link-here/dir",
	"..",
	"../..",
	"../../../../../..",
	"../missing",
	"../beside",
	"/proc/self/cwd/../beside",
	"../../../../../../../../../../../../../../../../../../../../../../../..",
	"../../../../../../../../../../../../../../../../../../../../../../../../bound/inner",
	"/proc/self/cwd/bound/file",
	"/proc/self/cwd/..",
	"/proc/self/cwd/../missing",
	"/proc/self/fd/3/bound/file",
	"/proc/self/fd/3/../..",
	"/proc/self/fd/3/../../bound",
	"/proc/self/fd/4/bound",
	"/proc/self/fd/4/bound/inner",
	"/proc/self/cwd",
	"/proc/self/fd/3/",
	"/proc/self/fd/3/.",
};

static void go_down(void)
{
	memset(name, 'n', NAME_MAX);
	MUST(!chdir("/tmp"));
	for (int i = 0; i < STEPS; i++)
		MUST(!mkdir(name, 0755) && !chdir(name));
	MUST(!mkdir("bound", 0755) && !mknod("bound/file", S_IFREG | 0644, 0) && !mkdir("dir", 0755));
	MUST(!mknod("../beside", S_IFREG | 0644, 0));
	MUST(!symlink("..", "dir/link-up") && !symlink("/", "dir/link-root") &&
	     !symlink("/proc/self/cwd", "dir/link-here"));
	MUST(open(".", O_RDONLY | O_DIRECTORY) == 3 && open("/", O_RDONLY | O_DIRECTORY) == 4);
}

static void look(int directory, const char *path)
{
	struct stat status;
	char buf[PATH_MAX];
	long result, fd;

	result = CALL(SYS_newfstatat, directory, path, &status, AT_SYMLINK_NOFOLLOW);
	say("%d %s: %s %o", directory, path, show(result), result ? 0 : status.st_mode);
	result = CALL(SYS_newfstatat, directory, path, &status, 0);
	say(" %s %o", show(result), result ? 0 : status.st_mode);
	say(" %s", show(CALL(SYS_faccessat, directory, path, R_OK)));
	fd = CALL(SYS_openat, directory, path, O_RDONLY);
	say(" %s", show_success(fd));
	close((int)fd);
	say(" %s", show(CALL(SYS_chdir, path)));
	MUST(!fchdir(3));
	result = CALL(SYS_readlinkat, directory, path, buf, sizeof(buf));
	say(" %s\n", result == -ENAMETOOLONG || result > 300 ? "far" : show(result));
}

static void change(void)
{
	static const char *const made[] = { "bound/new",
					    "dir",
					    "dir/new",
					    "dir/link-up/new",
					    "../new",
					    "/proc/self/cwd/new",
					    "/proc/self/fd/3/../new" };

	for (size_t i = 0; i < ARRAY_SIZE(made); i++) {
		say("make %s: %s", made[i], show(CALL(SYS_mkdir, made[i], 0755)));
		say(" %s", show(CALL(SYS_rename, made[i], "bound/moved")));
		say(" %s", show(CALL(SYS_link, "bound/file", made[i])));
		say(" %s", show(CALL(SYS_unlink, made[i])));
		say(" %s\n", show(CALL(SYS_rmdir, "bound/moved")));
		mkdir("dir", 0755);
	}
}

/* A directory above that is closed bars the way up from there only. */
static void close_above(void)
{
	MUST(!chmod("../../..", 0600));
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		look(AT_FDCWD, paths[i]);
}

#define LEVELS 2100

/* From many levels down: up and down again, by links too, and each directory is removed from where it is. */
static void try_many_levels(void)
{
	static char up[3 * 500 + 8];
	static const char *const from_there[] = {
		".",	   "..",      "../..", "../../missing", "../level", "../level/../level/file", "link",
		"link-up", "file/..", up,
	};
	struct stat status;
	long levels = 0;

	for (size_t i = 0; i < 500; i++)
		strcpy(up + 3 * i, "../");
	MUST(!chdir("/tmp") && !mkdir("levels", 0755) && !chdir("levels"));
	for (int i = 0; i < LEVELS; i++)
		MUST(!mkdir("level", 0755) && !chdir("level"));
	MUST(!mknod("file", S_IFREG | 0644, 0) && !symlink("../level/file", "link"));
	MUST(!symlink("../../../../../../../../..", "link-up"));
	for (size_t i = 0; i < ARRAY_SIZE(from_there); i++) {
		say("%.20s: %s", from_there[i], show(CALL(SYS_newfstatat, AT_FDCWD, from_there[i], &status, 0)));
		say(" %s", show_success(CALL(SYS_openat, AT_FDCWD, from_there[i], O_RDONLY)));
		say(" %s\n", show(CALL(SYS_chmod, from_there[i], 0755)));
	}
	say("rename %s", show(CALL(SYS_rename, "file", "../moved")));
	say(" link %s", show(CALL(SYS_link, "../moved", "../../linked")));
	say(" unlink %s %s\n", show(CALL(SYS_unlink, "../moved")), show(CALL(SYS_unlink, "../../linked")));
	MUST(!unlink("link") && !unlink("link-up"));
	while (!chdir("..") && !rmdir("level"))
		levels++;
	say("removed %ld\n", levels);
	MUST(!chdir("/tmp") && !rmdir("levels"));
}

int main(void)
{
	in_child(try_many_levels);
	go_down();
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		look(AT_FDCWD, paths[i]);
		look(3, paths[i]);
	}
	change();
	close_above();
	return 0;
}
