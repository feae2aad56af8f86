/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What becomes of a regular file's set-id bits and capabilities when it is truncated: the kernel goes by the user it
 * knows. And of entries that are made.
 */
#ifndef AGENT_ATTRIBUTES_H
#define AGENT_ATTRIBUTES_H

#include "agent/object.h"

/* The mode that a file is to have after it has been truncated, which has STATUS; both as the guest sees it. */
uint32_t attributes_mode_written(const struct stat *status);
/* OBJECT has been: give it that MODE, and take its capabilities. */
void attributes_settle_written(struct object *object, uint32_t mode);

/*
 * The bits that the inode of OBJECT keeps whatever mode the guest gives it: those of the owner where it is the
 * directory of a store, on whose mode what is stored of others must not depend.
 */
uint32_t attributes_kept_bits(const struct object *object);

/*
 * A call that makes an entry, whose path has been translated, where the guest is not who the kernel knows: make it,
 * with the owner, or as the device, that it is for the guest. Its result.
 */
long attributes_make_entry(struct call *call);

/* Whether CALL sets neither of a file's times: then the kernel does not even look at the path. */
bool attributes_omits_times(const struct call *call);

#endif
