/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Below a directory that may not be searched: what is relative to the cwd or to
 * a descriptor does not ask there, but each directory on the way up is asked.
 */
#include "call.h"

#define BASE "/tmp/up/mid/base"

static const char *const paths[] = {
	".",
	"..",
	"../",
	"../..",
	"../../..",
	"../../../..",
	"../base",
	"../base/",
	"../base/file",
	"../base/sub/../file",
	"../../mid/base",
	"../../mid/base/file",
	"../../../up/mid/base/sub",
	"../other",
	"../other/file",
	"../new",
	"../base/new",
	"../../mid/base/new",
	"file",
	"file/.",
	"sub",
	"sub/..",
	"sub/../file",
	"sub/../../base",
	"sub/../../other/file",
	"sub/../../../mid",
	"missing/..",
	"missing/../file",
	"link-up",
	"link-base",
	"link-base/file",
	"link-other",
	"link-abs",
	"link-abs/../file",
	"link-root",
	"link-root/file",
	"link-cwd",
	"link-cwd/file",
	"link-cwd/../other",
	"link-cwd/../../mid",
	"link-cwd/../base/file",
	"link-three/file",
	"link-three/../other",
	"link-three/../base/new",
	"/proc/self/cwd/file",
	"/proc/self/cwd/..",
	"/proc/self/cwd/../other/file",
	"/proc/self/cwd/../../mid/base",
	"/proc/self/cwd/link-other",
	"/proc/self/cwd/link-root/file",
	"/proc/thread-self/cwd/sub/new",
	"/proc/self/fd/3",
	"/proc/self/fd/3/file",
	"/proc/self/fd/3/..",
	"/proc/self/fd/3/../other/file",
	"/proc/self/fd/3/../base/new",
	"/proc/self/fd/3/link-up/base",
	"/proc/self/fd/3/sub/../missing",
	"/proc/thread-self/fd/4/../file",
	"/proc/self/fd/5/inside",
	"/proc/self/fd/5/..",
	"/proc/self/fd/5/../file",
	"/proc/self/fd/5/../../other",
	BASE,
	BASE "/file",
	"/tmp",
	"/file",
};

static void make_tree(void)
{
	int fd;

	MUST(!mkdir("/tmp/up", 0755) && !mkdir("/tmp/up/mid", 0755) && !mkdir(BASE, 0755));
	MUST(!mkdir(BASE "/sub", 0755) && !mkdir("/tmp/up/mid/other", 0755));
	MUST(!mknod(BASE "/file", S_IFREG | 0644, 0) && !mknod("/tmp/up/mid/other/file", S_IFREG | 0600, 0));
	MUST(!symlink("..", BASE "/link-up") && !symlink("../base", BASE "/link-base"));
	MUST(!symlink("../other", BASE "/link-other") && !symlink(BASE, BASE "/link-abs"));
	MUST(!symlink("/", BASE "/link-root") && !symlink("/proc/self/cwd", BASE "/link-cwd"));
	MUST(!symlink("/proc/self/fd/3", BASE "/link-three"));
	MUST(open(BASE, O_RDONLY | O_DIRECTORY) == 3 && open(BASE "/sub", O_PATH) == 4);
	/* One that is removed while it is open. */
	MUST(!mkdir(BASE "/gone", 0700));
	fd = open(BASE "/gone", O_RDONLY | O_DIRECTORY);
	MUST(fd == 5 && !rmdir(BASE "/gone"));
}

static void say_mode(long result, const struct stat *status)
{
	say(" %s", show(result));
	if (!result)
		say("/%o", status->st_mode);
}

static void change_back(void)
{
	MUST(!fchdir(3));
}

/* Calls that leave everything as it was. */
static void look(int directory, const char *path)
{
	struct stat status;
	char buf[PATH_MAX];
	long fd;

	say_mode(CALL(SYS_newfstatat, directory, path, &status, 0), &status);
	say_mode(CALL(SYS_newfstatat, directory, path, &status, AT_SYMLINK_NOFOLLOW), &status);
	say(" %s", show(CALL(SYS_faccessat, directory, path, R_OK | X_OK)));
	say(" %s", show(CALL(SYS_fchownat, directory, path, -1, -1, 0)));
	say(" %s", show(CALL(SYS_readlinkat, directory, path, buf, 0x1000)));
	fd = CALL(SYS_openat, directory, path, O_RDONLY | O_NONBLOCK);
	say(" %s", show_success(fd));
	if (fd >= 0)
		close((int)fd);
}

