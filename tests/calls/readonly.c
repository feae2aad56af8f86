/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A read-only mount, /dir/sub: every call that would change something there, by
 * paths, descriptors and links of /proc, and those that would not. /tmp is the
 * same directory, where it can be changed; /dir/sub/sub is another mount below it; /empty
 * is a file (readonly.bindings).
 */
#include "call.h"
#include <linux/openat2.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/un.h>

#ifndef DENIED
#define DENIED 0
#define SHUT 0600
#endif
#define SIZE(paths) (sizeof(paths) / sizeof(*(paths)))

/* Made in /tmp, to be met in /dir/sub. */
static void make_files(void)
{
	static const struct timespec times[2] = { { .tv_sec = 4711 }, { .tv_sec = 4712 } };
	static const char *const names[] = { "made/file", "made/denied", "made/fifo", "made/dir",     "made/link",
					     "made/dead", "made/shut",	 "made/out",  "made/out-dir", "made" };
	int fd;

	umask(0);
	MUST(!mkdir("/tmp/made", 0755) && !mkdir("/tmp/made/dir", 0755) && !mkdir("/tmp/made/shut", SHUT) &&
	     !mkfifo("/tmp/made/fifo", 0666));
	MUST(!symlink("file", "/tmp/made/link") && !symlink("nowhere", "/tmp/made/dead"));
	MUST(!symlink("/file", "/tmp/made/out") && !symlink("/dir", "/tmp/made/out-dir"));
	for (int i = 0; i < 2; i++) {
		fd = open(i ? "/tmp/made/denied" : "/tmp/made/file", O_WRONLY | O_CREAT | O_EXCL, i ? DENIED : 0644);
		MUST(fd >= 0 && write(fd, "text\n", 5) == 5 && !close(fd));
	}
	MUST(!chdir("/tmp"));
	for (size_t i = 0; i < SIZE(names); i++)
		MUST(!utimensat(AT_FDCWD, names[i], times, AT_SYMLINK_NOFOLLOW));
	MUST(!chdir("/"));
}

static void say_files(void)
{
	static const char *const names[] = { "/dir/sub",
					     "/dir/sub/inner",
					     "/dir/sub/made",
					     "/dir/sub/made/file",
					     "/dir/sub/made/denied",
					     "/dir/sub/made/fifo",
					     "/dir/sub/made/dir",
					     "/dir/sub/made/link",
					     "/dir/sub/made/dead",
					     "/empty",
					     "/dir/sub/sub",
					     "/dir/sub/sub/in" };
	struct stat status;

	for (size_t i = 0; i < SIZE(names); i++) {
		long result = CALL(SYS_lstat, names[i], &status);

		say("%s %s\n", names[i], show(result));
		if (!result)
			say_stat(&status);
	}
}

/* Each is also tried relative to /dir/sub. */
static const char *const paths[] = {
	"inner",
	"inner/",
	"inner/x",
	"inner/x/",
	"made/shut",
	"made/shut/x",
	"made",
	"made/",
	"made/.",
	"made/..",
	"made/file",
	"made/file/",
	"made/denied",
	"made/fifo",
	"made/dir",
	"made/dir/",
	"made/link",
	"made/link/",
	"made/dead",
	"made/dead/",
	"made/out",
	"made/out-dir",
	"made/out-dir/file",
	"missing",
	"missing/",
	"missing/.",
	"missing/x",
	"made/missing",
	"sub",
	"sub/",
	"sub/in",
	"sub/in/x",
	"sub/../inner",
	"sub/missing",
	"../file",
	"up-link",
	".",
	"..",
	"./",
	"",
	"./../sub/inner",
};

static const char *const absolute[] = { "/dir/sub", "/dir/sub/", "/dir/sub/.", "/dir/sub/..", "/empty", "/empty/" };

typedef void try_path(const char *shown, const char *path);

static void with_paths(const char *what, try_path *try)
{
	char path[PATH_MAX];

	say("%s\n", what);
	for (size_t i = 0; i < SIZE(absolute); i++)
		try(absolute[i], absolute[i]);
	for (size_t i = 0; i < SIZE(paths); i++) {
		snprintf(path, sizeof(path), "/dir/sub/%s", paths[i]);
		try(path, path);
	}
	MUST(!chdir("/dir/sub"));
	for (size_t i = 0; i < SIZE(paths); i++)
		try(paths[i], paths[i]);
	MUST(!chdir("/"));
}

