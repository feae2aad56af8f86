/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/hardlinks_change.h"
#include "agent/dispatch.h"
#include "agent/hardlinks_directory.h"
#include "agent/pin.h"
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

#define FIND_TRIES_MOST 1000

/* The file that path WHICH, which is not followed, is a name of: 0 or -ENOENT. */
static long find_named(const struct call *call, unsigned int which, struct hardlinks_file *file)
{
	const struct host_path *path = &call->paths[which];
	char text[PATH_SIZE];
	long length = GATE_4(NR_readlinkat, path->directory, path->path, text, sizeof(text)), parent, status;

	file->directory = -1;
	file->form = HARDLINKS_NONE;
	if (length <= 0)
		return -ENOENT;
	parent = pin_open_parent(path->directory, "", (char *)path->path);
	if (parent < 0)
		return -ENOENT;
	status = hardlinks_find((int)parent, text, (size_t)length, file);
	if (status)
		file->form = HARDLINKS_NONE;
	GATE_1(NR_close, parent);
	return status;
}

static bool is_same_directory_file(const struct hardlinks_file *a, const struct hardlinks_file *b)
{
	struct stat one, other;

	return !GATE_2(NR_fstat, a->directory, &one) && !GATE_2(NR_fstat, b->directory, &other) &&
	       one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

static bool is_same_links_file(const struct hardlinks_file *a, const struct hardlinks_file *b)
{
	if (a->form != b->form || a->form == HARDLINKS_NONE)
		return false;
	return text_equal(a->form == HARDLINKS_OURS ? a->name : a->link,
			  b->form == HARDLINKS_OURS ? b->name : b->link) &&
	       is_same_directory_file(a, b);
}

static void release_both(struct hardlinks_change *change)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(change->files); i++) {
		hardlinks_release(&change->files[i]);
		if (change->locked[i] >= 0)
			store_file_close(change->locked[i]);
		change->locked[i] = -1;
	}
}

/* Lock that of file WHICH, unless the other is locked and the same: 0 or a negative errno. */
static long lock_one(struct hardlinks_change *change, unsigned int which)
{
	struct hardlinks_file *file = &change->files[which];
	long fd;

	if (file->form == HARDLINKS_NONE)
		return 0;
	if (change->locked[!which] >= 0 && is_same_directory_file(file, &change->files[!which]))
		return 0;
	fd = hardlinks_directory_lock(file);
	change->locked[which] = (int)MAX(fd, -1);
	return MIN(fd, 0);
}

/* In an order that is the same for all, so that none wait for each other. */
static bool is_second_first(const struct hardlinks_change *change)
{
	struct stat first, second;

	return change->files[0].form != HARDLINKS_NONE && change->files[1].form != HARDLINKS_NONE &&
	       !GATE_2(NR_fstat, change->files[0].directory, &first) &&
	       !GATE_2(NR_fstat, change->files[1].directory, &second) && second.st_ino < first.st_ino;
}

static long lock_both(struct hardlinks_change *change)
{
	unsigned int first = is_second_first(change);
	long status = lock_one(change, first);

	return status ? status : lock_one(change, !first);
}

/* Whether the names, looked at once more under the lock, are of these files still. */
static bool are_found_still(const struct hardlinks_change *change)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(change->files) - change->removes; i++) {
		struct hardlinks_file file;
		bool is_same;

		find_named(change->call, i, &file);
		is_same = file.form == change->files[i].form &&
			  (file.form == HARDLINKS_NONE || is_same_links_file(&file, &change->files[i]));
		hardlinks_release(&file);
		if (!is_same)
			return false;
	}
	return true;
}

static void find_both(struct hardlinks_change *change)
{
	change->files[1].directory = -1;
	change->files[1].form = HARDLINKS_NONE;
	for (unsigned int i = 0; i < ARRAY_SIZE(change->files) - change->removes; i++)
		find_named(change->call, i, &change->files[i]);
}

/* Whether there is a links directory in one of the directories above FROM that is not above TO as well. */
static bool leaves_links(char *from, const char *to)
{
	size_t depth, length = strlen(from);
	bool leaves = false;
	struct text path;

	while (!leaves && length && !(hardlinks_depth(to, length, &depth) && !memcmp(from, to, length))) {
		struct stat status;

		text_resume(&path, from, PATH_SIZE);
		text_add(&path, "/" HARDLINKS_NAME);
		leaves = !path.full && !GATE_4(NR_newfstatat, AT_FDCWD, from, &status, AT_SYMLINK_NOFOLLOW);
		while (length && from[--length] != '/')
			;
		from[length] = '\0';
	}
	return leaves;
}

/* The host path of the directory that holds path WHICH. */
static long parent_path(const struct call *call, unsigned int which, char *buf)
{
	const struct host_path *path = &call->paths[which];
	long fd = pin_open_parent(path->directory, "", (char *)path->path), status;

	if (fd < 0)
		return fd;
	status = proc_read_descriptor((int)fd, buf);
	GATE_1(NR_close, fd);
	if (status >= 0 && text_equal(buf, "/"))
		buf[0] = '\0';
	return status < 0 ? status : 0;
}

/* What is renamed from FROM to TO must stay below the directory that has the links directory of its file, or of files
 * in it. */
