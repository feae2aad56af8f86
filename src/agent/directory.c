/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Listings: a directory shows the bindings in it whose names the host does not
 * have there. They come first, before the host's own entries, while the
 * descriptor is at position 0. Trapped only when the view has such bindings.
 */
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/translate.h"
#include "agent/virtual.h"
#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#define SEEK_SET 0
#define SEEK_CUR 1
#define TYPE_DIRECTORY 4 /* DT_DIR: the file type bits of a mode, shifted */
#define TYPE_SHIFT 12

/* An entry as getdents64(2) and getdents(2) lay it out. */
struct entry64 {
	uint64_t inode;
	int64_t offset;
	uint16_t length;
	uint8_t type;
	char name[];
};

struct entry {
	unsigned long inode;
	unsigned long offset;
	uint16_t length;
	char name[]; /* its NUL, padding, and in the last byte the type */
};

/* A listing being written to the guest's buffer. */
struct listing {
	struct call *call;
	unsigned long at;
	size_t room;
	long written;
};

/* Add one entry: false when there is no room for it, or the buffer is bad (then WRITTEN is -EFAULT). */
static bool add_entry(struct listing *listing, const char *name, uint64_t inode, unsigned int type, long offset)
{
	bool is64 = listing->call->nr == NR_getdents64;
	size_t name_length = strlen(name);
	size_t head = is64 ? offsetof(struct entry64, name) : offsetof(struct entry, name);
	size_t length = ALIGN_UP(head + name_length + (is64 ? 1 : 2), 8);
	char *buf = listing->call->slot->spare;

	if (length > listing->room)
		return false;
	memset(buf, 0, length);
	if (is64) {
		*(struct entry64 *)buf = (struct entry64){ inode, offset, (uint16_t)length, (uint8_t)type };
	} else {
		*(struct entry *)buf = (struct entry){ inode, (unsigned long)offset, (uint16_t)length };
		buf[length - 1] = (char)type;
	}
	memcpy(buf + head, name, name_length);
	if (guest_write(listing->at, buf, length)) {
		listing->written = -EFAULT;
		return false;
	}
	listing->at += length;
	listing->room -= length;
	listing->written += (long)length;
	return true;
}

static bool add_binding(struct listing *listing, uint32_t index, const char *name, long offset)
{
	const struct view_binding *binding = view_binding(the_view(), index);
	uint64_t inode = translate_virtual_inode(index);
	unsigned int type = TYPE_DIRECTORY;
	struct stat host;

	if (!(binding->flags & VIEW_VIRTUAL) && !GATE_2(NR_stat, view_host(the_view(), index), &host)) {
		inode = host.st_ino;
		type = (host.st_mode & S_IFMT) >> TYPE_SHIFT;
	}
	return add_entry(listing, name, inode, type, offset);
}

/* A directory that has no host object: "." and "..", then what is bound; the position counts entries. */
static long list_virtual(struct listing *listing, int fd, uint32_t index)
{
	const struct view_binding *binding = view_binding(the_view(), index);
	const char *guest_path = view_guest(the_view(), index), *name;
	long position = GATE_3(NR_lseek, fd, 0, SEEK_CUR), at = 0;
	int child = -1;

	for (; at < 2; at++)
		if (at >= position &&
		    !add_entry(listing, at ? ".." : ".", translate_virtual_inode(index), TYPE_DIRECTORY, at + 1))
			goto full;
	while ((child = view_next_child(the_view(), guest_path, binding->guest_length, child, &name)) >= 0) {
		if (at >= position && !add_binding(listing, (uint32_t)child, name, at + 1))
			break;
		at++;
	}
full:
	GATE_3(NR_lseek, fd, MAX(at, position), SEEK_SET);
	return !listing->written && child >= 0 ? -EINVAL : listing->written;
}

/* How many unlisted bindings a reader with a small buffer has already got, by descriptor. */
static struct {
	int fd; /* + 1; 0 is free */
	int count;
} partial[16];

static int partial_of(int fd)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(partial); i++)
		if (partial[i].fd == fd + 1)
			return partial[i].count;
	return 0;
}

static void set_partial(int fd, int count)
{
	int index = -1;

	for (unsigned int i = 0; i < ARRAY_SIZE(partial); i++)
		if (partial[i].fd == fd + 1 || (index < 0 && !partial[i].fd))
			index = (int)i;
	if (index < 0)
		return;
	partial[index].fd = count ? fd + 1 : 0;
	partial[index].count = count;
}

/* The next child of the directory that the host's own listing does not show. */
static int next_unlisted(const char *guest_path, size_t length, int after, const char **name)
{
	do
		after = view_next_child(the_view(), guest_path, length, after, name);
	while (after >= 0 && !(view_binding(the_view(), (uint32_t)after)->flags & VIEW_UNLISTED));
	return after;
}

static long list_merged(struct listing *listing, int fd, const char *guest_path)
{
	size_t length = strlen(guest_path);
	int skip = partial_of(fd), count = 0, child = -1;
	const char *name;
	long status;

	while ((child = next_unlisted(guest_path, length, child, &name)) >= 0) {
		if (count >= skip && !add_binding(listing, (uint32_t)child, name, 0))
			break;
		count++;
	}
	if (listing->written < 0)
		return listing->written;
	set_partial(fd, child < 0 ? 0 : count);
	if (child >= 0)
		return listing->written ? listing->written : -EINVAL;
	status = GATE_3(listing->call->nr, fd, listing->at, listing->room);
	if (status < 0)
		return listing->written ? listing->written : status;
	return listing->written + status;
}

long handle_getdents(struct call *call)
{
	struct slot *slot = call->slot;
	int fd = (int)call->arguments[0];
	struct listing listing = { call, call->arguments[1], (unsigned int)call->arguments[2], 0 };
	int index = virtual_of_descriptor(fd, slot->spare);
	const char *name;

	if (index >= 0)
		return list_virtual(&listing, fd, (uint32_t)index);
	if (GATE_3(NR_lseek, fd, 0, SEEK_CUR) || translate_directory(fd, slot->path[0], slot->scratch.link) ||
	    next_unlisted(slot->path[0], strlen(slot->path[0]), -1, &name) < 0)
		return call_make(call, call->nr);
	return list_merged(&listing, fd, slot->path[0]);
}
