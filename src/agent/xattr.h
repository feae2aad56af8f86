/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How attributes that only root may set are kept, as the user's: with XATTR_HIDDEN in front of their names. */
#ifndef AGENT_XATTR_H
#define AGENT_XATTR_H

#include "agent/object.h"

#define XATTR_HIDDEN "user.proot."
#define XATTR_ACCESS_LIST "system.posix_acl_access"

/* The value of security.capability that the guest has given the file: its length, or a negative errno. */
long xattr_read_capability(const struct object *object, void *value, size_t size);
/* What has been changed has no capabilities any more: cap_inode_killpriv(), security/commoncap.c. */
void xattr_drop_capability(const struct object *object);

#endif
