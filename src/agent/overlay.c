/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/overlay.h"
#include "agent/access.h"
#include "agent/attributes.h"
#include "agent/closed.h"
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/identity.h"
#include "agent/open.h"
#include "agent/overlay_copy.h"
#include "agent/overlay_entries.h"
#include "agent/overlay_opened.h"
#include "agent/owner.h"
#include "agent/pin.h"
#include "agent/proc.h"
#include "agent/readonly.h"
#include "agent/translate.h"
#include "base/text.h"
#include "image/overlay.h"
#include "view/layers.h"
#include <asm/fcntl.h>
#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/openat2.h>
#include <linux/stat.h>

/* The call is done, without a change. */
#define OVERLAY_NOTHING (-4098)

#define MAY_READ 4
#define MAY_WRITE 2

#define TRIES_MOST 100 /* how often a whiteout may be met where a file was found */

long overlay_check_enter(int fd)
{
	struct opened opened;

	if (!overlay_is_there())
		return 0;
	overlay_renew(fd);
	if (overlay_overrides() || !opened_is_left_behind(fd, &opened) || (opened.status.st_mode & S_IFMT) != S_IFDIR)
		return 0;
	return GATE_4(NR_faccessat2, AT_FDCWD, opened.host, ACCESS_SEARCH, AT_EACCESS);
}

static bool is_in_group(uint32_t group)
{
	uint32_t groups[256];
	long count = GATE_2(NR_getgroups, ARRAY_SIZE(groups), groups);

	/* Of more than these the kernel says it of the copy. */
	if (count < 0 || group == (uint32_t)GATE_0(NR_getegid))
		return true;
	for (long i = 0; i < count; i++)
		if (groups[i] == group)
			return true;
	return false;
}

/* Whether the owner of a file, who is not root, may give it such an owner: chown_ok() and chgrp_ok(), fs/attr.c. */
static bool may_give(const struct call *call, const struct stat *status)
{
	unsigned int at = call->nr == NR_fchownat ? 2 : 1;
	uint32_t uid = (uint32_t)call->original[at], gid = (uint32_t)call->original[at + 1];

	return (uid == ~0u || uid == status->st_uid) && (gid == ~0u || gid == status->st_gid || is_in_group(gid));
}

/* The name of an attribute that CALL changes, into BUF of XATTR_NAME_MAX + 1 bytes: whether there is one. */
static bool read_attribute_name(const struct call *call, char *buf)
{
	bool is_at = call->nr == NR_setxattrat || call->nr == NR_removexattrat;

	return call->row->handler == handle_xattr &&
	       guest_read_string(buf, call->original[is_at ? 3 : 1], XATTR_NAME_MAX + 1) > 0;
}

static bool may_write(int directory, const char *path, unsigned int flags)
{
	return !GATE_4(NR_faccessat2, directory, path, MAY_WRITE, AT_EACCESS | (flags & AT_EMPTY_PATH));
}

/*
 * Whether the attribute NAME, one of users, may be changed: that is as the content is, whoever owns it;
 * xattr_permission(). The prefix alone is no name of an overlay's: xattr_resolve_name().
 */
static bool may_change_attribute(const char *name, const struct stat *status, int directory, const char *path,
				 unsigned int flags)
{
	unsigned int user = (unsigned int)GATE_0(NR_geteuid);
	uint32_t type = status->st_mode & S_IFMT;

	if ((type != S_IFREG && type != S_IFDIR) || text_equal(name, OVERLAY_PREFIX))
		return false;
	if (!user || overlay_overrides())
		return true;
	return (type != S_IFDIR || !(status->st_mode & S_ISVTX) || status->st_uid == user) &&
	       may_write(directory, path, flags);
}

/*
 * Whether nobody can change what CALL is about, of an object of TYPE: notify_change(), fs/attr.c, vfs_truncate(),
 * fs/open.c, fs/file_attr.c.
 */
static bool has_none_of(const struct call *call, uint32_t type)
{
	return (call->row->handler == handle_chmod && type == S_IFLNK) ||
	       (call->row->handler == handle_truncate && type != S_IFREG) ||
	       (call->nr == NR_file_setattr && type != S_IFREG && type != S_IFDIR);
}

