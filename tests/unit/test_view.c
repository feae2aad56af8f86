/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The view over a file system that is a table: each case with and without the
 * short cut that check_plain allows, which must not change the answer.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "view/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One object of the host. A directory has no target, a file an empty one, a link its text. */
struct node {
	const char *path;
	const char *target;
};

#define DIRECTORY(path) \
	{ \
		path, NULL \
	}
#define FILE_AT(path) \
	{ \
		path, "" \
	}
#define LINK(path, target) \
	{ \
		path, target \
	}
#define MAGIC_TARGET "magic"
#define JUMP_TARGET "jump:" /* and the guest path of an object */
#define LONG_NAME \
	"a-name-of-many-letters-a-name-of-many-letters-a-name-of-many-letters-a-name-of-many-letters-a-name-of-" \
	"many-letters-a-name-of-many-letters-a-name-of-many-letters-a-name-of-many-letters-a-name-of-many-letters"

static const struct node nodes[] = {
	DIRECTORY(""),
	DIRECTORY("/r"),
	DIRECTORY("/r/bin"),
	FILE_AT("/r/bin/sh"),
	DIRECTORY("/r/usr"),
	DIRECTORY("/r/usr/lib"),
	FILE_AT("/r/usr/lib/x"),
	DIRECTORY("/r/usr/lib/a"),
	DIRECTORY("/r/usr/lib/a/b"),
	DIRECTORY("/r/usr/lib/a/b/c"),
	LINK("/r/usr/lib/a/b/out", "../../../../bin"),
	LINK("/r/lib", "usr/lib"),
	LINK("/r/abs", "/usr/lib"),
	LINK("/r/abs2", "///usr//./lib/../lib"),
	LINK("/r/loop", "loop"),
	LINK("/r/growing", "growing/" LONG_NAME "/" LONG_NAME),
	LINK("/r/ping", "/pong"),
	LINK("/r/pong", "ping"),
	LINK("/r/dangling", "nowhere"),
	LINK("/r/dangling2", "nowhere/x"),
	LINK("/r/above", "../../../.."),
	LINK("/r/usr/above", "../../../bin"),
	LINK("/r/dot", "."),
	LINK("/r/slash", "usr/"),
	LINK("/r/tofile", "bin/sh"),
	LINK("/r/tofile2", "bin/sh/"),
	LINK("/r/toroot", "/"),
	LINK("/r/tomnt", "mnt/f"),
	DIRECTORY("/r/mnt"),
	FILE_AT("/r/mnt/hidden"),
	DIRECTORY("/r/proc"),
	LINK("/r/proc/fd", MAGIC_TARGET),
	LINK("/r/proc/cwd", JUMP_TARGET "/mnt/d"),
	LINK("/r/proc/root", JUMP_TARGET "/"),
	DIRECTORY("/h"),
	DIRECTORY("/h/data"),
	FILE_AT("/h/data/f"),
	DIRECTORY("/h/data/d"),
	DIRECTORY("/h/data/d/e"),
	LINK("/h/data/l", "/usr"),
	LINK("/h/data/up", "../bin"),
	LINK("/h/data/d/up2", "../../usr"),
	DIRECTORY("/h/other"),
	FILE_AT("/h/other/o"),
	FILE_AT("/h/file"),
	LINK("/h/link", "/bin"),
	LINK("/h/own", "/h/data"),
	LINK("/h/data/twice", "/h/own/d"),
};

/* Longer chains than a table can hold: /r/cN leads to /r/usr over N links. */
static char chain_target[16];

static bool is_wrong_question; /* the resolver asked about a path with a link on its way */

static const char *find_target(const char *path, bool *found)
{
	unsigned int number;
	char end;

	*found = true;
	if (sscanf(path, "/r/c%u%c", &number, &end) == 1 && number > 0) {
		snprintf(chain_target, sizeof(chain_target), number == 1 ? "usr" : "c%u", number - 1);
		return chain_target;
	}
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++)
		if (!strcmp(nodes[i].path, path))
			return nodes[i].target;
	*found = false;
	return NULL;
}

/* The path of the directory that PATH is in. */
static const char *parent_of(const char *path)
{
	static char parent[PATH_SIZE + 2];
	const char *slash = strrchr(path, '/');

	snprintf(parent, sizeof(parent), "%.*s", slash ? (int)(slash - path) : 0, path);
	return parent;
}

/* What the host has at PATH: 0 and its target, or as lookup of a path without links fails. */
static long look_up(const char *host_path, const char **target)
{
	char path[PATH_SIZE + 2];
	bool found;

	for (const char *at = host_path;; at++) {
		if (*at && *at != '/')
			continue;
		snprintf(path, sizeof(path), "%.*s", (int)(at - host_path), host_path);
		if (strlen(path) - strlen(parent_of(path)) > NAME_LONGEST + 1)
			return -ENAMETOOLONG;
		*target = find_target(path, &found);
		if (!found)
			return -ENOENT;
		if (!*at || !strcmp(at, "/"))
			return *at && *target ? -ENOTDIR : 0;
		if (!strcmp(at, "/."))
			return *target ? -ENOTDIR : 0;
		if (!*target)
			continue;
		if (**target)
			is_wrong_question = true;
		return -ENOTDIR;
	}
}

static long read_link(void *context, const char *host_path, char *buf, size_t size, bool is_last)
{
	(void)context;
	const char *target;
	long status = look_up(host_path, &target);

	(void)is_last;
	if (status)
		return status;
	if (!target || !*target)
		return -EINVAL;
	if (!strcmp(target, MAGIC_TARGET))
		return VIEW_MAGIC;
	if (!strncmp(target, JUMP_TARGET, strlen(JUMP_TARGET))) {
		target += strlen(JUMP_TARGET);
		memcpy(buf, target, strlen(target) + 1);
		return VIEW_JUMP + (long)strlen(target);
	}
	if (strlen(target) > size)
		abort();
	memcpy(buf, target, strlen(target));
	return (long)strlen(target);
}

static struct view_operations slow = { .read_link = read_link };

static int opened; /* descriptors check_plain has handed out */

/* As openat2(2) with RESOLVE_NO_SYMLINKS. */
static long check_plain(void *context, const char *host_path, enum view_check kind, int *object)
{
	(void)context;
	const char *target;
	char path[PATH_SIZE];
	long status;

	for (const char *at = host_path + 1;; at++) {
		if (*at && *at != '/')
			continue;
		snprintf(path, sizeof(path), "%.*s", (int)(at - host_path), host_path);
		status = look_up(path, &target);
		if (status)
			return status;
		if (target && *target && (*at || kind != VIEW_CHECK_OBJECT))
			return -ELOOP;
		if (!*at)
			break;
		if (target)
			return -ENOTDIR;
	}
	if (target && kind == VIEW_CHECK_DIRECTORY)
		return -ENOTDIR;
	if (object) {
		*object = 1000;
		opened++;
	}
	return 0;
}

static struct view_operations fast = { .read_link = read_link, .check_plain = check_plain };

static _Alignas(8) char block[1 << 20];
static struct view *const view = (struct view *)block;
static struct view_scratch scratch;
static struct view_result result;

static void start(const char *host_root)
{
	if (view_init(view, sizeof(block), 6000, host_root))
		abort();
}

static void bind_at(const char *guest, const char *host, unsigned int flags)
{
	if (view_add(view, guest, host, flags))
		abort();
}

static const char *base = "";

