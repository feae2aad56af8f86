/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Directories made for a moment, outside every place the guest works in.
 */
#ifndef AGENT_TEMPORARY_H
#define AGENT_TEMPORARY_H

#include "agent/agent.h"

#define TEMPORARY_SIZE (sizeof(image_data()->temporary) + 96)

/*
 * Make a directory in $PROOT_TMP_DIR or, where that can't be, in one of the
 * usual places, and open it with FLAGS of open(2): the descriptor or a negative
 * errno. Its host path, to remove it by, is put in NAME of TEMPORARY_SIZE
 * bytes; the last component begins with PREFIX and NUMBER.
 */
long temporary_make(const char *prefix, unsigned long number, unsigned long flags, char *name);

#endif
