/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/proc_owner.h"
#include "agent/identity.h"
#include "agent/kin.h"
#include "agent/proc.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <linux/fcntl.h>

#define PROCESS_MODE (S_IFDIR | 0555)

/* That of /proc. 0: there is none. */
static uint64_t device_of_proc(void)
{
	static uint64_t known;
	struct stat status;

	if (!known && !GATE_4(NR_newfstatat, AT_FDCWD, "/proc/self", &status, AT_SYMLINK_NOFOLLOW))
		known = status.st_dev;
	return known;
}

/* The process whose directory the kernel calls HOST_PATH, which is written to; or -1. */
static long process_of(char *host_path)
{
	struct text text;
	const char *rest;
	long thread;

	text_resume(&text, host_path, PATH_SIZE);
	text_add(&text, "/");
	rest = text.full ? NULL : proc_of_process(host_path, &thread);
	return rest && !*rest ? thread : -1;
}

static long find_process(int directory, const char *path, unsigned long flags)
{
	unsigned long nofollow = flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0;
	char host_path[PATH_SIZE];
	long fd = directory, status;

	if (path[0])
		fd = GATE_4(NR_openat, directory, path, O_PATH | O_CLOEXEC | nofollow, 0);
	status = fd < 0 && path[0] ? fd : proc_read_descriptor((int)fd, host_path);
	if (path[0] && fd >= 0)
		GATE_1(NR_close, fd);
	return status < 0 ? -1 : process_of(host_path);
}

bool proc_owner_tell(int directory, const char *path, unsigned long flags, struct stat *status)
{
	struct identity_ids ids;
	long process;

	if (status->st_mode != PROCESS_MODE || status->st_dev != device_of_proc())
		return false;
	process = find_process(directory, path, flags);
	if (process <= 0)
		return false;
	if (proc_is_own(process))
		ids = (struct identity_ids){ .euid = identity_now()->euid, .egid = identity_now()->egid };
	else if (!kin_has_identity(process) || !identity_read_ids(process, &ids))
		return false;
	status->st_uid = ids.euid;
	status->st_gid = ids.egid;
	return true;
}