/* Whether PATH leads to HOST and GUEST both with and without the short cut. */
static bool is_at(const char *path, unsigned int flags, const char *host, const char *guest)
{
	const struct view_operations *both[] = { &slow, &fast };

	for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
		long status;

		is_wrong_question = false;
		status = view_resolve(view, both[i], base, path, flags, &scratch, &result);
		if (status || is_wrong_question || strcmp(result.host, host) || strcmp(result.guest, guest) ||
		    result.host_length != strlen(host) || result.guest_length != strlen(guest)) {
			printf("# %s: status %ld, host '%s', guest '%s'%s\n", i ? "fast" : "slow", status, result.host,
			       result.guest, is_wrong_question ? ", wrong question" : "");
			return false;
		}
	}
	return true;
}

static bool fails(const char *path, unsigned int flags, long error)
{
	long slow_status = view_resolve(view, &slow, base, path, flags, &scratch, &result);
	long fast_status = view_resolve(view, &fast, base, path, flags, &scratch, &result);

	if (slow_status != -error || fast_status != -error)
		printf("# slow %ld, fast %ld\n", slow_status, fast_status);
	return slow_status == -error && fast_status == -error;
}

#define LEADS(path, flags, host, guest) ok(is_at(path, flags, host, guest), path " -> " guest " (" #flags ")")
#define FAILS(path, flags, error) ok(fails(path, flags, error), path " is " #error " (" #flags ")")

static void test_plain(void)
{
	start("/r");
	LEADS("/", 0, "/r", "");
	LEADS("/bin", 0, "/r/bin", "/bin");
	LEADS("/bin/sh", VIEW_FOLLOW, "/r/bin/sh", "/bin/sh");
	LEADS("//bin///sh", VIEW_FOLLOW, "/r/bin/sh", "/bin/sh");
	LEADS("/bin/missing", VIEW_FOLLOW | VIEW_MAY_MAKE, "/r/bin/missing", "/bin/missing");
	LEADS("/usr/lib/a/b/c", VIEW_FOLLOW, "/r/usr/lib/a/b/c", "/usr/lib/a/b/c");
	LEADS("/usr/lib/a/b/c/missing", VIEW_FOLLOW | VIEW_MAY_MAKE, "/r/usr/lib/a/b/c/missing",
	      "/usr/lib/a/b/c/missing");
	FAILS("/missing/x", VIEW_FOLLOW, ENOENT);
	FAILS("/missing/x/y/z/q", VIEW_FOLLOW, ENOENT);
	FAILS("/usr/lib/x/y/z", VIEW_FOLLOW, ENOTDIR);
	FAILS("", VIEW_FOLLOW, ENOENT);
	start("/");
	LEADS("/r/bin/sh", VIEW_FOLLOW, "/r/bin/sh", "/r/bin/sh");
	LEADS("/", 0, "/", "");
	LEADS("/..", 0, "/", "");
	LEADS("/r/abs", 0, "/r/abs", "/r/abs");
}

static void test_base(void)
{
	start("/r");
	base = "/usr/lib";
	LEADS("x", VIEW_FOLLOW, "/r/usr/lib/x", "/usr/lib/x");
	LEADS("a/b/c", VIEW_FOLLOW, "/r/usr/lib/a/b/c", "/usr/lib/a/b/c");
	LEADS("../..", VIEW_FOLLOW, "/r", "");
	LEADS("../../../..", VIEW_FOLLOW, "/r", "");
	LEADS(".", VIEW_FOLLOW, "/r/usr/lib/.", "/usr/lib");
	LEADS("./x", VIEW_FOLLOW, "/r/usr/lib/x", "/usr/lib/x");
	LEADS("/bin", VIEW_FOLLOW, "/r/bin", "/bin");
	base = "";
	LEADS("bin", VIEW_FOLLOW, "/r/bin", "/bin");
	LEADS("..", VIEW_FOLLOW, "/r", "");
}

static bool is_in(uint32_t mount, const char *host, const char *guest)
{
	char buf[PATH_SIZE];
	long length = view_to_guest_in(view, mount, host, buf, sizeof(buf));

	return guest ? length == (long)strlen(guest) && !strcmp(buf, guest) : length == -ENOENT;
}

/* Places of the host that are seen twice. */
static void test_twice(void)
{
	uint32_t a, b;

	start("/r");
	bind_at("/bin", "/r/usr", VIEW_DIRECTORY);
	bind_at("/other", "/h", VIEW_DIRECTORY);
	view_note_twice(view);
	a = (uint32_t)view_find(view, "/bin", 4);
	b = (uint32_t)view_find(view, "/other", 6);
	ok(view->flags & VIEW_TWICE, "a place of the root bound elsewhere");
	ok(view_shows_twice(view, "/r/usr") && view_shows_twice(view, "/r/usr/lib"), "there and below");
	ok(!view_shows_twice(view, "/r") && !view_shows_twice(view, "/h/x") && !view_shows_twice(view, "/r/usrx"),
	   "nowhere else");
	ok(is_in(0, "/r/usr/lib", "/usr/lib") && is_in(a, "/r/usr/lib", "/bin/lib"), "both places are known");
	ok(is_in(0, "/r", "/") && is_in(b, "/h", "/other"), "roots of bindings");
	ok(is_in(0, "/r/bin/sh", NULL), "a covered place is not seen");
	ok(is_in(a, "/r/bin", NULL) && is_in(b, "/r/usr", NULL) && is_in(99, "/r", NULL), "nor one outside");
	start("/r");
	bind_at("/usr", "/r/usr", VIEW_DIRECTORY);
	bind_at("/bin", "/h", VIEW_DIRECTORY);
	view_note_twice(view);
	ok(!(view->flags & VIEW_TWICE), "a place bound to itself is not seen twice");
	start("/r");
	bind_at("/a", "/h", VIEW_DIRECTORY);
	bind_at("/b", "/h/x", VIEW_DIRECTORY);
	bind_at("/a/x", "/r/bin", VIEW_DIRECTORY);
	view_note_twice(view);
	ok(view->flags & VIEW_TWICE && !view_shows_twice(view, "/h/x") && view_shows_twice(view, "/r/bin/sh"),
	   "a covered place does not count");
}

/* Another root than the view's: chroot(2). */
static void test_root(void)
{
	start("/r");
	bind_at("/usr/lib/a", "/r/bin", VIEW_DIRECTORY);
	slow.root = fast.root = "/usr/lib";
	LEADS("/", 0, "/r/usr/lib", "/usr/lib");
	ok(result.is_root && result.is_mount_point, "that is the root");
	LEADS("/x", VIEW_FOLLOW, "/r/usr/lib/x", "/usr/lib/x");
	ok(!result.is_root && !result.is_mount_point, "that is not");
	LEADS("/..", VIEW_FOLLOW, "/r/usr/lib", "/usr/lib");
	LEADS("/../../x", VIEW_FOLLOW, "/r/usr/lib/x", "/usr/lib/x");
	LEADS("/a", 0, "/r/bin", "/usr/lib/a");
	LEADS("/a/..", 0, "/r/usr/lib", "/usr/lib");
	LEADS("/a/../..", 0, "/r/usr/lib", "/usr/lib");
	LEADS("/a/sh", 0, "/r/bin/sh", "/usr/lib/a/sh");
	FAILS("/bin/sh", VIEW_FOLLOW, ENOENT);
	base = "/usr/lib";
	LEADS("..", VIEW_FOLLOW, "/r/usr/lib", "/usr/lib");
	LEADS("a/../../x", VIEW_FOLLOW, "/r/usr/lib/x", "/usr/lib/x");
	base = "/bin"; /* outside: free to go, but for links */
	LEADS("sh", VIEW_FOLLOW, "/r/bin/sh", "/bin/sh");
	LEADS("../..", VIEW_FOLLOW, "/r", "");
	LEADS("../usr/lib/..", VIEW_FOLLOW, "/r/usr/lib", "/usr/lib");
	base = "";
	LEADS("lib/x", VIEW_FOLLOW, "/r/usr/lib/x", "/usr/lib/x");
	FAILS("abs/x", VIEW_FOLLOW, ENOENT);
	LEADS("toroot", VIEW_FOLLOW, "/r/usr/lib", "/usr/lib");
	slow.root = fast.root = "/usr/lib/a";
	LEADS("/..", 0, "/r/bin", "/usr/lib/a");
	LEADS("/sh", 0, "/r/bin/sh", "/usr/lib/a/sh");
	slow.root = fast.root = "";
}

