/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The view as data: looking entries up, adding them, and the way back from
 * host to guest paths.
 */
#include "view/view.h"
#include "base/text.h"
#include "base/error.h"

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

/* Where in ORDER the first entry is that is not before PATH followed by SUFFIX. */
static uint32_t lower_bound(const struct view *view, const struct view_order *order, const char *path, size_t length,
			    int suffix)
{
	uint32_t low = 0, high = order->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (compare(view, order->entries[middle], path, length, suffix) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * An order that is being looked at may have been written over, if the thread was kept from running for so long.
 */
static uint32_t begin_looking(const struct view *view)
{
	return __atomic_load_n(&view->order_count, __ATOMIC_ACQUIRE);
}

/* Whether what was seen since BEGUN is to be looked at again. */
static bool is_overtaken(const struct view *view, uint32_t begun)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&view->order_count, __ATOMIC_RELAXED) - begun >= VIEW_ORDERS - 2;
}

static int find_in_order(const struct view *view, const struct view_order *order, const char *guest_path, size_t length)
{
	uint32_t at = lower_bound(view, order, guest_path, length, -1);

	if (at < order->count && !compare(view, order->entries[at], guest_path, length, -1))
		return (int)order->entries[at];
	return -1;
}

int view_find(const struct view *view, const char *guest_path, size_t length)
{
	uint32_t begun;
	int index;

	do {
		begun = begin_looking(view);
		index = find_in_order(view, view_order(view), guest_path, length);
	} while (is_overtaken(view, begun));
	return index;
}