/*
 * Whether the caller can change something of the file at all: as its owner, or because its mode lets it. FLAGS:
 * AT_SYMLINK_NOFOLLOW, or AT_EMPTY_PATH.
 */
static bool may_change(const struct call *call, int directory, const char *path, unsigned int flags)
{
	unsigned int user = (unsigned int)GATE_0(NR_geteuid);
	char name[XATTR_NAME_MAX + 1];
	bool needs_write = call->row->needs & CALL_NEEDS_WRITE, is_there;
	struct stat status;

	if (readonly_has_bad_times(call) || attributes_omits_times(call))
		return false;
	is_there = !GATE_4(NR_newfstatat, directory, path, &status, flags);
	if (is_there && read_attribute_name(call, name)) {
		if (text_begins(name, "user."))
			return may_change_attribute(name, &status, directory, path, flags);
		needs_write = !text_begins(name, "system.") && !text_begins(name, "security.");
	}
	if (is_there && has_none_of(call, status.st_mode & S_IFMT))
		return false;
	if (!user || overlay_overrides())
		return true;
	if (!is_there)
		return false;
	if (call->row->handler == handle_chown)
		return status.st_uid == user && may_give(call, &status);
	if (needs_write)
		return (status.st_mode & S_IFMT) == S_IFLNK || may_write(directory, path, flags);
	return status.st_uid == user || ((status.st_mode & S_IFMT) != S_IFLNK && may_write(directory, path, flags));
}

/* Whether CALL changes an attribute that only root may change, and who makes it is none. */
static bool changes_roots(const struct call *call)
{
	char name[XATTR_NAME_MAX + 1];

	if (!read_attribute_name(call, name) || !GATE_0(NR_geteuid) || overlay_overrides())
		return false;
	return text_begins(name, "trusted.") || text_begins(name, "security.");
}

/*
 * The result of a call that may not change what is in a lower layer: the kernel says why not, but for what everybody
 * may do. That would be seen in the time of change only, and is left out.
 */
static long refuse_change(const struct call *call, int directory, const char *path, unsigned int flags)
{
	unsigned int at = call->nr == NR_fchownat ? 2 : 1;
	struct stat status;

	if (GATE_4(NR_newfstatat, directory, path, &status, flags))
		return 0;
	if (call->row->handler == handle_chown && (int)call->original[at] == -1 && (int)call->original[at + 1] == -1)
		return OVERLAY_NOTHING;
	return 0;
}

/*
 * Of an attribute that is not there, or can't be, nothing is to be removed: the kernel says of the lower file what is
 * wrong. HOST_PATH; NULL: what FD is of. ovl_xattr_set(), fs/overlayfs/xattrs.c.
 */
static bool removes_nothing(const struct call *call, const char *host_path, int fd)
{
	char guest_name[XATTR_NAME_MAX + 1], name[XATTR_NAME_MAX + sizeof(OVERLAY_ESCAPED)], link[CLOSED_LINK_SIZE];
	bool is_escaped;
	struct text text;

	if (call->nr != NR_removexattr && call->nr != NR_lremovexattr && call->nr != NR_fremovexattr &&
	    call->nr != NR_removexattrat)
		return false;
	if (!read_attribute_name(call, guest_name))
		return false;
	is_escaped = text_begins(guest_name, OVERLAY_PREFIX);
	text_init(&text, name, sizeof(name));
	text_add(&text, is_escaped ? OVERLAY_ESCAPED : "");
	text_add(&text, guest_name + (is_escaped ? sizeof(OVERLAY_PREFIX) - 1 : 0));
	if (host_path)
		return GATE_4(NR_lgetxattr, host_path, name, NULL, 0) < 0;
	/* A descriptor of O_PATH is none to fgetxattr(2). */
	closed_link(fd, link);
	return GATE_4(NR_getxattr, link, name, NULL, 0) < 0;
}

/*
 * Why FD, of a lower layer and without a name, can't be copied up: a whiteout is where it would come to, or something
 * else; or the directory it was in is gone as well, whatever is at its name.
 */
