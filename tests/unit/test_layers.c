/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view/layers.c: where a name lies in layers that are a table: whiteouts, opaque directories, what is no directory; and
 * walks and names of the view on the way there and back.
 */
#include "view/layers.h"
#include "tap.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the layers have; below /l1 and so on. */
static const struct object {
	const char *path;
	long kind;
} objects[] = {
	{ "/up", VIEW_IS_DIRECTORY },
	{ "/l1", VIEW_IS_DIRECTORY },
	{ "/l2", VIEW_IS_DIRECTORY },
	{ "/up/both", VIEW_IS_DIRECTORY },
	{ "/l1/both", VIEW_IS_DIRECTORY },
	{ "/l2/both", VIEW_IS_DIRECTORY },
	{ "/l2/both/low", VIEW_IS_OTHER },
	{ "/l1/both/low", VIEW_IS_OTHER },
	{ "/l2/both/gone", VIEW_IS_OTHER },
	{ "/l1/both/gone", VIEW_IS_WHITEOUT },
	{ "/up/gone", VIEW_IS_WHITEOUT },
	{ "/l1/gone", VIEW_IS_DIRECTORY },
	{ "/l1/gone/x", VIEW_IS_OTHER },
	{ "/up/opaque", VIEW_IS_OPAQUE },
	{ "/l1/opaque", VIEW_IS_DIRECTORY },
	{ "/l1/opaque/x", VIEW_IS_OTHER },
	{ "/l1/middle", VIEW_IS_OPAQUE },
	{ "/l2/middle", VIEW_IS_DIRECTORY },
	{ "/l2/middle/x", VIEW_IS_OTHER },
	{ "/up/file", VIEW_IS_OTHER },
	{ "/l1/file", VIEW_IS_DIRECTORY },
	{ "/l1/file/x", VIEW_IS_OTHER },
	{ "/l1/cut", VIEW_IS_DIRECTORY },
	{ "/l2/cut", VIEW_IS_OTHER },
	{ "/up/shut", VIEW_IS_DIRECTORY },
	{ "/up/shut/x", -EACCES },
	{ "/up/.proot-work", VIEW_IS_DIRECTORY },
};

static long look(void *context, const char *host_path, bool is_upper)
{
	(void)context;
	if (is_upper != !strncmp(host_path, "/up", 3))
		return -EIO;
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++)
		if (!strcmp(objects[i].path, host_path))
			return objects[i].kind;
	return -ENOENT;
}

static long read_link(void *context, const char *host_path, char *buf, size_t size, bool is_last)
{
	(void)context;
	(void)host_path;
	(void)buf;
	(void)size;
	(void)is_last;
	return -EINVAL;
}

