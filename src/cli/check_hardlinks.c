/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "cli/check_hardlinks.h"
#include "base/text.h"
#include "cli/check_store.h"
#include "cli/copy.h"
#include "cli/explain.h"
#include "cli/host.h"
#include "cli/hardlinks.h"
#include "cli/message.h"

#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Descriptors nftw(3) may use. */
#define DEPTH 64

/* A file with names. Sorted by path, once all have been met. */
struct named_file {
	char *path;
	unsigned long count; /* that is kept; 0: none */
	unsigned long names; /* that have been met */
	unsigned long flat;  /* of those, made real */
};

/* What has been met: nftw(3) hands nothing to its function. */
static struct {
	struct check check;
	enum hardlinks_task task;
	struct named_file *files;
	size_t file_count, file_room;
	char **names; /* links that look like names */
	size_t name_count, name_room;
	char **others; /* what is in a links directory and no file with names, or a link of Termux's to one */
	size_t other_count, other_room;
	unsigned long copies;
	unsigned long moved; /* names whose text leads elsewhere */
	bool is_incomplete;  /* something could not be looked into, or there is no memory: nothing may be removed */
} met;

/* Room for one more in the array at *ITEMS. */
static bool make_room(void **items, size_t *room, size_t count, size_t size)
{
	size_t wanted = *room ? *room * 2 : 256;
	void *grown;

	if (count < *room)
		return true;
	grown = reallocarray(*items, wanted, size);
	if (!grown) {
		met.is_incomplete = true;
		return false;
	}
	*items = grown;
	*room = wanted;
	return true;
}

static void add_text(char ***texts, size_t *count, size_t *room, const char *path)
{
	if (!make_room((void **)texts, room, *count, sizeof(**texts)))
		return;
	(*texts)[*count] = strdup(path);
	met.is_incomplete |= !(*texts)[*count];
	*count += (*texts)[*count] != NULL;
}

/* The count kept beside a file, or in its name. */
static unsigned long kept_count(const char *path)
{
	char beside[PATH_SIZE], text[16];
	ssize_t length;

	if (hardlinks_form_of(path) == HARDLINKS_TERMUX)
		return hardlinks_termux_count(text_base_name(path));
	if (snprintf(beside, sizeof(beside), "%s" HARDLINKS_COUNT, path) >= PATH_SIZE)
		return 0;
	length = readlink(beside, text, sizeof(text));
	return length > 0 ? hardlinks_read_count(text, (size_t)length) : 0;
}

static void add_file(const char *path)
{
	struct named_file file = { .path = strdup(path), .count = kept_count(path) };

	if (!file.path || !make_room((void **)&met.files, &met.file_room, met.file_count, sizeof(*met.files))) {
		met.is_incomplete = true;
		free(file.path);
		return;
	}
	met.files[met.file_count++] = file;
}

static bool is_in_links_directory(const char *path, const struct FTW *place)
{
	char directory[PATH_SIZE];

	return snprintf(directory, sizeof(directory), "%.*s", place->base - 1, path) < PATH_SIZE &&
	       text_equal(text_base_name(directory), HARDLINKS_NAME);
}

static int meet(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	const char *name = path + place->base;
	struct hardlinks_text read;
	char text[PATH_SIZE];
	ssize_t length;

	if (kind == FTW_NS || kind == FTW_DNR) {
		message_warning("can't look into '%s'", path);
		met.is_incomplete = true;
	}
	if (kind == FTW_NS || S_ISDIR(status->st_mode))
		return 0;
	if (hardlinks_form_of(path) != HARDLINKS_NONE && hardlinks_is_file(path)) {
		add_file(path);
		return 0;
	}
	if (is_in_links_directory(path, place) || hardlinks_is_termux(name)) {
		add_text(&met.others, &met.other_count, &met.other_room, path);
		return 0;
	}
	length = S_ISLNK(status->st_mode) ? readlink(path, text, sizeof(text)) : 0;
	if (length > 0 && hardlinks_read_text(text, (size_t)length, &read))
		add_text(&met.names, &met.name_count, &met.name_room, path);
	return 0;
}

