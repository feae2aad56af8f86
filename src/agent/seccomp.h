/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the guest's own seccomp filters make of a call that has trapped to us.
 */
#ifndef AGENT_SECCOMP_H
#define AGENT_SECCOMP_H

#include "agent/slot.h"

/* What a supervisor's "go on" (SECCOMP_USER_NOTIF_FLAG_CONTINUE) becomes for a call at gate_judged: agent/notify.c. */
#define SECCOMP_GO_ON 0x50524f4f54474fl

/*
 * VERDICT, of filters_judge(), but not SECCOMP_RET_TRAP, which is the caller's to deliver: the
 * call's result, or CALL_RESUME. HANDLE handles the call if it is to be made.
 */
long seccomp_obey(struct call *call, uint32_t verdict, call_handler *handle);
/* The calling thread has made a call that strict mode forbids. */
void seccomp_end_strict(void);

#endif
