/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view_resolve() against the kernel: random trees, random bindings, random
 * paths. The kernel's side is openat2(2) with RESOLVE_IN_ROOT on the same tree
 * with real bind mounts, in a mount namespace of this process. Where none may
 * be made, there are no bindings.
 *
 * PROOT_TEST_SEED repeats a run, PROOT_TEST_CASES says how many paths are tried.
 */
#define _GNU_SOURCE
#include "../private.h"
#include "tap.h"
#include "view/view.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define CASES_OF_A_WORLD 2000
#define SOURCES 4 /* trees to bind from */
#define FAILURES_SHOWN 10

static char base[200];	     /* the temporary directory, canonical */
static char guest_root[256]; /* the tree with the mounts */
static bool has_mounts;
static int guest_fd;

static _Alignas(8) char block[1 << 16];
static struct view *const view = (struct view *)block;
static struct view_scratch scratch;
static struct view_result result;
static unsigned int failures, found; /* comparisons that failed, paths that lead somewhere */

/* xorshift64*: the same numbers everywhere. */
static uint64_t random_state;

static unsigned int random_below(unsigned int limit)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (unsigned int)(random_state * 2685821657736338717u >> 33) % limit;
}

static bool chance(unsigned int percent)
{
	return random_below(100) < percent;
}

static _Noreturn void give_up(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

static void add(char *path, const char *part)
{
	strcat(path, part);
}

static const char *random_name(void)
{
	static const char *const names[] = { "a", "b", "c", "ab", "a-b", ".a", "..b" };

	return names[random_below(ARRAY_SIZE(names))];
}

/* Paths of the present world, for paths to begin with: in the root, and in the sources. */
static char known[400][128];
static unsigned int known_count;

static void random_component(char *path)
{
	char name[NAME_MAX + 2];
	unsigned int kind = random_below(100);

	if (kind < 15) {
		add(path, "..");
	} else if (kind < 22) {
		add(path, ".");
	} else if (kind < 25) {
		add(path, "missing");
	} else if (kind < 26) {
		memset(name, 'n', sizeof(name));
		name[NAME_MAX + random_below(2)] = '\0';
		add(path, name);
	} else {
		add(path, random_name());
	}
}

/* Append a random path of at most MOST components: never empty. */
static void random_path(char *path, unsigned int most)
{
	unsigned int count = 1 + random_below(most);

	if (chance(50))
		add(path, "/");
	if (known_count && chance(75)) {
		const char *start = known[random_below(known_count)];

		add(path, path[0] ? start + 1 : start);
		count = chance(50) ? random_below(3) : random_below(count + 1);
		if (count)
			add(path, "/");
	}
	for (unsigned int i = 0; i < count; i++) {
		random_component(path);
		if (i + 1 < count || chance(15))
			add(path, chance(90) ? "/" : "//");
	}
}

static void make_node(const char *directory, const char *prefix, unsigned int depth);

/* Fill DIRECTORY, whose paths begin with PREFIX for the guest. */
static void make_tree(const char *directory, const char *prefix, unsigned int depth)
{
	unsigned int count = 3 + random_below(4);

	if (mkdir(directory, 0755) && errno != EEXIST)
		give_up(directory);
	for (unsigned int i = 0; i < count; i++)
		make_node(directory, prefix, depth);
}

static void make_node(const char *directory, const char *prefix, unsigned int depth)
{
	const char *name = random_name();
	char path[512], guest[256], target[1024] = "";
	struct stat present;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (!lstat(path, &present))
		return;
	snprintf(guest, sizeof(guest), "%s/%s", prefix, name);
	if (strlen(guest) < sizeof(known[0]) && known_count < ARRAY_SIZE(known))
		strcpy(known[known_count++], guest);
	if (depth < 4 && chance(45)) {
		make_tree(path, guest, depth + 1);
	} else if (chance(40)) {
		fd = open(path, O_CREAT | O_WRONLY, 0644);
		close(fd);
	} else {
		random_path(target, 4);
		symlink(target, path);
	}
}

/* openat2(2) below the guest's root: a descriptor or a negative errno. */
static int open_how_at(int directory, const char *path, struct open_how how)
{
	how.flags |= O_CLOEXEC;
	for (;;) {
		int fd = (int)syscall(SYS_openat2, directory, path, &how, sizeof(how));

		/* Somebody renamed something somewhere while a ".." was walked. */
		if (fd < 0 && errno == EAGAIN)
			continue;
		return fd < 0 ? -errno : fd;
	}
}

static int open_guest(const char *path, uint64_t flags)
{
	return open_how_at(guest_fd, path, (struct open_how){ .flags = O_PATH | flags, .resolve = RESOLVE_IN_ROOT });
}

/* The canonical path of an open object: that of the guest when it lies there. */
static const char *path_of(int fd, const char *root, char *buf)
{
	char link[64];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, buf, PATH_MAX - 1);
	buf[length < 0 ? 0 : length] = '\0';
	return strncmp(buf, root, strlen(root)) ? buf : buf + strlen(root);
}

