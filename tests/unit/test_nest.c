/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view/nest.c: random views inside random views. Every path must lead through the merged one to where it leads
 * through both, one after the other. Then what listings lack, and roots that are nowhere.
 *
 * PROOT_TEST_SEED repeats a run.
 */
#include "view/nest.h"
#include "tap.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CASES 3000
#define PATHS 60
#define BINDINGS_MOST 6
#define DEPTH 4

static uint64_t state;

static uint32_t random_below(uint32_t limit)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33) % limit;
}

/* Of 0 to DEPTH components. */
static char *random_path(char *buf)
{
	unsigned int depth = random_below(DEPTH + 1);

	*buf = '\0';
	while (depth--)
		sprintf(buf + strlen(buf), "/%c", 'a' + (int)random_below(2));
	return buf;
}

/* A view on host paths that begin with PREFIX. */
static struct view *random_view(const char *prefix)
{
	struct view *view = calloc(1, 8192);
	char guest[64], host[64], whole[128];

	sprintf(whole, "%s%s", prefix, random_path(host));
	view_init(view, 8192, BINDINGS_MOST, *whole ? whole : "/");
	for (uint32_t i = random_below(BINDINGS_MOST + 1); i--;) {
		sprintf(whole, "%s%s", prefix, random_path(host));
		if (!*random_path(guest))
			continue;
		if (random_below(4))
			view_add(view, guest, *whole ? whole : "/", VIEW_DIRECTORY);
		else
			view_add(view, guest, "", VIEW_DIRECTORY | VIEW_VIRTUAL | VIEW_UNLISTED);
	}
	view_note_parents(view);
	return view;
}

/* Where PATH leads in VIEW, without links; false where there is nothing. */
static bool host_of(const struct view *view, const char *path, char *buf)
{
	uint32_t mount = view_find_above(view, path, strlen(path));

	sprintf(buf, "%s%s", view_host(view, mount), path + view_binding(view, mount)->guest_length);
	return !(view_binding(view, mount)->flags & VIEW_VIRTUAL);
}

static bool is_right(const struct view *merged, const struct view_outer *outer, const struct view *inner,
		     const char *path)
{
	char middle[256], whole[512], expected[1024], found[1024];
	bool is_there = host_of(inner, path, middle);

	sprintf(whole, "%s%s", outer->root, middle);
	is_there = is_there && host_of(outer->view, whole, expected);
	if (host_of(merged, path, found) == is_there && (!is_there || !strcmp(found, expected)))
		return true;
	printf("# %s leads to %s, not %s\n", path, found, is_there ? expected : "nowhere");
	return false;
}

/* 1 when all is right, -1 when the root is nowhere. */
static int try_views(void)
{
	static char block[32768];
	char root[64], path[64];
	struct view *outer_view = random_view("/host"), *inner = random_view("");
	struct view_outer outer = { outer_view, random_path(root) };
	long status = view_nest((struct view *)block, sizeof(block), 100, &outer, inner);
	bool is_good = !status;

	for (int i = 0; i < PATHS && is_good; i++)
		is_good = is_right((struct view *)block, &outer, inner, random_path(path));
	free(outer_view);
	free(inner);
	return status == -ENOENT ? -1 : is_good;
}

static void test_random(void)
{
	const char *seed = getenv("PROOT_TEST_SEED");
	unsigned int nowhere = 0, wrong = 0;

	state = seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL);
	printf("# PROOT_TEST_SEED=%llu\n", (unsigned long long)state);
	for (int i = 0; i < CASES && !wrong; i++) {
		int result = try_views();

		nowhere += result < 0;
		wrong += !result;
	}
	ok(!wrong, "through both views a path leads where it leads through each");
	ok(nowhere < CASES / 2, "most roots are somewhere");
}

struct example {
	char outer[4096], inner[4096], merged[8192];
};

