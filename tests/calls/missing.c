/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bindings over places the rootfs does not have: no mount can be made there,
 * so what must be seen is written down in missing.expected, and
 * the bindings in missing.options. The directories
 * above such a place are as if of a read-only file system of their own.
 */
#include "call.h"
#include <dirent.h>
#include <sys/socket.h>
#include <sys/un.h>

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list(const char *path, size_t room)
{
	static char buf[1 << 15] __attribute__((aligned(8)));
	char *names[256];
	size_t count = 0;
	int fd = open(path, O_RDONLY | O_DIRECTORY);
	struct stat status, opened;
	long size, wrong = 0;

	if (fd < 0) {
		say("list %s: %s\n", path, strerrorname_np(errno));
		return;
	}
	while ((size = CALL(SYS_getdents64, fd, buf, room)) > 0)
		for (long at = 0; at < size; at += ((struct dirent64 *)(buf + at))->d_reclen) {
			struct dirent64 *entry = (struct dirent64 *)(buf + at);
			char *line;

			if (fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) && errno != EACCES)
				wrong++;
			else if (entry->d_type != IFTODT(status.st_mode))
				wrong++;
			MUST(asprintf(&line, "%s/%u", entry->d_name, entry->d_type) > 0);
			names[count++] = line;
		}
	qsort(names, count, sizeof(*names), by_name);
	say("list %s: %s, %ld wrong\n ", path, show(size), wrong);
	for (size_t i = 0; i < count; i++)
		if (strncmp(names[i], "chain", 5))
			say(" %s", names[i]);
	say("\n");
	MUST(!CALL(SYS_fstat, fd, &opened) && !stat(path, &status));
	say("  %s\n", opened.st_ino == status.st_ino && opened.st_mode == status.st_mode ? "alike" : "not alike");
	close(fd);
}

static void look(const char *path)
{
	struct stat status;
	long result = CALL(SYS_stat, path, &status);

	say("%s: stat %s %o", path, show(result), result ? 0 : status.st_mode & S_IFMT);
	result = CALL(SYS_lstat, path, &status);
	say(" lstat %s %o", show(result), result ? 0 : status.st_mode & S_IFMT);
	say(" access %s %s %s", show(CALL(SYS_access, path, F_OK)), show(CALL(SYS_access, path, R_OK)),
	    show(CALL(SYS_access, path, X_OK)));
	say(" open %s", show_success(CALL(SYS_open, path, O_RDONLY | O_CLOEXEC)));
	say(" readlink %s\n", show(CALL(SYS_readlink, path, &status, 10)));
}

static void say_cwd(void)
{
	char text[PATH_MAX], link[PATH_MAX];
	long length = CALL(SYS_getcwd, text, sizeof(text)),
	     link_length = CALL(SYS_readlink, "/proc/self/cwd", link, sizeof(link));

	say("  cwd %s, link %.*s\n", length > 0 ? text : show(length), link_length > 0 ? (int)link_length : 0, link);
}

static void walk(const char *from, const char *to)
{
	say("chdir %s", show(CALL(SYS_chdir, from)));
	say(" then %s %s\n", to, show(CALL(SYS_chdir, to)));
	say_cwd();
	MUST(!chdir("/"));
}

static void change(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	say("%s: mkdir %s", path, show(CALL(SYS_mkdir, path, 0700)));
	say(" open %s", show(CALL(SYS_open, path, O_CREAT | O_EXCL | O_WRONLY, 0600)));
	say(" symlink %s", show(CALL(SYS_symlink, "x", path)));
	say(" mknod %s", show(CALL(SYS_mknod, path, S_IFREG | 0600, 0)));
	say(" link %s", show(CALL(SYS_link, "/file", path)));
	say(" rmdir %s", show(CALL(SYS_rmdir, path)));
	say(" unlink %s", show(CALL(SYS_unlink, path)));
	say(" rename %s", show(CALL(SYS_rename, path, "/tmp/renamed")));
	say(" rename to %s", show(CALL(SYS_rename, "/empty", path)));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	say(" bind %s\n", show(CALL(SYS_bind, socket(AF_UNIX, SOCK_STREAM, 0), &address, sizeof(address))));
}

