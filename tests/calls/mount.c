/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mount, umount2: bindings, moved and stacked ones, file systems of the kernel, a fresh tmpfs;
 * what is refused; where who was there before finds himself, and another process what has changed.
 */
#include "call.h"
#include <pthread.h>
#include <sys/mount.h>
#include <sys/statfs.h>

#define BAD ((char *)16)

static const char *show_text(const char *path)
{
	return path == BAD ? "BAD" : show_path(path);
}

static long do_mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)
{
	long result = CALL(SYS_mount, source, target, type, flags, data);

	say("mount(%s, %s, %s, %lx, %s) = %s\n", show_text(source), show_text(target), type ? type : "NULL", flags,
	    data ? data : "NULL", show(result));
	return result;
}

static long do_umount(const char *target, int flags)
{
	long result = CALL(SYS_umount2, target, flags);

	say("umount2(%s, %x) = %s\n", show_text(target), flags, show(result));
	return result;
}

/* What is at a place: the first line of a file, or whether a directory has these names. */
static void look(const char *path)
{
	static const char *const names[] = { "inner", "innermost", "covered", "file", "sub", "mount", "fresh", "self" };
	char text[PATH_MAX], entry[PATH_MAX];
	struct stat status;
	ssize_t length;
	int fd;

	say("%s:", path);
	if (lstat(path, &status)) {
		say(" %s\n", strerrorname_np(errno));
		return;
	}
	if (S_ISDIR(status.st_mode)) {
		for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
			snprintf(entry, sizeof(entry), "%s/%s", path, names[i]);
			if (!lstat(entry, &status))
				say(" %s", names[i]);
		}
		say("\n");
		return;
	}
	fd = open(path, O_RDONLY);
	length = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[length > 0 ? length : 0] = '\0';
	say(" %s", text);
}

/* The guest's mounts below PREFIX, as /proc tells: places, and what they lie on. */
static void list_mounts(const char *prefix)
{
	static char lines[64][PATH_MAX];
	char line[4 * PATH_MAX], place[PATH_MAX];
	FILE *file = fopen("/proc/self/mountinfo", "r");
	size_t length = strlen(prefix);
	unsigned int id, parent, ids[64], count = 0;

	MUST(file);
	while (fgets(line, sizeof(line), file) && count < 64) {
		MUST(sscanf(line, "%u %u %*s %*s %4095s", &id, &parent, place) == 3);
		ids[count] = id;
		strcpy(lines[count++], place);
		/* The root of a chroot is no mount. */
		if (strncmp(place, prefix, length) || !strcmp(place, "/"))
			continue;
		for (unsigned int i = 0; i < count; i++)
			if (ids[i] == parent && strcmp(lines[i], "/"))
				say("  %s in %s\n", place, lines[i]);
	}
	fclose(file);
}

/* Whether a place is the top of a mount, and has a number that is not its parent's, as statx tells. */
static void show_mount(const char *path)
{
	struct statx status = { 0 }, parent = { 0 };
	char above[PATH_MAX];

	snprintf(above, sizeof(above), "%s/..", path);
	MUST(!statx(AT_FDCWD, path, 0, STATX_MNT_ID, &status) && !statx(AT_FDCWD, above, 0, STATX_MNT_ID, &parent));
	say("%s: top %d, of its own %d\n", path, !!(status.stx_attributes & STATX_ATTR_MOUNT_ROOT),
	    status.stx_mnt_id != parent.stx_mnt_id);
}

static void show_cwd(void)
{
	char cwd[PATH_MAX] = "";
	long result = CALL(SYS_getcwd, cwd, sizeof(cwd));

	say("getcwd = %s %s\n", result < 0 ? show(result) : "", cwd);
}