static int compare_files(const void *a, const void *b)
{
	return strcmp(((const struct named_file *)a)->path, ((const struct named_file *)b)->path);
}

static struct named_file *find_file(char *path)
{
	struct named_file key = { .path = path };

	return bsearch(&key, met.files, met.file_count, sizeof(key), compare_files);
}

static bool repairs(void)
{
	return met.task != HARDLINKS_CHECK;
}

/* Put the link TEXT in the place of PATH in one step. */
static bool put_link(const char *text, const char *path)
{
	char new[PATH_SIZE];

	if (snprintf(new, sizeof(new), "%.*s" HARDLINKS_NEW, (int)(text_base_name(path) - path), path) >= PATH_SIZE)
		return false;
	unlink(new);
	return !symlink(text, new) && !rename(new, path);
}

/* How the text of the name PATH of FILE is to be, into BUF of PATH_SIZE; LINK is Termux's. */
static bool write_text(const char *path, const char *file, const char *link, char *buf)
{
	size_t place = strlen(file) - strlen("/" HARDLINKS_NAME "/") - (HARDLINKS_ID_SIZE - 1), depth = 0;

	if (hardlinks_form_of(file) == HARDLINKS_TERMUX)
		return strcpy(buf, link);
	for (const char *at = path + place + 1; *at; at++)
		depth += *at == '/';
	return hardlinks_write_text(buf, depth, text_base_name(file));
}

/*
 * The text that a name has, or Termux's link: after directories have been moved it does not lead to the file. To guests
 * that means nothing.
 */
static void check_text(const char *path, const char *wanted)
{
	char text[PATH_SIZE];
	ssize_t length = readlink(path, text, sizeof(text) - 1);

	text[MAX(length, 0)] = '\0';
	if (!text_equal(text, wanted) && !(repairs() && put_link(wanted, path)))
		met.moved++;
}

static void check_name(const char *path)
{
	char file[PATH_SIZE], link[PATH_SIZE] = "", wanted[PATH_SIZE];
	struct named_file *found;

	if (hardlinks_find_file(path, file, -1, link) < 0 || !(found = find_file(file))) {
		check_say(&met.check, false, "%s: its file is gone", path);
		return;
	}
	found->names++;
	if (write_text(path, file, link, wanted))
		check_text(path, wanted);
}

/* The name of what has the count of FILE, or leads to it, into BUF of PATH_SIZE. */
static bool name_beside(const struct named_file *file, char *buf)
{
	bool is_termux = hardlinks_form_of(file->path) == HARDLINKS_TERMUX;
	size_t length = strlen(file->path) - (is_termux ? strlen(".0000") : 0);

	return snprintf(buf, PATH_SIZE, "%.*s%s", (int)length, file->path, is_termux ? "" : HARDLINKS_COUNT) <
	       PATH_SIZE;
}

/* Whether the count of FILE has been put right. Its path may be another then. */
static bool put_count(struct named_file *file)
{
	bool is_termux = hardlinks_form_of(file->path) == HARDLINKS_TERMUX;
	char beside[PATH_SIZE], text[PATH_SIZE];

	if (!name_beside(file, beside))
		return false;
	if (!is_termux) {
		snprintf(text, sizeof(text), "%lu", file->names);
		return put_link(text, beside);
	}
	strcpy(text, file->path);
	if (!hardlinks_termux_recount(text, file->names) || rename(file->path, text))
		return false;
	strcpy(file->path, text);
	return put_link(text, beside);
}

static bool remove_file(const struct named_file *file)
{
	char beside[PATH_SIZE];

	return !met.is_incomplete && !unlink(file->path) && name_beside(file, beside) &&
	       (!unlink(beside) || errno == ENOENT);
}

