/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -v: what the agent does, one line a call, on the descriptor the command gave.
 */
#ifndef AGENT_LOG_H
#define AGENT_LOG_H

#include "agent/slot.h"

/* Level 2: each translated path. Level 3: each trapped call. Nothing below. */
void log_call(const struct call *call, long result);

#endif
