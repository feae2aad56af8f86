/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/hardlinks_directory.h"
#include "agent/directory_owned.h"
#include "agent/plain.h"
#include "agent/proc.h"
#include "agent/store_file.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <linux/stat.h>

#define HARDLINKS_MODE 0711 /* others may use the files, and have a say about names nowhere */
#define MAY_WRITE_AND_SEARCH 3
/* How often the directory may be removed by others between opening and locking it. */
#define LOCK_TRIES_MOST 1000

bool hardlinks_depth(const char *host_path, size_t length, size_t *depth)
{
	*depth = 0;
	if (strlen(host_path) < length || (host_path[length] && host_path[length] != '/'))
		return false;
	for (const char *at = host_path + length; *at; at++)
		*depth += *at == '/' && at[1];
	return true;
}

/* Whether the directory NAME has a links directory of the user's. */
static bool has_links_directory(const char *name)
{
	char buf[PATH_SIZE];
	struct stat status;
	struct text path;

	text_init(&path, buf, sizeof(buf));
	text_add(&path, name);
	text_add(&path, "/" HARDLINKS_NAME);
	return !path.full && !GATE_4(NR_newfstatat, AT_FDCWD, buf, &status, AT_SYMLINK_NOFOLLOW) &&
	       (status.st_mode & S_IFMT) == S_IFDIR && status.st_uid == (uint32_t)GATE_0(NR_geteuid);
}

/*
 * Whether the first LENGTH bytes of PATH name a directory on DEVICE that the user may write, or has written, and,
 * unless it is to be OF_ALL, that is not everybody's, as /tmp is. PATH is changed meanwhile.
 */
static bool may_hold_links(char *path, size_t length, uint64_t device, bool of_all)
{
	char kept = path[length];
	const char *name = length ? path : "/";
	struct stat status;
	bool may;

	path[length] = '\0';
	may = !GATE_4(NR_newfstatat, AT_FDCWD, name, &status, AT_SYMLINK_NOFOLLOW) &&
	      (status.st_mode & S_IFMT) == S_IFDIR && status.st_dev == device &&
	      (of_all || !(status.st_mode & S_ISVTX) || status.st_uid == (uint32_t)GATE_0(NR_geteuid)) &&
	      (!GATE_4(NR_faccessat2, AT_FDCWD, name, MAY_WRITE_AND_SEARCH, AT_EACCESS) || has_links_directory(name));
	path[length] = kept;
	return may;
}

static bool is_at_or_above(const char *directory, size_t length, const char *path)
{
	return length && strlen(path) >= length && !memcmp(directory, path, length) &&
	       (!path[length] || path[length] == '/');
}

/* The length of the shortest host path of the view, or with the root / of where proot was started, that is at or above
 * PATH; 0: none is. */
static size_t begin_of_view(const char *path)
{
	const struct view *view = the_view();
	const struct view_order *order = view_order(view);
	size_t start_length = strlen(image_data()->links_start), begin = 0;

	if (!view_binding(view, 0)->host_length && is_at_or_above(image_data()->links_start, start_length, path))
		begin = start_length;
	for (uint32_t i = 0; i < order->count; i++) {
		size_t length = view_binding(view, order->entries[i])->host_length;

		if ((!begin || length < begin) && is_at_or_above(view_host(view, order->entries[i]), length, path))
			begin = length;
	}
	return begin;
}

static long choose_from(char *path, size_t begin, uint64_t device, bool of_all)
{
	size_t length = strlen(path);

	/* The root's own directory is for what lies in that itself. */
	for (size_t at = begin ? begin : MIN(length, 1); at <= length; at++)
		if ((!path[at] || path[at] == '/') && may_hold_links(path, at, device, of_all))
			return (long)at;
	return -EACCES;
}

long hardlinks_directory_choose(const char *host_path, uint64_t device)
{
	size_t begin = begin_of_view(host_path);
	char path[PATH_SIZE];
	long chosen;

	memcpy(path, host_path, strlen(host_path) + 1);
	chosen = choose_from(path, begin, device, false);
	return chosen < 0 ? choose_from(path, begin, device, true) : chosen;
}

