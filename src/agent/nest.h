/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers to a proot that runs as a guest: image/nest.h. */
#ifndef AGENT_NEST_H
#define AGENT_NEST_H

#include "agent/slot.h"

/* The result of a call of FINISH_NUMBER that a guest has made; -ENOSYS where it is no question. */
long nest_answer(struct slot *slot, const unsigned long arguments[6]);

#endif