static long refuse_copy(int fd, struct opened *opened)
{
	char found[PATH_SIZE], *name, *host_name;
	size_t length;

	if (!opened_find(fd, opened) || !opened->rest[0])
		return -EEXIST;
	name = (char *)text_base_name(opened->rest);
	host_name = (char *)text_base_name(opened->host);
	name[-1] = host_name[-1] = '\0';
	if (layers_find(the_view(), &translate_look, opened->mount, opened->rest, &opened->place, found, &length))
		return -ENOENT;
	return layers_are_at(the_view(), opened->mount, opened->rest, &opened->place, opened->host) ? -EEXIST : -ENOENT;
}

/*
 * What CALL, which is about to change what FD is of, has to do: OVERLAY_GO_ON: copy up what is at the path
 * results[0].guest of the overlay MOUNT, or its result is 0, OVERLAY_NOTHING or a negative errno. The frame is gone
 * before that: a copy needs most of the stack.
 */
static __attribute__((noinline)) long prepare_copy(const struct call *call, int fd, uint32_t *mount)
{
	struct opened opened;
	struct stat named;
	bool is_there;
	long status;

	if (!opened_find(fd, &opened))
		return 0;
	is_there = opened_find_name(&opened);
	if ((is_there && opened_has_copy(&opened, fd)) || opened_find_moved(fd, &opened, is_there))
		return opened_replace(fd, opened.host);
	if (!may_change(call, fd, "", AT_EMPTY_PATH) || changes_roots(call) || removes_nothing(call, NULL, fd))
		return refuse_change(call, fd, "", AT_EMPTY_PATH);
	if (!is_there)
		return opened.error == -EACCES ? -EACCES : refuse_copy(fd, &opened);
	status = GATE_4(NR_newfstatat, AT_FDCWD, opened.host, &named, AT_SYMLINK_NOFOLLOW);
	if (status ||
	    (!opened.is_seen && (named.st_ino != opened.status.st_ino || named.st_dev != opened.status.st_dev)))
		return status ? status : refuse_copy(fd, &opened);
	*mount = opened.mount;
	memcpy(call->slot->results[0].guest, opened.rest, strlen(opened.rest) + 1);
	return OVERLAY_GO_ON;
}

/* What is at the path results[0].guest of the overlay MOUNT gets its copy: its host path is in results[0].host then. */
static long copy_opened(const struct call *call, uint32_t mount, int *lock)
{
	struct view_result *at = &call->slot->results[0];
	long status;

	*lock = (int)overlay_copy_lock(mount);
	status = *lock < 0 ? *lock : overlay_copy_up(*lock, mount, at->guest, false, NULL);
	return status ? status : overlay_copy_path(mount, 0, at->guest, at->host);
}

/* CALL is about to change what FD is of: 0, OVERLAY_NOTHING or a negative errno. */
static long raise_descriptor(const struct call *call, int fd, int *lock)
{
	uint32_t mount;
	long status = prepare_copy(call, fd, &mount);

	if (status != OVERLAY_GO_ON)
		return status;
	status = copy_opened(call, mount, lock);
	return status ? status : opened_replace(fd, call->slot->results[0].host);
}

bool overlay_is_lower(int fd)
{
	struct opened opened;

	return opened_find(fd, &opened);
}

/* The same for a second name of what FD is of: 0: results[0].host is that of the copy. */
static __attribute__((noinline)) long prepare_link(const struct call *call, int fd, uint32_t *mount)
{
	struct view_result *at = &call->slot->results[0];
	struct opened opened;
	bool is_there, is_moved, is_other;

	if (!opened_find(fd, &opened))
		return OVERLAY_NOTHING;
	is_there = opened_find_name(&opened);
	is_moved = opened_find_moved(fd, &opened, is_there);
	is_other = is_there && (opened_is_replaced(&opened, fd) ||
				(!opened.place.layer && (opened.status.st_mode & S_IFMT) != S_IFREG &&
				 !opened_has_special_copy(&opened)));
	if (!is_moved && (!is_there || is_other))
		return is_there || opened.error != -EACCES ? -ENOENT : -EACCES;
	*mount = opened.mount;
	if (is_moved || !opened.place.layer) {
		memcpy(at->host, opened.host, strlen(opened.host) + 1);
		return 0;
	}
	memcpy(at->guest, opened.rest, strlen(opened.rest) + 1);
	return OVERLAY_GO_ON;
}

