/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls while other threads rename what their paths lead through.
 *
 *	race PLACE SECONDS
 *
 * PLACE is a directory that the guest does not have, and the host does: with
 * "file", "fifo", "dir", "link" and "program" in it. A name is exchanged again and again
 * between a directory of the guest with entries of these names and a symbolic
 * link to PLACE, the cwd is moved up and down, and so on. A call may answer of
 * the guest's own entries, or that PLACE does not exist; nothing else. What it
 * might have done to PLACE unseen its caller looks for.
 *
 * Not bind(2): the kernel keeps the text of the path, so it has to be told by that.
 *
 * Prints TAP, a point for each kind of call and disturbance.
 */
#include "../calls/call.h"
#include <pthread.h>
#include <sched.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/un.h>
#include <sys/xattr.h>

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

static const char *place;
static double seconds;
static volatile bool is_over;
static char outside[PATH_MAX];

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/*
 * Disturbances
 */

static void exchange(const char *a, const char *b)
{
	syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
}

/* /r/x: a directory, or a link out. */
static void swap_link(void)
{
	exchange("/r/x", "/r/to-place");
}

/* /r/in/a/b/c/d is sometimes /r/d: what is above it then is nearer to the root. */
static void move_up(void)
{
	rename("/r/in/a/b/c/d", "/d");
	sched_yield();
	rename("/d", "/r/in/a/b/c/d");
}

/* The process goes up and down. */
static void change_directory(void)
{
	chdir("/");
	chdir("/r/in/a/b/c");
}

/* A page that is missing when a call begins appears, with the name of PLACE's file in it. */
static char *page;
static volatile int wants_page;

static void map_page(void)
{
	if (!wants_page)
		return;
	for (volatile int i = rand() % 2000; i; i--)
		;
	mprotect(page, PAGE, PROT_READ | PROT_WRITE);
	wants_page = 0;
}

static void hide_page(void)
{
	mprotect(page, PAGE, PROT_READ | PROT_WRITE);
	strcpy(page, outside);
	mprotect(page, PAGE, PROT_NONE);
	wants_page = 1;
}

static void await_page(void)
{
	while (wants_page)
		;
}

/* A path in memory changes. */
static char shifting[PATH_MAX];

static void change_text(void)
{
	strcpy(shifting, "/r/in/file");
	strcpy(shifting, outside);
}

static void (*disturb)(void);

static void *disturber(void *unused)
{
	(void)unused;
	while (!is_over)
		disturb();
	return NULL;
}

/* /v/p is a directory, or a link to one that has the same in it. */
static void swap_same(void)
{
	exchange("/v/p", "/v/to-same");
}

/* Two directories change places. In each, "file" is a link to another name. */
static void swap_directories(void)
{
	exchange("/v/one", "/v/two");
}

/* Two directories with links to different names: what a relative path begins at must stay the same. */
static void swap_cwd(void)
{
	chdir("/w/a");
	chdir("/w/b");
}

/*
 * Calls. Each tells 0 or an errno, or ESCAPED.
 */

#define ESCAPED (-5000)

static long check_fd(long fd)
{
	char text[16] = "";

	if (fd < 0)
		return fd;
	read((int)fd, text, sizeof(text) - 1);
	close((int)fd);
	return strncmp(text, "outside", 7) ? 0 : ESCAPED;
}

static long check_size(off_t size)
{
	return size == 7 ? ESCAPED : 0; /* "outside" */
}

static long do_open(const char *path)
{
	return check_fd(CALL(SYS_open, path, O_RDONLY));
}

static long do_openat2(const char *path)
{
	struct {
		uint64_t flags, mode, resolve;
	} how = { .flags = O_RDONLY };

	return check_fd(CALL(SYS_openat2, AT_FDCWD, path, &how, sizeof(how)));
}

static long do_creat(const char *path)
{
	return check_fd(CALL(SYS_open, path, O_RDWR | O_CREAT, 0600));
}

static long do_open_path(const char *path)
{
	struct stat status;
	long fd = CALL(SYS_openat, AT_FDCWD, path, O_PATH);

	if (fd < 0)
		return fd;
	fstat((int)fd, &status);
	close((int)fd);
	return check_size(status.st_size);
}

