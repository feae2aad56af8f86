/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/overlay_entries.h"
#include "agent/access.h"
#include "agent/attributes.h"
#include "agent/capability.h"
#include "agent/directory_owned.h"
#include "agent/dispatch.h"
#include "agent/handlers.h"
#include "agent/object.h"
#include "agent/overlay.h"
#include "agent/overlay_copy.h"
#include "agent/overlay_list.h"
#include "agent/translate.h"
#include "base/text.h"
#include "image/overlay.h"
#include "view/layers.h"
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#define WRITE_SEARCH 3	 /* W_OK | X_OK */
#define WRITABLE 0200u	 /* S_IWUSR */
#define TYPE_CHARACTER 2 /* DT_CHR */

bool overlay_holds(const struct host_path *path)
{
	const struct view_result *at = path->result;

	/* Of a name that is too long the kernel says so, at its time. */
	return path->is_resolved && !at->is_virtual && !at->is_magic && !at->is_mount_point && !at->is_nameless &&
	       overlay_is_mount(at->mount) && strlen(text_base_name(at->guest)) <= NAME_LONGEST;
}

bool overlay_overrides(void)
{
	return identity_is_on() && credentials_can(identity_now(), CAP_DAC_OVERRIDE);
}

/* The directory that an entry is in, as it is seen: of the topmost layer that has it. Into BUF of PATH_SIZE. */
static void find_parent(const struct view_result *at, char *buf)
{
	size_t length = (size_t)(text_base_name(at->guest) - at->guest);

	memcpy(buf, at->guest, length);
	buf[length ? length - 1 : 0] = '\0';
	translate_stand_in(buf, buf);
}

long overlay_check_parent(const struct host_path *path)
{
	char parent[PATH_SIZE];

	/* Where the directory has no name the kernel tells. */
	if (overlay_overrides() || path->result->is_nameless)
		return 0;
	find_parent(path->result, parent);
	return GATE_4(NR_faccessat2, AT_FDCWD, parent, WRITE_SEARCH, AT_EACCESS);
}

/* What a set-group-id directory gives to what is made in it: inode_init_owner(), fs/inode.c. */
static void inherit_group(int lock, const char *upper, bool is_directory)
{
	char *name = (char *)text_base_name(upper);
	struct stat parent, new;
	long status;

	name[-1] = '\0';
	status = GATE_4(NR_newfstatat, AT_FDCWD, upper, &parent, 0);
	name[-1] = '/';
	if (status || !(parent.st_mode & S_ISGID) ||
	    GATE_4(NR_newfstatat, lock, OVERLAY_NEW, &new, AT_SYMLINK_NOFOLLOW))
		return;
	GATE_5(NR_fchownat, lock, OVERLAY_NEW, -1, parent.st_gid, AT_SYMLINK_NOFOLLOW);
	/* That takes set-id bits away. */
	if ((S_IFMT & new.st_mode) != S_IFLNK)
		GATE_4(NR_fchmodat, lock, OVERLAY_NEW, (new.st_mode & 07777) | (is_directory ? S_ISGID : 0), 0);
}

static long set_opaque(const char *path)
{
	return GATE_5(NR_lsetxattr, path, OVERLAY_OPAQUE, "y", 1, 0);
}

/* The same of what is in the upper layer, also where its owner may not write to it. */
static long set_opaque_at(const char *upper)
{
	struct stat was;
	long status = set_opaque(upper);

	if (status != -EACCES || GATE_4(NR_newfstatat, AT_FDCWD, upper, &was, AT_SYMLINK_NOFOLLOW) ||
	    GATE_3(NR_fchmodat, AT_FDCWD, upper, (was.st_mode & 07777) | WRITABLE))
		return status;
	status = set_opaque(upper);
	GATE_3(NR_fchmodat, AT_FDCWD, upper, was.st_mode & 07777);
	return status;
}

