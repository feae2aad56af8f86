/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One lock for all guests of a proot, whatever users the kernel takes them for: flock(2) on the image, which is one
 * file for all of them. The kernel gives it back when its holder is killed.
 */
#ifndef AGENT_IMAGE_LOCK_H
#define AGENT_IMAGE_LOCK_H

/* A descriptor to be given to image_unlock(), or a negative errno: -EBUSY after 10 seconds. With signals blocked. */
long image_lock(void);
/* A child that was made meanwhile has the descriptor, too, and does not keep the lock. */
void image_unlock(int fd);

#endif
