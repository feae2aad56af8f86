/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random calls by processes that change who they are, on files whose owners and
 * modes decide what each may do: what the files of this program share. Saying
 * what was done, and the random numbers, are the oracle's.
 *
 * What call N does follows from the seed and N alone, but for what it finds. So
 * calls can be left out, and the others stay what they were.
 */
#ifndef IDENTITY_CONDUCT_H
#define IDENTITY_CONDUCT_H

#include "../oracle/say.h"
#include "../oracle/sequence.h"
#include <linux/capability.h>

#define GROUND "/t"   /* where all of it happens */
#define ACTORS 4      /* 'a' to 'd' */
#define MASTER 'M'    /* root all the time: makes the first files, and looks at all of them */
#define PRELUDE 60    /* calls of its own */
#define KEPT_FIRST 10 /* numbers of the descriptors that an actor keeps */
#define KEPT_COUNT 4
#define BELOW_HELPERS "/bin/helper" /* /bin/helper1 to 3: programs that say who they are */

/* place.c */
/* The user that the kernel knows, when this is run under proot: an owner like others. */
void place_start(uid_t host_uid);
/* What a path is mostly to name. */
enum wish { WISH_ANY, WISH_DIRECTORY, WISH_FILE, WISH_PROGRAM };
/* A random path: kept until the fourth call after this. */
const char *path_wished(enum wish wish);
/* The same with a directory to be relative to. */
struct place place_wished(enum wish wish);
/* Keep some directories and files open. */
void kept_start(void);
/* The text of a symbolic link. */
const char *place_target(void);
uid_t place_uid(void); /* may be -1: leave it */
gid_t place_gid(void);
mode_t place_mode(void);

/* people.c */
/* " uid euid suid fsuid : gids [groups] capabilities" of the calling process. */
void people_say(void);
/* The same by number, of who makes a call: UID:GID of file accesses. */
void people_say_short(void);
/* Become one of a handful of people, and say so. */
void people_become(unsigned int number);
void do_set_ids(void);
void do_set_groups(void);
void do_capabilities(void);
void do_process(void);
void do_mask(void);
void do_execute(void);

/* make.c: what makes and removes names */
/* Such are never opened. */
bool is_block_device(const struct place *place);
void do_open(void);
void do_make_directory(void);
void do_remove(void);
void do_make_node(void);
void do_symlink(void);
void do_link(void);
void do_rename(void);
void do_install(void);
void do_socket(void);
/* A copy of this program there, where there is nothing: 0 or negative errno. */
long make_program(const struct place *place);

/* owners.c: what changes owners, modes and the like */
void do_change_owner(void);
void do_change_mode(void);
void do_truncate(void);
void do_times(void);
void do_attribute(void);
void do_access_list(void);

/* look.c */
void do_stat(void);
void do_access(void);
void do_read(void);
void do_list(void);
void do_read_link(void);
void do_read_attribute(void);
void do_change_directory(void);
/* What the last call has made of that. */
void look_say(const struct place *place);

/* listing.c */
/* Print what is at and below DIRECTORY, in a form that two equal trees share. */
void listing_print(const char *directory);
/* Print, as call INDEX, what of it is another than last time. */
void listing_print_changes(const char *directory, int index);

/* kinds.c */
/* Leave out calls of these kinds, "NAME,NAME": false if there is none of that name. */
bool kinds_leave_out(const char *names);
/* Make call INDEX of SEED as WHO. */
void kinds_call(uint64_t seed, int index, char who);

/* actors.c */
/* Make COUNT calls. After every PERIOD of them all files are looked at. WANTED: which calls, or NULL for all. */
void actors_run(uint64_t seed, int count, int period, const bool *wanted);

#endif