static void check_file(struct named_file *file)
{
	char beside[PATH_SIZE];

	if (!file->names)
		check_say(&met.check, repairs() && remove_file(file), "%s: no name has it any more", file->path);
	else if (file->names != file->count)
		check_say(&met.check, repairs() && !met.is_incomplete && put_count(file),
			  "%s: it has %lu name%s, and %lu are counted", file->path, file->names,
			  file->names == 1 ? "" : "s", file->count);
	if (file->names && hardlinks_form_of(file->path) == HARDLINKS_TERMUX && name_beside(file, beside))
		check_text(beside, file->path);
}

/* A file that has been taken from its place gets its name: agent/hardlinks_make.c. */
static bool finish_taking(const char *note)
{
	char text[PATH_SIZE], place[2 * PATH_SIZE], name_text[PATH_SIZE];
	ssize_t length = readlink(note, text, sizeof(text) - 1);
	size_t depth = 0;
	struct stat status;

	if (length <= HARDLINKS_ID_SIZE)
		return !unlink(note);
	text[length] = text[HARDLINKS_ID_SIZE - 1] = '\0';
	for (const char *at = text + HARDLINKS_ID_SIZE + strlen("../"); *at; at++)
		depth += *at == '/';
	snprintf(place, sizeof(place), "%.*s%s", (int)(text_base_name(note) - note), note, text + HARDLINKS_ID_SIZE);
	if (lstat(place, &status) && hardlinks_write_text(name_text, depth, text) && symlink(name_text, place))
		return false;
	return !unlink(note);
}

/* Whether a file belongs to the count, or link of Termux's, PATH. */
static bool belongs_to_file(const char *path)
{
	char file[PATH_SIZE];
	const char *name = text_base_name(path);
	ssize_t length = (ssize_t)(strlen(path) - strlen(HARDLINKS_COUNT));

	if (!text_ends(path, HARDLINKS_COUNT)) {
		/* Of those without a name check_file() has said so. */
		for (size_t i = 0; hardlinks_is_termux(name) && i < met.file_count; i++)
			if (name_beside(&met.files[i], file) && text_equal(file, path))
				return true;
		return false;
	}
	snprintf(file, sizeof(file), "%.*s", (int)length, path);
	return find_file(file) != NULL;
}

static void check_other(const char *path)
{
	if (text_equal(text_base_name(path), HARDLINKS_TAKING))
		return;
	if (!belongs_to_file(path))
		check_say(&met.check, repairs() && !met.is_incomplete && (!unlink(path) || errno == ENOENT),
			  "%s: left behind", path);
}

/* Before names are met. */
static void check_taking(void)
{
	for (size_t i = 0; i < met.other_count; i++)
		if (text_equal(text_base_name(met.others[i]), HARDLINKS_TAKING))
			check_say(&met.check, repairs() && finish_taking(met.others[i]),
				  "%s: a file has not got its name back", met.others[i]);
}

/* The name PATH becomes a hard link to its file, or has it alone, or a copy. */
static bool flatten_name(struct named_file *file, const char *path)
{
	char new[PATH_SIZE];
	int error = 0;

	if (snprintf(new, sizeof(new), "%.*s" HARDLINKS_NEW, (int)(text_base_name(path) - path), path) >= PATH_SIZE)
		return false;
	unlink(new);
	if (link(file->path, new)) {
		if (file->flat + 1 == file->names)
			return !rename(file->path, path);
		error = copy_file(file->path, new);
		met.copies += !error;
	}
	if (!error && !rename(new, path))
		return true;
	message_warning("can't make '%s' a file: %s", path, strerror(error ? -error : errno));
	unlink(new);
	return false;
}

static void flatten(void)
{
	char path[PATH_SIZE];

	for (size_t i = 0; i < met.name_count; i++) {
		struct named_file *file = NULL;

		if (hardlinks_find_file(met.names[i], path, -1, NULL) >= 0)
			file = find_file(path);
		if (file && flatten_name(file, met.names[i]))
			file->flat++;
		else if (file)
			met.check.left++;
	}
	for (size_t i = 0; i < met.file_count; i++)
		if (met.files[i].flat && met.files[i].flat == met.files[i].names && name_beside(&met.files[i], path)) {
			unlink(met.files[i].path);
			unlink(path);
		}
}

