/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What open(2) has in common with openat2(2).
 */
#ifndef AGENT_OPEN_H
#define AGENT_OPEN_H

#include "agent/slot.h"
#include <linux/openat2.h>

/*
 * What open(2) makes of its FLAGS and MODE (build_open_how(), fs/open.c): openat2
 * refuses what open ignores. RESOLVE_NO_SYMLINKS is set.
 */
struct open_how open_how_of(unsigned long flags, unsigned long mode);

/* The flags of CALL, any that opens; 0 where they can't be read. */
uint64_t open_flags_of(const struct call *call);

/*
 * Translate the path of CALL, any that opens, as it does, by its name only: as translate_path(). *HOW becomes what is
 * to be opened, and how.
 */
long open_find(struct call *call, struct open_how *how);

/* What the kernel says of the other arguments of such a call, before it looks at the path; -ENOTDIR: nothing. */
long open_ask(struct call *call, const struct open_how *how);

#endif