static long do_stat(const char *path)
{
	struct stat status;
	long result = CALL(SYS_stat, path, &status);

	return result ? result : check_size(status.st_size);
}

static long do_lstat(const char *path)
{
	struct stat status;
	long result = CALL(SYS_lstat, path, &status);

	return result ? result : check_size(status.st_size);
}

static long do_access(const char *path)
{
	/* The guest's may not be executed, that of PLACE may. */
	return CALL(SYS_access, path, X_OK) ? -EACCES : ESCAPED;
}

static long do_truncate(const char *path)
{
	return CALL(SYS_truncate, path, 3);
}

static long do_chmod(const char *path)
{
	return CALL(SYS_chmod, path, 0644);
}

static long do_chown(const char *path)
{
	return CALL(SYS_fchownat, AT_FDCWD, path, geteuid(), getegid(), 0);
}

static long do_utimes(const char *path)
{
	struct timespec times[2] = { { 1, 1 }, { 1, 1 } };

	return CALL(SYS_utimensat, AT_FDCWD, path, times, 0);
}

static long do_getxattr(const char *path)
{
	char text[16] = "";
	long result = CALL(SYS_getxattr, path, "user.place", text, sizeof(text));

	return result > 0 && !memcmp(text, "outside", 7) ? ESCAPED : result;
}

static long do_setxattr(const char *path)
{
	return CALL(SYS_setxattr, path, "user.mark", "x", 1, 0);
}

static long do_watch(const char *path)
{
	static int fd = -1;
	long watch;

	if (fd < 0)
		fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	watch = CALL(SYS_inotify_add_watch, fd, path, IN_ACCESS);
	if (watch < 0)
		return watch;
	/* The guest's file and that of PLACE: two objects, two numbers. */
	return watch > 1 ? ESCAPED : 0;
}

static long do_handle(const char *path)
{
	struct {
		unsigned int size;
		int type;
		unsigned char bytes[128];
	} handle, own;
	int mount;

	handle.size = own.size = sizeof(handle.bytes);
	if (syscall(SYS_name_to_handle_at, AT_FDCWD, path, &handle, &mount, AT_SYMLINK_FOLLOW) ||
	    syscall(SYS_name_to_handle_at, AT_FDCWD, "/r/own", &own, &mount, 0))
		return -errno;
	return handle.size == own.size && !memcmp(handle.bytes, own.bytes, own.size) ? 0 : ESCAPED;
}

static long do_mkdir(const char *path)
{
	char name[PATH_MAX];

	snprintf(name, sizeof(name), "%s-new", path);
	CALL(SYS_mkdir, name, 0700);
	return CALL(SYS_rmdir, name);
}

static long do_mknod(const char *path)
{
	char name[PATH_MAX];

	snprintf(name, sizeof(name), "%s-node", path);
	CALL(SYS_mknod, name, S_IFREG | 0600, 0);
	return CALL(SYS_unlink, name);
}

static long do_symlink(const char *path)
{
	char name[PATH_MAX];

	snprintf(name, sizeof(name), "%s-link", path);
	CALL(SYS_symlink, "text", name);
	return CALL(SYS_unlink, name);
}

static long do_link(const char *path)
{
	struct stat status, own;
	long result;

	result = CALL(SYS_link, path, "/r/linked");
	if (result)
		return result;
	result = !lstat("/r/linked", &status) && !stat("/r/own", &own) && status.st_ino != own.st_ino ? ESCAPED : 0;
	unlink("/r/linked");
	return result;
}

static long do_rename(const char *path)
{
	char name[PATH_MAX];

	snprintf(name, sizeof(name), "%s-moved", path);
	CALL(SYS_rename, path, name);
	return CALL(SYS_rename, name, path);
}

static long do_readlink(const char *path)
{
	char text[PATH_MAX], name[PATH_MAX];
	long result;

	snprintf(name, sizeof(name), "%.*slink", (int)(strlen(path) - 4), path);
	result = CALL(SYS_readlink, name, text, sizeof(text));
	return result > 0 && !memcmp(text, "outside", 7) ? ESCAPED : result;
}

