/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that might lead past the view without a path, and files of /proc that
 * are copies inside: what is seen of them is the same as of the originals.
 */
#include "call.h"
#include <linux/perf_event.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#ifndef SYS_open_tree
#define SYS_open_tree 428
#endif

/* Other namespaces than a mount's may be entered, if the user may. */
static void try_namespaces(void)
{
	int uts = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC), file = open("/dir/file", O_RDONLY);

	say("setns: %s %s %s\n", show(CALL(SYS_setns, -1, CLONE_NEWNS)), show(CALL(SYS_setns, file, 0)),
	    show(CALL(SYS_setns, uts, 0)));
	close(uts);
	close(file);
}

static void try_events(void)
{
	struct perf_event_attr attributes = { .type = 77777, .size = sizeof(attributes) };

	say("perf_event_open: %s %s\n", show(CALL(SYS_perf_event_open, 8, 0, -1, -1, 0)),
	    show(CALL(SYS_perf_event_open, &attributes, 0, -1, -1, 0)));
}

/* Without OPEN_TREE_CLONE: an open with O_PATH. */
static void try_trees(void)
{
	static const char *const paths[] = {
		"/dir/file", "dir", "/link-abs", "/bound/inner", "/none", "/dir/file/x", ""
	};
	static const unsigned int flags[] = { 0, AT_SYMLINK_NOFOLLOW, O_CLOEXEC, AT_EMPTY_PATH, 0x8000, 2 };
	int lowest = dup(0);

	close(lowest);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		for (size_t j = 0; j < ARRAY_SIZE(flags); j++) {
			int fd = (int)CALL(SYS_open_tree, AT_FDCWD, paths[i], flags[j]);
			struct stat status = { 0 };

			say("open_tree %s %x: %s", paths[i], flags[j], fd < 0 ? show(fd) : "ok");
			if (fd >= 0) {
				fstat(fd, &status);
				say(" %d %o %x %d", fd == lowest, status.st_mode & S_IFMT, fcntl(fd, F_GETFL),
				    fcntl(fd, F_GETFD));
				close(fd);
			}
			say("\n");
		}
}

/* A descriptor and the path it was opened by are the same file: cp looks at that. */
static void try_identity(const char *path)
{
	struct stat by_path, by_descriptor;
	struct statx more;
	int fd = open(path, O_RDONLY);

	MUST(fd >= 0 && !stat(path, &by_path));
	for (int i = 0; i < 20; i++)
		MUST(!CALL(SYS_newfstatat, fd, "", &by_descriptor, AT_EMPTY_PATH));
	MUST(!CALL(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &more));
	say("%s: %d %d %d, %ld links, %ld bytes, mode %o\n", path, by_path.st_dev == by_descriptor.st_dev,
	    by_path.st_ino == by_descriptor.st_ino, by_path.st_ino == more.stx_ino, (long)by_descriptor.st_nlink,
	    (long)by_descriptor.st_size, by_descriptor.st_mode);
	close(fd);
}

/* RLIMIT_FSIZE is for what the program writes. */
static void try_limit(void)
{
	struct rlimit limit, none = { 0, RLIM_INFINITY };
	char text[16] = "";
	int fd;

	MUST(!getrlimit(RLIMIT_FSIZE, &limit));
	none.rlim_max = limit.rlim_max;
	MUST(!setrlimit(RLIMIT_FSIZE, &none));
	fd = open("/proc/self/status", O_RDONLY);
	say("status: %ld %.5s\n", (long)read(fd, text, 5), text);
	close(fd);
	MUST(!getrlimit(RLIMIT_FSIZE, &none));
	say("limit: %ld\n", (long)none.rlim_cur);
	MUST(!setrlimit(RLIMIT_FSIZE, &limit));
}

int main(void)
{
	static const char *const files[] = { "/proc/self/status", "/proc/self/maps", "/proc/self/mounts",
					     "/proc/self/mountinfo", "/proc/thread-self/smaps" };

	try_namespaces();
	try_events();
	try_trees();
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		try_identity(files[i]);
	try_limit();
	return 0;
}
