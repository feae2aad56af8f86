/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The links of /proc/self, of its threads and of other processes: read, with
 * sizes, followed, opened, and what is relative to them.
 */
#include "call.h"
#include <pthread.h>

static const char *const links[] = { "exe",   "cwd",   "root",	"fd/10", "fd/11", "fd/12",
				     "fd/13", "fd/14", "fd/15", "fd/16", "fd/17" };

static void say_link(const char *path)
{
	char text[PATH_MAX];
	long length = CALL(SYS_readlink, path, text, sizeof(text));

	say("  readlink %s = %s", path, length < 0 ? show(length) : "");
	if (length < 0) {
		say("\n");
		return;
	}
	text[length] = '\0';
	/* Pipes, sockets and the like by number, memfds and what is outside by name. */
	say("'%.*s'\n", strchr(text, '[') ? (int)(strchr(text, '[') - text) : (int)length, text);
}

static void look(const char *directory)
{
	char path[PATH_MAX];
	struct stat status;
	long result;

	say("%s\n", directory);
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, links[i]);
		say_link(path);
		result = CALL(SYS_stat, path, &status);
		if (!strcmp(links[i], "exe")) {
			say("  stat %s: %s %o\n", links[i], show(result), status.st_mode);
			continue;
		}
		say("  stat %s: %s %o", links[i], show(result), result ? 0 : status.st_mode);
		result = CALL(SYS_lstat, path, &status);
		say(" lstat %s %o", show(result), result ? 0 : status.st_mode & S_IFMT);
		result = CALL(SYS_access, path, R_OK);
		say(" access %s", show(result));
		result = CALL(SYS_open, path, O_RDONLY | O_NONBLOCK);
		say(" open %s", show_success(result));
		if (result >= 0)
			close((int)result);
		result = CALL(SYS_open, path, O_PATH | O_NOFOLLOW);
		say(" nofollow %s", show_success(result));
		if (result >= 0)
			close((int)result);
		strcat(path, "/");
		say(" slash %s", show(CALL(SYS_stat, path, &status)));
		strcat(path, "file");
		say(" file %s", show(CALL(SYS_stat, path, &status)));
		strcpy(strrchr(path, '/'), "/../file");
		say(" ../file %s", show(CALL(SYS_stat, path, &status)));
		strcpy(strstr(path, "/../file"), "/sub/../file");
		say(" sub/../file %s", show(CALL(SYS_stat, path, &status)));
		strcpy(strstr(path, "/sub/../file"), "/mount/../file");
		say(" mount/../file %s\n", show(CALL(SYS_stat, path, &status)));
	}
}

static void *look_from_thread(void *unused)
{
	char path[64];

	look("/proc/thread-self");
	snprintf(path, sizeof(path), "/proc/self/task/%ld", (long)syscall(SYS_gettid));
	say("task:");
	strcat(path, "/cwd");
	say_link("/proc/thread-self/cwd");
	return unused;
}

static void keep(int number, int fd)
{
	MUST(fd >= 0 && dup2(fd, number) == number && !close(fd));
}

/* Another process: a child that waits, in a directory of its own, and its exe. */
static void look_at_child(const char *program)
{
	int ready[2], end[2];
	char path[64], byte;
	pid_t pid;

	MUST(!pipe(ready) && !pipe(end));
	fflush(stdout);
	pid = fork();
	if (!pid) {
		char *arguments[] = { "show", "wait", NULL };

		close(end[1]);
		MUST(!chdir("/bound/sub"));
		if (program) {
			MUST(!dup2(end[0], 0) && dup2(ready[1], 3) == 3);
			execv(program, arguments);
			_exit(97);
		}
		MUST(write(ready[1], "x", 1) == 1);
		_exit(read(end[0], &byte, 1) != 0);
	}
	close(ready[1]);
	MUST(read(ready[0], &byte, 1) == 1);
	say("child\n");
	for (int i = 0; i < 3; i++) {
		char text[PATH_MAX];
		long length;

		snprintf(path, sizeof(path), "/proc/%d/%s", pid, links[i]);
		length = CALL(SYS_readlink, path, text, sizeof(text));
		say("  %s = %s %.*s\n", links[i], show_success(length), length > 0 ? (int)length : 0, text);
	}
	close(end[1]);
	close(ready[0]);
	MUST(waitpid(pid, NULL, 0) == pid);
}

