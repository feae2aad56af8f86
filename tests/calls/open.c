/* SPDX-License-Identifier: GPL-2.0-or-later */
/* open, creat, openat, openat2: what is opened, how, and what is made. */
#include "call.h"
#include <linux/openat2.h>

static unsigned long flags;
static struct open_how how;
static size_t how_size;

/* What was opened, and whether it had to be made: then it is removed again. */
static long look_at(long fd)
{
	struct stat status;

	if (fd < 0)
		return fd;
	MUST(!fstat((int)fd, &status));
	say_stat(&status);
	say("  flags %o%s\n", fcntl((int)fd, F_GETFL), fcntl((int)fd, F_GETFD) ? " close-on-exec" : "");
	close((int)fd);
	return 0;
}

static long run_open(int directory, const char *path)
{
	(void)directory;
	return look_at(CALL(SYS_open, path, flags, 0640));
}

static long run_openat(int directory, const char *path)
{
	return look_at(CALL(SYS_openat, directory, path, flags, 0640));
}

static long run_openat2(int directory, const char *path)
{
	return look_at(CALL(SYS_openat2, directory, path, &how, how_size));
}

/* A fifo is not created by this: it would wait for a reader. */
static long run_creat(int directory, const char *path)
{
	(void)directory;
	if ((unsigned long)path > 4096 && path != no_memory() && (long)path > 0 && path[0] == '/' && path[1] == 'f' &&
	    path[2] == 'i' && path[3] == 'f')
		return 0;
	return look_at(CALL(SYS_creat, path, 0600));
}

static void try_sizes(void)
{
	static const size_t sizes[] = { 0, 8, 23, 24, 25, 32, 64, 4096, 4097, 1 << 20 };
	char *copy;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		copy = page_end(8192);
		memcpy(copy, &how, sizeof(how));
		say("openat2 size %zu = %s\n", sizes[i],
		    show(look_at(CALL(SYS_openat2, AT_FDCWD, "/file", copy, sizes[i]))));
		if (sizes[i] > 24) {
			copy[sizes[i] < 8192 ? sizes[i] - 1 : 8191] = 1;
			say("openat2 size %zu with a bit = %s\n", sizes[i],
			    show(look_at(CALL(SYS_openat2, AT_FDCWD, "/file", copy, sizes[i]))));
		}
	}
	copy = page_end(20);
	say("openat2 how cut off = %s\n", show(CALL(SYS_openat2, AT_FDCWD, "/file", copy, 24)));
	say("openat2 how NULL = %s\n", show(CALL(SYS_openat2, AT_FDCWD, "/file", NULL, 24)));
	how.flags = O_RDONLY;
	how.mode = 0644;
	say("openat2 mode without O_CREAT = %s\n", show(CALL(SYS_openat2, AT_FDCWD, "/file", &how, sizeof(how))));
	how.flags = 1ul << 40;
	how.mode = 0;
	say("openat2 high flag = %s\n", show(CALL(SYS_openat2, AT_FDCWD, "/missing", &how, sizeof(how))));
	how.flags = O_RDONLY;
	how.resolve = 0x4000;
	say("openat2 unknown resolve = %s\n", show(CALL(SYS_openat2, AT_FDCWD, "/missing", &how, sizeof(how))));
}

/* A slash behind what is to be made is EISDIR before it is looked up, also in the text of a link. */
static void try_slashed(void)
{
	static const char *const texts[] = { "slashed/", "nowhere/", "/file/", "/missing/x/",
					     "/file/x/", "/dir/",    "/dir/./" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		MUST(!symlink(texts[i], "/tmp/slashed"));
		say("make through a link to %s = ", texts[i]);
		say("%s ", show_success(CALL(SYS_open, "/tmp/slashed", O_CREAT | O_WRONLY, 0600)));
		say("%s\n", show_success(CALL(SYS_open, "/tmp/slashed", O_CREAT | O_DIRECTORY, 0600)));
		MUST(!unlink("/tmp/slashed"));
	}
}

int main(void)
{
	static const struct {
		const char *name;
		unsigned long flags;
	} kinds[] = {
		{ "read", O_RDONLY | O_NONBLOCK },
		{ "write", O_WRONLY | O_NONBLOCK },
		{ "both", O_RDWR | O_NONBLOCK | O_CLOEXEC },
		{ "directory", O_RDONLY | O_DIRECTORY },
		{ "nofollow", O_RDONLY | O_NONBLOCK | O_NOFOLLOW },
		{ "path", O_PATH },
		{ "path nofollow", O_PATH | O_NOFOLLOW },
		{ "path directory", O_PATH | O_DIRECTORY | O_CLOEXEC },
		{ "exclusive", O_RDWR | O_NONBLOCK | O_EXCL },
		{ "make", O_RDWR | O_NONBLOCK | O_CREAT },
		{ "make exclusive", O_WRONLY | O_CREAT | O_EXCL },
		{ "make exclusive nofollow", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW },
		{ "make directory", O_RDONLY | O_CREAT | O_DIRECTORY },
		{ "nameless", O_RDWR | O_TMPFILE },
		{ "nameless read", O_RDONLY | O_TMPFILE },
		{ "truncate", O_WRONLY | O_TRUNC | O_NONBLOCK },
		{ "mode 3", 3 | O_NONBLOCK },
	};
	unsigned long resolves[] = { 0, RESOLVE_NO_SYMLINKS, RESOLVE_NO_MAGICLINKS };

	umask(0);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		flags = kinds[i].flags;
		say("flags %s\n", kinds[i].name);
		sweep_path("open", run_open);
		sweep_at("openat", run_openat);
	}
	sweep_path("creat", run_creat);
	how_size = sizeof(how);
	for (size_t i = 0; i < ARRAY_SIZE(resolves); i++) {
		how = (struct open_how){ .flags = O_RDONLY | O_NONBLOCK, .resolve = resolves[i] };
		say("resolve %llx\n", how.resolve);
		sweep_at("openat2", run_openat2);
		how.flags |= O_NOFOLLOW | O_PATH;
		sweep_path("openat2 nofollow", run_openat2);
		how = (struct open_how){ .flags = O_WRONLY | O_CREAT | O_EXCL, .mode = 0600, .resolve = resolves[i] };
		sweep_path("openat2 make", run_openat2);
	}
	how = (struct open_how){ .flags = O_RDONLY };
	try_sizes();
	try_slashed();
	return 0;
}
