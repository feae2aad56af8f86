/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree that is being made of an archive. Whatever names and links the archive has, nothing outside of the tree is
 * made, changed or removed: directories are found by openat2(2) with RESOLVE_IN_ROOT, as they would be in a chroot, and
 * what is made in them has one component and is new. Knows neither libarchive nor what images are made of.
 *
 * Functions return 0, a descriptor, or a negative errno.
 */
#ifndef UNPACK_TREE_H
#define UNPACK_TREE_H

#include "base/base.h"

#include <sys/stat.h>
#include <sys/types.h>

struct tree {
	int root;   /* the directory of the tree */
	int parent; /* that of the last tree_enter(); -1: none */
	char *parent_path;
	dev_t parent_dev;
	ino_t parent_ino;
	void *directories;	/* whose modes and times are yet to be set, by device and inode: tsearch(3) */
	struct directory *last; /* all of them */
	size_t count;
	void *made; /* names that the layer has made: tsearch(3) */
	bool hides; /* there are layers below, and whiteouts in this one */
};

/* What a name is to be. */
struct tree_entry {
	mode_t mode; /* with its type; 0: another name of TARGET */
	uid_t uid;
	gid_t gid;
	dev_t device;
	struct timespec mtime;
	const char *target; /* of a symbolic link: its text. Of another name: its path, clean */
};

/* Begin with the directory HOST_PATH, which is there. */
int tree_begin(struct tree *tree, const char *host_path);
void tree_end(struct tree *tree);

/* Begin a layer; HIDES: it may have whiteouts for what is below. */
void tree_begin_layer(struct tree *tree, bool hides);
/* Give the directories of the layer their modes and times. */
int tree_settle(struct tree *tree);

/*
 * The path in an archive, without slashes in front, in the end and doubled, and without "."; "" is the tree
 * itself. In BUF of PATH_SIZE. -EXDEV where a component is "..", -ENAMETOOLONG.
 */
int tree_clean_path(const char *path, char *buf);

/* Enter the directory above PATH, a clean one that is not "": *NAME gets its last component. MAKES: it is made. */
int tree_enter(struct tree *tree, const char *path, bool makes, const char **name);

/* The directory NAME in the one that was entered, there before or not; "" is the root. A descriptor to be closed. */
int tree_make_directory(struct tree *tree, const char *path, const char *name, const struct tree_entry *entry);
/* A new file NAME, for writing. A descriptor to be closed. Owner and mode are what tree_finish_file() gives it. */
int tree_make_file(struct tree *tree, const char *name);
/* Open the file NAME that is another name of one that was made before, empty, for writing. */
int tree_open_file(struct tree *tree, const char *name);
/* All other kinds, with owner, mode and time. */
int tree_make_other(struct tree *tree, const char *name, const struct tree_entry *entry);

/* Owner of FD; what is written to a file later may take its set-id bits and capabilities. */
int tree_give(int fd, const struct tree_entry *entry);
/* Mode and time of the file FD, after everything else. */
int tree_finish_file(int fd, const struct tree_entry *entry);

/* Whether the last component of PATH is that of a whiteout. */
bool tree_is_whiteout(const char *path);
/* Do what the whiteout NAME says in the directory that was entered. */
int tree_hide(struct tree *tree, const char *name);

#endif