static void try_modes(const char *shown, const char *path)
{
	say("  %s chmod %s fchmodat2 %s", shown, show(CALL(SYS_chmod, path, 0755)),
	    show(CALL(SYS_fchmodat2, AT_FDCWD, path, 0755, AT_SYMLINK_NOFOLLOW)));
	say(" flags %s", show(CALL(SYS_fchmodat2, AT_FDCWD, path, 0755, 0x8000)));
	say(" chown %s lchown %s", show(CALL(SYS_chown, path, -1, -1)), show(CALL(SYS_lchown, path, -1, -1)));
	say(" to another %s", show(CALL(SYS_fchownat, AT_FDCWD, path, 77, 77, 0)));
	say(" flags %s\n", show(CALL(SYS_fchownat, AT_FDCWD, path, -1, -1, 0x8000)));
}

static void try_times(const char *shown, const char *path)
{
	static const struct timespec fixed[2] = { { .tv_sec = 4711 }, { .tv_sec = 4712 } };
	static const struct timespec omit[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_OMIT } };
	static const struct timespec bad[2] = { { .tv_nsec = 1000000000 }, { .tv_nsec = 0 } };
	static const struct timeval bad_old[2] = { { .tv_usec = 1000000 }, { .tv_usec = 0 } };
	static const struct timeval old[2] = { { .tv_sec = 4711 }, { .tv_sec = 4712 } };

	say("  %s fixed %s", shown, show(CALL(SYS_utimensat, AT_FDCWD, path, fixed, 0)));
	say(" omit %s", show(CALL(SYS_utimensat, AT_FDCWD, path, omit, 0)));
	say(" bad %s", show(CALL(SYS_utimensat, AT_FDCWD, path, bad, 0)));
	say(" nowhere %s", show(CALL(SYS_utimensat, AT_FDCWD, path, no_memory(), 0)));
	say(" link %s", show(CALL(SYS_utimensat, AT_FDCWD, path, fixed, AT_SYMLINK_NOFOLLOW)));
	say(" flags %s", show(CALL(SYS_utimensat, AT_FDCWD, path, fixed, 0x8000)));
	say(" utimes %s bad %s\n", show(CALL(SYS_utimes, path, old)), show(CALL(SYS_utimes, path, bad_old)));
}

static void try_truncate(const char *shown, const char *path)
{
	say("  %s truncate %s negative %s\n", shown, show(CALL(SYS_truncate, path, 5)),
	    show(CALL(SYS_truncate, path, -1)));
}

static void try_make(const char *shown, const char *path)
{
	say("  %s mkdir %s", shown, show(CALL(SYS_mkdir, path, 0755)));
	say(" mknod %s fifo %s directory %s type %s", show(CALL(SYS_mknod, path, S_IFREG | 0644, 0)),
	    show(CALL(SYS_mknod, path, S_IFIFO | 0644, 0)), show(CALL(SYS_mknod, path, S_IFDIR | 0644, 0)),
	    show(CALL(SYS_mknod, path, 0150000, 0)));
	say(" symlink %s empty %s nowhere %s", show(CALL(SYS_symlink, "text", path)), show(CALL(SYS_symlink, "", path)),
	    show(CALL(SYS_symlink, no_memory(), path)));
	say(" link %s of its own %s\n", show(CALL(SYS_link, "/file", path)),
	    show(CALL(SYS_linkat, AT_FDCWD, "/dir/sub/inner", AT_FDCWD, path, 0)));
	say("    link empty %s nowhere %s none %s\n",
	    show(CALL(SYS_linkat, AT_FDCWD, "", AT_FDCWD, path, AT_SYMLINK_FOLLOW)),
	    show(CALL(SYS_linkat, AT_FDCWD, NULL, AT_FDCWD, path, 0)),
	    show(CALL(SYS_linkat, 1000, "", AT_FDCWD, path, AT_EMPTY_PATH)));
}

