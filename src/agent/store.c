/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/store.h"
#include "agent/store_memory.h"
#include "agent/store_place.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

/* An object as the caller names it. */
struct object {
	int directory;
	const char *path;
	unsigned long flags;
	const struct stat *status;
};

static struct store_key key_of(const struct stat *status)
{
	return (struct store_key){ .inode = status->st_ino };
}

static struct store_record to_store(const struct owner_record *owner)
{
	return (struct store_record){ .uid = owner->uid,
				      .gid = owner->gid,
				      .mode = owner->has_mode ? owner->mode : 0,
				      .flags = owner->has_mode ? STORE_HAS_MODE : 0,
				      .device = owner->device };
}

static struct owner_record from_store(const struct store_record *record)
{
	return (struct owner_record){ .uid = record->uid,
				      .gid = record->gid,
				      .mode = record->mode,
				      .has_mode = record->flags & STORE_HAS_MODE,
				      .device = record->device };
}

/* As the kernel lays it out (struct file_handle, include/linux/exportfs.h). */
struct handle {
	uint32_t size;
	int32_t type;
	unsigned char bytes[128]; /* MAX_HANDLE_SZ */
};

static int64_t handle_birth(const struct object *object)
{
	struct handle handle = { .size = sizeof(handle.bytes) };
	unsigned long flags = (object->flags & AT_EMPTY_PATH) |
			      (object->flags & (AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) ? 0 : AT_SYMLINK_FOLLOW);
	int mount;

	if (GATE_5(NR_name_to_handle_at, object->directory, object->path, &handle, &mount, flags))
		return 0;
	return store_handle_birth(handle.bytes, MIN(handle.size, sizeof(handle.bytes)));
}

/* When the object was made: false when it is not there any more. */
static bool ask_birth(const struct object *object, struct store_record *record)
{
	unsigned long flags = object->flags & (AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH);
	struct statx status;

	if (GATE_5(NR_statx, object->directory, object->path, flags | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
		   STATX_BTIME | STATX_INO, &status) ||
	    status.stx_ino != object->status->st_ino)
		return false;
	if (status.stx_mask & STATX_BTIME) {
		record->birth_seconds = status.stx_btime.tv_sec;
		record->birth_nanoseconds = status.stx_btime.tv_nsec;
	} else {
		record->birth_seconds = handle_birth(object);
		record->birth_nanoseconds = 0;
	}
	return true;
}

static bool is_same_birth(const struct store_record *a, const struct store_record *b)
{
	return a->birth_seconds == b->birth_seconds && a->birth_nanoseconds == b->birth_nanoseconds;
}

/* What the link of /proc says that descriptor FD of the calling thread is of: the length or a negative errno. */
static long read_descriptor(int fd, char *buf)
{
	char link[48];
	struct text text;
	long length;

	if (fd == AT_FDCWD) {
		length = GATE_2(NR_getcwd, buf, PATH_SIZE);
		return length > 0 ? length - 1 : length;
	}
	text_init(&text, link, sizeof(link));
	text_add(&text, "/proc/thread-self/fd/");
	text_add_number(&text, fd);
	length = GATE_4(NR_readlinkat, AT_FDCWD, link, buf, PATH_SIZE);
	return length < PATH_SIZE ? length : -ENAMETOOLONG;
}

/* Whether the absolute PATH is canonical, if there are no links in it. */
static bool is_canonical(const char *path)
{
	for (const char *at = path; *at; at++)
		if (*at == '/' && (at[1] == '/' || !at[1] || (at[1] == '.' && (!at[2] || at[2] == '/')) ||
				   (at[1] == '.' && at[2] == '.' && (!at[3] || at[3] == '/'))))
			return false;
	return *path == '/' && !text_begins(path, "/proc/");
}

/* The host path of the object as its text tells, if that is enough: true. */
static bool name_by_text(const struct object *object, char *buf)
{
	struct text text = { .text = buf, .size = PATH_SIZE };
	long length = 0;

	if (*object->path != '/') {
		length = read_descriptor(object->directory, buf);
		if (length <= 0)
			return false;
		text.length = (size_t)length - (length == 1); /* the root is a slash */
		buf[text.length] = '\0';
		if (*object->path)
			text_add(&text, "/");
	}
	text_add(&text, object->path);
	return !text.full && (is_canonical(buf) || (!*object->path && *buf == '/'));
}

static bool name_by_kernel(const struct object *object, char *buf)
{
	unsigned long flags = O_PATH | O_CLOEXEC | (object->flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0);
	long fd = GATE_3(NR_openat, object->directory, object->path, flags), length;

	if (fd < 0)
		return false;
	length = read_descriptor((int)fd, buf);
	GATE_1(NR_close, fd);
	if (length <= 0)
		return false;
	buf[length] = '\0';
	return *buf == '/';
}

/* The host path of the directory the object lies in, or is, in BUF of PATH_SIZE; "" is the root. */
static bool name_directory(const struct object *object, char *buf)
{
	size_t length;

	if (!name_by_text(object, buf) && (!*object->path || !name_by_kernel(object, buf)))
		return false;
	length = strlen(buf);
	if ((object->status->st_mode & S_IFMT) != S_IFDIR)
		while (length && buf[--length] != '/')
			;
	if (length == 1)
		length = 0;
	buf[length] = '\0';
	return true;
}

static struct store_place *place_of(const struct object *object)
{
	char directory[PATH_SIZE];

	return name_directory(object, directory) ? store_place_of(object->status->st_dev, directory) : NULL;
}

/* In any of the places known: NULL when it is in none. */
static struct store_place *find_place(uint64_t device, const struct store_key *key, struct store_record *record)
{
	struct store_place *place = NULL;

	while ((place = store_place_next(place, device)))
		if (store_place_find(place, key, record))
			return place;
	return NULL;
}

