/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every call that takes a path tries to reach PLACE, a directory of the host
 * that the guest has no binding to, by every way that might lead there.
 *
 *	rows PLACE HOST-PROCESS	   in the guest: no call may reach it
 *	rows PLACE		   on the host: each must
 *
 * PLACE has "file", "dir", "link", "socket" and "program". HOST-PROCESS is no guest, has its
 * cwd in PLACE, runs a program of it, and has descriptor 8 of it and 9 of its file.
 *
 * Prints TAP, a point for each call. What a call did to PLACE unseen its caller looks for.
 */
#include "../calls/call.h"
#include <sched.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <sys/socket.h>
#include <sys/un.h>

#ifndef SYS_setxattrat
#define SYS_setxattrat 463
#endif

/* What stands in a row for the argument that depends on the way. */
enum {
	DIRECTORY = -4000,
	FILE_PATH,
	LINK_PATH,
	DIRECTORY_PATH,
	PROGRAM_PATH,
	NEW_PATH,
	OTHER_PATH,
	SOCKET,
	SOCKET_PATH,
	SOCKET_SIZE,
	WATCH
};

static char buffer[65536] __attribute__((aligned(16)));
static const struct timespec times[2] = { { 1, 0 }, { 1, 0 } };
static struct {
	uint64_t flags, mode, resolve;
} how = { 0, 0, 0 }, how_path = { O_PATH, 0, 0 };
static struct {
	uint64_t value;
	uint32_t size, flags;
} xattr = { (uint64_t)(uintptr_t) "x", 1, 0 };
static struct {
	unsigned int size;
	int type;
	unsigned char bytes[128];
} handle;
static char *arguments[] = { "program", NULL };

#define A(pointer) ((long)(pointer))

