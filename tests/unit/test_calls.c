/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of system calls against the kernel headers of this machine, of
 * which the build has made headers.def: HEADER(name, number) for each __NR_.
 */
#include "tap.h"
#include "agent/calls.h"
#include "numbers.h"
#include "view/view.h"

#include <string.h>

static const struct {
	const char *name;
	unsigned int nr;
} headers[] = {
#define HEADER(name, number) { #name, number },
#include "headers.def"
};

static void test_headers(void)
{
	bool is_complete = true, is_same = true;

	for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
		const struct call_row *row = call_find(headers[i].nr);

		if (!row)
			printf("# no row for %s (%u)\n", headers[i].name, headers[i].nr);
		else if (strcmp(row->name, headers[i].name))
			printf("# %u is %s here and %s in the headers\n", headers[i].nr, row->name, headers[i].name);
		is_complete &= row != NULL;
		is_same &= row && !strcmp(row->name, headers[i].name);
	}
	ok(ARRAY_SIZE(headers) > 300, "the headers name hundreds of calls");
	ok(is_complete, "each call of the headers has a row");
	ok(is_same, "under the name the headers give it");
}

static void test_names(void)
{
	bool is_unique = true, is_found = true;

	for (unsigned int i = 0; i < call_row_count; i++) {
		for (unsigned int j = 0; j < i; j++)
			if (!strcmp(call_rows[i].name, call_rows[j].name) || call_rows[i].nr == call_rows[j].nr) {
				printf("# %s and %s\n", call_rows[i].name, call_rows[j].name);
				is_unique = false;
			}
		is_found &= call_find(call_rows[i].nr) == &call_rows[i];
	}
	ok(is_unique, "names and numbers are unique");
	ok(is_found, "each row is found by its number");
	ok(!call_find(NR_HIGHEST + 1) && !call_find(~0ul) && !call_find(1ul << 32),
	   "there are no rows behind the last");
}

/* How --trace shows arguments. */
static const struct {
	const char *name, *letters;
} shapes[] = {
#define SHOW(call, letters) { #call, letters },
#include "agent/show.def"
};

static const char *letters_of(const struct call_row *row)
{
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
		if (!strcmp(shapes[i].name, row->name))
			return shapes[i].letters;
	return "";
}

/* Whether LETTERS shows the path of SHAPE as one, and the descriptor it is relative to. */
static bool shows_path(const char *letters, const struct call_path *shape)
{
	size_t length = strlen(letters);

	if (shape->follow == FOLLOW_NONE)
		return true;
	return (size_t)shape->path < length && letters[shape->path] == 'p' &&
	       (shape->directory == CALL_CWD || letters[shape->directory] == 'd');
}

static void test_shapes(void)
{
	bool is_shown = true, is_known = true;

	for (unsigned int i = 0; i < call_row_count; i++) {
		const char *letters = letters_of(&call_rows[i]);

		if (shows_path(letters, &call_rows[i].paths[0]) && shows_path(letters, &call_rows[i].paths[1]))
			continue;
		printf("# --trace does not show the paths of %s: agent/show.def\n", call_rows[i].name);
		is_shown = false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
		is_known &= strspn(shapes[i].letters, "pdsvfoxia") == strlen(shapes[i].letters) &&
			    strlen(shapes[i].letters) <= 6;
	ok(is_shown, "--trace shows paths as such");
	ok(is_known, "--trace knows its letters");
}

static bool is_argument(int argument)
{
	return argument >= 0 && argument < 6;
}

/* Whether what a row says of a path makes sense. */
static bool is_path_right(const struct call_path *path)
{
	bool has_flags = path->follow == FOLLOW_UNLESS || path->follow == FOLLOW_IF;

	if (path->follow == FOLLOW_NONE)
		return true;
	return is_argument(path->path) && (path->directory == CALL_CWD || is_argument(path->directory)) &&
	       path->directory != path->path && has_flags == (path->flag != 0) &&
	       (!has_flags || is_argument(path->flags));
}

static bool is_row_right(const struct call_row *row)
{
	if (row->nr >= NR_END)
		return false;
	if (row->action == CALL_REFUSE)
		return row->error > 0;
	if (row->action == CALL_PASS)
		return !row->error && row->condition == WHEN_ALWAYS;
	if (row->action != CALL_TRAP || row->error || !is_path_right(&row->paths[0]) || !is_path_right(&row->paths[1]))
		return false;
	if (row->condition == WHEN_VIEW)
		return row->when_value &&
		       !(row->when_value & ~(uint32_t)(VIEW_DIRECTORY | VIEW_VIRTUAL | VIEW_UNLISTED | VIEW_TWICE));
	return row->condition == WHEN_ALWAYS || is_argument(row->when_argument);
}

static void test_rows(void)
{
	bool is_right = true;

	for (unsigned int i = 0; i < call_row_count; i++)
		if (!is_row_right(&call_rows[i])) {
			printf("# %s\n", call_rows[i].name);
			is_right = false;
		}
	ok(is_right, "each row makes sense");
}

int main(void)
{
	test_headers();
	test_names();
	test_shapes();
	test_rows();
	return plan_done();
}
