/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "cli/nested.h"

#include "cli/message.h"
#include "engine/engine.h"
#include "engine/nest.h"
#include "image/describe.h"
#include "view/nest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void close_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

/* The process that traces this one, or 0. */
static long find_tracer(void)
{
	FILE *file __attribute__((cleanup(close_file))) = fopen("/proc/self/status", "re");
	char line[256];
	long tracer = 0;

	while (file && !tracer && fgets(line, sizeof(line), file))
		sscanf(line, "TracerPid:\t%ld", &tracer);
	return tracer;
}

static FILE *open_name(long process)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%ld/comm", process);
	return process ? fopen(path, "re") : NULL;
}

/*
 * PRoot traces its guests, and knows nothing of execveat(2), nor that what /proc/self/exe leads to may have
 * no name: our guests would crash. A tracer of ours is not seen here.
 */
static int look_for_proot(void)
{
	long tracer = find_tracer();
	FILE *file __attribute__((cleanup(close_file))) = open_name(tracer);
	char name[16];

	if (!file || !fgets(name, sizeof(name), file) || strncmp(name, "proot", 5) != 0)
		return 0;
	message_error("this is a guest of another PRoot, process %ld, which traces it by ptrace(2): "
		      "no other proot can run in there",
		      tracer);
	return -EPERM;
}

static void free_text(char **text)
{
	free(*text);
}

#define TEXT_MOST (16u << 20)

/* All of the text that describes this process, its length into *SIZE: 0 or a negative errno. */
static int ask_text(char **text, size_t *size)
{
	int length = -ENOSPC;

	for (*size = 1u << 16; length == -ENOSPC && *size <= TEXT_MOST; *size *= 2) {
		free(*text);
		*text = malloc(*size);
		length = *text ? nest_ask_text(*text, *size) : -ENOMEM;
	}
	*size = (size_t)MAX(length, 0);
	return MIN(length, 0);
}

/* A name that a guest has given the machine is as one by an option. */
static void note_names(struct image_data *data)
{
	for (unsigned int i = 0; i < KERNEL_NAMES; i++)
		if (data->kernel.names[i][0])
			data->flags |= IMAGE_KERNEL;
}

#define PLACE_LEAST 24 /* bytes that describe one */

static int ask_other_build(struct nest *nest)
{
	char *text __attribute__((cleanup(free_text))) = NULL;
	size_t size, capacity;
	uint32_t bindings;
	struct image_data *data;
	int status = ask_text(&text, &size);

	if (status)
		return status;
	bindings = (uint32_t)(size / PLACE_LEAST);
	capacity = sizeof(struct view) + (bindings + 1) * (sizeof(struct view_binding) + 16) + size;
	data = calloc(1, offsetof(struct image_data, view) + capacity);
	if (!data)
		return -ENOMEM;
	*nest = (struct nest){ .is_apart = 1 };
	status = (int)describe_read(nest, data, capacity, bindings, text, size);
	if (!status && nest->filters)
		status = -ENOTSUP;
	if (status)
		free(data);
	else
		note_names(data);
	return status;
}

static int find_out(struct nest *nest)
{
	int status = nest_ask(nest);

	return status == -EPROTO ? ask_other_build(nest) : status;
}

void nested_free(struct nest *nest)
{
	if (nest && nest->is_apart)
		free((struct image_data *)nest->data);
	free(nest);
}

int nested_find(struct nest **nest)
{
	struct nest *found = malloc(sizeof(*found));
	int status = found ? find_out(found) : -ENOMEM;

	*nest = status ? NULL : found;
	if (status)
		free(found);
	if (status == -EPROTO)
		message_error("this proot runs inside one of a version that can't take it in");
	else if (status == -ENOTSUP)
		message_error("this process has seccomp filters of its own, which a proot of another build than that "
			      "around it can't keep");
	else if (status && status != -ENOSYS)
		message_error("can't find out about the proot around this one: %s", strerror(-status));
	return status == -ENOSYS ? look_for_proot() : status;
}

