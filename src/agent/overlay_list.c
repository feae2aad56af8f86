/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Listings of overlays. Each getdents(2) reads the directories of all layers, and sorts the names by a hash, so that
 * the position of the open file, which is all that is kept, is right whatever is made or removed in between: an entry
 * is told if its hash is not below it. The names of one hash are told in one call.
 */
#include "agent/overlay_list.h"
#include "agent/closed.h"
#include "agent/directory_owned.h"
#include "agent/guest_memory.h"
#include "agent/mounts.h"
#include "agent/overlay.h"
#include "agent/overlay_copy.h"
#include "agent/proc.h"
#include "agent/room.h"
#include "agent/translate.h"
#include "base/text.h"
#include "image/overlay.h"
#include "view/layers.h"
#include <asm/fcntl.h>
#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/stat.h>

#define SEEK_SET 0
#define SEEK_CUR 1
#define HASH_DOT 0 /* "." and ".." come first */
#define HASH_DOT_DOT 1
#define HASH_LEAST 2
#define TYPE_CHARACTER 2 /* DT_CHR, DT_REG */
#define TYPE_REGULAR 8
#define ARENA_LEAST 0x10000ul
#define ROOM_LEAST 0x8000ul /* for one getdents64(2) */

/* A name that a layer has. */
struct name {
	uint32_t hash;
	uint8_t layer, type;
	uint16_t size; /* of this */
	uint64_t inode;
	char text[];
};

/* All of a directory. Names lie from the start on, and behind them, when they are all there, pointers to them. */
struct arena {
	char *memory;
	size_t size, used;
	size_t count;
};

/* A descriptor's place in an overlay. */
struct overlay_directory {
	uint32_t mount;
	struct layers_place place;
	char rest[PATH_SIZE];
	char link[CLOSED_LINK_SIZE]; /* where no name leads to it: agent/closed.h */
};

static uint32_t hash_of(const char *name)
{
	uint32_t hash = 2166136261u;

	if (text_equal(name, "."))
		return HASH_DOT;
	if (text_equal(name, ".."))
		return HASH_DOT_DOT;
	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	return hash % (uint32_t)(OVERLAY_POSITIONS - HASH_LEAST - 1) + HASH_LEAST;
}

