/* SPDX-License-Identifier: GPL-2.0-or-later */
/* getdents, getdents64: what a directory shows, with bindings in it, in small pieces, after seeking. */
#include "call.h"
#include <dirent.h>

struct entry {
	char name[NAME_MAX + 1];
	unsigned char type;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

/* Read all of FD with buffers of ROOM bytes: the entries, sorted, and how the reading ended. */
static long read_all(int fd, bool old, size_t room, struct entry *entries, size_t *count)
{
	static char buf[1 << 16] __attribute__((aligned(8)));
	long size;

	*count = 0;
	while ((size = CALL(old ? SYS_getdents : SYS_getdents64, fd, buf, room)) > 0)
		for (long at = 0; at < size;) {
			if (old) {
				unsigned short length = *(unsigned short *)(buf + at + 16);

				strcpy(entries[*count].name, buf + at + 18);
				entries[(*count)++].type = (unsigned char)buf[at + length - 1];
				at += length;
			} else {
				const struct dirent64 *entry = (const struct dirent64 *)(buf + at);

				strcpy(entries[*count].name, entry->d_name);
				entries[(*count)++].type = entry->d_type;
				at += entry->d_reclen;
			}
		}
	qsort(entries, *count, sizeof(*entries), by_name);
	return size;
}

static struct entry entries[4096];

static void list(const char *path, bool old, size_t room)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY);
	size_t count;
	long end;

	if (fd < 0) {
		say("list %s: %s\n", path, strerrorname_np(errno));
		return;
	}
	end = read_all(fd, old, room, entries, &count);
	say("list %s %s %zu: %zu entries, %s\n", path, old ? "old" : "new", room, count, show(end));
	for (size_t i = 0; i < count; i++)
		say("  %s %u\n", entries[i].name, entries[i].type);
	close(fd);
}

/* The type that a listing tells is that of lstat, and the inode too, where nothing is mounted. */
static void check_types(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	struct stat status;

	while (directory && (entry = readdir(directory))) {
		if (fstatat(dirfd(directory), entry->d_name, &status, AT_SYMLINK_NOFOLLOW))
			say("  %s: %s\n", entry->d_name, strerrorname_np(errno));
		else if (entry->d_type != DT_UNKNOWN && IFTODT(status.st_mode) != entry->d_type)
			say("  %s: type\n", entry->d_name);
	}
	if (directory)
		closedir(directory);
}

/* Read, seek back to each position told, and read the same again. */
static void try_positions(const char *path)
{
	DIR *directory = opendir(path);
	char names[64][32];
	long positions[64];
	int count = 0, wrong = 0;
	struct dirent *entry;

	MUST(directory);
	for (positions[0] = telldir(directory); count < 60 && (entry = readdir(directory));
	     positions[++count] = telldir(directory))
		snprintf(names[count], sizeof(names[0]), "%.31s", entry->d_name);
	for (int i = count; i-- > 0;) {
		seekdir(directory, positions[i]);
		entry = readdir(directory);
		wrong += !entry || strncmp(entry->d_name, names[i], 31);
	}
	rewinddir(directory);
	for (int i = 0; i < count; i++) {
		entry = readdir(directory);
		wrong += !entry || strncmp(entry->d_name, names[i], 31);
	}
	say("positions of %s: %d entries, %d wrong, rest %s\n", path, count, wrong,
	    readdir(directory) ? "some" : "none");
	closedir(directory);
}

static void try_errors(void)
{
	static char buf[4096];
	int fd = open("/dir", O_RDONLY), file = open("/file", O_RDONLY), path = open("/dir", O_PATH);

	say("file %s %s\n", show(CALL(SYS_getdents64, file, buf, sizeof(buf))),
	    show(CALL(SYS_getdents, file, buf, sizeof(buf))));
	say("path %s %s\n", show(CALL(SYS_getdents64, path, buf, sizeof(buf))),
	    show(CALL(SYS_getdents, path, buf, sizeof(buf))));
	say("none %s\n", show(CALL(SYS_getdents64, -1, buf, sizeof(buf))));
	say("bad memory %s %s\n", show(CALL(SYS_getdents64, fd, no_memory(), 4096)),
	    show(CALL(SYS_getdents, fd, no_memory(), 4096)));
	say("read only %s\n", show(CALL(SYS_getdents64, fd, read_only_page(), 4096)));
	say("small %s %s\n", show(CALL(SYS_getdents64, fd, buf, 8)), show(CALL(SYS_getdents64, fd, buf, 0)));
}

int main(void)
{
	static const char *const places[] = {
		"/",	      "/dir",
		"/dir/",      "/bound",
		"/bound/sub", "/bound/sub/again",
		"/dir/mount", "/link-dir",
		"/bound/..",  "/bound/sub/again/..",
		"/closed",    "/hidden",
		"/file",      "/missing",
		"/dir/sub",   "/tests/..",
	};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		list(places[i], false, 1 << 15);
		list(places[i], true, 1 << 15);
		list(places[i], false, 300);
		check_types(places[i]);
	}
	try_positions("/");
	try_positions("/dir");
	try_positions("/bound/sub");
	try_errors();
	return 0;
}