static void change(int directory, const char *path)
{
	long result;

	result = CALL(SYS_mkdirat, directory, path, 0700);
	say(" | %s", show(result));
	if (!result)
		say(" %s", show(CALL(SYS_unlinkat, directory, path, AT_REMOVEDIR)));
	say(" %s", show(CALL(SYS_symlinkat, "", directory, path)));
	result = CALL(SYS_linkat, 3, "file", directory, path, 0);
	say(" %s", show(result));
	if (!result)
		say(" %s", show(CALL(SYS_unlinkat, directory, path, 0)));
	result = CALL(SYS_renameat, 3, "file", directory, path);
	say(" %s", show(result));
	if (!result)
		say(" %s", show(CALL(SYS_renameat, directory, path, 3, "file")));
	say(" %s\n", show(CALL(SYS_renameat2, directory, path, 3, "file", 1 /* RENAME_NOREPLACE */)));
	mknodat(3, "file", S_IFREG | 0644, 0);
}

static void move(const char *path)
{
	char buf[PATH_MAX];
	long result = CALL(SYS_chdir, path);

	say("chdir %s = %s", path, show(result));
	if (!result) {
		result = CALL(SYS_getcwd, buf, sizeof(buf));
		say(" %s %s", show(result), result > 0 ? buf : "");
		change_back();
	}
	say("\n");
}

static void try_all(void)
{
	if (fchdir(3)) {
		say("nobody gets there: %s\n", strerrorname_np(errno));
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		say("%s:", paths[i]);
		look(AT_FDCWD, paths[i]);
		change(AT_FDCWD, paths[i]);
		move(paths[i]);
		for (int fd = 4; paths[i][0] != '/' && fd <= 5; fd++) {
			say("%d %s:", fd, paths[i]);
			look(fd, paths[i]);
			change(fd, paths[i]);
		}
	}
}

/* A mount point in the cwd, the root closed. */
static void try_mount_points(void)
{
	static const char *const names[] = { "mount",	     "mount/", "mount/in", "mount/..",
					     "../dir/mount", "sub",    "../bound" };

	MUST(!chdir("/dir") && !chmod("/", 0600));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct stat status;

		/* Known to differ: ARCHITECTURE.md, "What it can't do". */
		if (geteuid() && !strcmp(names[i], "mount/.."))
			continue;
		say("%s, the root closed:", names[i]);
		say_mode(CALL(SYS_stat, names[i], &status), &status);
		say(" %s", show(CALL(SYS_rmdir, names[i])));
		say(" %s", show(CALL(SYS_rename, "missing", names[i])));
		say(" %s", show(CALL(SYS_rename, names[i], "missing/x")));
		say(" %s", show(CALL(SYS_rename, "file", names[i])));
		say(" %s", show(CALL(SYS_link, "file", names[i])));
		say(" %s", show(CALL(SYS_link, names[i], "new")));
		unlink("new");
		say(" %s\n", show(CALL(SYS_mkdir, names[i], 0700)));
		mkdir("sub", 0755);
	}
	MUST(!fchmodat(AT_FDCWD, "..", 0755, 0) || errno == EACCES);
}

/* What is known of a path that was used all the time says nothing of a directory on its way that is closed now. */
static void try_often(const char *closed, int top)
{
	static const char path[] = BASE "/often";
	struct stat status;
	char target[8];

	MUST(!chdir(BASE));
	close(open(path, O_RDWR | O_CREAT, 0644));
	for (int i = 0; i < 40; i++) {
		MUST(!stat(path, &status) && !access(path, R_OK) && readlink(path, target, sizeof(target)) < 0);
		close(open(path, O_RDONLY));
	}
	/* By libc's own sites, each of which is patched by now. */
	MUST(!fchmod(top, 0600));
	say("often, %s is closed now: %d", closed, stat(path, &status));
	say(" %d", access(path, R_OK));
	say(" %d", open(path, O_RDONLY) < 0);
	say(" %s\n", readlink(path, target, sizeof(target)) < 0 ? strerrorname_np(errno) : "");
	MUST(!fchmod(top, 0755));
	unlink(path);
}

int main(void)
{
	static const char *const closed[] = { "/tmp/up/mid/other", "/tmp/up", "/tmp/up/mid", BASE };
	int tops[ARRAY_SIZE(closed)];

	make_tree();
	for (size_t i = 0; i < ARRAY_SIZE(closed); i++) {
		tops[i] = open(closed[i], O_RDONLY | O_DIRECTORY);
		MUST(tops[i] >= 0);
	}
	say("nothing is closed\n");
	try_all();
	for (size_t i = 0; i < ARRAY_SIZE(closed); i++) {
		say("%s is closed\n", closed[i]);
		MUST(!fchmod(tops[i], 0600));
		try_all();
		MUST(!fchmod(tops[i], 0755));
	}
	for (size_t i = 0; i < ARRAY_SIZE(closed); i++)
		try_often(closed[i], tops[i]);
	try_mount_points();
	return 0;
}
