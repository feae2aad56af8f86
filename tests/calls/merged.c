/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Directories with bindings the host does not list: positions, small buffers,
 * two descriptors of one open file, entries made behind the view's back. There
 * is no oracle; merged.options has the bindings.
 */
#include "call.h"
#include <dirent.h>

struct entry {
	char name[64];
	ino64_t inode;
	long position; /* behind it */
	unsigned char type;
};

/* One getdents with ROOM bytes, the entries added to ENTRIES. */
static long read_some(int fd, bool old, size_t room, struct entry *entries, size_t *count)
{
	static char buf[1 << 15] __attribute__((aligned(8)));
	long size = CALL(old ? SYS_getdents : SYS_getdents64, fd, buf, room);

	for (long at = 0; at < size;) {
		struct entry *entry = &entries[(*count)++];
		const struct dirent64 *new = (const struct dirent64 *)(buf + at);
		const unsigned short length = *(unsigned short *)(buf + at + 16);

		strcpy(entry->name, old ? buf + at + 18 : new->d_name);
		entry->type = old ? (unsigned char)buf[at + length - 1] : new->d_type;
		entry->inode = new->d_ino;
		entry->position = new->d_off;
		at += length;
	}
	return size;
}

static long read_all(int fd, bool old, size_t room, struct entry *entries, size_t *count)
{
	long size;

	while ((size = read_some(fd, old, room, entries, count)) > 0)
		;
	return size;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

/* Entries whose type or inode is not that of stat. What covers an entry of the host's has another inode. */
static void say_wrong(int fd, const struct entry *listed, size_t count)
{
	static struct entry entries[256];

	memcpy(entries, listed, count * sizeof(*entries));
	qsort(entries, count, sizeof(*entries), by_name);
	for (size_t i = 0; i < count; i++) {
		struct stat status;

		if (fstatat(fd, entries[i].name, &status, AT_SYMLINK_NOFOLLOW))
			say(" %s %s", entries[i].name, strerrorname_np(errno));
		else if (IFTODT(status.st_mode) != entries[i].type)
			say(" %s type", entries[i].name);
		else if (status.st_ino != entries[i].inode)
			say(" %s inode", entries[i].name);
		for (size_t j = 0; j < i; j++)
			if (!strcmp(entries[i].name, entries[j].name))
				say(" %s twice", entries[i].name);
	}
}

static bool is_same(const struct entry *a, const struct entry *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(a[i].name, b[i].name) || a[i].position != b[i].position)
			return false;
	return true;
}

static void try_sizes(const char *path)
{
	static struct entry first[256], entries[256];
	static const size_t rooms[] = { 1 << 15, 300, 100, 48, 32, 31, 24, 23, 8, 0 };
	size_t first_count = 0, count;

	say("%s", path);
	for (int old = 0; old < 2; old++)
		for (size_t i = 0; i < ARRAY_SIZE(rooms); i++) {
			int fd = open(path, O_RDONLY);
			long end;

			count = 0;
			end = read_all(fd, old, rooms[i], entries, &count);
			if (!first_count) {
				memcpy(first, entries, sizeof(entries));
				first_count = count;
				say(": %zu entries;", count);
				say_wrong(fd, entries, count);
				say("\n");
			}
			if (end)
				say("  room %zu: %s, %s\n", rooms[i], show(end),
				    is_same(first, entries, count) ? "same" : "others");
			else
				say("  room %zu: %zu entries, %s\n", rooms[i], count,
				    is_same(first, entries, count) ? "same" : "others");
			close(fd);
		}
}

static void try_positions(const char *path)
{
	static struct entry all[256], again[256];
	size_t count = 0, wrong = 0;
	int fd = open(path, O_RDONLY), other;

	MUST(!read_all(fd, false, 1 << 15, all, &count));
	wrong += lseek(fd, 0, SEEK_CUR) != all[count - 1].position;
	for (size_t i = 0; i < count; i++) {
		size_t rest = 0;

		MUST(lseek(fd, all[i].position, SEEK_SET) == all[i].position);
		MUST(!read_all(fd, false, 64, again, &rest));
		wrong += rest != count - i - 1 || !is_same(all + i + 1, again, rest);
	}
	say("%s: %zu wrong positions\n", path, wrong);
	/* Another descriptor of the open file, and one of another. */
	MUST(!lseek(fd, 0, SEEK_SET));
	other = dup(fd);
	count = 0;
	for (size_t before = 1; before; before = read_some(count % 2 ? fd : other, false, 64, again, &count) > 0)
		;
	wrong = !is_same(all, again, count);
	say("  by turns %zu entries, %zu wrong\n", count, wrong);
	MUST(!lseek(fd, 0, SEEK_SET));
	count = 0;
	for (size_t before = 0, more = 1; more; before = count) {
		pid_t pid = fork();
		int status;

		if (!pid) {
			read_some(fd, false, 64, again, &count);
			_exit((int)(count - before));
		}
		MUST(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
		more = (size_t)WEXITSTATUS(status);
		count += more;
		more += read_some(fd, false, 64, again, &count) > 0;
	}
	say("  by turns with children %zu entries\n", count);
	close(other);
	other = open(path, O_RDONLY);
	count = 0;
	MUST(!read_all(other, false, 1 << 15, again, &count));
	say("  anew %zu entries, %s\n", count, is_same(all, again, count) ? "same" : "others");
	close(fd);
	close(other);
}

int main(void)
{
	static const char *const places[] = { "/dir", "/dir/sub", "/new", "/new/deep", "/alias/dir/sub", "/bound" };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		try_sizes(places[i]);
		try_positions(places[i]);
	}
	say("make one %s\n", show(CALL(SYS_mkdir, "/alias/dir/sub/b", 0755)));
	try_sizes("/dir/sub");
	try_positions("/dir/sub");
	say("make another %s\n", show_success(CALL(SYS_open, "/alias/dir/sub/c", O_CREAT | O_WRONLY, 0600)));
	try_sizes("/dir/sub");
	say("remove one %s\n", show(CALL(SYS_rmdir, "/alias/dir/sub/b")));
	try_positions("/dir/sub");
	return 0;
}
