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

/* Whose rights count for CALL; NULL: for the calling thread. */
static inline const struct credentials *access_credentials(const struct call *call)
{
	return call && call->as ? call->as : identity_now();
}

enum access_kind access_kind(const struct call *call);

static inline bool access_is_checked(const struct call *call)
{
	return identity_is_on() && access_kind(call) == ACCESS_CHECKED;
}

/* Whether the calling thread has the same rights by its real ids: access(2). */
bool access_real_is_effective(void);

#define ACCESS_READ 4
#define ACCESS_WRITE 2
#define ACCESS_SEARCH 1 /* or execute */

/* A file named as for newfstatat(2), to the kernel, and its status as the guest sees it. */
struct access_file {
	int directory;
	const char *path;
	unsigned long flags;
	struct stat status;
};

/*
 * Fill the status: 0 or a negative errno; -EACCES where the kernel does not let us look. To look at "" and "."
 * needs no leave to search.
 */
long access_look(struct access_file *file);
/* The same of an object. */
struct access_file access_file_of(const struct object *object);

/* generic_permission(), fs/namei.c: whether the file grants all of MASK. */
bool access_may(const struct credentials *credentials, const struct access_file *file, unsigned int mask);
/* inode_owner_or_capable(), fs/inode.c */
bool access_is_owner(const struct credentials *credentials, const struct stat *status);

/* -EACCES, and no other modes can help: it is the guest's user who may not. */
static inline long access_deny(struct call *call)
{
	call->is_denied = true;
	return -EACCES;
}

/* 0, or that where the guest's user is not granted MASK. */
static inline long access_judge(struct call *call, const struct access_file *file, unsigned int mask)
{
	return access_may(access_credentials(call), file, mask) ? 0 : access_deny(call);
}

/*
 * With ACCESS_CHECKED, before a call: 0, or -EACCES or -EPERM where the guest's user may not do to what the paths name
 * what the call's row says it needs. Errors of another kind are left to the call. -EACCES of the kernel, which does
 * not let us look, is none of ours (call->is_denied): access_override() lets us.
 */
long access_check(struct call *call);
/* That, and then what the call's row says. */
long access_handle(struct call *call);
/* The part of the first for calls that make or remove names (agent/access_entry.c): the paths are CALL's own affair. */
long access_check_entries(struct call *call);
/* What the paths of CALL name has been found, up to path WHICH: 0, ACCESS_SETTLED, or a negative errno. */
long access_find_path(struct call *call, unsigned int which);
#define ACCESS_SETTLED 1 /* the call has an answer that does not depend on what the guest's user may do */

/* Of the directory or file at PATH, relative to DIRECTORY, for MASK. */
long access_check_at(struct call *call, int directory, const char *path, unsigned int mask);
/* The same where it counts only if that is a directory: of something else the call tells. */
long access_check_directory(struct call *call, int directory, const char *path, unsigned int mask);

/*
 * Before the file that path 0 of CALL has come to name is opened as HOW says, by openat2(2): a descriptor or negative
 * errno, if that is the answer; or ACCESS_KERNEL_OPENS. With O_CREAT the new file gets its owner.
 */
#define ACCESS_KERNEL_OPENS (-4098)
long access_open(struct call *call, const struct open_how *how);

/*
 * A child has opened FD with FLAGS: the calling thread does it once more, if it may, for to linkat(2) with
 * AT_EMPTY_PATH others' descriptors are not one's own. It takes the place of FD.
 */
void access_reopen(int fd, uint64_t flags);
/* Whether FD is of what could not be opened once more; the last few are known. */
bool access_opened_for_us(int fd);
/* The process has other credentials now, to which they are others'. */
void access_forget_opened(void);

/*
 * The same where path 0 ends in a link of /proc that only the kernel can follow, with OPEN_FLAGS: 0 or a negative
 * errno. What has no name may be anybody's.
 */
long access_open_magic(struct call *call, uint64_t open_flags);

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

/*
 * Open the file that the descriptor FD, maybe of O_PATH, is of, for reading, which its mode denies to the user: with
 * ACCESS_ROOT; a descriptor that is not close-on-exec, or a negative errno.
 */
long access_read_anyway(int fd);

/*
 * Of RESULT, 0, -EACCES or -ETXTBSY, the kernel's answer to whether the file may be executed (named as for
 * newfstatat(2)), what the guest's user may.
 */
long access_check_executable(int directory, const char *path, unsigned long flags, long result);

#endif
