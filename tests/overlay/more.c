/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that have to do with what an overlay does: copies that are made when
 * something is changed, whiteouts, directories that are made anew. Their paths are mostly
 * ones where something is.
 */
#define _GNU_SOURCE
#include "../oracle/say.h"
#include "layers.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A path that a node has, in the overlay most of the time; some of them not. */
static const char *path_known(void)
{
	const struct node *node = &nodes[random_below((uint32_t)node_count)];
	static char paths[8][300];
	static unsigned int next;
	char *path = paths[next++ % 8];

	if (random_chance(10))
		return path_random_text();
	if (random_chance(20))
		snprintf(path, sizeof(paths[0]), "%s/%c", node->path, 'a' + random_below(6));
	else
		snprintf(path, sizeof(paths[0]), "%s", node->path);
	return path;
}

static void say_hash(int fd)
{
	unsigned char block[4096];
	unsigned long hash = 5381, all = 0;
	ssize_t size;

	while ((size = pread(fd, block, sizeof(block), (off_t)all)) > 0) {
		for (ssize_t i = 0; i < size; i++)
			hash = hash * 33 + block[i];
		all += (unsigned long)size;
	}
	say(" %lu bytes %lx", all, hash);
}

/* The path's content, by a descriptor of its own. */
static void say_content(const char *path)
{
	struct stat status;
	int fd;

	if (stat(path, &status) || !S_ISREG(status.st_mode) || is_in_proc(&status))
		return;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0)
		say_hash(fd);
	close(fd);
}

static void do_write(void)
{
	static const int flags_of[] = { O_APPEND, O_APPEND, O_TRUNC, O_CREAT, O_CREAT | O_EXCL, 0 };
	const char *path = path_known();
	int flags = PICK(flags_of) | (random_chance(50) ? O_WRONLY : O_RDWR) | O_NONBLOCK | O_CLOEXEC;
	struct stat status;
	long fd = CALL(SYS_open, path, flags, 0644);

	say("write to %s %o", path_show(path), flags);
	if (!say_result(fd))
		return;
	if (!fstat((int)fd, &status) && S_ISREG(status.st_mode)) {
		say_result(write((int)fd, "written\n", random_below(9)));
		say_content(path);
	}
	close((int)fd);
}

static void do_map(void)
{
	const char *path = path_known();
	long fd = CALL(SYS_open, path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	struct stat status;
	char *bytes = MAP_FAILED;

	say("map %s", path_show(path));
	if (!say_result(fd))
		return;
	if (!fstat((int)fd, &status) && S_ISREG(status.st_mode) && status.st_size)
		bytes = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, (int)fd, 0);
	close((int)fd);
	if (bytes == MAP_FAILED)
		return;
	bytes[random_below((uint32_t)status.st_size)] ^= 1;
	munmap(bytes, (size_t)status.st_size);
	say_content(path);
}

/* A file without a name gets one. */
static void do_temporary(void)
{
	const char *path = path_known(), *name = path_known();
	long fd = CALL(SYS_open, path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0640);
	char link[64];

	say("temporary in %s", path_show(path));
	if (!say_result(fd))
		return;
	say_result(write((int)fd, "temporary\n", 10));
	snprintf(link, sizeof(link), "/proc/self/fd/%ld", fd);
	say(" as %s", path_show(name));
	say_result(CALL(SYS_linkat, AT_FDCWD, link, AT_FDCWD, name, AT_SYMLINK_FOLLOW));
	say_content(name);
	close((int)fd);
}

static void do_rename(void)
{
	static const unsigned int flags_of[] = { 0, 0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_EXCHANGE };
	const char *from = path_known(), *to = path_known();
	unsigned int flags = PICK(flags_of);

	if (is_protected(AT_FDCWD, from) || is_protected(AT_FDCWD, to))
		return;
	say("rename %s %s %x", path_show(from), path_show(to), flags);
	say_result(CALL(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags));
}

static void do_link(void)
{
	const char *from = path_known(), *to = path_known();

	say("link %s %s", path_show(from), path_show(to));
	say_result(CALL(SYS_link, from, to));
}

static void do_change(void)
{
	static const unsigned int modes[] = { 0755, 0700, 0644, 0600, 02755, 0444 };
	const char *path = path_known();
	unsigned int mode = PICK(modes);

	if (random_chance(30)) {
		say("rename to itself %s", path_show(path));
		if (!is_protected(AT_FDCWD, path))
			say_result(CALL(SYS_rename, path, path));
		return;
	}
	if (keeps_mode(AT_FDCWD, path, mode))
		return;
	say("change %s %o", path_show(path), mode);
	say_result(CALL(SYS_chmod, path, mode));
}

