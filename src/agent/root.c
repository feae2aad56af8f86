/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/root.h"
#include "agent/capability.h"
#include "agent/deep.h"
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/mounts.h"
#include "agent/overlay.h"
#include "agent/own.h"
#include "agent/proc.h"
#include "agent/translate.h"
#include "agent/virtual.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#define ACCESS_SEARCH 1 /* X_OK */

/* Whether a process in this memory has ever had a root of its own. */
static bool is_set;

bool root_is_set(void)
{
	return __atomic_load_n(&is_set, __ATOMIC_ACQUIRE);
}

const char *root_path(void)
{
	const struct own *own = root_is_set() ? own_now() : NULL;

	return own ? own->root : "";
}

void root_of(long process, char *buf)
{
	if (proc_is_own(process))
		memcpy(buf, root_path(), strlen(root_path()) + 1);
	else if (!proc_is_guest(process) || !own_read_root(process, buf))
		buf[0] = '\0';
}

static long set_root(const char *path)
{
	long status = own_set_root(path);

	if (!status)
		__atomic_store_n(&is_set, true, __ATOMIC_RELEASE);
	return status;
}

void root_start(const char *path)
{
	if (path[0] && strlen(path) < PATH_SIZE)
		set_root(path);
}

bool root_tell(char *path)
{
	const char *root = root_path();
	size_t length = strlen(root);

	if (!length)
		return true;
	if (memcmp(path, root, MIN(length, strlen(path) + 1)) || (path[length] && path[length] != '/'))
		return false;
	if (path[length])
		memmove(path, path + length, strlen(path + length) + 1);
	else
		memcpy(path, "/", 2);
	return true;
}

/* What chroot(2) asks of the place, in its order. */
static long check_place(const struct host_path *path)
{
	struct stat host;
	long status;

	if (path->result->is_virtual)
		return 0;
	status = GATE_4(NR_newfstatat, AT_FDCWD, path->path, &host, 0);
	if (status)
		return status;
	if ((host.st_mode & S_IFMT) != S_IFDIR)
		return -ENOTDIR;
	return GATE_4(NR_faccessat2, AT_FDCWD, path->path, ACCESS_SEARCH, AT_EACCESS);
}

/* The kernel goes there by itself, through a link of /proc: where that is. A directory outside the view has no name. */
static long name_by_descriptor(const struct host_path *path)
{
	long fd = GATE_4(NR_openat, path->directory, path->path, O_PATH | O_CLOEXEC, 0), status;

	if (fd < 0)
		return fd;
	status = translate_directory((int)fd, path->result->guest, path->result->host);
	GATE_1(NR_close, fd);
	return status ? -EPERM : 0;
}

long handle_chroot(struct call *call)
{
	long status = translate_path(call, 0, TRANSLATE_FULL);
	const struct host_path *path = &call->paths[0];

	if (status)
		return status < 0 ? status :
				    GATE_3(NR_faccessat, AT_FDCWD, call->arguments[0], 0); /* EFAULT or ENOENT */
	status = check_place(path);
	if (status)
		return status;
	if (!has_capability(CAP_SYS_CHROOT))
		return -EPERM;
	status = path->is_resolved && !path->result->is_magic ? 0 : name_by_descriptor(path);
	if (!status && deep_is_nameless(path->result->guest))
		status = -ENAMETOOLONG;
	return status ? status : set_root(path->result->guest);
}

#define UNREACHABLE "(unreachable)" /* prepend_path(), fs/d_path.c */

/* The view's path, or where there is none the host's, as the guest is told it. */
static const char *tell_cwd(char *guest_path, const char *host_path)
{
	long status = mounts_to_guest(AT_FDCWD, host_path, guest_path);

	if (status)
		memcpy(guest_path, host_path, strlen(host_path) + 1);
	else if (!guest_path[0])
		memcpy(guest_path, "/", 2);
	if ((status && guest_path[0] == '/') || !root_tell(guest_path)) {
		size_t length = MIN(strlen(guest_path), PATH_SIZE - sizeof(UNREACHABLE));

		memmove(guest_path + sizeof(UNREACHABLE) - 1, guest_path, length);
		memcpy(guest_path, UNREACHABLE, sizeof(UNREACHABLE) - 1);
		guest_path[sizeof(UNREACHABLE) - 1 + length] = '\0';
	}
	return guest_path;
}

long handle_getcwd(struct call *call)
{
	struct slot *slot = call->slot;
	char *host_path = slot->path[0];
	unsigned long size = call->arguments[1];
	long length = GATE_2(NR_getcwd, host_path, PATH_SIZE), status;
	const char *told;

	if (length == -ENOENT && proc_read_descriptor(AT_FDCWD, host_path) > 0 && virtual_of_path(host_path) >= 0)
		length = 0;
	if (length < 0)
		return length;
	if (overlay_is_there() && overlay_has_removed(AT_FDCWD))
		return -ENOENT;
	told = tell_cwd(slot->path[1], host_path);
	length = (long)strlen(told) + 1;
	if ((unsigned long)length > size)
		return -ERANGE;
	status = guest_write(call->arguments[0], told, (size_t)length);
	return status ? status : length;
}
