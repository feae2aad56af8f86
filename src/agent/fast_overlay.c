/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/fast_overlay.h"
#include "agent/guest_memory.h"
#include "agent/overlay.h"
#include "agent/proc.h"
#include "agent/root.h"
#include "base/text.h"
#include "image/overlay.h"
#include <asm/fcntl.h>
#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

/* The room for the guest's name of a directory, on the guest's stack; and less than that for the host's is too little.
 */
#define DIRECTORY_MOST 160
#define DIRECTORY_LEAST 64

/* REST, of LENGTH bytes, is the path below the top of overlay MOUNT: it goes to the end, to have layers before it. */
static void put_rest(struct fast_frame *frame, const char *rest, size_t length, uint32_t mount, struct fast_path *path)
{
	char *to = frame->host_path + FAST_PATH_MOST - length - 1;

	memmove(to, rest, length);
	to[length] = '\0';
	frame->path = to;
	frame->directory = AT_FDCWD;
	path->length = length;
	path->mount = mount;
	path->kind = PATH_ABSOLUTE;
}

bool fast_overlay_takes(struct fast_frame *frame, size_t length, size_t name, struct fast_path *path)
{
	uint64_t layers;
	uint32_t mount;
	size_t top;

	if (root_is_set() || !fast_is_ordinary(frame->path + name, length - name))
		return false;
	layers = plain_layers(frame->path, name - 1, true, path->now, &path->stamp);
	if (!layers)
		return false;
	mount = view_find_above(the_view(), frame->path, name - 1);
	/* Something may have been mounted there just now. */
	if (!overlay_is_mount(mount))
		return false;
	top = view_binding(the_view(), mount)->guest_length;
	path->layers = layers;
	put_rest(frame, frame->path + top, length - top, mount, path);
	return true;
}

/* What the kernel calls the directory FD, into BUF of SIZE: the length; 0 where that is no use. */
static size_t name_directory(int fd, char *buf, size_t size)
{
	struct text link;
	long length;

	if (size < DIRECTORY_LEAST)
		return 0;
	if (fd == AT_FDCWD) {
		length = GATE_2(NR_getcwd, buf, size) - 1;
	} else {
		text_init(&link, buf, size);
		text_add(&link, PROC_DESCRIPTORS);
		text_add_number(&link, fd);
		length = GATE_4(NR_readlinkat, AT_FDCWD, buf, buf, size);
	}
	if (length <= 0 || (size_t)length >= size)
		return 0;
	buf[length] = '\0';
	return (size_t)length;
}

/* Whether the directory HOST_PATH is one of LAYERS at REST, of LENGTH bytes. */
static bool is_of_layers(uint32_t mount, uint64_t layers, const char *rest, size_t length, const char *host_path)
{
	size_t host_length = strlen(host_path), layer_length;

	for (unsigned int i = 0; layers >> i; i++) {
		const char *layer = view_layer(the_view(), mount, i);

		if (!(layers >> i & 1))
			continue;
		layer_length = strlen(layer);
		if (layer_length + length == host_length && !memcmp(host_path, layer, layer_length) &&
		    !memcmp(host_path + layer_length, rest, length))
			return true;
	}
	return false;
}

/* Of what a name ends so the kernel says that it has been removed. */
static bool seems_removed(const char *path, size_t length)
{
	return length >= sizeof(PROC_DELETED) - 1 &&
	       text_equal(path + length - (sizeof(PROC_DELETED) - 1), PROC_DELETED);
}

/*
 * The guest's path of HOST_PATH, of LENGTH bytes, into BUF of SIZE, "" for the root, and the overlay it is in: its
 * length or a negative errno; -ENOENT: it is in none.
 */
static long to_guest(const char *host_path, size_t length, char *buf, size_t size, uint32_t *mount)
{
	long guest_length;

	if (host_path[0] != '/')
		return -ENOENT;
	if (root_is_set() || seems_removed(host_path, length) || the_view()->flags & (VIEW_TWICE | VIEW_VIRTUAL))
		return -EAGAIN;
	guest_length = view_to_guest(the_view(), host_path, buf, size);
	if (guest_length < 0)
		return guest_length;
	guest_length -= buf[1] == '\0';
	*mount = view_find_above(the_view(), buf, (size_t)guest_length);
	return overlay_is_mount(*mount) ? guest_length : -ENOENT;
}

/* The directory that the path is relative to, into GUEST of DIRECTORY_MOST, and its LAYERS; as to_guest(). */
static long find_directory(struct fast_frame *frame, size_t room, struct fast_path *path, char *guest, uint64_t *layers)
{
	size_t host_length = name_directory((int)frame->directory, frame->host_path, room), top;
	long length = -EAGAIN;

	if (host_length)
		length = to_guest(frame->host_path, host_length, guest, DIRECTORY_MOST, &path->mount);
	if (length < 0)
		return length;
	top = view_binding(the_view(), path->mount)->guest_length;
	*layers = plain_layers(guest, (size_t)length, false, path->now, &path->stamp);
	if (!*layers || !is_of_layers(path->mount, *layers, guest + top, (size_t)length - top,
				      host_length == 1 ? "" : frame->host_path))
		return -EAGAIN;
	return length;
}