static void test_links(void)
{
	start("/r");
	LEADS("/lib", VIEW_FOLLOW, "/r/usr/lib", "/usr/lib");
	LEADS("/lib", 0, "/r/lib", "/lib");
	LEADS("/lib/x", 0, "/r/usr/lib/x", "/usr/lib/x");
	LEADS("/abs/x", 0, "/r/usr/lib/x", "/usr/lib/x");
	LEADS("/abs2/x", 0, "/r/usr/lib/x", "/usr/lib/x");
	LEADS("/lib/", 0, "/r/usr/lib/", "/usr/lib");
	LEADS("/lib/.", 0, "/r/usr/lib/.", "/usr/lib");
	LEADS("/lib/..", 0, "/r/usr", "/usr");
	LEADS("/lib/a/b/out/sh", VIEW_FOLLOW, "/r/bin/sh", "/bin/sh");
	LEADS("/dangling", VIEW_FOLLOW, "/r/nowhere", "/nowhere");
	LEADS("/dangling", 0, "/r/dangling", "/dangling");
	LEADS("/dot/dot/dot/bin", VIEW_FOLLOW, "/r/bin", "/bin");
	LEADS("/slash", VIEW_FOLLOW, "/r/usr/", "/usr");
	LEADS("/slash/lib", VIEW_FOLLOW, "/r/usr/lib", "/usr/lib");
	LEADS("/tofile", VIEW_FOLLOW, "/r/bin/sh", "/bin/sh");
	LEADS("/tofile/", VIEW_FOLLOW, "/r/bin/sh/", "/bin/sh");
	LEADS("/tofile2", VIEW_FOLLOW, "/r/bin/sh/", "/bin/sh");
	LEADS("/toroot", VIEW_FOLLOW, "/r", "");
	LEADS("/toroot/bin", VIEW_FOLLOW, "/r/bin", "/bin");
	LEADS("/usr/lib/../../abs/a", VIEW_FOLLOW, "/r/usr/lib/a", "/usr/lib/a");
	FAILS("/dangling/x", VIEW_FOLLOW, ENOENT);
	FAILS("/dangling2", VIEW_FOLLOW, ENOENT);
	LEADS("/dangling/", VIEW_FOLLOW, "/r/nowhere/", "/nowhere");
	FAILS("/loop", VIEW_FOLLOW, ELOOP);
	LEADS("/loop", 0, "/r/loop", "/loop");
	FAILS("/loop/", 0, ELOOP);
	FAILS("/ping", VIEW_FOLLOW, ELOOP);
	FAILS("/growing/x", VIEW_FOLLOW, ELOOP);
	FAILS("/tofile/x/y", VIEW_FOLLOW, ENOTDIR);
	FAILS("/tofile/..", VIEW_FOLLOW, ENOTDIR);
	FAILS("/bin/sh/..", VIEW_FOLLOW, ENOTDIR);
	FAILS("/bin/sh/./x", VIEW_FOLLOW, ENOTDIR);
	FAILS("/missing/..", VIEW_FOLLOW, ENOENT);
	LEADS("/c40", VIEW_FOLLOW, "/r/usr", "/usr");
	FAILS("/c41", VIEW_FOLLOW, ELOOP);
	LEADS("/c39/../c1/lib", VIEW_FOLLOW, "/r/usr/lib", "/usr/lib");
	FAILS("/c39/../c2/lib", VIEW_FOLLOW, ELOOP);
	FAILS("/lib/x", VIEW_NO_LINKS, ELOOP);
	FAILS("/lib", VIEW_NO_LINKS | VIEW_FOLLOW, ELOOP);
	LEADS("/lib", VIEW_NO_LINKS, "/r/lib", "/lib");
	LEADS("/usr/lib/a/b/c", VIEW_NO_LINKS, "/r/usr/lib/a/b/c", "/usr/lib/a/b/c");
}

static void test_above_root(void)
{
	start("/r");
	LEADS("/..", VIEW_FOLLOW, "/r", "");
	LEADS("/../../bin", VIEW_FOLLOW, "/r/bin", "/bin");
	LEADS("/above/bin", VIEW_FOLLOW, "/r/bin", "/bin");
	LEADS("/usr/above/sh", VIEW_FOLLOW, "/r/bin/sh", "/bin/sh");
	LEADS("/bin/../../../h", VIEW_FOLLOW, "/r/h", "/h");
	LEADS("/bin/../..", VIEW_PARENT, "/r/..", "");
}

static void test_parent(void)
{
	start("/r");
	LEADS("/bin/new", VIEW_PARENT, "/r/bin/new", "/bin/new");
	LEADS("/bin/new/", VIEW_PARENT, "/r/bin/new/", "/bin/new");
	LEADS("/bin/.", VIEW_PARENT, "/r/bin/.", "/bin");
	ok(result.wants_directory && result.ends_in_dot && !result.is_mount_point, "the dot at its end is told");
	LEADS("/bin/..", VIEW_PARENT, "/r/bin/..", "/bin");
	LEADS("/lib", VIEW_PARENT, "/r/lib", "/lib");
	LEADS("/lib/", VIEW_PARENT, "/r/lib/", "/lib");
	LEADS("/lib/new", VIEW_PARENT, "/r/usr/lib/new", "/usr/lib/new");
	LEADS("/lib/.", VIEW_PARENT, "/r/usr/lib/.", "/usr/lib");
	LEADS("/", VIEW_PARENT, "/r", "");
	ok(result.is_mount_point, "the root is a mount point");
	FAILS("/missing/new", VIEW_PARENT, ENOENT);
	LEADS("new", VIEW_PARENT, "/r/new", "/new");
	LEADS("/./new", VIEW_PARENT, "/r/new", "/new");
	LEADS("/bin/./new", VIEW_PARENT, "/r/bin/new", "/bin/new");
	LEADS("/bin/.//./new/", VIEW_PARENT, "/r/bin/new/", "/bin/new");
}

static void test_slashes(void)
{
	start("/r");
	LEADS("/bin/", VIEW_FOLLOW, "/r/bin/", "/bin");
	ok(result.wants_directory, "a slash at the end wants a directory");
	LEADS("/bin/sh/", 0, "/r/bin/sh/", "/bin/sh");
	LEADS("/bin//.//", 0, "/r/bin/.", "/bin");
	LEADS("/bin/./sh", 0, "/r/bin/sh", "/bin/sh");
	LEADS("/bin", 0, "/r/bin", "/bin");
	ok(!result.wants_directory, "none without it");
	ok(result.host_length == 6 && result.guest_length == 4, "lengths");
}