static bool may_go(struct hardlinks_change *change, unsigned int which, const char *from, const char *to)
{
	const struct host_path *path = &change->call->paths[which];
	struct hardlinks_file *file = &change->files[which];
	char place[PATH_SIZE];
	struct stat status;
	long length;
	size_t depth;

	if (file->form == HARDLINKS_TERMUX)
		return true;
	if (file->form == HARDLINKS_OURS) {
		length = hardlinks_directory_place(file->directory, place);
		return length < 0 ||
		       (hardlinks_depth(to, (size_t)length, &depth) && !memcmp(place, to, (size_t)length));
	}
	if (GATE_4(NR_newfstatat, path->directory, path->path, &status, AT_SYMLINK_NOFOLLOW) ||
	    (status.st_mode & S_IFMT) != S_IFDIR)
		return true;
	memcpy(place, from, strlen(from) + 1);
	return !leaves_links(place, to);
}

static long check_places(struct hardlinks_change *change)
{
	struct slot *slot = change->call->slot;
	char *old = slot->scratch.rest, *new = slot->scratch.rest + PATH_SIZE;

	if (change->removes || parent_path(change->call, 0, old) || parent_path(change->call, 1, new) ||
	    text_equal(old, new))
		return HARDLINKS_GO_ON;
	if (!may_go(change, 0, old, new) || (change->flags & RENAME_EXCHANGE && !may_go(change, 1, new, old)))
		return -EXDEV;
	return HARDLINKS_GO_ON;
}

long hardlinks_change_begin(struct hardlinks_change *change)
{
	long status = -ENOENT;

	change->locked[0] = change->locked[1] = -1;
	for (unsigned int tries = 0; status == -ENOENT && tries < FIND_TRIES_MOST; tries++) {
		find_both(change);
		status = lock_both(change);
		if (!status && (change->locked[0] >= 0 || change->locked[1] >= 0) && !are_found_still(change))
			status = -ENOENT;
		if (status)
			release_both(change);
	}
	if (status)
		return status == -ENOENT ? -EBUSY : status;
	/* do_renameat2() looks at that first. */
	if (!change->removes && !(change->flags & RENAME_NOREPLACE) &&
	    is_same_links_file(&change->files[0], &change->files[1]))
		status = 0;
	else
		status = check_places(change);
	if (status != HARDLINKS_GO_ON)
		release_both(change);
	return status;
}

/* The name NAME in the directory PARENT, LENGTH bytes of which are where the links directory is. */
static void note_name(int locked, const struct hardlinks_file *file, char *parent, size_t length, const char *name)
{
	struct hardlinks_file noted = *file;
	unsigned long count = hardlinks_count(file);
	struct text path;

	text_resume(&path, parent, PATH_SIZE);
	text_add(&path, "/");
	text_add(&path, name);
	if (!path.full && count)
		hardlinks_directory_count(locked, &noted, count, parent + length + 1);
}

/* The name has come to be at path WHICH: its text is made right. */
static void renew_text(struct hardlinks_change *change, const struct hardlinks_file *file, int locked,
		       unsigned int which)
{
	const struct host_path *path = &change->call->paths[which];
	char *parent = change->call->slot->scratch.rest, *text = parent + PATH_SIZE, place[PATH_SIZE];
	struct hardlinks_file now;
	long length = hardlinks_directory_place(file->directory, place), fd;
	size_t depth;

	if (file->form != HARDLINKS_OURS || length < 0 || parent_path(change->call, which, parent) ||
	    !hardlinks_depth(parent, (size_t)length, &depth) || !hardlinks_write_text(text, depth, file->name))
		return;
	find_named(change->call, which, &now);
	if (is_same_links_file(&now, file)) {
		fd = pin_open_parent(path->directory, "", (char *)path->path);
		if (fd >= 0) {
			hardlinks_directory_put(locked, text, (int)fd, text_base_name(path->path));
			GATE_1(NR_close, fd);
		}
		note_name(locked, file, parent, (size_t)length, text_base_name(path->path));
	}
	hardlinks_release(&now);
}

static int lock_of(const struct hardlinks_change *change, unsigned int which)
{
	return change->locked[which] >= 0 ? change->locked[which] : change->locked[!which];
}

static void settle(struct hardlinks_change *change)
{
	bool exchanges = change->flags & RENAME_EXCHANGE;
	unsigned int gone = change->removes ? 0 : 1;

	if (!change->removes && change->files[0].form != HARDLINKS_NONE)
		renew_text(change, &change->files[0], lock_of(change, 0), 1);
	if (exchanges && change->files[1].form != HARDLINKS_NONE)
		renew_text(change, &change->files[1], lock_of(change, 1), 0);
	if (!exchanges && change->files[gone].form != HARDLINKS_NONE)
		hardlinks_directory_drop(lock_of(change, gone), &change->files[gone]);
}

void hardlinks_change_end(struct hardlinks_change *change, long status)
{
	if (!status)
		settle(change);
	for (unsigned int i = 0; i < ARRAY_SIZE(change->files); i++) {
		hardlinks_release(&change->files[i]);
		if (change->locked[i] >= 0)
			hardlinks_directory_unlock(change->locked[i], !status);
	}
}

bool hardlinks_clear(const struct call *call, unsigned int which)
{
	const struct host_path *path = &call->paths[which];
	struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS };
	long fd = GATE_4(NR_openat2, path->directory, path->path, &how, sizeof(how));
	bool is_cleared = fd >= 0 && hardlinks_directory_clear((int)fd);

	if (fd >= 0)
		GATE_1(NR_close, fd);
	return is_cleared;
}