long overlay_raise_opened(const struct call *call, int fd, int *lock)
{
	uint32_t mount;
	long status = prepare_link(call, fd, &mount);

	if (status == OVERLAY_NOTHING)
		return OVERLAY_GO_ON;
	return status == OVERLAY_GO_ON ? copy_opened(call, mount, lock) : status;
}

/* Whether what PATH has been found to be, or not to be, is in the upper layer, where whiteouts may come and go. */
static bool is_over_others(const struct host_path *path)
{
	const struct view_result *at = path->result;

	return overlay_is_there() && path->guest_path && path->is_resolved && !at->is_virtual && !at->is_magic &&
	       !at->is_mount_point && overlay_is_mount(at->mount) && !at->place.layer && at->place.above >> 1;
}

bool overlay_may_lose(const struct host_path *path)
{
	return is_over_others(path) && path->result->place.is_there;
}

bool overlay_opens(const struct call *call)
{
	return call_opens(call->row) && overlay_may_lose(&call->paths[0]);
}

static int start_of(const struct call *call, unsigned int which)
{
	const struct call_path *shape = &call->row->paths[which];

	return shape->directory == CALL_CWD ? AT_FDCWD : (int)call->original[shape->directory];
}

/* proc_own_descriptor() of what AT has come to, where a slash or a dot may be behind it. */
static int own_descriptor_of(const struct view_result *at)
{
	char name[PATH_SIZE];
	size_t length = strlen(at->host);

	memcpy(name, at->host, length + 1);
	if (length > 2 && text_equal(name + length - 2, "/."))
		length -= 2;
	while (length > 1 && name[length - 1] == '/')
		length--;
	name[length] = '\0';
	return proc_own_descriptor(name);
}

/* What another has open can't become one of a copy. FD is of that, by O_PATH. */
static long raise_others(const struct call *call, int fd)
{
	struct opened opened;

	if (!opened_find(fd, &opened))
		return 0;
	if (!may_change(call, fd, "", AT_EMPTY_PATH) || changes_roots(call) || removes_nothing(call, opened.host, -1))
		return refuse_change(call, fd, "", AT_EMPTY_PATH);
	return opened_find_name(&opened) ? -EROFS : refuse_copy(fd, &opened);
}

