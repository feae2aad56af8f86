/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The view as data: looking entries up, adding them, and the way back from
 * host to guest paths.
 */
#include "view/view.h"
#include "view/names.h"
#include "base/error.h"

const struct view_binding *view_binding(const struct view *view, uint32_t index)
{
	return (const struct view_binding *)((const char *)view + view->bindings) + index;
}

const char *view_guest(const struct view *view, uint32_t index)
{
	return (const char *)view + view_binding(view, index)->guest;
}

const char *view_host(const struct view *view, uint32_t index)
{
	return (const char *)view + view_binding(view, index)->host;
}

/* The order of entries: byte-wise, the shorter first. SUFFIX is a byte behind PATH, or -1 for none. */
static int compare(const struct view *view, uint32_t index, const char *path, size_t length, int suffix)
{
	const struct view_binding *binding = view_binding(view, index);
	size_t common = MIN((size_t)binding->guest_length, length);
	int order = memcmp(view_guest(view, index), path, common);

	if (order)
		return order;
	if (binding->guest_length <= length)
		return binding->guest_length == length && suffix < 0 ? 0 : -1;
	return suffix < 0 ? 1 : (unsigned char)view_guest(view, index)[length] - suffix;
}

/* The first entry not before PATH followed by SUFFIX. */
static uint32_t lower_bound(const struct view *view, const char *path, size_t length, int suffix)
{
	uint32_t low = 0, high = view->binding_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (compare(view, middle, path, length, suffix) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int view_find(const struct view *view, const char *guest_path, size_t length)
{
	uint32_t index = lower_bound(view, guest_path, length, -1);

	if (index < view->binding_count && !compare(view, index, guest_path, length, -1))
		return (int)index;
	return -1;
}

uint32_t view_find_above(const struct view *view, const char *guest_path, size_t length)
{
	if (view->binding_count == 1)
		return 0;
	while (length) {
		int index = view_find(view, guest_path, length);

		if (index >= 0)
			return (uint32_t)index;
		while (length && guest_path[--length] != '/')
			;
	}
	return 0;
}

bool view_has_below(const struct view *view, const char *guest_path, size_t length)
{
	uint32_t index = lower_bound(view, guest_path, length, '/');

	return index < view->binding_count && view_binding(view, index)->guest_length > length &&
	       !memcmp(view_guest(view, index), guest_path, length) && view_guest(view, index)[length] == '/';
}

int view_next_child(const struct view *view, const char *guest_path, size_t length, int after, const char **name)
{
	uint32_t index = after < 0 ? lower_bound(view, guest_path, length, '/') : (uint32_t)after + 1;

	for (; index < view->binding_count; index++) {
		const char *guest = view_guest(view, index);
		size_t at = length + 1;

		if (view_binding(view, index)->guest_length <= at || memcmp(guest, guest_path, length) ||
		    guest[length] != '/')
			return -1;
		while (guest[at] && guest[at] != '/')
			at++;
		if (!guest[at]) {
			*name = guest + length + 1;
			return (int)index;
		}
	}
	return -1;
}

unsigned int name_hash(const char *name, size_t length)
{
	unsigned int hash = (unsigned int)length;

	for (size_t i = 0; i < length; i++)
		hash = hash * 31 + (unsigned char)name[i];
	return (hash ^ hash >> 8) & 255;
}

bool name_may_be_bound(const struct view *view, const char *name, size_t length)
{
	unsigned int hash = name_hash(name, length);

	return view->names[hash / 64] >> hash % 64 & 1;
}

bool view_may_be_above(const struct view *view, const char *name, size_t length)
{
	unsigned int hash = name_hash(name, length);

	return view->above[hash / 64] >> hash % 64 & 1;
}

bool view_is_relative_plain(const struct view *view, const char *guest_path, unsigned int *count)
{
	const char *at = guest_path;

	for (*count = 0;;) {
		size_t length = 0;

		while (*at == '/')
			at++;
		if (!*at)
			return true;
		while (at[length] && at[length] != '/')
			length++;
		if ((at[0] == '.' && at[1] == '.' && length == 2) || name_may_be_bound(view, at, length))
			return false;
		*count += 1;
		at += length;
	}
}

bool view_to_host_plain(const struct view *view, const char *guest_path, char *buf)
{
	size_t root_length = view_binding(view, 0)->host_length, length = strlen(guest_path);
	unsigned int count;

	if (guest_path[0] != '/' || root_length + length >= PATH_SIZE ||
	    !view_is_relative_plain(view, guest_path, &count))
		return false;
	/* The root itself is not the host's directory with a slash behind it. */
	if (!count && root_length)
		length = 0;
	memcpy(buf, view_host(view, 0), root_length);
	memcpy(buf + root_length, guest_path, length);
	buf[root_length + length] = '\0';
	return true;
}

/* The part of HOST_PATH behind the entry's host path, or NULL when it is not at or below that. */
static const char *below_host(const struct view *view, uint32_t index, const char *host_path, size_t length)
{
	const struct view_binding *binding = view_binding(view, index);
	const char *rest = host_path + binding->host_length;

	if (binding->flags & VIEW_VIRTUAL || binding->host_length > length)
		return NULL;
	if (memcmp(host_path, view_host(view, index), binding->host_length) || (*rest && *rest != '/'))
		return NULL;
	return *rest && !(binding->flags & VIEW_DIRECTORY) ? NULL : rest;
}

/* Write the guest path that entry INDEX gives REST. */
static long join_guest(const struct view *view, uint32_t index, const char *rest, char *buf, size_t size)
{
	size_t length = view_binding(view, index)->guest_length, rest_length = strlen(rest);

	if (length + rest_length + 2 > size)
		return -ENAMETOOLONG;
	memcpy(buf, view_guest(view, index), length);
	memcpy(buf + length, rest, rest_length + 1);
	return (long)(length + rest_length);
}

long view_to_guest(const struct view *view, const char *host_path, char *buf, size_t size)
{
	size_t length = strlen(host_path);
	long best = -1, found = -ENOENT;

	if (length == 1 && host_path[0] == '/')
		length = 0, host_path = "";
	for (uint32_t i = 0; i < view->binding_count; i++) {
		const char *rest = below_host(view, i, host_path, length);
		long joined;

		if (!rest || (long)view_binding(view, i)->host_length <= best)
			continue;
		joined = join_guest(view, i, rest, buf, size);
		if (joined < 0)
			found = joined;
		else if (view_find_above(view, buf, (size_t)joined) == i) {
			best = view_binding(view, i)->host_length;
			found = (long)i;
		}
	}
	if (best < 0)
		return found;
	length = (size_t)join_guest(view, (uint32_t)found, below_host(view, (uint32_t)found, host_path, length), buf,
				    size);
	if (!length)
		memcpy(buf, "/", 2), length = 1;
	return (long)length;
}

static struct view_binding *entry_at(struct view *view, uint32_t index)
{
	return (struct view_binding *)((char *)view + view->bindings) + index;
}

static long add_string(struct view *view, const char *string, size_t length, uint32_t *offset)
{
	if (view->strings + length + 1 > view->capacity)
		return -ENOSPC;
	memcpy((char *)view + view->strings, string, length);
	((char *)view)[view->strings + length] = '\0';
	*offset = view->strings;
	view->strings += (uint32_t)length + 1;
	view->size = ALIGN_UP(view->strings, 8);
	return 0;
}

static long set_host(struct view *view, struct view_binding *binding, const char *host_path, uint32_t flags)
{
	size_t length = strlen(host_path);
	long status;

	if (length && host_path[length - 1] == '/')
		length--;
	status = add_string(view, host_path, length, &binding->host);
	if (status)
		return status;
	binding->host_length = (uint32_t)length;
	binding->flags = flags;
	view->flags |= flags;
	return 0;
}

static void note_hash(uint64_t *set, const char *name, size_t length)
{
	unsigned int hash = name_hash(name, length);

	set[hash / 64] |= (uint64_t)1 << hash % 64;
}

/* Note the last component of a new entry, and those above it. */
static void note_names(struct view *view, const char *guest_path, size_t length)
{
	uint64_t *set = view->names;

	while (length) {
		size_t start = length;

		while (start && guest_path[start - 1] != '/')
			start--;
		note_hash(set, guest_path + start, length - start);
		length = start ? start - 1 : 0;
		set = view->above;
	}
}

long view_add(struct view *view, const char *guest_path, const char *host_path, uint32_t flags)
{
	size_t length = strlen(guest_path);
	uint32_t index = lower_bound(view, guest_path, length, -1);
	struct view_binding *binding = entry_at(view, index), new = { .guest_length = (uint32_t)length };
	long status;

	if (view_find(view, guest_path, length) >= 0)
		return set_host(view, binding, host_path, flags);
	if (view->binding_count == view->binding_most)
		return -ENOSPC;
	status = add_string(view, guest_path, length, &new.guest);
	if (!status)
		status = set_host(view, &new, host_path, flags);
	if (status)
		return status;
	if (view->strings + length + strlen(host_path) + 2 > view->capacity)
		return -ENOSPC;
	memmove(binding + 1, binding, (view->binding_count - index) * sizeof(*binding));
	*binding = new;
	view->binding_count++;
	note_names(view, guest_path, length);
	return 0;
}

long view_init(struct view *block, size_t capacity, uint32_t bindings, const char *host_root)
{
	uint32_t strings = (uint32_t)(sizeof(*block) + (bindings + 1) * sizeof(struct view_binding));

	if (strings > capacity || capacity > UINT32_MAX)
		return -ENOSPC;
	*block = (struct view){
		.capacity = (uint32_t)capacity,
		.strings = strings,
		.bindings = sizeof(*block),
		.binding_most = bindings + 1,
	};
	block->binding_count = 0;
	return view_add(block, "", host_root, VIEW_DIRECTORY);
}