static void try_remove(const char *shown, const char *path)
{
	say("  %s unlink %s rmdir %s", shown, show(CALL(SYS_unlink, path)), show(CALL(SYS_rmdir, path)));
	say(" flags %s\n", show(CALL(SYS_unlinkat, AT_FDCWD, path, 1)));
}

static void try_rename(const char *shown, const char *path)
{
	say("  %s to ro %s", shown, show(CALL(SYS_rename, path, "/dir/sub/renamed")));
	say(" within %s", show(CALL(SYS_rename, path, "/dir/sub/made/file")));
	say(" from ro %s", show(CALL(SYS_rename, "/dir/sub/inner", path)));
	say(" exchange %s", show(CALL(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, "/dir/sub/inner", 2)));
	say(" new %s", show(CALL(SYS_renameat2, AT_FDCWD, "/dir/sub/inner", AT_FDCWD, path, 1)));
	say(" flags %s", show(CALL(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, path, 3)));
	/* What is missing at one of both is EXDEV all the same. */
	say(" out %s in %s", show(CALL(SYS_rename, path, "/hidden/no")), show(CALL(SYS_rename, "/no", path)));
	say(" link out %s\n", show(CALL(SYS_link, path, "/hidden/no")));
}

static void try_attributes(const char *shown, const char *path)
{
	char value[8];

	say("  %s set %s", shown, show(CALL(SYS_setxattr, path, "user.x", "v", 1, 0)));
	say(" link's %s", show(CALL(SYS_lsetxattr, path, "user.x", "v", 1, 0)));
	say(" no name %s", show(CALL(SYS_setxattr, path, "", "v", 1, 0)));
	say(" flags %s", show(CALL(SYS_setxattr, path, "user.x", "v", 1, 77)));
	say(" nowhere %s", show(CALL(SYS_setxattr, path, "user.x", no_memory(), 1, 0)));
	say(" remove %s %s", show(CALL(SYS_removexattr, path, "user.x")), show(CALL(SYS_lremovexattr, path, "user.x")));
	say(" get %s\n", show(CALL(SYS_getxattr, path, "user.x", value, sizeof(value))));
}

static void try_access(const char *shown, const char *path)
{
	struct statfs status = { 0 };
	long result;

	say("  %s exists %s read %s write %s both %s", shown, show(CALL(SYS_access, path, 0)),
	    show(CALL(SYS_access, path, 4)), show(CALL(SYS_access, path, 2)),
	    show(CALL(SYS_faccessat, AT_FDCWD, path, 6)));
	say(" effective %s", show(CALL(SYS_faccessat2, AT_FDCWD, path, 2, AT_EACCESS)));
	say(" link %s", show(CALL(SYS_faccessat2, AT_FDCWD, path, 2, AT_SYMLINK_NOFOLLOW)));
	result = CALL(SYS_statfs, path, &status);
	say(" statfs %s %s\n", show(result), status.f_flags & 1 ? "ro" : "rw");
}

static const struct {
	const char *name;
	int flags;
} opens[] = {
	{ "read", O_RDONLY },
	{ "write", O_WRONLY },
	{ "both", O_RDWR },
	{ "three", 3 },
	{ "append", O_WRONLY | O_APPEND },
	{ "cut", O_RDONLY | O_TRUNC },
	{ "write-cut", O_WRONLY | O_TRUNC },
	{ "make-read", O_RDONLY | O_CREAT },
	{ "make", O_WRONLY | O_CREAT },
	{ "make-cut", O_WRONLY | O_CREAT | O_TRUNC },
	{ "new", O_WRONLY | O_CREAT | O_EXCL },
	{ "new-read", O_RDONLY | O_CREAT | O_EXCL },
	{ "nofollow", O_WRONLY | O_NOFOLLOW },
	{ "make-nofollow", O_WRONLY | O_CREAT | O_NOFOLLOW },
	{ "directory", O_WRONLY | O_DIRECTORY },
	{ "make-directory", O_RDONLY | O_CREAT | O_DIRECTORY },
	{ "nameless", O_RDWR | O_TMPFILE },
	{ "nameless-read", O_RDONLY | O_TMPFILE },
	{ "path", O_PATH | O_RDWR | O_TRUNC },
};

