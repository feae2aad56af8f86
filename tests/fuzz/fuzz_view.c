/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view_resolve() over a file system that is a hash of the path: whatever the
 * input, the result is canonical, and resolving it again leads to itself.
 *
 * The input is a list of texts, each ended by a zero byte: flags and path
 * first, then binding places, then link targets.
 */
#include "view/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXTS_MOST 16
#define BINDINGS_MOST 4

static char input[1 << 14];
static const char *texts[TEXTS_MOST];
static unsigned int text_count;

static void split(const uint8_t *data, size_t size)
{
	if (size >= sizeof(input))
		size = sizeof(input) - 1;
	memcpy(input, data, size);
	input[size] = '\0';
	text_count = 0;
	for (size_t at = 0; at < size && text_count < TEXTS_MOST; at += strlen(input + at) + 1)
		texts[text_count++] = input + at;
}

static unsigned int hash(const char *path)
{
	unsigned int value = 5381;

	for (; *path; path++)
		value = value * 33 ^ (unsigned char)*path;
	return value;
}

/* A third of all paths are links; "/." asks whether the place is a directory. */
static long read_link(void *context, const char *host_path, char *buf, size_t size, bool is_last)
{
	(void)context;
	size_t length = strlen(host_path);
	unsigned int kind = hash(host_path);
	const char *target;

	(void)is_last;
	if (length >= PATH_SIZE || size != PATH_SIZE)
		abort();
	if (length >= 2 && !strcmp(host_path + length - 2, "/."))
		return -EINVAL;
	if (kind % 16 == 1)
		return -ENOENT;
	if (kind % 3 || text_count <= BINDINGS_MOST + 1)
		return -EINVAL;
	target = texts[BINDINGS_MOST + 1 + kind / 3 % (text_count - BINDINGS_MOST - 1)];
	length = strlen(target);
	if (!length)
		return -EINVAL;
	if (length > size)
		length = size;
	memcpy(buf, target, length);
	return (long)length;
}

static const struct view_operations operations = { .read_link = read_link };

static bool is_canonical(const char *path, size_t length)
{
	if (strlen(path) != length || length >= PATH_SIZE)
		return false;
	for (const char *at = path; *at; at++) {
		if (*path != '/' || (*at == '/' && (at[1] == '/' || !at[1])))
			return false;
		if (!strncmp(at, "/./", 3) || !strcmp(at, "/.") || !strncmp(at, "/../", 4) || !strcmp(at, "/.."))
			return false;
	}
	return true;
}

static _Alignas(8) char block[1 << 16];
static struct view *const view = (struct view *)block;
static struct view_scratch scratch;
static struct view_result result, again;

/* Places of bindings are canonical: what resolution makes of the texts. */
static void build_view(void)
{
	static const char *const hosts[BINDINGS_MOST] = { "/h/a", "", "/h/b", "/r/x" };
	static const uint32_t flags[BINDINGS_MOST] = { VIEW_DIRECTORY, VIEW_VIRTUAL, 0, VIEW_DIRECTORY };

	if (view_init(view, sizeof(block), BINDINGS_MOST, "/r"))
		abort();
	for (unsigned int i = 0; i < BINDINGS_MOST && i + 1 < text_count; i++)
		if (!view_resolve(view, &operations, "", texts[i + 1], VIEW_FOLLOW | VIEW_MISSING_OK, &scratch,
				  &result) &&
		    result.guest_length)
			view_add(view, result.guest, hosts[i], flags[i]);
}

/* They come in the order of their paths. */
static void check_children(void)
{
	const char *name;
	int at = -1, before = -1;

	while ((at = view_next_child(view, result.guest, result.guest_length, at, &name)) >= 0) {
		if ((before >= 0 && strcmp(view_guest(view, (uint32_t)before), view_guest(view, (uint32_t)at)) >= 0) ||
		    !*name || strchr(name, '/') || !view_has_below(view, result.guest, result.guest_length))
			abort();
		before = at;
	}
}

static void check_way_back(void)
{
	char guest[PATH_SIZE];
	long length = view_to_guest(view, result.host, guest, sizeof(guest));

	if (length >= 0 && strlen(guest) != (size_t)length)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int flags;
	long status;

	split(data, size);
	if (!text_count || !*texts[0])
		return 0;
	flags = (unsigned char)texts[0][0] & (VIEW_FOLLOW | VIEW_PARENT | VIEW_NO_LINKS);
	build_view();
	status = view_resolve(view, &operations, "", texts[0] + 1, flags, &scratch, &result);
	if (status > 0 || status < -4095)
		abort();
	if (status)
		return 0;
	if (!is_canonical(result.guest, result.guest_length) || strlen(result.host) != result.host_length ||
	    result.host_length >= PATH_SIZE || result.mount >= view->binding_count ||
	    result.parent_mount >= view->binding_count || result.object != -1)
		abort();
	check_children();
	if (result.is_virtual)
		return 0;
	check_way_back();
	if (flags & VIEW_PARENT)
		return 0;
	if (view_resolve(view, &operations, "", *result.guest ? result.guest : "/", 0, &scratch, &again) ||
	    strcmp(result.guest, again.guest) || result.mount != again.mount)
		abort();
	return 0;
}