static long do_chdir(const char *path)
{
	char name[PATH_MAX];
	long result;

	snprintf(name, sizeof(name), "%.*sdir", (int)(strlen(path) - 4), path);
	result = CALL(SYS_chdir, name);
	if (!result)
		result = access("outside", F_OK) ? 0 : ESCAPED;
	chdir("/");
	return result;
}

static long do_statfs(const char *path)
{
	struct statfs status;

	return CALL(SYS_statfs, path, &status);
}

/* The program of PLACE ends with 7, which is told by its shell. */
static long do_exec(const char *path)
{
	char name[PATH_MAX];
	char *arguments[] = { name, NULL };
	int status;
	pid_t child;

	snprintf(name, sizeof(name), "%.*sprogram", (int)(strlen(path) - 4), path);
	child = vfork();
	if (!child) {
		execve(name, arguments, arguments + 1);
		_exit(errno == ENOENT ? 2 : 3);
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 7 ? ESCAPED : 0;
}

static long do_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	long result;

	snprintf(address.sun_path, sizeof(address.sun_path), "%.*ssocket", (int)(strlen(path) - 4), path);
	result = CALL(SYS_connect, fd, &address, sizeof(address));
	close(fd);
	/* In the guest it is a plain file; that of PLACE is open. */
	return !result || result == -EAGAIN ? ESCAPED : result;
}

static const struct {
	const char *name;
	long (*run)(const char *path);
} calls[] = {
	{ "open", do_open },
	{ "openat2", do_openat2 },
	{ "open O_CREAT", do_creat },
	{ "open O_PATH", do_open_path },
	{ "stat", do_stat },
	{ "lstat", do_lstat },
	{ "access", do_access },
	{ "statfs", do_statfs },
	{ "getxattr", do_getxattr },
	{ "inotify_add_watch", do_watch },
	{ "name_to_handle_at", do_handle },
	{ "readlink", do_readlink },
	{ "chdir", do_chdir },
	{ "execve", do_exec },
	{ "connect", do_connect },
	{ "link", do_link },
	{ "chmod", do_chmod },
	{ "fchownat", do_chown },
	{ "utimensat", do_utimes },
	{ "truncate", do_truncate },
	{ "setxattr", do_setxattr },
	{ "mkdir, rmdir", do_mkdir },
	{ "mknod, unlink", do_mknod },
	{ "symlink, unlink", do_symlink },
	{ "rename", do_rename },
};

static int points;
static bool must_succeed; /* an error is as wrong as an escape */

static bool has_call(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (!strcmp(*names, name))
			return true;
	return false;
}

/* Make the call CALL on PATH again and again while DISTURBANCE goes on. */
static void race(size_t call, const char *what, void (*disturbance)(void), const char *path)
{
	pthread_t thread;
	double end;
	long escapes = 0, done = 0, good = 0;

	is_over = false;
	disturb = disturbance;
	MUST(!pthread_create(&thread, NULL, disturber, NULL));
	for (end = now() + seconds; now() < end;)
		for (int i = 0; i < 20; i++, done++) {
			long result;

			if (disturbance == map_page)
				hide_page();
			result = calls[call].run(path);
			if (disturbance == map_page)
				await_page();

			escapes += result == ESCAPED;
			good += result >= 0;
		}
	is_over = true;
	pthread_join(thread, NULL);
	if (must_succeed)
		escapes += done - good;
	say("%s %d - %s, %s\n", escapes ? "not ok" : "ok", ++points, calls[call].name, what);
	say("# %ld of %ld calls escaped, %ld succeeded\n", escapes, done, good);
}

static void make_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	MUST(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	fchmod(fd, mode);
	close(fd);
}

