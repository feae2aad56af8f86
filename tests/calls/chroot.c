/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * chroot: what it refuses; and for root, in a child each: what is seen from the
 * new root, with bindings above and below; the way out by a descriptor; children
 * of all kinds, threads and new programs.
 */
#include "call.h"
#include <pthread.h>
#include <sched.h>

/* In a vfork child, which keeps its new root to itself. */
static long change_root(int directory, const char *path)
{
	int status;
	pid_t pid = vfork();

	(void)directory;
	if (!pid)
		_exit((int)-CALL(SYS_chroot, path));
	MUST(waitpid(pid, &status, 0) == pid);
	return -WEXITSTATUS(status);
}

/* getcwd. What can't be reached is named from the root of the namespace, which differs. */
static void say_cwd(void)
{
	char text[PATH_MAX];
	long length = CALL(SYS_getcwd, text, sizeof(text));

	if (length < 0)
		say(" cwd %s", show(length));
	else if (text[0] == '(')
		say(" cwd (unreachable)");
	else
		say(" cwd %s", text);
}

static void look(const char *path)
{
	char text[PATH_MAX];
	struct stat status;
	long result = CALL(SYS_stat, path, &status), length = CALL(SYS_readlink, path, text, sizeof(text) - 1);
	int fd = open(path, O_RDONLY | O_NONBLOCK);

	say("  %s: %s", path, show(result));
	if (!result)
		say(" %o %ld", status.st_mode, S_ISREG(status.st_mode) ? (long)status.st_size : 0);
	result = fd < 0 ? -errno : read(fd, text, 40);
	say(" open %s %.*s", show_success(fd < 0 ? -errno : fd), result > 0 ? (int)strcspn(text, "\n") : 0, text);
	close(fd);
	if (length > 0)
		say(" link");
	result = CALL(SYS_chdir, path);
	if (!result) {
		say_cwd();
		result = CALL(SYS_chdir, "..");
		say(" up %s", show(result));
		say_cwd();
		chdir("/");
	}
	say("\n");
}

static void look_around(void)
{
	static const char *const paths[] = {
		"/",	      "/.",
		"/..",	      "/../..",
		"/file",      "/../file",
		"file",	      "../file",
		"/dir",	      "/dir/file",
		"/mount",     "/mount/in",
		"/mount/..",  "/mount/../file",
		"/sub",	      "/sub/..",
		"/sub/../..", "/inner",
		"/sub/again", "/again",
		"/again/..",  "/innermost",
		"/abs-link",  "/up-link",
		"/back-link", "/bound",
		"/proc",      "/tests",
		"/link-dir",  "/link-dir-abs",
		"/link-abs",  "/sub/../../file",
	};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		look(paths[i]);
}

static int proc_fd = -1, outside = -1;

static void say_links(void)
{
	static const char *const links[] = { "self/root", "self/cwd", "self/exe" };

	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		char text[PATH_MAX];
		long length = CALL(SYS_readlinkat, proc_fd, links[i], text, sizeof(text));

		/* What lies outside is named from the namespace's root natively. */
		say("  %s = %s", links[i], show_success(length));
		if (length > 0 && (i < 2))
			say(" %.*s", (int)length, text);
		say("\n");
	}
}

/* Run BODY in a child, with DIRECTORY as its root, its cwd there. */
static void inside(const char *directory, void (*body)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		say("inside %s: chroot %s", directory, show(CALL(SYS_chroot, directory)));
		say_cwd();
		say(" chdir %s", show(CALL(SYS_chdir, "/")));
		say_cwd();
		say("\n");
		body();
		_exit(0);
	}
	MUST(waitpid(pid, &status, 0) == pid);
	say("  ends %d\n", status);
}