static unsigned int mounts;

/* Mount something of a source at a random place of the guest, and bind it in the view. */
static void make_binding(unsigned int source)
{
	char path[1024] = "", from[1024], buf[PATH_MAX], at[64];
	struct stat place, object;
	const char *guest;
	int fd;

	if (chance(80))
		add(path, known[random_below(known_count)]);
	else
		random_path(path, 3);
	fd = open_guest(path, 0);
	if (fd < 0)
		return;
	guest = path_of(fd, guest_root, buf);
	snprintf(from, sizeof(from), "%s/host/%u", base, source);
	if (chance(50))
		snprintf(from, sizeof(from), "%s/host/%u/%s", base, source, random_name());
	snprintf(at, sizeof(at), "/proc/self/fd/%d", fd);
	/* The kernel hides what was mounted below; the view does not. */
	if (!fstat(fd, &place) && !lstat(from, &object) && !S_ISLNK(object.st_mode) &&
	    S_ISDIR(object.st_mode) == S_ISDIR(place.st_mode) && *guest &&
	    !view_has_below(view, guest, strlen(guest)) && !mount(from, at, NULL, MS_BIND, NULL)) {
		view_add(view, guest, from, S_ISDIR(object.st_mode) ? VIEW_DIRECTORY : 0);
		mounts++;
	}
	close(fd);
}

static void make_world(void)
{
	char path[512];

	known_count = 0;
	snprintf(path, sizeof(path), "%s/host", base);
	mkdir(path, 0755);
	for (unsigned int i = 0; i < SOURCES; i++) {
		snprintf(path, sizeof(path), "%s/host/%u", base, i);
		make_tree(path, "", 2);
	}
	known_count = 0;
	snprintf(path, sizeof(path), "%s/host/root", base);
	make_tree(path, "", 0);
	snprintf(guest_root, sizeof(guest_root), "%s/%s", base, has_mounts ? "guest" : "host/root");
	mkdir(guest_root, 0755);
	if (has_mounts && mount(path, guest_root, NULL, MS_BIND, NULL))
		give_up("mount");
	guest_fd = open(guest_root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (view_init(view, sizeof(block), SOURCES * 10, path))
		give_up("view_init");
	for (unsigned int i = 0; has_mounts && i < SOURCES * 10; i++)
		make_binding(i % SOURCES);
}

static void remove_world(void)
{
	char command[512];

	close(guest_fd);
	if (has_mounts && umount2(guest_root, MNT_DETACH))
		give_up("umount");
	snprintf(command, sizeof(command), "rm -rf '%s/host' '%s/guest'", base, base);
	if (system(command))
		give_up("rm");
}

static long read_link(void *context, const char *host_path, char *buf, size_t size, bool is_last)
{
	(void)context;
	ssize_t length = readlink(host_path, buf, size);

	(void)is_last;
	return length < 0 ? -errno : length;
}

/* Where each link has been read is held, as the agent does while names change. */
static long read_held_link(void *context, const char *host_path, char *buf, size_t size, bool is_last)
{
	long length = read_link(context, host_path, buf, size, is_last);

	return length < 0 ? length : VIEW_HELD + length;
}

static long check_plain(void *context, const char *host_path, enum view_check kind, int *object)
{
	(void)context;
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS };
	long fd;

	if (kind == VIEW_CHECK_DIRECTORY)
		how.flags |= O_DIRECTORY;
	if (kind == VIEW_CHECK_OBJECT)
		how.flags |= O_NOFOLLOW;
	fd = syscall(SYS_openat2, AT_FDCWD, host_path, &how, sizeof(how));
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? -errno : -ELOOP;
	if (object)
		*object = (int)fd;
	else
		close((int)fd);
	return 0;
}