static void check_errors(void)
{
	say("errors\n");
	do_mount("/bound", NULL, NULL, MS_BIND, NULL);
	do_mount("/bound", "", NULL, MS_BIND, NULL);
	do_mount("/bound", "/nowhere", NULL, MS_BIND, NULL);
	do_mount("/bound", "/file/x", NULL, MS_BIND, NULL);
	do_mount("/bound", "/loop", NULL, MS_BIND, NULL);
	do_mount("/nowhere", "/dir", NULL, MS_BIND, NULL);
	do_mount("/dangling", "/dir", NULL, MS_BIND, NULL);
	do_mount("", "/dir", NULL, MS_BIND, NULL);
	do_mount(NULL, "/dir", NULL, MS_BIND, NULL);
	do_mount(BAD, "/dir", NULL, MS_BIND, NULL);
	do_mount("/bound", BAD, NULL, MS_BIND, NULL);
	do_mount("/bound", "/file", NULL, MS_BIND, NULL);
	do_mount("/file", "/dir", NULL, MS_BIND, NULL);
	do_mount("/file", "/file", NULL, MS_MOVE, NULL);
	do_mount("/dir", "/dir/sub", NULL, MS_MOVE, NULL);
	do_mount("x", "/dir", "no-such-type", 0, NULL);
	do_mount("x", "/dir", NULL, 0, NULL);
	do_mount("x", "/dir", "", 0, NULL);
	do_mount("x", "/file", "tmpfs", 0, NULL);
	do_mount("x", "/dir", "tmpfs", 0, "no-such-option");
	do_mount("x", "/dir", "tmpfs", 0, "mode=99");
	do_mount("x", "/dir", NULL, MS_PRIVATE, NULL);
	do_mount("x", "/dir", NULL, MS_PRIVATE | MS_SHARED, NULL);
	do_mount("x", "/dir/mount", NULL, MS_PRIVATE | MS_SHARED, NULL);
	do_mount("x", "/dir/mount", NULL, MS_PRIVATE | MS_NOSUID, NULL);
	do_mount("x", "/dir/mount", NULL, MS_PRIVATE | MS_REC, NULL);
	do_mount(NULL, "/dir/mount", NULL, MS_SLAVE | MS_SILENT, NULL);
	do_mount("x", "/dir", NULL, MS_REMOUNT, NULL);
	do_mount("x", "/dir", NULL, MS_REMOUNT | MS_BIND | MS_NOATIME, NULL);
	do_mount("x", "/dir/mount", NULL, MS_REMOUNT | MS_BIND | MS_NOATIME, NULL);
	do_umount(NULL, 0);
	do_umount("", 0);
	do_umount("/nowhere", 0);
	do_umount("/nowhere", UMOUNT_NOFOLLOW);
	do_umount("/dir", 0);
	do_umount("/file", 0);
	do_umount("/dir", 16);
	do_umount("/dir/mount", MNT_EXPIRE | MNT_DETACH);
	do_umount("/link-mount", UMOUNT_NOFOLLOW);
}

static void check_bind(void)
{
	say("bind\n");
	show_mount("/dir/sub");
	do_mount("/bound", "/dir/sub", NULL, MS_BIND, NULL);
	show_mount("/dir/sub");
	show_mount("/dir/sub/sub");
	look("/dir/sub");
	look("/dir/sub/again");
	look("/dir/sub/sub");
	look("/dir/sub/sub/again");
	list_mounts("/dir/sub");
	do_mount("/nested-is-no-such", "/dir/sub", NULL, MS_BIND, NULL);
	do_mount("/dir/mount", "/dir/sub", "ignored", MS_BIND | MS_MGC_VAL, "ignored");
	look("/dir/sub");
	list_mounts("/dir/sub");
	do_umount("/dir/sub", 0);
	look("/dir/sub");
	do_umount("/link-dir/sub", 0);
	look("/dir/sub");
	do_umount("/dir/sub", 0);
	do_mount("/link-bound-file", "/link-file", NULL, MS_BIND, NULL);
	look("/file");
	say("%s\n", show(CALL(SYS_unlink, "/file")));
	do_umount("/file", 0);
	look("/file");
}

