/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the guest's user may do with names: make, remove, rename and link them. The questions are asked in the kernel's
 * order (fs/namei.c, Linux 6.18), for many of its answers come before those about modes.
 */
#include "agent/access.h"
#include "agent/entries.h"
#include "agent/handlers.h"
#include "agent/translate.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

/* What is looked up by the last component of a path. */
struct entry {
	unsigned int which;	 /* path */
	struct access_file file; /* itself, not what it may link to */
	bool is_there;
	bool is_directory;
	bool has_slash;	 /* behind the name */
	bool is_no_name; /* dots, or the root */
};

static void strip_slashes(char *path)
{
	size_t length = strlen(path);

	while (length > 1 && path[length - 1] == '/')
		path[--length] = '\0';
}

/* The directory of the last component; its name counts until another one's is asked for. */
static long look_at_parent(const struct call *call, unsigned int which, struct access_file *parent)
{
	char *name;
	size_t length;

	*parent = (struct access_file){ .flags = 0 };
	name = translate_parent(call, &call->paths[which], &parent->directory);
	length = strlen(name);
	/* "directory/.": the dot would ask for leave to search. */
	if (length > 2 && text_equal(name + length - 2, "/."))
		name[length - 2] = '\0';
	else if (text_equal(name, "/."))
		name[1] = '\0';
	parent->path = name;
	return access_look(parent);
}

/* In a removed directory nothing is found; in what is no directory nothing is looked for. */
static long check_parent(const struct call *call, unsigned int which)
{
	struct access_file parent;
	long error = look_at_parent(call, which, &parent);

	if (!error && (parent.status.st_mode & S_IFMT) == S_IFDIR && parent.status.st_nlink)
		return 0;
	return error == -EACCES ? error : ACCESS_SETTLED;
}

/* Path WHICH has been found. 0, ACCESS_SETTLED, or -EACCES where the kernel does not let us look. */
static long look_up(struct call *call, unsigned int which, struct entry *entry)
{
	struct host_path *path = &call->paths[which];
	long error;

	*entry = (struct entry){ .which = which,
				 .has_slash = path->result->wants_directory,
				 .is_no_name = path->result->ends_in_dot || path->result->is_root };
	if (entry->is_no_name)
		return 0;
	strip_slashes((char *)path->path);
	entry->file =
		(struct access_file){ .directory = path->directory, .path = path->path, .flags = AT_SYMLINK_NOFOLLOW };
	error = access_look(&entry->file);
	entry->is_there = !error;
	entry->is_directory = !error && (entry->file.status.st_mode & S_IFMT) == S_IFDIR;
	return error == -ENOENT ? check_parent(call, which) : !error || error == -EACCES ? error : ACCESS_SETTLED;
}

/* may_create(). */
static long check_create(struct call *call, unsigned int which)
{
	struct access_file parent;
	long error = look_at_parent(call, which, &parent);

	if (error)
		return error == -EACCES ? error : ACCESS_SETTLED;
	return access_judge(call, &parent, ACCESS_WRITE | ACCESS_SEARCH);
}

/* Whether the entry is another's, and its directory a sticky one: __check_sticky(). */
static bool is_kept(const struct entry *entry, const struct access_file *parent)
{
	const struct credentials *credentials = identity_now();

	return parent->status.st_mode & S_ISVTX && credentials->fsuid != parent->status.st_uid &&
	       credentials->fsuid != entry->file.status.st_uid && !credentials_can(credentials, CAP_FOWNER);
}

/* may_delete(). */
static long check_delete(struct call *call, const struct entry *entry, bool wants_directory)
{
	struct access_file parent;
	long error = look_at_parent(call, entry->which, &parent);

	if (error)
		return error == -EACCES ? error : ACCESS_SETTLED;
	error = access_judge(call, &parent, ACCESS_WRITE | ACCESS_SEARCH);
	if (error)
		return error;
	if (is_kept(entry, &parent))
		return -EPERM;
	return entry->is_directory == wants_directory ? 0 : ACCESS_SETTLED;
}

/* do_unlinkat() and do_rmdir(). */
static long check_remove(struct call *call)
{
	unsigned int flags = call->nr == NR_unlinkat ? (unsigned int)call->original[2] : 0;
	bool wants_directory = call->nr == NR_rmdir || flags & AT_REMOVEDIR;
	struct entry entry;
	long status = flags & ~(unsigned int)AT_REMOVEDIR ? ACCESS_SETTLED : access_find_path(call, 0);

	if (!status)
		status = look_up(call, 0, &entry);
	if (status)
		return status;
	if (!entry.is_there || (entry.has_slash && !wants_directory))
		return ACCESS_SETTLED;
	return check_delete(call, &entry, wants_directory);
}

/* filename_create(). */
static long check_new_name(struct call *call, unsigned int which)
{
	bool makes_directory = call->nr == NR_mkdir || call->nr == NR_mkdirat;
	struct entry entry;
	long status = access_find_path(call, which);

	if (!status)
		status = look_up(call, which, &entry);
	if (status)
		return status;
	return entry.is_no_name || entry.is_there || (entry.has_slash && !makes_directory) ? ACCESS_SETTLED : 0;
}

static long check_make(struct call *call)
{
	unsigned int which = call->row->paths[0].follow == FOLLOW_MAKES ? 0 : 1;
	long status = check_new_name(call, which);

	return status ? status : check_create(call, which);
}

static bool are_links_protected(void)
{
	long fd = GATE_4(NR_openat, AT_FDCWD, "/proc/sys/fs/protected_hardlinks", O_RDONLY | O_CLOEXEC, 0);
	char text = '0';

	if (fd < 0)
		return false;
	GATE_3(NR_read, fd, &text, 1);
	GATE_1(NR_close, fd);
	return text == '1';
}