static void change_names(void)
{
	say("  mkdir %s rmdir / %s /. %s /.. %s\n", show(CALL(SYS_mkdir, "/made", 0755)), show(CALL(SYS_rmdir, "/")),
	    show(CALL(SYS_rmdir, "/.")), show(CALL(SYS_rmdir, "/..")));
	say("  unlink / %s mkdir / %s symlink %s rename / %s to / %s\n", show(CALL(SYS_unlink, "/")),
	    show(CALL(SYS_mkdir, "/", 0755)), show(CALL(SYS_symlink, "/made", "/made/link")),
	    show(CALL(SYS_rename, "/", "/made/x")), show(CALL(SYS_rename, "/made", "/")));
	say("  link %s rename %s out %s create %s\n", show(CALL(SYS_link, "/made/link", "/made/again")),
	    show(CALL(SYS_rename, "/made/again", "/../made/moved")),
	    show(CALL(SYS_rename, "/made", "../../made-outside")),
	    show_success(CALL(SYS_open, "/../../created", O_CREAT | O_WRONLY, 0644)));
	look("/made-outside/link");
	look("/made-outside/moved");
	look("/created");
	say("  truncate %s unlink %s %s rmdir %s\n", show(CALL(SYS_truncate, "/created", 5)),
	    show(CALL(SYS_unlink, "/made-outside/link")), show(CALL(SYS_unlink, "/made-outside/moved")),
	    show(CALL(SYS_rmdir, "/made-outside")));
}

static void go_out(void)
{
	struct stat status;

	say("  by descriptor %s %s", show(CALL(SYS_newfstatat, outside, "dir/file", &status, 0)),
	    show(CALL(SYS_newfstatat, outside, "dir/../file", &status, 0)));
	say(" link to the root %s\n", show(CALL(SYS_newfstatat, outside, "link-abs", &status, 0)));
	say("  fchdir %s", show(CALL(SYS_fchdir, outside)));
	say_cwd();
	say(" file %s dir/file %s", show(CALL(SYS_stat, "file", &status)), show(CALL(SYS_stat, "dir/file", &status)));
	say(" /file %s\n", show(CALL(SYS_stat, "/file", &status)));
	say("  into the root and up %s %s\n", show(CALL(SYS_stat, "dir/../file", &status)),
	    show(CALL(SYS_stat, "dir/../empty", &status)));
	say("  chroot out %s", show(CALL(SYS_chroot, ".")));
	say_cwd();
	say("\n");
	look("/link-abs");
	look("/bound/inner");
	say_links();
}

static void go_deeper(void)
{
	say("  deeper %s", show(CALL(SYS_chroot, "/sub")));
	say_cwd();
	say(" /deep %d /file %d", access("/deep", F_OK), access("/file", F_OK));
	say(" chdir .. %s", show(CALL(SYS_chdir, "..")));
	say_cwd();
	say(" missing %s file %s dots %s\n", show(CALL(SYS_chroot, "/missing")), show(CALL(SYS_chroot, "/deep")),
	    show(CALL(SYS_chroot, "/../..")));
	chdir("/");
	look("/deep");
	look("/../file");
}

static void *look_from_thread(void *path)
{
	long result = path ? CALL(SYS_chroot, path) : 0;

	say("  thread %s /file %d /in %d\n", show(result), access("/file", F_OK), access("/in", F_OK));
	return NULL;
}

static void share(void)
{
	pthread_t thread;

	MUST(!pthread_create(&thread, NULL, look_from_thread, NULL) && !pthread_join(thread, NULL));
	MUST(!pthread_create(&thread, NULL, look_from_thread, "/mount") && !pthread_join(thread, NULL));
	say("  after it /file %d /in %d\n", access("/file", F_OK), access("/in", F_OK));
}

static void say_child(const char *what, pid_t pid)
{
	int status;

	MUST(waitpid(pid, &status, 0) == pid);
	say("  %s child %d, here /file %d /in %d\n", what, status >> 8, access("/file", F_OK), access("/in", F_OK));
}

static int answer(void)
{
	return (access("/file", F_OK) ? 0 : 1) + (access("/in", F_OK) ? 0 : 2) + (access("/deep", F_OK) ? 0 : 4);
}