static void test_bindings(void)
{
	start("/r");
	bind_at("/mnt", "/h/data", VIEW_DIRECTORY);
	bind_at("/mnt/d", "/h/other", VIEW_DIRECTORY);
	bind_at("/bin/sh", "/h/file", 0);
	LEADS("/mnt", VIEW_FOLLOW, "/h/data", "/mnt");
	ok(result.is_mount_point && result.mount != 0 && result.parent_mount == 0, "it is a mount point in the root");
	LEADS("/mnt/f", VIEW_FOLLOW, "/h/data/f", "/mnt/f");
	ok(!result.is_mount_point && result.mount == result.parent_mount, "what is in it is none");
	LEADS("/mnt/", VIEW_FOLLOW, "/h/data/", "/mnt");
	LEADS("/mnt/.", VIEW_FOLLOW, "/h/data/.", "/mnt");
	LEADS("/mnt/hidden", VIEW_FOLLOW, "/h/data/hidden", "/mnt/hidden");
	LEADS("/mnt/..", VIEW_FOLLOW, "/r", "");
	LEADS("/mnt/../usr", VIEW_FOLLOW, "/r/usr", "/usr");
	LEADS("/mnt/d", VIEW_FOLLOW, "/h/other", "/mnt/d");
	LEADS("/mnt/d/o", VIEW_FOLLOW, "/h/other/o", "/mnt/d/o");
	LEADS("/mnt/d/e", VIEW_FOLLOW, "/h/other/e", "/mnt/d/e");
	LEADS("/mnt/d/..", VIEW_FOLLOW, "/h/data", "/mnt");
	LEADS("/mnt/d/../..", VIEW_FOLLOW, "/r", "");
	LEADS("/mnt/d/../f", VIEW_FOLLOW, "/h/data/f", "/mnt/f");
	LEADS("/mnt/l", VIEW_FOLLOW, "/r/usr", "/usr");
	LEADS("/mnt/l/lib/x", VIEW_FOLLOW, "/r/usr/lib/x", "/usr/lib/x");
	LEADS("/mnt/up", VIEW_FOLLOW, "/r/bin", "/bin");
	LEADS("/mnt/up/sh", VIEW_FOLLOW, "/h/file", "/bin/sh");
	LEADS("/tomnt", VIEW_FOLLOW, "/h/data/f", "/mnt/f");
	LEADS("/dot/mnt/f", VIEW_FOLLOW, "/h/data/f", "/mnt/f");
	LEADS("/usr/../mnt/d/../d/o", VIEW_FOLLOW, "/h/other/o", "/mnt/d/o");
	LEADS("/bin/sh", VIEW_FOLLOW, "/h/file", "/bin/sh");
	LEADS("/bin/sh/", VIEW_FOLLOW, "/h/file/", "/bin/sh");
	LEADS("/tofile", VIEW_FOLLOW, "/h/file", "/bin/sh");
	LEADS("/bin/sh", VIEW_PARENT, "/h/file", "/bin/sh");
	ok(result.is_mount_point && result.parent_mount == 0, "a file can be a mount point");
	FAILS("/bin/sh/..", VIEW_FOLLOW, ENOTDIR);
	FAILS("/bin/sh/x/y", VIEW_FOLLOW, ENOTDIR);
	base = "/mnt/d";
	LEADS("o", VIEW_FOLLOW, "/h/other/o", "/mnt/d/o");
	LEADS("..", VIEW_FOLLOW, "/h/data", "/mnt");
	LEADS("../../usr", VIEW_FOLLOW, "/r/usr", "/usr");
	base = "";
}

/* openat2's RESOLVE_BENEATH and RESOLVE_IN_ROOT, from a directory with a binding in it. */
static void test_scopes(void)
{
	start("/r");
	bind_at("/usr/lib/a", "/h/data", VIEW_DIRECTORY);
	base = "/usr";
	LEADS("lib/x", VIEW_FOLLOW | VIEW_BENEATH, "/r/usr/lib/x", "/usr/lib/x");
	LEADS("lib/a/f", VIEW_FOLLOW | VIEW_BENEATH, "/h/data/f", "/usr/lib/a/f");
	LEADS("lib/a/../x", VIEW_FOLLOW | VIEW_BENEATH, "/r/usr/lib/x", "/usr/lib/x");
	LEADS("lib/..", VIEW_FOLLOW | VIEW_BENEATH, "/r/usr", "/usr");
	FAILS("lib/../..", VIEW_FOLLOW | VIEW_BENEATH, EXDEV);
	FAILS("..", VIEW_FOLLOW | VIEW_BENEATH, EXDEV);
	FAILS("..", VIEW_PARENT | VIEW_BENEATH, EXDEV);
	FAILS("above", VIEW_FOLLOW | VIEW_BENEATH, EXDEV);
	FAILS("lib/a/l", VIEW_FOLLOW | VIEW_BENEATH, EXDEV);
	LEADS("lib/a/l", VIEW_BENEATH, "/h/data/l", "/usr/lib/a/l");
	FAILS("/usr/lib/x", VIEW_FOLLOW | VIEW_BENEATH, EXDEV);
	LEADS("lib/a/f", VIEW_FOLLOW | VIEW_IN_ROOT, "/h/data/f", "/usr/lib/a/f");
	LEADS("/lib/x", VIEW_FOLLOW | VIEW_IN_ROOT, "/r/usr/lib/x", "/usr/lib/x");
	LEADS("/", VIEW_FOLLOW | VIEW_IN_ROOT, "/r/usr", "/usr");
	LEADS("../../lib/../..", VIEW_FOLLOW | VIEW_IN_ROOT, "/r/usr", "/usr");
	LEADS("/lib/a/../../../lib/x", VIEW_FOLLOW | VIEW_IN_ROOT, "/r/usr/lib/x", "/usr/lib/x");
	FAILS("lib/a/l/x", VIEW_FOLLOW | VIEW_IN_ROOT, ENOENT);
	FAILS("above/sh", VIEW_FOLLOW | VIEW_IN_ROOT, ENOENT);
	base = "/usr/lib/a";
	LEADS("/d/..", VIEW_FOLLOW | VIEW_IN_ROOT, "/h/data", "/usr/lib/a");
	LEADS("..", VIEW_FOLLOW | VIEW_IN_ROOT, "/h/data", "/usr/lib/a");
	FAILS("..", VIEW_FOLLOW | VIEW_BENEATH, EXDEV);
	base = "/proc";
	FAILS("fd", VIEW_FOLLOW | VIEW_BENEATH, EXDEV);
	FAILS("cwd", VIEW_FOLLOW | VIEW_IN_ROOT, EXDEV);
	base = "";
}

