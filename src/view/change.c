/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/change.h"
#include "base/error.h"

#define RESTING 16  /* entries that were unmounted and are not used yet again */
#define PAGE 4096ul /* the paths begin in one of their own */

static struct view_binding *entry_at(struct view *view, uint32_t index)
{
	return (struct view_binding *)((char *)view + view->bindings) + index;
}

static size_t texts_offset(const struct view *view, uint32_t binding_most)
{
	size_t orders = ALIGN_UP(sizeof(*view) + binding_most * sizeof(struct view_binding), 8);

	return ALIGN_UP(orders + VIEW_ORDERS * view_order_size(binding_most) + view->size, PAGE);
}

size_t view_changeable_size(const struct view *view)
{
	return texts_offset(view, view->binding_count + VIEW_MOUNTS_MOST) + VIEW_MOUNTS_MOST * 2ul * PATH_SIZE;
}

/* The paths of VIEW lie somewhere else in BLOCK: as much further on as its whole is. */
static void copy_entries(struct view *block, const struct view *view, uint32_t moved)
{
	for (uint32_t i = 0; i < view->binding_count; i++) {
		struct view_binding *entry = entry_at(block, i);

		*entry = *view_binding(view, i);
		entry->guest += moved;
		entry->host += moved;
	}
}

void view_make_changeable(struct view *block, const struct view *view)
{
	uint32_t most = view->binding_count + VIEW_MOUNTS_MOST;
	uint32_t orders = (uint32_t)ALIGN_UP(sizeof(*block) + most * sizeof(struct view_binding), 8);
	uint32_t copy = orders + VIEW_ORDERS * (uint32_t)view_order_size(most);

	*block = *view;
	block->size = (uint32_t)view_changeable_size(view);
	block->capacity = block->size;
	block->bindings = sizeof(*block);
	block->binding_most = most;
	block->base_count = view->binding_count;
	block->orders = block->order = orders;
	block->texts = (uint32_t)texts_offset(view, most);
	memcpy((char *)block + copy, view, view->size);
	copy_entries(block, view, copy);
	memcpy((char *)block + orders, view_order(view),
	       sizeof(struct view_order) + view->binding_count * sizeof(uint32_t));
}

/* The place for orders that is STEPS behind the one in force. */
static struct view_order *order_behind(struct view *view, uint32_t steps)
{
	uint32_t size = (uint32_t)view_order_size(view->binding_most);
	uint32_t number = ((view->order - view->orders) / size + steps) % VIEW_ORDERS;

	return (struct view_order *)((char *)view + view->orders + number * size);
}

static struct view_order *next_order(struct view *view)
{
	return order_behind(view, 1);
}

static size_t used_size(const struct view_order *order)
{
	return sizeof(*order) + (order->count + order->covered) * sizeof(order->entries[0]);
}

void view_begin(struct view *view)
{
	memcpy(next_order(view), view_order(view), used_size(view_order(view)));
}

static bool holds(const struct view_order *order, uint32_t index)
{
	for (uint32_t i = 0; i < order->count + order->covered; i++)
		if (order->entries[i] == index)
			return true;
	return false;
}

bool view_is_mounted(const struct view *view, uint32_t index)
{
	return holds(view_order(view), index);
}

/* How a guest path stands to another, which it is to be compared with byte-wise. */
static int compare(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (unsigned char)*a - (unsigned char)*b;
}

static bool is_at_or_below(const char *path, const char *above)
{
	size_t length = strlen(above);

	return strlen(path) >= length && !memcmp(path, above, length) && (!path[length] || path[length] == '/');
}

/* Move entry AT of the order to its end, among the covered. */
static void cover(struct view_order *order, uint32_t at)
{
	uint32_t last = order->count + order->covered - 1, index = order->entries[at];

	memmove(&order->entries[at], &order->entries[at + 1], (last - at) * sizeof(order->entries[0]));
	order->entries[last] = index;
	order->count--;
	order->covered++;
}

/* Put entry INDEX into ORDER, over what is there. */
static void put(struct view *view, struct view_order *order, uint32_t index)
{
	const char *guest = view_guest(view, index);
	uint32_t at = 0;

	for (uint32_t i = 1; i < order->count;)
		if (is_at_or_below(view_guest(view, order->entries[i]), guest))
			cover(order, i);
		else
			i++;
	while (at < order->count && compare(view_guest(view, order->entries[at]), guest) < 0)
		at++;
	memmove(&order->entries[at + 1], &order->entries[at],
		(order->count + order->covered - at) * sizeof(order->entries[0]));
	order->entries[at] = index;
	order->count++;
}

