/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/readonly.h"
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/identity.h"
#include "agent/mounts.h"
#include "agent/overlay.h"
#include "agent/pin.h"
#include "agent/proc.h"
#include "agent/translate.h"
#include <asm/fcntl.h>
#include <asm/stat.h>
#include <asm/statfs.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/stat.h>
#include <linux/time_types.h>

#define MOUNTED_READONLY 1 /* ST_RDONLY, include/linux/statfs.h */
#define MAY_READ 4	   /* R_OK, W_OK: faccessat(2) */
#define MAY_WRITE 2

#define NANOSECONDS_MOST 999999999
#define NANOSECONDS_NOW 0x3fffffff /* UTIME_NOW, UTIME_OMIT: include/linux/stat.h of the kernel */
#define NANOSECONDS_OMIT 0x3ffffffe

/* The canonical GUEST path ("" is the root) lies in one. */
static bool is_at(const char *guest)
{
	return readonly_is_mount(view_find_above(the_view(), guest, strlen(guest)));
}

bool readonly_holds_descriptor(int fd)
{
	char host_path[PATH_SIZE], guest[PATH_SIZE];

	if (proc_read_descriptor(fd, host_path) < 0 || host_path[0] != '/')
		return false;
	return !mounts_to_guest(fd, host_path, guest) && is_at(guest);
}

static bool is_same(int fd, int other)
{
	struct stat file, other_file;

	return !GATE_4(NR_newfstatat, fd, "", &file, AT_EMPTY_PATH) &&
	       !GATE_4(NR_newfstatat, other, "", &other_file, AT_EMPTY_PATH) && file.st_ino == other_file.st_ino &&
	       file.st_dev == other_file.st_dev;
}

/*
 * What a link of /proc leads to, which the kernel alone can follow. Of one's own descriptor more is known; another
 * thread may have others by the same numbers.
 */
static bool holds_magic(const struct host_path *path)
{
	int own = proc_own_descriptor(path->result->host);
	long fd = GATE_4(NR_openat, path->directory, path->path, O_PATH | O_CLOEXEC, 0);
	bool is_held;

	if (fd < 0)
		return false;
	is_held = readonly_holds_descriptor(own != PROC_NOT_OWN && is_same(own, (int)fd) ? own : (int)fd);
	GATE_1(NR_close, fd);
	return is_held;
}

bool readonly_holds(const struct host_path *path, bool is_entry)
{
	if (!path->is_resolved || path->result->is_virtual)
		return false;
	if (is_entry)
		return readonly_is_mount(path->result->parent_mount);
	return path->result->is_magic ? holds_magic(path) : readonly_is_mount(path->result->mount);
}

static bool is_link(const struct call *call)
{
	return call->row->paths[1].follow != FOLLOW_NONE;
}

static int start_of(const struct call *call)
{
	const struct call_path *shape = &call->row->paths[0];

	return shape->directory == CALL_CWD ? AT_FDCWD : (int)call->original[shape->directory];
}

/* Whether FD is open, and not by O_PATH, of which calls by descriptor say EBADF. */
static bool is_open(int fd)
{
	long flags = GATE_2(NR_fcntl, fd, F_GETFL);

	return flags >= 0 && !(flags & O_PATH);
}

/* Whether a call without a path means the descriptor itself: the rules of AT_EMPTY_PATH, and of futimens(3). */
static bool means_descriptor(const struct call *call)
{
	const struct call_path *shape = &call->row->paths[0];
	unsigned long flags =
		shape->follow >= FOLLOW_UNLESS && !call_is_of_entry(shape) ? call->original[shape->flags] : 0;

	if (call->row->handler == handle_utimes && !call->original[shape->path])
		return !flags && is_open(start_of(call));
	return flags & AT_EMPTY_PATH;
}