/* RESOLVE_NO_XDEV. */
static void test_no_mounts(void)
{
	start("/r");
	bind_at("/mnt", "/h/data", VIEW_DIRECTORY);
	bind_at("/mnt/d", "/h/other", VIEW_DIRECTORY);
	LEADS("/usr/lib/x", VIEW_FOLLOW | VIEW_NO_MOUNTS, "/r/usr/lib/x", "/usr/lib/x");
	FAILS("/mnt", VIEW_FOLLOW | VIEW_NO_MOUNTS, EXDEV);
	FAILS("/mnt/f", VIEW_FOLLOW | VIEW_NO_MOUNTS, EXDEV);
	FAILS("/tomnt", VIEW_FOLLOW | VIEW_NO_MOUNTS, EXDEV);
	LEADS("/..", VIEW_FOLLOW | VIEW_NO_MOUNTS, "/r", "");
	LEADS("/abs/x", VIEW_FOLLOW | VIEW_NO_MOUNTS, "/r/usr/lib/x", "/usr/lib/x");
	/* Of a relative path the kernel does not know the root yet. */
	FAILS("abs/x", VIEW_FOLLOW | VIEW_NO_MOUNTS, EXDEV);
	LEADS("usr/../abs/x", VIEW_FOLLOW | VIEW_NO_MOUNTS, "/r/usr/lib/x", "/usr/lib/x");
	FAILS("/proc/cwd/e", VIEW_FOLLOW | VIEW_NO_MOUNTS, EXDEV);
	FAILS("/proc/fd", VIEW_FOLLOW | VIEW_NO_MOUNTS, EXDEV);
	base = "/mnt";
	LEADS("f", VIEW_FOLLOW | VIEW_NO_MOUNTS, "/h/data/f", "/mnt/f");
	FAILS("d/o", VIEW_FOLLOW | VIEW_NO_MOUNTS, EXDEV);
	FAILS("..", VIEW_FOLLOW | VIEW_NO_MOUNTS, EXDEV);
	FAILS("up", VIEW_FOLLOW | VIEW_NO_MOUNTS, EXDEV);
	FAILS("l", VIEW_FOLLOW | VIEW_NO_MOUNTS, EXDEV);
	LEADS("..", VIEW_FOLLOW | VIEW_NO_MOUNTS | VIEW_IN_ROOT, "/h/data", "/mnt");
	LEADS("/usr", VIEW_FOLLOW | VIEW_NO_MOUNTS, "/r/usr", "/usr");
	base = "";
}

static void test_deep_bindings(void)
{
	start("/r");
	bind_at("/usr/lib/a/b", "/h/data", VIEW_DIRECTORY);
	bind_at("/usr/lib/a/b/d/e", "/h/other", VIEW_DIRECTORY);
	bind_at("/usr", "/r/usr", VIEW_DIRECTORY);
	LEADS("/usr/lib/a/b/f", VIEW_FOLLOW, "/h/data/f", "/usr/lib/a/b/f");
	LEADS("/usr/lib/a/b/d/e/o", VIEW_FOLLOW, "/h/other/o", "/usr/lib/a/b/d/e/o");
	LEADS("/usr/lib/a/b/d/e/..", VIEW_FOLLOW, "/h/data/d", "/usr/lib/a/b/d");
	LEADS("/usr/lib/a/b/d/up2", VIEW_FOLLOW, "/r/usr/lib/a/usr", "/usr/lib/a/usr");
	LEADS("/usr/lib/a/b/..", VIEW_FOLLOW, "/r/usr/lib/a", "/usr/lib/a");
	LEADS("/usr/lib/a/b/../../x", VIEW_FOLLOW, "/r/usr/lib/x", "/usr/lib/x");
	ok(result.mount == (uint32_t)view_find(view, "/usr", 4), "back in the mount that was left");
	LEADS("/usr/lib/a/b/up", VIEW_FOLLOW, "/r/usr/lib/a/bin", "/usr/lib/a/bin");
}

static void test_replaced_bindings(void)
{
	start("/r");
	bind_at("/mnt", "/h/data", VIEW_DIRECTORY);
	bind_at("/mnt", "/h/other", VIEW_DIRECTORY);
	ok(view->binding_count == 2, "the second binding at one place replaces the first");
	LEADS("/mnt/o", VIEW_FOLLOW, "/h/other/o", "/mnt/o");
	bind_at("", "/h", VIEW_DIRECTORY);
	LEADS("/data/f", VIEW_FOLLOW, "/h/data/f", "/data/f");
	LEADS("/link", VIEW_FOLLOW, "/h/bin", "/bin");
	bind_at("/mnt", "/", VIEW_DIRECTORY);
	LEADS("/mnt/r/bin", VIEW_FOLLOW, "/r/bin", "/mnt/r/bin");
	LEADS("/mnt", VIEW_FOLLOW, "/", "/mnt");
	LEADS("/mnt/..", VIEW_FOLLOW, "/h", "");
}

/* A binding at a link that was kept ("!") covers the link. */
static void test_bindings_over_links(void)
{
	start("/r");
	bind_at("/lib", "/h/other", VIEW_DIRECTORY);
	bind_at("/dangling", "/h/data", VIEW_DIRECTORY);
	LEADS("/lib", VIEW_FOLLOW, "/h/other", "/lib");
	LEADS("/lib", 0, "/h/other", "/lib");
	LEADS("/lib/o", VIEW_FOLLOW, "/h/other/o", "/lib/o");
	LEADS("/lib/..", VIEW_FOLLOW, "/r", "");
	LEADS("/abs/x", VIEW_FOLLOW, "/r/usr/lib/x", "/usr/lib/x");
	LEADS("/dangling/f", VIEW_FOLLOW, "/h/data/f", "/dangling/f");
	LEADS("/lib", VIEW_NO_LINKS | VIEW_FOLLOW, "/h/other", "/lib");
	LEADS("/slash/../lib/o", VIEW_FOLLOW, "/h/other/o", "/lib/o");
}

/* Bindings at places the root does not have: the directories above are virtual. */
static void test_missing_places(void)
{
	start("/r");
	bind_at("/new", "", VIEW_VIRTUAL);
	bind_at("/new/deep", "", VIEW_VIRTUAL);
	bind_at("/new/deep/place", "/h/data", VIEW_DIRECTORY);
	LEADS("/new/deep/place/f", VIEW_FOLLOW, "/h/data/f", "/new/deep/place/f");
	LEADS("/new/deep/place/..", VIEW_FOLLOW, result.host, "/new/deep");
	ok(result.is_virtual, "a directory that only bindings need is virtual");
	LEADS("/new/deep/place/../../..", VIEW_FOLLOW, "/r", "");
	ok(!result.is_virtual, "the root is not");
	LEADS("/new/./deep/../deep/place", VIEW_FOLLOW, "/h/data", "/new/deep/place");
	LEADS("/new/deep/place/../../../bin/sh", VIEW_FOLLOW, "/r/bin/sh", "/bin/sh");
	ok(view_resolve(view, &fast, "", "/new/", VIEW_FOLLOW, &scratch, &result) == 0 && result.is_virtual,
	   "a virtual directory with a slash behind it");
	ok(view_resolve(view, &fast, "", "/new/.", VIEW_FOLLOW, &scratch, &result) == 0 && result.is_virtual,
	   "a virtual directory with a dot behind it");
	FAILS("/new/x", VIEW_FOLLOW, ENOENT);
	FAILS("/new/x/y", VIEW_FOLLOW, ENOENT);
	FAILS("/new/deep/placex", VIEW_FOLLOW, ENOENT);
	FAILS("/new/x", VIEW_PARENT, EROFS);
	FAILS("/new/x/y", VIEW_PARENT, ENOENT);
	base = "/new/deep";
	LEADS("place/f", VIEW_FOLLOW, "/h/data/f", "/new/deep/place/f");
	FAILS("x", VIEW_FOLLOW, ENOENT);
	base = "";
}

