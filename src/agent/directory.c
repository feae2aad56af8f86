/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Listings: a directory shows the bindings in it whose names the host does not
 * have there. Trapped only when the view has such bindings, or for directory_owned.h.
 *
 * Where a reader stands is the position of the open file, as everywhere: two
 * descriptors of it share that, and seekdir(3) finds its way back. The
 * bindings come behind the host's own entries, at positions from BEHIND on.
 */
#include "agent/directory_owned.h"
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/identity.h"
#include "agent/hardlinks.h"
#include "agent/overlay.h"
#include "agent/translate.h"
#include "agent/virtual.h"
#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

/*
 * No file system has positions here that its entries use: ext4's and NFS's
 * are spread over 63 bits, and others count from 0. All let lseek(2) go there:
 * the lowest limit is that of /proc, 2^31 - 1.
 */
#define BEHIND 0x7ec0de00l
#define BEHIND_MOST 0x100000l

#define SEEK_SET 0
#define SEEK_CUR 1
#define TYPE_DIRECTORY 4 /* DT_DIR: the file type bits of a mode, shifted */
#define TYPE_SHIFT 12

/* A listing being written to the guest's buffer. Its entries are numbered, and a position is a number + BASE. */
struct listing {
	struct call *call;
	int fd;
	long base;
	long next; /* entries before it have been read */
	unsigned long at;
	size_t room;
	long written;
	long error; /* why the last entry was not added */
};

/* Write one entry at the buffer's end. */
static long write_entry(struct listing *listing, const char *name, uint64_t inode, unsigned int type, long offset)
{
	bool is64 = listing->call->nr == NR_getdents64;
	size_t name_length = strlen(name);
	size_t head = is64 ? offsetof(struct entry64, name) : offsetof(struct entry, name);
	size_t length = ALIGN_UP(head + name_length + (is64 ? 1 : 2), 8);
	char *buf = listing->call->slot->spare;

	if (length > listing->room)
		return -EINVAL;
	memset(buf, 0, length);
	if (is64) {
		*(struct entry64 *)buf = (struct entry64){ inode, offset, (uint16_t)length, (uint8_t)type };
	} else {
		*(struct entry *)buf = (struct entry){ inode, (unsigned long)offset, (uint16_t)length };
		buf[length - 1] = (char)type;
	}
	memcpy(buf + head, name, name_length);
	if (guest_write(listing->at, buf, length))
		return -EFAULT;
	listing->at += length;
	listing->room -= length;
	listing->written += (long)length;
	return 0;
}

/* Add entry NUMBER unless it has been read already: false when that can't be. */
static bool add_entry(struct listing *listing, long number, const char *name, uint64_t inode, unsigned int type)
{
	if (number < listing->next)
		return true;
	listing->error = write_entry(listing, name, inode, type, listing->base + number + 1);
	if (listing->error)
		return false;
	listing->next = number + 1;
	return true;
}

static bool add_binding(struct listing *listing, long number, uint32_t index, const char *name)
{
	const struct view_binding *binding = view_binding(the_view(), index);
	uint64_t inode = translate_virtual_inode(index);
	unsigned int type = TYPE_DIRECTORY;
	struct stat host;

	if (!(binding->flags & VIEW_VIRTUAL) &&
	    !GATE_4(NR_newfstatat, AT_FDCWD, view_host(the_view(), index), &host, 0)) {
		inode = host.st_ino;
		type = (host.st_mode & S_IFMT) >> TYPE_SHIFT;
	}
	return add_entry(listing, number, name, inode, type);
}

/* The host has an entry of that name after all, made behind our back: it shows by itself. */
static bool is_listed(const struct listing *listing, const char *name)
{
	struct stat host;

	if (overlay_is_there() && overlay_has_entry(listing->fd, name))
		return true;
	return !GATE_4(NR_newfstatat, listing->fd, name, &host, AT_SYMLINK_NOFOLLOW);
}

