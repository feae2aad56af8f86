/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paths through symbolic links of all kinds, asked about again and again, so that
 * sites are patched and links are known; and what is said of them at once when a link, or what is
 * around it, has changed.
 */
#include "call.h"

#define TIMES 40
#define AT "/tmp/links/"

/* By functions of libc, whose sites can be patched. */
#define OF(call) negate(call)

static long negate(long result)
{
	return result < 0 ? -errno : result;
}

static const char *const paths[] = {
	AT "absolute",
	AT "relative",
	AT "up",
	AT "far",
	AT "directory/file",
	AT "directory/link",
	AT "directory/missing",
	AT "chain1",
	AT "chain1/file",
	AT "dangling",
	AT "dangling/x",
	AT "loop",
	AT "loop/x",
	AT "to/../real/file",
	AT "directory/../real/file",
	AT "slash",
	AT "slash/file",
	AT "absolute/x",
	AT "directory/",
	AT "root",
	AT "root/tmp",
	AT "root" AT "real/file",
	AT "above",
	AT "above/etc",
	AT "dot/file",
	AT "dots/file",
	AT "self",
	AT "mounts",
	AT "bound",
	AT "bound/file",
	AT "deep/er/directory/file",
	AT "long/file",
	AT "real/back/real/file",
	AT "twice//file",
};

static void make_link(const char *target, const char *path)
{
	MUST(!symlink(target, path));
}

static void make_file(const char *path, const char *text)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0644);

	MUST(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && !close(fd));
}

static void make_long(void)
{
	char target[3000] = AT;

	while (strlen(target) < 2800)
		strcat(target, "real/../");
	strcat(target, "real");
	make_link(target, AT "long");
}

static void make_tree(void)
{
	mkdir("/tmp/links", 0755);
	mkdir(AT "real", 0755);
	mkdir(AT "other", 0755);
	mkdir(AT "deep", 0755);
	mkdir(AT "deep/er", 0755);
	make_file(AT "real/file", "real");
	make_file(AT "other/file", "other one");
	make_link(AT "real/file", AT "absolute");
	make_link("real/file", AT "relative");
	make_link("../links/real/file", AT "up");
	make_link("../../../../../../../tmp/links/real/file", AT "far");
	make_link("real", AT "directory");
	make_link("file", AT "real/link");
	make_link("chain2", AT "chain1");
	make_link(AT "chain3", AT "chain2");
	make_link("./directory", AT "chain3");
	make_link("nowhere", AT "dangling");
	make_link("loop", AT "loop");
	make_link("real", AT "to");
	make_link("real/", AT "slash");
	make_link("/", AT "root");
	make_link("../../..", AT "above");
	make_link("./real/.", AT "dot");
	make_link("real/../real", AT "dots");
	make_link("/proc/self", AT "self");
	make_link("/proc/self/mounts", AT "mounts");
	make_link("/bind", AT "bound");
	make_link("../../real", AT "deep/er/directory");
	make_link("..", AT "real/back");
	make_link("real", AT "twice");
	make_long();
}

/* What each call says in the end. All are made equally often before. */
static void say_path(const char *path)
{
	char text[64] = "";
	struct stat status = { 0 };
	struct statx more;
	long fd = OF(open(path, O_RDONLY));

	say("%s: open %s", path + strlen(AT), show_success(fd));
	if (fd >= 0) {
		long length = read((int)fd, text, sizeof(text) - 1);

		say(" %s", length > 0 && !strstr(path, "mounts") ? text : "");
		close((int)fd);
	}
	say(" nofollow %s", show_success(fd = OF(open(path, O_RDONLY | O_NOFOLLOW))));
	close((int)fd);
	say(" write %s", show_success(fd = OF(open(path, O_WRONLY | O_APPEND))));
	close((int)fd);
	say(" stat %s", show(fd = OF(stat(path, &status))));
	if (!fd)
		say(" %o %ld", status.st_mode, S_ISREG(status.st_mode) ? (long)status.st_size : 0);
	say(" lstat %s", show(OF(lstat(path, &status))));
	say(" %o", status.st_mode);
	say(" statx %s", show(OF(statx(AT_FDCWD, path, 0, STATX_TYPE, &more))));
	say(" access %s %s", show(OF(access(path, R_OK))), show(OF(access(path, X_OK))));
	memset(text, 0, sizeof(text));
	say(" readlink %s", show(OF(readlink(path, text, sizeof(text) - 1))));
	say(" %s\n", strstr(path, "self") ? "" : text);
}

/* The same calls, from the same sites, without a word. */
static void warm_up(void)
{
	int out = dup(1), nowhere = open("/dev/null", O_WRONLY);

	dup2(nowhere, 1);
	for (int i = 0; i < TIMES; i++)
		for (size_t j = 0; j < ARRAY_SIZE(paths); j++)
			say_path(paths[j]);
	dup2(out, 1);
	close(out);
	close(nowhere);
}

static void say_all(const char *what)
{
	say("%s\n", what);
	for (int i = 0; i < 3; i++)
		for (size_t j = 0; j < ARRAY_SIZE(paths); j++)
			say_path(paths[j]);
}

/* A path that was right a moment ago. */
static void say_now(const char *what)
{
	say("%s: ", what);
	say_path(AT "directory/file");
	say_path(AT "absolute");
	say_path(AT "chain1/file");
}

static void change_links(void)
{
	say_now("before");
	unlink(AT "directory");
	say_now("removed");
	make_link("other", AT "directory");
	say_now("to another");
	unlink(AT "directory");
	mkdir(AT "directory", 0755);
	make_file(AT "directory/file", "its own");
	say_now("a directory");
	rename(AT "directory", AT "directory2");
	rename(AT "to", AT "directory");
	say_now("renamed");
	rename(AT "real", AT "real2");
	say_now("what it leads to has gone");
	rename(AT "other", AT "real");
	say_now("and is another");
	unlink(AT "absolute");
	make_file(AT "absolute", "a file");
	say_now("a file in place of a link");
	unlink(AT "absolute");
	make_link("absolute", AT "absolute");
	say_now("a loop");
	rename(AT "real", AT "other");
	rename(AT "real2", AT "real");
	unlink(AT "absolute");
	make_link(AT "real/file", AT "absolute");
	say_now("as it was");
}

static void change_modes(void)
{
	chmod(AT "real", 0);
	say_now("what they lead to may not be searched");
	chmod(AT "real", 0755);
	chmod("/tmp/links", 0);
	say_now("nor the directory they are in");
	chmod("/tmp/links", 0400);
	say_now("which may be read");
	chmod("/tmp/links", 0755);
	say_now("all may");
}

/* Another process changes it. */
static void change_from_outside(void)
{
	pid_t child = fork();

	if (!child) {
		unlink(AT "directory");
		make_link("other", AT "directory");
		_exit(0);
	}
	waitpid(child, NULL, 0);
	say_now("changed by a child");
	MUST(!chroot("/tmp/links") || errno == EPERM);
	say_path("/tmp/links/absolute");
}

int main(void)
{
	umask(022);
	make_tree();
	warm_up();
	say_all("known");
	change_links();
	change_modes();
	change_from_outside();
	return 0;
}