/* Bring to its end what hardlinks_make.c has begun: a file that has been taken from its place gets a name there. */
static void finish_taking(int directory)
{
	char text[PATH_SIZE], name_text[PATH_SIZE];
	long length = GATE_4(NR_readlinkat, directory, HARDLINKS_TAKING, text, sizeof(text) - 1);
	const char *place = text + HARDLINKS_ID_SIZE;
	struct stat status;
	size_t depth;

	if (length <= HARDLINKS_ID_SIZE)
		return;
	text[length] = '\0';
	text[HARDLINKS_ID_SIZE - 1] = '\0';
	/* "../" is there for the file's place, as seen from the links directory. */
	if (!GATE_4(NR_newfstatat, directory, text, &status, AT_SYMLINK_NOFOLLOW) &&
	    hardlinks_depth(place, sizeof("..") - 1, &depth) && hardlinks_write_text(name_text, depth - 1, text)) {
		plain_begin_change();
		GATE_3(NR_symlinkat, name_text, directory, place);
		plain_end_change();
	}
	GATE_3(NR_unlinkat, directory, HARDLINKS_TAKING, 0);
}

/* 0, or -ENOENT: it has been removed meanwhile. */
static long lock_links(int directory)
{
	struct stat status;
	long error = store_file_lock(directory);

	if (!error)
		error = GATE_2(NR_fstat, directory, &status);
	if (!error && !status.st_nlink)
		error = -ENOENT;
	if (!error)
		finish_taking(directory);
	else
		store_file_close(directory);
	return error;
}

static long open_and_lock(int from, const char *path)
{
	struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS };
	long fd = GATE_4(NR_openat2, from, path, &how, sizeof(how)), error;

	if (fd < 0)
		return fd;
	error = lock_links((int)fd);
	return error ? error : fd;
}

long hardlinks_directory_open(const char *host_path, size_t length)
{
	char buf[PATH_SIZE];
	struct text path;
	long fd = -ENOENT;

	text_init(&path, buf, sizeof(buf));
	text_add_bytes(&path, host_path, length);
	text_add(&path, "/" HARDLINKS_NAME);
	if (path.full)
		return -ENAMETOOLONG;
	for (unsigned int tries = 0; fd == -ENOENT && tries < LOCK_TRIES_MOST; tries++) {
		fd = open_and_lock(AT_FDCWD, buf);
		if (fd != -ENOENT)
			return fd;
		/* Whatever the guest's umask is. */
		fd = GATE_3(NR_mkdirat, AT_FDCWD, buf, HARDLINKS_MODE);
		if (!fd)
			GATE_3(NR_fchmodat, AT_FDCWD, buf, HARDLINKS_MODE);
		if (!fd || fd == -EEXIST)
			fd = -ENOENT;
	}
	return fd;
}

long hardlinks_directory_lock(const struct hardlinks_file *file)
{
	long fd = open_and_lock(file->directory, ".");
	struct stat status;

	if (fd >= 0 && GATE_4(NR_newfstatat, fd, file->name, &status, AT_SYMLINK_NOFOLLOW)) {
		store_file_close((int)fd);
		return -ENOENT;
	}
	return fd;
}

void hardlinks_directory_unlock(int directory, bool emptied)
{
	char path[PATH_SIZE];

	if (emptied && proc_read_descriptor(directory, path) > 0 && text_ends(path, "/" HARDLINKS_NAME))
		GATE_3(NR_unlinkat, AT_FDCWD, path, AT_REMOVEDIR);
	store_file_close(directory);
}

long hardlinks_directory_place(int directory, char *buf)
{
	long length = proc_read_descriptor(directory, buf);

	if (length < 0)
		return length;
	if (!text_ends(buf, "/" HARDLINKS_NAME))
		return -ENOENT;
	length = (long)strlen(buf) - (long)(sizeof("/" HARDLINKS_NAME) - 1);
	buf[length] = '\0';
	return length;
}

long hardlinks_directory_put(int directory, const char *text, int to, const char *name)
{
	long status = GATE_3(NR_symlinkat, text, directory, HARDLINKS_NEW);

	if (status == -EEXIST && !GATE_3(NR_unlinkat, directory, HARDLINKS_NEW, 0))
		status = GATE_3(NR_symlinkat, text, directory, HARDLINKS_NEW);
	if (!status)
		status = GATE_4(NR_renameat, directory, HARDLINKS_NEW, to, name);
	return status;
}

