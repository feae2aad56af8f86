/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that take a path and need little more than its translation.
 */
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/proc.h"
#include "agent/translate.h"
#include "agent/virtual.h"
#include "base/text.h"
#include <asm/stat.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

/* What a call gets on a virtual directory: the nearest real one's answer, or EROFS for a change. */
static long use_stand_in(struct call *call, unsigned int which)
{
	const struct call_path *shape = &call->row->paths[which];
	struct host_path *path = &call->paths[which];

	if (!path->is_resolved || !path->result->is_virtual)
		return 0;
	if (call->nr == NR_truncate)
		return -EISDIR;
	if (call->row->writes)
		return shape->follow == FOLLOW_MAKES ? -EEXIST : -EROFS;
	translate_stand_in(path->result->guest, path->result->host);
	return 0;
}

long handle_paths(struct call *call)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(call->paths) && call->row->paths[i].follow != FOLLOW_NONE; i++) {
		long status = translate_path(call, i, 0);

		if (status < 0)
			return translate_refuse(call, i, status);
		if (!status)
			status = use_stand_in(call, i);
		if (status < 0)
			return status;
	}
	return call_make(call, call->nr);
}

/* Give the result of a stat call the inode number of a virtual directory. */
static long set_inode(const struct call *call, uint32_t binding)
{
	uint64_t inode = translate_virtual_inode(binding);
	bool is_statx = call->nr == NR_statx;
	unsigned long at;

	if (is_statx)
		at = call->arguments[4] + offsetof(struct statx, stx_ino);
	else
		at = call->arguments[call->nr == NR_newfstatat ? 2 : 1] + offsetof(struct stat, st_ino);
	return guest_write(at, &inode, sizeof(inode));
}

/* A descriptor of a virtual directory must look as its path does: a removed directory's status would not. */
static long stat_virtual_descriptor(struct call *call, uint32_t binding)
{
	struct slot *slot = call->slot;
	unsigned long *arguments = call->arguments;
	long status;

	translate_stand_in(view_guest(the_view(), binding), slot->spare);
	if (call->nr == NR_fstat)
		status = GATE_2(NR_stat, slot->spare, arguments[1]);
	else if (call->nr == NR_statx)
		status = GATE_5(NR_statx, AT_FDCWD, slot->spare, 0, arguments[3], arguments[4]);
	else
		status = GATE_2(NR_stat, slot->spare, arguments[2]);
	return status ? status : set_inode(call, binding);
}

long handle_fstat(struct call *call)
{
	int fd = (int)call->arguments[0];
	int binding = virtual_of_descriptor(fd, call->slot->spare);

	return binding < 0 ? call_make(call, call->nr) : stat_virtual_descriptor(call, (uint32_t)binding);
}

/* No path: the descriptor itself, or the cwd. */
static long stat_descriptor(struct call *call)
{
	bool by_descriptor = call->row->paths[0].directory != CALL_CWD && (int)call->arguments[0] != AT_FDCWD;
	int binding = by_descriptor ? virtual_of_descriptor((int)call->arguments[0], call->slot->spare) : -1;

	return binding < 0 ? call_make(call, call->nr) : stat_virtual_descriptor(call, (uint32_t)binding);
}

/* The resolver has the object open already: ask that. */
static long stat_object(struct call *call)
{
	const unsigned long *arguments = call->arguments;
	int object = call->paths[0].object;
	long status;

	if (call->nr == NR_newfstatat)
		status = GATE_4(NR_newfstatat, object, "", arguments[2], arguments[3] | AT_EMPTY_PATH);
	else if (call->nr == NR_statx)
		status = GATE_5(NR_statx, object, "", arguments[2] | AT_EMPTY_PATH, arguments[3], arguments[4]);
	else
		status = GATE_2(NR_fstat, object, arguments[1]);
	GATE_1(NR_close, object);
	return status;
}

