/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "unpack/tree.h"

#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#define WHITEOUT ".wh."
#define OPAQUE ".wh..wh..opq"

/* What a directory gets when the layer is done. Until then it may be written to. */
struct directory {
	dev_t dev;
	ino_t ino;
	mode_t mode;
	struct timespec mtime;
	struct directory *next; /* the one that was noted before */
	bool is_gone;
	char path[]; /* clean; it may lead through links */
};

static int compare_directories(const void *a, const void *b)
{
	const struct directory *one = a, *other = b;

	if (one->dev != other->dev)
		return one->dev < other->dev ? -1 : 1;
	return one->ino < other->ino ? -1 : one->ino > other->ino;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Open the directory PATH of the tree, whose links are the tree's. */
static int open_inside(const struct tree *tree, const char *path)
{
	struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	long fd = syscall(SYS_openat2, tree->root, *path ? path : ".", &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

static void leave(struct tree *tree)
{
	if (tree->parent >= 0)
		close(tree->parent);
	tree->parent = -1;
	free(tree->parent_path);
	tree->parent_path = NULL;
}

int tree_begin(struct tree *tree, const char *host_path)
{
	int root = open(host_path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	*tree = (struct tree){ .root = root, .parent = -1 };
	return root < 0 ? -errno : 0;
}

static void keep(void *node)
{
	(void)node;
}

static void forget_all(struct tree *tree)
{
	tdestroy(tree->directories, keep);
	tdestroy(tree->made, free);
	tree->directories = tree->made = NULL;
	tree->count = 0;
	while (tree->last) {
		struct directory *directory = tree->last;

		tree->last = directory->next;
		free(directory);
	}
}

void tree_end(struct tree *tree)
{
	leave(tree);
	forget_all(tree);
	if (tree->root >= 0)
		close(tree->root);
	tree->root = -1;
}

void tree_begin_layer(struct tree *tree, bool hides)
{
	leave(tree);
	forget_all(tree);
	tree->hides = hides;
}

/* Note what the directory is to be, or only where that is not known yet. */
static int note_directory(struct tree *tree, const struct stat *status, const char *path, mode_t mode,
			  struct timespec mtime, bool replaces)
{
	struct directory *directory = malloc(sizeof(*directory) + strlen(path) + 1), **found;

	if (!directory)
		return -ENOMEM;
	*directory = (struct directory){
		.dev = status->st_dev, .ino = status->st_ino, .mode = mode & 07777, .mtime = mtime, .next = tree->last
	};
	strcpy(directory->path, path);
	found = tsearch(directory, &tree->directories, compare_directories);
	if (found && *found == directory) {
		tree->last = directory;
		tree->count++;
		return 0;
	}
	if (found && replaces) {
		(*found)->mode = directory->mode;
		(*found)->mtime = mtime;
	}
	free(directory);
	return found ? 0 : -ENOMEM;
}

/* It is removed: its inode may become another's. */
static void forget_directory(struct tree *tree, const struct stat *status)
{
	struct directory wanted = { .dev = status->st_dev, .ino = status->st_ino };
	struct directory **found = tfind(&wanted, &tree->directories, compare_directories);

	if (!found)
		return;
	(*found)->is_gone = true;
	tdelete(&wanted, &tree->directories, compare_directories);
}

/* The name of an entry of the layer, to be given to free(). */
static char *name_made(const struct stat *directory, const char *name)
{
	char *text;

	return asprintf(&text, "%llx:%llx/%s", (unsigned long long)directory->st_dev,
			(unsigned long long)directory->st_ino, name) < 0 ?
		       NULL :
		       text;
}

static int note_made(struct tree *tree, const struct stat *directory, const char *name)
{
	char *text = tree->hides ? name_made(directory, name) : NULL, **found;

	if (!tree->hides)
		return 0;
	found = text ? tsearch(text, &tree->made, compare_names) : NULL;
	if (!found || *found != text)
		free(text);
	return found ? 0 : -ENOMEM;
}

static int note_made_here(struct tree *tree, const char *name)
{
	struct stat directory = { .st_dev = tree->parent_dev, .st_ino = tree->parent_ino };

	return note_made(tree, &directory, name);
}

/* 1, 0 or a negative errno. */
static int is_made(const struct tree *tree, const struct stat *directory, const char *name)
{
	char *text = name_made(directory, name);
	bool is_found = text && tfind(text, &tree->made, compare_names);

	free(text);
	return text ? is_found : -ENOMEM;
}

int tree_clean_path(const char *path, char *buf)
{
	struct text clean;

	text_init(&clean, buf, PATH_SIZE);
	while (*path) {
		size_t length = strcspn(path, "/");

		if (length == 2 && !strncmp(path, "..", 2))
			return -EXDEV;
		if (length && !(length == 1 && *path == '.')) {
			text_add(&clean, clean.length ? "/" : "");
			text_add_bytes(&clean, path, length);
		}
		path += length + (path[length] == '/');
	}
	return clean.full ? -ENAMETOOLONG : 0;
}

/* Make the directory NAME in that called ABOVE. */
static int make_one(struct tree *tree, const char *above, const char *name)
{
	int fd = open_inside(tree, above), error;
	struct stat status;

	if (fd < 0)
		return fd;
	error = mkdirat(fd, name, 0755) || fstat(fd, &status) ? -errno : note_made(tree, &status, name);
	close(fd);
	/* There is a link, and it leads nowhere. */
	return error == -EEXIST ? -ENOENT : error;
}

/* Make what is missing of the first LENGTH bytes of PATH, as root would find it natural. */
static int make_missing(struct tree *tree, const char *path, size_t length)
{
	char above[PATH_SIZE] = "", prefix[PATH_SIZE], name[PATH_SIZE];
	size_t at = 0, end;
	int fd, error;

	for (; at < length; at = end + 1) {
		end = at + strcspn(path + at, "/");
		snprintf(prefix, sizeof(prefix), "%.*s", (int)end, path);
		snprintf(name, sizeof(name), "%.*s", (int)(end - at), path + at);
		fd = open_inside(tree, prefix);
		error = fd == -ENOENT ? make_one(tree, above, name) : MIN(fd, 0);
		if (fd >= 0)
			close(fd);
		if (error)
			return error;
		strcpy(above, prefix);
	}
	return 0;
}

/* A directory that may be written to, and is afterwards what it was. */
static int open_up(struct tree *tree, int fd, const char *path)
{
	struct stat status;
	int error;

	if (fstat(fd, &status))
		return -errno;
	tree->parent_dev = status.st_dev;
	tree->parent_ino = status.st_ino;
	error = note_directory(tree, &status, path, status.st_mode, status.st_mtim, false);
	if (!error && (status.st_mode & 0700) != 0700 && fchmod(fd, (status.st_mode & 07777) | 0700))
		error = -errno;
	return error;
}

int tree_enter(struct tree *tree, const char *path, bool makes, const char **name)
{
	const char *base = text_base_name(path);
	size_t length = base == path ? 0 : (size_t)(base - path) - 1;
	char *parent;
	int error;

	*name = base;
	if (tree->parent >= 0 && strlen(tree->parent_path) == length && !strncmp(tree->parent_path, path, length))
		return 0;
	leave(tree);
	parent = strndup(path, length);
	if (!parent)
		return -ENOMEM;
	tree->parent = open_inside(tree, parent);
	if (tree->parent == -ENOENT && makes) {
		error = make_missing(tree, path, length);
		tree->parent = error ? error : open_inside(tree, parent);
	}
	tree->parent_path = parent;
	error = tree->parent < 0 ? tree->parent : open_up(tree, tree->parent, parent);
	if (error)
		leave(tree);
	return error;
}

static int remove_all(struct tree *tree, int parent, const char *name, bool keeps_made);

/* Remove what is in the directory FD, which is closed. KEEPS_MADE: not what the layer has made. */
static int empty(struct tree *tree, int fd, bool keeps_made)
{
	DIR *listing = fdopendir(fd);
	struct dirent *entry;
	int error = 0;

	if (!listing) {
		error = -errno;
		close(fd);
		return error;
	}
	while (!error && (errno = 0, entry = readdir(listing)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			error = remove_all(tree, dirfd(listing), entry->d_name, keeps_made);
	if (!error && errno)
		error = -errno;
	closedir(listing);
	return error;
}

/* What is kept in it keeps the directory. */
static int remove_directory(struct tree *tree, int parent, const char *name, bool keeps_made, bool is_kept)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), error;
	struct stat status;

	if (fd < 0 || fstat(fd, &status)) {
		error = -errno;
		if (fd >= 0)
			close(fd);
		return error;
	}
	error = empty(tree, fd, keeps_made);
	if (error || is_kept)
		return error;
	if (unlinkat(parent, name, AT_REMOVEDIR))
		return keeps_made && errno == ENOTEMPTY ? 0 : -errno;
	forget_directory(tree, &status);
	return 0;
}

static int remove_all(struct tree *tree, int parent, const char *name, bool keeps_made)
{
	struct stat directory, status;
	int kept = 0;

	if (fstat(parent, &directory) || fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW))
		return -errno;
	if (keeps_made)
		kept = is_made(tree, &directory, name);
	if (kept < 0)
		return kept;
	if (S_ISDIR(status.st_mode))
		return remove_directory(tree, parent, name, keeps_made, kept);
	return kept || !unlinkat(parent, name, 0) ? 0 : -errno;
}

/* Room for the new NAME in the directory that was entered. */
static int make_room(struct tree *tree, const char *name)
{
	int error = remove_all(tree, tree->parent, name, false);

	return error == -ENOENT ? 0 : error;
}

bool tree_is_whiteout(const char *path)
{
	return text_begins(text_base_name(path), WHITEOUT);
}

int tree_hide(struct tree *tree, const char *name)
{
	const char *hidden = name + strlen(WHITEOUT);
	int error, fd;

	if (!tree->hides)
		return 0;
	if (!strcmp(name, OPAQUE)) {
		fd = openat(tree->parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		return fd < 0 ? -errno : empty(tree, fd, true);
	}
	/* What AUFS keeps for itself begins so. */
	if (text_begins(hidden, WHITEOUT))
		return 0;
	if (!*hidden || !strcmp(hidden, ".") || !strcmp(hidden, ".."))
		return -EINVAL;
	error = remove_all(tree, tree->parent, hidden, true);
	return error == -ENOENT ? 0 : error;
}

/* The attributes of a directory that is replaced by one with others. */
static void clear_attributes(int fd)
{
	char names[4096];
	ssize_t length = flistxattr(fd, names, sizeof(names));

	for (ssize_t at = 0; at < length; at += (ssize_t)strlen(names + at) + 1)
		fremovexattr(fd, names + at);
}

/* The directory NAME, new or not. */
static int open_directory(struct tree *tree, const char *name)
{
	bool is_new = *name && !mkdirat(tree->parent, name, 0700);
	int fd, error;

	if (*name && !is_new && errno != EEXIST)
		return -errno;
	fd = openat(*name ? tree->parent : tree->root, *name ? name : ".",
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && !is_new)
		clear_attributes(fd);
	if (fd >= 0)
		return fd;
	if (errno != ENOTDIR && errno != ELOOP)
		return -errno;
	error = make_room(tree, name);
	return error ? error : open_directory(tree, name);
}

int tree_make_directory(struct tree *tree, const char *path, const char *name, const struct tree_entry *entry)
{
	struct stat status;
	int fd = open_directory(tree, name), error;

	if (fd < 0)
		return fd;
	error = fstat(fd, &status) ? -errno : tree_give(fd, entry);
	if (!error && fchmod(fd, 0700))
		error = -errno;
	if (!error)
		error = note_directory(tree, &status, path, entry->mode, entry->mtime, true);
	if (!error && *name)
		error = note_made_here(tree, name);
	if (error)
		close(fd);
	return error ? error : fd;
}

int tree_make_file(struct tree *tree, const char *name)
{
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, error;
	int fd = openat(tree->parent, name, flags, 0600);

	if (fd < 0 && errno == EEXIST) {
		error = make_room(tree, name);
		if (error)
			return error;
		fd = openat(tree->parent, name, flags, 0600);
	}
	error = fd < 0 ? -errno : note_made_here(tree, name);
	if (error && fd >= 0)
		close(fd);
	return error ? error : fd;
}

int tree_open_file(struct tree *tree, const char *name)
{
	/* A device or fifo is neither opened nor waited for. */
	int fd = openat(tree->parent, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat status;

	if (fd < 0)
		return -errno;
	if (!fstat(fd, &status) && S_ISREG(status.st_mode) && !ftruncate(fd, 0))
		return fd;
	close(fd);
	return -EINVAL;
}

int tree_give(int fd, const struct tree_entry *entry)
{
	return fchown(fd, entry->uid, entry->gid) ? -errno : 0;
}

int tree_finish_file(int fd, const struct tree_entry *entry)
{
	const struct timespec times[2] = { entry->mtime, entry->mtime };

	return fchmod(fd, entry->mode & 07777) || futimens(fd, times) ? -errno : 0;
}

/* Another name of the file TARGET of the tree, whose links are not followed at the end. */
static int link_file(struct tree *tree, const char *name, const char *target)
{
	char above[PATH_SIZE];
	const char *base = text_base_name(target);
	struct stat old, new;
	int error = 0, fd;

	snprintf(above, sizeof(above), "%.*s", (int)(base == target ? 0 : base - target - 1), target);
	fd = open_inside(tree, above);
	if (fd < 0)
		return fd;
	if (fstatat(fd, base, &old, AT_SYMLINK_NOFOLLOW))
		error = -errno;
	else if (!fstatat(tree->parent, name, &new, AT_SYMLINK_NOFOLLOW) && old.st_dev == new.st_dev &&
		 old.st_ino == new.st_ino)
		error = 0; /* of itself, say */
	else
		error = linkat(fd, base, tree->parent, name, 0) ? -errno : 0;
	close(fd);
	return error;
}

static int make(struct tree *tree, const char *name, const struct tree_entry *entry)
{
	int error;

	if (!entry->mode)
		return link_file(tree, name, entry->target);
	if (S_ISLNK(entry->mode))
		error = symlinkat(entry->target, tree->parent, name);
	else
		error = mknodat(tree->parent, name, (entry->mode & S_IFMT) | 0600, entry->device);
	return error ? -errno : 0;
}

/* Owner, mode and time of what is no file and no directory. */
static int finish(struct tree *tree, const char *name, const struct tree_entry *entry)
{
	const struct timespec times[2] = { entry->mtime, entry->mtime };

	if (fchownat(tree->parent, name, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW))
		return -errno;
	if (!S_ISLNK(entry->mode) && fchmodat(tree->parent, name, entry->mode & 07777, 0))
		return -errno;
	return utimensat(tree->parent, name, times, AT_SYMLINK_NOFOLLOW) ? -errno : 0;
}

int tree_make_other(struct tree *tree, const char *name, const struct tree_entry *entry)
{
	int error = make(tree, name, entry);

	if (error == -EEXIST) {
		error = make_room(tree, name);
		if (!error)
			error = make(tree, name, entry);
	}
	if (!error)
		error = note_made_here(tree, name);
	return error || !entry->mode ? error : finish(tree, name, entry);
}

/* Those below come first: who may not search one does not reach what is in it. */
static int compare_depths(const void *a, const void *b)
{
	size_t one = strlen((*(struct directory *const *)a)->path),
	       other = strlen((*(struct directory *const *)b)->path);

	return one > other ? -1 : one < other;
}

static int settle(const struct tree *tree, const struct directory *directory)
{
	const struct timespec times[2] = { directory->mtime, directory->mtime };
	int fd = open_inside(tree, directory->path), error = 0;
	struct stat status;

	/* Removed, or behind a link that leads elsewhere now: so it is not what was noted. */
	if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP)
		return 0;
	if (fd < 0 || fstat(fd, &status))
		error = fd < 0 ? fd : -errno;
	else if (status.st_dev == directory->dev && status.st_ino == directory->ino)
		error = fchmod(fd, directory->mode) || futimens(fd, times) ? -errno : 0;
	if (fd >= 0)
		close(fd);
	return error;
}

int tree_settle(struct tree *tree)
{
	struct directory **list = calloc(tree->count + 1, sizeof(struct directory *));
	size_t count = 0;
	int error = 0;

	leave(tree);
	if (!list)
		return -ENOMEM;
	for (struct directory *at = tree->last; at; at = at->next)
		if (!at->is_gone)
			list[count++] = at;
	qsort(list, count, sizeof(struct directory *), compare_depths);
	for (size_t i = 0; i < count && !error; i++)
		error = settle(tree, list[i]);
	free(list);
	return error;
}
