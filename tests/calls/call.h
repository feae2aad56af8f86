/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the programs of this folder share. Each makes the system calls of a row
 * of calls.def, or of a few that belong together, and prints what came of them:
 * the result or the error's name, and the data written. It prints the same
 * every time, so that its output in the kernel's chroot and inside proot can
 * be compared as text: no numbers of processes, inodes, mounts, addresses and
 * present times.
 *
 * The tree they run in is made by layout.c.
 */
#ifndef TESTS_CALL_H
#define TESTS_CALL_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lacking.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define PAGE 4096

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_setxattrat
#define SYS_setxattrat 463
#define SYS_getxattrat 464
#define SYS_listxattrat 465
#define SYS_removexattrat 466
#endif
#ifndef SYS_file_getattr
#define SYS_file_getattr 468
#define SYS_file_setattr 469
#endif

/*
 * How often a storm's signals come, in microseconds. With a tracer each takes as long as a few stops, and
 * where the next is there already nothing else gets done.
 */
__attribute__((unused)) static long storm_interval(void)
{
	const char *wish = getenv("PROOT_TEST_STORM");

	return wish ? atol(wish) : 50;
}

/* Print at once: it may be a signal handler that speaks, or a process about to be replaced. */
__attribute__((format(printf, 1, 2), unused)) static void say(const char *format, ...)
{
	char line[3 * PATH_MAX];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (length >= (int)sizeof(line))
		length = sizeof(line) - 1;
	if (write(1, line, (size_t)length) != length)
		_exit(99);
}

/* The result as text: a number, or the error's name. */
__attribute__((unused)) static const char *show(long result)
{
	static char texts[8][24];
	static unsigned int next;
	char *text = texts[next++ % 8];
	const char *name = result < 0 && result > -4096 ? strerrorname_np((int)-result) : NULL;

	if (name)
		return name;
	snprintf(text, sizeof(texts[0]), "%ld", result);
	return text;
}

/* 0, or the error's name: for results whose number means nothing. */
__attribute__((unused)) static const char *show_success(long result)
{
	return result < 0 ? show(result) : "done";
}

/* A system call as the kernel answers it: negative errno. */
__attribute__((unused)) static long call_6(long number, long a, long b, long c, long d, long e, long f)
{
	long result = syscall(number, a, b, c, d, e, f);

	return result == -1 ? -errno : result;
}

