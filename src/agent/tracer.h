/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a tracer is in the filter's place (engine/tracer.c): while the agent runs, its calls are none of the
 * tracer's business, and it is not stopped at them.
 */
#ifndef AGENT_TRACER_H
#define AGENT_TRACER_H

#include "agent/agent.h"

/*
 * The guest is to go on: have its calls looked at again. The tracer gets SIGSYS: now, or, while that is blocked,
 * by the system call that ends that. Does nothing without a tracer.
 */
void tracer_leave(void);

/* The same where the guest is to make at its site the call that has come in: that one needs a signal to come in again.
 */
void tracer_leave_passing(void);

/* At the end of the start, before the first of these: MAY_ENTER, the guest's calls may come in without a signal, until
 * a reason not to comes up. */
void tracer_start(bool may_enter);

#endif