bool store_is_in(int fd, const struct stat *status)
{
	const struct object object = { fd, "", AT_EMPTY_PATH, status };
	char directory[PATH_SIZE];
	struct store_place *place;

	if (store_memory_is_on() || !name_directory(&object, directory))
		return false;
	place = store_place_of(status->st_dev, directory);
	return place && text_equal(store_place_directory(place), directory);
}

/* With --forget all file systems have one table. */
static struct store_key memory_key(uint64_t device, uint64_t inode)
{
	return (struct store_key){ .inode = inode, .filesystem = device };
}

static bool find_in_memory(const struct object *object, struct store_record *found)
{
	const struct store_key key = memory_key(object->status->st_dev, object->status->st_ino);
	struct store_record now;

	return store_memory_is_on() && store_memory_find(&key, found) && ask_birth(object, &now) &&
	       is_same_birth(found, &now);
}

static bool find_in_places(const struct object *object, struct store_record *found)
{
	const struct store_key key = key_of(object->status);
	struct store_record now;

	if (!store_place_learn(object->status->st_dev))
		place_of(object);
	return find_place(object->status->st_dev, &key, found) && ask_birth(object, &now) && is_same_birth(found, &now);
}

bool store_look(int directory, const char *path, unsigned long flags, const struct stat *status,
		struct store_record *found)
{
	struct object object = { directory, path, flags, status };

	return find_in_memory(&object, found) || find_in_places(&object, found);
}

bool store_find(int directory, const char *path, unsigned long flags, const struct stat *status,
		struct owner_record *record)
{
	struct store_record found;

	if (!store_look(directory, path, flags, status, &found))
		return false;
	*record = from_store(&found);
	return true;
}

bool store_find_forgettable(int directory, const char *path, unsigned long flags, const struct stat *status,
			    struct owner_record *record)
{
	struct object object = { directory, path, flags, status };
	struct store_record found;

	if (!find_in_memory(&object, &found))
		return false;
	*record = from_store(&found);
	return true;
}

bool store_knows_none(uint64_t device, uint64_t inode, const char *path)
{
	const struct store_key key = { .inode = inode }, in_memory = memory_key(device, inode);
	struct store_place *place = NULL;

	if (store_memory_is_on() && store_memory_may_have(&in_memory))
		return false;

	if (!store_place_knows_all(device) && !(path && is_canonical(path) && store_place_knows(device, path)))
		return false;
	while ((place = store_place_next(place, device)))
		if (!store_place_lacks(place, &key))
			return false;
	return true;
}

/* As chown(2) says it. */
static long chown_error(long error)
{
	switch (error) {
	case -ENOSPC:
	case -EDQUOT:
	case -EROFS:
	case -EIO:
	case -ENOMEM:
	case -EBUSY:
		return error;
	}
	return error < 0 ? -EPERM : 0;
}

static long put_in(const struct store_place *place, const struct store_record *record)
{
	char path[STORE_PATH_SIZE];
	struct store_file file;
	long status;

	store_file_path(store_place_directory(place), path);
	status = store_file_begin(&file, path, true);
	if (status)
		return status;
	status = store_file_put(&file, record);
	store_file_end(&file);
	if (file.has_changed)
		store_place_changed();
	return status;
}

long store_put(int directory, const char *path, unsigned long flags, const struct stat *status,
	       const struct owner_record *record)
{
	struct object object = { directory, path, flags, status };
	struct store_record kept = to_store(record), found;
	struct store_place *own, *place;

	kept.key = key_of(status);
	if (!ask_birth(&object, &kept))
		return -ENOENT;
	if (store_memory_is_on()) {
		kept.key = memory_key(status->st_dev, status->st_ino);
		return chown_error(store_memory_put(&kept));
	}
	own = place_of(&object);
	place = find_place(status->st_dev, &kept.key, &found);
	if (!place)
		place = own;
	return place ? chown_error(put_in(place, &kept)) : -EPERM;
}

static long remove_from(const struct store_place *place, const struct store_record *record)
{
	char path[STORE_PATH_SIZE];
	struct store_file file;
	long status;

	store_file_path(store_place_directory(place), path);
	status = store_file_begin(&file, path, false);
	if (status)
		return status;
	status = store_file_remove(&file, record);
	store_file_end(&file);
	return status;
}

/* What has the key of RECORD in any of the places known of DEVICE. A damaged store may have it more than once. */
static long remove_from_places(uint64_t device, const struct store_record *record)
{
	struct store_place *place;
	struct store_record found;
	long error = 0;

	for (int i = 0; i < STORE_SLOTS && !error && (place = find_place(device, &record->key, &found)); i++)
		error = remove_from(place, record);
	return error;
}

static long remove_record(uint64_t device, const struct store_record *record)
{
	long error = store_memory_is_on() ? store_memory_remove(record) : remove_from_places(device, record);

	return error == -ENOENT ? 0 : chown_error(error);
}

long store_remove(int directory, const char *path, unsigned long flags, const struct stat *status)
{
	struct object object = { directory, path, flags, status };
	struct store_record record = { .key = key_of(status) };

	if (store_memory_is_on())
		record.key = memory_key(status->st_dev, status->st_ino);
	else if (!store_place_learn(status->st_dev))
		place_of(&object);
	return remove_record(status->st_dev, &record);
}

long store_remove_found(uint64_t device, const struct store_record *found)
{
	return remove_record(device, found);
}

bool store_is_own_name(const char *name)
{
	const char *at = name + sizeof(STORE_NAME) - 1;
	long number = text_read_number(&at);

	return number == (long)image_data()->identity.host_uid &&
	       (!*at || text_equal(at, STORE_ASIDE) || text_equal(at, STORE_SEEN));
}
