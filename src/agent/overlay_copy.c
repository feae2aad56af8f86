/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/overlay_copy.h"
#include "agent/child.h"
#include "agent/identity.h"
#include "agent/object.h"
#include "agent/owner.h"
#include "agent/proc.h"
#include "agent/raised.h"
#include "agent/room.h"
#include "agent/translate.h"
#include "base/text.h"
#include "image/overlay.h"
#include "image/removal.h"
#include "view/layers.h"
#include <asm/fcntl.h>
#include <asm/ioctl.h>
#include <asm/ioctls.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/limits.h>
#include <linux/mman.h>
#include <linux/stat.h>

#define SEEK_DATA_ 3 /* include/uapi/linux/fs.h */
#define SEEK_HOLE_ 4
#define PIECE 0x40000000ul
#define PERMISSIONS 07777u
#define ALL_OF_OWNER 0700u

/* Which object of a lower layer a copy is of: struct ovl_fb, fs/overlayfs/overlayfs.h, for CPUs whose first byte is the
 * lowest. */
#define ORIGIN_MAGIC 0xfb
#define HANDLE_MOST 128 /* MAX_HANDLE_SZ, include/linux/exportfs.h */
struct origin {
	uint8_t version, magic, length, flags, type;
	uint8_t file_system[16];
	uint8_t handle[HANDLE_MOST];
} __attribute__((packed));

struct handle {
	uint32_t length;
	int32_t type;
	uint8_t bytes[HANDLE_MOST];
};

/* FS_IOC_GETFSUUID, include/uapi/linux/fs.h, Linux 6.9. */
struct file_system {
	uint8_t length, id[16];
};
#define GET_FILE_SYSTEM _IOR(0x15, 0, struct file_system)

/* An object on its way up. */
struct copy {
	int lock;
	uint32_t mount;
	const char *rest;
	bool is_empty;
	const char *from;
	char work[OVERLAY_NEW_SIZE], to[PATH_SIZE];
	struct stat status;
	long result;
};

static uint32_t type_of(const struct stat *status)
{
	return status->st_mode & S_IFMT;
}

long overlay_copy_path(uint32_t mount, unsigned int number, const char *rest, char *buf)
{
	struct text text;

	text_init(&text, buf, PATH_SIZE);
	text_add(&text, view_layer(the_view(), mount, number));
	text_add(&text, rest);
	return text.full ? -ENAMETOOLONG : 0;
}

static void name_in_work(int lock, const char *name, char *buf)
{
	struct text text;

	text_init(&text, buf, OVERLAY_NEW_SIZE);
	text_add(&text, PROC_DESCRIPTORS);
	text_add_number(&text, lock);
	text_add(&text, "/");
	text_add(&text, name);
}

void overlay_copy_new_path(int lock, char *buf)
{
	name_in_work(lock, OVERLAY_NEW, buf);
}

static void drop(int lock, const char *name)
{
	long status = GATE_3(NR_unlinkat, lock, name, 0);
	char path[OVERLAY_NEW_SIZE];

	if (status == -EISDIR)
		status = GATE_3(NR_unlinkat, lock, name, AT_REMOVEDIR);
	if (!status || status == -ENOENT)
		return;
	name_in_work(lock, name, path);
	removal_run(gate, path);
}

void overlay_copy_drop(int lock)
{
	drop(lock, OVERLAY_NEW);
}

/* Make the directories that PATH has behind the first START bytes, before its last name. */
static void make_directories(char *path, size_t start)
{
	for (char *at = path + start; *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		/* Whatever the guest's umask has left of its mode. */
		if (!GATE_3(NR_mkdirat, AT_FDCWD, path, ALL_OF_OWNER))
			GATE_3(NR_fchmodat, AT_FDCWD, path, ALL_OF_OWNER);
		*at = '/';
	}
}

/* Remove them. */
static void remove_directories(char *path, size_t start)
{
	for (size_t at = strlen(path); at > start; at--) {
		if (path[at] != '/')
			continue;
		path[at] = '\0';
		GATE_3(NR_unlinkat, AT_FDCWD, path, AT_REMOVEDIR);
	}
}