static void try_sizes(const char *path)
{
	char text[64];

	for (long size = 1; size < 14; size += 3) {
		memset(text, '#', sizeof(text));
		say("readlink %s %ld = %s '%.14s'\n", path, size, show(CALL(SYS_readlink, path, text, size)), text);
	}
}

int main(void)
{
	int directory;
	pthread_t thread;
	struct stat status, other;

	MUST(!chdir("/dir"));
	keep(10, open("/bound/inner", O_RDWR));
	keep(11, open("/bound/sub/again", O_RDONLY));
	keep(12, open("/dir", O_PATH));
	keep(13, open("/", O_PATH));
	keep(14, open("/link-dir", O_PATH | O_NOFOLLOW));
	keep(15, open("/tmp/removed", O_CREAT | O_RDWR, 0600));
	MUST(!unlink("/tmp/removed"));
	MUST(!mkdir("/tmp/gone", 0700));
	keep(16, open("/tmp/gone", O_RDONLY));
	MUST(!rmdir("/tmp/gone"));
	keep(17, open("/dev/null", O_RDWR));
	look("/proc/self");
	look("/proc/thread-self");
	look("/proc/../proc/./self");
	MUST(!pthread_create(&thread, NULL, look_from_thread, NULL) && !pthread_join(thread, NULL));
	try_sizes("/proc/self/exe");
	try_sizes("/proc/self/cwd");
	try_sizes("/proc/self/fd/11");
	look_at_child(NULL);
	look_at_child("/tests/show");
	look_at_child("/link-dir/../tests/show-dynamic");
	directory = open("/proc/self", O_RDONLY | O_DIRECTORY);
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		char text[PATH_MAX];
		long length = CALL(SYS_readlinkat, directory, links[i], text, sizeof(text));

		say("readlinkat SELF %s = %s '%.*s'\n", links[i], show_success(length), length > 0 ? (int)length : 0,
		    text);
	}
	MUST(!fstat(directory, &status));
	directory = open("/proc/self/fd", O_RDONLY | O_DIRECTORY);
	for (int fd = 10; fd < 18; fd++) {
		char number[8], text[PATH_MAX];
		long length;

		snprintf(number, sizeof(number), "%d", fd);
		length = CALL(SYS_readlinkat, directory, number, text, sizeof(text));
		say("readlinkat FD %d = %s '%.*s'", fd, show_success(length), length > 0 ? (int)length : 0, text);
		say(" same %d\n", !fstatat(directory, number, &status, 0) && !fstat(fd, &other) &&
					  status.st_ino == other.st_ino && status.st_dev == other.st_dev);
	}
	say("write by descriptor %s\n", show(CALL(SYS_truncate, "/proc/self/fd/10", 3)));
	say("link of removed %s\n",
	    show(CALL(SYS_linkat, AT_FDCWD, "/proc/self/fd/10", AT_FDCWD, "/bound/linked", AT_SYMLINK_FOLLOW)));
	say("execute exe %s\n", show(CALL(SYS_access, "/proc/self/exe", X_OK)));
	say("remove %s %s %s\n", show(CALL(SYS_unlink, "/proc/self/exe")), show(CALL(SYS_rmdir, "/proc/self/fd")),
	    show(CALL(SYS_rename, "/proc/self/exe", "/tmp/exe")));
	say("chdir cwd %s", show(CALL(SYS_chdir, "/proc/self/cwd")));
	say_link("/proc/self/cwd");
	say("chdir fd %s", show(CALL(SYS_chdir, "/proc/self/fd/11")));
	say_link("/proc/self/cwd");
	say("chdir root %s", show(CALL(SYS_chdir, "/proc/self/root")));
	say_link("/proc/self/cwd");
	say("chdir root/dir %s", show(CALL(SYS_chdir, "/proc/self/root/dir")));
	say_link("/proc/self/cwd");
	say("chdir fd/16 %s", show(CALL(SYS_chdir, "/proc/self/fd/16")));
	say_link("/proc/self/cwd");
	return 0;
}