static void check_recursive(void)
{
	say("recursive\n");
	do_mount("/bound", "/dir/sub", NULL, MS_BIND | MS_REC, NULL);
	look("/dir/sub/sub/again");
	list_mounts("/dir/sub");
	do_umount("/dir/sub", 0);
	do_umount("/dir/sub/sub/again", 0);
	look("/dir/sub/sub/again");
	look("/bound/sub/again");
	do_umount("/dir/sub", 0);
	do_mount("/", "/dir/sub", NULL, MS_BIND | MS_REC, NULL);
	look("/dir/sub");
	look("/dir/sub/dir/mount");
	look("/dir/sub/dir/sub");
	do_umount("/dir/sub", MNT_DETACH);
	look("/dir/sub");
	look("/dir/mount");
	list_mounts("/dir");
}

static void check_covered(void)
{
	say("covered\n");
	do_mount("/bound", "/dir", NULL, MS_BIND, NULL);
	look("/dir");
	look("/dir/mount");
	list_mounts("/dir");
	do_mount("/bound", "/dir/sub", NULL, MS_BIND, NULL);
	do_umount("/dir", 0);
	do_umount("/dir", MNT_DETACH);
	look("/dir");
	look("/dir/mount");
	list_mounts("/dir");
}

static void check_move(void)
{
	say("move\n");
	do_mount("/bound", "/dir/sub", NULL, MS_BIND | MS_REC, NULL);
	do_mount("/dir/sub", "/dir/sub/sub", NULL, MS_MOVE, NULL);
	do_mount("/dir/sub", "/file", NULL, MS_MOVE, NULL);
	do_mount("/dir/sub", "/tmp", NULL, MS_MOVE, NULL);
	look("/dir/sub");
	look("/tmp");
	look("/tmp/sub/again");
	list_mounts("/tmp");
	do_umount("/tmp", MNT_DETACH);
	look("/tmp");
}

static void check_fresh(void)
{
	struct stat status;
	struct statfs system;

	say("fresh\n");
	if (do_mount("none", "/dir/sub", "tmpfs", MS_NOSUID | MS_NODEV, "mode=750,size=1m"))
		return;
	MUST(!stat("/dir/sub", &status));
	say("mode %o, %u:%u\n", status.st_mode, status.st_uid, status.st_gid);
	say("mkdir %s\n", show(CALL(SYS_mkdir, "/dir/sub/fresh", 0700)));
	say("mkdir %s\n", show(CALL(SYS_mkdir, "/dir/sub/fresh/closed", 0)));
	close(open("/dir/sub/fresh/file", O_CREAT | O_WRONLY, 0));
	look("/dir/sub");
	say("rename %s\n", show(CALL(SYS_rename, "/dir/sub/fresh", "/dir/fresh")));
	say("rmdir %s\n", show(CALL(SYS_rmdir, "/dir/sub")));
	say("link %s\n", show(CALL(SYS_link, "/file", "/dir/sub/link")));
	do_mount("/dir/sub/fresh", "/tmp", NULL, MS_BIND, NULL);
	do_umount("/dir/sub", 0);
	look("/dir/sub");
	look("/tmp");
	do_umount("/tmp", 0);
	do_mount("none", "/dir/sub", "tmpfs", 0, "uid=5,gid=6,mode=0700");
	MUST(!stat("/dir/sub", &status));
	say("mode %o, %u:%u\n", status.st_mode, status.st_uid, status.st_gid);
	do_umount("/dir/sub", 0);
	do_mount("none", "/dir/sub", "tmpfs", 0, NULL);
	MUST(!stat("/dir/sub", &status));
	say("mode %o\n", status.st_mode);
	look("/dir/sub");
	do_umount("/dir/sub", 0);
	if (!do_mount("proc", "/dir/sub", "proc", 0, NULL)) {
		MUST(!statfs("/dir/sub", &system));
		say("type %lx\n", (long)system.f_type);
		do_mount("proc", "/dir/sub", "proc", 0, NULL);
		look("/dir/sub");
		do_umount("/dir/sub", 0);
		do_umount("/dir/sub", 0);
	}
	if (!do_mount("sysfs", "/dir/sub", "sysfs", 0, NULL)) {
		do_mount("sysfs", "/dir/sub", "sysfs", 0, NULL);
		do_umount("/dir/sub", 0);
	}
	look("/dir/sub");
}

