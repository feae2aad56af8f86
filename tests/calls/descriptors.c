/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * No call costs a descriptor, none appears from nowhere, and those that come
 * are the lowest free ones; close_range and dup leave everything working.
 */
#include "call.h"
#include <pthread.h>
#include <sched.h>
#include <dirent.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

static void say_open(const char *what)
{
	say("%s:", what);
	for (int fd = 0; fd < 256; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			say(" %d", fd);
	say("\n");
}

/* One of every call that goes through proot's hands. */
static void make_calls(void)
{
	static char buf[PATH_MAX];
	struct stat status;
	struct sockaddr_un address = {
		.sun_family = AF_UNIX,
		.sun_path = "/missing/a/very/long/way/to/a/socket/that/is/not/there/at/all/in/this/tree/I/am/sure"
	};
	DIR *directory;

	stat("/bound/sub/../inner", &status);
	lstat("/link-dir/", &status);
	access("/closed/file", R_OK);
	readlink("/proc/self/exe", buf, sizeof(buf));
	getcwd(buf, sizeof(buf));
	chdir("/bound/back-link");
	chdir("/missing");
	chdir("/");
	rename("/missing", "/bound/x");
	rename("/dir", "/bound");
	rmdir("/bound");
	unlink("/bound-file");
	link("/file", "/bound/inner");
	mkdir("/dir/mount", 0700);
	truncate("/missing", 0);
	chmod("/bound/inner", 0644);
	utimensat(AT_FDCWD, "/bound/inner", NULL, 0);
	connect(0, (struct sockaddr *)&address, sizeof(address));
	execl("/file", "file", NULL);
	execl("/bound", "bound", NULL);
	execl("/missing", "missing", NULL);
	directory = opendir("/bound/sub");
	while (readdir(directory))
		;
	closedir(directory);
	chroot("/");
}

static void close_everything(void)
{
	struct stat status;
	char *const arguments[] = { "show", NULL };

	syscall(SYS_close_range, 3, ~0u, 0);
	say("after close_range: stat %s\n", show(CALL(SYS_stat, "/bound/inner", &status)));
	make_calls();
	say_open("open");
	execv("/tests/show-dynamic", arguments);
	say("not executed\n");
}

/* The lowest number is given, whatever proot opens in between. */
static void take_lowest(void)
{
	int first = open("/bound/inner", O_RDONLY), second = open("/bound/sub/again/innermost", O_RDONLY), third;

	say("opened %d %d", first, second);
	close(first);
	make_calls();
	third = open("/link-dir/file", O_RDONLY);
	say(" then %d, dup %d", third, dup(third));
	say(" socket %d\n", socket(AF_UNIX, SOCK_STREAM, 0));
}

/* With no descriptor to be had, path calls still work. */
static void at_the_limit(void)
{
	struct rlimit limit = { 10, 10 };
	struct stat status;
	char text[64];

	MUST(!setrlimit(RLIMIT_NOFILE, &limit));
	while (open("/dev/null", O_RDONLY) >= 0)
		;
	say("full: %s\n", strerrorname_np(errno));
	say("stat %s", show(CALL(SYS_stat, "/bound/sub/../inner", &status)));
	say(" access %s", show(CALL(SYS_access, "/link-dir/sub/../file", R_OK)));
	say(" readlink %s", show(CALL(SYS_readlink, "/proc/self/exe", text, sizeof(text))));
	say(" getcwd %s", show(CALL(SYS_getcwd, text, sizeof(text))));
	say(" mkdir %s", show(CALL(SYS_mkdir, "/bound/sub/new", 0700)));
	say(" rmdir %s", show(CALL(SYS_rmdir, "/bound/sub/new")));
	say(" chdir %s", show(CALL(SYS_chdir, "/bound/back-link")));
	say(" relative %s", show(CALL(SYS_stat, "../bound/inner", &status)));
	say(" deep %s", show(CALL(SYS_stat, "/bound/back-link/sub/../sub/deep", &status)));
	say(" missing %s", show(CALL(SYS_stat, "/dir/sub/x/y/z", &status)));
	say(" open %s\n", show(CALL(SYS_open, "/bound/inner", O_RDONLY)));
}

static const char *const high_paths[] = { "/bound/inner", "/bound/sub/..", "/" };

static void with_high_numbers(void)
{
	struct stat status;

	for (size_t i = 0; i < ARRAY_SIZE(high_paths); i++) {
		int fd = open(high_paths[i], O_PATH), high = fcntl(fd, F_DUPFD, 900 + (int)i);

		say("%d %s", high, show(CALL(SYS_newfstatat, high, "", &status, AT_EMPTY_PATH)));
		say(" %s\n", show(CALL(SYS_newfstatat, high, "../file", &status, 0)));
		close(fd);
	}
}

/* A thread with descriptors and a cwd of its own: those of /proc/self are the first thread's, and others. */
static void *use_own(void *unused)
{
	static const char *const paths[] = { "..",
					     "deep",
					     "../file",
					     "/proc/self/fd/10/deep",
					     "/proc/self/cwd/dir/file",
					     "/proc/thread-self/fd/10/deep",
					     "/proc/thread-self/cwd/../file",
					     "/proc/self/fd/10/../sub",
					     "/proc/self/fd/10" };
	struct stat status;
	char buf[PATH_MAX];
	long length;

	MUST(!unshare(CLONE_FS | CLONE_FILES));
	MUST(dup2(open("/dir/sub", O_RDONLY | O_DIRECTORY), 10) == 10 && !chdir("/dir/sub"));
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		say("own %s: %s", paths[i], show(CALL(SYS_newfstatat, 10, paths[i], &status, AT_SYMLINK_NOFOLLOW)));
		say(" %s", show(CALL(SYS_stat, paths[i], &status)));
		length = CALL(SYS_readlink, paths[i], buf, sizeof(buf));
		say(" %s %.*s\n", show(length), length > 0 ? (int)length : 0, buf);
	}
	say("mkdir %s\n", show(CALL(SYS_mkdirat, 10, "../made", 0700)));
	return unused;
}

static void with_own_table(void)
{
	pthread_t thread;

	MUST(!chdir("/") && dup2(open("/bound", O_RDONLY | O_DIRECTORY), 10) == 10);
	MUST(!pthread_create(&thread, NULL, use_own, NULL) && !pthread_join(thread, NULL));
	say("left: %s\n", show(CALL(SYS_rmdir, "/dir/made")));
}

/* A child has new credentials, though equal ones: not those the descriptor was opened with. */
static void link_inherited(void)
{
	say("link of an inherited descriptor: %s", show(CALL(SYS_linkat, 10, "", AT_FDCWD, "/tmp/new", AT_EMPTY_PATH)));
	say(" %s", show(CALL(SYS_linkat, 10, "inner", AT_FDCWD, "/bound", AT_EMPTY_PATH)));
	say(" %s\n", show(CALL(SYS_linkat, 10, "/bound/inner", AT_FDCWD, "/bound", AT_EMPTY_PATH)));
}

int main(void)
{
	say_open("at first");
	make_calls();
	say_open("after the calls");
	in_child(close_everything);
	in_child(take_lowest);
	in_child(at_the_limit);
	in_child(with_high_numbers);
	in_child(with_own_table);
	MUST(dup2(open("/bound", O_RDONLY | O_DIRECTORY), 10) == 10);
	link_inherited();
	in_child(link_inherited);
	return 0;
}