static void make_tree(void)
{
	MUST(!mkdir("/r", 0755) && !mkdir("/r/x", 0755) && !mkdir("/r/x/dir", 0755));
	make_file("/r/x/file", "within", 0444);
	make_file("/r/x/socket", "", 0600);
	make_file("/r/x/program", "#!/no-such\n", 0755);
	MUST(!symlink("within", "/r/x/link"));
	MUST(!link("/r/x/file", "/r/own"));
	MUST(!symlink(place, "/r/to-place"));
	MUST(!mkdir("/r/in", 0755) && !mkdir("/r/in/a", 0755) && !mkdir("/r/in/a/b", 0755));
	MUST(!mkdir("/r/in/a/b/c", 0755) && !mkdir("/r/in/a/b/c/d", 0755));
	make_file("/r/in/file", "within", 0444);
	setxattr("/r/x/file", "user.place", "within", 6, 0);
	MUST(!mkdir("/v", 0755) && !mkdir("/v/p", 0755) && !mkdir("/v/same", 0755) && !mkdir("/v/one", 0755));
	MUST(!mkdir("/v/two", 0755) && !symlink("same", "/v/to-same"));
	make_file("/v/p/file", "within", 0755);
	make_file("/v/same/file", "within", 0755);
	make_file("/v/one/first", "within", 0755);
	make_file("/v/two/second", "within", 0755);
	MUST(!mkdir("/w", 0755) && !mkdir("/w/a", 0755) && !mkdir("/w/b", 0755));
	MUST(!mkdir("/w/a/one", 0755) && !mkdir("/w/b/two", 0755));
	MUST(!symlink("one", "/w/a/link") && !symlink("two", "/w/b/link"));
	make_file("/w/a/one/file", "within", 0755);
	make_file("/w/b/two/file", "within", 0755);
	MUST(!symlink("first", "/v/one/file") && !symlink("second", "/v/two/file"));
}

/* As deep below the root as its host path is long: a path too long for the kernel to tell. */
static void go_deep(void)
{
	char name[NAME_MAX + 1];

	memset(name, 'd', NAME_MAX);
	name[NAME_MAX] = '\0';
	MUST(!chdir("/r"));
	for (int i = 0; i < 17; i++) {
		MUST(!mkdir(name, 0755) || errno == EEXIST);
		MUST(!chdir(name));
	}
}

static void nothing(void)
{
}

int main(int count, char **words)
{
	static const char *const plain[] = { "open",   "stat",	       "open O_PATH", "chmod",
					     "access", "mkdir, rmdir", "truncate",    NULL };
	static const char *const plain_and_quiet[] = { "open",	 "open O_PATH", "stat",	    "lstat",
						       "statfs", "chmod",	"truncate", NULL };
	char up[PATH_MAX], deep[PATH_MAX] = "";

	MUST(count >= 3);
	place = words[1];
	seconds = atof(words[2]);
	snprintf(outside, sizeof(outside), "%s/file", place);
	make_tree();
	page = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		if (count > 3 && strcmp(words[3], calls[i].name))
			continue;
		chdir("/");
		race(i, "a directory is exchanged with a link", swap_link, "/r/x/file");
		race(i, "a relative path", swap_link, "r/x/file");
		MUST(!chdir("/r/in"));
		race(i, "a path through the parent", swap_link, "../x/file");
		if (has_call(calls[i].name, plain_and_quiet)) {
			must_succeed = true;
			chdir("/");
			race(i, "a directory is exchanged with a link to an equal one", swap_same, "/v/p/file");
			race(i, "two directories with links are exchanged", swap_directories, "/v/one/file");
			MUST(!chdir("/w/a"));
			race(i, "the cwd changes, a link in it", swap_cwd, "link/file");
			race(i, "the cwd changes, a link and its parent", swap_cwd, "link/../link/file");
			must_succeed = false;
		}
		if (!has_call(calls[i].name, plain))
			continue;
		MUST(!chdir("/"));
		if (calls[i].run != do_mkdir)
			race(i, "the path's page appears", map_page, page);
		race(i, "the path changes", change_text, shifting);
		MUST(!chdir("/r/in/a/b/c/d"));
		snprintf(up, sizeof(up), "../../../../../../%s", outside + 1);
		race(i, "the cwd moves up", move_up, up);
		MUST(!chdir("/r/in/a/b/c"));
		race(i, "another thread changes the cwd", change_directory, up);
		go_deep();
		for (int j = 0; j < 40; j++)
			strcat(deep, "../");
		strcat(deep, outside + 1);
		race(i, "from far below", nothing, deep);
		deep[0] = '\0';
	}
	say("1..%d\n", points);
	return 0;
}