/* The file first: a link to the count before finds it. */
static long recount_termux(int directory, struct hardlinks_file *file, unsigned long count)
{
	char name[NAME_LONGEST + 1], path[PATH_SIZE];
	struct text text;
	long status = proc_read_descriptor(directory, path);

	memcpy(name, file->name, strlen(file->name) + 1);
	if (status < 0 || !hardlinks_termux_recount(name, count))
		return status < 0 ? status : -EMLINK;
	status = GATE_4(NR_renameat, directory, file->name, directory, name);
	if (status)
		return status;
	memcpy(file->name, name, strlen(name) + 1);
	text_resume(&text, path, sizeof(path));
	text_add(&text, "/");
	text_add(&text, name);
	if (!text.full)
		hardlinks_directory_put(directory, path, directory, file->link);
	return 0;
}

static void add_hint(struct text *text, const char *hint, size_t length)
{
	if (length > HARDLINKS_HINT_MOST)
		return;
	text_add(text, "//");
	text_add_bytes(text, hint, length);
}

/* Those of the names that were noted before which are names still, but for HINT; MOST of them. */
static void keep_hints(int directory, const struct hardlinks_file *file, struct text *text, const char *name,
		       const char *hint, unsigned int most)
{
	char old[HARDLINKS_COUNT_SIZE], path[HARDLINKS_HINT_MOST + 4];
	long size = GATE_4(NR_readlinkat, directory, name, old, sizeof(old));
	const char *at = old, *end = old + MAX(size, 0);
	struct text hinted;
	size_t length;

	while (most && (length = hardlinks_next_hint(&at, end))) {
		text_init(&hinted, path, sizeof(path));
		text_add(&hinted, "../");
		text_add_bytes(&hinted, at, length);
		if (hinted.full || (hint && text_equal(path + 3, hint)) || !hardlinks_is_name(directory, path, file))
			continue;
		add_hint(text, at, length);
		most--;
	}
}

long hardlinks_directory_count(int directory, struct hardlinks_file *file, unsigned long count, const char *hint)
{
	char name[NAME_LONGEST + 1], digits[HARDLINKS_COUNT_SIZE];
	struct text text;

	if (file->form == HARDLINKS_TERMUX)
		return recount_termux(directory, file, count);
	hardlinks_count_name(name, file->name);
	text_init(&text, digits, sizeof(digits));
	text_add_number(&text, (long)count);
	keep_hints(directory, file, &text, name, hint, HARDLINKS_HINTS - !!hint);
	if (hint)
		add_hint(&text, hint, strlen(hint));
	return hardlinks_directory_put(directory, digits, directory, name);
}

void hardlinks_directory_drop(int directory, struct hardlinks_file *file)
{
	unsigned long count = hardlinks_count(file);
	char name[NAME_LONGEST + 1];

	/* Of one that is not known nothing may be taken. */
	if (count != 1) {
		if (count)
			hardlinks_directory_count(directory, file, count - 1, NULL);
		return;
	}
	GATE_3(NR_unlinkat, directory, file->name, 0);
	hardlinks_count_name(name, file->name);
	GATE_3(NR_unlinkat, directory, file->form == HARDLINKS_TERMUX ? file->link : name, 0);
}

#define CLEAR_TRIES_MOST 64 /* what is to be removed is read anew when that has been done */

/* The NAME of what is in a links directory without a file: removed. False for a file. */
static bool clear_entry(int directory, const char *name)
{
	if (hardlinks_is_identity(name))
		return false;
	if (!text_equal(name, ".") && !text_equal(name, ".."))
		GATE_3(NR_unlinkat, directory, name, 0);
	return true;
}

/* How many bytes of entries there were; -ENOTEMPTY where one is a file. */
static long clear_entries(int directory)
{
	char entries[1024];
	long length = GATE_3(NR_getdents64, directory, entries, sizeof(entries));

	for (long at = 0; at < length; at += ((const struct entry64 *)(entries + at))->length)
		if (!clear_entry(directory, ((const struct entry64 *)(entries + at))->name))
			return -ENOTEMPTY;
	return length;
}

bool hardlinks_directory_clear(int parent)
{
	long fd = open_and_lock(parent, HARDLINKS_NAME), status = 1;

	if (fd < 0)
		return false;
	for (unsigned int tries = 0; status > 0 && tries < CLEAR_TRIES_MOST; tries++)
		status = clear_entries((int)fd);
	if (!status)
		status = GATE_3(NR_unlinkat, parent, HARDLINKS_NAME, AT_REMOVEDIR);
	store_file_close((int)fd);
	return !status;
}
