/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Directories seen at two places: /tmp is also /dir/sub, and /hidden also
 * /bound/sub/again (twice.bindings). Where one is depends on how one came there.
 */
#include "call.h"
#include <spawn.h>

extern char **environ;

static void say_here(void)
{
	char text[PATH_MAX], link[PATH_MAX];
	long length = CALL(SYS_getcwd, text, sizeof(text));
	long link_length = CALL(SYS_readlink, "/proc/self/cwd", link, sizeof(link));

	say(" %s %.*s", length < 0 ? show(length) : text, link_length < 0 ? 0 : (int)link_length, link);
}

static void look_around(void)
{
	static const char *const paths[] = {
		"..",	    "../file", "../tmp",    "../sub", "../../file", "../innermost",	   "../mount/in",
		"../inner", "file",    "innermost", "a",      "a/b/../..",  "../../../bound/inner"
	};
	struct stat status;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		say(" %s", show(CALL(SYS_stat, paths[i], &status)));
}

static void go(const char *path)
{
	say("chdir %s %s", path, show(CALL(SYS_chdir, path)));
	say_here();
	look_around();
	say("\n");
}

static const char *const places[] = {
	"/tmp", "/dir/sub",	   "/tmp/a/b",	  "/dir/sub/a/b",	  "/hidden",	    "/bound/sub/again",
	"/dir", "/link-dir/sub/a", "/dir/../tmp", "/dir/sub/../../tmp/a", "/proc/self/cwd", "/link-up/dir/sub/a/b"
};

static void try_steps(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		go(places[i]);
		go(".");
		go("a");
		go("b");
		go("..");
		go("../..");
		go("../tmp");
		go("sub");
	}
}

static void try_descriptors(int flags)
{
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		int fd = open(places[i], flags), copy, below, again;
		char name[64], link[PATH_MAX];
		struct stat status;
		long length;

		say("open %s", places[i]);
		if (fd < 0) {
			say(" %s\n", strerrorname_np(errno));
			continue;
		}
		copy = dup(fd);
		snprintf(name, sizeof(name), "/proc/self/fd/%d", copy);
		length = CALL(SYS_readlink, name, link, sizeof(link));
		say(" %.*s %s %s", length < 0 ? 0 : (int)length, link,
		    show(CALL(SYS_newfstatat, copy, "../file", &status, 0)),
		    show(CALL(SYS_newfstatat, copy, "../../file", &status, 0)));
		say(" fchdir %s", show(CALL(SYS_fchdir, copy)));
		say_here();
		below = openat(fd, "..", flags);
		say(" above %s", show(CALL(SYS_fchdir, below)));
		say_here();
		/* A relative path without O_DIRECTORY is not looked at so closely: agent/mounts.h. */
		again = openat(fd, "a", flags);
		if (again >= 0 && flags & O_DIRECTORY) {
			say(" below %s", show(CALL(SYS_fchdir, again)));
			say_here();
			close(again);
		}
		say("\n");
		close(fd);
		close(copy);
		close(below);
	}
}

/* Children start where the parent is, and go elsewhere without it. */
static void try_children(void)
{
	char *arguments[] = { "twice", "here", NULL };
	posix_spawn_file_actions_t actions;
	pid_t pid;

	for (size_t i = 0; i < 4; i++) {
		go(places[i]);
		pid = fork();
		if (!pid) {
			say("fork");
			say_here();
			go(places[(i + 1) % 4]);
			execv("/tests/twice", arguments);
			_exit(1);
		}
		MUST(waitpid(pid, NULL, 0) == pid);
		pid = vfork();
		if (!pid) {
			chdir(places[(i + 1) % 4]);
			execv("/tests/twice", arguments);
			_exit(1);
		}
		MUST(waitpid(pid, NULL, 0) == pid);
		pid = vfork();
		if (!pid)
			_exit(chdir(places[i ^ 1]));
		MUST(waitpid(pid, NULL, 0) == pid);
		MUST(!posix_spawn_file_actions_init(&actions));
		MUST(!posix_spawn_file_actions_addchdir_np(&actions, places[(i + 1) % 4]));
		MUST(!posix_spawn(&pid, "/tests/twice", &actions, NULL, arguments, environ));
		MUST(waitpid(pid, NULL, 0) == pid);
		posix_spawn_file_actions_destroy(&actions);
		say("after it");
		say_here();
		say("\n");
	}
}

static void try_names(void)
{
	go("/tmp");
	say("rename %s %s %s\n", show(CALL(SYS_rename, "/tmp/a", "/dir/sub/moved")),
	    show(CALL(SYS_rename, "a", "/dir/sub/m")), show(CALL(SYS_rename, "a", "../dir/sub/m")));
	go("/dir/sub");
	say("rename %s %s %s\n", show(CALL(SYS_rename, "a", "/dir/sub/moved")),
	    show(CALL(SYS_rename, "moved", "/tmp/m")), show(CALL(SYS_rename, "/dir/sub/moved", "a")));
	go("/dir/sub/a/b");
	say("move it %s", show(CALL(SYS_rename, "/tmp/a/b", "/tmp/c")));
	say_here();
	look_around();
	say(" and back %s", show(CALL(SYS_rename, "/dir/sub/c", "/dir/sub/a/b")));
	say_here();
	say("\n");
	say("remove it %s", show(CALL(SYS_rmdir, "/tmp/a/b")));
	say_here();
	say(" %s\n", show(CALL(SYS_mkdir, "x", 0755)));
	say("up %s", show(CALL(SYS_chdir, "..")));
	say_here();
	say("\n");
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) {
		say("program");
		say_here();
		look_around();
		say("\n");
		return 0;
	}
	MUST(!mkdir("/tmp/a", 0755) && !mkdir("/tmp/a/b", 0755));
	try_steps();
	try_descriptors(O_RDONLY | O_DIRECTORY);
	try_descriptors(O_RDONLY);
	try_children();
	try_names();
	return 0;
}
