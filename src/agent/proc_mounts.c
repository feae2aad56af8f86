/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mounts, mountinfo, mountstats: the root and the bindings are the guest's
 * mounts, each described by the host's mount that it lies on.
 */
#include "agent/mount.h"
#include "agent/proc_copy.h"
#include "agent/root.h"

#define ESCAPED " \t\n\\" /* mangle_path() of fs/seq_file.c, in octal */

/* Word NUMBER of a line, from 0. */
static char *word_of(char *line, unsigned int number)
{
	while (number && *line)
		if (*line++ == ' ')
			number--;
	return line;
}

/* Undo the octal escapes of a mount point, up to its end, into BUF of PATH_SIZE. */
static void unescape(const char *word, char *buf)
{
	size_t length = 0;

	while (*word && *word != ' ' && length < PATH_SIZE - 1) {
		if (*word == '\\' && word[1] && word[2] && word[3]) {
			buf[length++] = (char)((word[1] - '0') << 6 | (word[2] - '0') << 3 | (word[3] - '0'));
			word += 4;
		} else {
			buf[length++] = *word++;
		}
	}
	buf[length] = '\0';
}

static void add_escaped(struct text *out, const char *path)
{
	char octal[4] = "\\";

	for (; *path; path++) {
		const char *special = ESCAPED;

		while (*special && *special != *path)
			special++;
		if (!*special) {
			text_add_bytes(out, path, 1);
			continue;
		}
		octal[1] = (char)('0' + ((*path >> 6) & 7));
		octal[2] = (char)('0' + ((*path >> 3) & 7));
		octal[3] = (char)('0' + (*path & 7));
		text_add_bytes(out, octal, 4);
	}
}

/* The options begin behind PLACE, the mount point, or one word later: "rw" there becomes "ro". Others are not of such
 * words. */
static void make_read_only(const struct proc_file *file, char *place)
{
	char *options = word_of(place, file->has_ids ? 1 : 2);

	if (text_begins(options, "rw,") || text_begins(options, "rw ") || text_equal(options, "rw"))
		options[1] = 'o';
}

/* Write LINE with the mount point GUEST_PATH in place of its own, unless that lies outside the reader's root. */
static void add_mount(struct copy *copy, const struct proc_file *file, char *line, const char *guest_path,
		      unsigned int id, unsigned int parent)
{
	char *place = word_of(line, file->place_field), *behind = word_of(place, 1), *told = copy->slot->path[1];

	if (view_binding(the_view(), mount_above(guest_path, strlen(guest_path)))->flags & VIEW_READ_ONLY)
		make_read_only(file, place);
	memcpy(told, guest_path[0] ? guest_path : "/", MAX(strlen(guest_path), 1) + 1);
	if (!root_tell(told))
		return;
	if (file->has_ids) {
		text_add_number(&copy->out, id);
		text_add(&copy->out, " ");
		text_add_number(&copy->out, parent);
		text_add(&copy->out, " ");
		line = word_of(line, 2);
		/* The root of the mount would be a host path. */
		text_add_bytes(&copy->out, line, (size_t)(word_of(line, 1) - line));
		text_add(&copy->out, "/ ");
	} else {
		text_add_bytes(&copy->out, line, (size_t)(place - line));
	}
	add_escaped(&copy->out, told);
	text_add(&copy->out, " ");
	text_add(&copy->out, behind);
	copy_end_line(copy);
}

/* Whether the mount point MOUNT holds HOST_PATH; "/" holds all. */
static bool is_at_or_above(const char *mount, const char *host_path)
{
	size_t length = text_equal(mount, "/") ? 0 : strlen(mount);

	return !memcmp(mount, host_path, MIN(length, strlen(host_path) + 1)) &&
	       (!host_path[length] || host_path[length] == '/');
}

/* The line of the host's mount that HOST_PATH lies on goes to FOUND, of COPY_CHUNK bytes: the last of the longest. */
static bool find_mount(struct copy *copy, const struct proc_file *file, const char *host_path, char *found)
{
	char *place = copy->slot->spare, *line;
	size_t best = 0;

	copy_rewind(copy);
	while ((line = copy_next_line(copy))) {
		size_t length = strlen(line);

		unescape(word_of(line, file->place_field), place);
		if (place[0] == '/' && strlen(place) >= best && is_at_or_above(place, host_path) &&
		    length < COPY_CHUNK) {
			best = strlen(place);
			memcpy(found, line, length + 1);
		}
	}
	return best > 0;
}

static unsigned int parent_id(const struct view *view, uint32_t index)
{
	uint32_t parent = view_binding(view, index)->parent;

	if (!index)
		return 0;
	while (view_binding(view, parent)->flags & VIEW_VIRTUAL)
		parent = view_binding(view, parent)->parent;
	return MOUNT_FIRST + parent;
}

static void add_entry(struct copy *copy, const struct proc_file *file, uint32_t index)
{
	const struct view *view = the_view();
	char *found = (char *)&copy->slot->results[1] + COPY_CHUNK;

	if (!(view_binding(view, index)->flags & VIEW_VIRTUAL) && find_mount(copy, file, view_host(view, index), found))
		add_mount(copy, file, found, view_guest(view, index), MOUNT_FIRST + index, parent_id(view, index));
}

/* The mounts in the order they were made, those that others cover too. */
static void add_entries(struct copy *copy, const struct proc_file *file)
{
	const struct view *view = the_view();
	const struct view_order *order = view_order(view);
	uint32_t age = 0, next;

	for (;; age = next) {
		next = UINT32_MAX;
		for (uint32_t i = 0; i < order->count + order->covered; i++) {
			uint32_t its = view_binding(view, order->entries[i])->age;

			if (its == age)
				add_entry(copy, file, order->entries[i]);
			if (its > age && its < next)
				next = its;
		}
		if (next == UINT32_MAX)
			return;
	}
}

/* Mounts of the host inside what is bound show too, as with mount --rbind. */
static void add_inner_mounts(struct copy *copy, const struct proc_file *file)
{
	const struct view *view = the_view();
	char *guest_path = copy->slot->scratch.link, *line;

	copy_rewind(copy);
	while ((line = copy_next_line(copy))) {
		const char *cursor = line;
		uint32_t above;
		long length;

		unescape(word_of(line, file->place_field), copy->slot->spare);
		length = view_to_guest(view, copy->slot->spare, guest_path, PATH_SIZE);
		if (length <= 1)
			continue;
		above = mount_above(guest_path, (size_t)length);
		/* Only where there are numbers is the first word one. */
		if (view_binding(view, above)->guest_length != (size_t)length)
			add_mount(copy, file, line, guest_path,
				  (unsigned int)mount_inner_number((uint64_t)text_read_number(&cursor)),
				  MOUNT_FIRST + above);
	}
}

void proc_make_mounts(struct copy *copy, const struct proc_file *file)
{
	add_entries(copy, file);
	add_inner_mounts(copy, file);
}
