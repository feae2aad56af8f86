/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hard link is made where the kernel makes none.
 *
 * A file with one name becomes one with several in one step: a link in the links directory and the file exchange
 * their places (RENAME_EXCHANGE). Where the file system can't do that the file is taken away, which is noted before,
 * and the link put in its place: who is killed in between leaves the rest to who comes next.
 */
#include "agent/capability.h"
#include "agent/dispatch.h"
#include "agent/hardlinks_change.h"
#include "agent/hardlinks_directory.h"
#include "agent/pin.h"
#include "agent/plain.h"
#include "agent/proc.h"
#include "agent/readonly.h"
#include "agent/store_file.h"
#include "agent/translate.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <linux/stat.h>

#define MAY_WRITE_AND_SEARCH 3
#define MAY_READ_AND_WRITE 6
#define MAKE_TRIES_MOST 100 /* of a file that others change meanwhile */

/* What is to be linked, and the name it is to get. */
struct new_link {
	struct call *call;
	char *old;	    /* canonical host path */
	char *place;	    /* of the directory that holds the new name */
	struct stat status; /* of the old one */
	int parent;	    /* a descriptor of the directory that holds the new name */
	const char *name;
};

/*
 * EPERM: vfs_link(), fs/namei.c, of a file system that has none (FAT, vboxsf, FUSE since Linux 6.14). ENOSYS:
 * fuse_link(), fs/fuse/dir.c, before. EOPNOTSUPP: cifs_hardlink(), fs/smb/client/link.c. EACCES: SELinux, as Android
 * has it for apps. EMLINK: one that allows a single name.
 */
bool hardlinks_is_refusal(long refused)
{
	return refused == -EPERM || refused == -ENOSYS || refused == -EOPNOTSUPP || refused == -EACCES ||
	       refused == -EMLINK;
}

static long open_directory_of(char *path)
{
	struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS };
	char *name = (char *)text_base_name(path), first = *name;
	long fd;

	*name = '\0';
	fd = GATE_4(NR_openat2, AT_FDCWD, path, &how, sizeof(how));
	*name = first;
	return fd;
}

/* may_linkat(), fs/namei.c, as with fs.protected_hardlinks: others' files only if they could be written anyway. */
static bool may_link_to(const struct new_link *link)
{
	const struct stat *status = &link->status;

	if (status->st_uid == (uint32_t)GATE_0(NR_geteuid) || has_capability(CAP_FOWNER))
		return true;
	return (status->st_mode & S_IFMT) == S_IFREG && !(status->st_mode & S_ISUID) &&
	       (status->st_mode & (S_ISGID | S_IXGRP)) != (S_ISGID | S_IXGRP) &&
	       !GATE_4(NR_faccessat2, AT_FDCWD, link->old, MAY_READ_AND_WRITE, AT_EACCESS);
}

/* What the kernel says before it asks the file system: do_linkat() and vfs_link(), fs/namei.c. */
static long check_link(struct new_link *link, long refused)
{
	const struct host_path *new = &link->call->paths[1];
	struct stat status;
	long error;

	error = GATE_4(NR_newfstatat, link->parent, link->name, &status, AT_SYMLINK_NOFOLLOW);
	if (error != -ENOENT)
		return error ? error : -EEXIST;
	if (new->result->wants_directory)
		return -ENOENT;
	if (!GATE_4(NR_newfstatat, link->parent, "", &status, AT_EMPTY_PATH) && status.st_dev != link->status.st_dev)
		return -EXDEV;
	if (readonly_is_there() && readonly_holds(new, true))
		return -EROFS;
	if (!may_link_to(link))
		return -EPERM;
	error = GATE_4(NR_faccessat2, link->parent, ".", MAY_WRITE_AND_SEARCH, AT_EACCESS);
	if (error)
		return error;
	if ((link->status.st_mode & S_IFMT) == S_IFDIR)
		return -EPERM;
	if (!link->status.st_nlink)
		return -ENOENT;
	return refused == -EMLINK && link->status.st_nlink > 1 ? refused : 0;
}

/* The text of another name of FILE in Termux's form: an absolute path. */
static long termux_text(const struct hardlinks_file *file, char *text)
{
	struct text path;
	long status = proc_read_descriptor(file->directory, text);

	if (status < 0)
		return status;
	text_resume(&path, text, PATH_SIZE);
	text_add(&path, "/");
	text_add(&path, file->link);
	return path.full ? -ENAMETOOLONG : 0;
}

