/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A random tree, random paths in it, random calls on them: what the files of
 * this program share. Everything follows from the seed, so that two runs differ
 * only where the kernel's (or proot's) answers differ.
 */
#ifndef ORACLE_SEQUENCE_H
#define ORACLE_SEQUENCE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#define BAD_POINTER ((const char *)16)
#define BAD_BUFFER ((void *)16)

/* random.c */
void random_start(uint64_t seed);
uint32_t random_below(uint32_t limit);
/* True in PERCENT of 100 cases. */
bool random_chance(unsigned int percent);

/* tree.c */
enum node_type { NODE_DIRECTORY, NODE_FILE, NODE_LINK, NODE_FIFO, NODE_SOCKET, NODE_PROGRAM, NODE_SCRIPT };

struct node {
	char path[256];	  /* as the guest sees it, if nothing is bound over it */
	char target[320]; /* of a link; the first line of a script */
	enum node_type type;
	mode_t mode;
	int tree;      /* 0: the root; n: the tree bound as binding n */
	bool is_owned; /* by the user, else by root */
	bool has_attribute;
};

struct binding {
	int tree;
	bool is_missing; /* nothing is there without it: the kernel's side makes a place to mount on */
	char guest[256];
	char spelled[256]; /* the place as the option names it, perhaps by a link */
};

#define NODES_MOST 160
#define BINDINGS_MOST 8

extern struct node nodes[NODES_MOST];
extern int node_count;
extern struct binding bindings[BINDINGS_MOST];
extern int binding_count;

/* Think up the tree and the bindings of the present random state. */
void tree_imagine(void);
/*
 * Make it below DIRECTORY (root/ and tree1/ ...), owned by UID, with the programs
 * of the directory PROGRAMS in root/bin. WITH_PLACES: something is made where
 * bindings go over missing places, for the kernel to mount on.
 */
void tree_make(const char *directory, uid_t uid, const char *programs, bool with_places);
/* The host directory of a bound tree: each name begins like another. */
const char *tree_name(int tree);
/* Print what is below DIRECTORY now, but for such places, in a form that two equal trees share. */
void tree_list(const char *directory);

/* path.c */
/* A random path: kept until the call after next. May be a pointer that is not one. */
const char *path_random(void);
/* The same, always a string. */
const char *path_random_text(void);
/* PATH as it is written to the log. */
const char *path_show(const char *path);
/* Memory of SIZE bytes that ends where a page ends, with nothing behind it. */
void *path_page_end(size_t size);

/* directories.c */
#define KEPT_MOST 10
/* A random descriptor to be relative to: AT_FDCWD, one that is kept, or none at all. */
int kept_random(void);
/* A random descriptor that is kept, or -1. */
int kept_any(void);
/* The calling thread has descriptors of its own from now on. */
void kept_own(void);
/* None is kept any more, but none is closed. */
void kept_forget(void);
/* Keep FD for later calls, or close it. */
void kept_add(int fd);
void kept_drop_one(void);
/*
 * Directories that are kept, or current, and that have no name any more by which they can be reached are left: the
 * first are closed, the other becomes PLACE. So is what is behind one that may not be searched. What an overlay has
 * there is found by names only under proot (ARCHITECTURE.md). PLACE is NULL where there is no /proc: then only
 * directories that are behind such a one are left.
 */
void kept_settle(const char *place);
/* Remember the directories above bindings. */
void protected_start(void);
/* Whether it is what a binding shows. */
bool is_binding(const struct stat *status);
/* Whether it is a directory that holds such a place: on the kernel's side it has a link more. */
bool has_missing_place(const struct stat *status);
/* Whether a rename of this would take a mount point along: mounts move with their directories, bindings do not. */
bool is_protected(int directory, const char *path);
/*
 * Whether that is bound in a sticky directory: who may open such with O_CREAT
 * (fs.protected_regular) is asked of the directory it has on the host.
 */
bool is_bound_in_sticky(int directory, const char *path);
/*
 * Whether an ordinary user would close such a directory to itself: ".." from a
 * binding still leads there in the kernel, but the host path does not. And
 * below a closed root nothing is left to do. Or whether the kernel does not go by the new mode.
 */
bool keeps_mode(int directory, const char *path, unsigned int mode);

/* calls.c */
void calls_start(void);
/* Make one random call, and write it to the log as number INDEX of WHO. */
void call_random(int index, char who);

/* processes.c */
void actors_start(void);
/* One of them makes a call. */
void actors_call(int index);
void actors_end(void);

/* Of proot -l, on what has no hard links. */
extern bool is_of_links;
/* Of an overlay: its files are others when they have been copied, so nothing is watched or has a handle. */
extern bool is_of_layers;
/* Where that is. */
#define PLACE_OF_LAYERS "/ov"
/* Calls of its own that a program adds to those of calls.c, or NULL. */
extern void (*calls_more)(void);

#endif
