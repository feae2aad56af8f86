/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "unpack/layer.h"

#include "unpack/progress.h"

#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

/* One entry on its way. */
struct step {
	struct archive *archive;
	struct archive_entry *entry;
	struct tree *tree;
	struct layer_losses *losses;
	struct failure *failure;
	struct tree_entry made;
	char path[PATH_SIZE];	/* clean */
	char target[PATH_SIZE]; /* of another name */
	const char *name;
};

static int fail(const struct step *step, int error)
{
	return failure_set(step->failure, "%s: %s", *step->path ? step->path : "/",
			   error == -EXDEV ? "its name leads out of the tree" : strerror(-error));
}

static int fail_of(const struct step *step)
{
	const char *text = archive_error_string(step->archive);

	return failure_set(step->failure, "%s", text ? text : "out of memory");
}

static int write_block(int fd, const char *block, size_t length, off_t offset)
{
	while (length) {
		ssize_t written = pwrite(fd, block, length, offset);

		if (written < 0 && errno != EINTR)
			return -errno;
		block += MAX(written, 0);
		length -= (size_t)MAX(written, 0);
		offset += MAX(written, 0);
	}
	return 0;
}

/* What is not in blocks is a hole. */
static int write_data(const struct step *step, int fd)
{
	la_int64_t offset;
	const void *block;
	size_t length;
	int result;

	while ((result = archive_read_data_block(step->archive, &block, &length, &offset)) == ARCHIVE_OK) {
		int error = progress_signal() ? -EINTR : write_block(fd, block, length, offset);

		if (error)
			return fail(step, error);
	}
	if (result != ARCHIVE_EOF)
		return fail_of(step);
	return ftruncate(fd, archive_entry_size(step->entry)) ? fail(step, -errno) : 0;
}

static void lose(unsigned long *count, char first[256], const struct step *step, const char *what)
{
	if (!(*count)++)
		snprintf(first, 256, "%.120s: %.60s: %.60s", step->path, what, strerror(errno));
}

/* FD, or where it is negative HOST_PATH, a link or the like, gets the attributes of the entry. */
static void set_attributes(const struct step *step, int fd, const char *host_path)
{
	const char *name;
	const void *value;
	size_t size;

	archive_entry_xattr_reset(step->entry);
	while (archive_entry_xattr_next(step->entry, &name, &value, &size) == ARCHIVE_OK)
		if (fd >= 0 ? fsetxattr(fd, name, value, size, 0) : lsetxattr(host_path, name, value, size, 0))
			lose(&step->losses->attributes, step->losses->attribute, step, name);
	step->losses->lists += archive_entry_acl_types(step->entry) != 0;
}

static int put_directory(struct step *step)
{
	int fd = tree_make_directory(step->tree, step->path, step->name, &step->made);

	if (fd < 0)
		return fail(step, fd);
	set_attributes(step, fd, NULL);
	close(fd);
	return 0;
}

/* Owner and attributes come behind the data, which would take some, and the mode behind the owner. */
static int finish_file(const struct step *step, int fd)
{
	int error = tree_give(fd, &step->made);

	if (!error)
		set_attributes(step, fd, NULL);
	if (!error)
		error = tree_finish_file(fd, &step->made);
	return error ? fail(step, error) : 0;
}

static int put_file(struct step *step, int fd)
{
	int error;

	if (fd < 0)
		return fail(step, fd);
	error = write_data(step, fd);
	if (!error)
		error = finish_file(step, fd);
	if (close(fd) && !error)
		error = fail(step, -errno);
	return error;
}

/* Archives of cpio have the data with the last of the names. */
static int put_link(struct step *step)
{
	mode_t mode = step->made.mode;
	int error;

	step->made.mode = 0;
	step->made.target = step->target;
	error = tree_clean_path(archive_entry_hardlink(step->entry), step->target);
	if (!error)
		error = tree_make_other(step->tree, step->name, &step->made);
	if (error == -EXDEV)
		return failure_set(step->failure, "%s: what it is another name of lies outside of the tree",
				   step->path);
	if (error)
		return failure_set(step->failure, "%s: can't be made another name of %s: %s", step->path, step->target,
				   strerror(-error));
	step->made.mode = mode;
	if (!S_ISREG(mode) || !archive_entry_size_is_set(step->entry) || archive_entry_size(step->entry) <= 0)
		return 0;
	return put_file(step, tree_open_file(step->tree, step->name));
}