/* The status the kernel has just written for the guest is that of a link. */
static bool has_met_link(const struct call *call)
{
	uint32_t mode = 0;
	uint16_t mode16 = 0;

	if (call->nr == NR_statx) {
		guest_read(&mode16, call->arguments[4] + offsetof(struct statx, stx_mode), sizeof(mode16));
		mode = mode16;
	} else {
		guest_read(&mode, call->arguments[call->nr == NR_newfstatat ? 2 : 1] + offsetof(struct stat, st_mode),
			   sizeof(mode));
	}
	return (mode & S_IFMT) == S_IFLNK;
}

/*
 * A relative path that passes as it is: asked without following, so that a
 * link, which is rare, shows in the answer. -ELOOP then, if it is to be followed.
 */
static long stat_as_is(struct call *call)
{
	const unsigned long *arguments = call->arguments;
	long status;

	switch (call->nr) {
	case NR_stat:
		status = GATE_2(NR_lstat, arguments[0], arguments[1]);
		break;
	case NR_newfstatat:
		status = GATE_4(NR_newfstatat, arguments[0], arguments[1], arguments[2],
				arguments[3] | AT_SYMLINK_NOFOLLOW);
		break;
	case NR_statx:
		/* The type is written whether it is asked for or not. */
		status = GATE_5(NR_statx, arguments[0], arguments[1], arguments[2] | AT_SYMLINK_NOFOLLOW, arguments[3],
				arguments[4]);
		break;
	default:
		return call_make(call, call->nr);
	}
	if (status || (call->nr != NR_stat && arguments[call->row->paths[0].flags] & AT_SYMLINK_NOFOLLOW))
		return status;
	return has_met_link(call) ? -ELOOP : 0;
}

/* By descriptor the kernel does not look at all flags; those it would refuse go to it with the path. */
static bool may_use_object(const struct call *call)
{
	static const unsigned long harmless = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH;

	return call->nr == NR_stat || call->nr == NR_lstat ||
	       !(call->arguments[call->row->paths[0].flags] & 0xffffffff & ~harmless);
}

long handle_stat(struct call *call)
{
	long status = translate_path(call, 0, may_use_object(call) ? TRANSLATE_OBJECT : 0);
	const struct host_path *path = &call->paths[0];

	if (status < 0)
		return translate_refuse(call, 0, status);
	if (status == TRANSLATE_NOTHING)
		return stat_descriptor(call);
	if (path->object >= 0)
		return stat_object(call);
	if (!path->is_resolved) {
		status = stat_as_is(call);
		if (status != -ELOOP)
			return status;
		status = translate_path(call, 0, TRANSLATE_FULL);
		if (status)
			return status;
	}
	status = use_stand_in(call, 0);
	if (!status)
		status = call_make(call, call->nr);
	return !status && path->is_resolved && path->result->is_virtual ? set_inode(call, path->result->mount) : status;
}

/* Where the link that was read lies on the host, for a relative path that passed as it was. */
static const char *link_place(struct call *call)
{
	struct host_path *path = &call->paths[0];
	struct text place;
	char *buf = call->slot->results[0].host;

	if (path->is_resolved)
		return path->result->host;
	if (proc_read_descriptor(path->directory, buf) < 0 || !text_begins(buf, "/proc/"))
		return "";
	text_init(&place, call->slot->results[0].guest, PATH_SIZE);
	text_add(&place, buf);
	text_add(&place, "/");
	text_add(&place, path->guest_path);
	return place.text;
}

/* Tell the guest the text in slot->spare of the link HOST_PATH, whose length is LENGTH. */
static long tell_link(struct call *call, const char *host_path, long length, unsigned long to, int size)
{
	struct slot *slot = call->slot;
	long found = -ENOENT;

	slot->spare[length] = '\0';
	if (slot->spare[0] == '/')
		found = proc_link_guest(host_path, slot->spare, slot->scratch.link);
	if (found >= 0) {
		length = found;
		memcpy(slot->spare, slot->scratch.link, (size_t)length);
	}
	length = MIN(length, (long)size);
	return guest_write(to, slot->spare, (size_t)length) ? -EFAULT : length;
}

