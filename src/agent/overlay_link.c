/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/overlay_entries.h"
#include "agent/access.h"
#include "agent/dispatch.h"
#include "agent/entries.h"
#include "agent/object.h"
#include "agent/overlay.h"
#include "agent/overlay_copy.h"
#include "agent/overlay_moved.h"
#include "agent/proc.h"
#include "agent/translate.h"
#include "base/text.h"
#include <linux/fcntl.h>
#include <linux/stat.h>

#define READ_WRITE 6 /* R_OK | W_OK */

/* The old name is copied up, if it is of an overlay and can be linked to. */
static long begin_old(struct call *call, int *lock)
{
	const struct host_path *old = &call->paths[0];
	struct stat status;

	/* A slash behind it wants a directory, which has no second name. */
	if (!overlay_holds(old) || !old->result->place.layer || old->result->mount != call->paths[1].result->mount ||
	    old->result->wants_directory || overlay_entry_stat(old->result, &status) || status_is_directory(&status))
		return 0;
	*lock = (int)overlay_copy_lock(old->result->mount);
	return *lock < 0 ? *lock : overlay_copy_up(*lock, old->result->mount, overlay_rest(old->result), false, NULL);
}

/* Whether what is to be linked to, by path or IS_BY_DESCRIPTOR, is on MOUNT of the view. */
static bool is_of_mount(const struct call *call, bool is_by_descriptor, uint32_t mount)
{
	const struct host_path *old = &call->paths[0];
	bool is_of_it;
	long fd;

	if (is_by_descriptor)
		return call->nr == NR_linkat && overlay_mount_of((int)call->original[0]) == (long)mount;
	if (!old->is_resolved || old->result->is_virtual)
		return false;
	if (!old->result->is_magic)
		return old->result->mount == mount;
	fd = GATE_4(NR_openat, old->directory, old->path, O_PATH | O_CLOEXEC, 0);
	is_of_it = fd >= 0 && overlay_mount_of((int)fd) == (long)mount;
	if (fd >= 0)
		GATE_1(NR_close, fd);
	return is_of_it;
}

/* Whether links are kept to what one owns, or may read and write: may_linkat(), fs/namei.c. */
static bool may_link(int directory, const char *path, unsigned int flags, const struct stat *status)
{
	const uint32_t runs_as_group = S_ISGID | S_IXGRP;
	char protects = '1';
	int fd;

	if (overlay_overrides() || status->st_uid == (unsigned int)GATE_0(NR_geteuid) || !GATE_0(NR_geteuid))
		return true;
	if ((status->st_mode & S_IFMT) == S_IFREG && !(status->st_mode & S_ISUID) &&
	    (status->st_mode & runs_as_group) != runs_as_group &&
	    !GATE_4(NR_faccessat2, directory, path, READ_WRITE, AT_EACCESS | flags))
		return true;
	fd = (int)GATE_4(NR_openat, AT_FDCWD, "/proc/sys/fs/protected_hardlinks", O_RDONLY | O_CLOEXEC, 0);
	if (fd >= 0) {
		GATE_3(NR_read, fd, &protects, 1);
		GATE_1(NR_close, fd);
	}
	return protects == '0';
}

static long look_at_old(const struct call *call, bool is_by_descriptor, struct stat *status)
{
	const struct host_path *old = &call->paths[0];

	if (is_by_descriptor)
		return GATE_4(NR_newfstatat, call->original[0], "", status, AT_EMPTY_PATH);
	if (overlay_holds(old))
		return overlay_entry_stat(old->result, status);
	return GATE_4(NR_newfstatat, old->directory, old->path, status,
		      old->result->is_magic ? 0 : AT_SYMLINK_NOFOLLOW);
}