/* Where a binding goes: missing components are taken as they are named. */
static void test_missing_ok(void)
{
	const unsigned int flags = VIEW_FOLLOW | VIEW_MISSING_OK;

	start("/r");
	LEADS("/a/b/c", flags, "/r/a/b/c", "/a/b/c");
	LEADS("/lib/new/x", flags, "/r/usr/lib/new/x", "/usr/lib/new/x");
	LEADS("/dangling", flags, "/r/nowhere", "/nowhere");
	LEADS("/dangling2/y", flags, "/r/nowhere/x/y", "/nowhere/x/y");
	FAILS("/a/b/../c", flags, ENOENT);
	FAILS("/a/..", flags, ENOENT);
	LEADS("/bin/../lib", flags, "/r/usr/lib", "/usr/lib");
	LEADS("/../a", flags, "/r/a", "/a");
	LEADS("/a/./b", flags, "/r/a/b", "/a/b");
	FAILS("/bin/sh/x/y", flags, ENOTDIR);
	FAILS("/loop/x", flags, ELOOP);
	bind_at("/v", "", VIEW_VIRTUAL);
	bind_at("/v/w", "/h/data", VIEW_DIRECTORY);
	ok(view_resolve(view, &slow, "", "/v/x/y", flags, &scratch, &result) == 0 && !strcmp(result.guest, "/v/x/y"),
	   "a missing place in a virtual directory");
	LEADS("/v/w/l/new", flags, "/r/usr/new", "/usr/new");
}

static void test_magic(void)
{
	start("/r");
	LEADS("/proc/fd", VIEW_FOLLOW, "/r/proc/fd", "/proc/fd");
	ok(result.is_magic, "a link that is left to the kernel is told");
	LEADS("/proc/fd", 0, "/r/proc/fd", "/proc/fd");
	ok(!result.is_magic, "one that is not followed is a link like others");
	LEADS("/proc/fd/", VIEW_FOLLOW, "/r/proc/fd/", "/proc/fd");
}

/* Links that lead straight to an object of the guest, as /proc/self/cwd does. */
static void test_jumps(void)
{
	start("/r");
	bind_at("/mnt", "/h/data", VIEW_DIRECTORY);
	LEADS("/proc/cwd", VIEW_FOLLOW, "/h/data/d", "/mnt/d");
	LEADS("/proc/cwd", 0, "/r/proc/cwd", "/proc/cwd");
	LEADS("/proc/cwd/e", VIEW_FOLLOW, "/h/data/d/e", "/mnt/d/e");
	LEADS("/proc/cwd/", 0, "/h/data/d/", "/mnt/d");
	LEADS("/proc/cwd/..", VIEW_FOLLOW, "/h/data", "/mnt");
	LEADS("/proc/cwd/../../bin/sh", VIEW_FOLLOW, "/r/bin/sh", "/bin/sh");
	LEADS("/proc/cwd/new", VIEW_PARENT, "/h/data/d/new", "/mnt/d/new");
	LEADS("/proc/root", VIEW_FOLLOW, "/r", "");
	LEADS("/proc/root/mnt/f", VIEW_FOLLOW, "/h/data/f", "/mnt/f");
	LEADS("/proc/root/..", VIEW_FOLLOW, "/r", "");
	LEADS("/proc/root/proc/root/proc/cwd/e", VIEW_FOLLOW, "/h/data/d/e", "/mnt/d/e");
	FAILS("/proc/cwd/e", VIEW_NO_LINKS, ELOOP);
}

/* Whether PATH may be named from the base, or where it has jumped to, as far up as the host path ANCHOR. */
static bool is_anchored_at(const char *path, unsigned int flags, const char *anchor)
{
	const struct view_operations *both[] = { &slow, &fast };

	for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
		if (view_resolve(view, both[i], base, path, flags, &scratch, &result))
			return false;
		if (!anchor != !result.is_anchored)
			return false;
		if (anchor && (result.anchor != strlen(anchor) || strncmp(result.host, anchor, result.anchor)))
			return false;
	}
	return true;
}

#define ANCHORED(path, flags, anchor) ok(is_anchored_at(path, flags, anchor), path " has been as high as " anchor)
#define NOT_ANCHORED(path, flags) ok(is_anchored_at(path, flags, NULL), path " has left the base")

static void test_anchors(void)
{
	start("/r");
	bind_at("/mnt", "/h/data", VIEW_DIRECTORY);
	base = "/usr/lib/a";
	ANCHORED(".", 0, "/r/usr/lib/a");
	ANCHORED("b/c", VIEW_FOLLOW, "/r/usr/lib/a");
	ANCHORED("b/../b", VIEW_FOLLOW, "/r/usr/lib/a");
	ANCHORED("../a", VIEW_FOLLOW, "/r/usr/lib");
	ANCHORED("../a/b/c", VIEW_FOLLOW, "/r/usr/lib");
	ANCHORED("../../lib/a/new", VIEW_PARENT, "/r/usr");
	ANCHORED("b/out/sh", VIEW_FOLLOW, "/r");
	ANCHORED("../../..", VIEW_FOLLOW, "/r");
	NOT_ANCHORED("../../../..", VIEW_FOLLOW);
	NOT_ANCHORED("/usr/lib/a", VIEW_FOLLOW);
	NOT_ANCHORED("../../../abs", VIEW_FOLLOW);
	NOT_ANCHORED("../../../mnt/d", VIEW_FOLLOW);
	NOT_ANCHORED("../../../mnt/..", VIEW_FOLLOW);
	ANCHORED("../../../proc/cwd/e", VIEW_FOLLOW, "/h/data/d");
	ANCHORED("../../../proc/cwd/../d/e", VIEW_FOLLOW, "/h/data");
	NOT_ANCHORED("../../../proc/cwd/../..", VIEW_FOLLOW);
	ok(is_anchored_at("../../../mnt", VIEW_PARENT, NULL) && result.is_parent_anchored && result.anchor == 2,
	   "the directory that holds a binding may be named from the base");
	ok(is_anchored_at("/mnt", VIEW_PARENT, NULL) && !result.is_parent_anchored, "unless the root is on the way");
	base = "";
}

static char *repeat(char *buf, const char *part, size_t length)
{
	for (size_t i = 0; i < length; i++)
		buf[i] = part[i % strlen(part)];
	buf[length] = '\0';
	return buf;
}

static void test_many_jumps(void)
{
	static char path[PATH_SIZE];
	size_t one = strlen("/proc/root");

	start("/r");
	ok(is_at(repeat(path, "/proc/root", 40 * one), VIEW_FOLLOW, "/r", ""), "40 jumps");
	ok(fails(repeat(path, "/proc/root", 41 * one), VIEW_FOLLOW, ELOOP), "41 jumps");
}

static void test_object(void)
{
	start("/r");
	opened = 0;
	ok(!view_resolve(view, &fast, "", "/usr/lib/x", VIEW_FOLLOW | VIEW_OBJECT, &scratch, &result) &&
		   result.object == 1000 && opened == 1,
	   "a plain path's object comes with it");
	ok(!view_resolve(view, &fast, "", "/lib", VIEW_OBJECT, &scratch, &result) && result.object == 1000,
	   "so does a link that is not followed");
	ok(!view_resolve(view, &fast, "", "/lib", VIEW_FOLLOW | VIEW_OBJECT, &scratch, &result) &&
		   result.object == 1000 && !strcmp(result.host, "/r/usr/lib"),
	   "and what a link leads to that is followed");
	ok(!view_resolve(view, &slow, "", "/usr/lib/x", VIEW_FOLLOW | VIEW_OBJECT, &scratch, &result) &&
		   result.object == -1,
	   "there is none without check_plain");
}

