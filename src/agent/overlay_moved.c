/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/overlay_moved.h"
#include "agent/directory_owned.h"
#include "agent/overlay_copy.h"
#include "agent/overlay_list.h"
#include "agent/room.h"
#include "base/text.h"
#include "image/overlay.h"
#include "view/layers.h"
#include <asm/fcntl.h>
#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/stat.h>

#define MOVED "moved"	 /* in the work directory: there are such copies */
#define TYPE_DIRECTORY 4 /* DT_DIR, DT_REG */
#define TYPE_REGULAR 8
#define DEPTH_MOST (PATH_SIZE / 2)
#define SEEK_SET 0

/* A walk through the upper layer, of which one directory is open at a time. */
struct search {
	uint32_t mount;
	int fd; /* of what the copy is wanted */
	struct stat status;
	struct text path;
	unsigned int depth;
	int64_t positions[DEPTH_MOST]; /* where to go on in the directories above */
};

void overlay_moved_note(int lock, const char *host_path)
{
	if (GATE_4(NR_lgetxattr, host_path, OVERLAY_ORIGIN, NULL, 0) >= 0)
		GATE_4(NR_mknodat, lock, MOVED, S_IFREG | 0600, 0);
}

static bool is_there_any(uint32_t mount)
{
	char path[PATH_SIZE];
	struct text text;

	text_init(&text, path, sizeof(path));
	text_add(&text, view_work(the_view(), mount));
	text_add(&text, "/" MOVED);
	return !text.full && !GATE_3(NR_faccessat, AT_FDCWD, path, 0);
}

static void strip_name(struct text *path)
{
	while (path->length && path->text[--path->length] != '/')
		;
	path->text[path->length] = '\0';
}

/* Whether the file of a lower layer has this name there too: then the copy is that name's, and has not been moved. */
static bool is_named_so(const struct search *search)
{
	const char *rest = search->path.text + strlen(view_host(the_view(), search->mount));
	char path[PATH_SIZE];
	struct stat status;

	if (search->status.st_nlink < 2)
		return false;
	for (unsigned int i = 1; i < view_layer_count(the_view(), search->mount); i++)
		if (!overlay_copy_path(search->mount, i, rest, path) &&
		    !GATE_4(NR_newfstatat, AT_FDCWD, path, &status, AT_SYMLINK_NOFOLLOW) &&
		    status.st_ino == search->status.st_ino && status.st_dev == search->status.st_dev)
			return true;
	return false;
}

/* The path is now that of ENTRY: whether it is one to be looked at. */
static bool add_name(struct search *search, const struct entry64 *entry)
{
	if (text_equal(entry->name, ".") || text_equal(entry->name, "..") ||
	    (entry->type != TYPE_DIRECTORY && entry->type != TYPE_REGULAR))
		return false;
	if (search->path.length + strlen(entry->name) + 2 > PATH_SIZE)
		return false;
	text_add(&search->path, "/");
	text_add(&search->path, entry->name);
	if (entry->type == TYPE_REGULAR ?
		    overlay_copy_is_of(search->path.text, search->fd) && !is_named_so(search) :
		    search->depth < DEPTH_MOST && !text_equal(search->path.text, view_work(the_view(), search->mount)))
		return true;
	strip_name(&search->path);
	return false;
}

/* What is next in DIRECTORY to be looked at, whose name the path has then: its type, or 0. */
static unsigned int find_next(struct search *search, int directory, int64_t *position)
{
	char buf[1024] __attribute__((aligned(8)));
	long size;

	buf[0] = '\0';
	while ((size = GATE_3(NR_getdents64, directory, buf, sizeof(buf))) > 0) {
		const struct entry64 *entry;

		for (long at = 0; at < size; at += entry->length) {
			entry = (const struct entry64 *)(buf + at);
			*position = entry->offset;
			if (add_name(search, entry))
				return entry->type;
		}
	}
	return 0;
}

/* From POSITION of the directory of the path on: the type of what is next, or 0. */
static unsigned int look_into(struct search *search, int64_t *position)
{
	long directory = overlay_open_layer(search->path.text, true, false);
	unsigned int type;

	if (directory < 0)
		return 0;
	GATE_3(NR_lseek, directory, *position, SEEK_SET);
	type = find_next(search, (int)directory, position);
	GATE_1(NR_close, directory);
	return type;
}

static bool walk(struct search *search)
{
	int64_t position = 0;

	for (;;) {
		unsigned int type = look_into(search, &position);

		if (type == TYPE_REGULAR)
			return true;
		if (!type && !search->depth)
			return false;
		if (type) {
			search->positions[search->depth++] = position;
			position = 0;
		} else {
			position = search->positions[--search->depth];
			strip_name(&search->path);
		}
	}
}

bool overlay_moved_find(uint32_t mount, int fd, char *buf)
{
	struct search *search;
	bool is_found;

	if (!is_there_any(mount))
		return false;
	search = (struct search *)room_map(sizeof(*search), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if ((unsigned long)search > -4096ul)
		return false;
	search->mount = mount;
	search->fd = fd;
	GATE_4(NR_newfstatat, fd, "", &search->status, AT_EMPTY_PATH);
	text_init(&search->path, buf, PATH_SIZE);
	text_add(&search->path, view_host(the_view(), mount));
	is_found = walk(search);
	room_unmap(search, sizeof(*search));
	return is_found;
}