static void alter(const char *path)
{
	say("%s: chmod %s", path, show(CALL(SYS_chmod, path, 0700)));
	say(" chown %s", show(CALL(SYS_chown, path, -1, -1)));
	say(" utimensat %s", show(CALL(SYS_utimensat, AT_FDCWD, path, NULL, 0)));
	say(" truncate %s", show(CALL(SYS_truncate, path, 0)));
	say(" open to write %s", show_success(CALL(SYS_open, path, O_WRONLY | O_CLOEXEC)));
	say(" setxattr %s", show(CALL(SYS_setxattr, path, "user.x", "x", 1, 0)));
	say(" execve %s\n", show(CALL(SYS_execve, path, NULL, NULL)));
}

/* A descriptor of such a directory, and what is relative to it. */
static void open_and_walk(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY), by_path = open(path, O_PATH);
	struct stat status;
	char link[64], text[PATH_MAX];
	long length;

	say("%s: descriptor %s", path, show(CALL(SYS_newfstatat, fd, "place/inner", &status, 0)));
	say(" %s", show(CALL(SYS_newfstatat, fd, "deep/../file", &status, 0)));
	say(" %s", show(CALL(SYS_newfstatat, by_path, "../file", &status, 0)));
	say(" missing %s", show(CALL(SYS_newfstatat, fd, "missing", &status, 0)));
	say(" make %s", show(CALL(SYS_mkdirat, fd, "made", 0700)));
	say(" fchdir %s\n", show(CALL(SYS_fchdir, by_path)));
	say_cwd();
	MUST(!chdir("/"));
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = CALL(SYS_readlink, link, text, sizeof(text));
	say("  link %.*s", length > 0 ? (int)length : 0, text);
	strcat(link, "/../dir/file");
	say(" behind it %s\n", show(CALL(SYS_stat, link, &status)));
	close(fd);
	close(by_path);
}

int main(void)
{
	static const char *const lists[] = { "/",	  "/new",   "/new/deep",    "/new/deep/place", "/dir",
					     "/dir/also", "/bound", "/bound/extra", "/bound/extra/x" };
	static const char *const looks[] = { "/new",
					     "/new/",
					     "/new/.",
					     "/new/..",
					     "/new/deep",
					     "/new/deep/place",
					     "/new/deep/place/inner",
					     "/new/file",
					     "/new/file/",
					     "/new/missing",
					     "/new/deep/place/up-link",
					     "/new/deep/place/..",
					     "/dir/also",
					     "/dir/also/innermost",
					     "/dir/also/../file",
					     "/bound/extra",
					     "/bound/extra/x/in",
					     "/bound/extra/x/../../inner",
					     "/new/deep/place/extra" };
	static const char *const changes[] = { "/new",		 "/new/deep",	   "/new/deep/place", "/new/file",
					       "/new/made",	 "/new/deep/made", "/dir/also",	      "/bound/extra",
					       "/bound/extra/x", "/bound/extra/y" };

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		list(lists[i], 1 << 15);
		list(lists[i], 64);
	}
	for (size_t i = 0; i < ARRAY_SIZE(looks); i++)
		look(looks[i]);
	walk("/new", "deep");
	walk("/new/deep", "..");
	walk("/new/deep/place", "..");
	walk("/new/deep/place/sub", "../..");
	walk("/new/deep", "../..");
	walk("/bound/extra/x", "../../sub");
	open_and_walk("/new");
	open_and_walk("/new/deep");
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
		change(changes[i]);
	alter("/new");
	alter("/new/deep");
	say("made inside: %s", show(CALL(SYS_mkdir, "/new/deep/place/made", 0700)));
	say(" %s\n", show(CALL(SYS_rename, "/new/deep/place/made", "/new/deep/place/sub/moved")));
	say("across: %s %s\n", show(CALL(SYS_rename, "/new/deep/place/inner", "/tmp/inner")),
	    show(CALL(SYS_link, "/new/file", "/tmp/file")));
	return 0;
}