long readonly_check(struct call *call, unsigned int which, long status)
{
	const struct call_path *shape = &call->row->paths[which];
	const struct host_path *path = &call->paths[which];

	if (!readonly_matters(call) || is_link(call))
		return status;
	if (status == TRANSLATE_NOTHING)
		return means_descriptor(call) && readonly_holds_descriptor(start_of(call)) ? -EROFS : status;
	if (!call_is_of_entry(shape))
		return readonly_holds(path, false) ? -EROFS : status;
	/* Of what is no name the kernel says something else, and of a mount point what is made. */
	if (!path->is_resolved || path->result->ends_in_dot || path->result->is_root ||
	    (shape->follow == FOLLOW_MAKES && path->result->is_mount_point))
		return status;
	return readonly_holds(path, true) ? -EROFS : status;
}

/* What the kernel says of other arguments before it looks at the path; -ENOTDIR: nothing. */
static long ask_arguments(struct call *call, unsigned int which)
{
	return translate_refuse(call, which, -ENOTDIR);
}

long readonly_ask_by_descriptor(struct call *call)
{
	const struct call_path *shape = &call->row->paths[0];

	call->arguments[shape->follow == FOLLOW_NONE ? 0 : shape->directory] = (unsigned long)-1;
	return call_make(call, call->nr);
}

static long ask_by_descriptor(struct call *call)
{
	long result = readonly_ask_by_descriptor(call);

	return result == -EBADF ? -EROFS : result;
}

static void strip_slashes(char *path)
{
	size_t length = strlen(path);

	while (length > 1 && path[length - 1] == '/')
		path[--length] = '\0';
}

/* Whether the directory of the last component is there, and may be searched. */
static long check_parent(const struct call *call, const struct host_path *path)
{
	int directory;
	const char *name = translate_parent(call, path, &directory);

	return GATE_4(NR_faccessat2, directory, name, 0, AT_EACCESS);
}

/* filename_create(). */
static long refuse_new(const struct call *call, const struct host_path *path)
{
	bool makes_directory = call->nr == NR_mkdir || call->nr == NR_mkdirat;
	struct stat file;
	long status;

	strip_slashes((char *)path->path);
	status = GATE_4(NR_newfstatat, path->directory, path->path, &file, AT_SYMLINK_NOFOLLOW);
	if (status != -ENOENT)
		return status ? status : -EEXIST;
	return path->result->wants_directory && !makes_directory ? -ENOENT : -EROFS;
}

bool readonly_has_bad_times(const struct call *call)
{
	struct __kernel_timespec times[2];

	if (call->nr != NR_utimensat || !call->original[2] || guest_read(times, call->original[2], sizeof(times)))
		return false;
	for (unsigned int i = 0; i < ARRAY_SIZE(times); i++)
		if (times[i].tv_nsec != NANOSECONDS_NOW && times[i].tv_nsec != NANOSECONDS_OMIT &&
		    (unsigned long long)times[i].tv_nsec > NANOSECONDS_MOST)
			return true;
	return false;
}

/* The status of the object: it may be a link where that is not followed. */
static long look_at(const struct call *call, const struct host_path *path, struct stat *file)
{
	bool follows = call_follows(&call->row->paths[0], call->original) || path->kind == PIN_OBJECT;

	if (path->pin >= 0 && path->kind != PIN_PARENT)
		return GATE_4(NR_newfstatat, path->pin, "", file, AT_EMPTY_PATH);
	return GATE_4(NR_newfstatat, path->directory, path->path, file, follows ? 0 : AT_SYMLINK_NOFOLLOW);
}

/* Whether the guest's user may do what WANTED says with the file: a denial comes before EROFS. */
static long check_mode(int directory, const char *path, unsigned int wanted)
{
	long status;

	if (identity_is_on() && credentials_can(identity_now(), CAP_DAC_OVERRIDE))
		return -EROFS;
	status = GATE_4(NR_faccessat2, directory, path, wanted, AT_EACCESS | (path[0] ? 0 : AT_EMPTY_PATH));
	return status == -EACCES ? status : -EROFS;
}

static long refuse_truncation(const struct host_path *path, uint32_t type)
{
	if (type != S_IFREG)
		return type == S_IFDIR ? -EISDIR : -EINVAL;
	return check_mode(path->directory, path->path, MAY_WRITE);
}

