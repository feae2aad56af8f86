/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log: one line for each call, with what it was asked and what came of it.
 */
#ifndef ORACLE_SAY_H
#define ORACLE_SAY_H

#include "sequence.h"
#include <sys/stat.h>

/* Every argument as a long, six in all. */
#define CALL(number, ...) CALL_6(number, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define CALL_6(number, a, b, c, d, e, f, ...) \
	call(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

#define PICK(array) ((array)[random_below(sizeof(array) / sizeof((array)[0]))])

/* A directory and a path, as most calls take them. */
struct place {
	int directory;
	const char *path;
};

/* A line is begun, added to, and printed as that of call INDEX made by WHO. */
void say_begin(void);
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);
void say_end(int index, char who);

/* A system call's result, negative errno. By CALL(). */
long call(long number, ...);

struct place random_place(void);
void say_place(const struct place *place);
/* Say a result, and return whether it is one of success. */
bool say_result(long result);
void say_time(long seconds);
void say_stat_result(long result, const struct stat *status);
/* Whether a link of /proc leads so far down that the host path may be too long to be told when the guest's is not. */
bool is_far_link(int directory, const char *path);
/* The text of a link, up to the inode number of a file without a name. */
void say_text(const char *text, long size);
/* The same of where a link leads, but for the number of a process, which depends on how many there were. */
void say_link(const char *text, long size);
/* A list of names with a NUL behind each, SIZE bytes in all: sorted, for the order is the file system's own. */
void say_names(const char *names, long size);
/* In /proc, links and sizes follow the number of processes. */
bool is_in_proc(const struct stat *status);

#endif
