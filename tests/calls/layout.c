/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree the programs of this folder run in.
 *
 *	layout DIRECTORY UID
 *
 * makes DIRECTORY/root, and DIRECTORY/{bound,nested,mount,file}, which are
 * bound to /bound, /bound/sub/again, /dir/mount and /bound-file; the others are
 * for missing.c.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

enum kind { DIRECTORY, FILE_WITH, LINK_TO, FIFO, SOCKET };

static const struct {
	const char *path;
	enum kind kind;
	const char *text;
	mode_t mode;
} layout[] = {
	{ "root", DIRECTORY, NULL, 0755 },
	{ "root/proc", DIRECTORY, NULL, 0755 },
	{ "root/dev", DIRECTORY, NULL, 0755 },
	{ "root/dev/null", FILE_WITH, "", 0666 },
	{ "root/tests", DIRECTORY, NULL, 0755 },
	{ "root/lib64", DIRECTORY, NULL, 0755 },
	{ "root/tmp", DIRECTORY, NULL, 01777 },
	{ "root/dir", DIRECTORY, NULL, 0755 },
	{ "root/dir/file", FILE_WITH, "file in dir\n", 0644 },
	{ "root/dir/sub", DIRECTORY, NULL, 0755 },
	{ "root/dir/sub/deep", FILE_WITH, "deep\n", 0600 },
	{ "root/dir/mount", DIRECTORY, NULL, 0755 },
	{ "root/file", FILE_WITH, "the file\n", 0644 },
	{ "root/empty", FILE_WITH, "", 0600 },
	{ "root/link-file", LINK_TO, "file", 0 },
	{ "root/link-abs", LINK_TO, "/dir/file", 0 },
	{ "root/link-dir", LINK_TO, "dir", 0 },
	{ "root/link-dir-abs", LINK_TO, "/dir", 0 },
	{ "root/dangling", LINK_TO, "nowhere", 0 },
	{ "root/loop", LINK_TO, "loop", 0 },
	{ "root/loop-a", LINK_TO, "loop-b", 0 },
	{ "root/loop-b", LINK_TO, "loop-a", 0 },
	{ "root/link-out", LINK_TO, "../../../../file", 0 },
	{ "root/link-dot", LINK_TO, ".", 0 },
	{ "root/link-up", LINK_TO, "..", 0 },
	{ "root/link-bound", LINK_TO, "bound/inner", 0 },
	{ "root/link-mount", LINK_TO, "/dir/mount", 0 },
	{ "root/link-bound-file", LINK_TO, "bound-file", 0 },
	{ "root/fifo", FIFO, NULL, 0644 },
	{ "root/socket", SOCKET, NULL, 0755 },
	{ "root/unreadable", FILE_WITH, "nobody reads this\n", 0 },
	{ "root/closed", DIRECTORY, NULL, 0644 },
	{ "root/closed/file", FILE_WITH, "closed in\n", 0644 },
	{ "root/closed/sub", DIRECTORY, NULL, 0755 },
	{ "root/hidden", DIRECTORY, NULL, 0311 },
	{ "root/hidden/file", FILE_WITH, "hidden\n", 0644 },
	{ "root/roots", FILE_WITH, "root's\n", 0640 },
	{ "root/bound", DIRECTORY, NULL, 0755 },
	{ "root/bound/covered", FILE_WITH, "covered\n", 0644 },
	{ "root/bound-file", FILE_WITH, "covered too\n", 0644 },
	{ "bound", DIRECTORY, NULL, 0755 },
	{ "bound/inner", FILE_WITH, "inner\n", 0644 },
	{ "bound/sub", DIRECTORY, NULL, 0755 },
	{ "bound/sub/file", FILE_WITH, "file in sub\n", 0644 },
	{ "bound/sub/again", DIRECTORY, NULL, 0755 },
	{ "bound/up-link", LINK_TO, "../file", 0 },
	{ "bound/abs-link", LINK_TO, "/file", 0 },
	{ "bound/back-link", LINK_TO, "/dir", 0 },
	{ "nested", DIRECTORY, NULL, 0755 },
	{ "nested/innermost", FILE_WITH, "innermost\n", 0644 },
	{ "mount", DIRECTORY, NULL, 0755 },
	{ "mount/in", FILE_WITH, "in the mount\n", 0644 },
	{ "file", FILE_WITH, "the bound file\n", 0644 },
	/* For places the root does not have (missing.c). */
	{ "place", DIRECTORY, NULL, 0755 },
	{ "place/inner", FILE_WITH, "inner\n", 0644 },
	{ "place/sub", DIRECTORY, NULL, 0755 },
	{ "place/up-link", LINK_TO, "../../file", 0 },
	{ "also", DIRECTORY, NULL, 0755 },
	{ "also/innermost", FILE_WITH, "innermost\n", 0644 },
	{ "extra", DIRECTORY, NULL, 0755 },
	{ "extra/in", FILE_WITH, "in\n", 0644 },
	{ "another", FILE_WITH, "another file\n", 0644 },
};

#define COUNT (sizeof(layout) / sizeof(*layout))

static void make_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		err(1, "%s", path);
	close(fd);
}

static void make_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)))
		err(1, "%s", path);
	close(fd);
}

static void make(size_t index)
{
	const char *path = layout[index].path, *text = layout[index].text;
	int status = 0;

	switch (layout[index].kind) {
	case DIRECTORY:
		status = mkdir(path, 0700);
		break;
	case FILE_WITH:
		make_file(path, text);
		break;
	case LINK_TO:
		status = symlink(text, path);
		break;
	case FIFO:
		status = mkfifo(path, 0600);
		break;
	case SOCKET:
		make_socket(path);
	}
	if (status)
		err(1, "%s", path);
}

/* Owner, mode and time; from the last to the first, for a directory's contents change its time. */
static void finish(size_t index, uid_t uid)
{
	struct timespec times[2] = { { .tv_sec = 1000 + (long)index }, { .tv_sec = 1000 + (long)index } };
	const char *path = layout[index].path;

	if (strcmp(path, "root/roots") && lchown(path, uid, uid))
		err(1, "chown %s", path);
	if (layout[index].kind != LINK_TO && chmod(path, layout[index].mode))
		err(1, "chmod %s", path);
	if (utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW))
		err(1, "utimensat %s", path);
}

/* /chainN is a path of N links to /file. */
static void make_chain(void)
{
	char name[32], target[32];

	for (int i = 1; i <= 41; i++) {
		snprintf(name, sizeof(name), "root/chain%d", i);
		snprintf(target, sizeof(target), i == 1 ? "file" : "chain%d", i - 1);
		if (symlink(target, name))
			err(1, "%s", name);
	}
}

int main(int argc, char **argv)
{
	uid_t uid;

	if (argc != 3)
		errx(2, "usage: layout DIRECTORY UID");
	umask(0);
	uid = (uid_t)atol(argv[2]);
	if (chdir(argv[1]))
		err(1, "%s", argv[1]);
	for (size_t i = 0; i < COUNT; i++)
		make(i);
	make_chain();
	setxattr("root/file", "user.kept", "value", 5, 0);
	setxattr("bound/inner", "user.bound", "bound", 5, 0);
	for (size_t i = COUNT; i-- > 0;)
		finish(i, uid);
	return 0;
}