/* What the kernel would say of what is old, before anything is copied for a link: 0, or a negative errno. */
static long check_old(const struct call *call)
{
	const struct host_path *old = &call->paths[0];
	const struct view_result *new = call->paths[1].result;
	struct stat status;
	long result = look_at_old(call, false, &status);

	if (result)
		return result;
	if (overlay_holds(old) && old->result->wants_directory && !status_is_directory(&status))
		return -ENOTDIR;
	if (overlay_holds(old) && !may_link(AT_FDCWD, old->result->host, 0, &status))
		return -EPERM;
	if (new->wants_directory || new->ends_in_dot)
		return 0;
	result = overlay_check_parent(&call->paths[1]);
	return result || !status_is_directory(&status) ? result : -EPERM;
}

/* Whether the kernel refuses the call for its flags, or for an old name that is empty or NULL, before it looks at the
 * new one. */
static bool is_refused_link(const struct call *call, bool has_no_old)
{
	unsigned int flags = call->nr == NR_linkat ? (unsigned int)call->original[4] : 0;

	return flags & ~(unsigned int)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH) ||
	       (has_no_old && (!(flags & AT_EMPTY_PATH) || !call->original[1]));
}

/* Where NEW lies in the upper layer. Its frame is gone while the directory is copied. */
static __attribute__((noinline)) long link_there(const char *old, const struct view_result *new)
{
	char upper[PATH_SIZE];
	long status = overlay_copy_path(new->mount, 0, overlay_rest(new), upper);

	return status ? status : GATE_5(NR_linkat, AT_FDCWD, old, AT_FDCWD, upper, 0);
}

/* The call's new name becomes one of the file OLD of the upper layer. The call's result. */
static long link_to(struct call *call, const char *old, int *lock)
{
	const struct host_path *new = &call->paths[1];
	long status;

	call_start_anew(call);
	status = translate_path(call, 1, TRANSLATE_FULL | TRANSLATE_NAME);
	if (status)
		return status < 0 ? status : -ENOENT;
	/* What is so far down is not searched for copies that have been moved: it is not noted. */
	if (overlay_is_nameless(new))
		return GATE_5(NR_linkat, AT_FDCWD, old, new->directory, new->path, 0);
	call->arguments[0] = (unsigned long)AT_FDCWD;
	call->arguments[1] = (unsigned long)old;
	call->arguments[4] = 0;
	status = overlay_entry_begin(call, 1, lock);
	if (*lock >= 0)
		overlay_moved_note(*lock, old);
	return status == OVERLAY_GO_ON ? link_there(old, new->result) : status;
}

/* The same of what the slot's results[0].host is. */
static long link_copy(struct call *call, int *lock)
{
	char old[PATH_SIZE];

	memcpy(old, call->slot->results[0].host, strlen(call->slot->results[0].host) + 1);
	return link_to(call, old, lock);
}

/* Whether FD, which has no name, has been made so: then it has its inode's number for one: d_tmpfile(), fs/dcache.c. */
static __attribute__((noinline)) bool is_nameless(int fd, const struct stat *status)
{
	char name[64], path[PATH_SIZE];
	struct text text;

	text_init(&text, name, sizeof(name));
	text_add(&text, "/#");
	text_add_number(&text, (long)status->st_ino);
	text_add(&text, PROC_DELETED);
	return proc_read_descriptor(fd, path) < 0 || text_ends(path, name);
}

/*
 * Whether what FD is of has been removed, and was not made without a name: it gets none any more. Not all file systems
 * give it such a name, but a descriptor of O_PATH tells no more.
 */
static bool is_gone(int fd, const struct stat *status)
{
	long flags = GATE_2(NR_fcntl, fd, F_GETFL);

	return !status->st_nlink && flags >= 0 && !(flags & __O_TMPFILE) && !is_nameless(fd, status);
}

/*
 * What FD is of gets a second name: of a lower layer it is the copy that does, or the guest could write to that layer.
 * The call's result, or OVERLAY_GO_ON.
 */