/* readlinkat of an empty path: the descriptor is of the link itself. */
static long read_link_descriptor(struct call *call, unsigned long to, int size)
{
	char *host_path = call->slot->results[0].host;
	long length = GATE_4(NR_readlinkat, call->arguments[0], "", call->slot->spare, PATH_SIZE - 1);

	if (length < 0)
		return length;
	if (proc_read_descriptor((int)call->arguments[0], host_path) < 0)
		host_path[0] = '\0';
	return tell_link(call, host_path, length, to, size);
}

/*
 * A link's text goes to the guest as it is, but for those of /proc that name
 * host paths. Only an absolute text can be such.
 */
long handle_readlink(struct call *call)
{
	bool at = call->nr == NR_readlinkat;
	unsigned long to = call->arguments[at ? 2 : 1];
	int size = (int)call->arguments[at ? 3 : 2];
	struct slot *slot = call->slot;
	long length = translate_path(call, 0, 0);

	if (length < 0)
		return translate_refuse(call, 0, length);
	if (size <= 0 || (length == TRANSLATE_NOTHING && !(at && call->original[1])))
		return call_make(call, call->nr);
	if (length == TRANSLATE_NOTHING)
		return read_link_descriptor(call, to, size);
	if (call->paths[0].is_resolved && call->paths[0].result->is_virtual)
		return -EINVAL;
	length = GATE_4(NR_readlinkat, call->paths[0].directory, call->paths[0].path, slot->spare, PATH_SIZE - 1);
	if (length < 0)
		return length;
	return tell_link(call, slot->spare[0] == '/' ? link_place(call) : "", length, to, size);
}

long handle_chdir(struct call *call)
{
	long status = translate_path(call, 0, 0), fd;

	if (status < 0)
		return status;
	if (status == TRANSLATE_NOTHING || !call->paths[0].is_resolved || !call->paths[0].result->is_virtual)
		return call_make(call, call->nr);
	fd = virtual_open(call->paths[0].result->mount, 0);
	if (fd < 0)
		return fd;
	status = GATE_1(NR_fchdir, fd);
	GATE_1(NR_close, fd);
	return status;
}

#define ACCESS_SEARCH 1 /* X_OK */

static bool has_capability(int capability)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	GATE_2(NR_capget, &header, data);
	return data[capability / 32].effective >> capability % 32 & 1;
}

/* The guest's root is its view's. Another needs a view of its own, which this program does not give yet. */
long handle_chroot(struct call *call)
{
	long status = translate_path(call, 0, TRANSLATE_FULL);
	struct stat host;

	if (status)
		return status < 0 ? status : call_make(call, NR_access); /* EFAULT or ENOENT */
	use_stand_in(call, 0);
	status = GATE_2(NR_stat, call->paths[0].path, &host);
	if (status)
		return status;
	if ((host.st_mode & S_IFMT) != S_IFDIR)
		return -ENOTDIR;
	status = GATE_4(NR_faccessat2, AT_FDCWD, call->paths[0].path, ACCESS_SEARCH, AT_EACCESS);
	if (status)
		return status;
	return has_capability(CAP_SYS_CHROOT) && !call->paths[0].result->guest_length ? 0 : -EPERM;
}

long handle_getcwd(struct call *call)
{
	struct slot *slot = call->slot;
	char *host_path = slot->path[0], *guest_path = slot->path[1];
	unsigned long size = call->arguments[1];
	long length = GATE_2(NR_getcwd, host_path, PATH_SIZE), status;

	if (length == -ENOENT && proc_read_descriptor(AT_FDCWD, host_path) > 0 && virtual_of_path(host_path) >= 0)
		length = 0;
	if (length < 0)
		return length;
	status = proc_to_canonical_guest(host_path, guest_path);
	if (status)
		guest_path = host_path;
	else if (!guest_path[0])
		memcpy(guest_path, "/", 2);
	length = (long)strlen(guest_path) + 1;
	if ((unsigned long)length > size)
		return -ERANGE;
	status = guest_write(call->arguments[0], guest_path, (size_t)length);
	return status ? status : length;
}