static const struct view_operations operations[] = {
	{ .read_link = read_link },
	{ .read_link = read_link, .check_plain = check_plain },
	{ .read_link = read_held_link },
};
static const char *const operations_names[ARRAY_SIZE(operations)] = { "slow", "fast", "holding" };

/* One path to resolve. */
struct attempt {
	char guest_base[PATH_SIZE];
	char path[PATH_SIZE];
	unsigned int flags;
	unsigned int operations;
};

static void complain(const struct attempt *attempt, const char *format, ...)
{
	va_list arguments;

	if (++failures > FAILURES_SHOWN)
		return;
	printf("# '%s' from '%s', flags %u, %s: ", attempt->path, attempt->guest_base, attempt->flags,
	       operations_names[attempt->operations]);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("; host '%s', guest '%s'\n", result.host, result.guest);
	for (uint32_t i = 1; i < view->binding_count; i++)
		printf("#   binding %s at %s\n", view_host(view, i), view_guest(view, i));
}

static bool is_same_object(int a, int b)
{
	struct stat left, right;

	return !fstat(a, &left) && !fstat(b, &right) && left.st_dev == right.st_dev && left.st_ino == right.st_ino;
}

/* The way back: the host's path of an object that the guest reached must lead the guest to the same one. */
static void check_way_back(const struct attempt *attempt, int fd)
{
	char buf[PATH_MAX], guest[PATH_SIZE];
	const char *host_path = path_of(fd, "", buf);
	int again;

	if (view_to_guest(view, host_path, guest, sizeof(guest)) < 0) {
		complain(attempt, "view_to_guest finds no guest path");
		return;
	}
	again = open_guest(guest, O_NOFOLLOW);
	if (again < 0 || !is_same_object(again, fd))
		complain(attempt, "view_to_guest says '%s', which is another object", guest);
	if (again >= 0)
		close(again);
}