/* A link of /proc that only the kernel can follow: of one's own descriptors more is known. */
static long raise_magic(const struct call *call, int *lock)
{
	const struct host_path *path = &call->paths[0];
	int own = own_descriptor_of(path->result);
	long fd, status;

	if (own != PROC_NOT_OWN)
		return raise_descriptor(call, own, lock);
	fd = GATE_4(NR_openat, path->directory, path->path, O_PATH | O_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	status = raise_others(call, (int)fd);
	GATE_1(NR_close, fd);
	return status;
}

static long raise_object(struct call *call, int *lock)
{
	const struct host_path *path = &call->paths[0];
	const struct view_result *at = path->result;
	long status;

	if (!path->is_resolved || at->is_virtual)
		return 0;
	/* Meanwhile it stays as it is, or it might be a whiteout that is changed. */
	if (is_over_others(path)) {
		*lock = (int)overlay_copy_lock(at->mount);
		return 0;
	}
	if (!at->is_magic && (!overlay_is_mount(at->mount) || !at->place.is_there || !at->place.layer))
		return 0;
	/* Of other arguments the kernel says first what is wrong. */
	status = translate_refuse(call, 0, -ENOTDIR);
	if (status != -ENOTDIR)
		return status;
	if (at->is_magic)
		return raise_magic(call, lock);
	if (!may_change(call, AT_FDCWD, at->host, AT_SYMLINK_NOFOLLOW) || changes_roots(call) ||
	    removes_nothing(call, at->host, -1))
		return refuse_change(call, AT_FDCWD, at->host, AT_SYMLINK_NOFOLLOW);
	*lock = (int)overlay_copy_lock(at->mount);
	return *lock < 0 ? *lock : overlay_copy_up(*lock, at->mount, overlay_rest(at), false, NULL);
}

/* Whether a call with an empty path means the descriptor itself. */
static bool means_descriptor(const struct call *call)
{
	const struct call_path *shape = &call->row->paths[0];

	return shape->follow >= FOLLOW_UNLESS && !call_is_of_entry(shape) &&
	       call->original[shape->flags] & AT_EMPTY_PATH;
}

/* Of what raise_object() and its kind say. */
static long result_of(long status)
{
	return status == OVERLAY_NOTHING ? 0 : status ? status : OVERLAY_GO_ON;
}

/* What CALL is about, and may be of a lower layer, is FD's. */
static long raise_named_by(struct call *call, int fd, int *lock)
{
	if (overlay_is_lower(fd) && readonly_ask_by_descriptor(call) != -EBADF)
		return 0;
	memcpy(call->arguments, call->original, sizeof(call->arguments));
	return raise_descriptor(call, fd, lock);
}

/* One of O_PATH is none to calls by descriptor. */
static long begin_with(struct call *call, int fd, int *lock)
{
	long flags = fd == AT_FDCWD ? O_RDONLY : GATE_2(NR_fcntl, fd, F_GETFL), status;

	if (flags < 0 || flags & O_PATH)
		return OVERLAY_GO_ON;
	status = raise_named_by(call, fd, lock);
	return result_of(status);
}

static long begin_descriptor(struct call *call, int *lock)
{
	return begin_with(call, (int)call->original[0], lock);
}

/* Whether a call with an empty path wants a descriptor that is not one of O_PATH: fs/xattr.c, fs/file_attr.c. */
static bool is_for_opened(const struct call *call)
{
	return means_descriptor(call) && start_of(call, 0) != AT_FDCWD &&
	       (call->nr == NR_setxattrat || call->nr == NR_removexattrat || call->nr == NR_file_setattr);
}

/* Without a path. By descriptor there are no flags, and the cwd is none: do_utimes(), fs/utimes.c. */
static long begin_times(struct call *call, int fd, int *lock)
{
	bool has_flags = call->nr == NR_utimensat && (int)call->original[3];

	return fd == AT_FDCWD || has_flags ? OVERLAY_GO_ON : begin_with(call, fd, lock);
}

static long begin_object(struct call *call, int *lock)
{
	long status = translate_path(call, 0, TRANSLATE_FULL | TRANSLATE_NAME);

	/* What was not there may be there by now, and be a whiteout the moment after. */
	if (status == -ENOENT)
		return translate_refuse(call, 0, status);
	if (status < 0)
		return OVERLAY_GO_ON;
	if (call->row->handler == handle_utimes && !call->original[call->row->paths[0].path])
		return begin_times(call, start_of(call, 0), lock);
	if (status == TRANSLATE_NOTHING && is_for_opened(call))
		return begin_with(call, start_of(call, 0), lock);
	if (status != TRANSLATE_NOTHING)
		status = raise_object(call, lock);
	else
		status = means_descriptor(call) ? raise_named_by(call, start_of(call, 0), lock) : 0;
	return result_of(status);
}

static bool wants_write(uint64_t flags)
{
	return !(flags & O_PATH) &&
	       ((flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC) || (flags & __O_TMPFILE) == __O_TMPFILE);
}

/* Whether a file that is there is written to, or made shorter. */
static bool changes_content(uint64_t flags)
{
	return (flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC;
}

static unsigned int access_of(uint64_t flags)
{
	unsigned int access = (flags & O_ACCMODE) == O_RDONLY ? MAY_READ :
			      (flags & O_ACCMODE) == O_WRONLY ? MAY_WRITE :
								MAY_READ | MAY_WRITE;

	return access | (flags & O_TRUNC ? MAY_WRITE : 0);
}

bool overlay_has_gone(const struct call *call, long result)
{
	const struct host_path *path = &call->paths[0];
	struct stat status;

	if ((result != -EACCES && result != -ENXIO && result != -ENOTDIR) || call->tries > TRIES_MOST ||
	    !overlay_opens(call) || GATE_4(NR_newfstatat, AT_FDCWD, path->result->host, &status, AT_SYMLINK_NOFOLLOW))
		return false;
	if ((status.st_mode & S_IFMT) == S_IFCHR)
		return !status.st_rdev;
	/* It may be back already. */
	return (status.st_mode & S_IFMT) == S_IFREG && result != -ENOTDIR &&
	       !GATE_4(NR_faccessat2, AT_FDCWD, path->result->host, access_of(open_flags_of(call)), AT_EACCESS);
}

/* A new file takes the place of a whiteout. */
static long create_over(struct call *call, const struct open_how *how, int *lock)
{
	const struct view_result *at = call->paths[0].result;
	struct open_how new = { .flags = (how->flags & ~(uint64_t)O_TRUNC) | O_EXCL, .mode = how->mode };
	struct owner_record record;
	uint64_t mode = how->mode;
	bool is_owned;
	char upper[PATH_SIZE];
	long fd, status = overlay_copy_path(at->mount, 0, overlay_rest(at), upper);

	if (status)
		return status;
	*(char *)text_base_name(upper) = '\0';
	is_owned = identity_is_on() && owner_of_new(AT_FDCWD, upper, &record, &mode);
	new.mode = mode;
	fd = GATE_4(NR_openat2, *lock, OVERLAY_NEW, &new, sizeof(new));
	if (fd < 0)
		return fd;
	if (is_owned)
		owner_put_new(*lock, OVERLAY_NEW, (int)fd, &record);
	status = overlay_put_new(*lock, at, OVERLAY_NEW_FILE);
	if (status) {
		GATE_1(NR_close, fd);
		return status;
	}
	overlay_unlock(*lock);
	*lock = -1;
	pin_release(call);
	return pin_lowest((int)fd);
}

/* Nothing is there. */
static long begin_new(struct call *call, const struct open_how *how, int *lock)
{
	const struct view_result *at = call->paths[0].result;
	long status;

	if (!(how->flags & O_CREAT) || at->wants_directory || at->ends_in_dot)
		return OVERLAY_GO_ON;
	status = open_ask(call, how);
	if (status != -ENOTDIR)
		return status;
	status = overlay_check_parent(&call->paths[0]);
	if (status)
		return status;
	*lock = (int)overlay_copy_lock(at->mount);
	status = *lock < 0 ? *lock : overlay_copy_up_parent(*lock, at->mount, overlay_rest(at));
	if (status)
		return status;
	return at->place.is_whiteout ? create_over(call, how, lock) : OVERLAY_GO_ON;
}

/* A lower layer has it: 0, or a negative errno, which is the call's result. */
static long raise_file(struct call *call, const struct open_how *how, int *lock)
{
	const struct view_result *at = call->paths[0].result;
	bool is_temporary = (how->flags & __O_TMPFILE) == __O_TMPFILE;
	struct stat status;
	long error = GATE_4(NR_newfstatat, AT_FDCWD, at->host, &status, AT_SYMLINK_NOFOLLOW);
	uint32_t type = status.st_mode & S_IFMT;

	if (error || (how->flags & O_CREAT && how->flags & O_EXCL))
		return 0;
	if (type != (is_temporary ? S_IFDIR : S_IFREG) || (!is_temporary && !changes_content(how->flags)) ||
	    (!is_temporary && (how->flags & O_DIRECTORY || at->wants_directory)))
		return 0;
	error = open_ask(call, how);
	if (error != -ENOTDIR)
		return error;
	error = overlay_overrides() ?
			0 :
			GATE_4(NR_faccessat2, AT_FDCWD, at->host, is_temporary ? 3 : access_of(how->flags), AT_EACCESS);
	if (error)
		return error;
	*lock = (int)overlay_copy_lock(at->mount);
	return *lock < 0 ? *lock :
			   overlay_copy_up(*lock, at->mount, overlay_rest(at),
					   how->flags & O_TRUNC && how->flags & O_ACCMODE, NULL);
}

/* Whether the link of /proc at PATH leads to a file, which is all that an open changes. */
static bool leads_to_file(const struct host_path *path)
{
	struct stat status;

	return !GATE_4(NR_newfstatat, path->directory, path->path, &status, 0) && (status.st_mode & S_IFMT) == S_IFREG;
}

static long begin_open(struct call *call, int *lock)
{
	struct host_path *path = &call->paths[0];
	struct open_how how;
	long status = open_find(call, &how);

	if (status || !path->is_resolved || path->result->is_virtual)
		return OVERLAY_GO_ON;
	if (path->result->is_magic)
		status = changes_content(how.flags) && leads_to_file(path) ? raise_magic(call, lock) : 0;
	else if (!overlay_is_mount(path->result->mount) || path->result->is_nameless ||
		 (path->result->is_mount_point && !path->result->place.layer))
		return OVERLAY_GO_ON;
	else if (!path->result->place.is_there)
		return begin_new(call, &how, lock);
	else if (path->result->place.layer)
		status = raise_file(call, &how, lock);
	return status ? status : OVERLAY_GO_ON;
}

static long begin(struct call *call, int *lock)
{
	const struct call_row *row = call->row;

	if (call_opens(row))
		return wants_write(open_flags_of(call)) ? begin_open(call, lock) : OVERLAY_GO_ON;
	if (row->touches)
		return begin_descriptor(call, lock);
	if (!row->writes || row->paths[0].follow == FOLLOW_NONE)
		return OVERLAY_GO_ON;
	if (row->handler == handle_remove)
		return overlay_begin_remove(call, lock);
	if (row->handler == handle_rename)
		return overlay_begin_rename(call, lock);
	if (row->handler == handle_link)
		return overlay_begin_link(call, lock);
	return call_is_of_entry(&row->paths[0]) ? overlay_begin_make(call, lock) : begin_object(call, lock);
}

long overlay_begin(struct call *call, int *lock)
{
	long result;

	*lock = -1;
	result = begin(call, lock);
	if (result == OVERLAY_GO_ON)
		call_start_anew(call);
	return result;
}

/* Whether CALL may have changed the mode, owner or attributes of a directory. */
static bool has_changed_directory(const struct call *call)
{
	const struct call_row *row = call->row;
	const struct view_result *at = call->paths[0].result;
	struct stat status;

	if (!(row->writes || row->touches) ||
	    (row->handler != handle_chmod && row->handler != handle_chown && row->handler != handle_xattr))
		return false;
	if (!row->touches && call->paths[0].is_resolved && !at->is_magic)
		return overlay_is_mount(at->mount) && at->place.merged;
	return !row->touches || (!GATE_4(NR_newfstatat, (int)call->original[0], "", &status, AT_EMPTY_PATH) &&
				 (status.st_mode & S_IFMT) == S_IFDIR);
}

void overlay_end(const struct call *call)
{
	if (!has_changed_directory(call))
		return;
	plain_begin_change();
	plain_end_change();
}

/* Whether the entry that path WHICH names is one of a lower layer. */
static bool is_of_lower(const struct call *call, unsigned int which)
{
	const struct call_path *shape = &call->row->paths[which];
	const struct host_path *path = &call->paths[which];
	const struct view_result *at = path->result;

	if (!call_is_of_entry(shape) || !overlay_holds(path))
		return false;
	/* Where something is nothing can be made, and dots are no names. */
	return at->place.layer && !at->ends_in_dot && (shape->follow == FOLLOW_REMOVES || !at->place.is_there);
}

/* Whether the call is made with what its paths have been translated to, and not to hear what the kernel says of others.
 */
static bool is_as_translated(const struct call *call)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(call->paths); i++) {
		const struct call_path *shape = &call->row->paths[i];
		unsigned long path = call->arguments[shape->path];

		if (shape->follow != FOLLOW_NONE &&
		    (path != (unsigned long)call->paths[i].path || (call_is_of_entry(shape) && !path)))
			return false;
	}
	return true;
}

