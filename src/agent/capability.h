/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the calling thread may do, or believes it may, where the agent has to say what the kernel would.
 */
#ifndef AGENT_CAPABILITY_H
#define AGENT_CAPABILITY_H

#include "agent/gate.h"
#include "agent/identity.h"
#include <linux/capability.h>

static inline bool has_capability(int capability)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (identity_is_on())
		return credentials_can(identity_now(), (unsigned int)capability);
	GATE_2(NR_capget, &header, data);
	return data[capability / 32].effective >> capability % 32 & 1;
}

#endif