static bool is_whiteout_at(const char *upper)
{
	return overlay_look(gate, upper, true) == VIEW_IS_WHITEOUT;
}

/* Over a whiteout: a directory takes its place by exchange, and is opaque. */
static long put_over(int lock, const char *upper, bool is_directory)
{
	char new[OVERLAY_NEW_SIZE];
	long status = 0;

	overlay_copy_new_path(lock, new);
	if (is_directory)
		status = set_opaque(new);
	if (!status)
		status = GATE_5(NR_renameat2, lock, OVERLAY_NEW, AT_FDCWD, upper, is_directory ? RENAME_EXCHANGE : 0);
	return status;
}

/* The same of a directory, which its owner must be able to write to for that. */
static long put_directory_over(int lock, const char *upper)
{
	char new[OVERLAY_NEW_SIZE];
	struct stat made;
	long status;

	overlay_copy_new_path(lock, new);
	status = GATE_4(NR_newfstatat, AT_FDCWD, new, &made, 0);
	if (!status)
		status = GATE_3(NR_fchmodat, AT_FDCWD, new, (made.st_mode & 07777) | 0700);
	if (!status)
		status = put_over(lock, upper, true);
	if (!status)
		status = GATE_3(NR_fchmodat, AT_FDCWD, upper, made.st_mode & 07777);
	return status;
}

long overlay_put_new(int lock, const struct view_result *at, enum overlay_new kind)
{
	char upper[PATH_SIZE];
	long status = overlay_copy_path(at->mount, 0, overlay_rest(at), upper);

	if (!status && kind != OVERLAY_NEW_NAME)
		inherit_group(lock, upper, kind == OVERLAY_NEW_DIRECTORY);
	if (!status && is_whiteout_at(upper))
		status = kind == OVERLAY_NEW_DIRECTORY ? put_directory_over(lock, upper) : put_over(lock, upper, false);
	else if (!status)
		status = GATE_5(NR_renameat2, lock, OVERLAY_NEW, AT_FDCWD, upper, RENAME_NOREPLACE);
	/* What has failed, or the whiteout that a directory has changed places with. */
	overlay_copy_drop(lock);
	return status;
}

void overlay_name_new(struct call *call, unsigned int which, int lock)
{
	const struct call_path *shape = &call->row->paths[which];
	struct host_path *path = &call->paths[which];

	path->directory = lock;
	path->path = OVERLAY_NEW;
	if (path->pin < 0)
		path->pin = (int)GATE_3(NR_fcntl, lock, F_DUPFD_CLOEXEC, 0);
	call->arguments[shape->path] = (unsigned long)path->path;
	if (shape->directory != CALL_CWD)
		call->arguments[shape->directory] = (unsigned long)lock;
}

/* What the kernel says of other arguments; -ENOTDIR: nothing. */
static long ask_arguments(struct call *call, unsigned int which)
{
	return translate_refuse(call, which, -ENOTDIR);
}

static bool makes_directory(const struct call *call)
{
	return call->nr == NR_mkdir || call->nr == NR_mkdirat;
}

static enum overlay_new kind_of(const struct call *call)
{
	if (call->row->handler == handle_link)
		return OVERLAY_NEW_NAME;
	return makes_directory(call) ? OVERLAY_NEW_DIRECTORY : OVERLAY_NEW_FILE;
}

static long make_over(struct call *call, unsigned int which, int lock)
{
	long status;

	overlay_name_new(call, which, lock);
	if (identity_is_on() && call->row->handler == handle_make)
		status = attributes_make_entry(call);
	else
		status = call_make(call, call->nr);
	return status ? status : overlay_put_new(lock, call->paths[which].result, kind_of(call));
}

/* What would be one is refused: ovl_mknod(). */
static bool makes_whiteout(const struct call *call)
{
	unsigned int at = call->nr == NR_mknodat ? 2 : 1;

	return (call->nr == NR_mknod || call->nr == NR_mknodat) && (call->original[at] & S_IFMT) == S_IFCHR &&
	       !(uint32_t)call->original[at + 1];
}

