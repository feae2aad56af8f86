/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random calls on an overlay: what the files of this program share. Most calls,
 * who makes them, and the paths are the oracle's (../oracle); the nodes of its
 * tree are here those of all layers.
 *
 * What call N does follows from the seed and N alone, but for what it finds. So
 * calls can be left out, and the others stay what they were.
 */
#ifndef OVERLAY_LAYERS_H
#define OVERLAY_LAYERS_H

#include "../oracle/sequence.h"

#define PLACE PLACE_OF_LAYERS /* where the guest has the overlay */
#define LAYERS_MOST 4	      /* the upper one, 0, and the lower ones; a node's tree is its layer */
#define OUTSIDE 9	      /* the layer of what is in the root beside the overlay */
#define UPPER_NAME "upper"    /* the directories of the layers: this, and "lower1" and so on */
#define BOUND_NAME "bound"    /* the directory that is mounted somewhere in the overlay, with some seeds */

/* layers.c */
/* How many layers the seed has, with the upper one. */
extern int layer_count;
/* Think up the layers of the present random state. */
void layers_imagine(void);
/*
 * Make them below DIRECTORY, and the root beside them, all owned by UID, with the programs of the
 * directory PROGRAMS in root/bin. WITHOUT: what is left out by way of mistake, "whiteouts",
 * "opaque", or "".
 */
void layers_make(const char *directory, uid_t uid, const char *programs, const char *without);

/* list.c */
/*
 * Print what is at and below DIRECTORY, in a form that two equal trees share. IS_UPPER: it is an overlay's
 * upper directory over LOWERS, whose marks are told, but for those that say nothing.
 */
void list_print(const char *directory, bool is_upper, char **lowers);
/* Print, as what is seen after call INDEX, what of it is another than last time. */
void list_print_changes(const char *directory, int index);

/* more.c */
/* A call, or a few, that have to do with copies. */
void more_call(void);
/* Open a few directories again, and make some: else in the end nothing would be left to do. */
void more_tend(void);

#endif
