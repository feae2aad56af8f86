/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who has sent a signal, or which child has ended: siginfo_t has the user of that, as the host knows it.
 */
#ifndef AGENT_SENDER_H
#define AGENT_SENDER_H

#include "agent/agent.h"
#include "agent/identity.h"
#include <asm/siginfo.h>

/* With identity_is_on(): make the user in INFO, the kernel's, that of the guests. Needs little stack. */
void sender_tell_known(siginfo_t *info);

static inline void sender_tell(siginfo_t *info)
{
	if (identity_is_on())
		sender_tell_known(info);
}

#endif
