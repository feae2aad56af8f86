/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Building the view takes two passes. The first finds the place of each
 * binding, those nearest to the root first, because a symbolic link on the way
 * to one may lie in another. The second adds what is missing above them and
 * notes which of them the host's own listings lack.
 */
#define _GNU_SOURCE 1
#include "cli/places.h"

#include "base/text.h"
#include "cli/host.h"
#include "cli/message.h"
#include "cli/overlay.h"
#include "supervisor/leftovers.h"
#include "view/layers.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One binding on its way into the view. */
struct place {
	const struct binding_request *request;
	size_t order;	    /* on the command line */
	unsigned int depth; /* components of the guest path as written */
	char *guest_path;   /* absolute, as written */
	char *host_path;    /* canonical; of an overlay all its strings: view/view.h */
	char *guest;	    /* canonical; NULL while it is not in the view */
};

/* The places, and the view they go into. */
struct places {
	struct image_data *data;
	struct place *list;
	size_t count;
	size_t root_order; /* that of the root directory among the places of the command line */
	struct view_scratch scratch;
	struct view_result result;
};

static void release(struct places *places)
{
	for (size_t i = 0; i < places->count; i++) {
		free(places->list[i].guest_path);
		free(places->list[i].host_path);
		free(places->list[i].guest);
	}
	free(places->list);
	free(places->data);
}

/* Lay an empty view with room for BINDINGS of some length. NULL: no memory. */
static struct image_data *new_data(uint32_t bindings, const char *host_root)
{
	size_t capacity = sizeof(struct view) + 2 * PATH_SIZE + (size_t)bindings * (sizeof(struct view_binding) + 128);
	struct image_data *data = calloc(1, offsetof(struct image_data, view) + capacity);

	if (data && view_init(&data->view, capacity, bindings, host_root) < 0) {
		free(data);
		return NULL;
	}
	return data;
}

/* Move everything to a view twice as large. */
static int grow(struct places *places)
{
	struct view *old = &places->data->view;
	struct image_data *grown = new_data(2 * old->binding_most, "/");
	long error = grown ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < old->binding_count && !error; i++)
		error = view_add(&grown->view, view_guest(old, i), view_host(old, i), view_binding(old, i)->flags);
	if (error) {
		free(grown);
		return (int)error;
	}
	free(places->data);
	places->data = grown;
	return 0;
}

static int add(struct places *places, const char *guest, const char *host_path, uint32_t flags)
{
	size_t size = strlen(guest) + (flags & VIEW_OVERLAY ? view_layers_size(host_path) : strlen(host_path)) + 2;
	int error = 0;

	while (!error && (places->data->view.binding_count == places->data->view.binding_most ||
			  places->data->view.strings + size > places->data->view.capacity))
		error = grow(places);
	return error ? error : (int)view_add(&places->data->view, guest, host_path, flags);
}

/* The same in an overlay: in which layer it is has to be looked at. */
static bool host_in_layers(const struct view *view, uint32_t mount, const char *guest, size_t length, char *buf)
{
	size_t covered = view_binding(view, mount)->guest_length, host_length;
	struct layers_place place;
	char rest[PATH_SIZE];

	return snprintf(rest, sizeof(rest), "%.*s", (int)(length - covered), guest + covered) < PATH_SIZE &&
	       !layers_find(view, &host_view_operations, mount, rest, &place, buf, &host_length) && place.is_there;
}

/* The host path of the canonical guest path, by its mount alone; false where there is none. */
static bool host_of(const struct view *view, const char *guest, size_t length, char *buf)
{
	uint32_t mount = view_find_above(view, guest, length);
	size_t covered = view_binding(view, mount)->guest_length;
	const char *host = view_host(view, mount);

	if (view_binding(view, mount)->flags & VIEW_VIRTUAL)
		return false;
	if (view_binding(view, mount)->flags & VIEW_OVERLAY)
		return host_in_layers(view, mount, guest, length, buf);
	return snprintf(buf, PATH_SIZE, "%s%.*s", host, (int)(length - covered), guest + covered) < PATH_SIZE;
}

static unsigned int depth_of(const char *path)
{
	unsigned int depth = 0;

	for (; *path; path++)
		depth += path[0] == '/' && path[1] && path[1] != '/';
	return depth;
}

/* The guest path of a request, absolute. NULL: no memory. */
static char *absolute_guest(const char *guest, const char *host_cwd)
{
	char *path;

	if (*guest == '/')
		return strdup(guest);
	return asprintf(&path, "%s/%s", host_cwd, guest) < 0 ? NULL : path;
}

static void warn_missing(const struct binding_request *request, int error)
{
	if (!request->is_optional && !getenv("PROOT_IGNORE_MISSING_BINDINGS"))
		message_warning("can't bind '%s': %s", request->host, strerror(-error));
}

