/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What calls that ask for credentials share with the ways they come by.
 */
#ifndef AGENT_CREDENTIALS_H
#define AGENT_CREDENTIALS_H

#include "agent/identity.h"
#include "agent/slot.h"

/* What NR, one of getuid, geteuid, getgid and getegid, returns. */
long credentials_id(const struct credentials *credentials, unsigned long nr);
/* prctl(2) with an option of which credentials_is_control() says that it is one of ours. */
long credentials_prctl(const struct call *call);

#endif
