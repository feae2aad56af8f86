/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/closed.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/identity.h"
#include "agent/overlay.h"
#include "agent/overlay_copy.h"
#include "agent/overlay_opened.h"
#include "agent/owner.h"
#include "agent/proc.h"
#include "base/text.h"
#include "image/overlay.h"
#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#define INODE_BITS 44 /* which no inode's number is longer than, or it comes to be some other */

/*
 * The layers that a directory of the upper one had when it was removed, which FD is of; one that was made over a
 * whiteout, or in such a one, had no others.
 */
static uint64_t layers_of_removed(int fd, struct opened *opened)
{
	char link[CLOSED_LINK_SIZE];
	uint64_t layers = 1;
	long kind = VIEW_IS_DIRECTORY;

	closed_link(fd, link);
	if (text_ends(opened->rest, PROC_DELETED))
		opened->rest[strlen(opened->rest) - (sizeof(PROC_DELETED) - 1)] = '\0';
	if (closed_is_opaque(link, opened->rest, opened->host))
		return layers;
	for (unsigned int i = 1; i < view_layer_count(the_view(), opened->mount) && kind == VIEW_IS_DIRECTORY; i++) {
		if (overlay_copy_path(opened->mount, i, opened->rest, opened->host))
			continue;
		kind = overlay_look(gate, opened->host, false);
		if (kind == VIEW_IS_DIRECTORY || kind == VIEW_IS_OPAQUE)
			layers |= (uint64_t)1 << i;
		else if (kind == -ENOENT || kind == -ENOTDIR)
			kind = VIEW_IS_DIRECTORY;
	}
	return layers;
}

/* The overlay that what FD is of is in, and in *MERGED the layers that have it, if it is a directory; or -1. */
static long find_descriptor(int fd, uint64_t *merged)
{
	struct opened opened;

	*merged = 0;
	if (!opened_find_place(fd, &opened))
		return -1;
	if (opened_is_removed(&opened))
		*merged = layers_of_removed(fd, &opened);
	else if (opened_find_name(&opened))
		*merged = opened.place.merged;
	return (long)opened.mount;
}

/* The same of a link of /proc. */
static long find_behind_link(const struct host_path *path, uint64_t *merged)
{
	long fd = GATE_4(NR_openat, path->directory, path->path, O_PATH | O_CLOEXEC, 0), mount;

	if (fd < 0)
		return -1;
	mount = find_descriptor((int)fd, merged);
	GATE_1(NR_close, fd);
	return mount;
}

/* The same of what the status is of. */
static long find_told(const struct call *call, uint64_t *merged)
{
	const struct host_path *path = &call->paths[0];
	const struct view_result *at = path->result;
	bool is_of_descriptor = call->nr == NR_fstat || call->row->paths[0].directory == 0;

	if (!path->guest_path)
		return find_descriptor(is_of_descriptor ? (int)call->original[0] : AT_FDCWD, merged);
	/* A dot in a removed directory. */
	if (path->is_own_way)
		return find_descriptor(path->directory, merged);
	if (!path->is_resolved)
		return -1;
	if (at->is_magic)
		return find_behind_link(path, merged);
	*merged = at->place.merged;
	return !at->is_virtual && overlay_is_mount(at->mount) ? (long)at->mount : -1;
}

/* The number of a device is at AT: a whiteout's is that of none. */
static long tell_device(unsigned long at)
{
	uint64_t number = 0;

	if (guest_read(&number, at, sizeof(number)))
		return -EFAULT;
	return number ? 0 : -ENOENT;
}

bool overlay_is_of_device(uint32_t mount, uint64_t device)
{
	struct stat upper;

	return GATE_4(NR_newfstatat, AT_FDCWD, view_host(the_view(), mount), &upper, 0) || upper.st_dev == device;
}

/* INODE of another DEVICE than that of the upper layer, as one of the latter. */
static uint64_t inode_of_lower(uint64_t inode, uint64_t device)
{
	return inode ^ device << INODE_BITS;
}

