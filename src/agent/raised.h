/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Modes that have been raised for the time of a call (agent/access_override.c), and what they are to be
 * again. In this process nobody is told others: struct object and owner_tell() have the latter. Other guests do not
 * raise any meanwhile: child_run_alone().
 */
#ifndef AGENT_RAISED_H
#define AGENT_RAISED_H

#include "agent/object.h"

/* Give the user those of BITS that the mode of OBJECT, a file of his, lacks. False where it lacks none, or can't be
 * changed. */
bool raised_raise(const struct object *object, uint32_t bits);
/* Give OBJECT, which has been raised, the mode it is to have, unless somebody else has given it one. */
void raised_lower(const struct object *object);

/* The mode in STATUS, the kernel's, becomes what it is but for that. */
void raised_tell(struct stat *status);
/* The guest has changed the mode of the file: it is to be that of STATUS, the kernel's, from now on. */
void raised_change(const struct stat *status);
/* The same, where something else than chmod(2) may have changed it. */
void raised_change_other(const struct stat *status);

/* Some are going to be raised, and have been lowered. By one guest at a time: child_run_alone(). */
void raised_begin(void);
void raised_end(void);
/* For raised_may_have_been(); 0: another guest may have raised some now. */
uint64_t raised_mark(void);
/* Whether a mode that has been seen since MARK may have been a raised one. */
bool raised_may_have_been(uint64_t mark);

#endif