static long refuse_object(const struct call *call, const struct host_path *path)
{
	struct stat file;
	long status = look_at(call, path, &file);
	uint32_t type = status ? 0 : file.st_mode & S_IFMT;

	if (status)
		return status;
	if (call->row->handler == handle_truncate)
		return refuse_truncation(path, type);
	return readonly_has_bad_times(call) ? -EINVAL : -EROFS;
}

long readonly_refuse(struct call *call, unsigned int which)
{
	const struct call_path *shape = &call->row->paths[which];
	const struct host_path *path = &call->paths[which];
	long status;

	if (!path->guest_path || !path->guest_path[0] || !call->original[shape->path]) {
		status = ask_by_descriptor(call);
		return status == -EROFS && readonly_has_bad_times(call) ? -EINVAL : status;
	}
	status = ask_arguments(call, which);
	if (status != -ENOTDIR)
		return status;
	if (shape->follow == FOLLOW_REMOVES) {
		status = check_parent(call, path);
		return status ? status : -EROFS;
	}
	return shape->follow == FOLLOW_MAKES ? refuse_new(call, path) : refuse_object(call, path);
}

long readonly_check_descriptor(struct call *call)
{
	int fd = (int)call->original[0];

	return !is_open(fd) || !readonly_holds_descriptor(fd) ? 0 : ask_by_descriptor(call);
}

static bool wants_write(uint64_t flags)
{
	return !(flags & O_PATH) &&
	       ((flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC) || (flags & __O_TMPFILE) == __O_TMPFILE);
}

bool readonly_may_forbid(uint64_t flags)
{
	return readonly_is_there() && wants_write(flags);
}

bool readonly_forbids_open(const struct call *call, uint64_t flags)
{
	return readonly_may_forbid(flags) && readonly_holds(&call->paths[0], false);
}

static bool is_special(uint32_t mode)
{
	uint32_t type = mode & S_IFMT;

	return type != S_IFREG && type != S_IFDIR && type != S_IFLNK;
}

/* What may_open() and do_dentry_open() ask of a file that is there, in their order: FILE is open by O_PATH as FD. */
static long refuse_file(int fd, uint32_t mode, uint64_t flags)
{
	uint32_t type = mode & S_IFMT;
	unsigned int wanted = (flags & O_ACCMODE) == O_WRONLY ? MAY_WRITE : MAY_READ | MAY_WRITE;

	if (flags & O_CREAT && flags & O_EXCL)
		return -EEXIST;
	if (type == S_IFLNK)
		return -ELOOP;
	if ((flags & __O_TMPFILE) == __O_TMPFILE)
		return type == S_IFDIR ? -EROFS : -ENOTDIR;
	if (type == S_IFDIR)
		return -EISDIR;
	if (flags & O_DIRECTORY)
		return -ENOTDIR;
	if (flags & O_TRUNC)
		return -EROFS;
	return check_mode(fd, "", wanted);
}

/* Whether nothing is changed by opening it so: it is there, and is to be read; or, with the mode 3, neither. */
static bool is_harmless(uint32_t mode, uint64_t flags)
{
	uint32_t type = mode & S_IFMT;
	bool writes = (flags & O_ACCMODE) == O_WRONLY || (flags & O_ACCMODE) == O_RDWR;

	if (writes || type == S_IFLNK || (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL) ||
	    (flags & __O_TMPFILE) == __O_TMPFILE)
		return false;
	if (type == S_IFDIR)
		return (flags & O_ACCMODE) == O_RDONLY && !(flags & (O_CREAT | O_TRUNC));
	return type != S_IFREG || !(flags & O_TRUNC);
}

/* A descriptor of O_PATH of what path 0 names, in path->pin where that can be; or a negative errno. */
static long hold_file(struct call *call, bool follows)
{
	struct host_path *path = &call->paths[0];
	long status = pin_path(path, follows ? PIN_OBJECT : PIN_LINK, true, call->slot->pinned[0]);

	if (status)
		return status;
	if (path->pin < 0)
		status = GATE_4(NR_openat, path->directory, path->path, O_PATH | O_CLOEXEC | (follows ? 0 : O_NOFOLLOW),
				0);
	if (status > 0)
		path->pin = (int)status;
	return MIN(status, 0);
}