/* Children see the parent's root, and may have another; grandchildren have that. */
static void have_children(void)
{
	for (volatile int i = 0; i < 40; i++) {
		pid_t pid = vfork();

		if (!pid)
			_exit(chroot(i % 2 ? "/mount" : "/sub") ? 99 : answer());
		if (i < 4)
			say_child("vfork", pid);
		else
			MUST(waitpid(pid, NULL, 0) == pid);
	}
	for (volatile int i = 0; i < 2; i++) {
		pid_t pid = fork();

		if (!pid) {
			pid = vfork();
			if (!pid)
				_exit(answer());
			say_child("grand", pid);
			if (chroot("/mount"))
				_exit(99);
			pid = i ? vfork() : fork();
			if (!pid)
				_exit(answer() + 10);
			say_child("grand", pid);
			_exit(answer());
		}
		say_child("fork", pid);
	}
}

/* A vfork child with another root forks. */
static void fork_from_vfork(void)
{
	pid_t pid = vfork();

	if (!pid) {
		int status = 98 << 8;

		if (chroot("/mount"))
			_exit(99);
		pid = (pid_t)syscall(SYS_fork);
		if (!pid)
			_exit(answer());
		waitpid(pid, &status, 0);
		_exit(status >> 8);
	}
	say_child("forked by a vfork", pid);
}

static int leave_behind(void *path)
{
	return CALL(SYS_chroot, path) || CALL(SYS_chdir, "/");
}

/* A child that shares root and current directory leaves them changed: a browser's sandbox does it. */
static void change_from_child(void)
{
	static char stack[65536] __attribute__((aligned(16)));

	for (int i = 0; i < 2; i++) {
		pid_t pid = clone(leave_behind, stack + sizeof(stack),
				  CLONE_VM | CLONE_VFORK | SIGCHLD | (i ? CLONE_FS : 0), "/sub");

		say_child(i ? "with CLONE_FS" : "without", pid);
		say("  inner %s innermost %s", show(access("/inner", F_OK)), show(access("/again/innermost", F_OK)));
		say_cwd();
		say("\n");
	}
}

static void execute(void)
{
	char *arguments[] = { "/show", "one", NULL };

	for (volatile int i = 0; i < 2; i++) {
		pid_t pid = i ? vfork() : fork();
		int status;

		if (!pid) {
			execv("/show-pie", arguments);
			_exit(97);
		}
		MUST(waitpid(pid, &status, 0) == pid);
		say("  program %d\n", status);
	}
	say("  outside %s\n", show(CALL(SYS_execve, "/tests/show", arguments, arguments + 2)));
	say("  dynamic %s\n", show(CALL(SYS_execve, "/show-dynamic", arguments, arguments + 2)));
	execv("/chroot", (char *[]){ "chroot", "again", NULL });
}

/* Executed inside /tests. */
static void again(void)
{
	say("again: /show %d /tests/show %d", access("/show", F_OK), access("/tests/show", F_OK));
	say_cwd();
	say(" up %s", show(CALL(SYS_chdir, "..")));
	say_cwd();
	say("\n");
}

static void work_many_times(void)
{
	long wrong = 0;

	for (int i = 0; i < 100; i++) {
		MUST(!fchdir(outside));
		wrong += chroot(i % 2 ? "dir" : "bound") != 0;
		wrong += access("/inner", F_OK) != (i % 2 ? -1 : 0);
		wrong += access("/../file", F_OK) != (i % 2 ? 0 : -1);
	}
	say("  many times: %ld wrong\n", wrong);
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) {
		again();
		return 0;
	}
	sweep_path("chroot", change_root);
	if (geteuid())
		return 0;
	proc_fd = open("/proc", O_RDONLY);
	outside = open("/", O_RDONLY);
	inside("/dir", look_around);
	inside("/bound", look_around);
	inside("/bound/sub", look_around);
	inside("/dir/mount", look_around);
	inside("/link-dir/../bound/sub/again", look_around);
	inside("/", look_around);
	inside("/dir", change_names);
	inside("/dir/mount", change_names);
	inside("/dir", say_links);
	inside("/bound/sub", say_links);
	inside("/dir", go_out);
	inside("/bound/sub", go_out);
	inside("/dir", go_deeper);
	inside("/dir", share);
	inside("/bound", change_from_child);
	inside("/dir", have_children);
	inside("/dir", fork_from_vfork);
	inside("/tests", execute);
	inside("/", work_many_times);
	say("here:");
	say_cwd();
	say(" created %d %d\n", access("/dir/created", F_OK), access("/dir/mount/created", F_OK));
	return 0;
}