static void do_remove(void)
{
	const char *path = path_known();

	say("remove %s", path_show(path));
	say_result(CALL(SYS_unlink, path));
}

static void do_make(void)
{
	const char *path = path_known();

	switch (random_below(4)) {
	case 0:
		say("fifo %s", path_show(path));
		say_result(CALL(SYS_mknod, path, S_IFIFO | 0600, 0));
		break;
	case 1:
		say("symlink %s", path_show(path));
		say_result(CALL(SYS_symlink, "a", path));
		break;
	default:
		say("mkdir %s", path_show(path));
		say_result(CALL(SYS_mkdir, path, random_chance(80) ? 0755 : 0700));
	}
}

/* What is in it, one by one in the order of names: whether that is all gone. */
static void empty(int fd)
{
	struct dirent **entries;
	int count = scandirat(fd, ".", &entries, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;

		if (!strcmp(name, ".") || !strcmp(name, ".."))
			continue;
		say(" %.20s", name);
		if (say_result(CALL(SYS_unlinkat, fd, name, entries[i]->d_type == DT_DIR ? AT_REMOVEDIR : 0)))
			continue;
	}
	for (int i = 0; i < count; i++)
		free(entries[i]);
	if (count >= 0)
		free(entries);
}

/* The same as rm -r does it: a few names are read, and removed before more of them are read. */
static void empty_in_pieces(int fd)
{
	char buf[320] __attribute__((aligned(8))); /* one name has room */
	long size;
	int count = 0, failed = 0;

	while ((size = CALL(SYS_getdents64, fd, buf, sizeof(buf))) > 0)
		for (long at = 0; at < size; at += ((struct dirent64 *)(buf + at))->d_reclen) {
			const struct dirent64 *entry = (const struct dirent64 *)(buf + at);

			if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
				continue;
			count++;
			failed += CALL(SYS_unlinkat, fd, entry->d_name, entry->d_type == DT_DIR ? AT_REMOVEDIR : 0) < 0;
		}
	say(" %d names, %d not removed", count, failed);
	say_result(size);
}