static int make_temporary(const struct binding_request *request, char *host_path)
{
	int error = leftovers_make(host_path);

	if (error)
		message_error("can't make a directory for '--tmpfs %s': %s", request->guest, strerror(-error));
	return error;
}

/* PLACE is to be at the GUEST path, as written. */
static int set_guest(struct place *place, const char *guest, const char *host_cwd)
{
	place->guest_path = absolute_guest(guest, host_cwd);
	if (!place->guest_path)
		return -ENOMEM;
	place->depth = depth_of(place->guest_path);
	return 0;
}

static int list_overlay(struct places *places, const struct binding_request *request, size_t order,
			const char *host_cwd)
{
	struct place *place = &places->list[places->count];
	int error;

	*place = (struct place){ .request = request, .order = order };
	error = overlay_read(request, &place->host_path);
	if (error)
		return error;
	places->count++;
	return set_guest(place, request->guest, host_cwd);
}

/* Put REQUEST on the list, unless its host path is missing. */
static int list_place(struct places *places, const struct binding_request *request, size_t order, const char *host_cwd)
{
	struct place *place = &places->list[places->count];
	char expanded[PATH_SIZE];
	char host_path[PATH_SIZE];
	int error = request->is_temporary ? make_temporary(request, expanded) : host_expand(request->host, expanded);

	if (error && request->is_temporary)
		return error;
	if (!error)
		error = host_canonicalise(expanded, host_path);
	if (error) {
		warn_missing(request, error);
		return 0;
	}
	*place = (struct place){ .request = request, .order = order, .host_path = strdup(host_path) };
	if (!place->host_path)
		return -ENOMEM;
	places->count++;
	return set_guest(place, request->guest ? request->guest : expanded, host_cwd);
}

/* What --ephemeral means, with or without -r: changes of what is no file system of the kernel's own. */
static struct binding_request ephemeral_root = { .guest = "/", .is_overlay = true, .is_temporary = true };
static const struct binding_request kernels[] = { { .host = "/dev", .is_optional = true },
						  { .host = "/proc", .is_optional = true },
						  { .host = "/sys", .is_optional = true } };

static int list_ephemeral(struct places *places, char *host_root)
{
	int error;

	ephemeral_root.host = host_root;
	error = list_overlay(places, &ephemeral_root, 0, "/");
	for (size_t i = 0; i < ARRAY_SIZE(kernels) && !error && !host_root[1]; i++)
		error = list_place(places, &kernels[i], 0, "/");
	return error;
}

static int compare_places(const void *a, const void *b)
{
	const struct place *left = a, *right = b;

	if (left->depth != right->depth)
		return left->depth < right->depth ? -1 : 1;
	return left->order < right->order ? -1 : 1;
}

static int list_places(struct places *places, const struct config *config, char *host_root)
{
	char host_cwd[PATH_SIZE];
	int error = 0;

	if (!config->binding_count && !config->is_ephemeral)
		return 0;
	if (host_current_directory(host_cwd) < 0)
		strcpy(host_cwd, "/");
	places->list = calloc(config->binding_count + 1 + ARRAY_SIZE(kernels), sizeof(*places->list));
	if (!places->list)
		return -ENOMEM;
	if (config->is_ephemeral)
		error = list_ephemeral(places, host_root);
	for (size_t i = 0; i < config->binding_count && !error; i++)
		error = (config->bindings[i].is_overlay ? list_overlay : list_place)(places, &config->bindings[i],
										     i + 1, host_cwd);
	qsort(places->list, places->count, sizeof(*places->list), compare_places);
	return error;
}

/* Whether a later word of the command line has already bound this very place, or named another root directory. */
static bool is_superseded(const struct places *places, const struct place *place, const char *guest)
{
	if (!*guest && place->order && place->order <= places->root_order)
		return true;
	if (view_find(&places->data->view, guest, strlen(guest)) < 0)
		return false;
	for (size_t i = 0; i < places->count; i++) {
		const struct place *other = &places->list[i];

		if (other->guest && other->order > place->order && !strcmp(other->guest, guest))
			return true;
	}
	return false;
}

/* A place in /proc/self that shows what is there anyway: nothing to do, and different for each process. */
static bool is_of_each_process(const struct place *place, const char *guest)
{
	return text_begins(guest, "/proc/self/") && (!place->request->guest || !strcmp(guest, place->host_path));
}

static int resolve(struct places *places, const char *guest_path, unsigned int flags)
{
	return (int)view_resolve(&places->data->view, &host_view_operations, "", guest_path, flags, &places->scratch,
				 &places->result);
}

