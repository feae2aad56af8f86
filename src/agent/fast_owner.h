/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owners and attributes on the fast way: agent/owner.h, agent/xattr.c. */
#ifndef AGENT_FAST_OWNER_H
#define AGENT_FAST_OWNER_H

#include "agent/fast.h"
#include <asm/stat.h>
#include <linux/stat.h>

/*
 * Make what the kernel has just written of the owner what the guest is to see, if nothing is stored of it: false where
 * that takes more than this. The path is looked at once more for that: it must still lead there behind it.
 */
bool fast_tell_owner_in_stat(const struct fast_frame *frame, struct stat *file);
bool fast_tell_owner_in_statx(const struct fast_frame *frame, struct statx *file);

/*
 * For the call in FRAME: the attribute whose name is at NAME_AT, as the kernel is to be told that, for a call that
 * reads it; 0: not this way.
 */
unsigned long fast_attribute_name(const struct fast_frame *frame, unsigned long name_at);

#endif