/* The same so far down that only the upper layer is there. */
static long refuse_whiteout(const struct call *call)
{
	const struct host_path *path = &call->paths[0];
	struct stat status;
	int directory;
	const char *parent = translate_parent(call, path, &directory);
	long error = GATE_4(NR_newfstatat, path->directory, path->path, &status, AT_SYMLINK_NOFOLLOW);

	if (error != -ENOENT || path->result->wants_directory)
		return error ? error : -EEXIST;
	error = GATE_4(NR_faccessat2, directory, parent, ACCESS_WRITE | ACCESS_SEARCH, AT_EACCESS);
	return error ? error : -EPERM;
}

long overlay_entry_begin(struct call *call, unsigned int which, int *lock)
{
	const struct view_result *at = call->paths[which].result;
	long status;

	if (at->ends_in_dot || at->place.is_there)
		return OVERLAY_GO_ON;
	/* The kernel may see a whiteout. */
	if (at->wants_directory && !makes_directory(call))
		return -ENOENT;
	status = overlay_check_parent(&call->paths[which]);
	if (!status && makes_whiteout(call))
		status = -EPERM;
	if (status)
		return status;
	*lock = (int)overlay_copy_lock(at->mount);
	status = *lock < 0 ? *lock : overlay_copy_up_parent(*lock, at->mount, overlay_rest(at));
	if (status)
		return status;
	return at->place.is_whiteout ? make_over(call, which, *lock) : OVERLAY_GO_ON;
}

long overlay_begin_make(struct call *call, int *lock)
{
	long status = access_is_checked(call) ? access_check(call) : 0;

	call_start_anew(call);
	if (status)
		return status;
	if (translate_path(call, 0, TRANSLATE_FULL | TRANSLATE_NAME))
		return OVERLAY_GO_ON;
	if (overlay_is_nameless(&call->paths[0]) && makes_whiteout(call))
		return refuse_whiteout(call);
	if (!overlay_holds(&call->paths[0]) || call->paths[0].result->place.is_there)
		return OVERLAY_GO_ON;
	status = ask_arguments(call, 0);
	if (status != -ENOTDIR)
		return status;
	memcpy(call->arguments, call->original, sizeof(call->arguments));
	return overlay_entry_begin(call, 0, lock);
}

bool overlay_entry_has_lower(uint32_t mount, const char *rest, const struct layers_place *place)
{
	struct layers_place lower = { .merged = place->above & ~(uint64_t)1, .is_there = true };
	char host_path[PATH_SIZE];
	size_t length;

	return lower.merged && !layers_step(the_view(), &translate_look, mount, rest, &lower, host_path, &length) &&
	       lower.is_there;
}

long overlay_entry_stat(const struct view_result *at, struct stat *status)
{
	char *host = (char *)at->host;
	size_t length = strlen(host);

	while (length > 1 && host[length - 1] == '/')
		host[--length] = '\0';
	return GATE_4(NR_newfstatat, AT_FDCWD, host, status, AT_SYMLINK_NOFOLLOW);
}

/* __check_sticky(), fs/namei.c, of FILE at PATH. */
static bool is_kept_by_sticky(const struct host_path *path, const struct stat *file)
{
	unsigned int user = (unsigned int)GATE_0(NR_geteuid);
	struct stat parent;
	char host_path[PATH_SIZE];

	find_parent(path->result, host_path);
	if (GATE_4(NR_newfstatat, AT_FDCWD, host_path, &parent, 0) || !(parent.st_mode & S_ISVTX))
		return false;
	return parent.st_uid != user && file->st_uid != user && !has_capability(CAP_FOWNER) && !overlay_overrides();
}

long overlay_entry_check_delete(const struct host_path *path, const struct stat *status)
{
	long error = overlay_check_parent(path);

	if (!error && is_kept_by_sticky(path, status))
		error = -EPERM;
	return error;
}