/* Whether entry A was mounted before B. */
static bool is_before(const struct view *view, uint32_t a, uint32_t b)
{
	uint32_t age = view_binding(view, a)->age, other = view_binding(view, b)->age;

	return age != other ? age < other : compare(view_guest(view, a), view_guest(view, b)) < 0;
}

/* Write to TO the entries of FROM in the order they were mounted. */
static void sort_by_age(const struct view *view, const struct view_order *from, uint32_t *to)
{
	for (uint32_t i = 0; i < from->count + from->covered; i++) {
		uint32_t at = i;

		for (; at && is_before(view, from->entries[i], to[at - 1]); at--)
			to[at] = to[at - 1];
		to[at] = from->entries[i];
	}
}

/* Something is gone: find out anew what covers what. */
static void rebuild(struct view *view, struct view_order *order)
{
	uint32_t *sorted = order_behind(view, 2)->entries, count = order->count + order->covered;

	sort_by_age(view, order, sorted);
	*order = (struct view_order){ 0 };
	for (uint32_t i = 0; i < count; i++)
		put(view, order, sorted[i]);
}

static bool is_free(struct view *view, uint32_t index)
{
	return !holds(view_order(view), index) && !holds(next_order(view), index);
}

/* An entry that is none of the guest's, the one longest unused: its number, or -ENOSPC. */
static long take_entry(struct view *view)
{
	uint32_t resting = 0, oldest = 0;

	for (uint32_t i = view->base_count; i < view->binding_count; i++) {
		if (!is_free(view, i))
			continue;
		if (!resting++ || view_binding(view, i)->left < view_binding(view, oldest)->left)
			oldest = i;
	}
	if (view->binding_count < view->binding_most && resting <= RESTING)
		return (long)__atomic_fetch_add(&view->binding_count, 1, __ATOMIC_RELEASE);
	return resting ? (long)oldest : -ENOSPC;
}

/* The deepest entry at or above GUEST_PATH in ORDER. */
static uint32_t find_above(const struct view *view, const struct view_order *order, const char *guest_path)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < order->count; i++) {
		uint32_t index = order->entries[i];

		if (view_binding(view, index)->guest_length >= view_binding(view, found)->guest_length &&
		    is_at_or_below(guest_path, view_guest(view, index)))
			found = index;
	}
	return found;
}

static uint32_t set_text(struct view *view, uint32_t at, const char *path, size_t length)
{
	memcpy((char *)view + at, path, length);
	((char *)view)[at + length] = '\0';
	return at;
}

void view_set_read_only(struct view *view, uint32_t index, bool is_read_only)
{
	uint32_t *flags = &entry_at(view, index)->flags;

	/* Who has read the one looks at the other. */
	if (is_read_only)
		__atomic_fetch_or(&view->flags, VIEW_READ_ONLY, __ATOMIC_RELEASE);
	__atomic_store_n(flags, is_read_only ? *flags | VIEW_READ_ONLY : *flags & ~(uint32_t)VIEW_READ_ONLY,
			 __ATOMIC_RELEASE);
}

long view_mount(struct view *view, const char *guest_path, const char *host_path, uint32_t flags)
{
	struct view_order *order = next_order(view);
	size_t guest_length = strlen(guest_path), host_length = strlen(host_path);
	long index = take_entry(view);
	uint32_t texts;

	if (index < 0)
		return index;
	texts = view->texts + ((uint32_t)index - view->base_count) * 2 * PATH_SIZE;
	host_length -= host_length && host_path[host_length - 1] == '/';
	*entry_at(view, (uint32_t)index) = (struct view_binding){
		.guest = set_text(view, texts, guest_path, guest_length),
		.guest_length = (uint32_t)guest_length,
		.host = set_text(view, texts + PATH_SIZE, host_path, host_length),
		.host_length = (uint32_t)host_length,
		.flags = flags,
		.parent = find_above(view, order, guest_path),
		.age = ++view->age,
	};
	put(view, order, (uint32_t)index);
	return index;
}

