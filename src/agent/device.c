/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/device.h"
#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

/* The last that got its number. */
static struct opened {
	uint32_t version; /* odd while it is written */
	int fd;
	uint64_t host_device, host_inode;
	struct stat guest;
} opened[16] AGENT_LARGE;

static bool is_any;

bool device_is_known(void)
{
	return __atomic_load_n(&is_any, __ATOMIC_RELAXED);
}

void device_note(int fd, const struct stat *guest)
{
	struct opened *at = &opened[(unsigned int)fd % ARRAY_SIZE(opened)];
	uint32_t version = __atomic_load_n(&at->version, __ATOMIC_RELAXED);
	struct stat host;

	if (GATE_2(NR_fstat, fd, &host) || version & 1 ||
	    !__atomic_compare_exchange_n(&at->version, &version, version + 1, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED))
		return;
	at->fd = fd;
	at->host_device = host.st_dev;
	at->host_inode = host.st_ino;
	at->guest = *guest;
	__atomic_store_n(&at->version, version + 2, __ATOMIC_RELEASE);
	__atomic_store_n(&is_any, true, __ATOMIC_RELEASE);
}

/* What is the guest's node's own. */
static void put(const struct stat *guest, struct stat *status)
{
	status->st_dev = guest->st_dev;
	status->st_ino = guest->st_ino;
	status->st_nlink = guest->st_nlink;
	status->st_mode = guest->st_mode;
	status->st_uid = guest->st_uid;
	status->st_gid = guest->st_gid;
}

bool device_tell(int fd, struct stat *status)
{
	const struct opened *at = &opened[(unsigned int)fd % ARRAY_SIZE(opened)];
	uint32_t version = __atomic_load_n(&at->version, __ATOMIC_ACQUIRE);
	struct opened found;

	if (!device_is_known() || fd < 0 || version & 1)
		return false;
	found = *at;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (__atomic_load_n(&at->version, __ATOMIC_RELAXED) != version || found.fd != fd ||
	    found.host_device != status->st_dev || found.host_inode != status->st_ino ||
	    found.guest.st_rdev != status->st_rdev)
		return false;
	put(&found.guest, status);
	return true;
}
