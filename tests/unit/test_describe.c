/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * image/describe.c: what is written is read back the same, what another build has added is left out, and what is no
 * such text, or is cut off anywhere, is refused or read without harm.
 */
#include "image/describe.h"
#include "tap.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY 16384
#define BINDINGS 8

static char text[1 << 16];
static size_t length, room = sizeof(text);

static long put(void *context, const void *bytes, size_t size)
{
	(void)context;
	if (size > room - length)
		return -ENOSPC;
	memcpy(text + length, bytes, size);
	length += size;
	return 0;
}

static struct image_data *new_data(void)
{
	return calloc(1, offsetof(struct image_data, view) + CAPACITY);
}

static struct image_data *make_data(void)
{
	struct image_data *data = new_data();

	data->flags = IMAGE_IDENTITY | IMAGE_PRIVILEGED;
	data->log_fd = -1;
	data->depth = 2;
	data->mount_namespace = 0xf0000001;
	data->identity = (struct identity){ .uid = 5, .gid = 6, .host_uid = 4294967294u, .host_gid = 8 };
	strcpy(data->temporary, "/var/tmp/a b");
	strcpy(data->kernel.names[KERNEL_RELEASE], "1.2.3");
	strcpy(data->kernel.names[KERNEL_DOMAIN], "=");
	data->kernel.has_hardware = 1;
	data->kernel.hardware = ~0ull;
	data->emulator.count = 3;
	data->emulator.machine = 183;
	memcpy(data->emulator.words, "/host-rootfs/q\0q\0-x y", 22);
	strcpy(data->emulator.cpuinfo, "a\1b\2\nc");
	data->ports = (struct ports){ .count = 2, .cooperates = 1, .pairs = { { 80, 8080 }, { 0xffff, 1 } } };
	view_init(&data->view, CAPACITY, BINDINGS, "/root dir");
	view_add(&data->view, "/v", "", VIEW_DIRECTORY | VIEW_VIRTUAL | VIEW_UNLISTED);
	view_add(&data->view, "/v/a=b\n", "/", VIEW_DIRECTORY);
	view_add(&data->view, "/file", "/etc/passwd", 0);
	return data;
}

static bool views_are_equal(const struct view *a, const struct view *b)
{
	const struct view_order *one = view_order(a), *other = view_order(b);

	if (one->count != other->count)
		return false;
	for (uint32_t i = 0; i < one->count; i++)
		if (strcmp(view_guest(a, one->entries[i]), view_guest(b, other->entries[i])) ||
		    strcmp(view_host(a, one->entries[i]), view_host(b, other->entries[i])) ||
		    view_binding(a, one->entries[i])->flags != view_binding(b, other->entries[i])->flags)
			return false;
	return true;
}

/* The first LENGTH bytes, from memory that ends there. */
static long read_part(size_t part, struct nest *nest, struct image_data **data)
{
	char *copy = malloc(part ? part : 1);
	long status;

	memcpy(copy, text, part);
	*data = new_data();
	*nest = (struct nest){ 0 };
	status = describe_read(nest, *data, CAPACITY, BINDINGS, copy, part);
	free(copy);
	return status;
}

static void test_whole(struct image_data *data, const struct nest *nest)
{
	struct image_data *again;
	struct nest found;
	bool is_same;

	ok(!read_part(length, &found, &again), "what is written can be read");
	ok(found.state_flags == nest->state_flags && !strcmp(found.root, nest->root) &&
		   !strcmp(found.credentials, nest->credentials) && found.data == again && found.view == &again->view,
	   "who it is");
	is_same = views_are_equal(&data->view, &again->view);
	ok(is_same, "the view");
	memset(&again->view, 0, sizeof(again->view));
	ok(!memcmp(data, again, offsetof(struct image_data, view)), "the settings");
	free(again);
}

static void test_parts(void)
{
	bool is_sound = true;

	for (size_t part = 0; part < length; part++) {
		struct image_data *data;
		struct nest nest;
		long status = read_part(part, &nest, &data);

		is_sound = is_sound && (!status || status == -EPROTO);
		free(data);
	}
	ok(is_sound, "what has been cut off is refused, or is what was said so far");
}

static void test_others(void)
{
	struct image_data *data;
	struct nest nest;
	size_t whole = length;

	put(NULL, "colour=red", 11);
	ok(!read_part(length, &nest, &data), "what is not known is left out");
	free(data);
	length = whole;
	put(NULL, "uid=red", 8);
	ok(read_part(length, &nest, &data) == -EPROTO, "what is no number is refused");
	free(data);
	length = whole;
	for (int i = 0; i < BINDINGS; i++) {
		char line[64];

		put(NULL, "place=1", 8);
		put(NULL, line, (size_t)sprintf(line, "guest=/new%d", i) + 1);
		put(NULL, "host=/", 7);
	}
	ok(read_part(length, &nest, &data) == -ENOSPC, "too many places are told");
	free(data);
	text[6]++;
	ok(read_part(whole, &nest, &data) == -EPROTO, "another gate is refused");
	free(data);
}

int main(void)
{
	static struct nest nest = { .state_flags = STATE_PRIVILEGES_FIXED, .root = "/jail", .credentials = "0,1,2" };
	struct image_data *data = make_data();

	nest.data = data;
	nest.view = &data->view;
	room = 100;
	ok(describe_write(&nest, &data->kernel, put, NULL) == -ENOSPC, "too little room is told");
	room = sizeof(text);
	length = 0;
	ok(!describe_write(&nest, &data->kernel, put, NULL), "a guest can be described");
	test_whole(data, &nest);
	test_parts();
	test_others();
	free(data);
	return plan_done();
}
