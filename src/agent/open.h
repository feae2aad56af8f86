/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What open(2) has in common with openat2(2).
 */
#ifndef AGENT_OPEN_H
#define AGENT_OPEN_H

#include <linux/openat2.h>

/*
 * What open(2) makes of its FLAGS and MODE (build_open_how(), fs/open.c): openat2
 * refuses what open ignores. RESOLVE_NO_SYMLINKS is set.
 */
struct open_how open_how_of(unsigned long flags, unsigned long mode);

#endif
