/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that take a path and need little more than its translation.
 */
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/identity.h"
#include "agent/hardlinks.h"
#include "agent/mount.h"
#include "agent/mounts.h"
#include "agent/overlay.h"
#include "agent/own.h"
#include "agent/owner.h"
#include "agent/path.h"
#include "agent/plain.h"
#include "agent/proc.h"
#include "agent/proc_files.h"
#include "agent/root.h"
#include "agent/translate.h"
#include "agent/virtual.h"
#include "base/text.h"
#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/sched.h>
#include <linux/stat.h>

#ifndef AT_HANDLE_MNT_ID_UNIQUE
#define AT_HANDLE_MNT_ID_UNIQUE 1 /* Linux 6.12 */
#endif

long path_use_stand_in(struct call *call, unsigned int which)
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

static long handle_path(struct call *call, unsigned int flags)
{
	long status = translate_path(call, 0, flags);

	if (status < 0)
		return translate_refuse(call, 0, status);
	if (!status)
		status = path_use_stand_in(call, 0);
	return status < 0 ? status : call_make(call, call->nr);
}

long handle_paths(struct call *call)
{
	long result;

	if (call->row->paths[0].follow == FOLLOW_NONE)
		return call_make(call, call->nr);
	/* What has been changed can't be taken back; what was read can be read again. */
	result = handle_path(call, call->row->once ? 0 : TRANSLATE_PLAIN);

	return plain_holds(call->paths[0].stamp) ? result : handle_path(call, TRANSLATE_FULL);
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

/* The status of HOST_PATH for a call that has asked for a descriptor's. */
static long stat_instead(const struct call *call, const char *host_path)
{
	const unsigned long *arguments = call->arguments;

	if (call->nr == NR_fstat)
		return GATE_4(NR_newfstatat, AT_FDCWD, host_path, arguments[1], 0);
	if (call->nr == NR_statx)
		return GATE_5(NR_statx, AT_FDCWD, host_path, 0, arguments[3], arguments[4]);
	return GATE_4(NR_newfstatat, AT_FDCWD, host_path, arguments[2], 0);
}

/* A descriptor of a virtual directory must look as its path does: a removed directory's status would not. */
static long stat_virtual_descriptor(struct call *call, uint32_t binding)
{
	long status;

	translate_stand_in(view_guest(the_view(), binding), call->slot->spare);
	status = stat_instead(call, call->slot->spare);
	return status ? status : set_inode(call, binding);
}

long handle_fstat(struct call *call)
{
	int fd = (int)call->arguments[0], binding = -1;
	long status;

	if (the_view()->flags & VIEW_VIRTUAL)
		binding = virtual_of_descriptor(fd, call->slot->spare);
	if (binding >= 0)
		return stat_virtual_descriptor(call, (uint32_t)binding);
	if (overlay_is_there())
		overlay_renew(fd);
	status = call_make(call, call->nr);
	if (!status && identity_is_on())
		status = owner_tell_guest(fd, "", AT_EMPTY_PATH, call->arguments[1], false);
	if (!status && overlay_is_there())
		status = overlay_tell(call);
	return !status && hardlinks_are_on() ? hardlinks_tell(call) : status;
}

/* Whether the status the kernel has just written for the guest is of a file without a name. */
static bool is_of_removed_file(const struct call *call)
{
	unsigned long at = call->arguments[call->nr == NR_statx ? 4 : 2];
	struct statx more = { .stx_nlink = 1 };
	struct stat status = { .st_nlink = 1 };

	if (call->nr == NR_statx)
		return !guest_read(&more, at, offsetof(struct statx, stx_ino)) && !more.stx_nlink &&
		       (more.stx_mode & S_IFMT) == S_IFREG;
	return !guest_read(&status, at, offsetof(struct stat, st_uid)) && !status.st_nlink &&
	       (status.st_mode & S_IFMT) == S_IFREG;
}

/* No path: the descriptor itself, or the cwd. */
static long stat_descriptor(struct call *call)
{
	bool by_descriptor = call->row->paths[0].directory != CALL_CWD && (int)call->arguments[0] != AT_FDCWD;
	int fd = (int)call->arguments[0], binding;
	long status;

	if (!by_descriptor && overlay_is_there())
		overlay_renew(AT_FDCWD);
	if (!by_descriptor)
		return call_make(call, call->nr);
	binding = virtual_of_descriptor(fd, call->slot->spare);
	if (binding >= 0)
		return stat_virtual_descriptor(call, (uint32_t)binding);
	if (overlay_is_there())
		overlay_renew(fd);
	status = call_make(call, call->nr);
	/* The file that a copy stands for may be gone with its process. */
	if (!status && is_of_removed_file(call) && proc_file_of_copy(fd, call->slot->spare))
		stat_instead(call, call->slot->spare);
	return status;
}

/* The resolver has the object open already: ask that. */
static long stat_object(struct call *call)
{
	const unsigned long *arguments = call->arguments;
	int object = call->paths[0].pin;

	if (call->nr == NR_newfstatat)
		return GATE_4(NR_newfstatat, object, "", arguments[2], arguments[3] | AT_EMPTY_PATH);
	if (call->nr == NR_statx)
		return GATE_5(NR_statx, object, "", arguments[2] | AT_EMPTY_PATH, arguments[3], arguments[4]);
	return GATE_2(NR_fstat, object, arguments[1]);
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
		status = GATE_4(NR_newfstatat, AT_FDCWD, arguments[0], arguments[1], AT_SYMLINK_NOFOLLOW);
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
	if ((status && status != -EFAULT) ||
	    (call->nr != NR_stat && arguments[call->row->paths[0].flags] & AT_SYMLINK_NOFOLLOW))
		return status;
	/* Where a link leads is an error before that the status can't be written. */
	return status || has_met_link(call) ? -ELOOP : 0;
}

/* By descriptor the kernel does not look at all flags; those it would refuse go to it with the path. */
static bool may_use_object(const struct call *call)
{
	static const unsigned long harmless = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH;

	return call->nr == NR_stat || call->nr == NR_lstat ||
	       !(call->arguments[call->row->paths[0].flags] & 0xffffffff & ~harmless);
}

static long get_status(struct call *call)
{
	unsigned int flags = may_use_object(call) ? TRANSLATE_OBJECT : 0;
	long status = translate_path(call, 0, flags | (flags ? TRANSLATE_PLAIN : 0));
	const struct host_path *path = &call->paths[0];

	if (status < 0)
		return translate_refuse(call, 0, status);
	if (status == TRANSLATE_NOTHING)
		return stat_descriptor(call);
	if (flags && path->pin >= 0)
		return stat_object(call);
	if (!path->is_resolved) {
		status = stat_as_is(call);
		if (status != -ELOOP && plain_holds(path->stamp))
			return status;
		status = translate_path(call, 0, TRANSLATE_FULL | flags);
		if (status)
			return status < 0 ? translate_refuse(call, 0, status) : status;
		if (flags && path->pin >= 0)
			return stat_object(call);
	}
	status = path_use_stand_in(call, 0);
	if (!status)
		status = call_make(call, call->nr);
	return !status && path->is_resolved && path->result->is_virtual ? set_inode(call, path->result->mount) : status;
}

/*
 * Whether the mount has to be found. If its number is not asked for, it is only
 * the top of one that is told; a descriptor is looked at if it is a directory's.
 */
static bool wants_mount(const struct call *call, const struct statx *status)
{
	const char *path = call->paths[0].guest_path;

	if (mount_is_asked(call->original[3]))
		return true;
	if (view_order(the_view())->count == 1)
		return false;
	return path ? call->paths[0].is_resolved || path[0] == '/' || path[0] == '.' :
		      (status->stx_mode & S_IFMT) == S_IFDIR;
}

/* What statx says of mounts: the guest's. */
static long tell_mount(struct call *call)
{
	unsigned long at = call->original[4];
	struct mount_place place = { 0 };
	struct statx status;
	bool is_found;

	if (guest_read(&status, at, sizeof(status)))
		return -EFAULT;
	is_found = wants_mount(call, &status) && mount_find(call, &place);
	if (is_found && place.is_top && (place.binding || overlay_is_mount(0)))
		status.stx_attributes |= STATX_ATTR_MOUNT_ROOT;
	if (!mount_is_asked(call->original[3]))
		mount_leave_out(&status);
	else if (is_found && status.stx_mask & MOUNT_NUMBERS)
		status.stx_mnt_id =
			mount_number(place.binding, status.stx_mnt_id, status.stx_mask & STATX_MNT_ID_UNIQUE);
	return guest_write(at, &status, sizeof(status));
}

/* What has been asked of what: the object that is held, or what a path or descriptor names. */
static long tell_owner(const struct call *call)
{
	const struct call_path *shape = &call->row->paths[0];
	const struct host_path *path = &call->paths[0];
	unsigned long flags = call_follows(shape, call->original) ? 0 : AT_SYMLINK_NOFOLLOW;
	unsigned long at = call->original[call->nr == NR_statx ? 4 : call->nr == NR_newfstatat ? 2 : 1];
	bool is_statx = call->nr == NR_statx;

	if (path->pin >= 0)
		return owner_tell_guest(path->pin, "", AT_EMPTY_PATH, at, is_statx);
	if (!path->guest_path)
		return owner_tell_guest(shape->directory == CALL_CWD ? AT_FDCWD : (int)call->original[0], "",
					AT_EMPTY_PATH, at, is_statx);
	return owner_tell_guest(path->directory, path->path, flags, at, is_statx);
}

long handle_stat(struct call *call)
{
	long status = get_status(call);

	if (!status && identity_is_on())
		status = tell_owner(call);
	if (!status && hardlinks_are_on())
		status = hardlinks_tell(call);
	if (!status && overlay_is_there())
		status = overlay_tell(call);
	return !status && call->nr == NR_statx ? tell_mount(call) : status;
}

/* The number of the mount goes to where argument 3 points, of as many bytes as the flags say. */
static long tell_handle_mount(struct call *call)
{
	bool is_unique = call->original[4] & AT_HANDLE_MNT_ID_UNIQUE;
	size_t size = is_unique ? sizeof(uint64_t) : sizeof(int);
	struct mount_place place;
	uint64_t number = 0;

	if (!mount_find(call, &place))
		return 0;
	if (guest_read(&number, call->original[3], size))
		return -EFAULT;
	number = mount_number(place.binding, number, is_unique);
	return guest_write(call->original[3], &number, size);
}

/* The kernel tells the mount too where the handle has no room: do_sys_name_to_handle(), fs/fhandle.c. */
long handle_name_to_handle(struct call *call)
{
	long result = handle_paths(call);

	if (result && result != -EOVERFLOW)
		return result;
	return tell_handle_mount(call) ? -EFAULT : result;
}

/* Where the link that was read lies on the host, for a relative path that passed as it was. */
static const char *link_place(struct call *call)
{
	struct host_path *path = &call->paths[0];
	struct text place;
	char *buf = call->slot->results[0].host;

	if (path->is_resolved || path->is_plain)
		return path->result->host;
	if (proc_read_descriptor(path->pin >= 0 ? path->pin : path->directory, buf) < 0)
		return "";
	text_init(&place, call->slot->results[0].guest, PATH_SIZE);
	text_add(&place, buf);
	text_add(&place, "/");
	text_add(&place, text_base_name(path->guest_path));
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
		slot->scratch.link[found] = '\0';
		root_tell(slot->scratch.link);
		length = (long)strlen(slot->scratch.link);
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
	long length = translate_path(call, 0, TRANSLATE_PLAIN);

	if (length < 0)
		return translate_refuse(call, 0, length);
	if (size <= 0 || (length == TRANSLATE_NOTHING && !(at && call->original[1])))
		return call_make(call, call->nr);
	if (length == TRANSLATE_NOTHING)
		return read_link_descriptor(call, to, size);
	if (call->paths[0].is_resolved && call->paths[0].result->is_virtual)
		return -EINVAL;
	length = GATE_4(NR_readlinkat, call->paths[0].directory, call->paths[0].path, slot->spare, PATH_SIZE - 1);
	if (!plain_holds(call->paths[0].stamp)) {
		length = translate_path(call, 0, TRANSLATE_FULL);
		if (length < 0)
			return translate_refuse(call, 0, length);
		length = GATE_4(NR_readlinkat, call->paths[0].directory, call->paths[0].path, slot->spare,
				PATH_SIZE - 1);
	}
	if (length < 0)
		return length;
	return tell_link(call, slot->spare[0] == '/' ? link_place(call) : "", length, to, size);
}

static long chdir_to_virtual(uint32_t binding)
{
	long fd = virtual_open(binding, 0), status;

	if (fd < 0)
		return fd;
	plain_begin_change();
	status = GATE_1(NR_fchdir, fd);
	plain_end_change();
	GATE_1(NR_close, fd);
	if (!status)
		mounts_note_cwd(0);
	return status;
}

long handle_chdir(struct call *call)
{
	long status = translate_path(call, 0, the_view()->flags & VIEW_TWICE ? TRANSLATE_FULL : 0);
	const struct host_path *path = &call->paths[0];
	uint32_t mount;

	if (status < 0)
		return status;
	if (status == TRANSLATE_NOTHING)
		return call_make(call, call->nr);
	if (own_is_borrowed())
		plain_distrust_cwd();
	if (path->is_resolved && path->result->is_virtual)
		return chdir_to_virtual(path->result->mount);
	mount = mounts_of_path(path);
	status = call_make(call, call->nr);
	if (!status)
		mounts_note_cwd(mount);
	return status;
}

/* A thread may get a current directory of its own. (CLONE_NEWNS and CLONE_NEWUSER bring that with them.) */
long handle_unshare(struct call *call)
{
	if (call->arguments[0] & (CLONE_FS | CLONE_NEWNS | CLONE_NEWUSER))
		plain_distrust_cwd();
	return call_make(call, call->nr);
}