/* Those that are empty. */
static int remove_directory(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status;
	if (kind == FTW_DP && text_equal(path + place->base, HARDLINKS_NAME))
		rmdir(path);
	return 0;
}

static void sum_up(void)
{
	const struct check *check = &met.check;

	if (check->problems)
		printf("%lu problem%s, %lu left, in ", check->problems, check->problems == 1 ? "" : "s", check->left);
	else
		printf("all is well with ");
	printf("%zu name%s of %zu file%s", met.name_count, met.name_count == 1 ? "" : "s", met.file_count,
	       met.file_count == 1 ? "" : "s");
	if (met.task == HARDLINKS_FLATTEN)
		printf(", made real: %lu as copies", met.copies);
	if (met.moved)
		printf("; on the host %lu of them lead%s elsewhere", met.moved, met.moved == 1 ? "s" : "");
	puts(met.is_incomplete ? "; not all could be looked into" : "");
}

static bool is_below(const char *path, const char *directory)
{
	size_t length = strcmp(directory, "/") ? strlen(directory) : 0;

	return !strncmp(path, directory, length) && path[length] == '/';
}

/*
 * Names below PATH may be of files whose links directory lies above: then that one's place becomes PATH, for the file's
 * other names are below it. Whether it does.
 */
static bool go_up(char *path)
{
	char file[PATH_SIZE];

	for (size_t i = 0; i < met.name_count; i++) {
		if (hardlinks_find_file(met.names[i], file, -1, NULL) < 0 || is_below(file, path))
			continue;
		*strrchr(file, '/') = '\0';
		if (text_ends(file, "/" HARDLINKS_NAME))
			*strrchr(file, '/') = '\0';
		/* What is not above is in Termux's form, from before the tree was moved. */
		if (is_below(path, *file ? file : "/")) {
			strcpy(path, *file ? file : "/");
			return true;
		}
	}
	return false;
}

static void check_all(void)
{
	qsort(met.files, met.file_count, sizeof(*met.files), compare_files);
	for (size_t i = 0; i < met.name_count; i++)
		check_name(met.names[i]);
	for (size_t i = 0; i < met.other_count; i++)
		check_other(met.others[i]);
	for (size_t i = 0; i < met.file_count; i++)
		check_file(&met.files[i]);
}

static void forget_met(void)
{
	for (size_t i = 0; i < met.name_count; i++)
		free(met.names[i]);
	for (size_t i = 0; i < met.other_count; i++)
		free(met.others[i]);
	for (size_t i = 0; i < met.file_count; i++)
		free(met.files[i].path);
	met.name_count = met.other_count = met.file_count = 0;
}

static int meet_all(const char *path)
{
	forget_met();
	return nftw(path, meet, DEPTH, FTW_PHYS | FTW_MOUNT) ? -errno : 0;
}

/* What TAKING notes has an influence on names, so it comes first, and then all is met anew. */
static int look(char *path)
{
	int error = meet_all(path);

	while (!error && go_up(path))
		error = meet_all(path);
	check_taking();
	return error || !met.check.problems || !repairs() ? error : meet_all(path);
}

int hardlinks_check(const char *directory, enum hardlinks_task task)
{
	static char path[PATH_SIZE];
	struct stat status;
	int error = host_canonicalise(directory, path);

	if (!error && (stat(path, &status) || !S_ISDIR(status.st_mode)))
		error = -ENOTDIR;
	met.task = task;
	if (!error) {
		error = look(path);
	}
	if (error) {
		message_error("can't check '%s': %s", directory, strerror(-error));
		return EXIT_OWN_FAILURE;
	}
	check_all();
	if (task == HARDLINKS_FLATTEN && !met.is_incomplete && !met.check.left)
		flatten();
	if (repairs())
		nftw(path, remove_directory, DEPTH, FTW_PHYS | FTW_MOUNT | FTW_DEPTH);
	sum_up();
	forget_met();
	free(met.files);
	free(met.names);
	free(met.others);
	return met.check.left || met.is_incomplete;
}
