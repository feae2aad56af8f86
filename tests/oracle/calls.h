/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kinds of calls. Each function makes one, with arguments at random, and
 * says what it did and what came of it: result, errno, data. Inode numbers,
 * present times and mount numbers are left out, for no two runs share them.
 *
 * Nothing here waits: files are opened with O_NONBLOCK, sockets too. Nothing
 * reaches a device: of devices only whiteouts (0:0) are made.
 */
#ifndef ORACLE_CALLS_H
#define ORACLE_CALLS_H

#include <stdbool.h>

/* attributes.c */
void do_attribute(void);
void do_attribute_at(void);
void do_file_attributes(void);
void do_handle(void);
void do_mark(void);

/* listing.c */
void do_list(void);

/* processes.c */
extern bool has_own_root; /* this process has called chroot(2) */
void do_execute(void);
void do_fork(void);

/* descriptors.c */
void do_descriptor(void);

/* calls.c: forget what the watched have seen. */
void drop_events(void);

#endif
