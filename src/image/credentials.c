/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/credentials.h"
#include <linux/capability.h>

#define ALL_CAPABILITIES ((2ull << CAP_LAST_CAP) - 1)

void credentials_init(struct credentials *credentials, uint32_t uid, uint32_t gid)
{
	uint64_t all = uid ? 0 : ALL_CAPABILITIES;

	*credentials = (struct credentials){ .uid = uid,
					     .euid = uid,
					     .suid = uid,
					     .fsuid = uid,
					     .gid = gid,
					     .egid = gid,
					     .sgid = gid,
					     .fsgid = gid,
					     .permitted = all,
					     .effective = all,
					     .bounding = ALL_CAPABILITIES };
}