/* A directory one is in, or holds, stays that when another is mounted over it. */
static void check_before(void)
{
	int before = open("/dir/sub", O_RDONLY | O_DIRECTORY), on_top;
	struct stat status;

	say("before\n");
	MUST(!chdir("/bound/sub"));
	do_mount("/bound", "/dir/sub", NULL, MS_BIND, NULL);
	show_cwd();
	say("../inner %s\n", show(CALL(SYS_stat, "../inner", &status)));
	say("deep %s, inner %s\n", show(CALL(SYS_faccessat, before, "deep", 0)),
	    show(CALL(SYS_faccessat, before, "inner", 0)));
	MUST(!chdir("/dir/sub/sub"));
	show_cwd();
	say("../../file %s\n", show(CALL(SYS_stat, "../../file", &status)));
	on_top = open("..", O_RDONLY | O_DIRECTORY);
	MUST(!fchdir(on_top));
	show_cwd();
	do_umount("/dir/sub", 0);
	MUST(!chdir("/"));
	close(on_top);
	do_umount("/dir/sub", 0);
	close(before);
}

static int say_all(int in)
{
	char text[PATH_MAX];
	ssize_t length;

	while ((length = read(in, text, sizeof(text))) > 0)
		if (write(1, text, (size_t)length) != length)
			return 1;
	return 0;
}

/* In what is covered one is where one was, as long as one only looks. */
static void check_covered_cwd(void)
{
	struct stat status;

	say("covered cwd\n");
	MUST(!chdir("/dir/sub"));
	do_mount("none", "/dir", "tmpfs", 0, NULL);
	show_cwd();
	say("deep %s\n", show(CALL(SYS_stat, "deep", &status)));
	say("./deep %s\n", show(CALL(SYS_stat, "./deep", &status)));
	say("nothing %s\n", show(CALL(SYS_stat, "nothing", &status)));
	MUST(!chdir("/"));
	do_umount("/dir", 0);
}

/* Another process sees it at once, and one that is executed then. */
static void check_others(void)
{
	char *argv[] = { "/tests/true", NULL };
	int to[2], from[2], status;
	char byte = 0;
	pid_t pid;

	say("others\n");
	MUST(!pipe(to) && !pipe(from));
	look("/dir/sub");
	pid = fork();
	if (!pid) {
		look("/dir/sub");
		write(from[1], &byte, 1);
		read(to[0], &byte, 1);
		look("/dir/sub");
		say("inner %s\n", show(CALL(SYS_access, "/dir/sub/inner", 0)));
		close(to[1]);
		execve("/dir/sub/true", argv, argv + 1);
		_exit(1);
	}
	read(from[0], &byte, 1);
	do_mount("/tests", "/dir/sub", NULL, MS_BIND, NULL);
	close(to[0]);
	write(to[1], &byte, 1);
	close(from[1]);
	say_all(from[0]);
	MUST(waitpid(pid, &status, 0) == pid);
	say("status %x\n", status);
	do_umount("/dir/sub", 0);
	look("/dir/sub");
}

/* From a root of one's own, names are that one's. */
static void check_root(void)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		say("root\n");
		if (chroot("/dir") || chdir("/"))
			_exit(1);
		do_mount("/mount", "/sub", NULL, MS_BIND, NULL);
		do_mount("proc", "/", NULL, MS_PRIVATE, NULL);
		look("/sub");
		do_umount("/", 0);
		_exit(0);
	}
	MUST(waitpid(pid, &status, 0) == pid);
	look("/dir/sub");
	do_umount("/dir/sub", 0);
}

static volatile int forks_over;

static void *mount_much(void *unused)
{
	while (!forks_over) {
		mount("/tests", "/dir/sub", NULL, MS_BIND, NULL);
		umount2("/dir/sub", MNT_DETACH);
	}
	return unused;
}