/* A directory goes, with what is in it, and another comes in its place, which must not show what was there. */
static void do_renew(void)
{
	const char *path = path_known();
	long fd;

	if (is_protected(AT_FDCWD, path))
		return;
	fd = CALL(SYS_open, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	say("renew %s", path_show(path));
	if (!say_result(fd))
		return;
	if (random_chance(50))
		empty((int)fd);
	else if (random_chance(50))
		empty_in_pieces((int)fd);
	close((int)fd);
	if (!say_result(CALL(SYS_rmdir, path)) || random_chance(40))
		return;
	say(" mkdir");
	say_result(CALL(SYS_mkdir, path, 0755));
}

static int compare_entries(const void *a, const void *b)
{
	return strcmp((*(const struct dirent64 *const *)a)->d_name, (*(const struct dirent64 *const *)b)->d_name);
}

/* A directory that was opened long ago, from its beginning: what is there now. */
static void do_list_again(void)
{
	static char buf[1 << 14] __attribute__((aligned(8)));
	const struct dirent64 *entries[256];
	int fd = kept_any();
	struct stat status;
	size_t count = 0;
	long size;

	if (fstat(fd, &status) || is_in_proc(&status))
		return;
	say("list again %d", fd);
	if (!say_result(CALL(SYS_lseek, fd, 0, SEEK_SET)))
		return;
	size = CALL(SYS_getdents64, fd, buf, sizeof(buf));
	say_result(size < 0 ? size : 0);
	for (long at = 0; at < size && count < 256; at += ((struct dirent64 *)(buf + at))->d_reclen)
		entries[count++] = (const struct dirent64 *)(buf + at);
	qsort(entries, count, sizeof(*entries), compare_entries);
	for (size_t i = 0; i < count; i++)
		say(" %.20s/%u", entries[i]->d_name, entries[i]->d_type);
}

/* A descriptor that was opened for reading sees what is written by another. */
static void do_look_back(void)
{
	const char *path = path_known();
	struct stat status;
	long first, second;

	if (stat(path, &status) || !S_ISREG(status.st_mode) || is_in_proc(&status))
		return;
	first = CALL(SYS_open, path, (random_chance(50) ? O_RDONLY : O_PATH) | O_CLOEXEC);
	second = CALL(SYS_open, path, O_WRONLY | O_APPEND | O_CLOEXEC);
	say("look back %s", path_show(path));
	if (say_result(second))
		say_result(write((int)second, "later\n", 6));
	if (say_result(first)) {
		say_stat_result(CALL(SYS_fstat, first, &status), &status);
		say_hash((int)first);
	}
	close((int)first);
	close((int)second);
}

/* Something happens to PATH, which is open. */
static void happen_to(const char *path, bool has_content)
{
	const char *other = path_known();

	if (is_protected(AT_FDCWD, path))
		return;
	/* Nothing tells which copy is that of another that has been renamed: it carries no origin. */
	switch (has_content ? random_below(5) : 2) {
	case 0:
		say(" unlink");
		say_result(CALL(SYS_unlink, path));
		break;
	case 1:
		say(" rename %s", path_show(other));
		if (!is_protected(AT_FDCWD, other))
			say_result(CALL(SYS_rename, path, other));
		break;
	case 2:
		say(" chmod");
		if (!keeps_mode(AT_FDCWD, path, 0750))
			say_result(CALL(SYS_chmod, path, 0750));
		break;
	default:
		break;
	}
}

/* What has been opened is linked to, changed or opened anew, by its descriptor or the link of /proc to that. */
static void use_opened(int fd, const char *link, bool has_content)
{
	const char *name = path_known();
	struct timespec times[2] = { { 1000, 0 }, { 2000, 0 } };

	switch (random_below(has_content ? 7 : 2)) {
	case 0:
		say(" link %s", path_show(name));
		say_result(CALL(SYS_linkat, AT_FDCWD, link, AT_FDCWD, name, AT_SYMLINK_FOLLOW));
		break;
	case 1:
		say(" link itself %s", path_show(name));
		say_result(CALL(SYS_linkat, fd, "", AT_FDCWD, name, AT_EMPTY_PATH));
		break;
	case 2:
		say(" setxattr");
		say_result(CALL(SYS_setxattr, link, "user.a", "opened", 6, 0));
		break;
	case 3:
		say(" fsetxattr");
		say_result(CALL(SYS_fsetxattr, fd, "user.a", "opened", 6, 0));
		break;
	case 4:
		say(" utimensat");
		say_result(CALL(SYS_utimensat, AT_FDCWD, link, times, 0));
		break;
	case 5:
		say(" futimens");
		say_result(CALL(SYS_utimensat, fd, NULL, times, 0));
		break;
	default:
		say(" truncate");
		say_result(CALL(SYS_truncate, link, 4));
	}
}

static void do_opened(void)
{
	const char *path = path_known();
	char link[64];
	struct stat status;
	bool has_content, is_own;
	int fd = (int)CALL(SYS_open, path,
			   (random_chance(60) ? O_RDONLY | O_NONBLOCK : O_PATH | O_NOFOLLOW) | O_CLOEXEC);

	say("opened %s", path_show(path));
	if (!say_result(fd))
		return;
	has_content = !fstat(fd, &status) && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode));
	happen_to(path, has_content);
	/* By self a thread with descriptors of its own means those of the leader, which it can't change so. */
	is_own = getpid() == syscall(SYS_gettid);
	snprintf(link, sizeof(link), "/proc/%s/fd/%d", random_chance(70) && is_own ? "self" : "thread-self", fd);
	/* What is neither, and has been removed, the kernel copies over the whiteout, and it is there again. */
	if (!fstat(fd, &status) && !is_in_proc(&status))
		use_opened(fd, link, has_content);
	say_stat_result(CALL(SYS_fstat, fd, &status), &status);
	close(fd);
	say_content(path);
}

static const struct {
	void (*run)(void);
	unsigned int weight;
} kinds[] = {
	{ do_write, 20 }, { do_map, 5 },       { do_temporary, 4 },  { do_rename, 20 },
	{ do_link, 8 },	  { do_change, 10 },   { do_remove, 14 },    { do_make, 16 },
	{ do_renew, 10 }, { do_look_back, 4 }, { do_list_again, 8 }, { do_opened, 12 },
};

void more_call(void)
{
	unsigned int sum = 0, kind = 0, number;

	for (unsigned int i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		sum += kinds[i].weight;
	number = random_below(sum);
	while (number >= kinds[kind].weight)
		number -= kinds[kind++].weight;
	kinds[kind].run();
}

void more_tend(void)
{
	umask(022);
	CALL(SYS_chmod, PLACE, 0755);
	CALL(SYS_chdir, PLACE);
	for (int i = 0; i < node_count; i++)
		if (nodes[i].type == NODE_DIRECTORY && random_chance(30)) {
			CALL(SYS_mkdir, nodes[i].path, 0755);
			if (!keeps_mode(AT_FDCWD, nodes[i].path, 0755))
				CALL(SYS_chmod, nodes[i].path, 0755);
		} else if (nodes[i].type == NODE_DIRECTORY && random_chance(20)) {
			CALL(SYS_unlink, nodes[i].path);
		}
	for (int i = 0; i < node_count; i++)
		if (nodes[i].type == NODE_FILE && random_chance(10))
			close((int)CALL(SYS_open, nodes[i].path, O_WRONLY | O_CREAT | O_NONBLOCK, 0644));
}