/* Whether the file that is held may be opened so: then it waits for that. */
static bool may_open(struct call *call, uint32_t mode, uint64_t flags)
{
	bool is_new = flags & O_CREAT && flags & O_EXCL;

	if (!is_harmless(mode, flags) && (!is_special(mode) || is_new || flags & O_DIRECTORY))
		return false;
	call->waits = call->paths[0].pin;
	call->paths[0].pin = -1;
	return true;
}

static bool ends_in_slash(const char *path)
{
	size_t length = strlen(path);

	return length && path[length - 1] == '/';
}

long readonly_open(struct call *call, uint64_t flags)
{
	bool follows = !(flags & O_NOFOLLOW || (flags & O_CREAT && flags & O_EXCL));
	struct stat file;
	long status;

	if (flags & O_CREAT && ends_in_slash(call->paths[0].guest_path) &&
	    !pin_ends_in_dots(call->paths[0].guest_path)) {
		status = check_parent(call, &call->paths[0]);
		return status ? status : -EISDIR;
	}
	status = hold_file(call, follows);
	if (status)
		return status == -ENOENT && flags & O_CREAT ? -EROFS : status;
	status = GATE_4(NR_newfstatat, call->paths[0].pin, "", &file, AT_EMPTY_PATH);
	if (status)
		return status;
	return may_open(call, file.st_mode, flags) ? READONLY_OPENS :
						     refuse_file(call->paths[0].pin, file.st_mode, flags);
}

long readonly_refuse_name(struct call *call)
{
	const struct host_path *path = &call->paths[0];
	long status = check_parent(call, path);

	return status ? status : refuse_new(call, path);
}

long readonly_check_access(struct call *call)
{
	struct host_path *path = &call->paths[0];
	struct stat file;
	long status, result = 0;

	call_start_anew(call);
	status = translate_path(call, 0, TRANSLATE_FULL);
	if (status == TRANSLATE_NOTHING) {
		if (readonly_holds_descriptor(start_of(call)) &&
		    !GATE_4(NR_newfstatat, start_of(call), "", &file, AT_EMPTY_PATH) && !is_special(file.st_mode))
			result = -EROFS;
	} else if (!status && readonly_holds(path, false) && !look_at(call, path, &file) && !is_special(file.st_mode)) {
		result = -EROFS;
	}
	return result;
}

/* What the kernel has written for the guest at ADDRESS is of a read-only mount, or of an overlay. */
static long change_status(unsigned long address, bool is_read_only, bool is_overlay)
{
	struct statfs status;

	if (guest_read(&status, address, sizeof(status)))
		return -EFAULT;
	status.f_flags |= is_read_only ? MOUNTED_READONLY : 0;
	if (is_overlay)
		status.f_type = OVERLAYFS_SUPER_MAGIC;
	return guest_write(address, &status, sizeof(status));
}

/* Whether path 0, translated, has come to an overlay. */
static bool is_in_overlay(const struct host_path *path)
{
	bool is_there;
	long fd;

	if (!overlay_is_there() || !path->is_resolved || path->result->is_virtual)
		return false;
	if (!path->result->is_magic)
		return overlay_is_mount(path->result->mount);
	fd = GATE_4(NR_openat, path->directory, path->path, O_PATH | O_CLOEXEC, 0);
	is_there = fd >= 0 && overlay_has((int)fd);
	if (fd >= 0)
		GATE_1(NR_close, fd);
	return is_there;
}

long handle_statfs(struct call *call)
{
	unsigned long at = call->original[1];
	long status = handle_paths(call);
	bool is_held, is_overlay;

	if (status || !(readonly_is_there() || overlay_is_there()))
		return status;
	if (call->nr == NR_fstatfs) {
		is_held = readonly_is_there() && readonly_holds_descriptor((int)call->original[0]);
		is_overlay = overlay_is_there() && overlay_has((int)call->original[0]);
	} else {
		call_start_anew(call);
		status = translate_path(call, 0, TRANSLATE_FULL);
		is_held = !status && readonly_holds(&call->paths[0], false);
		is_overlay = !status && is_in_overlay(&call->paths[0]);
	}
	return is_held || is_overlay ? change_status(at, is_held, is_overlay) : 0;
}
