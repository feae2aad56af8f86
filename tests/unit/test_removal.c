/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Removing a tree: all of it, be it deep, closed or full of links; and nothing else, whatever a stranger renames
 * before any of the system calls.
 */
#define _GNU_SOURCE 1
#include "image/removal.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DEEP 1500

static char place[] = "/tmp/test-removal.XXXXXX";
static long calls, strange_call; /* the stranger comes before that one */
static void (*strange)(void);

static long system_call(long nr, unsigned long a, unsigned long b, unsigned long c, unsigned long d, unsigned long e,
			unsigned long f)
{
	long result;

	if (++calls == strange_call)
		strange();
	result = syscall(nr, a, b, c, d, e, f);
	return result < 0 ? -errno : result;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void make_directory(const char *path)
{
	if (mkdir(path, 0755))
		fail(path);
}

static void make_file(const char *path)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);

	if (fd < 0)
		fail(path);
	close(fd);
}

static bool is_there(const char *path)
{
	struct stat status;

	return !lstat(path, &status);
}

static void make_tree(void)
{
	make_directory("tree");
	make_directory("tree/a");
	make_directory("tree/a/b");
	make_directory("tree/a/b/c");
	make_file("tree/a/b/c/file");
	make_file("tree/a/file");
	make_directory("tree/.moved-1");
	make_file("tree/.moved-1/file");
	if (symlink("../outside", "tree/a/link") || symlink("../../outside", "tree/a/b/link"))
		fail("symlink");
}

static void make_outside(void)
{
	make_directory("outside");
	make_directory("outside/within");
	make_file("outside/file");
	make_file("outside/within/file");
	if (chmod("outside", 0555))
		fail("chmod");
}

static bool is_outside_whole(mode_t mode)
{
	struct stat status;

	return !stat("outside", &status) && (status.st_mode & 07777) == mode && is_there("outside/within/file") &&
	       is_there("outside/file");
}

static void remove_outside(void)
{
	chmod("outside", 0755);
	removal_run(system_call, "outside");
}

static void check_all(void)
{
	make_outside();
	make_tree();
	chmod("tree/a/b/c", 0);
	chmod("tree/a/b", 0);
	chmod("tree", 0);
	removal_run(system_call, "tree");
	ok(!is_there("tree"), "a tree is removed, whatever its modes are");
	ok(is_outside_whole(0555), "links in it are not followed");
}

static void check_deep(void)
{
	make_directory("tree");
	if (chdir("tree"))
		fail("tree");
	for (int i = 0; i < DEEP; i++) {
		make_file("file");
		make_directory("directory");
		if (chdir("directory"))
			fail("directory");
	}
	if (chdir(place))
		fail(place);
	removal_run(system_call, "tree");
	ok(!is_there("tree"), "a deep tree");
}

static void check_wide(void)
{
	char name[64];

	make_directory("tree");
	make_directory("tree/x");
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "tree/x/directory with a name %d", i);
		make_directory(name);
		strcat(name, "/file");
		make_file(name);
	}
	removal_run(system_call, "tree");
	ok(!is_there("tree"), "a wide tree");
}

/* What goes up from there by .. is in another's tree. */
static void take_away(void)
{
	rename("tree/a/b", "outside/b");
	rename("tree/a/b/c", "outside/c");
	rename("tree/.moved-2/c", "outside/c");
	rename("tree/.moved-2", "outside/b");
}

static void put_links(void)
{
	rename("tree/a/b", "aside");
	rename("tree/a", "tree/before");
	if (symlink("../outside", "tree/a") && errno != EEXIST && errno != ENOENT)
		fail("symlink");
	if (symlink("../outside", "tree/.moved-2") && errno != EEXIST && errno != ENOENT)
		fail("symlink");
}

/* STRANGER comes before each call there is, one time after the other. */
static bool is_harmless(void stranger(void), mode_t mode)
{
	bool is_whole = true, is_met = true;

	strange = stranger;
	for (strange_call = 1; is_whole && is_met; strange_call++) {
		make_outside();
		make_tree();
		if (chmod("outside", mode))
			fail("chmod");
		calls = 0;
		removal_run(system_call, "tree");
		is_whole = is_outside_whole(mode);
		is_met = calls >= strange_call;
		calls = 10000;
		removal_run(system_call, "tree");
		removal_run(system_call, "aside");
		remove_outside();
	}
	strange = NULL;
	strange_call = 0;
	return is_whole;
}

int main(void)
{
	if (!mkdtemp(place) || chdir(place))
		fail(place);
	check_all();
	remove_outside();
	check_deep();
	check_wide();
	ok(is_harmless(take_away, 0755), "a directory that is moved away does not lead to others");
	ok(is_harmless(put_links, 0555), "nor do links that are put in the place of directories");
	rmdir(place);
	return plan_done();
}
