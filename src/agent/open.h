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

#endif
