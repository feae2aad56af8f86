/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/fast_owner.h"
#include "agent/device.h"
#include "agent/guest_memory.h"
#include "agent/owner.h"
#include "agent/seen.h"
#include "agent/store.h"
#include "agent/xattr.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <linux/fcntl.h>

/* struct xattr_args, Linux 6.13: an attribute is asked for by a descriptor and a name below it. */
struct attribute_arguments {
	uint64_t value;
	uint32_t size, flags;
};

/* What a call has written of a file. */
struct fast_status {
	struct seen seen;
	uint32_t mode;
	uint32_t *uid, *gid;
};

/* Whether nothing is stored with the regular file or directory that the call in FRAME was about. False: ask again, the
 * slow way. */
static bool ask(const struct fast_frame *frame)
{
	static const struct attribute_arguments nowhere = { 0 };
	long status;

	if (frame->about.kind == PATH_EMPTY)
		status = GATE_4(NR_fgetxattr, frame->directory, OWNER_ATTRIBUTE, 0, 0);
	else if (frame->directory == AT_FDCWD)
		status = GATE_4(NR_lgetxattr, frame->path, OWNER_ATTRIBUTE, 0, 0);
	else
		status = GATE_6(NR_getxattrat, frame->directory, frame->path, AT_SYMLINK_NOFOLLOW, OWNER_ATTRIBUTE,
				&nowhere, sizeof(nowhere));
	return status == -ENODATA || status == -EACCES;
}

#define ASKED_MOST 32 /* without a place to remember it: then the slow way looks for one */

static bool has_no_attribute(const struct fast_frame *frame, const struct fast_status *file)
{
	static unsigned int asked;

	if (seen_without_owner(&file->seen))
		return true;
	if (!seen_is_started(file->seen.device) && ++asked % ASKED_MOST == 0)
		return false;
	if (!ask(frame))
		return false;
	seen_note(&file->seen);
	return true;
}

/* Whether it is known that no owner is stored of a file of the user's, be it with the file or apart. */
static bool has_default_owner(const struct fast_frame *frame, const struct fast_status *file)
{
	uint32_t type = file->mode & S_IFMT;
	bool has_attributes = type == S_IFREG || type == S_IFDIR;

	if ((!has_attributes || image_data()->identity.forgets) &&
	    !store_knows_none(file->seen.device, file->seen.inode,
			      frame->directory == AT_FDCWD && type != S_IFDIR ? frame->path : NULL))
		return false;
	return !has_attributes || has_no_attribute(frame, file);
}

static bool is_device(const struct fast_status *file)
{
	return (file->mode & S_IFMT) == S_IFCHR || (file->mode & S_IFMT) == S_IFBLK;
}

static bool tell_owner(const struct fast_frame *frame, const struct fast_status *file)
{
	const struct identity *identity = &image_data()->identity;

	if (*file->uid != identity->host_uid)
		return !(is_device(file) && frame->about.kind == PATH_EMPTY && device_is_known());
	if (!has_default_owner(frame, file))
		return false;
	*file->uid = identity->uid;
	*file->gid = identity->gid;
	return true;
}

bool fast_tell_owner_in_stat(const struct fast_frame *frame, struct stat *file)
{
	const struct fast_status status = { { file->st_dev, file->st_ino, (int64_t)file->st_ctime,
					      (uint32_t)file->st_ctime_nsec },
					    file->st_mode,
					    &file->st_uid,
					    &file->st_gid };

	return tell_owner(frame, &status);
}

bool fast_tell_owner_in_statx(const struct fast_frame *frame, struct statx *file)
{
	const struct fast_status status = { { owner_device(file->stx_dev_major, file->stx_dev_minor), file->stx_ino,
					      file->stx_ctime.tv_sec, file->stx_ctime.tv_nsec },
					    file->stx_mode,
					    &file->stx_uid,
					    &file->stx_gid };

	return file->stx_mask & STATX_CTIME && tell_owner(frame, &status);
}

/* Where the machine has labels, those that the guest has given none are the machine's: agent/xattr.c. */
static bool has_labels(void)
{
	static uint32_t known; /* + 1 */
	uint32_t answer = __atomic_load_n(&known, __ATOMIC_RELAXED);

	if (!answer) {
		answer = 1 + !GATE_3(NR_faccessat, AT_FDCWD, "/sys/fs/selinux/enforce", 0);
		__atomic_store_n(&known, answer, __ATOMIC_RELAXED);
	}
	return answer > 1;
}

/* Those that are asked for all day. */
unsigned long fast_attribute_name(const struct fast_frame *frame, unsigned long name_at)
{
	static const char *const hidden[] = { XATTR_HIDDEN "security.capability", XATTR_HIDDEN "security.selinux" };
	char name[32];
	long length = guest_read_string_near(name, name_at, sizeof(name), (unsigned long)frame,
					     registers_fast_stack(&frame->registers) - 1, clock_now());

	if (length <= 0)
		return 0;
	if (text_begins(name, "system."))
		return name_at;
	for (size_t i = 0; i < ARRAY_SIZE(hidden) - has_labels(); i++)
		if (text_equal(name, hidden[i] + sizeof(XATTR_HIDDEN) - 1))
			return (unsigned long)hidden[i];
	return 0;
}