static long make_room(struct arena *arena, size_t more)
{
	size_t size = MAX(arena->size, ARENA_LEAST);
	long memory;

	while (size < arena->used + more)
		size *= 2;
	if (size == arena->size)
		return 0;
	memory = room_map(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if ((unsigned long)memory > -4096ul)
		return memory;
	if (arena->size) {
		memcpy((char *)memory, arena->memory, arena->used);
		room_unmap(arena->memory, arena->size);
	}
	arena->memory = (char *)memory;
	arena->size = size;
	return 0;
}

static void release(struct arena *arena)
{
	if (arena->size)
		room_unmap(arena->memory, arena->size);
}

static long add_name(struct arena *arena, const struct entry64 *entry, unsigned int layer, uint32_t hash)
{
	size_t length = strlen(entry->name), size = ALIGN_UP(sizeof(struct name) + length + 1, 8);
	struct name *name;
	long status = make_room(arena, size);

	if (status)
		return status;
	name = (struct name *)(arena->memory + arena->used);
	*name = (struct name){ hash, (uint8_t)layer, entry->type, (uint16_t)size, entry->inode };
	memcpy(name->text, entry->name, length + 1);
	arena->used += size;
	arena->count++;
	return 0;
}

/* The names of the directory FD, of LAYER, that are not told yet; the dots of the TOP one only. */
static long read_layer(struct arena *arena, int fd, unsigned int layer, unsigned int top, long position)
{
	char buf[2048] __attribute__((aligned(8)));
	long size, status = 0;

	buf[0] = '\0';
	while (!status && (size = GATE_3(NR_getdents64, fd, buf, sizeof(buf))) > 0) {
		for (long at = 0; at < size && !status;) {
			const struct entry64 *entry = (const struct entry64 *)(buf + at);
			uint32_t hash = hash_of(entry->name);

			at += entry->length;
			if (hash < position || (hash < HASH_LEAST && layer != top))
				continue;
			status = add_name(arena, entry, layer, hash);
		}
	}
	return status ? status : size;
}

long overlay_open_layer(const char *path, bool is_upper, bool follows)
{
	unsigned long flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (follows ? 0 : O_NOFOLLOW);
	long fd = GATE_4(NR_openat, AT_FDCWD, path, flags, 0);
	struct stat status;

	if (fd != -EACCES || !is_upper || GATE_4(NR_newfstatat, AT_FDCWD, path, &status, 0) ||
	    GATE_3(NR_fchmodat, AT_FDCWD, path, (status.st_mode & 07777) | 0500))
		return fd;
	fd = GATE_4(NR_openat, AT_FDCWD, path, flags, 0);
	GATE_3(NR_fchmodat, AT_FDCWD, path, status.st_mode & 07777);
	return fd;
}

/* LINK: the one layer that has it is found by that; or NULL. */
static long read_layers(struct arena *arena, uint32_t mount, const char *rest, const struct layers_place *place,
			const char *link, long position)
{
	char path[PATH_SIZE];
	long status = 0;

	for (unsigned int i = 0; i < view_layer_count(the_view(), mount) && !status; i++) {
		long fd;

		if (!(place->merged >> i & 1))
			continue;
		status = overlay_copy_path(mount, i, rest, path);
		if (status)
			break;
		fd = overlay_open_layer(link ? link : *path ? path : "/", !i, link);
		status = fd < 0 ? fd : read_layer(arena, (int)fd, i, place->layer, position);
		if (fd >= 0)
			GATE_1(NR_close, fd);
	}
	return status;
}

static bool is_before(const struct name *a, const struct name *b)
{
	return a->hash < b->hash;
}

/* Move entry AT down to where it belongs in the heap of COUNT. */
static void sift(struct name **heap, size_t at, size_t count)
{
	for (size_t child; (child = 2 * at + 1) < count; at = child) {
		struct name *name = heap[at];

		if (child + 1 < count && is_before(heap[child], heap[child + 1]))
			child++;
		if (!is_before(name, heap[child]))
			return;
		heap[at] = heap[child];
		heap[child] = name;
	}
}

/* Pointers to all names, sorted; NULL when there is no memory. */
static struct name **sort(struct arena *arena)
{
	size_t index = arena->used, at = 0;
	struct name **heap;

	if (make_room(arena, arena->count * sizeof(*heap)))
		return NULL;
	heap = (struct name **)(arena->memory + index);
	for (size_t i = 0; i < arena->count; i++) {
		heap[i] = (struct name *)(arena->memory + at);
		at += heap[i]->size;
	}
	for (size_t i = arena->count / 2; i; i--)
		sift(heap, i - 1, arena->count);
	for (size_t i = arena->count; i > 1; i--) {
		struct name *last = heap[i - 1];

		heap[i - 1] = heap[0];
		heap[0] = last;
		sift(heap, 0, i - 1);
	}
	return heap;
}

/* Whether whiteouts may be regular files in the directory at REST of LAYER: ovl_path_check_xwhiteouts_xattr(). */
static bool has_file_whiteouts(uint32_t mount, const char *rest, unsigned int layer)
{
	char path[PATH_SIZE], value[2];

	return layer && !overlay_copy_path(mount, layer, rest, path) &&
	       GATE_4(NR_lgetxattr, path, OVERLAY_OPAQUE, value, sizeof(value)) == 1 && value[0] == 'x';
}

/* Whether NAME, of the directory at REST, is a whiteout. Where one may not look a device is none that could be used. */
static bool is_whiteout(uint32_t mount, const char *rest, const struct name *name)
{
	bool is_device = name->type == TYPE_CHARACTER;
	struct text path;
	char buf[PATH_SIZE];
	long kind;

	if (name->type && !is_device && !(name->type == TYPE_REGULAR && has_file_whiteouts(mount, rest, name->layer)))
		return false;
	text_init(&path, buf, sizeof(buf));
	text_add(&path, view_layer(the_view(), mount, name->layer));
	text_add(&path, rest);
	text_add(&path, "/");
	text_add(&path, name->text);
	kind = path.full ? -ENAMETOOLONG : overlay_look(gate, buf, !name->layer);
	return kind == VIEW_IS_WHITEOUT || (kind < 0 && is_device);
}

/* Whether NAME, of the directory at REST, is that of the overlay's work directory. */
static bool is_work(uint32_t mount, const char *rest, const struct name *name)
{
	return !*rest && !name->layer && text_equal(name->text, OVERLAY_WORK) &&
	       text_ends(view_work(the_view(), mount), "/" OVERLAY_WORK);
}

/* Whether HEAP[AT] of COUNT that have one hash is what is seen by its name, and not what a layer above has. */
static bool is_seen(uint32_t mount, const char *rest, struct name **heap, size_t at, size_t count)
{
	const struct name *name = heap[at];

	if (name->hash < HASH_LEAST)
		return true;
	for (size_t i = 0; i < count; i++)
		if (heap[i]->layer < name->layer && text_equal(heap[i]->text, name->text))
			return false;
	return !is_whiteout(mount, rest, name) && !is_work(mount, rest, name);
}

/* How many of COUNT names have the hash of the first. */
static size_t group_of(struct name **heap, size_t count)
{
	size_t length = 1;

	while (length < count && heap[length]->hash == heap[0]->hash)
		length++;
	return length;
}

static bool has_names(uint32_t mount, const char *rest, struct arena *arena)
{
	struct name **heap = sort(arena);

	for (size_t at = 0, length; heap && at < arena->count; at += length) {
		length = group_of(heap + at, arena->count - at);
		for (size_t i = 0; i < length; i++)
			if (is_seen(mount, rest, heap + at, i, length))
				return true;
	}
	return !heap;
}

bool overlay_is_empty(uint32_t mount, const char *rest, const struct layers_place *place)
{
	struct arena arena = { 0 };
	bool is_empty = !read_layers(&arena, mount, rest, place, NULL, HASH_LEAST);

	is_empty = is_empty && (!arena.count || !has_names(mount, rest, &arena));
	release(&arena);
	return is_empty;
}

/* Where what the guest reads goes. */
struct out {
	bool is64;
	unsigned long at;
	size_t room;
	char *buf;
};

static long write_name(struct out *out, const struct name *name)
{
	size_t length = strlen(name->text), size;
	char *buf = out->buf;

	if (out->is64) {
		size = ALIGN_UP(offsetof(struct entry64, name) + length + 1, 8);
		memset(buf, 0, size);
		*(struct entry64 *)buf = (struct entry64){ name->inode, name->hash + 1l, (uint16_t)size, name->type };
		memcpy(buf + offsetof(struct entry64, name), name->text, length);
	} else {
		size = ALIGN_UP(offsetof(struct entry, name) + length + 2, 8);
		memset(buf, 0, size);
		*(struct entry *)buf = (struct entry){ name->inode, name->hash + 1ul, (uint16_t)size };
		memcpy(buf + offsetof(struct entry, name), name->text, length);
		buf[size - 1] = (char)name->type;
	}
	if (size > out->room)
		return -EINVAL;
	if (guest_write(out->at, buf, size))
		return -EFAULT;
	out->at += size;
	out->room -= size;
	return 0;
}

/* All of COUNT names of one hash that are seen, or none. */
static long write_group(struct out *out, const struct overlay_directory *directory, struct name **heap, size_t count)
{
	struct out kept = *out;
	long status = 0;

	for (size_t i = 0; i < count && !status; i++)
		if (is_seen(directory->mount, directory->rest, heap, i, count))
			status = write_name(out, heap[i]);
	if (status)
		*out = kept;
	return status;
}

static long write_names(struct out *out, struct overlay_directory *directory, struct arena *arena, long *position)
{
	struct name **heap = sort(arena);
	unsigned long start = out->at;
	long status = heap ? 0 : -ENOMEM;

	for (size_t i = 0, length; i < arena->count && !status; i += length) {
		length = group_of(heap + i, arena->count - i);
		status = write_group(out, directory, heap + i, length);
		if (!status)
			*position = heap[i]->hash + 1l;
	}
	return out->at > start ? (long)(out->at - start) : status;
}

/* The same behind a directory that may not be searched, where REST is all of the guest path still. */
static long find_closed(int fd, const char *host_path, struct overlay_directory *directory)
{
	size_t named;
	long status;

	closed_link(fd, directory->link);
	status = closed_find(directory->rest, host_path, directory->link, &named);
	layers_begin(&directory->place, 1);
	return status || named ? status : -EACCES;
}

/* Where FD is a directory of an overlay: 0; -ENOENT where it is not seen any more; OVERLAY_GO_ON where it is none. */
static long find_directory(int fd, struct overlay_directory *directory)
{
	char host_path[PATH_SIZE], found[PATH_SIZE];
	size_t above, length;
	long status;

	directory->link[0] = '\0';
	if (proc_read_descriptor(fd, host_path) < 0 || host_path[0] != '/' ||
	    mounts_to_guest(fd, host_path, directory->rest))
		return OVERLAY_GO_ON;
	directory->mount = view_find_above(the_view(), directory->rest, strlen(directory->rest));
	if (!overlay_is_mount(directory->mount))
		return OVERLAY_GO_ON;
	above = view_binding(the_view(), directory->mount)->guest_length;
	status = layers_find(the_view(), &translate_look, directory->mount, directory->rest + above, &directory->place,
			     found, &length);
	if (status == -EACCES)
		status = find_closed(fd, host_path, directory);
	if (status)
		return status == -EACCES ? status : -ENOENT;
	memmove(directory->rest, directory->rest + above, strlen(directory->rest + above) + 1);
	return layers_are_at(the_view(), directory->mount, directory->rest, &directory->place,
			     host_path[1] ? host_path : "") ?
		       0 :
		       -ENOENT;
}

static bool is_directory(int fd)
{
	struct stat status;

	return !GATE_2(NR_fstat, fd, &status) && (status.st_mode & S_IFMT) == S_IFDIR &&
	       !(GATE_2(NR_fcntl, fd, F_GETFL) & O_PATH);
}

long overlay_list(struct call *call)
{
	struct out out = { call->nr == NR_getdents64, call->arguments[1], (unsigned int)call->arguments[2],
			   call->slot->spare };
	struct overlay_directory *directory = (struct overlay_directory *)&call->slot->results[1];
	int fd = (int)call->arguments[0];
	struct arena arena = { 0 };
	long position, status;

	_Static_assert(sizeof(*directory) <= sizeof(call->slot->results[1]), "it lies there");
	if (!is_directory(fd))
		return OVERLAY_GO_ON;
	status = find_directory(fd, directory);
	position = GATE_3(NR_lseek, fd, 0, SEEK_CUR);
	if (status || position < 0 || position >= OVERLAY_POSITIONS)
		return status ? status : 0;
	status = read_layers(&arena, directory->mount, directory->rest, &directory->place,
			     directory->link[0] ? directory->link : NULL, position);
	if (!status && arena.count)
		status = write_names(&out, directory, &arena, &position);
	release(&arena);
	if (status >= 0)
		GATE_3(NR_lseek, fd, position, SEEK_SET);
	return status;
}

bool overlay_has_entry(int fd, const char *name)
{
	struct overlay_directory directory;
	struct layers_place *place = &directory.place;
	char host_path[PATH_SIZE];
	struct text rest;
	size_t length;

	if (find_directory(fd, &directory))
		return false;
	text_resume(&rest, directory.rest, sizeof(directory.rest));
	text_add(&rest, "/");
	text_add(&rest, name);
	return !rest.full &&
	       !layers_step(the_view(), &translate_look, directory.mount, directory.rest, place, host_path, &length) &&
	       place->is_there;
}