/* Settings that hold for all that is inside. */
#define LASTING \
	((uint32_t)(IMAGE_ALLOW_UNKNOWN | IMAGE_NO_PATCH | IMAGE_TRACE_AGENT | IMAGE_KERNEL | IMAGE_IDENTITY | \
		    IMAGE_PRIVILEGED | IMAGE_TRACED | IMAGE_LINKS | IMAGE_SYSTEM_V))

/* Each name the kernel has is the innermost that was given, also where a guest outside has set another. */
static void merge_kernel(struct kernel *kernel, const struct kernel *outer, const struct nest *nest)
{
	for (unsigned int i = 0; i < SHARED_NAMES; i++)
		kernel->older[i] = kernel->names[i == SHARED_HOST ? KERNEL_NODE : KERNEL_DOMAIN][0] ? nest->names[i] :
												      outer->older[i];
	for (unsigned int i = 0; i < KERNEL_NAMES; i++)
		if (!kernel->names[i][0])
			memcpy(kernel->names[i], outer->names[i], KERNEL_NAME_SIZE);
	if (!kernel->has_hardware && outer->has_hardware) {
		kernel->has_hardware = 1;
		kernel->hardware = outer->hardware;
	}
}

/*
 * The user of the machine is who it is. Whose that one's files are, inside, says the innermost option that was given
 * by their owner.
 */
static void merge_identity(struct image_data *merged, const struct image_data *outer)
{
	struct identity *identity = &merged->identity;
	bool has_own = merged->flags & IMAGE_IDENTITY, is_owner = identity->host_uid == outer->identity.uid;

	if (!(outer->flags & IMAGE_IDENTITY))
		return;
	identity->host_uid = outer->identity.host_uid;
	identity->host_gid = outer->identity.host_gid;
	if (!has_own || !is_owner) {
		identity->uid = outer->identity.uid;
		identity->gid = outer->identity.gid;
	}
	if (outer->identity.forgets) {
		identity->forgets = 1;
		identity->memory_id = outer->identity.memory_id;
	}
}

/* The directory for temporary files is one of the machine. */
static void merge_temporary(struct image_data *merged, const struct view_outer *outer, const struct image_data *data)
{
	char host[PATH_SIZE];

	if (merged->temporary[0] && !access(merged->temporary, W_OK | X_OK) &&
	    !view_nest_to_host(outer, merged->temporary, host) && strlen(host) < sizeof(merged->temporary))
		memcpy(merged->temporary, host, strlen(host) + 1);
	else
		memcpy(merged->temporary, data->temporary, sizeof(merged->temporary));
}

/* The pair of PORTS that has the number INSIDE inside, or OUTSIDE outside; NULL: none. */
static const struct port_pair *find_port(const struct ports *ports, uint16_t inside, uint16_t outside)
{
	for (uint32_t i = 0; i < ports->count; i++)
		if (ports->pairs[i].inside == inside || ports->pairs[i].outside == outside)
			return &ports->pairs[i];
	return NULL;
}

/* What a port is outside the inner proot is a port inside the outer one. */
static void merge_ports(struct ports *ports, const struct ports *outer)
{
	for (uint32_t i = 0; i < ports->count; i++) {
		const struct port_pair *further = find_port(outer, ports->pairs[i].outside, 0);

		if (further)
			ports->pairs[i].outside = further->outside;
	}
	for (uint32_t i = 0; i < outer->count && ports->count < PORTS_MOST; i++)
		if (!find_port(ports, outer->pairs[i].inside, outer->pairs[i].outside))
			ports->pairs[ports->count++] = outer->pairs[i];
	ports->raises |= outer->raises;
	ports->cooperates |= outer->cooperates;
}