/* Where one directory is of another device than the next programs see the border of a file system. */
static long tell_device_of_directory(uint32_t mount, unsigned long at)
{
	struct stat status, upper;

	if (guest_read(&status, at, offsetof(struct stat, st_nlink)))
		return -EFAULT;
	if (GATE_4(NR_newfstatat, AT_FDCWD, view_host(the_view(), mount), &upper, 0) || upper.st_dev == status.st_dev)
		return 0;
	upper.st_ino = inode_of_lower(status.st_ino, status.st_dev);
	return guest_write(at, &upper, offsetof(struct stat, st_nlink));
}

/* The same where statx(2) has written. */
static long tell_device_in_statx(uint32_t mount, unsigned long at)
{
	struct statx status, upper;

	if (guest_read(&status, at, sizeof(status)))
		return -EFAULT;
	if (GATE_5(NR_statx, AT_FDCWD, view_host(the_view(), mount), 0, 0, &upper) ||
	    (upper.stx_dev_major == status.stx_dev_major && upper.stx_dev_minor == status.stx_dev_minor))
		return 0;
	status.stx_ino = inode_of_lower(status.stx_ino, owner_device(status.stx_dev_major, status.stx_dev_minor));
	status.stx_dev_major = upper.stx_dev_major;
	status.stx_dev_minor = upper.stx_dev_minor;
	return guest_write(at, &status, sizeof(status));
}

/* The status of what is at HOST_PATH for the guest in place of that of a descriptor. */
static long tell_copy(const struct call *call, unsigned long at, const char *host_path)
{
	unsigned int flags = AT_SYMLINK_NOFOLLOW;
	bool is_statx = call->nr == NR_statx;
	struct statx extended;
	struct stat status;
	long error;

	if (is_statx)
		error = GATE_5(NR_statx, AT_FDCWD, host_path, flags | (call->original[2] & AT_STATX_SYNC_TYPE),
			       call->original[3], &extended);
	else
		error = GATE_4(NR_newfstatat, AT_FDCWD, host_path, &status, flags);
	if (!error)
		error = is_statx ? guest_write(at, &extended, sizeof(extended)) :
				   guest_write(at, &status, sizeof(status));
	return !error && identity_is_on() ? owner_tell_guest(AT_FDCWD, host_path, flags, at, is_statx) : error;
}

/* The same for a status that has been asked for by descriptor. */
static long tell_left_behind(const struct call *call, unsigned long at)
{
	bool is_of_descriptor = call->nr == NR_fstat || call->row->paths[0].directory == 0;
	struct opened opened;

	if (call->paths[0].guest_path ||
	    !opened_is_left_behind(is_of_descriptor ? (int)call->original[0] : AT_FDCWD, &opened))
		return 0;
	return tell_copy(call, at, opened.host);
}

long overlay_tell(const struct call *call)
{
	bool is_statx = call->nr == NR_statx;
	unsigned long at = call->original[is_statx ? 4 : call->nr == NR_newfstatat ? 2 : 1];
	unsigned long one = 1;
	uint32_t mode = 0;
	uint64_t merged;
	long mount, status;

	if (guest_read(&mode, at + (is_statx ? offsetof(struct statx, stx_mode) : offsetof(struct stat, st_mode)),
		       is_statx ? 2 : 4))
		return -EFAULT;
	if ((mode & S_IFMT) == S_IFCHR && overlay_may_lose(&call->paths[0]))
		return tell_device(
			at + (is_statx ? offsetof(struct statx, stx_rdev_major) : offsetof(struct stat, st_rdev)));
	if ((mode & S_IFMT) == S_IFREG)
		return 0;
	status = tell_left_behind(call, at);
	mount = (mode & S_IFMT) == S_IFDIR ? find_told(call, &merged) : -1;
	if (status || mount < 0)
		return status;
	status = is_statx ? tell_device_in_statx((uint32_t)mount, at) : tell_device_of_directory((uint32_t)mount, at);
	if (status || !(merged & (merged - 1)))
		return status;
	return guest_write(at + (is_statx ? offsetof(struct statx, stx_nlink) : offsetof(struct stat, st_nlink)), &one,
			   is_statx ? 4 : sizeof(one));
}