static void try_open(const char *shown, const char *path)
{
	say("  %s", shown);
	for (size_t i = 0; i < SIZE(opens); i++) {
		long fd = CALL(SYS_openat, AT_FDCWD, path, opens[i].flags | O_NONBLOCK, 0600);

		say(" %s %s", opens[i].name, show_success(fd));
		if (fd >= 0)
			close((int)fd);
	}
	/* It would wait for a reader of the fifo. */
	say(" creat %s\n", strstr(path, "fifo") ? "not" : show_success(CALL(SYS_creat, path, 0600)));
}

/* Nobody may create what the other side has not; sockets bind to paths of 108 bytes. */
static void try_bind(const char *shown, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	long result;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	result = path[0] ? CALL(SYS_bind, fd, &address, sizeof(address)) : 0;
	say("  %s %s\n", shown, show(result));
	close(fd);
}

static void try_openat2(void)
{
	static const uint64_t resolves[] = { 0, RESOLVE_BENEATH, RESOLVE_IN_ROOT, RESOLVE_NO_XDEV,
					     RESOLVE_NO_SYMLINKS };
	int directory = open("/dir/sub", O_RDONLY | O_DIRECTORY);

	say("openat2\n");
	for (size_t i = 0; i < SIZE(resolves); i++)
		for (size_t k = 0; k < SIZE(paths); k++) {
			say("  %zu %s", i, paths[k]);
			for (size_t j = 0; j < SIZE(opens); j++) {
				struct open_how how = { .flags = (uint64_t)(opens[j].flags | O_NONBLOCK),
							.resolve = resolves[i] };
				long fd;

				if (opens[j].flags & O_PATH)
					continue;
				if (opens[j].flags & O_CREAT || (opens[j].flags & O_TMPFILE) == O_TMPFILE)
					how.mode = 0600;
				fd = CALL(SYS_openat2, directory, paths[k], &how, sizeof(how));
				say(" %s %s", opens[j].name, show_success(fd));
				if (fd >= 0)
					close((int)fd);
			}
			say("\n");
		}
	close(directory);
}

static void try_by_link(int fd)
{
	char link[64];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	say(" by link: chmod %s", show(CALL(SYS_chmod, link, 0755)));
	say(" truncate %s", show(CALL(SYS_truncate, link, 5)));
	say(" open %s", show_success(CALL(SYS_openat, AT_FDCWD, link, O_RDWR | O_NONBLOCK)));
	say(" read %s", show_success(CALL(SYS_openat, AT_FDCWD, link, O_RDONLY | O_NONBLOCK)));
	say(" setxattr %s access %s\n", show(CALL(SYS_setxattr, link, "user.y", "v", 1, 0)),
	    show(CALL(SYS_access, link, 2)));
}

static void try_descriptor(const char *name, int fd)
{
	static const struct timespec fixed[2] = { { .tv_sec = 4711 }, { .tv_sec = 4712 } };
	static const struct timespec bad[2] = { { .tv_nsec = 1000000000 }, { .tv_nsec = 0 } };
	struct statfs status = { 0 };
	struct stat file = { 0 };
	long result;

	fstat(fd, &file);
	say("  %s fchmod %s", name, show(CALL(SYS_fchmod, fd, file.st_mode & 07777)));
	say(" fchown %s another %s", show(CALL(SYS_fchown, fd, -1, -1)), show(CALL(SYS_fchown, fd, 77, 77)));
	say(" times %s bad %s flags %s", show(CALL(SYS_utimensat, fd, NULL, fixed, 0)),
	    show(CALL(SYS_utimensat, fd, NULL, bad, 0)),
	    show(CALL(SYS_utimensat, fd, NULL, fixed, AT_SYMLINK_NOFOLLOW)));
	say(" empty %s %s", show(CALL(SYS_utimensat, fd, "", fixed, AT_EMPTY_PATH)),
	    show(CALL(SYS_utimensat, fd, "", fixed, 0)));
	say(" futimesat %s", show(CALL(SYS_futimesat, fd, NULL, NULL)));
	MUST(!CALL(SYS_utimensat, AT_FDCWD, "/dir/sub/sub", fixed, 0));
	say(" fsetxattr %s no name %s", show(CALL(SYS_fsetxattr, fd, "user.y", "v", 1, 0)),
	    show(CALL(SYS_fsetxattr, fd, "", "v", 1, 0)));
	say(" fremovexattr %s", show(CALL(SYS_fremovexattr, fd, "user.y")));
	say(" ftruncate %s", show(CALL(SYS_ftruncate, fd, 5)));
	say(" fchownat %s", show(CALL(SYS_fchownat, fd, "", -1, -1, AT_EMPTY_PATH)));
	say(" fchmodat2 %s", show(CALL(SYS_fchmodat2, fd, "", file.st_mode & 07777, AT_EMPTY_PATH)));
	say(" linkat %s", show(CALL(SYS_linkat, fd, "", AT_FDCWD, "/dir/sub/made/linked", AT_EMPTY_PATH)));
	result = CALL(SYS_fstatfs, fd, &status);
	say(" fstatfs %s %s", show(result), status.f_flags & 1 ? "ro" : "rw");
	say(" access %s", show(CALL(SYS_faccessat2, fd, "", 2, AT_EMPTY_PATH)));
	try_by_link(fd);
}