/* Whether ENTRY of the directory FD is a whiteout, or none. Where one may not look a device is one. */
static bool is_nothing(long fd, const struct entry64 *entry)
{
	struct stat status;
	long error;

	if (text_equal(entry->name, ".") || text_equal(entry->name, ".."))
		return true;
	error = GATE_4(NR_newfstatat, fd, entry->name, &status, AT_SYMLINK_NOFOLLOW);
	if (error)
		return error == -EACCES && entry->type == TYPE_CHARACTER;
	return (status.st_mode & S_IFMT) == S_IFCHR && !status.st_rdev;
}

/*
 * The directory UPPER, in which there were whiteouts at most, has changed places with OVERLAY_NEW. Somebody may have
 * made something in it before that: then it comes back. 0, or -ENOTEMPTY.
 */
static long check_exchanged(int lock, const char *upper, uint32_t mode)
{
	char buf[1024] __attribute__((aligned(8)));
	bool is_shut = ~mode & 0700, is_empty;
	long fd, size = 0;

	if (is_shut)
		GATE_4(NR_fchmodat, lock, OVERLAY_NEW, 0700, 0);
	fd = GATE_4(NR_openat, lock, OVERLAY_NEW, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
	is_empty = fd >= 0;
	buf[0] = '\0';
	while (is_empty && (size = GATE_3(NR_getdents64, fd, buf, sizeof(buf))) > 0) {
		for (long at = 0; at < size && is_empty; at += ((const struct entry64 *)(buf + at))->length)
			is_empty = is_nothing(fd, (const struct entry64 *)(buf + at));
	}
	if (fd >= 0)
		GATE_1(NR_close, fd);
	if (is_empty)
		return 0;
	GATE_5(NR_renameat2, lock, OVERLAY_NEW, AT_FDCWD, upper, RENAME_EXCHANGE);
	if (is_shut)
		GATE_3(NR_fchmodat, AT_FDCWD, upper, mode & 07777);
	return -ENOTEMPTY;
}

/* What is at OVERLAY_NEW: what was at REST, if there was no ERROR, and had MODE. */
static void drop_exchanged(int lock, const char *rest, uint32_t mode, long error)
{
	if (error)
		overlay_copy_drop(lock);
	else
		overlay_copy_drop_named(lock, rest, mode);
}

/* A whiteout takes the place of what the upper layer has at UPPER, and REST, which may be nothing. */
static long put_whiteout(int lock, const char *upper, const char *rest)
{
	struct stat status;
	long error = GATE_4(NR_newfstatat, AT_FDCWD, upper, &status, AT_SYMLINK_NOFOLLOW);
	unsigned int flags = error ? RENAME_NOREPLACE : status_is_directory(&status) ? RENAME_EXCHANGE : 0;

	error = GATE_4(NR_mknodat, lock, OVERLAY_NEW, S_IFCHR, 0);
	if (!error)
		error = GATE_5(NR_renameat2, lock, OVERLAY_NEW, AT_FDCWD, upper, flags);
	/* A directory that can't be written to can't be moved. */
	if (error == -EACCES && flags == RENAME_EXCHANGE && !GATE_3(NR_fchmodat, AT_FDCWD, upper, 0700))
		error = GATE_5(NR_renameat2, lock, OVERLAY_NEW, AT_FDCWD, upper, flags);
	if (!error && flags == RENAME_EXCHANGE)
		error = check_exchanged(lock, upper, status.st_mode);
	drop_exchanged(lock, rest, flags == RENAME_EXCHANGE ? (uint32_t)status.st_mode : 0, error);
	return error;
}

/* The entry is there, and may be removed: it goes. */
static long remove_entry(const struct view_result *at, bool wants_directory, int *lock)
{
	struct layers_place place;
	char upper[PATH_SIZE];
	size_t length;
	long status;

	*lock = (int)overlay_copy_lock(at->mount);
	if (*lock < 0)
		return *lock;
	/* Others may have been faster. */
	status = layers_find(the_view(), &translate_look, at->mount, overlay_rest(at), &place, upper, &length);
	if (!status && !place.is_there)
		status = -ENOENT;
	if (status)
		return status;
	if (!place.layer && place.merged <= 1 && !overlay_entry_has_lower(at->mount, overlay_rest(at), &place))
		return OVERLAY_GO_ON;
	if (wants_directory && !overlay_is_empty(at->mount, overlay_rest(at), &place))
		status = -ENOTEMPTY;
	if (!status)
		status = overlay_copy_up_parent(*lock, at->mount, overlay_rest(at));
	if (status)
		return status;
	status = overlay_copy_path(at->mount, 0, overlay_rest(at), upper);
	plain_begin_change();
	if (!status)
		status = put_whiteout(*lock, upper, overlay_rest(at));
	plain_end_change();
	return status;
}

static bool wants_directory_of(const struct call *call)
{
	return call->nr == NR_rmdir || (call->nr == NR_unlinkat && call->original[2] & AT_REMOVEDIR);
}

long overlay_begin_remove(struct call *call, int *lock)
{
	const struct host_path *path = &call->paths[0];
	bool wants_directory = wants_directory_of(call);
	long status = access_is_checked(call) ? access_check(call) : 0;
	struct stat file;

	call_start_anew(call);
	if (status)
		return status;
	if (call->nr == NR_unlinkat && call->original[2] & 0xffffffff & ~(unsigned long)AT_REMOVEDIR)
		return OVERLAY_GO_ON;
	if (translate_path(call, 0, TRANSLATE_FULL | TRANSLATE_NAME) || !overlay_holds(path) ||
	    path->result->ends_in_dot)
		return OVERLAY_GO_ON;
	if (!path->result->place.is_there)
		return -ENOENT;
	status = overlay_entry_stat(path->result, &file);
	if (status)
		return status;
	if (!wants_directory && path->result->wants_directory)
		return status_is_directory(&file) ? -EISDIR : -ENOTDIR;
	status = overlay_entry_check_delete(path, &file);
	if (!status && wants_directory != status_is_directory(&file))
		status = wants_directory ? -ENOTDIR : -EISDIR;
	if (status)
		return status;
	if (view_has_below(the_view(), path->result->guest, path->result->guest_length))
		return OVERLAY_GO_ON;
	return remove_entry(path->result, wants_directory, lock);
}

long overlay_entry_clear(int lock, const char *upper, const char *rest, const struct stat *old)
{
	char new[OVERLAY_NEW_SIZE];
	bool is_shut = ~old->st_mode & 0700;
	long status = GATE_3(NR_mkdirat, lock, OVERLAY_NEW, 0700);

	overlay_copy_new_path(lock, new);
	/* The guest's umask may have left nothing of its mode. */
	if (!status)
		status = GATE_4(NR_fchmodat, lock, OVERLAY_NEW, (old->st_mode & 07777) | 0700, 0);
	if (!status)
		status = set_opaque(new);
	/* A directory that can't be written to can't be moved. */
	if (!status && is_shut)
		status = GATE_3(NR_fchmodat, AT_FDCWD, upper, (old->st_mode & 07777) | 0700);
	if (!status)
		status = GATE_5(NR_renameat2, lock, OVERLAY_NEW, AT_FDCWD, upper, RENAME_EXCHANGE);
	if (!status)
		status = check_exchanged(lock, upper, old->st_mode);
	if (status && is_shut)
		GATE_3(NR_fchmodat, AT_FDCWD, upper, old->st_mode & 07777);
	drop_exchanged(lock, rest, (uint32_t)old->st_mode, status);
	return status;
}

long overlay_entry_make_opaque(const char *upper, const struct stat *status, const struct layers_place *place)
{
	return status_is_directory(status) && place->above & ~(uint64_t)1 ? set_opaque_at(upper) : 0;
}
