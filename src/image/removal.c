/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/removal.h"
#include "base/error.h"
#include "base/text.h"
#include "numbers.h"
#include <asm/fcntl.h>
#include <asm/stat.h>
#include <linux/fcntl.h>

#define ALL_OF_OWNER 0700u
#define FAILURES_MOST 100 /* then something is left over */

struct removal {
	long (*system_call)(long nr, unsigned long a, unsigned long b, unsigned long c, unsigned long d,
			    unsigned long e, unsigned long f);
	long top; /* the root of the tree */
	unsigned int moved;
	unsigned int failures;
	const char *parent, *prefix; /* of removal_run_all() */
};

/* As getdents64(2) has it. */
struct entry {
	uint64_t inode;
	int64_t offset;
	uint16_t length;
	uint8_t type;
	char name[];
};

static long call(const struct removal *removal, long nr, long a, const char *b, unsigned long c, unsigned long d)
{
	return removal->system_call(nr, (unsigned long)a, (unsigned long)b, c, d, 0, 0);
}

static void close_directory(const struct removal *removal, long directory)
{
	if (directory >= 0)
		call(removal, NR_close, directory, NULL, 0, 0);
}

/* The mode of what FD, opened with O_PATH, is: there may be something else at its name by now. */
static void set_mode(const struct removal *removal, long fd, uint32_t mode)
{
	char link[48];
	struct text text;

	text_init(&text, link, sizeof(link));
	text_add(&text, "/proc/thread-self/fd/");
	text_add_number(&text, fd);
	call(removal, NR_fchmodat, AT_FDCWD, link, mode, 0);
}

/*
 * The directory NAME, which from now on the user may look into, change and move; or a negative errno. *MODE: what it
 * had before.
 */
static long open_directory(const struct removal *removal, long parent, const char *name, uint32_t *mode)
{
	long path = call(removal, NR_openat, parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0), fd;
	struct stat status = { 0 };

	if (path < 0)
		return path;
	removal->system_call(NR_newfstatat, (unsigned long)path, (unsigned long)"", (unsigned long)&status,
			     AT_EMPTY_PATH, 0, 0);
	*mode = (uint32_t)status.st_mode & 07777;
	if (~*mode & ALL_OF_OWNER)
		set_mode(removal, path, *mode | ALL_OF_OWNER);
	fd = call(removal, NR_openat, path, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	close_directory(removal, path);
	return fd;
}

/* Entry NAME: 0, -ENOTEMPTY of a directory with something in it, or another negative errno. */
static long remove_entry(const struct removal *removal, long directory, const char *name)
{
	long status = call(removal, NR_unlinkat, directory, name, 0, 0);

	if (status == -EISDIR)
		status = call(removal, NR_unlinkat, directory, name, AT_REMOVEDIR, 0);
	return status == -EEXIST ? -ENOTEMPTY : status;
}

/* To the top, under a name that is free. */
static long move_up(struct removal *removal, long directory, const char *name)
{
	char new_name[32];
	struct text text;
	uint32_t mode;
	long status;

	close_directory(removal, open_directory(removal, directory, name, &mode));
	do {
		text_init(&text, new_name, sizeof(new_name));
		text_add(&text, ".moved-");
		text_add_number(&text, ++removal->moved);
		status = removal->system_call(NR_renameat2, (unsigned long)directory, (unsigned long)name,
					      (unsigned long)removal->top, (unsigned long)new_name, 0, 0);
	} while ((status == -EEXIST || status == -ENOTEMPTY || status == -ENOTDIR) &&
		 ++removal->failures < FAILURES_MOST);
	return status;
}

static bool is_dots(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

/*
 * Do the next piece of DIRECTORY's listing with HANDLE: how many entries it has; 0 at the
 * end, or a negative errno.
 */
static long handle_piece(struct removal *removal, long directory,
			 long handle(struct removal *removal, long directory, const char *name))
{
	char listing[2048] __attribute__((aligned(8)));
	long at = 0, count = 0, size;

	listing[0] = '\0'; /* the compiler does not know who writes to it */
	size = call(removal, NR_getdents64, directory, listing, sizeof(listing), 0);
	while (at < size && removal->failures < FAILURES_MOST) {
		const struct entry *entry = (const struct entry *)(listing + at);

		if (!is_dots(entry->name) && handle(removal, directory, entry->name))
			removal->failures++;
		at += entry->length;
		count++;
	}
	return size < 0 ? size : count;
}

/* An entry of a directory that is in the top. */
static long remove_or_move(struct removal *removal, long directory, const char *name)
{
	long status = remove_entry(removal, directory, name);

	return status == -ENOTEMPTY ? move_up(removal, directory, name) : status;
}

/* An entry of the top. */
static long remove_all(struct removal *removal, long top, const char *name)
{
	long status = remove_entry(removal, top, name), directory;
	uint32_t mode;

	if (status != -ENOTEMPTY)
		return status;
	directory = open_directory(removal, top, name, &mode);
	if (directory < 0)
		return directory;
	while (handle_piece(removal, directory, remove_or_move) > 0)
		;
	close_directory(removal, directory);
	return remove_entry(removal, top, name);
}

/* Whether something may be left that has come to the top meanwhile. Who has the root open sees the mode that it had. */
static bool remove_once(struct removal *removal, const char *root)
{
	unsigned int moved = removal->moved;
	uint32_t mode;

	removal->top = open_directory(removal, AT_FDCWD, root, &mode);
	if (removal->top < 0)
		return false;
	while (handle_piece(removal, removal->top, remove_all) > 0)
		;
	if (~mode & ALL_OF_OWNER)
		removal->system_call(NR_fchmod, (unsigned long)removal->top, mode, 0, 0, 0, 0);
	close_directory(removal, removal->top);
	return removal->moved != moved && removal->failures < FAILURES_MOST;
}

void removal_run(long system_call(long nr, unsigned long a, unsigned long b, unsigned long c, unsigned long d,
				  unsigned long e, unsigned long f),
		 const char *root)
{
	struct removal removal = { .system_call = system_call };

	while (remove_once(&removal, root))
		;
	system_call(NR_unlinkat, (unsigned long)AT_FDCWD, (unsigned long)root, AT_REMOVEDIR, 0, 0, 0);
}

static long remove_tree(struct removal *removal, long directory, const char *name)
{
	char root[PATH_SIZE];
	struct text text;

	(void)directory;
	if (!text_begins(name, removal->prefix))
		return 0;
	text_init(&text, root, sizeof(root));
	text_add(&text, removal->parent);
	text_add(&text, "/");
	text_add(&text, name);
	if (!text.full)
		removal_run(removal->system_call, root);
	return 0;
}

void removal_run_all(long system_call(long nr, unsigned long a, unsigned long b, unsigned long c, unsigned long d,
				      unsigned long e, unsigned long f),
		     const char *parent, const char *prefix)
{
	struct removal removal = { .system_call = system_call, .parent = parent, .prefix = prefix };
	long directory = call(&removal, NR_openat, AT_FDCWD, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);

	while (directory >= 0 && handle_piece(&removal, directory, remove_tree) > 0)
		;
	close_directory(&removal, directory);
}