static const struct row {
	const char *name;
	long number;
	long arguments[6];
	bool may_lack; /* not in every kernel or file system */
} rows[] = {
	{ "open", SYS_open, { FILE_PATH, O_RDONLY }, false },
	{ "open O_WRONLY", SYS_open, { FILE_PATH, O_WRONLY }, false },
	{ "open O_PATH", SYS_open, { FILE_PATH, O_PATH }, false },
	{ "open O_CREAT", SYS_open, { NEW_PATH, O_CREAT | O_WRONLY, 0600 }, false },
	{ "open O_TMPFILE", SYS_open, { DIRECTORY_PATH, O_TMPFILE | O_RDWR, 0600 }, true },
	{ "creat", SYS_creat, { NEW_PATH, 0600 }, false },
	{ "openat", SYS_openat, { DIRECTORY, FILE_PATH, O_RDONLY }, false },
	{ "openat O_NOFOLLOW", SYS_openat, { DIRECTORY, FILE_PATH, O_RDONLY | O_NOFOLLOW }, false },
	{ "openat O_DIRECTORY", SYS_openat, { DIRECTORY, DIRECTORY_PATH, O_DIRECTORY }, false },
	{ "openat2", SYS_openat2, { DIRECTORY, FILE_PATH, A(&how), sizeof(how) }, false },
	{ "openat2 O_PATH", SYS_openat2, { DIRECTORY, FILE_PATH, A(&how_path), sizeof(how_path) }, false },
	{ "stat", SYS_stat, { FILE_PATH, A(buffer) }, false },
	{ "lstat", SYS_lstat, { LINK_PATH, A(buffer) }, false },
	{ "newfstatat", SYS_newfstatat, { DIRECTORY, FILE_PATH, A(buffer), 0 }, false },
	{ "newfstatat AT_EMPTY_PATH", SYS_newfstatat, { DIRECTORY, FILE_PATH, A(buffer), AT_EMPTY_PATH }, false },
	{ "statx", SYS_statx, { DIRECTORY, FILE_PATH, 0, 0x7ff, A(buffer) }, false },
	{ "access", SYS_access, { FILE_PATH, R_OK }, false },
	{ "faccessat", SYS_faccessat, { DIRECTORY, FILE_PATH, R_OK }, false },
	{ "faccessat2", SYS_faccessat2, { DIRECTORY, FILE_PATH, R_OK, AT_SYMLINK_NOFOLLOW }, false },
	{ "chmod", SYS_chmod, { FILE_PATH, 0755 }, false },
	{ "fchmodat", SYS_fchmodat, { DIRECTORY, FILE_PATH, 0755 }, false },
	{ "fchmodat2", SYS_fchmodat2, { DIRECTORY, FILE_PATH, 0755, AT_SYMLINK_NOFOLLOW }, true },
	{ "chown", SYS_chown, { FILE_PATH, -1, -1 }, false },
	{ "lchown", SYS_lchown, { LINK_PATH, -1, -1 }, false },
	{ "fchownat", SYS_fchownat, { DIRECTORY, FILE_PATH, -1, -1, 0 }, false },
	{ "utime", SYS_utime, { FILE_PATH, 0 }, false },
	{ "utimes", SYS_utimes, { FILE_PATH, 0 }, false },
	{ "futimesat", SYS_futimesat, { DIRECTORY, FILE_PATH, 0 }, false },
	{ "utimensat", SYS_utimensat, { DIRECTORY, FILE_PATH, A(times), 0 }, false },
	{ "truncate", SYS_truncate, { FILE_PATH, 3 }, false },
	{ "statfs", SYS_statfs, { FILE_PATH, A(buffer) }, false },
	{ "readlink", SYS_readlink, { LINK_PATH, A(buffer), 100 }, false },
	{ "readlinkat", SYS_readlinkat, { DIRECTORY, LINK_PATH, A(buffer), 100 }, false },
	{ "setxattr", SYS_setxattr, { FILE_PATH, A("user.x"), A("x"), 1, 0 }, false },
	{ "lsetxattr", SYS_lsetxattr, { FILE_PATH, A("user.x"), A("x"), 1, 0 }, false },
	{ "getxattr", SYS_getxattr, { FILE_PATH, A("user.x"), A(buffer), 10 }, false },
	{ "lgetxattr", SYS_lgetxattr, { FILE_PATH, A("user.x"), A(buffer), 10 }, false },
	{ "listxattr", SYS_listxattr, { FILE_PATH, A(buffer), 100 }, false },
	{ "llistxattr", SYS_llistxattr, { FILE_PATH, A(buffer), 100 }, false },
	{ "setxattrat", SYS_setxattrat, { DIRECTORY, FILE_PATH, 0, A("user.x"), A(&xattr), 16 }, true },
	{ "getxattrat", SYS_getxattrat, { DIRECTORY, FILE_PATH, 0, A("user.x"), A(&xattr), 16 }, true },
	{ "listxattrat", SYS_listxattrat, { DIRECTORY, FILE_PATH, 0, A(buffer), 100 }, true },
	{ "removexattrat", SYS_removexattrat, { DIRECTORY, FILE_PATH, 0, A("user.x") }, true },
	{ "setxattr again", SYS_setxattr, { FILE_PATH, A("user.x"), A("x"), 1, 0 }, false },
	{ "removexattr", SYS_removexattr, { FILE_PATH, A("user.x") }, false },
	{ "setxattr once more", SYS_setxattr, { FILE_PATH, A("user.x"), A("x"), 1, 0 }, false },
	{ "lremovexattr", SYS_lremovexattr, { FILE_PATH, A("user.x") }, false },
	{ "file_getattr", SYS_file_getattr, { DIRECTORY, FILE_PATH, A(buffer), 24, 0 }, true },
	{ "name_to_handle_at", SYS_name_to_handle_at, { DIRECTORY, FILE_PATH, A(&handle), A(buffer), 0 }, false },
	{ "inotify_add_watch", SYS_inotify_add_watch, { WATCH, FILE_PATH, IN_ACCESS }, false },
	{ "mkdir", SYS_mkdir, { OTHER_PATH, 0700 }, false },
	{ "rmdir", SYS_rmdir, { OTHER_PATH }, false },
	{ "mkdirat", SYS_mkdirat, { DIRECTORY, OTHER_PATH, 0700 }, false },
	{ "unlinkat", SYS_unlinkat, { DIRECTORY, OTHER_PATH, AT_REMOVEDIR }, false },
	{ "mknod", SYS_mknod, { OTHER_PATH, S_IFREG | 0600, 0 }, false },
	{ "unlink", SYS_unlink, { OTHER_PATH }, false },
	{ "mknodat", SYS_mknodat, { DIRECTORY, OTHER_PATH, S_IFIFO | 0600, 0 }, false },
	{ "unlinkat file", SYS_unlinkat, { DIRECTORY, OTHER_PATH, 0 }, false },
	{ "symlink", SYS_symlink, { A("x"), OTHER_PATH }, false },
	{ "rename", SYS_rename, { OTHER_PATH, NEW_PATH }, false },
	{ "renameat", SYS_renameat, { DIRECTORY, NEW_PATH, DIRECTORY, OTHER_PATH }, false },
	{ "renameat2", SYS_renameat2, { DIRECTORY, OTHER_PATH, DIRECTORY, NEW_PATH, 1 }, false },
	{ "symlinkat", SYS_symlinkat, { A("x"), DIRECTORY, OTHER_PATH }, false },
	{ "unlink link", SYS_unlink, { OTHER_PATH }, false },
	{ "link", SYS_link, { FILE_PATH, OTHER_PATH }, false },
	{ "unlink linked", SYS_unlink, { OTHER_PATH }, false },
	{ "linkat", SYS_linkat, { DIRECTORY, FILE_PATH, DIRECTORY, OTHER_PATH, AT_SYMLINK_FOLLOW }, false },
	{ "unlink linked too", SYS_unlink, { OTHER_PATH }, false },
	{ "chdir", SYS_chdir, { DIRECTORY_PATH }, false },
	{ "execve", SYS_execve, { PROGRAM_PATH, A(arguments), A(arguments + 1) }, false },
	{ "execveat", SYS_execveat, { DIRECTORY, PROGRAM_PATH, A(arguments), A(arguments + 1), 0 }, false },
	{ "connect", SYS_connect, { SOCKET, SOCKET_PATH, SOCKET_SIZE }, false },
};

