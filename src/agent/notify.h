/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * User notification of seccomp(2): agent/notify.c.
 */
#ifndef AGENT_NOTIFY_H
#define AGENT_NOTIFY_H

#include "agent/slot.h"

/*
 * CALL is about to be made at gate_judged, for a supervisor to decide, who is to be told its site. False
 * when one has let this very call go on before, and a signal came before it was made.
 */
bool notify_is_due(const struct call *call);
/* That has happened to CALL, which begins anew. */
void notify_note_leave(const struct call *call, unsigned long stack_pointer);

#endif
