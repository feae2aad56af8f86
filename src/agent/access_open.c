/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening, where the guest is not who the kernel knows: what may be opened, whose a new file is, and
 * devices, which are sockets to the kernel: ENXIO.
 */
#include "agent/access.h"
#include "agent/attributes.h"
#include "agent/child.h"
#include "agent/device.h"
#include "agent/dispatch.h"
#include "agent/owner.h"
#include "agent/pin.h"
#include "agent/proc.h"
#include "agent/translate.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

static unsigned int mask_of(uint64_t flags)
{
	static const unsigned int masks[] = { ACCESS_READ, ACCESS_WRITE, ACCESS_READ | ACCESS_WRITE,
					      ACCESS_READ | ACCESS_WRITE };

	if (flags & O_PATH)
		return 0;
	return masks[flags & O_ACCMODE] | (flags & O_TRUNC ? ACCESS_WRITE : 0);
}

/* may_open(), fs/namei.c. STATUS is the kernel's. */
static long check_open(struct call *call, unsigned long flags, uint64_t open_flags, struct stat status)
{
	const struct host_path *path = &call->paths[0];
	struct access_file file = {
		.directory = path->directory, .path = path->path, .flags = flags, .status = status
	};

	owner_tell(path->directory, path->path, flags, &file.status);
	/* What the kernel says first. */
	if ((status.st_mode & S_IFMT) == S_IFLNK || (open_flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return 0;
	if ((status.st_mode & S_IFMT) == S_IFDIR ? open_flags & O_CREAT || mask_of(open_flags) & ACCESS_WRITE :
						   open_flags & O_DIRECTORY)
		return 0;
	if (access_judge(call, &file, mask_of(open_flags)))
		return -EACCES;
	return open_flags & O_NOATIME && !(open_flags & O_PATH) && !access_is_owner(identity_now(), &file.status) ?
		       -EPERM :
		       0;
}

static char setting(const char *path)
{
	long fd = GATE_4(NR_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	char text = '0';

	if (fd < 0)
		return text;
	GATE_3(NR_read, fd, &text, 1);
	GATE_1(NR_close, fd);
	return text;
}

#define PROTECTED "/proc/sys/fs/protected_"

/* may_create_in_sticky(), fs/namei.c: of what is there, and another's, O_CREAT must not be a trap. Root meets it too.
 */
static bool is_trap(const struct stat *file, const struct stat *parent)
{
	uint32_t type = file->st_mode & S_IFMT;
	char protects = type == S_IFREG ? setting(PROTECTED "regular") :
			type == S_IFIFO ? setting(PROTECTED "fifos") :
					  '1';

	if (protects == '0')
		return false;
	return parent->st_mode & S_IWOTH ||
	       (parent->st_mode & S_IWGRP && protects >= '2' && type & (S_IFREG | S_IFIFO));
}

static long check_sticky(struct call *call, unsigned long flags, struct stat status)
{
	const struct host_path *path = &call->paths[0];
	struct access_file parent = { .flags = 0 };
	uint32_t type = status.st_mode & S_IFMT;

	if (!path->is_resolved || path->result->is_magic || type == S_IFDIR)
		return 0;
	parent.path = translate_parent(call, path, &parent.directory);
	if (access_look(&parent) || !(parent.status.st_mode & S_ISVTX))
		return 0;
	owner_tell(path->directory, path->path, flags, &status);
	if (status.st_uid == parent.status.st_uid || status.st_uid == identity_now()->fsuid)
		return 0;
	return is_trap(&status, &parent.status) ? access_deny(call) : 0;
}

/* A file that is made, by a name or without. Nothing of that waits. */
struct new_file {
	const struct host_path *path;
	const struct open_how *how;
	const struct owner_record *record; /* NULL: as it is */
	bool has_name;
	long result;
};

static long make_file(struct slot *file_at, long unused)
{
	struct new_file *file = (struct new_file *)file_at;
	const struct host_path *path = file->path;
	long fd = GATE_4(NR_openat2, path->directory, path->path, file->how, sizeof(*file->how)), status = 0;

	(void)unused;
	file->result = fd;
	if (fd >= 0 && file->record)
		status = owner_put_new(path->directory, path->path, (int)fd, file->record);
	if (!status)
		return 0;
	if (file->has_name)
		GATE_3(NR_unlinkat, path->directory, path->path, 0);
	GATE_1(NR_close, fd);
	file->result = status;
	return 0;
}

#define NOT_AGAIN (O_CREAT | O_EXCL | O_TRUNC)

static void take_over(int fd, long again, uint64_t flags)
{
	GATE_3(NR_dup3, again, fd, flags & O_CLOEXEC);
	GATE_1(NR_close, again);
}

/* What children have opened last and nobody else can open; a child of the guest's has others' descriptors, too. */
static struct {
	uint64_t device, inode;
} opened_for_us[16] AGENT_WIPED;

static unsigned int opened_for_us_count AGENT_WIPED;

static void note_opened(const struct stat *status)
{
	unsigned int next = __atomic_fetch_add(&opened_for_us_count, 1, __ATOMIC_RELAXED) % ARRAY_SIZE(opened_for_us);

	__atomic_store_n(&opened_for_us[next].device, status->st_dev, __ATOMIC_RELAXED);
	__atomic_store_n(&opened_for_us[next].inode, status->st_ino, __ATOMIC_RELAXED);
}

bool access_opened_for_us(int fd)
{
	struct stat status;

	if (!opened_for_us_count || GATE_2(NR_fstat, fd, &status))
		return false;
	for (unsigned int i = 0; i < ARRAY_SIZE(opened_for_us); i++)
		if (opened_for_us[i].inode == status.st_ino && opened_for_us[i].device == status.st_dev)
			return true;
	return false;
}

void access_forget_opened(void)
{
	__atomic_store_n(&opened_for_us_count, 0, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < ARRAY_SIZE(opened_for_us); i++)
		__atomic_store_n(&opened_for_us[i].inode, 0, __ATOMIC_RELAXED);
}

static long open_once_more(int fd, const struct object *object, uint64_t flags)
{
	/* What else there is may notice that it is opened. */
	if ((flags & __O_TMPFILE) == __O_TMPFILE || !status_is_regular_or_directory(&object->status))
		return -EACCES;
	/* The link of /proc is none for O_NOFOLLOW. */
	if (!(flags & O_NOFOLLOW))
		return GATE_4(NR_openat, AT_FDCWD, object->name, flags & ~(uint64_t)NOT_AGAIN, 0);
	if (status_is_directory(&object->status))
		return GATE_4(NR_openat, fd, ".", flags & ~(uint64_t)NOT_AGAIN, 0);
	return -EACCES;
}

void access_reopen(int fd, uint64_t flags)
{
	struct object object;
	long again;

	if (object_take_any(fd, &object))
		return;
	again = open_once_more(fd, &object, flags);
	if (again >= 0)
		take_over(fd, again, flags);
	else
		note_opened(&object.status);
}

/* The same of a file that has been made at PATH, unless that names another by now. */
static void reopen_made(int fd, uint64_t flags, const struct host_path *path)
{
	struct stat made, named;
	long again;

	if (!(flags & O_NOFOLLOW)) {
		access_reopen(fd, flags);
		return;
	}
	again = GATE_4(NR_openat, path->directory, path->path, (flags & ~(uint64_t)NOT_AGAIN) | O_NONBLOCK, 0);
	if (again < 0) {
		if (!GATE_2(NR_fstat, fd, &made))
			note_opened(&made);
		return;
	}
	if (GATE_2(NR_fstat, fd, &made) || GATE_2(NR_fstat, again, &named) || made.st_ino != named.st_ino ||
	    made.st_dev != named.st_dev) {
		GATE_1(NR_close, again);
		return;
	}
	if (!(flags & O_NONBLOCK))
		GATE_3(NR_fcntl, again, F_SETFL, GATE_3(NR_fcntl, again, F_GETFL, 0) & ~O_NONBLOCK);
	take_over(fd, again, flags);
}

/* Of a removed directory, or what is none, the kernel tells. */
static long check_maker(struct call *call, int directory, const char *parent)
{
	struct access_file file = { .directory = directory, .path = parent };
	long error = access_look(&file);

	if (error || !file.status.st_nlink || (file.status.st_mode & S_IFMT) != S_IFDIR)
		return error == -EACCES ? error : 0;
	return access_judge(call, &file, ACCESS_WRITE | ACCESS_SEARCH);
}

/* In the directory PARENT, relative to DIRECTORY. */
static long make_in(struct call *call, const struct open_how *how, int directory, const char *parent, bool has_name)
{
	struct owner_record record;
	struct open_how wanted = *how;
	uint64_t mode = how->mode;
	struct new_file file = { .path = &call->paths[0], .how = &wanted, .has_name = has_name };
	long status = access_is_checked(call) ? check_maker(call, directory, parent) : 0;

	if (status)
		return status;
	if (owner_of_new(directory, parent, &record, &mode))
		file.record = &record;
	wanted.mode = mode;
	/* What has no name is gone when the process is killed. */
	if (file.record && has_name)
		child_run_to_the_end(make_file, &file, 0);
	else
		make_file((struct slot *)&file, 0);
	if (file.result >= 0 && file.record && has_name)
		reopen_made((int)file.result, how->flags, &call->paths[0]);
	if (file.result == -EEXIST || file.result == -EACCES)
		return ACCESS_KERNEL_OPENS;
	return file.result < 0 ? file.result : pin_take_place(call, (int)file.result);
}

/* We make sure that it is new. */
static long make_named(struct call *call, struct open_how how)
{
	int directory;
	const char *parent = translate_parent(call, &call->paths[0], &directory);

	how.flags |= O_EXCL;
	return make_in(call, &how, directory, parent, true);
}

/* FLAGS: whether the directory is named by the link to what is held. */
static long make_nameless(struct call *call, struct open_how how, unsigned long flags)
{
	const struct host_path *path = &call->paths[0];

	if (!(flags & AT_SYMLINK_NOFOLLOW))
		how.resolve = 0;
	return make_in(call, &how, path->directory, path->path, false);
}

/* Emptying a file takes its set-id bits and capabilities, by other rules than the kernel goes by. */
static bool loses_privileges(const struct open_how *how, const struct stat *status)
{
	return how->flags & O_TRUNC && (status->st_mode & S_IFMT) == S_IFREG &&
	       status->st_uid == image_data()->identity.host_uid;
}

static long open_emptied(struct call *call, const struct open_how *how, unsigned long flags, struct stat status)
{
	const struct host_path *path = &call->paths[0];
	struct object object;
	long fd;

	owner_tell(path->directory, path->path, flags, &status);
	fd = GATE_4(NR_openat2, path->directory, path->path, how, sizeof(*how));
	if (fd >= 0 && !object_take_any((int)fd, &object))
		attributes_settle_written(&object, attributes_mode_written(&status));
	if (fd == -EACCES || fd == -ELOOP)
		return ACCESS_KERNEL_OPENS;
	return fd < 0 ? fd : pin_take_place(call, (int)fd);
}

long access_open(struct call *call, const struct open_how *how)
{
	const struct host_path *path = &call->paths[0];
	unsigned long flags = text_begins(path->path, PROC_DESCRIPTORS) ? 0 : AT_SYMLINK_NOFOLLOW;
	bool makes = how->flags & O_CREAT;
	struct stat status;
	long result;

	if ((how->flags & __O_TMPFILE) == __O_TMPFILE)
		return make_nameless(call, *how, flags);
	if (!makes && !(how->flags & O_TRUNC) && !access_is_checked(call))
		return ACCESS_KERNEL_OPENS;
	/* With a slash behind it, it is EISDIR unseen. */
	if (makes && path->is_resolved && path->result->wants_directory)
		return ACCESS_KERNEL_OPENS;
	result = GATE_4(NR_newfstatat, path->directory, path->path, &status, flags);
	if (result == -ENOENT && makes)
		return make_named(call, *how);
	if (!result && (how->flags & (O_CREAT | O_EXCL)) == O_CREAT)
		result = check_sticky(call, flags, status);
	if (!result && access_is_checked(call))
		result = check_open(call, flags, how->flags, status);
	if (!result && loses_privileges(how, &status))
		return open_emptied(call, how, flags, status);
	return result == -EACCES || result == -EPERM ? result : ACCESS_KERNEL_OPENS;
}

long access_open_magic(struct call *call, uint64_t open_flags)
{
	const struct host_path *path = &call->paths[0];
	struct stat status;
	uint32_t type;

	if (!path->is_resolved || !path->result->is_magic || open_flags & O_NOFOLLOW || !access_is_checked(call) ||
	    GATE_4(NR_newfstatat, path->directory, path->path, &status, 0))
		return 0;
	type = status.st_mode & S_IFMT;
	if ((type != S_IFREG && type != S_IFDIR) || !status.st_nlink)
		return 0;
	return check_open(call, 0, open_flags, status);
}

/* The nodes that programs can't do without have names; the host's of others are in /dev/char. */
static const struct {
	uint64_t device;
	const char *host_path;
} nodes[] = {
	{ 0x103, "/dev/null" },	   { 0x105, "/dev/zero" }, { 0x107, "/dev/full" }, { 0x108, "/dev/random" },
	{ 0x109, "/dev/urandom" }, { 0x500, "/dev/tty" },  { 0x502, "/dev/ptmx" },
};

static void name_device(uint32_t mode, uint64_t device, char *buf, size_t size)
{
	struct text name;

	text_init(&name, buf, size);
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++)
		if ((mode & S_IFMT) == S_IFCHR && nodes[i].device == device)
			text_add(&name, nodes[i].host_path);
	if (name.length)
		return;
	text_add(&name, (mode & S_IFMT) == S_IFCHR ? "/dev/char/" : "/dev/block/");
	text_add_number(&name, (long)(device >> 8 & 0xfff));
	text_add(&name, ":");
	text_add_number(&name, (long)((device & 0xff) | (device >> 12 & 0xfff00)));
}

#define NO_DEVICE 1

/* A device is what the host has of that number, if the user may open it. NO_DEVICE of all else. */
static long open_device(struct call *call, struct open_how how)
{
	const struct host_path *path = &call->paths[0];
	struct stat status;
	char name[48];
	long fd;

	if (GATE_4(NR_newfstatat, path->directory, path->path, &status, 0))
		return NO_DEVICE;
	owner_tell(path->directory, path->path, 0, &status);
	if ((status.st_mode & S_IFMT) != S_IFCHR && (status.st_mode & S_IFMT) != S_IFBLK)
		return NO_DEVICE;
	name_device(status.st_mode, status.st_rdev, name, sizeof(name));
	/* None is the user's, who could leave its times alone. */
	how.flags &= ~(uint64_t)(O_CREAT | O_TRUNC | O_NOATIME);
	how.mode = 0;
	how.resolve = 0;
	fd = GATE_4(NR_openat2, AT_FDCWD, name, &how, sizeof(how));
	/* Of most the name is a link. */
	how.flags &= ~(uint64_t)O_NOFOLLOW;
	if (fd == -ELOOP)
		fd = GATE_4(NR_openat2, AT_FDCWD, name, &how, sizeof(how));
	if (fd < 0)
		return fd == -ENOENT ? -ENXIO : fd;
	fd = pin_take_place(call, (int)fd);
	device_note((int)fd, &status);
	return fd;
}

long access_open_again(struct call *call, const struct open_how *how, long result)
{
	long device = open_device(call, *how);

	if (device != NO_DEVICE)
		return device;
	return result == -EACCES ? access_override(call, result) : result;
}