static int put_other(struct step *step)
{
	bool is_device = S_ISCHR(step->made.mode) || S_ISBLK(step->made.mode);
	char host_path[64 + NAME_LONGEST];
	int error;

	step->made.target = archive_entry_symlink(step->entry);
	if (S_ISLNK(step->made.mode) && !step->made.target)
		return fail(step, -EINVAL);
	error = tree_make_other(step->tree, step->name, &step->made);
	/* The root of a container may not make devices, and has its own. */
	if (error == -EPERM && is_device) {
		errno = EPERM;
		lose(&step->losses->devices, step->losses->device, step, "device");
		return 0;
	}
	if (error)
		return fail(step, error);
	if (snprintf(host_path, sizeof(host_path), "/proc/self/fd/%d/%s", step->tree->parent, step->name) <
	    (int)sizeof(host_path))
		set_attributes(step, -1, host_path);
	return 0;
}

/* An owner that can be a user's: (uid_t)-1 can't. */
static bool is_id(la_int64_t id)
{
	return id >= 0 && id < UINT32_MAX;
}

static int read_entry(struct step *step)
{
	struct archive_entry *entry = step->entry;
	const char *path = archive_entry_pathname(entry);
	int error;

	strcpy(step->path, "");
	if (!path)
		return failure_set(step->failure, "there is an entry without a name");
	error = tree_clean_path(path, step->path);
	if (error) {
		snprintf(step->path, sizeof(step->path), "%s", path);
		return fail(step, error);
	}
	if (!is_id(archive_entry_uid(entry)) || !is_id(archive_entry_gid(entry)))
		return failure_set(step->failure, "%s: its owner is no number of a user", step->path);
	step->made = (struct tree_entry){ .mode = archive_entry_mode(entry),
					  .uid = (uid_t)archive_entry_uid(entry),
					  .gid = (gid_t)archive_entry_gid(entry),
					  .device = archive_entry_rdev(entry),
					  .mtime = { archive_entry_mtime(entry), archive_entry_mtime_nsec(entry) } };
	return 0;
}

static int put(struct step *step)
{
	if (archive_entry_hardlink(step->entry))
		return put_link(step);
	switch (step->made.mode & S_IFMT) {
	case S_IFDIR:
		return put_directory(step);
	case S_IFREG:
		return put_file(step, tree_make_file(step->tree, step->name));
	case S_IFLNK:
	case S_IFIFO:
	case S_IFSOCK:
	case S_IFCHR:
	case S_IFBLK:
		return put_other(step);
	}
	return failure_set(step->failure, "%s: it is of no kind that a file can be of", step->path);
}

/* What a whiteout hides lies where no directory is made for it. */
static int hide(struct step *step)
{
	int error = tree_enter(step->tree, step->path, false, &step->name);

	if (error == -ENOENT || error == -ENOTDIR)
		return 0;
	if (!error)
		error = tree_hide(step->tree, step->name);
	return error ? fail(step, error) : 0;
}

static int take(struct step *step, bool is_image)
{
	int error = read_entry(step);

	if (error)
		return error;
	if (is_image && tree_is_whiteout(step->path))
		return hide(step);
	if (!*step->path && !S_ISDIR(step->made.mode))
		return failure_set(step->failure, "the tree itself is no directory in it");
	step->name = "";
	error = *step->path ? tree_enter(step->tree, step->path, true, &step->name) : 0;
	return error ? fail(step, error) : put(step);
}

int layer_unpack(struct archive *archive, struct tree *tree, bool is_image, struct layer_losses *losses,
		 struct failure *failure)
{
	struct step step = { .archive = archive, .tree = tree, .losses = losses, .failure = failure };
	int result, error;

	while ((result = archive_read_next_header(archive, &step.entry)) != ARCHIVE_EOF) {
		if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
			return fail_of(&step);
		if (progress_signal())
			return failure_set(failure, "%s", strerror(EINTR));
		if (take(&step, is_image))
			return -1;
	}
	error = tree_settle(tree);
	return error ? failure_set(failure, "%s", strerror(-error)) : 0;
}
