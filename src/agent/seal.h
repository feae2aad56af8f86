/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What keeps a guest that changes all memory there is, as an emulator or a restorer of processes does, from taking
 * ours. The kernel seals it (mseal(2), Linux 6.10): unmapping, mapping over, moving and protecting are EPERM. Giving it
 * up by madvise(2), which seals allow where memory can be written, traps and is EPERM as well.
 */
#ifndef AGENT_SEAL_H
#define AGENT_SEAL_H

#include "agent/agent.h"

/* Seal SIZE bytes at ADDRESS, all of which are mapped and will be as long as the process runs this program. */
static inline void seal(const void *address, size_t size)
{
	GATE_3(NR_mseal, address, size, 0);
}

/* At start, the image. */
void seal_start(void);

#endif
