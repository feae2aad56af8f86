/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One lock for all guests of a proot, whatever users the kernel takes them for: flock(2) on the image, which is one
 * file for all of them. The kernel gives it back when its holder is killed. Who ends all guests (--kill-on-exit)
 * takes it before: nobody is killed who has it.
 */
#ifndef AGENT_IMAGE_LOCK_H
#define AGENT_IMAGE_LOCK_H

#include "base/base.h"

/*
 * A number to be given to image_unlock(), or a negative errno: -EBUSY after a minute. With signals blocked. Who has
 * the lock may take it once more.
 */
long image_lock(void);
/* A child that was made meanwhile has the descriptor, too, and does not keep the lock. */
void image_unlock(int number);
/* Whether the calling thread has it. */
bool image_lock_is_ours(void);

#endif
