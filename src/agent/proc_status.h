/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What /proc/PID/status tells of our own doings, taken back for the guest.
 */
#ifndef AGENT_PROC_STATUS_H
#define AGENT_PROC_STATUS_H

#include "agent/slot.h"

/* How many seccomp filters the guest has put on the calling thread. Uses slot->scratch. */
long proc_status_own_filters(struct slot *slot);

#endif
