/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random paths: half of them places of the tree, bent a little; the others put
 * together from components.
 */
#define _GNU_SOURCE
#include "sequence.h"
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BUFFERS 8
#ifndef SKIP_BAD
#define SKIP_BAD 0
#endif

/* Strings of two PATH_MAX, so that overlong ones fit. */
static char buffers[BUFFERS][2 * PATH_MAX];
static unsigned int next_buffer;

static const char *const components[] = {
	"a",
	"b",
	"c",
	"d",
	"e",
	"f",
	"a",
	"b",
	"c",
	"d",
	"e",
	"f",
	".",
	"..",
	"..",
	"x",
	"y",
	"",
	"bin",
	"bin/hello",
	"proc/self/cwd",
	"proc/self/root",
	"proc/self/fd/4",
	"proc/thread-self/cwd",
};

static const char *component(void)
{
	static char longest[NAME_MAX + 2];
	unsigned int size;

	if (random_chance(98))
		return components[random_below(sizeof(components) / sizeof(*components))];
	size = random_chance(50) ? NAME_MAX : NAME_MAX + 1;
	memset(longest, 'l', size);
	longest[size] = '\0';
	return longest;
}

static void put(char *path, const char *text)
{
	if (strlen(path) + strlen(text) < PATH_MAX)
		strcat(path, text);
}

static void put_components(char *path, unsigned int most)
{
	for (unsigned int i = random_below(most); i > 0; i--) {
		put(path, "/");
		put(path, component());
	}
}

/* A place of the tree, absolute or relative to the root, which is often the directory one is in. */
static void known(char *path)
{
	if (random_chance(40))
		put(path, random_chance(70) ? "" : "../../..");
	if (random_chance(15) && binding_count)
		put(path, bindings[random_below((uint32_t)binding_count)].guest);
	else
		put(path, nodes[random_below((uint32_t)node_count)].path);
	if (random_chance(30) && path[0] == '/')
		memmove(path, path + 1, strlen(path));
}

static void bend(char *path)
{
	size_t length = strlen(path);
	char *slash;

	switch (random_below(14)) {
	case 0:
		put(path, "/");
		break;
	case 1:
		put(path, "/.");
		break;
	case 2:
		put(path, "/..");
		break;
	case 3:
	case 4:
		put(path, "/");
		put(path, component());
		break;
	case 5:
		put(path, "/../");
		put(path, component());
		break;
	case 6:
		slash = strrchr(path, '/');
		if (slash && slash > path)
			*slash = '\0';
		break;
	case 7:
		slash = strchr(path, '/');
		if (slash && length + 3 < PATH_MAX) {
			memmove(slash + 2, slash, strlen(slash) + 1);
			memcpy(slash, "/.", 2);
		}
		break;
	case 8:
		put(path, "//");
		break;
	default:
		break;
	}
}

/* Lengths around the limits. */
static void lengthen(char *path)
{
	size_t target = PATH_MAX - 3 + random_below(6);
	size_t length = strlen(path);

	if (!length || length > 100)
		return;
	/* "a" becomes "./././a", so that it still leads somewhere. */
	if (path[0] == '/') {
		memmove(path + target - length, path, length + 1);
		memset(path, '/', target - length);
		return;
	}
	memmove(path + target - length, path, length + 1);
	for (size_t i = 0; i < target - length; i++)
		path[i] = i % 2 ? '/' : '.';
	if ((target - length) % 2)
		path[target - length - 1] = '/';
}

const char *path_random_text(void)
{
	char *path = buffers[next_buffer++ % BUFFERS];

	path[0] = '\0';
	switch (random_below(10)) {
	case 0:
	case 1:
	case 2:
	case 3:
		known(path);
		bend(path);
		break;
	case 4:
	case 5:
	case 6:
		put(path, component());
		put_components(path, 3);
		break;
	case 7:
	case 8:
		put(path, "/");
		put(path, component());
		put_components(path, 4);
		bend(path);
		break;
	default:
		put(path, component());
	}
	if (random_below(300) == 0)
		lengthen(path);
	if (path[0] == '\0' && random_chance(80))
		put(path, "/");
	return path;
}

void *path_page_end(size_t size)
{
	static char *pages;
	const size_t room = 4 * 4096;

	if (!pages) {
		pages = mmap(NULL, room + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (pages == MAP_FAILED || mprotect(pages + room, 4096, PROT_NONE))
			err(1, "mmap");
	}
	return pages + room - size;
}

const char *path_random(void)
{
	const char *path = path_random_text();
	size_t length = strlen(path);
	char *at_end;

	switch (random_below(150) + SKIP_BAD) {
	case 0:
		return NULL;
	case 1:
		return BAD_POINTER;
	case 2: /* ends at the end of a page */
		at_end = path_page_end(length + 1);
		memcpy(at_end, path, length + 1);
		return at_end;
	case 3: /* does not end before it */
		if (!length)
			return path;
		at_end = path_page_end(length);
		memcpy(at_end, path, length);
		return at_end;
	default:
		return path;
	}
}

/* Long runs of one letter are told by their length. */
const char *path_show(const char *path)
{
	static char shown[BUFFERS][3 * PATH_MAX];
	static unsigned int next;
	char *buf = shown[next++ % BUFFERS], *at = buf;
	size_t length;

	if (!path)
		return "NULL";
	if (path == BAD_POINTER)
		return "BAD";
	/* One that has no end is not read. */
	length = (const char *)path_page_end(0) >= path && (const char *)path_page_end(0) - path < 3 * PATH_MAX ?
			 strnlen(path, (size_t)((const char *)path_page_end(0) - path)) :
			 strlen(path);
	if (length > 1000)
		at += sprintf(at, "[%zu bytes]", length);
	*at++ = '"';
	for (size_t i = length > 1000 ? length - 100 : 0; i < length; i++) {
		size_t run = 1;

		while (i + run < length && path[i + run] == path[i])
			run++;
		if (run > 20) {
			at += sprintf(at, "<%c*%zu>", path[i], run);
			i += run - 1;
		} else {
			*at++ = path[i];
		}
	}
	*at++ = '"';
	if ((const char *)path_page_end(0) - path == (ptrdiff_t)length)
		at += sprintf(at, "(no end)");
	*at = '\0';
	return buf;
}