/* safe_hardlink_source(). */
static bool is_safe_source(const struct credentials *credentials, const struct access_file *file)
{
	uint32_t mode = file->status.st_mode;

	return (mode & S_IFMT) == S_IFREG && !(mode & S_ISUID) && (mode & (S_ISGID | S_IXGRP)) != (S_ISGID | S_IXGRP) &&
	       access_may(credentials, file, ACCESS_READ | ACCESS_WRITE);
}

/* may_linkat(): the kernel itself asks that of the user it knows. */
static long check_source(const struct access_file *file)
{
	const struct credentials *credentials = identity_now();

	if (!are_links_protected() || access_is_owner(credentials, &file->status) || is_safe_source(credentials, file))
		return 0;
	return -EPERM;
}

/* What is linked to: by a path, or as AT_EMPTY_PATH has it. */
static long find_source(struct call *call, struct access_file *file)
{
	const struct host_path *path = &call->paths[0];
	bool is_at = call->nr == NR_linkat;
	long status = translate_path(call, 0, TRANSLATE_FULL | TRANSLATE_NAME);

	*file = (struct access_file){ .directory = is_at ? (int)call->original[0] : AT_FDCWD, .path = "" };
	if (status == TRANSLATE_NOTHING ? !is_at || !(call->original[4] & AT_EMPTY_PATH) : status)
		return status == -EACCES ? status : ACCESS_SETTLED;
	if (!status && (!path->is_resolved || path->result->is_virtual))
		return ACCESS_SETTLED;
	if (!status)
		*file = (struct access_file){ .directory = path->directory,
					      .path = path->path,
					      .flags = path->result->is_magic ? 0 : AT_SYMLINK_NOFOLLOW };
	status = access_look(file);
	return status && status != -EACCES ? ACCESS_SETTLED : status;
}

/* do_linkat(). */
static long check_link(struct call *call)
{
	struct access_file source;
	long status = entries_is_foreign(call) ? ACCESS_SETTLED : find_source(call, &source);

	if (!status)
		status = check_new_name(call, 1);
	if (!status)
		status = check_source(&source);
	return status ? status : check_create(call, 1);
}

static bool is_below(const struct host_path *path, const struct host_path *above)
{
	const struct view_result *low = path->result, *high = above->result;

	return low->guest_length > high->guest_length && low->guest[high->guest_length] == '/' &&
	       !memcmp(low->guest, high->guest, high->guest_length);
}

static bool is_one_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

#define RENAME_FLAGS (RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT)

/* What do_renameat2() says without looking at modes, and that one file renamed to itself is nothing: vfs_rename(). */
static bool is_settled(const struct call *call, const struct entry *old, const struct entry *new, unsigned int flags)
{
	const struct host_path *from = &call->paths[0], *to = &call->paths[1];
	bool exchanges = flags & RENAME_EXCHANGE;

	if (from->result->parent_mount != to->result->parent_mount || old->is_no_name || new->is_no_name ||
	    !old->is_there || (exchanges && !new->is_there) || (flags & RENAME_NOREPLACE && new->is_there))
		return true;
	if (exchanges && !new->is_directory &&new->has_slash)
		return true;
	if (!old->is_directory && (old->has_slash || (!exchanges && new->has_slash)))
		return true;
	return is_below(from, to) || is_below(to, from) ||
	       (new->is_there &&is_one_file(&old->file.status, &new->file.status));
}

static long has_other_parent(const struct call *call)
{
	struct access_file old, new;
	long error = look_at_parent(call, 0, &old);

	if (!error)
		error = look_at_parent(call, 1, &new);
	return error ? error : !is_one_file(&old.status, &new.status);
}

/* A directory that gets another parent must be writable, for its ".." changes: vfs_rename(). */
static long check_moves(struct call *call, const struct entry *old, const struct entry *new, bool exchanges)
{
	long status = has_other_parent(call);

	if (status <= 0)
		return status;
	status = old->is_directory ? access_judge(call, &old->file, ACCESS_WRITE) : 0;
	return !status && exchanges && new->is_directory ? access_judge(call, &new->file, ACCESS_WRITE) : status;
}

/* vfs_rename(). */
static long check_both(struct call *call, const struct entry *old, const struct entry *new, bool exchanges)
{
	long status = check_delete(call, old, old->is_directory);

	if (!status && !new->is_there)
		status = check_create(call, 1);
	else if (!status)
		status = check_delete(call, new, exchanges ? new->is_directory : old->is_directory);
	return status ? status : check_moves(call, old, new, exchanges);
}

static long check_rename(struct call *call)
{
	unsigned int flags = call->nr == NR_renameat2 ? (unsigned int)call->original[4] : 0;
	bool exchanges = flags & RENAME_EXCHANGE;
	struct entry old, new;
	long status;

	if (flags & ~(unsigned int)RENAME_FLAGS || (exchanges && flags & ~(unsigned int)RENAME_EXCHANGE))
		return ACCESS_SETTLED;
	status = access_find_path(call, 0);
	if (!status)
		status = check_parent(call, 0);
	if (!status)
		status = access_find_path(call, 1);
	if (!status)
		status = look_up(call, 0, &old);
	if (!status)
		status = look_up(call, 1, &new);
	if (status || is_settled(call, &old, &new, flags))
		return status;
	return check_both(call, &old, &new, exchanges);
}

long access_check_entries(struct call *call)
{
	if (call->row->handler == handle_rename)
		return check_rename(call);
	if (call->row->handler == handle_link)
		return check_link(call);
	return call->row->paths[0].follow == FOLLOW_REMOVES ? check_remove(call) : check_make(call);
}