uint32_t view_find_above(const struct view *view, const char *guest_path, size_t length)
{
	if (view_order(view)->count == 1)
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

static bool has_below(const struct view *view, const struct view_order *order, const char *guest_path, size_t length)
{
	uint32_t at = lower_bound(view, order, guest_path, length, '/'), index;

	if (at == order->count)
		return false;
	index = order->entries[at];
	return view_binding(view, index)->guest_length > length &&
	       !memcmp(view_guest(view, index), guest_path, length) && view_guest(view, index)[length] == '/';
}

bool view_has_below(const struct view *view, const char *guest_path, size_t length)
{
	uint32_t begun;
	bool has;

	do {
		begun = begin_looking(view);
		has = has_below(view, view_order(view), guest_path, length);
	} while (is_overtaken(view, begun));
	return has;
}

/* Where in ORDER the first entry behind entry INDEX is. */
static uint32_t behind(const struct view *view, const struct view_order *order, uint32_t index)
{
	size_t length = view_binding(view, index)->guest_length;
	uint32_t at = lower_bound(view, order, view_guest(view, index), length, -1);

	return at + (at < order->count && !compare(view, order->entries[at], view_guest(view, index), length, -1));
}

static int next_child(const struct view *view, const struct view_order *order, const char *guest_path, size_t length,
		      int after, const char **name)
{
	uint32_t next = lower_bound(view, order, guest_path, length, '/');

	if (after >= 0)
		next = behind(view, order, (uint32_t)after);
	for (; next < order->count; next++) {
		uint32_t index = order->entries[next];
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

int view_next_child(const struct view *view, const char *guest_path, size_t length, int after, const char **name)
{
	uint32_t begun;
	int child;

	do {
		begun = begin_looking(view);
		child = next_child(view, view_order(view), guest_path, length, after, name);
	} while (is_overtaken(view, begun));
	return child;
}

/* Where there are more bindings than this it is not found out which one a name may be of. */
#define NAMES_COMPARED 16

static bool has_name(const struct view *view, uint32_t index, const char *name, size_t length)
{
	size_t guest_length = view_binding(view, index)->guest_length;
	const char *last;

	if (guest_length <= length)
		return false;
	last = view_guest(view, index) + guest_length - length;
	return last[-1] == '/' && !memcmp(last, name, length);
}

bool view_has_name(const struct view *view, const char *name, size_t length)
{
	const struct view_order *order = view_order(view);
	uint32_t begun = begin_looking(view);

	for (uint32_t i = 0; i < order->count && order->count <= NAMES_COMPARED; i++)
		if (has_name(view, order->entries[i], name, length))
			return true;
	return order->count > NAMES_COMPARED || is_overtaken(view, begun);
}

bool view_may_be_above(const struct view *view, const char *name, size_t length)
{
	unsigned int hash = view_name_hash(name, length);

	return view->above[hash / 64] >> hash % 64 & 1;
}

bool view_is_relative_plain(const struct view *view, const char *guest_path, unsigned int *count)
{
	const char *at = guest_path;

	/* The kernel knows nothing of layers. */
	if (view->flags & VIEW_OVERLAY)
		return false;
	for (*count = 0;;) {
		size_t length = 0;

		while (*at == '/')
			at++;
		if (!*at)
			return true;
		while (at[length] && at[length] != '/')
			length++;
		if (view->flags & VIEW_VIRTUAL && at[0] == '.' && length == 1)
			return false;
		if ((at[0] == '.' && at[1] == '.' && length == 2) || view_may_be_bound(view, at, length))
			return false;
		*count += 1;
		at += length;
	}
}

/* Whether the first LENGTH bytes of PATH are written as a canonical path is. */
static bool is_canonical(const char *path, size_t length)
{
	for (size_t i = 0; i + 1 < length; i++)
		if (path[i] == '/' &&
		    (path[i + 1] == '/' || (path[i + 1] == '.' && (i + 2 == length || path[i + 2] == '/'))))
			return false;
	return true;
}

/* A component of PATH ends at LENGTH that may be a binding: *MOUNT becomes it. False when it can't be told. */
static bool enter_binding(const struct view *view, const char *path, size_t length, uint32_t *mount)
{
	int index;

	if (!is_canonical(path, length))
		return false;
	index = view_find(view, path, length);
	if (index >= 0)
		*mount = (uint32_t)index;
	return true;
}

/* The deepest binding on PATH, or -1 when there is a ".." or it can't be told. *IS_ROOT: there is no component. */
static long plain_mount(const struct view *view, const char *path, size_t length, bool *is_root)
{
	uint32_t mount = 0;
	size_t at = 0;

	for (*is_root = true;; *is_root = false) {
		size_t start;

		while (path[at] == '/')
			at++;
		start = at;
		while (at < length && path[at] != '/')
			at++;
		if (at == start)
			return mount;
		if (at - start == 2 && path[start] == '.' && path[start + 1] == '.')
			return -1;
		if (view_may_be_bound(view, path + start, at - start) && !enter_binding(view, path, at, &mount))
			return -1;
	}
}

size_t view_to_host_plain(const struct view *view, const char *guest_path, size_t length, char *buf, size_t size,
			  uint32_t *mount)
{
	const struct view_binding *binding;
	size_t rest;
	bool is_root;
	long found;

	if (guest_path[0] != '/')
		return 0;
	found = plain_mount(view, guest_path, length, &is_root);
	if (found < 0)
		return 0;
	*mount = (uint32_t)found;
	binding = view_binding(view, *mount);
	rest = length - binding->guest_length;
	if (binding->flags & (VIEW_VIRTUAL | VIEW_OVERLAY) || binding->host_length + rest >= size)
		return 0;
	/* The root itself is not the host's directory with a slash behind it. */
	if (is_root && binding->host_length)
		rest = 0;
	memmove(buf + binding->host_length, guest_path + binding->guest_length, rest);
	memcpy(buf, view_host(view, *mount), binding->host_length);
	buf[binding->host_length + rest] = '\0';
	/* The host's own root, bound somewhere. */
	if (!(binding->host_length + rest))
		memcpy(buf, "/", 2);
	return MAX(binding->host_length + rest, 1);
}

/* The part of HOST_PATH, of LENGTH bytes, behind TOP, or NULL when it is not at or below that. */
static const char *rest_behind(const char *top, size_t top_length, const char *host_path, size_t length)
{
	const char *rest = host_path + top_length;

	if (top_length > length || memcmp(host_path, top, top_length))
		return NULL;
	return *rest && *rest != '/' ? NULL : rest;
}

/* The same of what has been removed from an overlay (VIEW_REMOVED). */
static const char *below_removed(const struct view *view, uint32_t index, const char *host_path, size_t length)
{
	const char *work = view_work(view, index), *rest = rest_behind(work, strlen(work), host_path, length);

	if (!rest || !text_begins(rest, "/" VIEW_REMOVED "/"))
		return NULL;
	return rest + sizeof("/" VIEW_REMOVED) - 1;
}

/* The same of an overlay: of the layers it may lie in, that with the longest path. */
static const char *below_layers(const struct view *view, uint32_t index, const char *host_path, size_t length)
{
	const char *best = below_removed(view, index, host_path, length);

	for (unsigned int i = 0; i < view_layer_count(view, index); i++) {
		const char *layer = view_layer(view, index, i);
		const char *rest = rest_behind(layer, strlen(layer), host_path, length);

		if (rest && (!best || rest > best))
			best = rest;
	}
	return best;
}

/* The part of HOST_PATH behind the entry's host path, or NULL when it is not at or below that. */
static const char *below_host(const struct view *view, uint32_t index, const char *host_path, size_t length)
{
	const struct view_binding *binding = view_binding(view, index);
	const char *rest;

	if (binding->flags & VIEW_VIRTUAL)
		return NULL;
	if (binding->flags & VIEW_OVERLAY)
		return below_layers(view, index, host_path, length);
	rest = rest_behind(view_host(view, index), binding->host_length, host_path, length);
	return rest && *rest && !(binding->flags & VIEW_DIRECTORY) ? NULL : rest;
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

/* The guest path that entry INDEX, where it is not covered, or with COVERED, gives HOST_PATH: "" is the root. */
static long named_in(const struct view *view, uint32_t index, const char *host_path, size_t length, bool covered,
		     char *buf, size_t size)
{
	const char *rest = below_host(view, index, host_path, length);
	long joined;

	if (!rest)
		return -ENOENT;
	joined = join_guest(view, index, rest, buf, size);
	if (joined < 0)
		return joined;
	return covered || view_find_above(view, buf, (size_t)joined) == index ? joined : -ENOENT;
}

static long seen_in(const struct view *view, uint32_t index, const char *host_path, size_t length, char *buf,
		    size_t size)
{
	return named_in(view, index, host_path, length, false, buf, size);
}

/* "/" to "", as entries have it. */
static const char *canonical_host(const char *host_path)
{
	return host_path[0] == '/' && !host_path[1] ? "" : host_path;
}

static long name_root(char *buf, long length)
{
	if (length)
		return length;
	memcpy(buf, "/", 2);
	return 1;
}

long view_to_guest_in(const struct view *view, uint32_t mount, const char *host_path, char *buf, size_t size)
{
	long length;

	host_path = canonical_host(host_path);
	if (mount >= view->binding_count)
		return -ENOENT;
	length = seen_in(view, mount, host_path, strlen(host_path), buf, size);
	return length < 0 ? length : name_root(buf, length);
}

/* What the kernel calls objects that are in no directory, as if they were in the root: mm/shmem.c, ipc/shm.c, fs/aio.c.
 */
static bool is_nameless(const char *host_path)
{
	return text_begins(host_path, "/memfd:") || text_begins(host_path, "/SYSV") ||
	       text_equal(host_path, "/dev/zero (deleted)") || text_equal(host_path, "/anon_hugepage (deleted)") ||
	       text_equal(host_path, "/[aio] (deleted)");
}

/* What is found first by its age, then by how much of the host path is that of the entry: LENGTH, and of THAN. */
static bool is_better(const struct view_binding *binding, size_t length, const struct view_binding *than,
		      size_t than_length)
{
	if (!than || binding->age != than->age)
		return !than || binding->age < than->age;
	return length > than_length;
}

/* So much of HOST_PATH, of LENGTH bytes, is the host path of entry INDEX, or of a layer of it; 0 where it is not below.
 */
static size_t top_length(const struct view *view, uint32_t index, const char *host_path, size_t length)
{
	const char *rest = below_host(view, index, host_path, length);

	return rest ? (size_t)(rest - host_path) : 0;
}

/* COVERED: where it would be seen, if nothing had been mounted over it. */
static long search_place(const struct view *view, const struct view_order *order, const char *host_path, bool covered,
			 char *buf, size_t size)
{
	const struct view_binding *best = NULL;
	uint32_t found = 0;
	long joined, error = -ENOENT;
	size_t length, best_top = 0;

	host_path = canonical_host(host_path);
	length = strlen(host_path);
	for (uint32_t i = 0; i < order->count; i++) {
		const struct view_binding *binding = view_binding(view, order->entries[i]);
		size_t top = top_length(view, order->entries[i], host_path, length);

		if (!is_better(binding, top, best, best_top) || (binding->flags & VIEW_HOST && is_nameless(host_path)))
			continue;
		joined = named_in(view, order->entries[i], host_path, length, covered, buf, size);
		if (joined == -ENAMETOOLONG)
			error = joined;
		if (joined < 0)
			continue;
		best = binding;
		best_top = top;
		found = order->entries[i];
	}
	if (!best)
		return error;
	return name_root(buf, named_in(view, found, host_path, length, covered, buf, size));
}

static long look_for_place(const struct view *view, const char *host_path, bool covered, char *buf, size_t size)
{
	uint32_t begun;
	long length;

	do {
		begun = begin_looking(view);
		length = search_place(view, view_order(view), host_path, covered, buf, size);
	} while (is_overtaken(view, begun));
	return length;
}

long view_to_guest(const struct view *view, const char *host_path, char *buf, size_t size)
{
	return look_for_place(view, host_path, false, buf, size);
}

long view_to_guest_covered(const struct view *view, const char *host_path, char *buf, size_t size)
{
	long length = look_for_place(view, host_path, false, buf, size);

	return length == -ENOENT ? look_for_place(view, host_path, true, buf, size) : length;
}

bool view_shows_twice(const struct view *view, const char *host_path)
{
	const struct view_order *order = view_order(view);
	uint32_t begun = begin_looking(view);
	size_t length;

	host_path = canonical_host(host_path);
	length = strlen(host_path);
	for (uint32_t i = 0; i < order->count; i++)
		if (view_binding(view, order->entries[i])->flags & VIEW_TWICE &&
		    below_host(view, order->entries[i], host_path, length))
			return true;
	return is_overtaken(view, begun);
}

static struct view_binding *entry_at(struct view *view, uint32_t index)
{
	return (struct view_binding *)((char *)view + view->bindings) + index;
}

/* Whether HOST_PATH is seen at two places or more. */
static bool has_places(const struct view *view, const char *host_path, size_t length)
{
	const struct view_order *order = view_order(view);
	char buf[PATH_SIZE];
	unsigned int count = 0;

	for (uint32_t i = 0; i < order->count && count < 2; i++)
		count += seen_in(view, order->entries[i], host_path, length, buf, sizeof(buf)) >= 0;
	return count == 2;
}

/* Others may be reading it. */
static void set_flags(uint32_t *flags, uint32_t among, uint32_t value)
{
	value |= *flags & ~among;
	if (value != *flags)
		__atomic_store_n(flags, value, __ATOMIC_RELEASE);
}

void view_note_parents(struct view *view)
{
	for (uint32_t i = 0; i < view->binding_count; i++) {
		size_t length = view_binding(view, i)->guest_length;

		while (length && view_guest(view, i)[--length] != '/')
			;
		entry_at(view, i)->parent = view_find_above(view, view_guest(view, i), length);
	}
}

/* Whether what entry INDEX shows, at its top, is seen at another place too. */
static bool is_seen_twice(const struct view *view, uint32_t index)
{
	const struct view_binding *binding = view_binding(view, index);

	if (binding->flags & VIEW_VIRTUAL)
		return false;
	if (!(binding->flags & VIEW_OVERLAY))
		return has_places(view, view_host(view, index), binding->host_length);
	for (unsigned int i = 0; i < view_layer_count(view, index); i++)
		if (has_places(view, view_layer(view, index, i), strlen(view_layer(view, index, i))))
			return true;
	return false;
}

void view_note_twice(struct view *view)
{
	const struct view_order *order = view_order(view);
	uint32_t any = 0;

	for (uint32_t i = 0; i < order->count; i++) {
		struct view_binding *binding = entry_at(view, order->entries[i]);
		bool is_twice = is_seen_twice(view, order->entries[i]);

		set_flags(&binding->flags, VIEW_TWICE, is_twice ? VIEW_TWICE : 0);
		any |= binding->flags;
	}
	set_flags(&view->flags, VIEW_TWICE, any & VIEW_TWICE);
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

size_t view_layers_size(const char *strings)
{
	const char *at = view_layers_next(view_layers_next(strings));

	for (unsigned int left = 1u + (unsigned char)*at; left; left--)
		at = view_layers_next(at);
	return (size_t)(at - strings);
}

static long set_host(struct view *view, struct view_binding *binding, const char *host_path, uint32_t flags)
{
	size_t length = strlen(host_path);
	long status;

	if (length && host_path[length - 1] == '/')
		length--;
	status = add_string(view, host_path, flags & VIEW_OVERLAY ? view_layers_size(host_path) - 1 : length,
			    &binding->host);
	if (status)
		return status;
	binding->host_length = (uint32_t)length;
	binding->flags = flags;
	return 0;
}

static void note_hash(uint64_t *set, const char *name, size_t length)
{
	unsigned int hash = view_name_hash(name, length);

	set[hash / 64] |= (uint64_t)1 << hash % 64;
}

/* What can be told of names without looking at the entries. */
struct names {
	uint64_t names[4], above[4];
	uint32_t flags;
};

/* Note the last component of an entry, and those above it. */
static void note_names(struct names *names, const char *guest_path, size_t length)
{
	uint64_t *set = names->names;

	while (length) {
		size_t start = length;

		while (start && guest_path[start - 1] != '/')
			start--;
		note_hash(set, guest_path + start, length - start);
		length = start ? start - 1 : 0;
		set = names->above;
	}
}

/* Others may be reading it. */
static void set_names(struct view *view, const struct names *names)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(names->names); i++) {
		__atomic_store_n(&view->names[i], names->names[i], __ATOMIC_RELAXED);
		__atomic_store_n(&view->above[i], names->above[i], __ATOMIC_RELAXED);
	}
	set_flags(&view->flags, ~0u, names->flags);
}

void view_note_names(struct view *view, const struct view_order *order, bool more)
{
	struct names names = { .flags = view->flags };

	if (more) {
		memcpy(names.names, view->names, sizeof(names.names));
		memcpy(names.above, view->above, sizeof(names.above));
	}
	for (uint32_t i = 0; i < order->count; i++) {
		const struct view_binding *binding = view_binding(view, order->entries[i]);

		note_names(&names, view_guest(view, order->entries[i]), binding->guest_length);
		names.flags |= binding->flags;
	}
	set_names(view, &names);
}

/* Add the names and flags of entry INDEX. */
static void note_entry(struct view *view, uint32_t index)
{
	struct names names = { .flags = view->flags | view_binding(view, index)->flags };

	memcpy(names.names, view->names, sizeof(names.names));
	memcpy(names.above, view->above, sizeof(names.above));
	note_names(&names, view_guest(view, index), view_binding(view, index)->guest_length);
	set_names(view, &names);
}

/* The only order of a view that is being built. */
static struct view_order *order_of(struct view *view)
{
	return (struct view_order *)((char *)view + view->order);
}

long view_add(struct view *view, const char *guest_path, const char *host_path, uint32_t flags)
{
	size_t length = strlen(guest_path);
	struct view_order *order = order_of(view);
	uint32_t at = lower_bound(view, order, guest_path, length, -1), index = view->binding_count;
	struct view_binding new = { .guest_length = (uint32_t)length };
	int old = view_find(view, guest_path, length);
	long status;

	if (old >= 0) {
		status = set_host(view, entry_at(view, (uint32_t)old), host_path, flags);
		note_entry(view, (uint32_t)old);
		return status;
	}
	if (index == view->binding_most)
		return -ENOSPC;
	status = add_string(view, guest_path, length, &new.guest);
	if (!status)
		status = set_host(view, &new, host_path, flags);
	if (status)
		return status;
	*entry_at(view, index) = new;
	memmove(&order->entries[at + 1], &order->entries[at], (order->count - at) * sizeof(order->entries[0]));
	order->entries[at] = index;
	order->count++;
	view->binding_count++;
	note_entry(view, index);
	return 0;
}

long view_init(struct view *block, size_t capacity, uint32_t bindings, const char *host_root)
{
	uint32_t order = (uint32_t)ALIGN_UP(sizeof(*block) + (bindings + 1) * sizeof(struct view_binding), 8);
	uint32_t strings = order + (uint32_t)view_order_size(bindings + 1);

	if (strings > capacity || capacity > UINT32_MAX)
		return -ENOSPC;
	*block = (struct view){
		.capacity = (uint32_t)capacity,
		.strings = strings,
		.order = order,
		.bindings = sizeof(*block),
		.binding_most = bindings + 1,
	};
	*order_of(block) = (struct view_order){ 0 };
	return view_add(block, "", host_root, VIEW_DIRECTORY);
}
