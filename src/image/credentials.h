/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Credentials of a task as the kernel keeps them (struct cred, include/linux/cred.h), and
 * its rules for changing them, as pure functions over data: no system call, no
 * allocation. What the guest believes to be; the kernel knows nothing of it.
 *
 * The rules are those of Linux 6.16 to 6.18: kernel/sys.c, kernel/groups.c, kernel/capability.c,
 * kernel/cred.c and security/commoncap.c. A function that fails leaves the credentials as they were.
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
void credentials_copy(struct credentials *to, const struct credentials *from);
bool credentials_equal(const struct credentials *a, const struct credentials *b);

static inline bool credentials_can(const struct credentials *credentials, unsigned int capability)
{
	return credentials->effective >> capability & 1;
}

/* Whether GID is the file-system group or a supplementary one: in_group_p(). */
bool credentials_in_group(const struct credentials *credentials, uint32_t gid);
/* Whether ACTOR may send SUBJECT a signal, without CAP_KILL: kill_ok_by_cred(), kernel/signal.c. */
bool credentials_may_signal(const struct credentials *actor, const struct credentials *subject);

/* The system calls of these names: 0, or -EPERM, or -EINVAL. The last two return the id that was there. */
long credentials_setuid(struct credentials *credentials, uint32_t uid);
long credentials_setgid(struct credentials *credentials, uint32_t gid);
long credentials_setreuid(struct credentials *credentials, uint32_t real, uint32_t effective);
long credentials_setregid(struct credentials *credentials, uint32_t real, uint32_t effective);
long credentials_setresuid(struct credentials *credentials, uint32_t real, uint32_t effective, uint32_t saved);
long credentials_setresgid(struct credentials *credentials, uint32_t real, uint32_t effective, uint32_t saved);
long credentials_setfsuid(struct credentials *credentials, uint32_t uid);
long credentials_setfsgid(struct credentials *credentials, uint32_t gid);

/* What setgroups(2) says before it looks at the COUNT groups themselves: -EPERM, -EINVAL, or -ENOMEM. */
long credentials_may_set_groups(const struct credentials *credentials, unsigned int count);
/* Then: GROUPS is sorted into place. -EINVAL when one of them can't be a group's number. */
long credentials_set_groups(struct credentials *credentials, const uint32_t *groups, unsigned int count);

/* Sets of capabilities as capget(2) and capset(2) have them. */
struct credentials_sets {
	uint64_t effective, permitted, inheritable;
};

/* 0 or -EPERM. Capabilities that do not exist are left out. */
long credentials_set_capabilities(struct credentials *credentials, const struct credentials_sets *sets);

/* Whether prctl(2)'s OPTION is about credentials. */
bool credentials_is_control(int option);
/* prctl(2) with it; ARGUMENTS are the four behind the option. What it returns, negative errno included. */
long credentials_control(struct credentials *credentials, int option, const unsigned long arguments[4]);

/* The file that is executed, as the guest sees it. */
struct credentials_program {
	uint32_t uid, gid;
	uint32_t mode;
	bool has_capabilities; /* it has an attribute security.capability that counts: the following */
	bool is_effective;     /* the program gets what it may have at once */
	uint64_t permitted, inheritable;
};

/*
 * Read SIZE bytes of security.capability (struct vfs_cap_data or vfs_ns_cap_data,
 * linux/capability.h) into PROGRAM. 0, or -EINVAL: such a program can't be executed. One of
 * another user namespace's root does not count.
 */
long credentials_read_capabilities(struct credentials_program *program, const void *bytes, size_t size);

/*
 * Make CREDENTIALS those after execve(2) of PROGRAM. HAS_FIXED: no_new_privs is set. *IS_SECURE:
 * AT_SECURE. 0, or -EPERM: the program has capabilities it can't do without and does not get.
 */
long credentials_exec(struct credentials *credentials, const struct credentials_program *program, bool has_fixed,
		      bool *is_secure);

/*
 * Whether a change from OLD to NEW makes the kernel take the task's parent-death signal away, and
 * its memory from others' sight: commit_creds(), kernel/cred.c.
 */
bool credentials_gain(const struct credentials *old, const struct credentials *new);

#define CREDENTIALS_TEXT_SIZE (9 * 9 + 5 * 17 + CREDENTIALS_GROUPS_MOST * 9 + 1)

/* As one string, into BUF of CREDENTIALS_TEXT_SIZE; and back: false when TEXT is no such thing. */
void credentials_write(const struct credentials *credentials, char *buf);
bool credentials_read(struct credentials *credentials, const char *text);
/* The same without the groups, which are left out: whether numbers read from elsewhere can be credentials. */
bool credentials_are_sound(const struct credentials *credentials);

#endif
