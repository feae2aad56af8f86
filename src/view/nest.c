/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/nest.h"
#include "base/error.h"
#include "base/text.h"

struct nesting {
	struct view *merged;
	const struct view_outer *outer;
	const struct view *inner;
	char path[PATH_SIZE]; /* in the outer view */
	char host[PATH_SIZE];
	char guest[PATH_SIZE];
};

static long join(const char *front, const char *rest, char *buf)
{
	size_t length = strlen(front), rest_length = strlen(rest);

	if (length + rest_length >= PATH_SIZE)
		return -ENAMETOOLONG;
	memcpy(buf, front, length);
	memcpy(buf + length, rest, rest_length + 1);
	return (long)(length + rest_length);
}

/* The path of the outer view that the inner one's host path is: its length. */
static long join_root(const struct view_outer *outer, const char *path, char *buf)
{
	return join(outer->root, text_equal(path, "/") ? "" : path, buf);
}

/* The host path of PATH, of LENGTH bytes, in the outer view. */
static long find_host(const struct view *outer, const char *path, size_t length, char *buf)
{
	uint32_t mount = view_find_above(outer, path, length);
	const struct view_binding *binding = view_binding(outer, mount);
	long joined;

	if (binding->flags & VIEW_VIRTUAL)
		return -ENOENT;
	joined = join(view_host(outer, mount), path + binding->guest_length, buf);
	return MIN(joined, 0);
}

long view_nest_to_host(const struct view_outer *outer, const char *path, char *buf)
{
	char whole[PATH_SIZE];
	long length = join_root(outer, path, whole);

	return length < 0 ? length : find_host(outer->view, whole, (size_t)length, buf);
}

/* Whether the host lacks the name of an entry the outer view has exactly where the inner one has entry INDEX. */
static bool is_unlisted_outside(struct nesting *nesting, uint32_t index)
{
	const struct view *inner = nesting->inner, *outer = nesting->outer->view;
	uint32_t parent = view_binding(inner, index)->parent;
	long length = join_root(nesting->outer, view_host(inner, parent), nesting->path);
	int found;

	if (length < 0 || view_binding(inner, parent)->flags & VIEW_VIRTUAL)
		return false;
	length = join(nesting->path, view_guest(inner, index) + view_binding(inner, parent)->guest_length,
		      nesting->guest);
	found = length < 0 ? -1 : view_find(outer, nesting->guest, (size_t)length);
	return found >= 0 && view_binding(outer, (uint32_t)found)->flags & VIEW_UNLISTED;
}

/* What the outer view has below NESTING->path, of LENGTH bytes, shows below the inner one's entry INDEX. */
static long add_below(struct nesting *nesting, uint32_t index, size_t length)
{
	const struct view *outer = nesting->outer->view;
	const struct view_order *order = view_order(outer);
	long status = 0;

	for (uint32_t i = 0; i < order->count && status >= 0; i++) {
		const struct view_binding *binding = view_binding(outer, order->entries[i]);
		const char *guest = view_guest(outer, order->entries[i]);

		if (binding->guest_length <= length || memcmp(guest, nesting->path, length) || guest[length] != '/')
			continue;
		status = join(view_guest(nesting->inner, index), guest + length, nesting->guest);
		if (status < 0 || view_find_above(nesting->inner, nesting->guest, (size_t)status) != index)
			continue;
		/* Who takes it away again is the outer proot. */
		status = view_add(nesting->merged, nesting->guest, view_host(outer, order->entries[i]),
				  binding->flags & ~(uint32_t)(VIEW_TEMPORARY | VIEW_TWICE));
	}
	return MIN(status, 0);
}

/* What the inner view shows at its entry INDEX, and below. */
static long add_entry(struct nesting *nesting, uint32_t index)
{
	const struct view *inner = nesting->inner, *outer = nesting->outer->view;
	uint32_t flags = view_binding(inner, index)->flags & ~(uint32_t)VIEW_TWICE;
	const char *guest = view_guest(inner, index);
	long length, status;

	if (flags & VIEW_VIRTUAL)
		return view_add(nesting->merged, guest, "", flags);
	if (index && is_unlisted_outside(nesting, index))
		flags |= VIEW_UNLISTED;
	length = join_root(nesting->outer, view_host(inner, index), nesting->path);
	if (length < 0)
		return length;
	status = find_host(outer, nesting->path, (size_t)length, nesting->host);
	/* What can't be changed outside can't be inside. */
	flags |= view_binding(outer, view_find_above(outer, nesting->path, (size_t)length))->flags & VIEW_READ_ONLY;
	if (status == -ENOENT && index) {
		nesting->host[0] = '\0';
		flags |= VIEW_VIRTUAL;
		status = 0;
	}
	if (!status)
		status = view_add(nesting->merged, guest, nesting->host, flags);
	return status ? status : add_below(nesting, index, (size_t)length);
}

long view_nest(struct view *block, size_t capacity, uint32_t bindings, const struct view_outer *outer,
	       const struct view *inner)
{
	struct nesting nesting = { .merged = block, .outer = outer, .inner = inner };
	const struct view_order *order = view_order(inner);
	long status = view_init(block, capacity, bindings, "/");

	for (uint32_t i = 0; i < order->count && !status; i++)
		status = add_entry(&nesting, order->entries[i]);
	if (status)
		return status;
	view_note_parents(block);
	view_note_twice(block);
	return 0;
}