static long link_descriptor(struct call *call, int fd, int *lock)
{
	const struct view_result *new = call->paths[1].result;
	struct stat status;
	long result;

	if (GATE_4(NR_newfstatat, fd, "", &status, AT_EMPTY_PATH) || new->ends_in_dot)
		return OVERLAY_GO_ON;
	if (!may_link(fd, "", AT_EMPTY_PATH, &status))
		return -EPERM;
	result = overlay_check_parent(&call->paths[1]);
	if (result || status_is_directory(&status))
		return result ? result : -EPERM;
	if (is_gone(fd, &status))
		return -ENOENT;
	result = overlay_raise_opened(call, fd, lock);
	/* The directory of the new name is copied under a lock of its own. */
	if (*lock >= 0)
		overlay_unlock(*lock);
	*lock = -1;
	return result ? result : link_copy(call, lock);
}

static long link_magic(struct call *call, int *lock)
{
	int own = proc_own_descriptor(call->paths[0].result->host);
	long fd, status;

	if (own >= 0)
		return link_descriptor(call, own, lock);
	fd = GATE_4(NR_openat, call->paths[0].directory, call->paths[0].path, O_PATH | O_CLOEXEC, 0);
	if (fd < 0)
		return fd;
	status = link_descriptor(call, (int)fd, lock);
	GATE_1(NR_close, fd);
	return status;
}

/* The same of what is named by a descriptor, or by a link of /proc to one. */
static long link_opened(struct call *call, bool is_by_descriptor, int *lock)
{
	if (is_by_descriptor)
		return link_descriptor(call, (int)call->original[0], lock);
	if (call->paths[0].is_resolved && call->paths[0].result->is_magic)
		return link_magic(call, lock);
	return OVERLAY_GO_ON;
}

long overlay_begin_link(struct call *call, int *lock)
{
	long first = access_is_checked(call) ? access_check(call) : 0, status;
	struct stat old;

	call_start_anew(call);
	if (first)
		return first;
	first = translate_path(call, 0, TRANSLATE_FULL | TRANSLATE_NAME);
	if (first < 0 || translate_path(call, 1, TRANSLATE_FULL | TRANSLATE_NAME) ||
	    !(overlay_holds(&call->paths[1]) || overlay_is_nameless(&call->paths[1])) ||
	    call->paths[1].result->place.is_there)
		return OVERLAY_GO_ON;
	if (!first && overlay_holds(&call->paths[0]) && !call->paths[0].result->place.is_there)
		return -ENOENT;
	if (is_refused_link(call, first == TRANSLATE_NOTHING))
		return OVERLAY_GO_ON;
	if (entries_is_foreign(call))
		return -ENOENT;
	/* Of what is old the kernel knows by now only that it is there: do_linkat(), fs/namei.c. */
	if (call->paths[1].result->wants_directory && !call->paths[1].result->ends_in_dot) {
		status = look_at_old(call, first == TRANSLATE_NOTHING, &old);
		if (!status && !first && call->paths[0].result->wants_directory && !status_is_directory(&old))
			status = -ENOTDIR;
		return status ? status : -ENOENT;
	}
	if (!is_of_mount(call, first == TRANSLATE_NOTHING, call->paths[1].result->mount))
		return OVERLAY_GO_ON;
	status = link_opened(call, first == TRANSLATE_NOTHING, lock);
	if (status != OVERLAY_GO_ON)
		return status;
	/* In the kernel's order of errors: where one of them is wrong nothing is to be done. */
	status = first ? 0 : check_old(call);
	if (!status && !first)
		status = begin_old(call, lock);
	if (status)
		return status;
	if (*lock >= 0)
		overlay_unlock(*lock);
	*lock = -1;
	call_start_anew(call);
	first = translate_path(call, 0, TRANSLATE_FULL | TRANSLATE_NAME);
	if (first < 0 || translate_path(call, 1, TRANSLATE_FULL | TRANSLATE_NAME) ||
	    overlay_is_nameless(&call->paths[1]))
		return OVERLAY_GO_ON;
	status = overlay_entry_begin(call, 1, lock);
	if (*lock >= 0 && !first)
		overlay_moved_note(*lock, call->paths[0].result->host);
	return status;
}