static void merge_settings(struct image_data *merged, const struct nest *nest, const struct view_outer *view)
{
	const struct image_data *outer = nest->data;

	merged->depth = outer->depth + 1;
	merged->trapped_flags = outer->flags | outer->trapped_flags;
	/* Filters were made for what was bound at the beginning. */
	merged->trapped_view_flags = outer->view.flags | outer->trapped_view_flags;
	merge_identity(merged, outer);
	/* How calls come in was decided outside. */
	merged->flags = (merged->flags & ~(uint32_t)IMAGE_TRACED) | (outer->flags & LASTING);
	merged->is_apart = nest->is_apart;
	merged->shared_id = nest->is_apart ? -1 : outer->shared_id;
	merged->shared_nonce = outer->shared_nonce;
	if (nest->is_apart)
		merged->flags &= ~(uint32_t)IMAGE_SYSTEM_V;
	else
		memcpy(merged->memory, outer->memory, sizeof(merged->memory));
	merge_kernel(&merged->kernel, &outer->kernel, nest);
	merge_ports(&merged->ports, &outer->ports);
	merge_temporary(merged, view, outer);
	/* What the inner command calls the place it was started in is no path of the host's. */
	strcpy(merged->links_start, outer->links_start);
	if (!merged->mount_namespace)
		merged->mount_namespace = outer->mount_namespace;
	if (!merged->name_namespace)
		merged->name_namespace = outer->name_namespace;
	if (merged->verbosity < outer->verbosity && merged->log_fd < 0) {
		merged->verbosity = outer->verbosity;
		merged->log_fd = outer->log_fd;
	}
}

/* The image data with the merged view, for which there is CAPACITY bytes. NULL: no memory. */
static int merge_view(const struct view_outer *outer, const struct image_data *data, size_t capacity,
		      struct image_data **merged)
{
	uint32_t bindings = (uint32_t)(capacity / (4 * sizeof(struct view_binding)));
	long status;

	*merged = calloc(1, offsetof(struct image_data, view) + capacity);
	if (!*merged)
		return -ENOMEM;
	memcpy(*merged, data, offsetof(struct image_data, view));
	status = view_nest(&(*merged)->view, capacity, bindings, outer, &data->view);
	if (status) {
		free(*merged);
		*merged = NULL;
	}
	return (int)status;
}

/* More calls may have to trap than do so around. */
static int merge_filters(struct image_data *merged, const struct image_data *outer)
{
	bool is_more = engine_needs_filter(merged);

	merged->filters = outer->filters + is_more;
	if (!is_more || nest_can_filter())
		return 0;
	message_error("the proot around this one can't let it have what it needs for options like '-0', for this "
		      "machine has no "
		      "seccomp filters: give them to that one");
	return -ENOTSUP;
}

/* The layers of one view can't be told in the other. */
static int check_overlays(const struct nest *nest, const struct image_data *data)
{
	if (!((nest->view->flags | data->view.flags) & VIEW_OVERLAY))
		return 0;
	message_error(data->view.flags & VIEW_OVERLAY ? "a proot inside another can't have an overlay" :
							"a proot can't run inside one that has an overlay");
	return -ENOTSUP;
}

int nested_merge(const struct nest *nest, const struct image_data *data, struct image_data **merged)
{
	struct view_outer outer = { nest->view, nest->root };
	size_t capacity = sizeof(struct view) + 4 * PATH_SIZE;
	int status = check_overlays(nest, data);

	if (status)
		return status;
	do {
		capacity *= 2;
		status = merge_view(&outer, data, capacity, merged);
	} while (status == -ENOSPC && capacity < UINT32_MAX / 4);
	if (status == -ENOENT)
		message_error("can't use '%s' as root directory: nothing is there but what the proot around has bound "
			      "below it",
			      view_host(&data->view, 0));
	else if (status)
		message_error("can't build the guest's view: %s", strerror(-status));
	else
		merge_settings(*merged, nest, &outer);
	return status ? status : merge_filters(*merged, nest->data);
}