enum fast_overlay fast_overlay_takes_relative(struct fast_frame *frame, size_t length, struct fast_path *path)
{
	size_t kept = FAST_PATH_MOST - length - 1, top, rest;
	char guest[DIRECTORY_MOST], *name = frame->host_path + kept;
	uint64_t layers = 0;
	long guest_length;

	if (root_is_set() || !fast_is_ordinary(frame->path, length))
		return FAST_OVERLAY_SLOW;
	memmove(name, frame->path, length + 1);
	guest_length = find_directory(frame, kept, path, guest, &layers);
	if (guest_length == -ENOENT)
		memmove((char *)frame->path, name, length + 1);
	if (guest_length < 0)
		return guest_length == -ENOENT ? FAST_OVERLAY_NOT : FAST_OVERLAY_SLOW;
	top = view_binding(the_view(), path->mount)->guest_length;
	rest = (size_t)guest_length - top;
	if (rest + 1 > kept)
		return FAST_OVERLAY_SLOW;
	name[-1] = '/';
	memcpy(name - 1 - rest, guest + top, rest);
	path->layers = layers;
	put_rest(frame, name - 1 - rest, rest + 1 + length, path->mount, path);
	return FAST_OVERLAY_IN;
}

/* The path becomes that in layer NUMBER; false where there is no room for it. */
static bool name_in_layer(struct fast_frame *frame, const struct fast_path *path, unsigned int number)
{
	const char *layer = view_layer(the_view(), path->mount, number);
	char *rest = frame->host_path + FAST_PATH_MOST - path->length - 1;
	size_t length = strlen(layer);

	if (length > (size_t)(rest - frame->host_path))
		return false;
	memcpy(rest - length, layer, length);
	frame->path = rest - length;
	return number || !text_equal(frame->path, view_work(the_view(), path->mount));
}

bool fast_overlay_is_plain(const struct fast_path *path, uint32_t mode, uint64_t size, uint64_t device)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return path->is_lowest;
	case S_IFCHR:
		return device;
	case S_IFREG:
		return size;
	}
	return true;
}

bool fast_overlay_tells(const struct fast_frame *frame, unsigned long name_at)
{
	char name[sizeof(OVERLAY_PREFIX)];
	long length = guest_read_string_near(name, name_at, sizeof(name), (unsigned long)frame,
					     registers_fast_stack(&frame->registers) - 1, clock_now());

	return length > 0 || length == -ENAMETOOLONG ? !text_begins(name, OVERLAY_PREFIX) : false;
}

bool fast_overlay_find(struct fast_frame *frame, struct fast_path *path, bool looks, uint32_t *type)
{
	struct stat status;
	long error = -ENOENT;

	*type = 0;
	for (unsigned int i = 0; path->layers >> i && error == -ENOENT; i++) {
		if (!(path->layers >> i & 1))
			continue;
		if (!name_in_layer(frame, path, i))
			return false;
		path->is_lowest = !(path->layers >> i >> 1);
		if (!looks && path->is_lowest)
			return true;
		error = GATE_4(NR_newfstatat, AT_FDCWD, frame->path, &status, AT_SYMLINK_NOFOLLOW);
	}
	/* Of other arguments the kernel says first what is wrong. */
	if (error)
		return error == -ENOENT;
	*type = status.st_mode & S_IFMT;
	return *type == S_IFDIR ||
	       fast_overlay_is_plain(path, status.st_mode, (uint64_t)status.st_size, status.st_rdev);
}

/* Whether the file at REST, of LENGTH bytes, of which a lower layer has what is open, has not come to the upper one. */
static bool is_below_nothing(struct fast_frame *frame, uint32_t mount, const char *rest, size_t length)
{
	const char *upper = view_host(the_view(), mount);
	size_t upper_length = strlen(upper);
	struct stat status;

	if (upper_length + length >= FAST_PATH_MOST)
		return false;
	memcpy(frame->host_path, upper, upper_length);
	memcpy(frame->host_path + upper_length, rest, length);
	frame->host_path[upper_length + length] = '\0';
	return GATE_4(NR_newfstatat, AT_FDCWD, frame->host_path, &status, AT_SYMLINK_NOFOLLOW) == -ENOENT;
}

/* Whether the directory at GUEST_PATH, of LENGTH bytes, is known to be in one layer only. */
static bool is_in_one_layer(const char *guest_path, size_t length)
{
	plain_stamp stamp;
	uint64_t layers = plain_layers(guest_path, length, false, clock_now(), &stamp);

	return layers && !(layers & (layers - 1)) && plain_holds(stamp);
}

bool fast_overlay_is_current(struct fast_frame *frame, int fd, bool is_directory, uint64_t device)
{
	size_t length = name_directory(fd, frame->host_path, FAST_PATH_MOST), top;
	char guest[DIRECTORY_MOST];
	uint32_t mount;
	long guest_length;
	const char *upper;

	if (!length)
		return false;
	guest_length = to_guest(frame->host_path, length, guest, sizeof(guest), &mount);
	if (guest_length < 0)
		return guest_length == -ENOENT;
	if (is_directory)
		return is_in_one_layer(guest, (size_t)guest_length) && overlay_is_of_device(mount, device);
	upper = view_host(the_view(), mount);
	if (text_begins(frame->host_path, upper) && frame->host_path[strlen(upper)] == '/')
		return true;
	top = view_binding(the_view(), mount)->guest_length;
	return is_below_nothing(frame, mount, guest + top, (size_t)guest_length - top);
}