/* The text of the new name of FILE; and in the place of its own path, its HINT. */
static long text_of_name(const struct new_link *link, const struct hardlinks_file *file, char *text, const char **hint)
{
	const char *place = link->place;
	size_t depth;
	long length;

	*hint = NULL;
	if (file->form == HARDLINKS_TERMUX)
		return termux_text(file, text);
	length = hardlinks_directory_place(file->directory, text);
	if (length < 0)
		return length;
	if (memcmp(text, place, MIN((size_t)length, strlen(place))) || !hardlinks_depth(place, (size_t)length, &depth))
		return -EXDEV;
	*hint = place + length + 1;
	return hardlinks_write_text(text, depth, file->name) ? 0 : -ENAMETOOLONG;
}

/* The path of the new name in the place of its directory's, for a moment. */
static bool append_name_of(const struct new_link *link)
{
	struct text path;

	text_resume(&path, link->place, PATH_SIZE);
	text_add(&path, "/");
	text_add(&path, link->name);
	return !path.full;
}

/* One name more, in the locked DIRECTORY. */
static long add_name(const struct new_link *link, int directory, struct hardlinks_file *file)
{
	unsigned long count = hardlinks_count(file);
	size_t place_length = strlen(link->place);
	char text[PATH_SIZE];
	const char *hint;
	long status = text_of_name(link, file, text, &hint);

	/* Where the count has been lost it stays so: the file is never removed. */
	if (!status && count)
		status = hardlinks_directory_count(directory, file, count + 1, append_name_of(link) ? hint : NULL);
	link->place[place_length] = '\0';
	if (status)
		return status;
	plain_begin_change();
	status = GATE_3(NR_symlinkat, text, link->parent, link->name);
	plain_end_change();
	if (status && count)
		hardlinks_directory_count(directory, file, count, NULL);
	return status;
}

static long add_to_file(const struct new_link *link)
{
	struct hardlinks_file file;
	long status = hardlinks_find_by_path(link->old, &file), fd;

	if (status)
		return status;
	fd = hardlinks_directory_lock(&file);
	status = fd < 0 ? fd : add_name(link, (int)fd, &file);
	if (fd >= 0)
		store_file_close((int)fd);
	hardlinks_release(&file);
	return status;
}

/* Whether NAME in DIRECTORY is the file that the link is to be made to. */
static bool is_it(const struct new_link *link, int directory, const char *name)
{
	struct stat now;

	return !GATE_4(NR_newfstatat, directory, name, &now, AT_SYMLINK_NOFOLLOW) &&
	       now.st_ino == link->status.st_ino && now.st_dev == link->status.st_dev;
}

static long exchange_places(int parent, const char *name, int directory, const char *identity)
{
	long status;

	plain_begin_change();
	status = GATE_5(NR_renameat2, parent, name, directory, identity, RENAME_EXCHANGE);
	plain_end_change();
	return status;
}

/* The file for the link TEXT, which is in its place from then on. */
static long exchange(const struct new_link *link, int parent, int directory, const char *identity, const char *text)
{
	const char *name = text_base_name(link->old);
	long status = GATE_3(NR_symlinkat, text, directory, identity);

	if (!status)
		status = exchange_places(parent, name, directory, identity);
	if (status) {
		GATE_3(NR_unlinkat, directory, identity, 0);
		return status;
	}
	if (is_it(link, directory, identity))
		return 0;
	/* Others have put something else there. */
	if (!exchange_places(parent, name, directory, identity))
		GATE_3(NR_unlinkat, directory, identity, 0);
	return -EAGAIN;
}

/* The same in steps, the first of which says what is to be done: LENGTH bytes of the old path are the directory's. */
static long take_away(const struct new_link *link, int parent, int directory, const char *identity, const char *text,
		      size_t length)
{
	char note[PATH_SIZE];
	const char *name = text_base_name(link->old);
	struct text noted;
	long status;

	text_init(&noted, note, sizeof(note));
	text_add(&noted, identity);
	text_add(&noted, "/..");
	text_add(&noted, link->old + length);
	if (noted.full || !is_it(link, parent, name))
		return noted.full ? -ENAMETOOLONG : -EAGAIN;
	status = GATE_3(NR_symlinkat, note, directory, HARDLINKS_TAKING);
	if (status)
		return status;
	plain_begin_change();
	status = GATE_4(NR_renameat, parent, name, directory, identity);
	if (!status)
		status = GATE_3(NR_symlinkat, text, parent, name);
	plain_end_change();
	GATE_3(NR_unlinkat, directory, HARDLINKS_TAKING, 0);
	return status;
}

