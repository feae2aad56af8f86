/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/access_list.h"
#include "agent/owner.h"
#include "agent/xattr.h"
#include <linux/fcntl.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/stat.h>

#define ENTRIES_MOST 256

struct list {
	struct posix_acl_xattr_header header;
	struct posix_acl_xattr_entry entries[ENTRIES_MOST];
};

/* What the list's mask leaves of PERMISSIONS; it follows the entries of users and groups. */
static long apply_mask(const struct posix_acl_xattr_entry *at, const struct posix_acl_xattr_entry *end,
		       unsigned int permissions, unsigned int mask)
{
	for (; at < end; at++)
		if (at->e_tag == ACL_MASK)
			permissions &= at->e_perm;
	return mask & ~permissions ? -EACCES : 0;
}

/* posix_acl_permission(), fs/posix_acl.c, of who is not the owner. */
static long check_entries(const struct credentials *credentials, const struct posix_acl_xattr_entry *at,
			  const struct posix_acl_xattr_entry *end, uint32_t gid, unsigned int mask)
{
	bool is_member = false;

	for (; at < end; at++) {
		bool is_group = at->e_tag == ACL_GROUP || at->e_tag == ACL_GROUP_OBJ;

		if (at->e_tag == ACL_USER && at->e_id == credentials->fsuid)
			return apply_mask(at, end, at->e_perm, mask);
		if (is_group && credentials_in_group(credentials, at->e_tag == ACL_GROUP ? at->e_id : gid)) {
			is_member = true;
			if (!(mask & ~(unsigned int)at->e_perm))
				return apply_mask(at, end, at->e_perm, mask);
		}
		if (at->e_tag == ACL_OTHER)
			return is_member || mask & ~(unsigned int)at->e_perm ? -EACCES : 0;
	}
	return -EACCES;
}

long access_list_check(const struct credentials *credentials, const struct access_file *file, unsigned int mask)
{
	const struct stat *status = &file->status;
	struct list list;
	long length;

	/* As acl_permission_check(), fs/namei.c, has it. */
	if (credentials->fsuid == status->st_uid || !(status->st_mode & S_IRWXG))
		return ACCESS_LIST_NONE;
	length = owner_get_attribute(file->directory, file->path, file->flags, XATTR_ACCESS_LIST, &list, sizeof(list));
	if (length < (long)sizeof(list.header) || list.header.a_version != POSIX_ACL_XATTR_VERSION)
		return ACCESS_LIST_NONE;
	return check_entries(credentials, list.entries,
			     list.entries + ((size_t)length - sizeof(list.header)) / sizeof(list.entries[0]),
			     status->st_gid, mask);
}