static void test_limits(void)
{
	static char path[2 * PATH_SIZE], name[NAME_LONGEST + 2];

	start("/r");
	snprintf(path, sizeof(path), "/bin/%s", repeat(name, "n", NAME_LONGEST));
	ok(view_resolve(view, &fast, "", path, VIEW_FOLLOW | VIEW_MAY_MAKE, &scratch, &result) == 0 &&
		   !strcmp(result.guest, path),
	   "a name of 255 bytes");
	ok(view_resolve(view, &slow, "", path, VIEW_PARENT, &scratch, &result) == 0, "a name of 255 bytes to be made");
	snprintf(path, sizeof(path), "/bin/%s/x", repeat(name, "n", NAME_LONGEST + 1));
	ok(fails(path, VIEW_FOLLOW, ENAMETOOLONG), "a name of 256 bytes");
	ok(fails(path, VIEW_PARENT, ENAMETOOLONG), "a name of 256 bytes above one that is made");
	snprintf(path, sizeof(path), "/missing/%s", name);
	ok(fails(path, VIEW_FOLLOW, ENOENT), "a name of 256 bytes in a directory that is missing");
	snprintf(path, sizeof(path), "/bin/sh/%s/x", name);
	ok(fails(path, VIEW_FOLLOW, ENOTDIR), "a name of 256 bytes in a file");
	ok(is_at(repeat(path, "/.", PATH_SIZE - 2), VIEW_FOLLOW, "/r/.", ""), "a path of 4094 bytes");
	ok(is_at(repeat(path, "/.", PATH_SIZE - 1), VIEW_FOLLOW, "/r/.", ""), "a path of 4095 bytes");
	ok(fails(repeat(path, "/.", PATH_SIZE), VIEW_FOLLOW, ENAMETOOLONG), "a path of 4096 bytes");
	ok(is_at(repeat(path, "/bin/..", 7 * 580), VIEW_FOLLOW, "/r", ""), "a long path that leads back");
	ok(is_at(repeat(path, "/", PATH_SIZE - 1), VIEW_FOLLOW, "/r", ""), "nothing but slashes");
}

static bool to_guest(const char *host, const char *guest)
{
	char buf[PATH_SIZE];
	long length = view_to_guest(view, host, buf, sizeof(buf));

	if (!guest)
		return length == -ENOENT;
	return length == (long)strlen(guest) && !strcmp(buf, guest);
}

#define GUEST(host, guest) ok(to_guest(host, guest), host " shows at " guest)
#define UNSEEN(host) ok(to_guest(host, NULL), host " is not seen")

/* The host's root among the guest's places: absolute links there are of the host. */
static void test_host(void)
{
	start("/r");
	bind_at("/host", "/", VIEW_DIRECTORY | VIEW_HOST);
	bind_at("/data", "/h/data", VIEW_DIRECTORY);
	LEADS("/host/h/own", VIEW_FOLLOW, "/h/data", "/host/h/data");
	LEADS("/host/h/own/f", VIEW_FOLLOW, "/h/data/f", "/host/h/data/f");
	LEADS("/host/h/data/twice/e", VIEW_FOLLOW, "/h/data/d/e", "/host/h/data/d/e");
	LEADS("/host/h/own", 0, "/h/own", "/host/h/own");
	FAILS("/host/r/abs/x", VIEW_FOLLOW, ENOENT);
	/* The same link by another place is the guest's. */
	LEADS("/data/l", VIEW_FOLLOW, "/r/usr", "/usr");
	slow.root = fast.root = "/host/h";
	FAILS("/own/f", VIEW_FOLLOW, ENOENT);
	slow.root = fast.root = "";
	GUEST("/h/other/o", "/host/h/other/o");
	GUEST("/h/data/f", "/data/f");
	GUEST("/r/bin/sh", "/bin/sh");
	UNSEEN("/memfd:name (deleted)");
	UNSEEN("/SYSV00000000 (deleted)");
	UNSEEN("/dev/zero (deleted)");
}

static void test_to_guest(void)
{
	char small[8];

	start("/r");
	GUEST("/r", "/");
	GUEST("/r/bin/sh", "/bin/sh");
	UNSEEN("/rx");
	UNSEEN("/");
	UNSEEN("/h/data");
	bind_at("/usr", "/h/data", VIEW_DIRECTORY);
	GUEST("/h/data", "/usr");
	GUEST("/h/data/f", "/usr/f");
	UNSEEN("/r/usr/lib");
	UNSEEN("/r/usr");
	bind_at("/hh", "/h", VIEW_DIRECTORY);
	GUEST("/h/data/f", "/usr/f");
	GUEST("/h/other", "/hh/other");
	bind_at("/usr/f", "/h/file", 0);
	GUEST("/h/data/f", "/hh/data/f");
	GUEST("/h/file", "/usr/f");
	GUEST("/h/filex", "/hh/filex");
	GUEST("/h/file/x", "/hh/file/x");
	bind_at("/again", "/r", VIEW_DIRECTORY);
	GUEST("/r/usr/lib", "/again/usr/lib");
	GUEST("/r/bin", "/bin");
	ok(view_to_guest(view, "/r/usr/lib", small, sizeof(small)) == -ENAMETOOLONG, "a buffer that is too small");
	ok(view_to_guest(view, "/r/bin", small, sizeof(small)) == 4, "one that is large enough");
	start("/");
	GUEST("/", "/");
	GUEST("/r/bin", "/r/bin");
	bind_at("/r", "/h", VIEW_DIRECTORY);
	UNSEEN("/r/bin");
	GUEST("/h/data", "/r/data");
}

/* The children of GUEST, in order, each followed by a blank. */
static const char *children_of(const char *guest)
{
	static char names[1 << 16];
	const char *name;
	int at = -1;

	names[0] = '\0';
	while ((at = view_next_child(view, guest, strlen(guest), at, &name)) >= 0) {
		strcat(names, name);
		strcat(names, " ");
	}
	return names;
}

static void test_order(void)
{
	start("/r");
	bind_at("/a/b", "/h", VIEW_DIRECTORY);
	bind_at("/a-b", "/h", VIEW_DIRECTORY);
	bind_at("/a", "/h", VIEW_DIRECTORY);
	bind_at("/a/b/c", "/h", VIEW_DIRECTORY);
	bind_at("/a/b-c", "/h", VIEW_DIRECTORY);
	bind_at("/a0", "/h", VIEW_DIRECTORY);
	bind_at("/a/x/y", "/h", VIEW_DIRECTORY);
	bind_at("/a!", "/h", VIEW_DIRECTORY);
	bind_at("/a/\377", "/h", VIEW_DIRECTORY);
	ok(!strcmp(children_of(""), "a a! a-b a0 "), "the children of the root");
	ok(!strcmp(children_of("/a"), "b b-c \377 "), "the children of /a, in the order of bytes");
	ok(!strcmp(children_of("/a/b"), "c "), "the children of /a/b");
	ok(!strcmp(children_of("/a/x"), "y "), "the children of a directory without a binding");
	ok(!strcmp(children_of("/a-b"), ""), "/a-b has none");
	ok(!strcmp(children_of("/"), ""), "the root is written as nothing");
	ok(view_has_below(view, "", 0), "something is below the root");
	ok(view_has_below(view, "/a", 2) && view_has_below(view, "/a/b", 4) && view_has_below(view, "/a/x", 4),
	   "something is below /a, /a/b and /a/x");
	ok(!view_has_below(view, "/a-b", 4) && !view_has_below(view, "/a!", 3) && !view_has_below(view, "/a/x/y", 6),
	   "nothing is below leaves");
	ok(!view_has_below(view, "/b", 2) && !view_has_below(view, "/", 1) && !view_has_below(view, "/a/bb", 5),
	   "nor below other names");
	ok(view_find(view, "/a/x", 4) == -1 && view_find(view, "/a/b", 4) > 0, "exact places only are found");
	ok(view_find_above(view, "/a/bb", 5) == (uint32_t)view_find(view, "/a", 2), "/a/bb is in /a, not in /a/b");
	ok(view_find_above(view, "/a-bc", 5) == 0, "/a-bc is in the root");
	ok(view_find_above(view, "/a/b/c/d/e", 10) == (uint32_t)view_find(view, "/a/b/c", 6), "the deepest one counts");
	ok(view_may_be_above(view, "x", 1) && view_may_be_above(view, "a", 1), "names above bindings are noted");
}

