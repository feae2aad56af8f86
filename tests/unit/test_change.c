/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view/change.c against a model that keeps mounts as the kernel does: each at a path of its
 * parent. Then readers while a writer changes the view: whatever they see must have been so.
 *
 * PROOT_TEST_SEED repeats a run, PROOT_TEST_CASES says how long it is.
 */
#define _GNU_SOURCE
#include "view/change.h"
#include "tap.h"
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOUNTS_MOST 64
#define NAMES 3
#define DEPTH 4

struct mount {
	bool is_there;
	int parent; /* -1: the root */
	unsigned int age;
	char place[256];
	char host[256];
};

static struct mount mounts[MOUNTS_MOST];
static unsigned int age;
static struct view *view;
static uint64_t state;

static uint32_t random_below(uint32_t limit)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33) % limit;
}

static void random_path(char *buf)
{
	unsigned int depth = 1 + random_below(DEPTH);

	*buf = '\0';
	while (depth--)
		sprintf(buf + strlen(buf), "/%c", 'a' + (int)random_below(NAMES));
}

/* The mount stacked on MOUNT, or in it, at PLACE: the kernel's __lookup_mnt(). */
static int find_in(int mount, const char *place)
{
	for (int i = 0; i < MOUNTS_MOST; i++)
		if (mounts[i].is_there && mounts[i].parent == mount && !strcmp(mounts[i].place, place))
			return i;
	return -1;
}

/* The mount that PATH leads to. */
static int walk(const char *path)
{
	char prefix[256] = "";
	int mount = 0, next;

	for (size_t i = 1; i <= strlen(path); i++) {
		if (path[i] && path[i] != '/')
			continue;
		memcpy(prefix, path, i);
		prefix[i] = '\0';
		while ((next = find_in(mount, prefix)) >= 0)
			mount = next;
	}
	return mount;
}

static void host_of(const char *path, char *buf)
{
	const struct mount *mount = &mounts[walk(path)];

	sprintf(buf, "%s%s", mount->host, path + strlen(mount->place));
}

static int add_mount(int parent, const char *place, const char *host)
{
	for (int i = 1; i < MOUNTS_MOST; i++) {
		if (mounts[i].is_there)
			continue;
		mounts[i] = (struct mount){ .is_there = true, .parent = parent, .age = ++age };
		strcpy(mounts[i].place, place);
		strcpy(mounts[i].host, host);
		return i;
	}
	return -1;
}

static unsigned int count_mounts(void)
{
	unsigned int count = 0;

	for (int i = 0; i < MOUNTS_MOST; i++)
		count += mounts[i].is_there;
	return count;
}

static bool is_below(const char *path, const char *above)
{
	size_t length = strlen(above);

	return !strncmp(path, above, length) && (!path[length] || path[length] == '/');
}

/* copy_tree(): mounts in MOUNT below FROM, older than LIMIT, go in COPY, below TO. */
static void copy_children(int mount, int copy, const char *from, const char *to, unsigned int limit)
{
	char place[256];

	for (int i = 1; i < MOUNTS_MOST; i++) {
		if (!mounts[i].is_there || mounts[i].parent != mount || mounts[i].age > limit ||
		    !is_below(mounts[i].place, from))
			continue;
		snprintf(place, sizeof(place), "%s%s", to, mounts[i].place + strlen(from));
		copy_children(i, add_mount(copy, place, mounts[i].host), from, to, limit);
	}
}

static int count_below(int mount)
{
	int count = 1;

	for (int i = 0; i < MOUNTS_MOST; i++)
		if (i != mount && mounts[i].is_there && mounts[i].parent == mount)
			count += count_below(i);
	return count;
}

static void remove_tree(int mount)
{
	for (int i = 0; i < MOUNTS_MOST; i++)
		if (mounts[i].is_there && mounts[i].parent == mount)
			remove_tree(i);
	mounts[mount].is_there = false;
}

static void move_children(int mount, const char *from, const char *to)
{
	char place[256];

	for (int i = 0; i < MOUNTS_MOST; i++) {
		if (!mounts[i].is_there || mounts[i].parent != mount)
			continue;
		snprintf(place, sizeof(place), "%s%s", to, mounts[i].place + strlen(from));
		strcpy(mounts[i].place, place);
		move_children(i, from, to);
	}
}

static long commit(long status)
{
	if (status >= 0)
		view_commit(view);
	return status < 0 ? status : 0;
}

static void do_bind(const char *from, const char *to, bool recursive)
{
	int source = walk(from), target = walk(to), copy;
	char host[PATH_SIZE];
	long status;

	if (count_mounts() + (unsigned int)count_below(source) >= MOUNTS_MOST)
		return;
	host_of(from, host);
	if (strlen(host) >= sizeof(mounts[0].host))
		return;
	view_begin(view);
	status = view_mount(view, to, host, VIEW_DIRECTORY);
	if (status >= 0 && recursive)
		status = view_mount_below(view, from, to);
	if (commit(status))
		return;
	copy = add_mount(target, to, host);
	if (recursive)
		copy_children(source, copy, from, to, mounts[copy].age - 1);
}

