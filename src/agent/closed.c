/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/closed.h"
#include "agent/overlay.h"
#include "agent/overlay_copy.h"
#include "agent/proc.h"
#include "agent/translate.h"
#include "base/text.h"
#include "image/overlay.h"
#include "view/layers.h"
#include <linux/fcntl.h>

void closed_link(int directory, char link[CLOSED_LINK_SIZE])
{
	struct text text;

	text_init(&text, link, CLOSED_LINK_SIZE);
	if (directory == AT_FDCWD) {
		text_add(&text, "/proc/thread-self/cwd");
		return;
	}
	text_add(&text, PROC_DESCRIPTORS);
	text_add_number(&text, directory);
}

/*
 * How much of REST names can follow in the overlay MOUNT, with *PLACE of that: its length, or a negative errno where
 * that is not for want of permission. HOST_PATH of PATH_SIZE is written to.
 */
static long walk_names(uint32_t mount, char *rest, struct layers_place *place, char *host_path)
{
	size_t at = 0, found = 0, length;
	long status = 0;

	layers_begin(place, view_layer_count(the_view(), mount));
	while (!status && rest[at]) {
		char behind;

		found = at++;
		while (rest[at] && rest[at] != '/')
			at++;
		behind = rest[at];
		rest[at] = '\0';
		status = layers_step(the_view(), &translate_look, mount, rest, place, host_path, &length);
		rest[at] = behind;
	}
	if (!status)
		return (long)at;
	return status == -EACCES ? (long)found : status;
}

/* Whether a lower layer may have something at REST. */
static bool is_in_lower(uint32_t mount, const char *rest, char *host_path)
{
	for (unsigned int i = 1; i < view_layer_count(the_view(), mount); i++) {
		long kind = overlay_copy_path(mount, i, rest, host_path);

		if (!kind)
			kind = overlay_look(gate, host_path, false);
		if (kind != -ENOENT && kind != -ENOTDIR)
			return true;
	}
	return false;
}

bool closed_is_opaque(const char *link, const char *behind, char *host_path)
{
	struct text text;

	text_init(&text, host_path, PATH_SIZE);
	text_add(&text, link);
	text_add(&text, "/.");
	for (; *behind; behind++) {
		if (*behind != '/')
			continue;
		if (text.full || overlay_look(gate, host_path, true) == VIEW_IS_OPAQUE)
			return !text.full;
		text_add(&text, "/..");
	}
	return false;
}

/* Whether HOST_PATH is what one of the layers has at REST, the upper one if IS_UPPER. */
static bool is_at(uint32_t mount, const char *rest, const char *host_path, bool is_upper)
{
	struct layers_place place;

	layers_begin(&place, is_upper ? 1 : view_layer_count(the_view(), mount));
	return layers_are_at(the_view(), mount, rest, &place, host_path[1] ? host_path : "");
}

long closed_find(const char *guest_path, const char *host_path, const char *link, size_t *named)
{
	uint32_t mount = view_find_above(the_view(), guest_path, strlen(guest_path));
	size_t above = view_binding(the_view(), mount)->guest_length;
	char rest[PATH_SIZE], found[PATH_SIZE];
	struct layers_place place;
	long length;

	*named = 0;
	memcpy(rest, guest_path + above, strlen(guest_path + above) + 1);
	length = overlay_is_mount(mount) ? walk_names(mount, rest, &place, found) : (long)strlen(rest);
	if (length < 0 || !rest[length])
		return MIN(length, 0);
	if (!is_at(mount, rest, host_path, true))
		return is_at(mount, rest, host_path, false) ? -EACCES : -ENOENT;
	/* With an overlay as the root no byte is left to say so. */
	if (!(above + (size_t)length) ||
	    (place.merged != 1 && is_in_lower(mount, rest, found) && !closed_is_opaque(link, rest + length, found)))
		return -EACCES;
	*named = above + (size_t)length;
	return 0;
}