/* ok() with a name that is made. */
static void say(bool is_good, const char *format, ...)
{
	char name[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(name, sizeof(name), format, arguments);
	va_end(arguments);
	ok(is_good, name);
}

static const struct view_operations operations = { .read_link = read_link, .look = look };
static struct view *view;
static const char strings[] = "/up\0/up/.proot-work\0\2\0/l1\0/l2";

/* Where REST is: the host path in BUF, or the errno. */
static long find(const char *rest, struct layers_place *place, char *buf)
{
	size_t length;

	return layers_find(view, &operations, 0, rest, place, buf, &length);
}

static void test_place(const char *rest, const char *host_path, uint64_t merged, bool is_there, bool is_whiteout)
{
	char buf[PATH_SIZE];
	struct layers_place place;

	say(!find(rest, &place, buf) && !strcmp(buf, host_path) && place.merged == merged &&
		    place.is_there == is_there && place.is_whiteout == is_whiteout,
	    "'%s' is %s", rest, host_path);
}

static void test_error(const char *rest, long error)
{
	char buf[PATH_SIZE];
	struct layers_place place;

	say(find(rest, &place, buf) == error, "'%s' is error %ld", rest, -error);
}

static void test_places(void)
{
	test_place("", "/up", 7, true, false);
	test_place("/both", "/up/both", 7, true, false);
	test_place("/both/low", "/l1/both/low", 0, true, false);
	test_place("/both/gone", "/up/both/gone", 0, false, false);
	test_place("/both/none", "/up/both/none", 0, false, false);
	test_place("/gone", "/up/gone", 0, false, true);
	test_error("/gone/x", -ENOENT);
	test_place("/opaque", "/up/opaque", 1, true, false);
	test_place("/opaque/x", "/up/opaque/x", 0, false, false);
	test_place("/middle", "/l1/middle", 2, true, false);
	test_place("/middle/x", "/l1/middle/x", 0, false, false);
	test_place("/file", "/up/file", 0, true, false);
	test_error("/file/x", -ENOTDIR);
	test_place("/cut", "/l1/cut", 2, true, false);
	test_error("/shut/x", -EACCES);
	test_place("/.proot-work", "/up/.proot-work", 0, false, false);
}

static void test_walk(const char *path, unsigned int flags, long error, const char *host_path)
{
	static struct view_scratch scratch;
	static struct view_result result;
	long status = view_resolve(view, &operations, "", path, flags, &scratch, &result);

	say(status == error && (error || !strcmp(result.host, host_path)), "a walk to '%s': %s", path,
	    error ? strerror((int)-error) : host_path);
}

static void test_walks(void)
{
	test_walk("/both/low", VIEW_FOLLOW, 0, "/l1/both/low");
	test_walk("/both/../middle/./", VIEW_FOLLOW, 0, "/l1/middle/.");
	test_walk("/both/gone", VIEW_FOLLOW, -ENOENT, NULL);
	test_walk("/both/gone", VIEW_PARENT, 0, "/up/both/gone");
	test_walk("/middle/x", VIEW_FOLLOW | VIEW_MAY_MAKE, 0, "/l1/middle/x");
	test_walk("/gone/../both", VIEW_FOLLOW, -ENOENT, NULL);
	test_walk("/file/x", VIEW_PARENT, -ENOTDIR, NULL);
	test_walk("/opaque/bound/../..", VIEW_FOLLOW, 0, "/up");
	test_walk("/opaque/bound/y", 0, 0, "/elsewhere/y");
}

static void test_back(const char *host_path, const char *guest_path)
{
	char buf[PATH_SIZE];
	long length = view_to_guest(view, host_path, buf, sizeof(buf));

	say(guest_path ? length > 0 && !strcmp(buf, guest_path) : length == -ENOENT, "%s is %s", host_path,
	    guest_path ? guest_path : "not seen");
}

static void test_names(void)
{
	struct layers_place place;
	char buf[PATH_SIZE];
	unsigned int count;
	uint32_t mount;

	test_back("/up/both/low", "/both/low");
	test_back("/l2/both/low", "/both/low");
	test_back("/l2", "/");
	test_back("/elsewhere", "/opaque/bound");
	test_back("/l3/x", NULL);
	ok(!view_to_host_plain(view, "/both/low", 9, buf, sizeof(buf), &mount), "no path is told by its text");
	ok(view_to_host_plain(view, "/opaque/bound/y", 15, buf, sizeof(buf), &mount), "but where something is bound");
	ok(!view_is_relative_plain(view, "low", &count), "nor a relative one");
	find("/both", &place, buf);
	ok(layers_are_at(view, 0, "/both", &place, "/l2/both") && !layers_are_at(view, 0, "/both", &place, "/l2"),
	   "directories of the layers are known");
	find("/middle", &place, buf);
	ok(!layers_are_at(view, 0, "/middle", &place, "/l2/middle"), "but not what is hidden");
}

int main(void)
{
	view = calloc(1, 8192);
	view_init(view, 8192, 4, "/");
	view_add(view, "", strings, VIEW_DIRECTORY | VIEW_OVERLAY);
	view_add(view, "/opaque/bound", "/elsewhere", VIEW_DIRECTORY | VIEW_UNLISTED);
	view_note_parents(view);
	ok(view_layers_size(strings) == sizeof(strings), "the strings have their size");
	ok(view_layer_count(view, 0) == 3 && !strcmp(view_layer(view, 0, 2), "/l2"), "and are found");
	test_places();
	test_walks();
	test_names();
	free(view);
	return plan_done();
}
