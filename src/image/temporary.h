/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Directories of the host that stand for a tmpfs: how their names begin. The nonce of the proot follows, and a number.
 */
#ifndef IMAGE_TEMPORARY_H
#define IMAGE_TEMPORARY_H

#define TEMPORARY_MOUNT ".proot-mount-"

#endif