/* Whether link(2) would give another name of an overlay to a file of a lower layer. */
static bool links_lower(const struct call *call)
{
	const struct host_path *old = &call->paths[0], *new = &call->paths[1];
	bool is_lower;
	long fd;

	if (call->row->handler != handle_link || !overlay_holds(new) || new->result->place.is_there)
		return false;
	if (!old->guest_path)
		return overlay_is_lower((int)call->original[0]);
	if (!old->is_resolved || !old->result->is_magic)
		return old->is_resolved && overlay_holds(old) && old->result->mount == new->result->mount &&
		       old->result->place.layer;
	fd = GATE_4(NR_openat, old->directory, old->path, O_PATH | O_CLOEXEC, 0);
	is_lower = fd >= 0 && overlay_is_lower((int)fd);
	if (fd >= 0)
		GATE_1(NR_close, fd);
	return is_lower;
}

/* Whether a file of a lower layer would be changed; where the kernel refuses that, it is to say why. */
static bool changes_lower(const struct call *call)
{
	const struct host_path *path = &call->paths[0];
	const struct view_result *at = path->result;

	return call->row->paths[0].follow != FOLLOW_NONE && !call_is_of_entry(&call->row->paths[0]) &&
	       call->row->handler != handle_link && !call_opens(call->row) && path->guest_path && path->is_resolved &&
	       !at->is_virtual && !at->is_magic && overlay_is_mount(at->mount) && at->place.is_there &&
	       at->place.layer && may_change(call, AT_FDCWD, at->host, AT_SYMLINK_NOFOLLOW) && !changes_roots(call) &&
	       !removes_nothing(call, at->host, -1);
}