static void try_descriptors(void)
{
	static const struct {
		const char *path;
		int flags;
	} files[] = {
		{ "/dir/sub/made/file", O_RDONLY },
		{ "/tmp/made/file", O_RDONLY },
		{ "/tmp/made/file", O_RDWR },
		{ "/dir/sub/made", O_RDONLY },
		{ "/tmp/made", O_RDONLY },
		{ "/dir/sub/made/file", O_PATH },
		{ "/dir/sub/made/fifo", O_RDWR },
		{ "/dir/sub", O_RDONLY },
		{ "/dir/sub/sub/in", O_RDONLY },
		{ "/dir/sub/sub/in", O_RDWR },
		{ "/dir/sub/made/link", O_RDONLY },
		{ "/dir/sub/made/out", O_RDWR },
		{ "/empty", O_RDONLY },
	};
	char name[64];
	int pipes[2], fd;

	say("descriptors\n");
	for (size_t i = 0; i < SIZE(files); i++) {
		fd = open(files[i].path, files[i].flags);
		snprintf(name, sizeof(name), "%s %o", files[i].path, (unsigned int)files[i].flags);
		try_descriptor(name, fd);
		close(fd);
	}
	MUST(!chdir("/dir/sub/made"));
	fd = open("file", O_RDONLY);
	try_descriptor("relative file", fd);
	close(fd);
	MUST(!chdir("/tmp/made"));
	fd = open("file", O_RDONLY);
	try_descriptor("relative file, twin", fd);
	close(fd);
	MUST(!chdir("/") && !pipe(pipes));
	say("  pipe %s none %s\n", show(CALL(SYS_fchmod, pipes[0], 0600)), show(CALL(SYS_fchmod, 1000, 0600)));
}

/* The first option of each mount. */
static void say_mounts(const char *file, unsigned int place_field, unsigned int option_field)
{
	static const char *const places[] = { "/dir/sub", "/dir/sub/sub", "/empty", "/bound" };
	char line[4096], *words[32];
	FILE *stream = fopen(file, "r");

	MUST(stream);
	while (fgets(line, sizeof(line), stream)) {
		unsigned int count = 0;

		for (char *word = strtok(line, " "); word && count < SIZE(words); word = strtok(NULL, " "))
			words[count++] = word;
		for (size_t i = 0; i < SIZE(places); i++)
			if (count > option_field && !strcmp(words[place_field], places[i]))
				say("%s %s %.2s\n", file, places[i], words[option_field]);
	}
	fclose(stream);
}

int main(void)
{
	make_files();
	say_files();
	with_paths("modes and owners", try_modes);
	with_paths("times", try_times);
	with_paths("truncate", try_truncate);
	with_paths("made", try_make);
	with_paths("removed", try_remove);
	with_paths("renamed", try_rename);
	with_paths("attributes", try_attributes);
	with_paths("access", try_access);
	with_paths("opened", try_open);
	with_paths("bound", try_bind);
	try_openat2();
	try_descriptors();
	say_mounts("/proc/self/mounts", 1, 3);
	say_mounts("/proc/self/mountinfo", 4, 5);
	return 0;
}