/* Mount what entry INDEX shows at FROM, or below, at TO, or below. */
static long mount_like(struct view *view, uint32_t index, const char *from, const char *to)
{
	const char *rest = view_guest(view, index) + strlen(from), *host = view_host(view, index);
	uint32_t flags = view_binding(view, index)->flags;
	size_t length = strlen(to);
	char place[PATH_SIZE];
	long mounted;

	if (length + strlen(rest) >= sizeof(place))
		return -ENAMETOOLONG;
	memcpy(place, to, length);
	memcpy(place + length, rest, strlen(rest) + 1);
	mounted = view_mount(view, place, flags & VIEW_VIRTUAL || host[0] ? host : "/", flags);
	return MIN(mounted, 0);
}

/* Whether entry INDEX was mounted in entry ABOVE, or in one that was. */
static bool descends(const struct view *view, uint32_t index, uint32_t above)
{
	while (index && index != above)
		index = view_binding(view, index)->parent;
	return index == above;
}

/*
 * What is mounted in entry ABOVE, below FROM, be it covered: below TO as well. With the entry
 * itself, if its place is FROM and WITH_TOP.
 */
static long mount_all_like(struct view *view, uint32_t above, const char *from, const char *to, bool with_top)
{
	const struct view_order *order = view_order(view);
	uint32_t *sorted = order_behind(view, 2)->entries, count = order->count + order->covered;
	long status = 0;

	sort_by_age(view, order, sorted);
	for (uint32_t i = 0; i < count && !status; i++) {
		const char *guest = view_guest(view, sorted[i]);

		if (descends(view, sorted[i], above) && is_at_or_below(guest, from) &&
		    (sorted[i] == above ? with_top : guest[strlen(from)]))
			status = mount_like(view, sorted[i], from, to);
	}
	return status;
}

long view_mount_below(struct view *view, const char *from, const char *to)
{
	return mount_all_like(view, view_find_above(view, from, strlen(from)), from, to, false);
}

static void take_out(struct view_order *order, uint32_t index)
{
	uint32_t at = 0, last = order->count + order->covered - 1;

	while (at < last && order->entries[at] != index)
		at++;
	memmove(&order->entries[at], &order->entries[at + 1], (last - at) * sizeof(order->entries[0]));
	if (at < order->count)
		order->count--;
	else
		order->covered--;
}

/* An entry of ORDER that was mounted in entry INDEX or over it, or -1. */
static long find_child(const struct view *view, const struct view_order *order, uint32_t index)
{
	for (uint32_t i = 0; i < order->count + order->covered; i++)
		if (order->entries[i] && view_binding(view, order->entries[i])->parent == index)
			return (long)order->entries[i];
	return -1;
}

/* Whether a mount is in entry INDEX; virtual places alone are none. */
static bool has_mounts(const struct view *view, const struct view_order *order, uint32_t index)
{
	for (uint32_t i = 0; i < order->count + order->covered; i++)
		if (order->entries[i] != index && !(view_binding(view, order->entries[i])->flags & VIEW_VIRTUAL) &&
		    descends(view, order->entries[i], index))
			return true;
	return false;
}

/* Take out entry INDEX and all in it, the deepest first. */
static void take_out_all(struct view *view, struct view_order *order, uint32_t index)
{
	uint32_t at = index;
	long child;

	for (;;) {
		while ((child = find_child(view, order, at)) >= 0)
			at = (uint32_t)child;
		take_out(order, at);
		if (at == index)
			return;
		at = view_binding(view, at)->parent;
	}
}

long view_unmount(struct view *view, uint32_t index, bool detach)
{
	struct view_order *order = next_order(view);

	if (!detach && has_mounts(view, order, index))
		return -EBUSY;
	take_out_all(view, order, index);
	rebuild(view, order);
	return 0;
}

long view_move(struct view *view, const char *from, const char *to)
{
	int index = view_find(view, from, strlen(from));

	take_out_all(view, next_order(view), (uint32_t)index);
	rebuild(view, next_order(view));
	return mount_all_like(view, (uint32_t)index, from, to, true);
}

void view_commit(struct view *view)
{
	const struct view_order *old = view_order(view);
	struct view_order *order = next_order(view);

	view_note_names(view, order, true);
	/* Before: who has read it behind does not believe in an older order for longer than he may. */
	__atomic_store_n(&view->order_count, view->order_count + 1, __ATOMIC_RELEASE);
	__atomic_store_n(&view->order, (uint32_t)((char *)order - (char *)view), __ATOMIC_RELEASE);
	for (uint32_t i = 0; i < old->count + old->covered; i++)
		if (!holds(order, old->entries[i]))
			entry_at(view, old->entries[i])->left = view->age;
	view_note_names(view, order, false);
	view_note_twice(view);
}