bool overlay_forbids(const struct call *call)
{
	if (!call->row->writes || !is_as_translated(call))
		return false;
	for (unsigned int i = 0; i < ARRAY_SIZE(call->paths); i++)
		if (is_of_lower(call, i))
			return true;
	return changes_lower(call) || links_lower(call);
}

long overlay_check_object(const struct call *call, int fd)
{
	return overlay_is_there() && (call->row->writes || call->row->touches) && overlay_is_lower(fd) &&
			       may_change(call, fd, "", AT_EMPTY_PATH) && !changes_roots(call) &&
			       !removes_nothing(call, NULL, fd) ?
		       -EROFS :
		       0;
}

bool overlay_forbids_open(const struct call *call, uint64_t flags)
{
	const struct host_path *path = &call->paths[0];
	const struct view_result *at = path->result;
	struct stat status;

	if (!overlay_is_there() || !wants_write(flags) || !path->is_resolved || at->is_virtual || at->is_magic ||
	    !overlay_is_mount(at->mount) || !at->place.layer)
		return false;
	if (!at->place.is_there)
		return flags & O_CREAT && !at->wants_directory;
	return changes_content(flags) && !(flags & O_CREAT && flags & O_EXCL) &&
	       !GATE_4(NR_newfstatat, AT_FDCWD, at->host, &status, AT_SYMLINK_NOFOLLOW) &&
	       (status.st_mode & S_IFMT) == S_IFREG && !(flags & O_DIRECTORY) && !at->wants_directory;
}

long overlay_begin_socket(const struct host_path *path, int *lock)
{
	const struct view_result *at = path->result;
	long status;

	*lock = -1;
	if (!overlay_holds(path) || at->place.is_there || at->ends_in_dot)
		return 0;
	/* The kernel may see a whiteout. */
	if (at->wants_directory)
		return -ENOENT;
	status = overlay_check_parent(path);
	if (status)
		return status;
	*lock = (int)overlay_copy_lock(at->mount);
	return *lock < 0 ? *lock : overlay_copy_up_parent(*lock, at->mount, overlay_rest(at));
}

long overlay_clear_socket(const struct host_path *path, int lock)
{
	const struct view_result *at = path->result;

	/* The way led elsewhere meanwhile. */
	if (overlay_holds(path) && at->place.layer && !at->place.is_there)
		return -EROFS;
	return lock >= 0 && path->result->place.is_whiteout ? GATE_3(NR_unlinkat, AT_FDCWD, path->result->host, 0) : 0;
}

void overlay_end_socket(const struct host_path *path, int lock, long status)
{
	if (lock >= 0 && status && path->result->place.is_whiteout)
		GATE_4(NR_mknodat, AT_FDCWD, path->result->host, S_IFCHR, 0);
}