void overlay_copy_drop_named(int lock, const char *rest, uint32_t mode)
{
	char path[PATH_SIZE];
	struct text text;
	size_t start;

	name_in_work(lock, VIEW_REMOVED, path);
	start = strlen(path);
	text_resume(&text, path, sizeof(path));
	text_add(&text, rest);
	if (!text.full) {
		make_directories(path, start);
		/* Nothing but whiteouts is in it, so it keeps its name, and the mode without which it could not be
		 * moved. */
		if (!GATE_5(NR_renameat2, lock, OVERLAY_NEW, AT_FDCWD, path, RENAME_NOREPLACE)) {
			if ((mode & S_IFMT) == S_IFDIR && ~mode & ALL_OF_OWNER)
				GATE_3(NR_fchmodat, AT_FDCWD, path, mode & 07777);
			removal_run(gate, path);
		}
		remove_directories(path, start);
	}
	drop(lock, OVERLAY_NEW);
}

long overlay_copy_lock(uint32_t mount)
{
	long lock = overlay_lock(gate, view_work(the_view(), mount));

	/* Who was killed has left it. */
	if (lock >= 0) {
		drop((int)lock, OVERLAY_NEW);
		drop((int)lock, VIEW_REMOVED);
	}
	return lock;
}

/* Without what the file system is called, which is not always known. */
static long find_origin(int directory, const char *path, unsigned long flags, struct origin *origin)
{
	struct handle handle = { .length = HANDLE_MOST };
	int mount;
	long status = GATE_5(NR_name_to_handle_at, directory, path, &handle, &mount, flags);

	if (status || handle.length > HANDLE_MOST || handle.type < 0 || handle.type > 255)
		return status ? status : -EOPNOTSUPP;
	*origin = (struct origin){ .magic = ORIGIN_MAGIC,
				   .length = (uint8_t)(offsetof(struct origin, handle) + handle.length),
				   .type = (uint8_t)handle.type };
	memcpy(origin->handle, handle.bytes, handle.length);
	return 0;
}

bool overlay_copy_is_of(const char *host_path, int fd)
{
	struct origin stored, origin;
	long length = GATE_4(NR_lgetxattr, host_path, OVERLAY_ORIGIN, &stored, sizeof(stored));

	return !find_origin(fd, "", AT_EMPTY_PATH, &origin) && length == origin.length && stored.type == origin.type &&
	       !memcmp(stored.handle, origin.handle, (size_t)length - offsetof(struct origin, handle));
}

bool overlay_copy_has_origin(int fd)
{
	struct origin origin;

	return !find_origin(fd, "", AT_EMPTY_PATH, &origin);
}

/* With that the kernel tells the copy's inode number as that of the original; it does without. */
static void set_origin(const struct copy *copy)
{
	struct file_system file_system = { 0 };
	struct origin origin;
	long fd;

	if (find_origin(AT_FDCWD, copy->from, 0, &origin))
		return;
	fd = GATE_4(NR_openat, AT_FDCWD, copy->from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);
	if (fd >= 0 && !GATE_3(NR_ioctl, fd, GET_FILE_SYSTEM, &file_system) &&
	    file_system.length == sizeof(origin.file_system))
		memcpy(origin.file_system, file_system.id, sizeof(origin.file_system));
	if (fd >= 0)
		GATE_1(NR_close, fd);
	GATE_5(NR_lsetxattr, copy->work, OVERLAY_ORIGIN, &origin, origin.length, 0);
}

/* SIZE bytes from where both files stand. */
static long copy_bytes(int in, int out, uint64_t size)
{
	bool has_call = true;

	while (size) {
		long done = -EXDEV;

		if (has_call)
			done = GATE_6(NR_copy_file_range, in, NULL, out, NULL, MIN(size, PIECE), 0);
		if (done <= 0 && has_call) {
			has_call = false;
			continue;
		}
		if (!has_call)
			done = GATE_4(NR_sendfile, out, in, NULL, MIN(size, PIECE));
		if (done <= 0)
			return done;
		size -= (uint64_t)done;
	}
	return 0;
}