/* The bindings in the directory GUEST_PATH, the first of them being entry NUMBER. */
static void add_bindings(struct listing *listing, const char *guest_path, long number)
{
	size_t length = strlen(guest_path);
	const char *name;
	int child = -1;

	for (; (child = view_next_child(the_view(), guest_path, length, child, &name)) >= 0; number++)
		if (number >= listing->next && !is_listed(listing, name) &&
		    !add_binding(listing, number, (uint32_t)child, name))
			return;
}

/* What the call returns, and where the next one begins. */
static long end_listing(struct listing *listing)
{
	if (!listing->written)
		return listing->error;
	/* Without a position to go on from it would never end. */
	return GATE_3(NR_lseek, listing->fd, listing->base + listing->next, SEEK_SET) < 0 ? 0 : listing->written;
}

static uint64_t parent_inode(const struct listing *listing, const char *guest_path)
{
	char *parent = listing->call->slot->path[0], *host_path = listing->call->slot->scratch.link;
	size_t length = strlen(guest_path);
	struct stat host;
	int index;

	memcpy(parent, guest_path, length + 1);
	while (length && parent[--length] != '/')
		;
	parent[length] = '\0';
	index = view_find(the_view(), parent, length);
	if (index >= 0 && view_binding(the_view(), (uint32_t)index)->flags & VIEW_VIRTUAL)
		return translate_virtual_inode((uint32_t)index);
	translate_stand_in(parent, host_path);
	return GATE_4(NR_newfstatat, AT_FDCWD, host_path, &host, 0) ? 0 : host.st_ino;
}

/* A directory that has no host object: "." and "..", then what is bound. */
static long list_virtual(struct listing *listing, uint32_t index)
{
	const char *guest_path = view_guest(the_view(), index);

	listing->next = GATE_3(NR_lseek, listing->fd, 0, SEEK_CUR);
	if (add_entry(listing, 0, ".", translate_virtual_inode(index), TYPE_DIRECTORY) &&
	    add_entry(listing, 1, "..", parent_inode(listing, guest_path), TYPE_DIRECTORY))
		add_bindings(listing, guest_path, 2);
	return end_listing(listing);
}

/* What the host has in the directory. */
static long list_host(struct call *call)
{
	long status = overlay_is_there() ? overlay_list(call) : OVERLAY_GO_ON, length = 0;

	if (status == OVERLAY_GO_ON)
		status = call_make(call, call->nr);
	while ((identity_is_on() || hardlinks_are_on()) && status > 0 && !length) {
		length = directory_tell_owned(call, status);
		if (!length && overlay_is_there())
			status = overlay_list(call);
		if (!length && (!overlay_is_there() || status == OVERLAY_GO_ON))
			status = call_make(call, call->nr);
	}
	return length ? length : status;
}

long handle_getdents(struct call *call)
{
	struct slot *slot = call->slot;
	struct listing listing = { .call = call,
				   .fd = (int)call->arguments[0],
				   .at = call->arguments[1],
				   .room = (unsigned int)call->arguments[2] };
	int index = the_view()->flags & VIEW_VIRTUAL ? virtual_of_descriptor(listing.fd, slot->spare) : -1;
	long position, status;

	if (!(the_view()->flags & VIEW_UNLISTED))
		return list_host(call);
	if (index >= 0)
		return list_virtual(&listing, (uint32_t)index);
	position = GATE_3(NR_lseek, listing.fd, 0, SEEK_CUR);
	if (position < BEHIND || position - BEHIND > BEHIND_MOST) {
		status = list_host(call);
		if (status)
			return status;
		position = BEHIND;
	}
	if (translate_directory(listing.fd, slot->path[0], slot->scratch.link))
		return 0;
	listing.base = BEHIND;
	listing.next = position - BEHIND;
	add_bindings(&listing, slot->path[0], 0);
	return end_listing(&listing);
}
