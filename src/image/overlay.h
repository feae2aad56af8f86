/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How overlays lie on the disk: as the kernel's overlayfs has it with the option userxattr (fs/overlayfs/util.c,
 * namei.c and super.c, Linux 6.18), so that it, or fuse-overlayfs, can mount the upper directory over the same lower
 * ones.
 *
 * A whiteout is a character device of number 0, which since Linux 5.8 every user may make. A lower layer may have it as
 * an empty file with OVERLAY_WHITEOUT, too. A directory with the value "y" of OVERLAY_OPAQUE is opaque.
 * OVERLAY_ORIGIN says what a copy is of, OVERLAY_IMPURE that a directory has such in it. Redirections
 * and files of which only the attributes are in a layer (redirect_dir, metacopy) are not known.
 */
#ifndef IMAGE_OVERLAY_H
#define IMAGE_OVERLAY_H

#include "base/base.h"

#define OVERLAY_PREFIX "user.overlay."
#define OVERLAY_OPAQUE OVERLAY_PREFIX "opaque"
#define OVERLAY_WHITEOUT OVERLAY_PREFIX "whiteout"
#define OVERLAY_ORIGIN OVERLAY_PREFIX "origin"
#define OVERLAY_IMPURE OVERLAY_PREFIX "impure"
/* What stands for the prefix in a name of the guest's own: ovl_xattr_escape_name(), fs/overlayfs/xattrs.c, Linux 6.7.
 */
#define OVERLAY_ESCAPED OVERLAY_PREFIX "overlay."

/* How the name of the directory ends in which things are made: beside the upper one, or if that can not be, in it. */
#define OVERLAY_WORK ".proot-work"

typedef long overlay_system_call(long nr, unsigned long a, unsigned long b, unsigned long c, unsigned long d,
				 unsigned long e, unsigned long f);

/* struct view_operations.look, by SYSTEM_CALL, which makes one system call: its result, or a negative errno. */
long overlay_look(overlay_system_call *system_call, const char *host_path, bool is_upper);

/*
 * Open the directory WORK, which is made if it is missing, and wait until nobody else has it: flock(2). The descriptor,
 * to be closed, or a negative errno.
 */
long overlay_lock(overlay_system_call *system_call, const char *work);

#endif