/* What is a hole stays one. */
static long copy_data(int in, int out, long size)
{
	long at = 0, status = 0;

	if (!GATE_3(NR_ioctl, out, FICLONE, in))
		return 0;
	while (at < size && !status) {
		long data = GATE_3(NR_lseek, in, at, SEEK_DATA_), hole;

		if (data == -ENXIO)
			break;
		hole = data < 0 ? -EINVAL : GATE_3(NR_lseek, in, data, SEEK_HOLE_);
		if (hole < 0) {
			data = at;
			hole = size;
		}
		GATE_3(NR_lseek, in, data, 0);
		GATE_3(NR_lseek, out, data, 0);
		status = copy_bytes(in, out, (uint64_t)(hole - data));
		at = hole;
	}
	return status ? status : GATE_2(NR_ftruncate, out, size);
}

static long copy_file(struct copy *copy)
{
	long in = -1, out, status = 0;

	if (!copy->is_empty)
		in = GATE_4(NR_openat, AT_FDCWD, copy->from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);
	if (in < 0 && !copy->is_empty)
		return in;
	out = GATE_4(NR_openat, copy->lock, OVERLAY_NEW, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out >= 0) {
		status = copy->is_empty ? 0 : copy_data((int)in, (int)out, copy->status.st_size);
		if (!status && !(view_binding(the_view(), copy->mount)->flags & VIEW_TEMPORARY))
			status = GATE_1(NR_fsync, out);
		GATE_1(NR_close, out);
	}
	if (in >= 0)
		GATE_1(NR_close, in);
	return out < 0 ? out : status;
}

static long copy_link(struct copy *copy)
{
	char target[PATH_SIZE];
	long length = GATE_4(NR_readlinkat, AT_FDCWD, copy->from, target, sizeof(target) - 1);

	if (length < 0)
		return length;
	target[length] = '\0';
	return GATE_3(NR_symlinkat, target, copy->lock, OVERLAY_NEW);
}

static long make_new(struct copy *copy)
{
	switch (type_of(&copy->status)) {
	case S_IFREG:
		return copy_file(copy);
	case S_IFDIR:
		return GATE_3(NR_mkdirat, copy->lock, OVERLAY_NEW, ALL_OF_OWNER);
	case S_IFLNK:
		return copy_link(copy);
	default:
		return GATE_4(NR_mknodat, copy->lock, OVERLAY_NEW, type_of(&copy->status) | 0600, copy->status.st_rdev);
	}
}

/* Those of the overlay's own are not those of a copy: ovl_copy_xattr(). */
static bool is_copied(const char *name)
{
	return !text_begins(name, OVERLAY_PREFIX) || text_begins(name, OVERLAY_ESCAPED);
}

static long copy_attribute(const struct copy *copy, const char *name, char *value)
{
	long size, status;

	if (!is_copied(name))
		return 0;
	size = GATE_4(NR_lgetxattr, copy->from, name, value, XATTR_SIZE_MAX);
	if (size < 0)
		return 0;
	status = GATE_5(NR_lsetxattr, copy->work, name, value, size, 0);
	/* Labels of the machine's and what else is not the user's affair. */
	return text_begins(name, "user.") ? status : 0;
}

