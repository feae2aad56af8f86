/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Directories of the host that stand for a tmpfs: how their names begin, and where they are. */
#ifndef IMAGE_TEMPORARY_H
#define IMAGE_TEMPORARY_H

#define TEMPORARY_MOUNT ".proot-mount-" /* the nonce of the proot follows in hexadecimal, "-", and a number */

/* Where they are made, in this order, behind image_data.temporary. */
#define TEMPORARY_PARENTS "/dev/shm", "/tmp", "/var/tmp"

#endif