#define CALL_FILL(number, a, b, c, d, e, f, ...) \
	call_6(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define CALL(number, ...) CALL_FILL(number, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

/* Stop: the test itself has met something it did not expect. */
#define MUST(condition) \
	do { \
		if (!(condition)) { \
			say("%s:%d: not so: %s (%s)\n", __FILE__, __LINE__, #condition, strerrorname_np(errno)); \
			_exit(98); \
		} \
	} while (0)

/* A path as it is printed: long ones by their length and end. */
__attribute__((unused)) static const char *show_path(const char *path)
{
	static char texts[4][64 + 256];
	static unsigned int next;
	char *text = texts[next++ % 4];
	size_t length;

	if (!path)
		return "NULL";
	length = strlen(path);
	if (length > 200)
		snprintf(text, sizeof(texts[0]), "[%zu bytes]...%s", length, path + length - 20);
	else
		snprintf(text, sizeof(texts[0]), "\"%s\"", path);
	return text;
}

/*
 * Bad memory
 */

/* SIZE bytes at the end of a page, with a page behind that can't be touched. */
__attribute__((unused)) static void *page_end(size_t size)
{
	size_t room = (size + PAGE - 1) / PAGE * PAGE + PAGE;
	char *pages = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	MUST(pages != MAP_FAILED && !mprotect(pages + room - PAGE, PAGE, PROT_NONE));
	return pages + room - PAGE - size;
}

/* TEXT copied to the end of a page, its NUL the last byte, or, with TERMINATED false, without one. */
__attribute__((unused)) static char *text_at_page_end(const char *text, bool terminated)
{
	size_t size = strlen(text) + terminated;

	return memcpy(page_end(size), text, size);
}

/* An address range without memory. */
__attribute__((unused)) static void *no_memory(void)
{
	static char *hole;

	if (!hole) {
		hole = mmap(NULL, 4 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		MUST(hole != MAP_FAILED && !munmap(hole, 4 * PAGE));
	}
	return hole + PAGE;
}

/* A page that can be read, but not written. */
__attribute__((unused)) static void *read_only_page(void)
{
	char *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	MUST(page != MAP_FAILED);
	return page;
}

/*
 * Sweeps: one call with each of many paths, relative to each of many directories
 */

typedef long path_call(int directory, const char *path);

static const char *const absolute_paths[] = {
	"/",
	"//",
	"/.",
	"/..",
	"/../..",
	"/./",
	"/../",
	"/file",
	"/file/",
	"/file/.",
	"/file/..",
	"/file/x",
	"//file",
	"/./file",
	"/../file",
	"/dir",
	"/dir/",
	"/dir/.",
	"/dir/..",
	"/dir/../file",
	"/dir/./file",
	"/dir//file",
	"/dir/file",
	"/dir/missing",
	"/missing",
	"/missing/",
	"/missing/.",
	"/missing/x",
	"/missing/..",
	"/link-file",
	"/link-file/",
	"/link-file/.",
	"/link-abs",
	"/link-dir",
	"/link-dir/",
	"/link-dir/.",
	"/link-dir/..",
	"/link-dir/file",
	"/link-dir-abs",
	"/link-dir-abs/",
	"/link-dir-abs/file",
	"/dangling",
	"/dangling/",
	"/dangling/x",
	"/loop",
	"/loop/",
	"/loop/x",
	"/loop-a",
	"/link-out",
	"/link-dot/link-dot/file",
	"/link-up/file",
	"/fifo",
	"/fifo/",
	"/socket",
	"/socket/x",
	"/unreadable",
	"/closed",
	"/closed/",
	"/closed/.",
	"/closed/..",
	"/closed/file",
	"/closed/missing",
	"/closed/sub/../file",
	"/hidden/file",
	"/hidden",
	"/bound",
	"/bound/",
	"/bound/.",
	"/bound/..",
	"/bound/inner",
	"/bound/covered",
	"/bound/../file",
	"/bound/sub",
	"/bound/sub/../inner",
	"/bound/sub/again",
	"/bound/sub/again/",
	"/bound/sub/again/innermost",
	"/bound/sub/again/..",
	"/bound/sub/again/../file",
	"/bound/sub/again/../../../file",
	"/bound/up-link",
	"/bound/abs-link",
	"/bound/back-link",
	"/bound/back-link/file",
	"/bound-file",
	"/bound-file/",
	"/bound-file/.",
	"/bound-file/..",
	"/bound-file/x",
	"/dir/mount",
	"/dir/mount/",
	"/dir/mount/..",
	"/dir/mount/in",
	"/dir/mount/../file",
	"/link-bound",
	"/link-mount",
	"/link-mount/",
	"/link-mount/..",
	"/link-bound-file",
	"/link-bound-file/",
	"/chain40",
	"/chain41",
	"/dir/sub/mount/in/../../..",
	"/roots",
};

static const char *const relative_paths[] = {
	"file",
	"./file",
	"../file",
	"dir/file",
	"sub",
	"sub/",
	"sub/..",
	"sub/../file",
	".",
	"..",
	"./",
	"../",
	"missing",
	"missing/x",
	"../../../../file",
	"again",
	"again/innermost",
	"mount",
	"mount/",
	"mount/..",
	"mount/../file",
	"link-file",
	"link-abs",
	"link-dir/",
	"up-link",
	"loop",
	"inner/..",
	"x/..",
};

/* Where relative paths start from; -3 to -1 are descriptors that are none. */
struct start {
	const char *name;
	int fd;
};

static struct start starts[16];
static unsigned int start_count;

static void add_start(const char *name, const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	starts[start_count++] = (struct start){ name, fd };
}

__attribute__((unused)) static void open_starts(void)
{
	if (start_count)
		return;
	starts[start_count++] = (struct start){ "CWD", AT_FDCWD };
	add_start("ROOT", "/", O_PATH);
	add_start("DIR", "/dir", O_RDONLY | O_DIRECTORY);
	add_start("BOUND", "/bound", O_RDONLY | O_DIRECTORY);
	add_start("BOUND/SUB", "/bound/sub", O_PATH);
	add_start("MOUNT", "/dir/mount", O_RDONLY);
	add_start("FILE", "/file", O_RDONLY);
	add_start("PATH", "/dir/file", O_PATH);
	add_start("LINK", "/link-dir", O_PATH | O_NOFOLLOW);
	add_start("BOUND-FILE", "/bound-file", O_RDONLY);
	starts[start_count++] = (struct start){ "MINUS", -1 };
	starts[start_count++] = (struct start){ "NONE", 1000 };
}

static void sweep_one(const char *name, path_call *call, const struct start *start, const char *path, const char *shown)
{
	long result = call(start->fd, path);

	say("%s %s %s = %s\n", name, start->name, shown ? shown : show_path(path), show(result));
}

/* The strings that are none, and those at the limits. */
static void sweep_strings(const char *name, path_call *call)
{
	const struct start *cwd = &starts[0];
	static char text[2 * PATH_MAX];
	static const int lengths[] = { NAME_MAX, NAME_MAX + 1 };
	static const int whole[] = { PATH_MAX - 2, PATH_MAX - 1, PATH_MAX, PATH_MAX + 1 };

	sweep_one(name, call, cwd, "", NULL);
	sweep_one(name, call, cwd, NULL, NULL);
	sweep_one(name, call, cwd, (const char *)8, "LOW");
	sweep_one(name, call, cwd, no_memory(), "HOLE");
	sweep_one(name, call, cwd, (const char *)-8l, "KERNEL");
	sweep_one(name, call, cwd, text_at_page_end("/file", true), "ENDS");
	sweep_one(name, call, cwd, text_at_page_end("/file", false), "NO END");
	sweep_one(name, call, cwd, text_at_page_end("", true), "EMPTY ENDS");
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		memset(text, 'n', (size_t)lengths[i]);
		text[lengths[i]] = '\0';
		sweep_one(name, call, cwd, text, NULL);
		memmove(text + 1, text, (size_t)lengths[i] + 1);
		text[0] = '/';
		sweep_one(name, call, cwd, text, NULL);
		strcat(text, "/x");
		sweep_one(name, call, cwd, text, NULL);
	}
	for (size_t i = 0; i < ARRAY_SIZE(whole); i++) {
		memset(text, '/', (size_t)whole[i]);
		strcpy(text + whole[i] - 4, "file");
		sweep_one(name, call, cwd, text, NULL);
		for (int at = 0; at < whole[i] - 4; at++)
			text[at] = at % 2 ? '.' : '/';
		text[whole[i] - 5] = '/';
		sweep_one(name, call, cwd, text, NULL);
	}
}

/* A call that takes a path only: what is relative is so to the working directory. */
__attribute__((unused)) static void sweep_path(const char *name, path_call *call)
{
	open_starts();
	for (size_t i = 0; i < ARRAY_SIZE(absolute_paths); i++)
		sweep_one(name, call, &starts[0], absolute_paths[i], NULL);
	for (size_t i = 0; i < ARRAY_SIZE(relative_paths); i++)
		sweep_one(name, call, &starts[0], relative_paths[i], NULL);
	MUST(!chdir("/bound/sub"));
	for (size_t i = 0; i < ARRAY_SIZE(relative_paths); i++)
		sweep_one(name, call, &(struct start){ "IN BOUND/SUB", AT_FDCWD }, relative_paths[i], NULL);
	MUST(!chdir("/"));
	sweep_strings(name, call);
}

/* A call that takes a directory and a path. */
__attribute__((unused)) static void sweep_at(const char *name, path_call *call)
{
	open_starts();
	for (size_t i = 0; i < ARRAY_SIZE(absolute_paths); i++)
		sweep_one(name, call, &starts[i % 2 ? 0 : start_count - 2], absolute_paths[i], NULL);
	for (unsigned int start = 0; start < start_count; start++) {
		for (size_t i = 0; i < ARRAY_SIZE(relative_paths); i++)
			sweep_one(name, call, &starts[start], relative_paths[i], NULL);
		sweep_one(name, call, &starts[start], "", NULL);
		sweep_one(name, call, &starts[start], NULL, NULL);
	}
	sweep_strings(name, call);
}

/* With AT_EMPTY_PATH and its kind: what "" and NULL do with each start. */
__attribute__((unused)) static void sweep_empty(const char *name, path_call *call)
{
	open_starts();
	for (unsigned int start = 0; start < start_count; start++) {
		sweep_one(name, call, &starts[start], "", NULL);
		sweep_one(name, call, &starts[start], NULL, NULL);
		sweep_one(name, call, &starts[start], "file", NULL);
	}
}

/*
 * Data
 */

/* What a stat says that two runs share. The tree's times are before 2001, present ones are not. */
__attribute__((unused)) static void say_stat(const struct stat *status)
{
	say("  %o %u:%u", status->st_mode, status->st_uid, status->st_gid);
	if (!S_ISDIR(status->st_mode))
		say(" %ld bytes %lu links", (long)status->st_size, (unsigned long)status->st_nlink);
	if (status->st_rdev)
		say(" device %lx", (unsigned long)status->st_rdev);
	if (status->st_mtime < 1000000000)
		say(" @%ld", (long)status->st_mtime);
	say("\n");
}

/* Run FUNCTION in a child and say how it ended. */
__attribute__((unused)) static int in_child(void (*function)(void))
{
	pid_t pid = fork();
	int status;

	MUST(pid >= 0);
	if (!pid) {
		function();
		_exit(0);
	}
	MUST(waitpid(pid, &status, 0) == pid);
	if (WIFSIGNALED(status))
		say("  killed by %s\n", sigabbrev_np(WTERMSIG(status)));
	else if (WEXITSTATUS(status))
		say("  exit status %d\n", WEXITSTATUS(status));
	return status;
}

/* The state of the process CHILD, a letter. */
__attribute__((unused)) static char state_of(pid_t child)
{
	char name[64], text[512], *state;
	ssize_t length;
	int fd;

	snprintf(name, sizeof(name), "/proc/%d/stat", child);
	fd = open(name, O_RDONLY);
	length = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[length > 0 ? length : 0] = '\0';
	state = strrchr(text, ')');
	return state ? state[2] : '?';
}

/* Wait until it sleeps in a system call: then it waits for what was asked for. */
__attribute__((unused)) static void wait_until_asleep(pid_t child)
{
	int sleeps = 0;

	for (int tries = 0; tries < 10000 && sleeps < 3; tries++) {
		char state = state_of(child);

		sleeps = state == 'S' ? sleeps + 1 : 0;
		if (state == 'Z')
			return;
		usleep(2000);
	}
}

#endif