static long copy_attributes(const struct copy *copy)
{
	long length = GATE_3(NR_llistxattr, copy->from, NULL, 0), status = 0;
	size_t room = XATTR_LIST_MAX + XATTR_SIZE_MAX;
	char *list;

	if (length <= 0)
		return 0;
	list = (char *)room_map(room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if ((unsigned long)list > -4096ul)
		return (long)list;
	length = GATE_3(NR_llistxattr, copy->from, list, XATTR_LIST_MAX);
	for (const char *name = list; name < list + length && !status; name += strlen(name) + 1)
		status = copy_attribute(copy, name, list + XATTR_LIST_MAX);
	room_unmap(list, room);
	return status;
}

/* Where the guest is not who the kernel knows, the copy belongs to whom the original belonged to for the guest. */
static void keep_owner(const struct copy *copy)
{
	struct owner_record record;
	struct object old, new;
	struct stat was, is;

	old.is_opened = new.is_opened = false;
	if (!object_take_plain(copy->from, &old) && !object_take_entry(copy->lock, OVERLAY_NEW, &new)) {
		owner_of(&old, &was, &record);
		owner_of(&new, &is, &record);
		record.uid = was.st_uid;
		record.gid = was.st_gid;
		if (was.st_uid != is.st_uid || was.st_gid != is.st_gid)
			owner_put(&new, &record);
	}
	object_release(&old);
	object_release(&new);
}

/* The owner as far as the user may give it; a program that is set-user-id must not become so of another. */
static uint32_t copy_owner(const struct copy *copy)
{
	const struct stat *old = &copy->status;
	struct stat new;
	long status = GATE_4(NR_newfstatat, copy->lock, OVERLAY_NEW, &new, AT_SYMLINK_NOFOLLOW);

	if (!status && (new.st_uid != old->st_uid || new.st_gid != old->st_gid))
		status = GATE_5(NR_fchownat, copy->lock, OVERLAY_NEW, old->st_uid, old->st_gid, AT_SYMLINK_NOFOLLOW);
	if (status && new.st_gid != old->st_gid)
		GATE_5(NR_fchownat, copy->lock, OVERLAY_NEW, -1, old->st_gid, AT_SYMLINK_NOFOLLOW);
	if (identity_is_on() && type_of(old) != S_IFLNK)
		keep_owner(copy);
	if (status && type_of(old) == S_IFREG)
		return old->st_mode & PERMISSIONS & ~(S_ISUID | S_ISGID);
	return old->st_mode & PERMISSIONS;
}

static void set_times(int directory, const char *path, const struct stat *status)
{
	struct {
		long seconds, nanoseconds;
	} times[2] = { { (long)status->st_atime, (long)status->st_atime_nsec },
		       { (long)status->st_mtime, (long)status->st_mtime_nsec } };

	GATE_4(NR_utimensat, directory, path, times, AT_SYMLINK_NOFOLLOW);
}

void overlay_copy_note_impure(const char *host_path)
{
	char value[2];

	if (GATE_4(NR_lgetxattr, host_path, OVERLAY_IMPURE, value, sizeof(value)) < 0)
		GATE_5(NR_lsetxattr, host_path, OVERLAY_IMPURE, "y", 1, 0);
}

/* A directory that is in one more layer from now on. */
static long put_in_place(const struct copy *copy)
{
	bool is_directory = type_of(&copy->status) == S_IFDIR;
	long status;

	if (is_directory)
		plain_begin_change();
	status = GATE_5(NR_renameat2, copy->lock, OVERLAY_NEW, AT_FDCWD, copy->to, RENAME_NOREPLACE);
	if (is_directory)
		plain_end_change();
	return status;
}

/* Into the directory, which may be one that its owner can't write to. */
static long move(struct copy *copy, uint32_t mode)
{
	char *name = (char *)text_base_name(copy->to);
	struct stat parent;
	long status, is_shut;

	name[-1] = '\0';
	status = GATE_4(NR_newfstatat, AT_FDCWD, copy->to, &parent, 0);
	is_shut = status ? 0 : ~parent.st_mode & 0300;
	if (is_shut)
		GATE_3(NR_fchmodat, AT_FDCWD, copy->to, (parent.st_mode & PERMISSIONS) | ALL_OF_OWNER);
	if (!status)
		overlay_copy_note_impure(copy->to);
	name[-1] = '/';
	if (!status)
		status = put_in_place(copy);
	if (status)
		overlay_copy_drop(copy->lock);
	/* A directory whose mode is final could not have been moved. */
	else if (type_of(&copy->status) == S_IFDIR && ~mode & ALL_OF_OWNER)
		GATE_3(NR_fchmodat, AT_FDCWD, copy->to, mode);
	name[-1] = '\0';
	if (is_shut)
		GATE_3(NR_fchmodat, AT_FDCWD, copy->to, parent.st_mode & PERMISSIONS);
	/* That of the directory is not a change of its: ovl_copy_up_one(). */
	set_times(AT_FDCWD, copy->to, &parent);
	name[-1] = '/';
	return status;
}

static long copy_steps(struct slot *copy_at, long unused)
{
	struct copy *copy = (struct copy *)copy_at;
	bool is_directory = type_of(&copy->status) == S_IFDIR;
	uint32_t mode = 0;

	(void)unused;
	copy->result = make_new(copy);
	/* Whatever the guest's umask has left of its mode. */
	if (!copy->result && type_of(&copy->status) != S_IFLNK)
		copy->result = GATE_4(NR_fchmodat, copy->lock, OVERLAY_NEW, ALL_OF_OWNER, 0);
	if (!copy->result && status_is_regular_or_directory(&copy->status)) {
		copy->result = copy_attributes(copy);
		set_origin(copy);
	}
	if (!copy->result) {
		mode = copy_owner(copy);
		if (type_of(&copy->status) != S_IFLNK)
			copy->result = GATE_4(NR_fchmodat, copy->lock, OVERLAY_NEW,
					      is_directory ? mode | ALL_OF_OWNER : mode, 0);
	}
	if (copy->result) {
		overlay_copy_drop(copy->lock);
		return 0;
	}
	set_times(copy->lock, OVERLAY_NEW, &copy->status);
	copy->result = move(copy, mode);
	return 0;
}

/* FROM, which is to be at REST. */
static long copy_one(int lock, uint32_t mount, const char *from, const char *rest, bool is_empty)
{
	struct copy copy = { .lock = lock, .mount = mount, .rest = rest, .is_empty = is_empty, .from = from };
	long status = overlay_copy_path(mount, 0, rest, copy.to);

	overlay_copy_new_path(lock, copy.work);
	if (!status)
		status = GATE_4(NR_newfstatat, AT_FDCWD, copy.from, &copy.status, AT_SYMLINK_NOFOLLOW);
	if (!status)
		raised_tell(&copy.status);
	if (status)
		return status;
	copy_steps((struct slot *)&copy, 0);
	return copy.result;
}

static long copy_path_up(int lock, uint32_t mount, char *rest, size_t length, bool is_empty, struct layers_place *place)
{
	char host_path[PATH_SIZE];
	size_t host_length;
	long status = 0;

	layers_begin(place, view_layer_count(the_view(), mount));
	for (size_t at = 0; at < length && !status;) {
		char behind;

		for (at++; at < length && rest[at] != '/'; at++)
			;
		behind = rest[at];
		rest[at] = '\0';
		status = layers_step(the_view(), &translate_look, mount, rest, place, host_path, &host_length);
		if (!status && !place->is_there)
			status = -ENOENT;
		if (!status && place->layer)
			status = copy_one(lock, mount, host_path, rest, is_empty && at == length);
		if (!status && place->layer) {
			place->layer = 0;
			place->merged |= place->merged ? 1 : 0;
		}
		rest[at] = behind;
	}
	return status;
}

long overlay_copy_up(int lock, uint32_t mount, const char *rest, bool is_empty, struct layers_place *place)
{
	struct layers_place unused;
	char path[PATH_SIZE];
	size_t length = strlen(rest);

	memcpy(path, rest, length + 1);
	return copy_path_up(lock, mount, path, length, is_empty, place ? place : &unused);
}

long overlay_copy_up_parent(int lock, uint32_t mount, const char *rest)
{
	struct layers_place place;
	char path[PATH_SIZE];
	size_t length = strlen(rest);

	memcpy(path, rest, length + 1);
	while (length && path[--length] != '/')
		;
	path[length] = '\0';
	return copy_path_up(lock, mount, path, length, false, &place);
}
