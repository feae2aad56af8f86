/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/mount.h"
#include "agent/proc.h"
#include "agent/translate.h"
#include "base/text.h"
#include <linux/fcntl.h>

#define UNIQUE_FIRST (1ull << 48) /* far from the host's, which count up from 2^31: fs/namespace.c */

uint32_t mount_above(const char *guest_path, size_t length)
{
	const struct view *view = the_view();
	uint32_t binding = view_find_above(view, guest_path, length);

	while (view_binding(view, binding)->flags & VIEW_VIRTUAL) {
		while (length && guest_path[--length] != '/')
			;
		binding = view_find_above(view, guest_path, length);
	}
	return binding;
}

static void find_above(const char *guest_path, struct mount_place *place)
{
	size_t length = strlen(guest_path);

	place->binding = mount_above(guest_path, length);
	place->is_top = view_binding(the_view(), place->binding)->guest_length == length;
}

/* Put the components of a path without ".." behind the canonical BASE, of PATH_SIZE bytes. */
static void append_plain(char *base, const char *path)
{
	struct text text = { base, PATH_SIZE, strlen(base), false };

	while (*path) {
		size_t length = 0;

		while (path[length] && path[length] != '/')
			length++;
		if (length && !(length == 1 && path[0] == '.')) {
			text_add(&text, "/");
			text_add_bytes(&text, path, length);
		}
		path += length + (path[length] == '/');
	}
}

/* A path that passed as it is has no link and no ".." in it. */
static bool find_plain(struct call *call, int directory, struct mount_place *place)
{
	const struct host_path *path = &call->paths[0];
	struct slot *slot = call->slot;

	slot->spare[0] = '\0';
	if (path->guest_path[0] != '/' && translate_directory(directory, slot->spare, slot->results[0].host))
		return false;
	append_plain(slot->spare, path->guest_path);
	find_above(slot->spare, place);
	return true;
}

bool mount_find(struct call *call, struct mount_place *place)
{
	const struct call_path *shape = &call->row->paths[0];
	const struct host_path *path = &call->paths[0];
	int directory = shape->directory == CALL_CWD ? AT_FDCWD : (int)call->original[shape->directory];
	struct slot *slot = call->slot;

	if (!path->guest_path) {
		if (translate_directory(directory, slot->spare, slot->results[0].host))
			return false;
		find_above(slot->spare, place);
	} else if (path->is_resolved && path->result->is_magic) {
		char *guest_path = slot->scratch.link;
		long length = proc_read_link_guest(path->result->host, slot->spare, guest_path);

		if (length < 0)
			return false;
		guest_path[length > 1 ? length : 0] = '\0';
		find_above(guest_path, place);
	} else if (path->is_resolved) {
		find_above(path->result->guest, place);
	} else {
		return find_plain(call, directory, place);
	}
	return true;
}

uint64_t mount_inner_number(uint64_t host_number)
{
	return MOUNT_FIRST + the_view()->binding_most + host_number;
}

uint64_t mount_number(uint32_t binding, uint64_t host_number, bool is_unique)
{
	const char *host_path = view_host(the_view(), binding);
	uint64_t first = is_unique ? UNIQUE_FIRST : 0;
	struct statx status;

	if (!GATE_5(NR_statx, AT_FDCWD, *host_path ? host_path : "/", AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
		    is_unique ? STATX_MNT_ID_UNIQUE : STATX_MNT_ID, &status) &&
	    status.stx_mnt_id != host_number)
		return first + mount_inner_number(host_number);
	return first + MOUNT_FIRST + binding;
}
