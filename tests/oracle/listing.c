/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Listings. The order of names is the file system's own, so what is said is the
 * sorted list, and whether positions lead back to where they were told.
 */
#define _GNU_SOURCE
#include "calls.h"
#include "say.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ENTRIES_MOST 512

struct entry {
	char name[NAME_MAX + 1];
	unsigned char type;
	unsigned long inode;
	long position; /* behind it */
};

struct listing {
	struct entry entries[ENTRIES_MOST];
	size_t count;
};

/* As getdents(2) has it; the type is in the last byte of the record. */
struct old_entry {
	unsigned long inode;
	unsigned long position;
	unsigned short length;
	char name[];
};

static void add64(struct listing *listing, const struct dirent64 *from)
{
	struct entry *entry = &listing->entries[listing->count++];

	*entry = (struct entry){ .type = from->d_type, .inode = from->d_ino, .position = from->d_off };
	strcpy(entry->name, from->d_name);
}

static void add_old(struct listing *listing, const struct old_entry *from)
{
	struct entry *entry = &listing->entries[listing->count++];

	*entry = (struct entry){ .inode = from->inode, .position = (long)from->position };
	entry->type = ((const unsigned char *)from)[from->length - 1];
	strcpy(entry->name, from->name);
}

/* Read the rest of the directory FD, at most ROOM bytes at a time: 0 or a negative errno. */
static long read_rest(struct listing *listing, int fd, size_t room, bool is_old)
{
	static char buf[1 << 15] __attribute__((aligned(8)));
	long size;

	listing->count = 0;
	while ((size = CALL(is_old ? SYS_getdents : SYS_getdents64, fd, buf, room)) > 0) {
		for (long at = 0; at < size && listing->count < ENTRIES_MOST;) {
			if (is_old) {
				add_old(listing, (const struct old_entry *)(buf + at));
				at += ((const struct old_entry *)(buf + at))->length;
			} else {
				add64(listing, (const struct dirent64 *)(buf + at));
				at += ((const struct dirent64 *)(buf + at))->d_reclen;
			}
		}
	}
	return size;
}

/* From the position behind entry AT on the same names must come as before. */
static void seek_back(const struct listing *whole, int fd, size_t at, size_t room, bool is_old)
{
	static struct listing rest;
	bool is_same;

	if (lseek(fd, whole->entries[at].position, SEEK_SET) < 0 || read_rest(&rest, fd, room, is_old)) {
		say(" cannot seek");
		return;
	}
	is_same = rest.count == whole->count - at - 1;
	for (size_t i = 0; is_same && i < rest.count; i++)
		is_same = !strcmp(rest.entries[i].name, whole->entries[at + 1 + i].name);
	if (!is_same)
		say(" another rest");
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

/* Name, type, and whether stat knows the same inode number: not so of a mount point, whose entry is what it covers. */
static void say_entry(int fd, const struct entry *entry)
{
	struct stat status;

	say(" %.20s/%u", entry->name, entry->type);
	if (!fstatat(fd, entry->name, &status, AT_SYMLINK_NOFOLLOW) && !is_binding(&status) &&
	    strcmp(entry->name, "..") && status.st_ino != entry->inode)
		say("(another)");
}

void do_list(void)
{
	static struct listing listing;
	const char *path = path_random();
	bool is_old = random_chance(30);
	size_t room = random_chance(70) ? 1 << 15 : 280, other_room = random_chance(50) ? 1 << 15 : 300;
	uint32_t at = random_below(1 << 16);
	int fd = (int)CALL(SYS_open, path, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
	struct stat status;

	say("list%s %s %zu", is_old ? " old" : "", path_show(path), room);
	if (!say_result(fd))
		return;
	if (fstat(fd, &status) || !is_in_proc(&status)) {
		say_result(read_rest(&listing, fd, room, is_old));
		if (listing.count)
			seek_back(&listing, fd, at % listing.count, other_room, is_old);
		qsort(listing.entries, listing.count, sizeof(struct entry), by_name);
		for (size_t i = 0; i < listing.count; i++)
			say_entry(fd, &listing.entries[i]);
		/* In how many pieces the host is read is proot's own affair where it has names to add. */
		if (has_missing_place(&status))
			drop_events();
	}
	close(fd);
}