static long nest(struct example *example, const char *root)
{
	struct view_outer outer = { (struct view *)example->outer, root };

	view_note_parents((struct view *)example->outer);
	view_note_parents((struct view *)example->inner);
	return view_nest((struct view *)example->merged, sizeof(example->merged), 20, &outer,
			 (struct view *)example->inner);
}

static uint32_t flags_at(const struct example *example, const char *guest)
{
	const struct view *merged = (const struct view *)example->merged;
	int found = view_find(merged, guest, strlen(guest));

	return found < 0 ? ~0u : view_binding(merged, (uint32_t)found)->flags;
}

static void test_listings(void)
{
	static struct example example;
	struct view *outer = (struct view *)example.outer, *inner = (struct view *)example.inner;

	view_init(outer, sizeof(example.outer), 10, "/");
	view_add(outer, "/r/new", "/data", VIEW_DIRECTORY | VIEW_UNLISTED);
	view_add(outer, "/r/v", "", VIEW_DIRECTORY | VIEW_VIRTUAL | VIEW_UNLISTED);
	view_add(outer, "/r/v/x", "/data", VIEW_DIRECTORY | VIEW_UNLISTED);
	view_add(outer, "/r/mnt", "/tmpfs", VIEW_DIRECTORY | VIEW_TEMPORARY);
	view_init(inner, sizeof(example.inner), 10, "/r");
	view_add(inner, "/new", "/other", VIEW_DIRECTORY);
	view_add(inner, "/there", "/v", VIEW_DIRECTORY);
	view_add(inner, "/missing", "/r", VIEW_DIRECTORY | VIEW_UNLISTED);
	ok(!nest(&example, ""), "views of two proots become one");
	ok(flags_at(&example, "/new") == (VIEW_DIRECTORY | VIEW_UNLISTED),
	   "a place that the outer has made is in no listing of the host");
	ok(flags_at(&example, "/there") == VIEW_DIRECTORY, "a place the host has is listed");
	ok(flags_at(&example, "/missing/new") & VIEW_UNLISTED, "what is bound in what is bound");
	ok(flags_at(&example, "/v") == (VIEW_DIRECTORY | VIEW_VIRTUAL | VIEW_UNLISTED), "a virtual directory stays so");
	ok(!(flags_at(&example, "/mnt") & VIEW_TEMPORARY), "a tmpfs is the outer's to take away");
}

static void test_roots(void)
{
	static struct example example;

	view_init((struct view *)example.outer, sizeof(example.outer), 10, "/host");
	view_add((struct view *)example.outer, "/v", "", VIEW_DIRECTORY | VIEW_VIRTUAL | VIEW_UNLISTED);
	view_add((struct view *)example.outer, "/v/x", "/data", VIEW_DIRECTORY | VIEW_UNLISTED);
	view_init((struct view *)example.inner, sizeof(example.inner), 10, "/v");
	ok(nest(&example, "") == -ENOENT, "a directory that is there for a binding only can't be a root");
	ok(!nest(&example, "/jail") && !strcmp(view_host((struct view *)example.merged, 0), "/host/jail/v"),
	   "what the outer process has for its root counts");
}

static void test_room(void)
{
	static struct example example;
	struct view_outer outer = { (struct view *)example.outer, "" };

	view_init((struct view *)example.outer, sizeof(example.outer), 10, "/host");
	view_add((struct view *)example.outer, "/a", "/data", VIEW_DIRECTORY);
	view_init((struct view *)example.inner, sizeof(example.inner), 10, "/");
	ok(view_nest((struct view *)example.merged, sizeof(example.merged), 0, &outer, (struct view *)example.inner) ==
		   -ENOSPC,
	   "too few entries are ENOSPC");
	ok(view_nest((struct view *)example.merged, sizeof(struct view), 1, &outer, (struct view *)example.inner) ==
		   -ENOSPC,
	   "as is too little room");
}

int main(void)
{
	test_random();
	test_listings();
	test_roots();
	test_room();
	return plan_done();
}
