/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/kin.h"
#include "agent/proc.h"

#define ENTRIES_AT_ONCE 64

/* The same field of the image data of PROCESS. */
#define READ_FIELD(process, field, to) proc_read_agent(process, &image_data()->field, to, sizeof(*(to)))

bool kin_is(long process)
{
	uint64_t nonce = 0;

	return proc_is_guest(process) ||
	       (READ_FIELD(process, shared_nonce, &nonce) && nonce == image_data()->shared_nonce);
}

bool kin_has_identity(long process)
{
	uint32_t flags = 0;

	if (proc_is_guest(process))
		return image_data()->flags & IMAGE_IDENTITY;
	return kin_is(process) && READ_FIELD(process, flags, &flags) && flags & IMAGE_IDENTITY;
}

bool kin_is_inside(long process)
{
	uint32_t depth = 0;

	if (proc_is_guest(process))
		return true;
	return kin_is(process) && READ_FIELD(process, depth, &depth) && depth > image_data()->depth;
}

uint32_t kin_filters(long process)
{
	uint32_t filters = image_data()->filters;

	READ_FIELD(process, filters, &filters);
	return filters;
}

/* A view in the memory of PROCESS. */
struct other_view {
	long process;
	const char *at;
	struct view head;
};

static bool read_at(const struct other_view *other, size_t offset, void *to, size_t size)
{
	return proc_read_agent(other->process, other->at + offset, to, size);
}

/* The path at OFFSET, of LENGTH bytes, into BUF of PATH_SIZE. */
static bool read_path(const struct other_view *other, uint32_t offset, uint32_t length, char *buf)
{
	if (length >= PATH_SIZE || !read_at(other, offset, buf, length))
		return false;
	buf[length] = '\0';
	return true;
}

/* Whether BINDING, which reads BUF, is at PATH or above it. */
static bool is_above(const struct other_view *other, const struct view_binding *binding, const char *path, char *buf)
{
	size_t length = binding->guest_length;

	return length <= strlen(path) && (!path[length] || path[length] == '/') &&
	       read_path(other, binding->guest, binding->guest_length, buf) && !memcmp(buf, path, length);
}

/* The deepest of COUNT entries, whose numbers are at OFFSET, that is at or above PATH. */
static bool find_binding(const struct other_view *other, size_t offset, uint32_t count, const char *path, char *buf,
			 struct view_binding *found)
{
	uint32_t entries[ENTRIES_AT_ONCE];
	bool has_found = false;

	for (uint32_t i = 0; i < count; i++) {
		struct view_binding binding;
		uint32_t at = i % ENTRIES_AT_ONCE, size = MIN(count - i, ENTRIES_AT_ONCE) * sizeof(entries[0]);

		if (!at && !read_at(other, offset + i * sizeof(entries[0]), entries, size))
			return false;
		if (!read_at(other, other->head.bindings + entries[at] * sizeof(binding), &binding, sizeof(binding)))
			return false;
		if ((has_found && binding.guest_length < found->guest_length) || !is_above(other, &binding, path, buf))
			continue;
		*found = binding;
		has_found = true;
	}
	return has_found && !(found->flags & VIEW_VIRTUAL);
}

static bool open_view(struct other_view *other, long process, struct view_order *order)
{
	other->process = process;
	return proc_read_agent(process, &view_in_force, &other->at, sizeof(other->at)) &&
	       read_at(other, 0, &other->head, sizeof(other->head)) &&
	       read_at(other, other->head.order, order, sizeof(*order));
}

long kin_to_guest(long process, const char *path, char *buf)
{
	char host_path[PATH_SIZE];
	struct other_view other;
	struct view_binding binding;
	struct view_order order;
	size_t rest;

	if (!open_view(&other, process, &order) ||
	    !find_binding(&other, other.head.order + offsetof(struct view_order, entries), order.count, path, host_path,
			  &binding))
		return -ENOENT;
	rest = strlen(path) - binding.guest_length;
	if (binding.host_length + rest >= PATH_SIZE || !read_path(&other, binding.host, binding.host_length, host_path))
		return -ENOENT;
	memcpy(host_path + binding.host_length, path + binding.guest_length, rest + 1);
	return view_to_guest(the_view(), host_path, buf, PATH_SIZE);
}
