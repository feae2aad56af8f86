/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc seen at another place, /hidden: its links and files, by path, descriptor
 * and link; programs executed by its links; /dev/fd and /dev/stdin.
 */
#include "call.h"

static const char *const ways[] = {
	"/hidden/self", "/hidden/thread-self",		 "/hidden/../hidden/./self", "/tmp/proc/self",
	"/tmp/here",	"/hidden/self/root/hidden/self", "/hidden/self/task/../",    "/proc/self/root/hidden/self",
};

static void say_link(const char *way, const char *name)
{
	char path[PATH_MAX], text[PATH_MAX];
	struct stat status;
	long length;

	snprintf(path, sizeof(path), "%s/%s", way, name);
	length = CALL(SYS_readlink, path, text, sizeof(text));
	say("  %s %s %.*s", name, show_success(length), length > 0 ? (int)length : 0, text);
	length = CALL(SYS_stat, path, &status);
	say(" stat %s %o", show(length), length ? 0 : status.st_mode & S_IFMT);
	length = CALL(SYS_lstat, path, &status);
	say(" lstat %s %o", show(length), length ? 0 : status.st_mode & S_IFMT);
	strcat(path, "/file");
	say(" file %s", show(CALL(SYS_stat, path, &status)));
	strcpy(strrchr(path, '/'), "/../file");
	say(" ../file %s\n", show(CALL(SYS_stat, path, &status)));
}

static bool names(const char *way, const char *name, const char *wanted)
{
	static char text[1 << 16];
	char path[PATH_MAX];
	long length = 0, got;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", way, name);
	fd = open(path, O_RDONLY);
	while (fd >= 0 && (got = read(fd, text + length, sizeof(text) - 1 - (size_t)length)) > 0)
		length += got;
	text[length] = '\0';
	close(fd);
	return strstr(text, wanted);
}

static void execute(const char *path)
{
	char *arguments[] = { "true", NULL };
	int status;
	pid_t pid = fork();

	if (!pid) {
		execv(path, arguments);
		_exit(100);
	}
	MUST(waitpid(pid, &status, 0) == pid);
	say("execute %s %d\n", path, status);
}

/* What a program reads from /dev/stdin and its like. */
static void say_input(const char *path)
{
	char text[16] = "";
	int ends[2], fd;

	MUST(!pipe(ends) && write(ends[1], "input", 5) == 5 && !close(ends[1]) && dup2(ends[0], 0) == 0);
	close(ends[0]);
	fd = open(path, O_RDONLY);
	say("%s %s %s\n", path, show_success(fd < 0 ? -errno : fd), fd >= 0 && read(fd, text, 15) > 0 ? text : "");
	close(fd);
}

int main(void)
{
	int directory, self, program;
	char path[64];

	MUST(!chdir("/dir") && !symlink("/hidden", "/tmp/proc") && !symlink("/hidden/self", "/tmp/here"));
	MUST(!symlink("/hidden/self/fd", "/tmp/fd") && !symlink("fd/0", "/tmp/stdin") &&
	     !symlink("/hidden/self/fd/0", "/tmp/in"));
	MUST(open("/bound/inner", O_RDONLY) == 3 && open("/dir", O_RDONLY) == 4);
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		say("%s\n", ways[i]);
		say_link(ways[i], "exe");
		say_link(ways[i], "cwd");
		say_link(ways[i], "root");
		say_link(ways[i], "fd/3");
		say_link(ways[i], "fd/4");
		say("  maps %d mounts %d status %d\n", names(ways[i], "maps", " /tests/proc_elsewhere\n"),
		    names(ways[i], "mounts", " /bound/sub/again "), names(ways[i], "status", "Seccomp:\t0"));
	}
	directory = open("/hidden", O_RDONLY);
	self = open("/hidden/self", O_PATH);
	for (int i = 0; i < 3; i++) {
		static const char *const links[] = { "exe", "cwd", "fd/4" };
		char text[PATH_MAX], name[64];
		long length = CALL(SYS_readlinkat, self, links[i], text, sizeof(text));

		say("self %s %.*s", links[i], length > 0 ? (int)length : 0, text);
		snprintf(name, sizeof(name), "self/%s", links[i]);
		length = CALL(SYS_readlinkat, directory, name, text, sizeof(text));
		say(" %.*s\n", length > 0 ? (int)length : 0, text);
	}
	program = open("/tests/true", O_RDONLY);
	snprintf(path, sizeof(path), "/hidden/self/fd/%d", program);
	execute(path);
	snprintf(path, sizeof(path), "/tmp/fd/%d", program);
	execute(path);
	execute("/hidden/self/root/tests/true");
	execute("/hidden/self/cwd/../tests/true");
	execute("/tmp/here/root/tests/true");
	execute("/hidden/self/fd/3");
	execute("/hidden/self/fd/4");
	say("descriptor %s\n", show(CALL(SYS_execveat, directory, "self/root/tests/missing", NULL, NULL, 0)));
	say_input("/hidden/self/fd/0");
	say_input("/tmp/fd/0");
	say_input("/tmp/stdin");
	say_input("/tmp/in");
	say("chdir %s", show(CALL(SYS_chdir, "/hidden/self/fd/4")));
	say_link("/hidden/self", "cwd");
	say("chdir %s", show(CALL(SYS_chdir, "/tmp/here/root/bound/sub")));
	say_link("/hidden/self", "cwd");
	return 0;
}