/* What the kernel says of a path that we refuse to make. */
static long refusal_to_make(const char *path)
{
	int fd = open_how_at(guest_fd, path,
			     (struct open_how){ .flags = O_CREAT | O_RDONLY | O_NONBLOCK,
						.mode = 0600,
						.resolve = RESOLVE_IN_ROOT });

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

/* The path the kernel takes: the base is canonical, so it may stand in front. */
static const char *kernel_path(const struct attempt *attempt, char *buf)
{
	snprintf(buf, 2 * PATH_SIZE, "%s%s%s", attempt->path[0] == '/' ? "" : attempt->guest_base,
		 attempt->path[0] == '/' ? "" : "/", attempt->path);
	return buf;
}

static uint64_t no_follow(const struct attempt *attempt)
{
	return attempt->flags & VIEW_FOLLOW ? 0 : O_NOFOLLOW;
}

/* As openat2(2) with a descriptor of the base has it. */
static int open_scoped(const struct attempt *attempt)
{
	int base_fd = open_guest(*attempt->guest_base ? attempt->guest_base : "/", O_DIRECTORY), fd;
	struct open_how how = { .flags = O_PATH | no_follow(attempt) };

	how.resolve = (attempt->flags & VIEW_BENEATH ? RESOLVE_BENEATH : RESOLVE_IN_ROOT) |
		      (attempt->flags & VIEW_NO_MOUNTS ? RESOLVE_NO_XDEV : 0);
	fd = open_how_at(base_fd, attempt->path, how);
	close(base_fd);
	return fd;
}

static void compare_object(const struct attempt *attempt, const char *kernel, long status)
{
	char buf[PATH_MAX];
	int theirs = attempt->flags & (VIEW_BENEATH | VIEW_IN_ROOT)	 ? open_scoped(attempt) :
		     attempt->flags & VIEW_MAY_MAKE && status == -EISDIR ? (int)refusal_to_make(kernel) :
									   open_guest(kernel, no_follow(attempt));
	int ours = status ? (int)status : open(result.host, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (!status && ours < 0)
		ours = -errno;
	if (theirs < 0 || ours < 0) {
		if (theirs != ours && (theirs < 0 || ours < 0))
			complain(attempt, "the kernel says %d, we %d", theirs, ours);
	} else if (!is_same_object(theirs, ours)) {
		complain(attempt, "another object");
	} else if (strcmp(path_of(theirs, guest_root, buf), result.guest)) {
		complain(attempt, "the guest's path is '%s'", path_of(theirs, guest_root, buf));
	} else {
		found++;
		if (result.object >= 0 && !is_same_object(result.object, theirs))
			complain(attempt, "result.object is another object");
		check_way_back(attempt, ours);
	}
	if (!status && result.object >= 0)
		close(result.object);
	if (theirs >= 0)
		close(theirs);
	if (ours >= 0)
		close(ours);
}

/* Cut the last component off PATH, and slashes at both its ends; "" is left of the root. NAME gets it. */
static void split_last(char *path, char *name)
{
	size_t length = strlen(path);

	while (length && path[length - 1] == '/')
		length--;
	path[length] = '\0';
	while (length && path[length - 1] != '/')
		length--;
	strcpy(name, path + length);
	while (length && path[length - 1] == '/')
		length--;
	path[length] = '\0';
}

/* The directory in which the last component of PATH is to be made, as the call on it would see it. */
static int open_parent(const char *path, bool is_guest)
{
	char parent[2 * PATH_SIZE], name[PATH_SIZE];
	int fd;

	strcpy(parent, path);
	split_last(parent, name);
	if (!*parent)
		strcpy(parent, "/");
	fd = is_guest ? open_guest(parent, O_DIRECTORY) : open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return is_guest ? fd : -errno;
	if (strlen(name) > NAME_LONGEST) {
		close(fd);
		return -ENAMETOOLONG;
	}
	return fd;
}

/* VIEW_PARENT: the same directory, and in it the same name. */
static void compare_parent(const struct attempt *attempt, const char *kernel, long status)
{
	char name[PATH_SIZE], our_name[PATH_SIZE], parent[2 * PATH_SIZE], buf[PATH_MAX];
	int theirs = open_parent(kernel, true), ours = status ? (int)status : open_parent(result.host, false);
	bool is_dot;

	strcpy(parent, kernel);
	split_last(parent, name);
	is_dot = !strcmp(name, ".") || !strcmp(name, "..");
	strcpy(parent, result.guest);
	if (!is_dot)
		split_last(parent, our_name);
	if (theirs < 0 || (ours < 0 && !result.is_mount_point)) {
		if (theirs != ours && *name)
			complain(attempt, "the kernel says %d of the parent, we %d", theirs, ours);
	} else if (strcmp(path_of(theirs, guest_root, buf), parent)) {
		complain(attempt, "the parent is '%s'", path_of(theirs, guest_root, buf));
	} else if (!result.is_mount_point) {
		strcpy(parent, result.host);
		split_last(parent, our_name);
		if (!is_same_object(theirs, ours) || strcmp(our_name, name))
			complain(attempt, "another directory or another name than '%s'", name);
	}
	if (theirs >= 0)
		close(theirs);
	if (ours >= 0)
		close(ours);
}

static void random_attempt(struct attempt *attempt)
{
	static const unsigned int flags[] = {
		0,
		VIEW_FOLLOW,
		VIEW_FOLLOW | VIEW_MAY_MAKE,
		VIEW_PARENT,
		VIEW_FOLLOW | VIEW_OBJECT,
		VIEW_OBJECT,
		VIEW_FOLLOW | VIEW_BENEATH,
		VIEW_BENEATH,
		VIEW_FOLLOW | VIEW_IN_ROOT,
		VIEW_FOLLOW | VIEW_BENEATH | VIEW_NO_MOUNTS,
		VIEW_FOLLOW | VIEW_IN_ROOT | VIEW_NO_MOUNTS,
	};
	char buf[PATH_MAX];
	int fd;

	*attempt = (struct attempt){ .flags = flags[random_below(ARRAY_SIZE(flags))],
				     .operations = random_below(ARRAY_SIZE(operations)) };
	random_path(attempt->path, 8);
	if ((attempt->path[0] == '/' && !(attempt->flags & (VIEW_BENEATH | VIEW_IN_ROOT))) || !known_count)
		return;
	fd = open_guest(known[random_below(known_count)], O_DIRECTORY);
	if (fd < 0)
		return;
	strcpy(attempt->guest_base, path_of(fd, guest_root, buf));
	close(fd);
}

static void try_one(void)
{
	static char kernel[2 * PATH_SIZE];
	struct attempt attempt;
	long status;

	random_attempt(&attempt);
	status = view_resolve(view, &operations[attempt.operations], attempt.guest_base, attempt.path, attempt.flags,
			      &scratch, &result);
	kernel_path(&attempt, kernel);
	if (attempt.flags & VIEW_PARENT)
		compare_parent(&attempt, kernel, status);
	else
		compare_object(&attempt, kernel, status);
}

static void write_map(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		has_mounts = false;
	close(fd);
}

/* A mount namespace of our own, as root or in a user namespace. */
static void enter_namespace(void)
{
	char map[64];
	unsigned int uid = getuid(), gid = getgid();

	has_mounts = !unshare(CLONE_NEWNS);
	if (!has_mounts && !unshare(CLONE_NEWNS | CLONE_NEWUSER)) {
		has_mounts = true;
		write_map("/proc/self/setgroups", "deny");
		snprintf(map, sizeof(map), "%u %u 1", uid, uid);
		write_map("/proc/self/uid_map", map);
		snprintf(map, sizeof(map), "%u %u 1", gid, gid);
		write_map("/proc/self/gid_map", map);
	}
	has_mounts = has_mounts && !make_mounts_private();
}

static void make_base(void)
{
	const char *directory = getenv("TMPDIR");
	char template[PATH_MAX], real[PATH_MAX];

	snprintf(template, sizeof(template), "%s/resolve.XXXXXX", directory ? directory : "/tmp");
	if (!mkdtemp(template) || !realpath(template, real) || strlen(real) >= sizeof(base))
		give_up(template);
	strcpy(base, real);
}

static unsigned long setting(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 10) : otherwise;
}

static bool kernel_has_openat2(void)
{
	guest_fd = AT_FDCWD;
	return open_guest("/", 0) != -ENOSYS;
}

int main(void)
{
	unsigned long cases = setting("PROOT_TEST_CASES", getenv("CI") ? 100000 : 300000);
	unsigned long seed = setting("PROOT_TEST_SEED", (unsigned long)time(NULL));
	unsigned long done = 0;

	if (!kernel_has_openat2()) {
		printf("1..0 # SKIP no openat2(2) before Linux 5.6\n");
		return 0;
	}
	random_state = seed * 2 + 1;
	make_base();
	enter_namespace();
	while (done < cases && failures < FAILURES_SHOWN) {
		make_world();
		for (unsigned int i = 0; i < CASES_OF_A_WORLD && done < cases; i++, done++)
			try_one();
		remove_world();
	}
	rmdir(base);
	printf("# seed %lu, %lu paths, %u of them lead to something, %u mounts%s\n", seed, done, found, mounts,
	       has_mounts ? "" : ": this user may not mount");
	ok(!failures, "random paths lead where the kernel says");
	return plan_done();
}