static bool do_unmount(const char *path, bool detach)
{
	int mount = walk(path), index = view_find(view, path, strlen(path));
	bool is_mount = mount && !strcmp(mounts[mount].place, path), is_busy = count_below(mount) > 1;
	long status;

	if (!is_mount || index <= 0)
		return is_mount == (index > 0);
	view_begin(view);
	status = commit(view_unmount(view, (uint32_t)index, detach));
	if (is_busy && !detach)
		return status == -EBUSY;
	remove_tree(mount);
	return !status;
}

static bool do_move(const char *from, const char *to)
{
	int mount = walk(from), target;
	char old[256];

	if (!mount || strcmp(mounts[mount].place, from) || is_below(to, from))
		return true;
	view_begin(view);
	if (commit(view_move(view, from, to)))
		return false;
	target = walk(to);
	strcpy(old, mounts[mount].place);
	move_children(mount, old, to);
	strcpy(mounts[mount].place, to);
	mounts[mount].parent = target;
	return true;
}

static bool is_alike(const char *path)
{
	char host[PATH_SIZE], expected[PATH_SIZE];
	uint32_t index = view_find_above(view, path, strlen(path));

	snprintf(host, sizeof(host), "%s%s", view_host(view, index), path + view_binding(view, index)->guest_length);
	host_of(path, expected);
	if (!strcmp(host, expected))
		return true;
	printf("# %s is %s, not %s\n", path, host, expected);
	return false;
}

/* A number of each is as many as it should be, and what is in force is in order. */
static bool is_sound(void)
{
	const struct view_order *order = view_order(view);
	bool is_ordered = true;

	for (uint32_t i = 1; i < order->count; i++)
		is_ordered &= strcmp(view_guest(view, order->entries[i - 1]), view_guest(view, order->entries[i])) < 0;
	if (order->count + order->covered != count_mounts())
		printf("# %u and %u entries, %u mounts\n", order->count, order->covered, count_mounts());
	return is_ordered && order->count + order->covered == count_mounts();
}

/* Names are noted exactly. */
static bool knows_names(void)
{
	const struct view_order *order = view_order(view);
	bool knows = true;

	for (uint32_t i = 1; i < order->count; i++) {
		const char *guest = view_guest(view, order->entries[i]), *name = strrchr(guest, '/') + 1;

		knows &= view_may_be_bound(view, name, strlen(name));
	}
	return knows;
}

static void start(void)
{
	static _Alignas(8) char block[4096];
	struct view *small = (struct view *)block;

	free(view);
	view_init(small, sizeof(block), 4, "/r");
	view_add(small, "/b/c", "/h/bc", VIEW_DIRECTORY);
	view_add(small, "/a", "/h/a", VIEW_DIRECTORY);
	view_note_parents(small);
	view_note_twice(small);
	view = calloc(1, view_changeable_size(small));
	view_make_changeable(view, small);
	memset(mounts, 0, sizeof(mounts));
	age = 0;
	mounts[0] = (struct mount){ .is_there = true, .parent = -1, .host = "/r" };
	add_mount(0, "/a", "/h/a");
	add_mount(0, "/b/c", "/h/bc");
}

static bool change_at_random(void)
{
	char from[64], to[64];

	random_path(from);
	random_path(to);
	switch (random_below(6)) {
	case 0:
		do_bind(from, to, true);
		return true;
	case 1:
		do_bind(from, to, false);
		return true;
	case 2:
		return do_move(from, to);
	default:
		return do_unmount(from, random_below(4) == 0);
	}
}

static void test_random(void)
{
	const char *cases = getenv("PROOT_TEST_CASES"), *seed = getenv("PROOT_TEST_SEED");
	long rounds = cases ? atol(cases) : 20000;
	bool is_right = true;
	char path[64];

	state = seed ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
	printf("# seed %llu\n", (unsigned long long)state);
	start();
	for (long i = 0; i < rounds && is_right; i++) {
		if (i % 200 == 0)
			start();
		is_right &= change_at_random() && is_sound() && knows_names();
		for (int j = 0; j < 10 && is_right; j++) {
			random_path(path);
			is_right &= is_alike(path);
		}
	}
	ok(is_right, "mounts are where the kernel would have them");
}

static void test_abandoned(void)
{
	uint32_t index;

	start();
	view_begin(view);
	ok(view_mount(view, "/c", "/h/c", VIEW_DIRECTORY) >= 0, "something is mounted");
	ok(view_find(view, "/c", 2) == -1, "before it is committed it is not there");
	view_begin(view);
	ok(view_mount(view, "/d", "/h/d", VIEW_DIRECTORY) >= 0, "something else is");
	view_commit(view);
	ok(view_find(view, "/c", 2) == -1 && view_find(view, "/d", 2) > 0, "what was not committed is forgotten");
	index = (uint32_t)view_find(view, "/d", 2);
	ok(index >= view->base_count && !strcmp(view_host(view, index), "/h/d"), "it has a number of its own");
}

