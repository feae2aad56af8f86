/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/views.h"
#include "agent/attach.h"
#include "agent/seal.h"
#include "agent/capability.h"
#include "agent/guest_memory.h"
#include "agent/image_lock.h"
#include "agent/plain.h"
#include "agent/proc.h"
#include "image/shared.h"
#include <asm/stat.h>
#include <linux/fcntl.h>

const struct view *view_in_force AGENT_EARLY;

/* Whether what is attached at AT is the view of this proot: the number may be another's in another IPC namespace. */
static bool is_ours(unsigned long at)
{
	uint64_t nonce;

	return !guest_read(&nonce, at + offsetof(struct shared_view, nonce), sizeof(nonce)) &&
	       nonce == image_data()->shared_nonce;
}

static size_t memory_size(void)
{
	return offsetof(struct shared_view, view) + view_changeable_size(&image_data()->view);
}

void views_start(void)
{
	const struct shared_view *shared = (const struct shared_view *)IMAGE_VIEW_ADDRESS;

	/* By that the supervisor knows that there is a guest: image/shared.h. */
	if (*image_data()->memory)
		plain_shared();
	view_in_force = &image_data()->view;
	if (image_data()->view_id < 0)
		return;
	if (attach_memory(image_data()->view_id, shared, memory_size(), false) == (long)shared &&
	    is_ours((unsigned long)shared)) {
		seal(shared, ALIGN_UP(memory_size(), 0x1000ul));
		view_in_force = &shared->view;
	}
}

bool views_lives_in(const char *name, uint64_t inode)
{
	struct stat status;

	return !GATE_4(NR_newfstatat, AT_FDCWD, name, &status, 0) && status.st_ino == inode;
}

bool views_may_change(void)
{
	/* Mounts of a namespace of its own nobody else would see; the view's are everybody's. */
	return has_capability(CAP_SYS_ADMIN) &&
	       views_lives_in("/proc/thread-self/ns/mnt", image_data()->mount_namespace);
}

/* For writing, somewhere. */
static struct shared_view *attach(void)
{
	long at = attach_memory(image_data()->view_id, NULL, memory_size(), true);

	if (!attach_is_address(at))
		return NULL;
	if (is_ours((unsigned long)at))
		return (struct shared_view *)at;
	attach_release((void *)at, memory_size());
	return NULL;
}

long views_begin(struct views_change *change)
{
	const struct shared_view *shared = (const struct shared_view *)IMAGE_VIEW_ADDRESS;
	long fd;

	*change = (struct views_change){ .lock = -1 };
	if (view_in_force != &shared->view)
		return -EPERM;
	fd = image_lock();
	if (fd < 0)
		return fd;
	change->lock = (int)fd;
	shared = attach();
	if (!shared)
		return -EPERM;
	change->view = (struct view *)&shared->view;
	view_begin(change->view);
	return 0;
}

void views_commit(struct views_change *change)
{
	plain_begin_change();
	view_commit(change->view);
	plain_end_change();
}

void views_end(struct views_change *change)
{
	if (change->view)
		attach_release((char *)change->view - offsetof(struct shared_view, view), memory_size());
	if (change->lock >= 0)
		image_unlock(change->lock);
}
