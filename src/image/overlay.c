/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/overlay.h"
#include "base/error.h"
#include "numbers.h"
#include "view/view.h"
#include <asm/fcntl.h>
#include <asm/stat.h>
#include <linux/fcntl.h>

/* Of st_mode; linux/stat.h leaves them out where there is a C library. */
#define TYPE 0170000u
#define TYPE_CHARACTER 0020000u
#define TYPE_DIRECTORY 0040000u
#define TYPE_REGULAR 0100000u

#define LOCK_EXCLUSIVE 2 /* LOCK_EX: flock(2) */
#define TRIES_MOST 1000

#define CALL_2(nr, a, b) system_call(nr, (unsigned long)(a), (unsigned long)(b), 0, 0, 0, 0)
#define CALL_4(nr, a, b, c, d) \
	system_call(nr, (unsigned long)(a), (unsigned long)(b), (unsigned long)(c), (unsigned long)(d), 0, 0)

static long read_opaque(overlay_system_call *system_call, const char *host_path, char value[2])
{
	return CALL_4(NR_lgetxattr, host_path, OVERLAY_OPAQUE, value, 2);
}

/* The upper layer's directory with STATUS may be one that its owner must not read: it is made readable for that moment.
 */
static bool is_opaque(overlay_system_call *system_call, const char *host_path, const struct stat *status, bool is_upper)
{
	char value[2];
	long length = read_opaque(system_call, host_path, value);

	if (length == -EACCES && is_upper && !CALL_2(NR_chmod, host_path, (status->st_mode & 07777) | 0400)) {
		length = read_opaque(system_call, host_path, value);
		CALL_2(NR_chmod, host_path, status->st_mode & 07777);
	}
	return length == 1 && value[0] == 'y';
}

static bool is_whiteout(overlay_system_call *system_call, const char *host_path, const struct stat *status,
			bool is_upper)
{
	if ((status->st_mode & TYPE) == TYPE_CHARACTER)
		return !status->st_rdev;
	return !is_upper && (status->st_mode & TYPE) == TYPE_REGULAR && !status->st_size &&
	       CALL_4(NR_lgetxattr, host_path, OVERLAY_WHITEOUT, NULL, 0) >= 0;
}

long overlay_look(overlay_system_call *system_call, const char *host_path, bool is_upper)
{
	struct stat status;
	long error = CALL_4(NR_newfstatat, AT_FDCWD, *host_path ? host_path : "/", &status, AT_SYMLINK_NOFOLLOW);

	if (error)
		return error;
	if ((status.st_mode & TYPE) == TYPE_DIRECTORY)
		return is_opaque(system_call, host_path, &status, is_upper) ? VIEW_IS_OPAQUE : VIEW_IS_DIRECTORY;
	return is_whiteout(system_call, host_path, &status, is_upper) ? VIEW_IS_WHITEOUT : VIEW_IS_OTHER;
}

static long open_work(overlay_system_call *system_call, const char *work)
{
	long fd = CALL_4(NR_openat, AT_FDCWD, work, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);

	if (fd != -ENOENT)
		return fd;
	fd = CALL_2(NR_mkdir, work, 0700);
	if (fd && fd != -EEXIST)
		return fd;
	return CALL_4(NR_openat, AT_FDCWD, work, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
}

long overlay_lock(overlay_system_call *system_call, const char *work)
{
	struct stat status;
	long fd = -ENOENT;

	/* Whoever had it may have removed it. */
	for (unsigned int tries = 0; tries < TRIES_MOST; tries++) {
		fd = open_work(system_call, work);
		if (fd == -ENOENT)
			continue;
		if (fd < 0)
			return fd;
		while (CALL_2(NR_flock, fd, LOCK_EXCLUSIVE) == -EINTR)
			;
		if (!CALL_2(NR_fstat, fd, &status) && status.st_nlink)
			return fd;
		CALL_2(NR_close, fd, 0);
		fd = -ENOENT;
	}
	return fd;
}
