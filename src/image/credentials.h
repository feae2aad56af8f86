/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Credentials of a task as the kernel keeps them (struct cred, include/linux/cred.h), and
 * its rules for changing them, as pure functions over data: no system call, no
 * allocation. What the guest believes to be; the kernel knows nothing of it.
 */
#ifndef IMAGE_CREDENTIALS_H
#define IMAGE_CREDENTIALS_H

#include "base/base.h"

#define CREDENTIALS_GROUPS_MOST 1024 /* the kernel has room for 65536; what is beyond is ENOMEM */
#define CREDENTIALS_KEEP (~0u)	     /* (uid_t)-1: leave it */

struct credentials {
	uint32_t uid, euid, suid, fsuid;
	uint32_t gid, egid, sgid, fsgid;
	uint32_t securebits; /* linux/securebits.h; SECBIT_KEEP_CAPS is keepcaps */
	uint32_t group_count;
	uint64_t inheritable, permitted, effective, bounding, ambient; /* bit N: capability N */
	uint32_t groups[CREDENTIALS_GROUPS_MOST];		       /* sorted, as groups_sort() has them */
};

/* Bytes that are in use: what has to be copied. */
static inline size_t credentials_size(const struct credentials *credentials)
{
	return offsetof(struct credentials, groups) + credentials->group_count * sizeof(uint32_t);
}

/* A login as UID and GID without further groups: all capabilities if UID is 0, none otherwise. */
void credentials_init(struct credentials *credentials, uint32_t uid, uint32_t gid);

static inline bool credentials_can(const struct credentials *credentials, unsigned int capability)
{
	return credentials->effective >> capability & 1;
}

#endif