/* Whether PLACES->result is there, or is going to be by a binding there or below. */
static bool is_there(const struct places *places)
{
	const struct view_result *result = &places->result;

	for (size_t i = 0; i < places->count; i++) {
		const char *guest_path = places->list[i].guest_path;

		if (!strncmp(guest_path, result->guest, result->guest_length) &&
		    (!guest_path[result->guest_length] || guest_path[result->guest_length] == '/'))
			return true;
	}
	return result->is_virtual || result->is_mount_point || host_exists(result->host);
}

/*
 * Where REQUEST at GUEST_PATH lies in the guest: into PLACES->result. A link that leads nowhere
 * is covered itself: the first stage of debootstrap(8) leaves /proc as a link to itself. A missing
 * last component is not looked up, so its length is looked at here.
 */
static int find_place(struct places *places, const struct binding_request *request, const char *guest_path)
{
	int error = -ELOOP;

	if (!request->keeps_last_link)
		error = resolve(places, guest_path, VIEW_MISSING_OK | VIEW_FOLLOW);
	if (error == -ELOOP || (!error && !is_there(places)))
		error = resolve(places, guest_path, VIEW_MISSING_OK);
	if (!error && strlen(text_base_name(places->result.guest)) > NAME_MAX)
		error = -ENAMETOOLONG;
	return error;
}

/* Find where PLACE lies in the guest and add it to the view. */
static int put_place(struct places *places, struct place *place)
{
	bool is_directory = place->request->is_overlay || host_is_directory(place->host_path);
	int error = find_place(places, place->request, place->guest_path);
	const char *guest = places->result.guest;

	if (!error && !*guest && !is_directory)
		error = -ENOTDIR;
	if (error) {
		message_warning("can't bind '%s' at '%s': %s", place->request->host, place->guest_path,
				strerror(-error));
		return 0;
	}
	if (is_superseded(places, place, guest) || is_of_each_process(place, guest))
		return 0;
	place->guest = strdup(guest);
	if (!place->guest)
		return -ENOMEM;
	return add(places, guest, place->host_path,
		   (is_directory ? VIEW_DIRECTORY : 0) | (place->request->is_read_only ? VIEW_READ_ONLY : 0) |
			   (place->request->is_overlay ? VIEW_OVERLAY : 0) |
			   (place->request->is_temporary ? VIEW_TEMPORARY : 0));
}

/* Whether the canonical GUEST, of LENGTH bytes, is a name in the host's listing of its directory. */
static bool is_listed(const struct view *view, const char *guest, size_t length)
{
	char host_path[PATH_SIZE];
	size_t parent = length;
	size_t parent_length;

	while (parent && guest[--parent] != '/')
		;
	if (!host_of(view, guest, parent, host_path))
		return false;
	parent_length = strlen(host_path);
	if (parent_length + length - parent >= sizeof(host_path))
		return false;
	memcpy(host_path + parent_length, guest + parent, length - parent);
	host_path[parent_length + length - parent] = '\0';
	return host_exists(host_path);
}

/* Make the first LENGTH bytes of PLACE's location a virtual directory, if there is nothing. */
static int add_missing(struct places *places, const struct place *place, size_t length)
{
	const struct view *view = &places->data->view;
	char host_path[PATH_SIZE];
	char guest[PATH_SIZE];
	bool has_host = host_of(view, place->guest, length, host_path);

	if (view_find(view, place->guest, length) >= 0)
		return 0;
	if (has_host && host_exists(host_path)) {
		if (!host_is_directory(host_path))
			message_warning("'%s' can't be seen at '%s': '%.*s' is not a directory", place->request->host,
					place->guest, (int)length, place->guest);
		return 0;
	}
	snprintf(guest, sizeof(guest), "%.*s", (int)length, place->guest);
	return add(places, guest, "", VIEW_DIRECTORY | VIEW_VIRTUAL | VIEW_UNLISTED);
}

/* Note that the host does not list the name of the entry at GUEST. */
static int mark_unlisted(struct places *places, const struct place *place)
{
	const struct view *view = &places->data->view;
	int index = view_find(view, place->guest, strlen(place->guest));
	uint32_t flags = view_binding(view, (uint32_t)MAX(index, 0))->flags;
	char host_path[PATH_SIZE];

	if (index <= 0 || is_listed(view, place->guest, strlen(place->guest)))
		return 0;
	if (flags & VIEW_OVERLAY)
		return add(places, place->guest, place->host_path, flags | VIEW_UNLISTED);
	snprintf(host_path, sizeof(host_path), "%s", view_host(view, (uint32_t)index));
	return add(places, place->guest, *host_path ? host_path : "/", flags | VIEW_UNLISTED);
}