static void test_full(void)
{
	char path[64];
	long status = 0;
	int count = 0;

	start();
	while (status >= 0) {
		snprintf(path, sizeof(path), "/many/%d", count++);
		view_begin(view);
		status = view_mount(view, path, "/h", VIEW_DIRECTORY);
		if (status >= 0)
			view_commit(view);
	}
	ok(status == -ENOSPC && count == VIEW_MOUNTS_MOST + 1, "there is an end");
	view_begin(view);
	ok(!commit(view_unmount(view, (uint32_t)view_find(view, "/many/7", 7), false)), "one is unmounted");
	view_begin(view);
	ok(!commit(view_mount(view, "/again", "/h/again", 0)) && view_find(view, "/again", 6) > 0,
	   "so another has room");
}

/* Places by age: who was there before a mount finds himself where he was. */
static void test_age(void)
{
	char guest[PATH_SIZE];

	start();
	view_begin(view);
	commit(view_mount(view, "/longer/than/that", "/r/x/y", VIEW_DIRECTORY));
	ok(view_to_guest(view, "/r/x/y/z", guest, sizeof(guest)) > 0 && !strcmp(guest, "/x/y/z"),
	   "the place that was there first is told");
	ok(view->flags & VIEW_TWICE && view_shows_twice(view, "/r/x/y/z"), "it is seen at two places");
	view_begin(view);
	commit(view_unmount(view, (uint32_t)view_find(view, "/longer/than/that", 17), false));
	ok(!(view->flags & VIEW_TWICE) && !view_shows_twice(view, "/r/x/y/z"), "it is not any more");
}

/*
 * Readers and a writer.
 */
static bool is_over, has_failed;

static void fail_unless(bool condition)
{
	if (!condition)
		__atomic_store_n(&has_failed, true, __ATOMIC_RELAXED);
}

/* "/b/c" never changes; below "/many" it comes and goes, and hosts are what the guests are. */
static void look_at_view(uint32_t index)
{
	char guest[PATH_SIZE];
	const char *name;
	int child = -1;

	fail_unless(!strcmp(view_host(view, view_find_above(view, "/b/c/d", 6)), "/h/bc"));
	fail_unless(view_find(view, "/a", 2) > 0 && view_may_be_bound(view, "a", 1));
	fail_unless(view_to_guest(view, "/h/bc/e", guest, sizeof(guest)) > 0 && !strcmp(guest, "/b/c/e"));
	while ((child = view_next_child(view, "/many", 5, child, &name)) >= 0)
		fail_unless(*name);
	fail_unless(index < view->binding_most);
}

static void *read_view(void *unused)
{
	while (!__atomic_load_n(&is_over, __ATOMIC_RELAXED)) {
		uint32_t before = __atomic_load_n(&view->age, __ATOMIC_ACQUIRE);
		uint32_t index = view_find_above(view, "/many/x/y", 9);
		bool is_right = !index || (!strcmp(view_guest(view, index), "/many/x") &&
					   !strcmp(view_host(view, index), "/many/x"));

		/* An entry is used again when others have been, not before. */
		fail_unless(is_right || __atomic_load_n(&view->age, __ATOMIC_ACQUIRE) - before > 8);
		look_at_view(index);
	}
	return unused;
}

static void test_readers(void)
{
	pthread_t readers[3];
	char path[64];

	start();
	for (size_t i = 0; i < ARRAY_SIZE(readers); i++)
		pthread_create(&readers[i], NULL, read_view, NULL);
	for (int i = 0; i < 20000; i++) {
		bool is_x = i % 3 == 0;

		snprintf(path, sizeof(path), is_x ? "/many/x" : "/many/%d", i);
		view_begin(view);
		commit(view_mount(view, path, path, VIEW_DIRECTORY));
		if (i < 5)
			continue;
		snprintf(path, sizeof(path), (i - 5) % 3 == 0 ? "/many/x" : "/many/%d", i - 5);
		view_begin(view);
		commit(view_unmount(view, (uint32_t)view_find(view, path, strlen(path)), true));
	}
	__atomic_store_n(&is_over, true, __ATOMIC_RELAXED);
	for (size_t i = 0; i < ARRAY_SIZE(readers); i++)
		pthread_join(readers[i], NULL);
	ok(!has_failed, "who reads meanwhile sees the view as it was or is");
	free(view);
	view = NULL;
}

int main(void)
{
	test_random();
	test_abandoned();
	test_full();
	test_age();
	test_readers();
	return plan_done();
}