static void test_relative_plain(void)
{
	unsigned int count;

	start("/r");
	bind_at("/mnt/data", "/h", VIEW_DIRECTORY);
	ok(view_is_relative_plain(view, "a/b//c", &count) && count == 3, "three components that are no binding's");
	ok(view_is_relative_plain(view, "mnt", &count), "a component above a binding");
	ok(!view_is_relative_plain(view, "a/data/b", &count), "a binding's name anywhere");
	ok(!view_is_relative_plain(view, "a/../b", &count) && !view_is_relative_plain(view, "..", &count), "..");
	ok(view_is_relative_plain(view, "./.a/..b/...", &count) && count == 4, "names of dots that are names");
}

static bool is_plain(const char *path, const char *host)
{
	char buf[PATH_SIZE];
	uint32_t mount;

	return view_to_host_plain(view, path, strlen(path), buf, sizeof(buf), &mount) == strlen(host) &&
	       !strcmp(buf, host);
}

static bool is_plain_at_all(const char *path)
{
	char buf[PATH_SIZE];
	uint32_t mount;

	return view_to_host_plain(view, path, strlen(path), buf, sizeof(buf), &mount);
}

static void test_host_plain(void)
{
	static char path[PATH_SIZE];

	start("/r");
	bind_at("/mnt/data", "/h", VIEW_DIRECTORY);
	ok(is_plain("/a/b", "/r/a/b") && is_plain("/mnt/x/", "/r/mnt/x/") && is_plain("//a/./b", "/r//a/./b"),
	   "a plain path goes behind the root");
	ok(is_plain("/", "/r") && is_plain("//", "/r"), "the root itself");
	ok(is_plain("/mnt/data", "/h") && is_plain("/mnt/data/y", "/h/y") && is_plain("/x/data/y", "/r/x/data/y"),
	   "bindings are entered where they are, not where they have a name like theirs");
	ok(!is_plain_at_all("a") && !is_plain_at_all("/a/..") && !is_plain_at_all("/mnt//data/x") &&
		   !is_plain_at_all("/mnt/./data"),
	   "relative paths, .. and what is written in more than one way are not plain");
	bind_at("/virtual", "", VIEW_VIRTUAL);
	bind_at("/virtual/top", "/", VIEW_DIRECTORY);
	ok(!is_plain_at_all("/virtual") && !is_plain_at_all("/virtual/x") && is_plain("/virtual/top", "/") &&
		   is_plain("/virtual/top/x", "/x"),
	   "a virtual directory has no host path, what is bound in it has");
	ok(is_plain_at_all(repeat(path, "/x", PATH_SIZE - 3)) && !is_plain_at_all(repeat(path, "/x", PATH_SIZE - 2)),
	   "what is too long for the host is not plain");
	start("/");
	ok(is_plain("/a/b", "/a/b") && is_plain("/", "/"), "a root that is the host's");
}

static void test_many(void)
{
	char guest[32], host[32], names[16];
	bool finds = true, resolves = true, orders = true;
	const char *name;
	int at = -1, count = 0;

	start("/r");
	for (unsigned int i = 0; i < 5000; i++) {
		snprintf(guest, sizeof(guest), "/b/%04u", i * 7919 % 5000);
		snprintf(host, sizeof(host), "/h/%04u", i * 7919 % 5000);
		bind_at(guest, host, VIEW_DIRECTORY);
	}
	bind_at("/b", "", VIEW_VIRTUAL);
	for (unsigned int i = 0; i < 5000; i++) {
		snprintf(guest, sizeof(guest), "/b/%04u/x", i);
		snprintf(host, sizeof(host), "/h/%04u/x", i);
		finds &= view_find(view, guest, 7) > 0 &&
			 view_find_above(view, guest, 9) == (uint32_t)view_find(view, guest, 7);
		resolves &= !view_resolve(view, &slow, "", guest, VIEW_PARENT, &scratch, &result) &&
			    !strcmp(result.host, host);
	}
	while ((at = view_next_child(view, "/b", 2, at, &name)) >= 0) {
		snprintf(names, sizeof(names), "%04d", count++);
		orders &= !strcmp(name, names);
	}
	ok(finds, "5000 bindings are found");
	ok(resolves, "5000 bindings are entered");
	ok(orders && count == 5000, "5000 bindings are listed in order");
	ok(fails("/b/5000", VIEW_FOLLOW, ENOENT), "the next is missing");
}

static void test_full(void)
{
	static _Alignas(8) char small[sizeof(struct view) + 3 * sizeof(struct view_binding) + 24 + 40];
	struct view *tiny = (struct view *)small;
	char long_path[64];

	ok(view_init(tiny, sizeof(struct view), 2, "/r") == -ENOSPC, "no room for the entries");
	ok(view_init(tiny, sizeof(small), 2, "/r") == 0, "room for a root and two bindings");
	ok(view_add(tiny, "/a", "/h", 0) == 0 && view_add(tiny, "/b", "/h", 0) == 0, "two bindings");
	ok(view_add(tiny, "/c", "/h", 0) == -ENOSPC, "a third has no room");
	ok(tiny->binding_count == 3 && view_find(tiny, "/c", 2) == -1, "and is not there");
	view_init(tiny, sizeof(small), 2, "/r");
	snprintf(long_path, sizeof(long_path), "/%050d", 0);
	ok(view_add(tiny, long_path, "/h", 0) == -ENOSPC, "no room for a long path");
	ok(tiny->binding_count == 1, "and it is not there");
	ok(tiny->size <= sizeof(small), "the block is not exceeded");
	view_init(tiny, sizeof(small), 2, "/r");
	/* Besides the digits: a slash, a NUL, and "/h" with its own. */
	snprintf(long_path, sizeof(long_path), "/%0*d", (int)(tiny->capacity - tiny->strings) - 5, 0);
	ok(view_add(tiny, long_path, "/h", 0) == 0, "a binding that fills the block to the last byte");
	ok(tiny->strings == tiny->capacity, "and nothing is left");
}

int main(void)
{
	test_plain();
	test_base();
	test_root();
	test_twice();
	test_links();
	test_above_root();
	test_parent();
	test_slashes();
	test_bindings();
	test_scopes();
	test_no_mounts();
	test_deep_bindings();
	test_replaced_bindings();
	test_bindings_over_links();
	test_missing_places();
	test_missing_ok();
	test_magic();
	test_jumps();
	test_many_jumps();
	test_anchors();
	test_object();
	test_limits();
	test_to_guest();
	test_host();
	test_order();
	test_relative_plain();
	test_host_plain();
	test_many();
	test_full();
	return plan_done();
}