/* Add the missing directories above PLACE. */
static int complete_place(struct places *places, const struct place *place)
{
	int error = 0;

	for (size_t i = 1; *place->guest && place->guest[i] && !error; i++)
		if (place->guest[i] == '/')
			error = add_missing(places, place, i);
	return error ? error : mark_unlisted(places, place);
}

static int fill(struct places *places, const struct config *config, char *host_root)
{
	int error = list_places(places, config, host_root);

	for (size_t i = 0; i < places->count && !error; i++)
		error = put_place(places, &places->list[i]);
	for (size_t i = 0; i < places->count && !error; i++)
		if (places->list[i].guest)
			error = complete_place(places, &places->list[i]);
	return error;
}

/* The canonical root directory in BUF, or a negative errno after saying what is wrong with it. */
static int find_root(const struct config *config, char *buf)
{
	const char *host_root = config->host_root ? config->host_root : "/";
	int error = host_canonicalise(host_root, buf);

	if (!error)
		error = host_may_enter(buf);
	if (error)
		message_error("can't use '%s' as root directory: %s", host_root, strerror(-error));
	return error;
}

/* What -l makes of a file would be seen in one layer only. */
static int check_links(const struct config *config)
{
	bool has_overlay = config->is_ephemeral;

	for (size_t i = 0; i < config->binding_count; i++)
		has_overlay |= config->bindings[i].is_overlay;
	if (!has_overlay || !config->links)
		return 0;
	message_error("'--link2symlink' can't be used with '--overlay' or '--ephemeral'");
	return -EINVAL;
}

static void fill_temporary(struct image_data *data)
{
	const char *temporary = getenv("PROOT_TMP_DIR");

	if (temporary && *temporary == '/' && strlen(temporary) < sizeof(data->temporary))
		strcpy(data->temporary, temporary);
}

int places_build(const struct config *config, struct image_data **data)
{
	struct places places __attribute__((cleanup(release))) = { .data = NULL };
	char host_root[PATH_SIZE];
	int error = find_root(config, host_root);

	if (!error)
		error = check_links(config);
	if (error)
		return error;
	places.root_order = config->bindings_before_root;
	places.data = new_data((uint32_t)config->binding_count * 2 + 8, host_root);
	error = places.data ? fill(&places, config, host_root) : -ENOMEM;
	/* Room for places_add_host(). */
	if (!error && (places.data->view.binding_count == places.data->view.binding_most ||
		       places.data->view.strings + sizeof(EMULATOR_HOST) + 2 > places.data->view.capacity))
		error = grow(&places);
	if (error) {
		message_error("can't build the guest's view: %s", strerror(-error));
		return error;
	}
	view_note_parents(&places.data->view);
	view_note_twice(&places.data->view);
	fill_temporary(places.data);
	*data = places.data;
	places.data = NULL;
	return 0;
}

/* It is in no listing: who walks the guest's tree, or removes it, means the guest's. */
int places_add_host(struct image_data *data, const char *host_path)
{
	struct view *view = &data->view;
	int index = view_find(view, EMULATOR_HOST, sizeof(EMULATOR_HOST) - 1);
	uint32_t listed = index > 0 ? view_binding(view, (uint32_t)index)->flags & VIEW_UNLISTED : 0;
	int error;

	if (index > 0 && *view_host(view, (uint32_t)index))
		message_warning("'%s' can't be seen at '" EMULATOR_HOST "': that is where programs of the host are",
				view_host(view, (uint32_t)index));
	error = (int)view_add(view, EMULATOR_HOST, host_path, VIEW_DIRECTORY | VIEW_HOST | listed);

	if (error)
		message_error("can't show the host at '" EMULATOR_HOST "': %s", strerror(-error));
	view_note_parents(view);
	view_note_twice(view);
	return error;
}

static const char *kind_of(uint32_t flags)
{
	return flags & VIEW_READ_ONLY ? ":ro" : flags & VIEW_OVERLAY ? " (upper layer)" : "";
}

void places_print(const struct view *view)
{
	const struct view_order *order = view_order(view);

	message_info(1, "root = %s%s", *view_host(view, 0) ? view_host(view, 0) : "/",
		     view_binding(view, 0)->flags & VIEW_READ_ONLY ? " (read-only)" :
		     view_binding(view, 0)->flags & VIEW_OVERLAY   ? " (upper layer)" :
								     "");
	for (uint32_t i = 1; i < order->count; i++) {
		const char *host = view_host(view, order->entries[i]);

		if (!(view_binding(view, order->entries[i])->flags & VIEW_VIRTUAL))
			message_info(1, "binding = %s:%s%s", *host ? host : "/", view_guest(view, order->entries[i]),
				     kind_of(view_binding(view, order->entries[i])->flags));
	}
}