static const char *place;
static long host_process;
static int home;

/* The directories that lead to PLACE, or might. */
struct way {
	char text[PATH_MAX];
	int directory;
};

static struct way ways[64];
static unsigned int way_count;

__attribute__((format(printf, 2, 3))) static void add_way(int directory, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(ways[way_count].text, sizeof(ways[0].text), format, list);
	va_end(list);
	ways[way_count++].directory = directory;
}

/* Links in the guest's own tree, one to each TEXT. */
static void add_link(const char *text)
{
	static int count;
	char name[64];

	snprintf(name, sizeof(name), "/links/%d", count++);
	symlink(text, name);
	add_way(AT_FDCWD, "%s", name);
	add_way(AT_FDCWD, "/deep/er%s", name);
	add_way(AT_FDCWD, "%s", name + 1);
}

static void find_ways(void)
{
	static const char *const roots[] = { "/proc/self/root", "/proc/thread-self/root", "/proc/1/root",
					     "/proc/self/task/../root", "/proc/self/cwd/../../.." };
	static char up[PATH_MAX], text[PATH_MAX];
	int deep, bound, proc, directory;

	mkdir("/links", 0755);
	mkdir("/deep", 0755);
	mkdir("/deep/er", 0755);
	symlink("../../links", "/deep/er/links");
	deep = open("/deep/er", O_PATH);
	bound = open("/bound", O_RDONLY);
	proc = open("/proc/self", O_PATH | O_DIRECTORY);
	for (int i = 0; i < 20; i++)
		strcat(up, "../");
	add_way(AT_FDCWD, "%s", place);
	add_way(AT_FDCWD, "//..%s", place);
	add_way(AT_FDCWD, "%s%s", up, place + 1);
	add_way(deep, "%s%s", up, place + 1);
	add_way(bound, "%s%s", up, place + 1);
	add_way(proc, "root%s", place);
	add_way(proc, "cwd/../..%s", place);
	add_way(AT_FDCWD, "/bound/%s%s", up, place + 1);
	add_way(AT_FDCWD, "/bound/out");
	add_way(AT_FDCWD, "/bound/out-up");
	for (size_t i = 0; i < ARRAY_SIZE(roots); i++)
		add_way(AT_FDCWD, "%s%s", roots[i], place);
	add_way(AT_FDCWD, "/proc/%d/root%s", getppid(), place);
	add_way(AT_FDCWD, "/proc/%ld/root%s", host_process, place);
	add_way(AT_FDCWD, "/proc/%ld/cwd", host_process);
	add_way(AT_FDCWD, "/proc/%ld/cwd/dir/..", host_process);
	add_way(AT_FDCWD, "/proc/%ld/task/%ld/cwd", host_process, host_process);
	add_way(AT_FDCWD, "/proc/%ld/fd/8", host_process);
	snprintf(text, sizeof(text), "/proc/%ld/cwd", host_process);
	directory = open(text, O_PATH | O_DIRECTORY);
	if (directory >= 0)
		add_way(directory, ".");
	add_link(text);
	snprintf(text, sizeof(text), "/proc/%ld/root%s", host_process, place);
	add_link(text);
	add_link(place);
	snprintf(text, sizeof(text), "%s%s", up, place + 1);
	add_link(text);
}

static const char *path_of(long what, const struct way *way)
{
	static const char *const names[] = { "file", "link", "dir", "program", "new", "other" };
	static char paths[6][PATH_MAX + 16];
	char *path = paths[what - FILE_PATH];

	snprintf(path, sizeof(paths[0]), "%s/%s", way->text, names[what - FILE_PATH]);
	return path;
}

static struct sockaddr_un address;

static long argument_of(long value, const struct way *way)
{
	static int watch = -1;

	switch (value) {
	case DIRECTORY:
		return way->directory;
	case SOCKET:
		return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	case SOCKET_PATH:
		address.sun_family = AF_UNIX;
		snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", way->text);
		return (long)&address;
	case SOCKET_SIZE:
		return sizeof(address);
	case WATCH:
		return watch < 0 ? watch = inotify_init1(IN_CLOEXEC) : watch;
	default:
		return value >= FILE_PATH && value <= OTHER_PATH ? (long)path_of(value, way) : value;
	}
}