/* Of a thread that is mounting, children have nothing that holds others up. */
static void check_forks(void)
{
	pthread_t thread;
	pid_t children[300];

	say("forks\n");
	MUST(!pthread_create(&thread, NULL, mount_much, NULL));
	usleep(10000);
	for (size_t i = 0; i < ARRAY_SIZE(children); i++) {
		children[i] = fork();
		if (!children[i])
			for (;;)
				pause();
	}
	forks_over = 1;
	MUST(!pthread_join(thread, NULL));
	do_mount("/tests", "/dir/sub", NULL, MS_BIND, NULL);
	do_umount("/dir/sub", 0);
	for (size_t i = 0; i < ARRAY_SIZE(children); i++) {
		kill(children[i], SIGKILL);
		waitpid(children[i], NULL, 0);
	}
}

/* Whether something can be changed at PATH, by a path and by a descriptor from before. */
static void say_writable(const char *path, int fd)
{
	struct statfs status = { 0 };
	long opened = CALL(SYS_open, path, O_RDWR), result;

	/* Natively it would keep the mount from becoming read-only. */
	if (opened >= 0)
		close((int)opened);
	say("%s: open %s", path, show_success(opened));
	say(" chmod %s fchmod %s", show(CALL(SYS_chmod, path, 0644)), show(CALL(SYS_fchmod, fd, 0644)));
	say(" access %s", show(CALL(SYS_access, path, 2)));
	result = CALL(SYS_statfs, path, &status);
	say(" statfs %s %s", show(result), status.f_flags & 1 ? "ro" : "rw");
	result = CALL(SYS_fstatfs, fd, &status);
	say(" fstatfs %s %s\n", show(result), status.f_flags & 1 ? "ro" : "rw");
}

static void check_read_only(void)
{
	static const unsigned long ro = MS_REMOUNT | MS_BIND | MS_RDONLY, rw = MS_REMOUNT | MS_BIND;
	int fd = -1, other;

	do_mount("/bound", "/dir/sub", NULL, MS_BIND, NULL);
	other = open("/bound/inner", O_RDWR);
	say_writable("/dir/sub/inner", fd);
	do_mount(NULL, "/dir/sub", NULL, ro, NULL);
	say_writable("/dir/sub/inner", fd);
	say_writable("/bound/inner", other);
	do_mount(NULL, "/dir/sub/sub", NULL, ro, NULL);
	do_mount(NULL, "/no", NULL, ro, NULL);
	/* A binding of it is like it; what is mounted there need not be. */
	do_mount("/dir/sub/sub", "/closed", NULL, MS_BIND, NULL);
	say("mkdir %s\n", show(CALL(SYS_mkdir, "/closed/x", 0755)));
	do_mount("/dir", "/dir/sub/sub", NULL, MS_BIND, NULL);
	say("mkdir %s\n", show(CALL(SYS_mkdir, "/dir/sub/sub/x", 0755)));
	say("rmdir %s rename %s\n", show(CALL(SYS_rmdir, "/dir/sub/sub/x")),
	    show(CALL(SYS_rename, "/dir/sub/inner", "/dir/sub/outer")));
	do_umount("/dir/sub/sub", 0);
	do_umount("/closed", 0);
	do_mount(NULL, "/dir/sub", NULL, rw, NULL);
	say_writable("/dir/sub/inner", fd);
	close(other);
	do_umount("/dir/sub", 0);
	do_mount("none", "/dir/sub", "tmpfs", MS_RDONLY, NULL);
	say("mknod %s\n", show(CALL(SYS_mknod, "/dir/sub/x", S_IFREG | 0644, 0)));
	do_mount("none", "/dir/sub", NULL, MS_REMOUNT, NULL);
	say("mknod %s\n", show(CALL(SYS_mknod, "/dir/sub/x", S_IFREG | 0644, 0)));
	fd = open("/dir/sub/x", O_RDONLY);
	say_writable("/dir/sub/x", fd);
	do_mount("none", "/dir/sub", NULL, MS_REMOUNT | MS_RDONLY, NULL);
	say_writable("/dir/sub/x", fd);
	close(fd);
	do_umount("/dir/sub", 0);
}

int main(void)
{
	check_errors();
	check_bind();
	check_recursive();
	check_covered();
	check_move();
	check_fresh();
	check_before();
	check_covered_cwd();
	check_others();
	check_root();
	check_read_only();
	check_forks();
	return 0;
}
