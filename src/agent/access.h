/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the guest's user may do with files. The kernel judges by who really runs the guest,
 * so that is right only while that is who the guest is, too. Root inside may do with the user's files
 * what their modes deny: ACCESS_ROOT. Another than the user, after setuid(2) and the like, may do
 * less: ACCESS_CHECKED, and all that paths lead through is looked at.
 */
#ifndef AGENT_ACCESS_H
#define AGENT_ACCESS_H

#include "agent/identity.h"
#include "agent/object.h"
#include <linux/openat2.h>

enum access_kind {
	ACCESS_KERNEL,	/* there is no identity, or it is the user's own: the kernel is right */
	ACCESS_ROOT,	/* what the kernel denies because of modes is tried once more: access_override() */
	ACCESS_CHECKED, /* access_check() comes before the kernel */
};

/* Of the calling thread. */
enum access_kind access_kind(void);

static inline bool access_is_checked(void)
{
	return identity_is_on() && access_kind() == ACCESS_CHECKED;
}

#define ACCESS_READ 4
#define ACCESS_WRITE 2
#define ACCESS_SEARCH 1 /* or execute */

/*
 * generic_permission(), fs/namei.c: whether the file at PATH, relative to DIRECTORY, whose status the guest sees as
 * STATUS, grants all of MASK.
 */
bool access_may(const struct credentials *credentials, int directory, const char *path, const struct stat *status,
		unsigned int mask);
/* inode_owner_or_capable(), fs/inode.c */
bool access_is_owner(const struct credentials *credentials, const struct stat *status);
/* in_group_p(), kernel/groups.c */
bool access_in_group(const struct credentials *credentials, uint32_t gid);

/*
 * With ACCESS_CHECKED, before a call: 0, or -EACCES or -EPERM where the guest's user may not do to what the paths name
 * what the call's row says it needs. Errors of another kind are left to the call.
 */
long access_check(struct call *call);
/* The same of the directory or file at PATH, relative to DIRECTORY, for MASK. */
long access_check_at(int directory, const char *path, unsigned int mask);
/* The same where it counts only if that is a directory: of something else the call tells. */
long access_check_directory(int directory, const char *path, unsigned int mask);

/*
 * Before the file that path 0 of CALL has come to name is opened as HOW says, by openat2(2): a descriptor or negative
 * errno, if that is the answer; or ACCESS_KERNEL_OPENS. With O_CREAT the new file gets its owner.
 */
#define ACCESS_KERNEL_OPENS (-4098)
long access_open(struct call *call, const struct open_how *how);

/* The kernel has opened nothing, because of RESULT: what the guest gets. */
long access_open_again(struct call *call, const struct open_how *how, long result);

/*
 * The kernel says RESULT, -EACCES, of what the guest's user may do: make the call again, with modes that allow it for
 * that long: its result. RESULT itself with ACCESS_KERNEL.
 */
long access_override(struct call *call, long result);

/* The same with STEP(CALL, CONTEXT), which is that call or a part of it, in its place. */
typedef long access_step(struct call *call, void *context);
long access_override_step(struct call *call, access_step *step, void *context, long result);

/* Call FUNCTION(A, B) with the directory FD, which the kernel does not let the user search or write, open to the user.
 */
void access_in_directory(int fd, slot_finish *function, void *a, long b);

/* -EACCES, and no other modes can help: it is the guest's user who may not. */
static inline long access_deny(struct call *call)
{
	call->is_denied = true;
	return -EACCES;
}

/*
 * Open the file that the descriptor FD, maybe of O_PATH, is of, for reading, which its mode denies to the user: with
 * ACCESS_ROOT; a descriptor that is not close-on-exec, or a negative errno.
 */
long access_read_anyway(int fd);

/*
 * Of RESULT, 0 or -EACCES, the kernel's answer to whether the file may be executed (named as for newfstatat(2)), what
 * the guest's user may.
 */
long access_check_executable(int directory, const char *path, unsigned long flags, long result);

#endif