static long random_identity(char identity[HARDLINKS_ID_SIZE])
{
	uint64_t number;

	if (GATE_3(NR_getrandom, &number, sizeof(number), 0) != sizeof(number))
		return -EPERM;
	hardlinks_write_identity(identity, number);
	return 0;
}

/* Into the links directory, open at DIRECTORY, that lies in the first LENGTH bytes of the old path. */
static long move_in(const struct new_link *link, int parent, int directory, size_t length, struct hardlinks_file *file)
{
	char text[PATH_SIZE], *old = link->old, *name = (char *)text_base_name(old);
	size_t depth;
	long status;

	*file = (struct hardlinks_file){ .directory = directory, .form = HARDLINKS_OURS };
	status = random_identity(file->name);
	name[-1] = '\0';
	if (!status && (!hardlinks_depth(old, length, &depth) || !hardlinks_write_text(text, depth, file->name)))
		status = -ENAMETOOLONG;
	name[-1] = '/';
	if (!status)
		status = hardlinks_directory_count(directory, file, 1, old + length + 1);
	if (status)
		return status;
	status = exchange(link, parent, directory, file->name, text);
	if (status == -EINVAL || status == -ENOSYS)
		status = take_away(link, parent, directory, file->name, text, length);
	if (status) {
		hardlinks_count_name(text, file->name);
		GATE_3(NR_unlinkat, directory, text, 0);
	}
	return status;
}

/* Where the links directory is to be: at or above both, as both would have it. */
static long choose_place(const struct new_link *link, const char *old_place)
{
	long length = hardlinks_directory_choose(old_place, link->status.st_dev), other;

	if (length >= 0 && (size_t)length <= strlen(link->place) && !memcmp(old_place, link->place, (size_t)length) &&
	    (!link->place[length] || link->place[length] == '/'))
		return length;
	other = hardlinks_directory_choose(link->place, link->status.st_dev);
	if (length < 0 || other < 0)
		return -EACCES;
	return (size_t)other <= strlen(old_place) && !memcmp(old_place, link->place, (size_t)other) &&
			       (!old_place[other] || old_place[other] == '/') ?
		       other :
		       -EXDEV;
}

/* A file that has had one name. */
static long give_second_name(const struct new_link *link)
{
	char *name = (char *)text_base_name(link->old);
	struct hardlinks_file file;
	long length, directory, status = open_directory_of(link->old);
	int parent = (int)status;

	if (status < 0)
		return status;
	name[-1] = '\0';
	length = choose_place(link, link->old);
	name[-1] = '/';
	directory = length < 0 ? length : hardlinks_directory_open(link->old, (size_t)length);
	status = directory < 0 ? directory : move_in(link, parent, (int)directory, (size_t)length, &file);
	if (!status)
		status = add_name(link, (int)directory, &file);
	if (directory >= 0)
		hardlinks_directory_unlock((int)directory, status);
	GATE_1(NR_close, parent);
	return status;
}

/* The same of linkat(2) with an empty path, or none. */
static long find_open_old(const struct call *call, char *buf)
{
	long status;

	if (!call->original[call->row->paths[0].path])
		return -EFAULT;
	if (call->nr != NR_linkat || !(call->original[4] & AT_EMPTY_PATH))
		return -ENOENT;
	status = proc_read_descriptor((int)call->original[0], buf);
	return status == -ENOENT ? -EBADF : status;
}

/* By a link of /proc that the kernel alone can follow. */
static long find_magic_old(struct new_link *link)
{
	const struct host_path *old = &link->call->paths[0];
	bool follows = call_follows(&link->call->row->paths[0], link->call->original);
	long length;

	/* Of a directory there is no more to know than that it is one. */
	length = GATE_4(NR_readlinkat, old->directory, old->path, link->old, PATH_SIZE - 1);
	link->old[MAX(length, 0)] = '\0';
	return GATE_4(NR_newfstatat, old->directory, old->path, &link->status, follows ? 0 : AT_SYMLINK_NOFOLLOW);
}