/* Calls without a descriptor of their own start where the way's leads. */
static void enter_start(const struct row *row, const struct way *way)
{
	bool has_directory = row->arguments[0] == DIRECTORY || row->arguments[1] == DIRECTORY;

	fchdir(has_directory || way->directory == AT_FDCWD ? home : way->directory);
}

static long make(const struct row *row, const struct way *way)
{
	long values[6], result;
	pid_t child;
	int status;

	enter_start(row, way);
	for (int i = 0; i < 6; i++)
		values[i] = argument_of(row->arguments[i], way);
	handle.size = sizeof(handle.bytes);
	xattr.value = (uint64_t)(uintptr_t)buffer;
	if (row->number != SYS_execve && row->number != SYS_execveat) {
		result = call_6(row->number, values[0], values[1], values[2], values[3], values[4], values[5]);
		if (row->arguments[0] == SOCKET)
			close((int)values[0]);
		if (result > 2 && (!strncmp(row->name, "open", 4) || row->number == SYS_creat))
			close((int)result);
		fchdir(home);
		return result;
	}
	child = fork();
	if (!child)
		_exit(call_6(row->number, values[0], values[1], values[2], values[3], values[4], values[5]) == -ENOENT ?
			      2 :
			      3);
	waitpid(child, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 7 ? 0 : -ENOENT;
}

/* Whether the result is one of a path that leads nowhere. */
static bool is_lost(long result)
{
	return result == -ENOENT || result == -ENOTDIR || result == -ELOOP || result == -EACCES || result == -EXDEV;
}

static void test_in_guest(void)
{
	find_ways();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned int reached = 0;

		for (unsigned int j = 0; j < way_count; j++) {
			long result = make(&rows[i], &ways[j]);

			if (is_lost(result) || (rows[i].may_lack && (result == -ENOSYS || result == -EOPNOTSUPP)))
				continue;
			/* An address may be too short for a way. */
			if (rows[i].number == SYS_connect && result == -EINVAL)
				continue;
			say("# %s by %d %s: %s\n", rows[i].name, ways[j].directory, ways[j].text, show(result));
			reached++;
		}
		say("%s %zu - %s\n", reached ? "not ok" : "ok", i + 1, rows[i].name);
	}
}

/* By the root of its mount namespace, which real root may enter: natively too, so that is no row. */
static void test_namespace(void)
{
	int fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	char path[PATH_MAX];
	bool is_in;

	syscall(SYS_setns, fd, 0);
	syscall(SYS_setns, fd, CLONE_NEWNS);
	snprintf(path, sizeof(path), "%s/file", place + 1);
	is_in = open(path, O_RDONLY | O_CLOEXEC) < 0;
	fchdir(home);
	close(fd);
	say("%s %zu - setns\n", is_in ? "ok" : "not ok", ARRAY_SIZE(rows) + 1);
}

/* In a new PID namespace the numbers of /proc are of the old one. */
static void test_processes(void)
{
	char path[PATH_MAX + 64];
	int status = 0;
	pid_t child = fork();

	if (!child) {
		if (unshare(CLONE_NEWPID) || (child = fork()))
			_exit(child > 0 && waitpid(child, &status, 0) == child ? WEXITSTATUS(status) : 0);
		snprintf(path, sizeof(path), "/proc/1/root%s/file", place);
		_exit(open(path, O_RDONLY | O_CLOEXEC) >= 0);
	}
	waitpid(child, &status, 0);
	say("%s %zu - /proc/1 in a new PID namespace\n", status ? "not ok" : "ok", ARRAY_SIZE(rows) + 2);
}

static void test_on_host(void)
{
	struct way way = { .directory = AT_FDCWD };

	snprintf(way.text, sizeof(way.text), "%s", place);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		long result = make(&rows[i], &way);
		bool lacks = rows[i].may_lack && (result == -ENOSYS || result == -EOPNOTSUPP);

		if (result < 0 && !lacks)
			say("# %s: %s\n", rows[i].name, show(result));
		say("%s %zu - %s on the host\n", result >= 0 || lacks ? "ok" : "not ok", i + 1, rows[i].name);
	}
}

int main(int count, char **words)
{
	MUST(count >= 2);
	place = words[1];
	home = open(".", O_PATH | O_DIRECTORY);
	if (count == 2) {
		test_on_host();
	} else {
		host_process = atol(words[2]);
		test_in_guest();
		test_namespace();
		test_processes();
	}
	say("1..%zu\n", ARRAY_SIZE(rows) + (count == 2 ? 0 : 2));
	return 0;
}