/* The host path of what is to be linked, and its status: 0 or a negative errno. */
static long find_old(struct new_link *link)
{
	const struct call *call = link->call;
	const struct host_path *old = &call->paths[0];
	long status;

	if (!old->guest_path || !old->guest_path[0]) {
		status = find_open_old(call, link->old);
		if (status >= 0)
			status = GATE_4(NR_newfstatat, call->original[0], "", &link->status, AT_EMPTY_PATH);
		return status;
	}
	if (!old->is_resolved)
		return -EPERM;
	if (old->result->is_magic)
		return find_magic_old(link);
	memcpy(link->old, old->result->host, old->result->host_length + 1);
	return GATE_4(NR_newfstatat, old->directory, old->path, &link->status,
		      old->kind == PIN_OBJECT ? 0 : AT_SYMLINK_NOFOLLOW);
}

static long make_new(struct new_link *link, long refused)
{
	long status = check_link(link, refused);

	if (status)
		return status;
	if (hardlinks_form_of(link->old) != HARDLINKS_NONE)
		return add_to_file(link);
	return give_second_name(link);
}

/* What is wrong with the new name by its text. */
static long check_new_text(const struct call *call)
{
	const struct host_path *new = &call->paths[1];
	struct stat status;
	long error;

	if (!call->original[call->row->paths[1].path])
		return -EFAULT;
	if (!new->guest_path)
		return -ENOENT;
	if (!new->is_resolved)
		return -EPERM;
	if (new->result->ends_in_dot) {
		error = GATE_4(NR_newfstatat, new->directory, new->path, &status, AT_SYMLINK_NOFOLLOW);
		return error ? error : -EEXIST;
	}
	if (new->result->is_mount_point)
		return -EEXIST;
	/* In /proc nothing can be made. */
	return text_begins(new->result->host, "/proc/") &&
			       !GATE_4(NR_newfstatat, new->directory, new->path, &status, AT_SYMLINK_NOFOLLOW) ?
		       -EEXIST :
		       0;
}

/* Open the directory of the new name. */
static long open_new(struct new_link *link)
{
	const struct host_path *new = &link->call->paths[1];
	struct stat parent;
	const char *name;
	long fd = check_new_text(link->call);

	if (fd)
		return fd;
	name = text_base_name(new->result->guest);
	memcpy((char *)link->name, name, strlen(name) + 1);
	fd = pin_open_parent(new->directory, "", (char *)new->path);
	link->parent = (int)MAX(fd, -1);
	if (fd < 0)
		return fd == PIN_AGAIN ? -EPERM : fd;
	/* In a removed directory nothing is looked up. */
	if (!GATE_4(NR_newfstatat, link->parent, "", &parent, AT_EMPTY_PATH) && !parent.st_nlink)
		return -ENOENT;
	if (proc_read_descriptor(link->parent, link->place) < 0)
		return -EPERM;
	if (text_equal(link->place, "/"))
		link->place[0] = '\0';
	return 0;
}

/* Both paths, as do_linkat(), fs/namei.c, looks at them. */
static long name_link(struct new_link *link)
{
	struct call *call = link->call;
	long status;

	call_start_anew(call);
	call->paths[0].guest_path = call->paths[1].guest_path = NULL;
	status = translate_path(call, 0, TRANSLATE_FULL);
	if (status >= 0)
		status = find_old(link);
	if (!status)
		status = MIN(translate_path(call, 1, TRANSLATE_FULL), 0);
	return status ? status : open_new(link);
}

long hardlinks_make(struct call *call, long refused)
{
	struct slot *slot = call->slot;
	struct new_link link = {
		.call = call,
		.old = slot->scratch.rest,
		.place = slot->scratch.rest + PATH_SIZE,
		.parent = -1,
		.name = slot->spare,
	};
	long status = -EAGAIN;

	for (unsigned int tries = 0; status == -EAGAIN && tries < MAKE_TRIES_MOST; tries++) {
		status = name_link(&link);
		if (!status)
			status = make_new(&link, refused);
		if (link.parent >= 0)
			GATE_1(NR_close, link.parent);
		link.parent = -1;
	}
	return status == -EAGAIN ? refused : status;
}
