/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/overlay_entries.h"
#include "agent/access.h"
#include "agent/attributes.h"
#include "agent/capability.h"
#include "agent/directory_owned.h"
#include "agent/dispatch.h"
#include "agent/entries.h"
#include "agent/handlers.h"
#include "agent/overlay.h"
#include "agent/overlay_copy.h"
#include "agent/overlay_list.h"
#include "agent/overlay_moved.h"
#include "agent/proc.h"
#include "agent/translate.h"
#include "base/text.h"
#include "image/overlay.h"
#include "view/layers.h"
#include <asm/fcntl.h>
#include <asm/stat.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#define WRITE 2		 /* W_OK */
#define WRITE_SEARCH 3	 /* W_OK | X_OK */
#define READ_WRITE 6	 /* R_OK | W_OK */
#define WRITABLE 0200u	 /* S_IWUSR */
#define TYPE_CHARACTER 2 /* DT_CHR */

bool overlay_holds(const struct host_path *path)
{
	const struct view_result *at = path->result;

	/* Of a name that is too long the kernel says so, at its time. */
	return path->is_resolved && !at->is_virtual && !at->is_magic && !at->is_mount_point && !at->is_nameless &&
	       overlay_is_mount(at->mount) && strlen(text_base_name(at->guest)) <= NAME_LONGEST;
}

/* Whether the guest's root may do what modes deny to the user. */
static bool overrides(void)
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
	if (overrides() || path->result->is_nameless)
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
	/* By link(2) nothing new is made. */
	if (!is_directory && new.st_nlink > 1)
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

long overlay_put_new(int lock, const struct view_result *at, bool is_directory)
{
	char upper[PATH_SIZE];
	long status = overlay_copy_path(at->mount, 0, overlay_rest(at), upper);

	if (!status)
		inherit_group(lock, upper, is_directory);
	if (!status && is_whiteout_at(upper))
		status = is_directory ? put_directory_over(lock, upper) : put_over(lock, upper, false);
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

static long make_over(struct call *call, unsigned int which, int lock)
{
	long status;

	overlay_name_new(call, which, lock);
	if (identity_is_on() && call->row->handler == handle_make)
		status = attributes_make_entry(call);
	else
		status = call_make(call, call->nr);
	return status ? status : overlay_put_new(lock, call->paths[which].result, makes_directory(call));
}

/* What would be one is refused: ovl_mknod(). */
static bool makes_whiteout(const struct call *call)
{
	unsigned int at = call->nr == NR_mknodat ? 2 : 1;

	return (call->nr == NR_mknod || call->nr == NR_mknodat) && (call->original[at] & S_IFMT) == S_IFCHR &&
	       !(uint32_t)call->original[at + 1];
}

/*
 * Path WHICH of CALL, translated and named, is to become a new entry: its directory goes up, and over a whiteout the
 * entry is made here.
 */
static long begin_entry(struct call *call, unsigned int which, int *lock)
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
	if (translate_path(call, 0, TRANSLATE_FULL | TRANSLATE_NAME) || !overlay_holds(&call->paths[0]))
		return OVERLAY_GO_ON;
	if (call->paths[0].result->place.is_there)
		return OVERLAY_GO_ON;
	status = ask_arguments(call, 0);
	if (status != -ENOTDIR)
		return status;
	memcpy(call->arguments, call->original, sizeof(call->arguments));
	return begin_entry(call, 0, lock);
}

/* Whether a lower layer has, visibly but for the upper one, what PLACE is of. */
static bool has_lower(uint32_t mount, const char *rest, const struct layers_place *place)
{
	struct layers_place lower = { .merged = place->above & ~(uint64_t)1, .is_there = true };
	char host_path[PATH_SIZE];
	size_t length;

	return lower.merged && !layers_step(the_view(), &translate_look, mount, rest, &lower, host_path, &length) &&
	       lower.is_there;
}

static long stat_at(const struct view_result *at, struct stat *status)
{
	char *host = (char *)at->host;
	size_t length = strlen(host);

	while (length > 1 && host[length - 1] == '/')
		host[--length] = '\0';
	return GATE_4(NR_newfstatat, AT_FDCWD, host, status, AT_SYMLINK_NOFOLLOW);
}

static bool is_directory(const struct stat *status)
{
	return (status->st_mode & S_IFMT) == S_IFDIR;
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
	return parent.st_uid != user && file->st_uid != user && !has_capability(CAP_FOWNER) && !overrides();
}

/* May what is at PATH, with STATUS, be removed: may_delete(), fs/namei.c. */
static long check_delete(const struct host_path *path, const struct stat *status)
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
	unsigned int flags = error ? RENAME_NOREPLACE : is_directory(&status) ? RENAME_EXCHANGE : 0;

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
	if (!place.layer && place.merged <= 1 && !has_lower(at->mount, overlay_rest(at), &place))
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
	status = stat_at(path->result, &file);
	if (status)
		return status;
	if (!wants_directory && path->result->wants_directory)
		return is_directory(&file) ? -EISDIR : -ENOTDIR;
	status = check_delete(path, &file);
	if (!status && wants_directory != is_directory(&file))
		status = wants_directory ? -ENOTDIR : -EISDIR;
	if (status)
		return status;
	if (view_has_below(the_view(), path->result->guest, path->result->guest_length))
		return OVERLAY_GO_ON;
	return remove_entry(path->result, wants_directory, lock);
}

/* A rename inside one overlay. */
struct renaming {
	const struct view_result *old, *new;
	const char *old_host, *new_host;
	unsigned int flags;
	struct stat old_status, new_status;
	struct layers_place old_place, new_place;
	bool is_exchange;
};

static bool is_below(const char *path, const char *above)
{
	size_t length = strlen(above);

	return strlen(path) > length && !memcmp(path, above, length) && path[length] == '/';
}

/* A directory that gets another parent must be writable: its ".." changes. */
static long check_moved(const struct renaming *renaming)
{
	const char *old = renaming->old->guest, *new = renaming->new->guest;
	size_t length = (size_t)(text_base_name(old) - old);
	long status = 0;

	if (overrides() || (length == (size_t)(text_base_name(new) - new) && !memcmp(old, new, length)))
		return 0;
	if (is_directory(&renaming->old_status))
		status = GATE_4(NR_faccessat2, AT_FDCWD, renaming->old_host, WRITE, AT_EACCESS);
	if (!status && renaming->is_exchange && is_directory(&renaming->new_status))
		status = GATE_4(NR_faccessat2, AT_FDCWD, renaming->new_host, WRITE, AT_EACCESS);
	return status;
}

/* Both may be removed from where they are, and one may take the place of the other, if that IS_THERE: vfs_rename(). */
static long check_both(const struct call *call, const struct renaming *renaming, bool is_there)
{
	long status = check_delete(&call->paths[0], &renaming->old_status);

	if (!status)
		status = is_there ? check_delete(&call->paths[1], &renaming->new_status) :
				    overlay_check_parent(&call->paths[1]);
	if (!status && is_there && !renaming->is_exchange &&
	    is_directory(&renaming->old_status) != is_directory(&renaming->new_status))
		status = is_directory(&renaming->old_status) ? -ENOTDIR : -EISDIR;
	return status ? status : check_moved(renaming);
}

/* What do_renameat2() and vfs_rename(), fs/namei.c, say, in their order; or 0, or OVERLAY_GO_ON: nothing is to be done.
 */
static long check_names(const struct call *call, struct renaming *renaming)
{
	const struct view_result *old = renaming->old, *new = renaming->new;
	bool is_there = new->place.is_there;
	long status = old->place.is_there ? stat_at(old, &renaming->old_status) : -ENOENT;

	renaming->old_host = old->host;
	renaming->new_host = new->host;
	if (!status && is_there)
		status = stat_at(new, &renaming->new_status);
	if (status)
		return status;
	if (is_there && renaming->flags & RENAME_NOREPLACE)
		return -EEXIST;
	if (!is_there && renaming->is_exchange)
		return -ENOENT;
	if (renaming->is_exchange && new->wants_directory && !is_directory(&renaming->new_status))
		return -ENOTDIR;
	if (!is_directory(&renaming->old_status) &&
	    (old->wants_directory || (new->wants_directory && !renaming->is_exchange)))
		return -ENOTDIR;
	if (is_below(new->guest, old->guest))
		return -EINVAL;
	if (is_below(old->guest, new->guest))
		return renaming->is_exchange ? -EINVAL : -ENOTEMPTY;
	if (text_equal(old->guest, new->guest) || (is_there && !old->place.layer && !new->place.layer &&
						   renaming->old_status.st_ino == renaming->new_status.st_ino &&
						   renaming->old_status.st_dev == renaming->new_status.st_dev))
		return OVERLAY_GO_ON;
	return check_both(call, renaming, is_there);
}

/* Whether what is there may be moved: ovl_can_move(). Directories of lower layers stay. */
static bool can_move(const struct layers_place *place)
{
	return place->merged <= 1;
}

static long check_layers(const struct renaming *renaming)
{
	const struct view_result *new = renaming->new;

	if (renaming->flags & RENAME_WHITEOUT)
		return -EINVAL;
	if (!can_move(&renaming->old->place) || (renaming->is_exchange && !can_move(&new->place)))
		return -EXDEV;
	if (!renaming->is_exchange && new->place.merged > 1 &&
	    !overlay_is_empty(new->mount, overlay_rest(new), &new->place))
		return -ENOTEMPTY;
	return 0;
}

/* Both, or the directories they are in, are in the upper layer then. */
static long copy_both(struct renaming *renaming, int lock)
{
	const struct view_result *old = renaming->old, *new = renaming->new;
	char host_path[PATH_SIZE];
	size_t length;
	long status = overlay_copy_up(lock, old->mount, overlay_rest(old), false, &renaming->old_place);

	if (!status && renaming->is_exchange)
		return overlay_copy_up(lock, new->mount, overlay_rest(new), false, &renaming->new_place);
	if (!status)
		status = overlay_copy_up_parent(lock, new->mount, overlay_rest(new));
	if (!status)
		status = layers_find(the_view(), &translate_look, new->mount, overlay_rest(new), &renaming->new_place,
				     host_path, &length);
	return status;
}

/* The directory at UPPER, and REST, in which there are whiteouts only, becomes an empty one: ovl_clear_empty(). */
static long clear_directory(int lock, const char *upper, const char *rest, const struct stat *old)
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

/* What is moved into a directory of several layers must not be merged with what these have there. */
static long make_opaque(const char *upper, const struct stat *status, const struct layers_place *place)
{
	return is_directory(status) && place->above & ~(uint64_t)1 ? set_opaque_at(upper) : 0;
}

/* How the upper layer is renamed in: ovl_rename(). *IS_LEFT: a whiteout has come to the old name that is none to be. */
static unsigned int flags_of(const struct renaming *renaming, bool *is_left)
{
	const struct view_result *old = renaming->old;
	bool is_whiteout = renaming->new_place.is_whiteout;

	*is_left = false;
	if (renaming->is_exchange)
		return RENAME_EXCHANGE;
	if (has_lower(old->mount, overlay_rest(old), &renaming->old_place))
		return is_whiteout ? RENAME_EXCHANGE : RENAME_WHITEOUT;
	*is_left = is_whiteout && is_directory(&renaming->old_status);
	return *is_left ? RENAME_EXCHANGE : 0;
}

/* A copy at FROM comes to the directory that TO is in. */
static void note_impure(const char *from, char *to)
{
	char *name = (char *)text_base_name(to);

	if (GATE_4(NR_lgetxattr, from, OVERLAY_ORIGIN, NULL, 0) < 0)
		return;
	name[-1] = '\0';
	overlay_copy_note_impure(to);
	name[-1] = '/';
}

static long move(struct renaming *renaming, int lock)
{
	char old[PATH_SIZE], new[PATH_SIZE];
	long status = overlay_copy_path(renaming->old->mount, 0, overlay_rest(renaming->old), old);
	unsigned int flags;
	bool is_left;

	if (!status)
		status = overlay_copy_path(renaming->new->mount, 0, overlay_rest(renaming->new), new);
	if (!status && !renaming->is_exchange && renaming->new_place.merged > 1 && renaming->new_place.merged & 1)
		status = clear_directory(lock, new, overlay_rest(renaming->new), &renaming->new_status);
	if (!status)
		status = make_opaque(old, &renaming->old_status, &renaming->new_place);
	if (!status && renaming->is_exchange)
		status = make_opaque(new, &renaming->new_status, &renaming->old_place);
	if (status)
		return status;
	flags = flags_of(renaming, &is_left);
	note_impure(old, new);
	overlay_moved_note(lock, old);
	if (renaming->is_exchange) {
		note_impure(new, old);
		overlay_moved_note(lock, new);
	}
	status = GATE_5(NR_renameat2, AT_FDCWD, old, AT_FDCWD, new, flags);
	if (!status && is_left)
		GATE_3(NR_unlinkat, AT_FDCWD, old, 0);
	return status;
}

/* Whether both names are of one overlay, and are no mount points, nor above one. */
static bool is_ours(const struct call *call)
{
	const struct host_path *paths = call->paths;

	for (unsigned int i = 0; i < ARRAY_SIZE(call->paths); i++)
		if (!overlay_holds(&paths[i]) || paths[i].result->ends_in_dot ||
		    view_has_below(the_view(), paths[i].result->guest, paths[i].result->guest_length))
			return false;
	return paths[0].result->mount == paths[1].result->mount;
}

static bool is_of_one(const struct call *call)
{
	const struct host_path *old = &call->paths[0], *new = &call->paths[1];

	return old->is_resolved && new->is_resolved &&overlay_is_mount(old->result->mount) &&
	       old->result->mount == new->result->mount;
}

/* Whether both are of one overlay, and one is no name: do_renameat2(). The kernel would see two file systems. */
static bool is_dots(const struct call *call)
{
	return is_of_one(call) && (call->paths[0].result->ends_in_dot || call->paths[1].result->ends_in_dot);
}

/* Names are looked up one after the other, and of one that is too long there is nothing: do_renameat2(). */
static long check_lengths(const struct call *call)
{
	const struct view_result *old = call->paths[0].result, *new = call->paths[1].result;

	if (!overlay_is_mount(old->parent_mount) || old->parent_mount != new->parent_mount)
		return 0;
	for (unsigned int i = 0; i < ARRAY_SIZE(call->paths); i++) {
		const struct view_result *at = call->paths[i].result;

		if (strlen(text_base_name(at->guest)) > NAME_LONGEST)
			return -ENAMETOOLONG;
		if (!i && !at->is_mount_point && !at->place.is_there)
			return -ENOENT;
	}
	return 0;
}

/* What an overlay has at AT, be it under what is mounted there: its host path, for which BUF of PATH_SIZE is, and its
 * STATUS; or NULL. */
static const char *find_covered(const struct view_result *at, char *buf, struct stat *status)
{
	struct layers_place place;
	size_t length;

	if (!at->is_mount_point)
		return at->place.is_there && !stat_at(at, status) ? at->host : NULL;
	if (layers_find(the_view(), &translate_look, at->parent_mount,
			at->guest + view_binding(the_view(), at->parent_mount)->guest_length, &place, buf, &length) ||
	    !place.is_there || GATE_4(NR_newfstatat, AT_FDCWD, buf, status, AT_SYMLINK_NOFOLLOW))
		return NULL;
	return buf;
}

/*
 * Something is mounted at one of two names in an overlay: -EBUSY, but first it is judged as ever what is under it:
 * vfs_rename(). The call's result, or OVERLAY_GO_ON.
 */
static long check_under_mount(const struct call *call, struct renaming *renaming)
{
	const struct view_result *old = call->paths[0].result, *new = call->paths[1].result;
	char old_host[PATH_SIZE], new_host[PATH_SIZE];
	long status;

	if (!call->paths[0].is_resolved || !call->paths[1].is_resolved || old->wants_directory ||
	    new->wants_directory || old->is_root || new->is_root || !(old->is_mount_point || new->is_mount_point) ||
	    old->parent_mount != new->parent_mount || !overlay_is_mount(old->parent_mount) ||
	    is_below(new->guest, old->guest) || is_below(old->guest, new->guest))
		return OVERLAY_GO_ON;
	renaming->old = old;
	renaming->new = new;
	renaming->is_exchange = renaming->flags & RENAME_EXCHANGE;
	renaming->old_host = find_covered(old, old_host, &renaming->old_status);
	renaming->new_host = find_covered(new, new_host, &renaming->new_status);
	if (!renaming->old_host || (renaming->new_host ? renaming->flags & RENAME_NOREPLACE : renaming->is_exchange))
		return OVERLAY_GO_ON;
	if (text_equal(old->guest, new->guest))
		return 0;
	status = check_both(call, renaming, renaming->new_host);
	return status ? status : -EBUSY;
}

/* What is before the dots must be a directory. */
static long refuse_dots(const struct call *call, unsigned int flags)
{
	long status = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(call->paths) && !status; i++)
		if (call->paths[i].result->ends_in_dot)
			status = GATE_4(NR_faccessat2, call->paths[i].directory, call->paths[i].path, 0, AT_EACCESS);
	if (status)
		return status;
	return call->paths[0].result->ends_in_dot || !(flags & RENAME_NOREPLACE) ? -EBUSY : -EEXIST;
}

/* Whether PATH is of an overlay, and has no name: nothing of a lower layer is there. */
static bool is_nameless(const struct host_path *path)
{
	return path->is_resolved && path->result->is_nameless;
}

/* Whether it can be moved as it is: nothing of a lower layer is there, nor would come to light. */
static bool is_alone(const struct host_path *path)
{
	const struct view_result *at = path->result;

	return !overlay_holds(path) ||
	       (!at->place.layer && can_move(&at->place) && !has_lower(at->mount, overlay_rest(at), &at->place));
}

/* The directory that the new name is in goes up, if there is what is to be renamed. */
static long prepare_new(const struct call *call, int *lock)
{
	const struct host_path *old = &call->paths[0], *new = &call->paths[1];
	const struct view_result *at = new->result;
	struct stat status;
	long error;

	if (GATE_4(NR_newfstatat, old->directory, old->path, &status, AT_SYMLINK_NOFOLLOW))
		return OVERLAY_GO_ON;
	error = overlay_check_parent(new);
	if (error)
		return error;
	*lock = (int)overlay_copy_lock(at->mount);
	error = *lock < 0 ? *lock : overlay_copy_up_parent(*lock, at->mount, overlay_rest(at));
	return error ? error : OVERLAY_GO_ON;
}

/* What is of a lower layer, or over something of one, comes to a directory without a name, where there is none. */
static long move_to_nameless(const struct call *call, unsigned int flags, int *lock)
{
	const struct view_result *old = call->paths[0].result;
	const struct host_path *new = &call->paths[1];
	struct layers_place place;
	char host_path[PATH_SIZE];
	struct stat status;
	long error = stat_at(old, &status);

	if (!error)
		error = check_delete(&call->paths[0], &status);
	if (!error)
		error = *lock = (int)overlay_copy_lock(old->mount);
	if (error >= 0)
		error = overlay_copy_up(*lock, old->mount, overlay_rest(old), false, &place);
	if (!error)
		error = overlay_copy_path(old->mount, 0, overlay_rest(old), host_path);
	if (error)
		return error;
	overlay_moved_note(*lock, host_path);
	if (has_lower(old->mount, overlay_rest(old), &place))
		flags |= RENAME_WHITEOUT;
	plain_begin_change();
	error = GATE_5(NR_renameat2, AT_FDCWD, host_path, new->directory, new->path, flags);
	plain_end_change();
	return error;
}

/* Whether there is something at PATH, which may be nameless: 0 or a negative errno. */
static long look_up(const struct host_path *path)
{
	if (overlay_holds(path))
		return path->result->place.is_there ? 0 : -ENOENT;
	return GATE_4(NR_faccessat2, path->directory, path->path, 0, AT_SYMLINK_NOFOLLOW);
}

/* What is at the new name where it must not be, or is not where it must. */
static long check_new(const struct host_path *new, unsigned int flags)
{
	long status = look_up(new);

	if (!status)
		return flags & RENAME_NOREPLACE ? -EEXIST : 0;
	return status != -ENOENT || flags & RENAME_EXCHANGE ? status : 0;
}

/*
 * One name is in a directory that has none itself. The kernel's rename is right where nothing of a lower layer is
 * concerned; else it is to be copied.
 */
static long rename_nameless(const struct call *call, unsigned int flags, int *lock)
{
	const struct host_path *old = &call->paths[0], *new = &call->paths[1];
	const struct layers_place *place = &new->result->place;
	long status = look_up(old);

	if (!status)
		status = check_new(new, flags);
	if (status)
		return status;
	if (!is_alone(old) && is_nameless(new) && old->result->mount == new->result->mount &&
	    can_move(&old->result->place) && !(flags & ~(unsigned int)RENAME_NOREPLACE))
		return move_to_nameless(call, flags, lock);
	if (!is_alone(old))
		return -EXDEV;
	if (!overlay_holds(new) || (!place->layer && place->above <= 1))
		return OVERLAY_GO_ON;
	if (place->is_there || place->is_whiteout || flags & ~(unsigned int)RENAME_NOREPLACE)
		return -EXDEV;
	return prepare_new(call, lock);
}

/* The mount that a name is on, which may be in a removed directory, where nothing is looked up; -1: it is not known. */
static long find_mount(struct call *call, unsigned int which, bool *is_found)
{
	const struct host_path *path = &call->paths[which];
	long status = translate_path(call, which, TRANSLATE_FULL | TRANSLATE_NAME);

	*is_found = !status && path->is_resolved;
	if (*is_found)
		return path->result->parent_mount;
	if ((status && status != -ENOENT) || !path->guest_path || text_base_name(path->guest_path) != path->guest_path)
		return -1;
	return overlay_mount_of(path->directory);
}

/* Whether one of two names is in a removed directory, and the other on another mount: do_renameat2(). */
static bool is_of_two_mounts(struct call *call)
{
	bool is_old_found, is_new_found;
	long old = find_mount(call, 0, &is_old_found), new = find_mount(call, 1, &is_new_found);
	const struct host_path *found = &call->paths[is_new_found];
	int directory;
	const char *parent;

	if (old < 0 || new < 0 || old == new || is_old_found == is_new_found)
		return false;
	parent = translate_parent(call, found, &directory);
	return !GATE_4(NR_faccessat2, directory, parent, 0, AT_EACCESS);
}

static long translate_both(struct call *call)
{
	long status = translate_path(call, 0, TRANSLATE_FULL | TRANSLATE_NAME);

	return status ? status : translate_path(call, 1, TRANSLATE_FULL | TRANSLATE_NAME);
}

long overlay_begin_rename(struct call *call, int *lock)
{
	struct renaming renaming = { .flags = call->nr == NR_renameat2 ? (unsigned int)call->original[4] : 0 };
	long status = access_is_checked(call) ? access_check(call) : 0;

	call_start_anew(call);
	if (status)
		return status;
	if (renaming.flags & ~(unsigned int)(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT) ||
	    (renaming.flags & RENAME_EXCHANGE && renaming.flags != RENAME_EXCHANGE))
		return OVERLAY_GO_ON;
	if (translate_both(call) || !call->paths[0].is_resolved || !call->paths[1].is_resolved)
		return is_of_two_mounts(call) ? -EXDEV : OVERLAY_GO_ON;
	if (is_dots(call))
		return refuse_dots(call, renaming.flags);
	if (is_nameless(&call->paths[0]) || is_nameless(&call->paths[1]))
		return rename_nameless(call, renaming.flags, lock);
	status = check_lengths(call);
	if (status)
		return status;
	if (!is_ours(call))
		return check_under_mount(call, &renaming);
	renaming.old = call->paths[0].result;
	renaming.new = call->paths[1].result;
	renaming.is_exchange = renaming.flags & RENAME_EXCHANGE;
	status = check_names(call, &renaming);
	if (status)
		return status == OVERLAY_GO_ON ? 0 : status;
	status = check_layers(&renaming);
	if (status)
		return status;
	*lock = (int)overlay_copy_lock(renaming.old->mount);
	status = *lock < 0 ? *lock : copy_both(&renaming, *lock);
	if (status)
		return status;
	plain_begin_change();
	status = move(&renaming, *lock);
	plain_end_change();
	return status;
}

/* The old name is copied up, if it is of an overlay and can be linked to. */
static long begin_old(struct call *call, int *lock)
{
	const struct host_path *old = &call->paths[0];
	struct stat status;

	/* A slash behind it wants a directory, which has no second name. */
	if (!overlay_holds(old) || !old->result->place.layer || old->result->mount != call->paths[1].result->mount ||
	    old->result->wants_directory || stat_at(old->result, &status) || is_directory(&status))
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

	if (overrides() || status->st_uid == (unsigned int)GATE_0(NR_geteuid) || !GATE_0(NR_geteuid))
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
		return stat_at(old->result, status);
	return GATE_4(NR_newfstatat, old->directory, old->path, status,
		      old->result->is_magic ? 0 : AT_SYMLINK_NOFOLLOW);
}

/* What the kernel would say of what is old, before anything is copied for a link: 0, or a negative errno. */
static long check_old(const struct call *call, bool is_by_descriptor)
{
	const struct host_path *old = &call->paths[0];
	const struct view_result *new = call->paths[1].result;
	struct stat status;
	long result = look_at_old(call, is_by_descriptor, &status);

	if (result)
		return is_by_descriptor ? 0 : result;
	if (!is_by_descriptor && overlay_holds(old) && old->result->wants_directory && !is_directory(&status))
		return -ENOTDIR;
	if (!is_by_descriptor && overlay_holds(old) && !may_link(AT_FDCWD, old->result->host, 0, &status))
		return -EPERM;
	if (new->wants_directory || new->ends_in_dot)
		return 0;
	result = overlay_check_parent(&call->paths[1]);
	return result || !is_directory(&status) ? result : -EPERM;
}

/* Whether the kernel refuses the call for its flags, or for an old name that is empty or NULL, before it looks at the
 * new one. */
static bool is_refused_link(const struct call *call, bool has_no_old)
{
	unsigned long flags = call->nr == NR_linkat ? call->original[4] : 0;

	return flags & ~(unsigned long)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH) ||
	       (has_no_old && (!(flags & AT_EMPTY_PATH) || !call->original[1]));
}

/* The call's new name becomes one of the file OLD of the upper layer. The call's result. */
static long link_to(struct call *call, const char *old, int *lock)
{
	const struct host_path *new = &call->paths[1];
	char upper[PATH_SIZE];
	long status;

	call_start_anew(call);
	status = translate_path(call, 1, TRANSLATE_FULL | TRANSLATE_NAME);
	if (status)
		return status < 0 ? status : -ENOENT;
	if (is_nameless(new))
		return GATE_5(NR_linkat, AT_FDCWD, old, new->directory, new->path, 0);
	call->arguments[0] = (unsigned long)AT_FDCWD;
	call->arguments[1] = (unsigned long)old;
	call->arguments[4] = 0;
	status = begin_entry(call, 1, lock);
	if (*lock >= 0)
		overlay_moved_note(*lock, old);
	if (status != OVERLAY_GO_ON)
		return status;
	status = overlay_copy_path(new->result->mount, 0, overlay_rest(new->result), upper);
	return status ? status : GATE_5(NR_linkat, AT_FDCWD, old, AT_FDCWD, upper, 0);
}

/* What FD is of gets a second name: of a lower layer it is the copy that does, or the guest could write to that layer.
 */
static long link_descriptor(struct call *call, int fd, int *lock)
{
	char old[PATH_SIZE];
	struct stat status;
	long result;

	if (call->paths[1].result->ends_in_dot)
		return OVERLAY_GO_ON;
	if (!GATE_4(NR_newfstatat, fd, "", &status, AT_EMPTY_PATH) && overlay_is_lower(fd) &&
	    !may_link(fd, "", AT_EMPTY_PATH, &status))
		return -EPERM;
	result = overlay_raise_opened(fd, old, lock);
	if (*lock >= 0)
		overlay_unlock(*lock);
	*lock = -1;
	return result ? result : link_to(call, old, lock);
}

static long link_magic(struct call *call, int *lock)
{
	long fd = GATE_4(NR_openat, call->paths[0].directory, call->paths[0].path, O_PATH | O_CLOEXEC, 0), status;

	if (fd < 0)
		return fd;
	status = link_descriptor(call, (int)fd, lock);
	GATE_1(NR_close, fd);
	return status;
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
	    !(overlay_holds(&call->paths[1]) || is_nameless(&call->paths[1])) || call->paths[1].result->place.is_there)
		return OVERLAY_GO_ON;
	if (!first && overlay_holds(&call->paths[0]) && !call->paths[0].result->place.is_there)
		return -ENOENT;
	if (is_refused_link(call, first == TRANSLATE_NOTHING))
		return OVERLAY_GO_ON;
	/* Of what is old the kernel knows by now only that it is there: do_linkat(), fs/namei.c. */
	if (call->paths[1].result->wants_directory && !call->paths[1].result->ends_in_dot) {
		status = look_at_old(call, first == TRANSLATE_NOTHING, &old);
		if (!status && !first && call->paths[0].result->wants_directory && !is_directory(&old))
			status = -ENOTDIR;
		return status ? status : -ENOENT;
	}
	if (!is_of_mount(call, first == TRANSLATE_NOTHING, call->paths[1].result->mount))
		return OVERLAY_GO_ON;
	/* The last look is at the kernel's own order of errors: where one of them is wrong nothing is to be done. */
	status = check_old(call, first == TRANSLATE_NOTHING);
	if (status)
		return status;
	if (first == TRANSLATE_NOTHING && entries_is_foreign(call))
		return -ENOENT;
	status = OVERLAY_GO_ON;
	if (first == TRANSLATE_NOTHING)
		status = link_descriptor(call, (int)call->original[0], lock);
	else if (call->paths[0].is_resolved && call->paths[0].result->is_magic)
		status = link_magic(call, lock);
	if (status != OVERLAY_GO_ON)
		return status;
	status = first ? 0 : begin_old(call, lock);
	if (status)
		return status;
	if (*lock >= 0)
		overlay_unlock(*lock);
	*lock = -1;
	call_start_anew(call);
	first = translate_path(call, 0, TRANSLATE_FULL | TRANSLATE_NAME);
	if (first < 0 || translate_path(call, 1, TRANSLATE_FULL | TRANSLATE_NAME) || is_nameless(&call->paths[1]))
		return OVERLAY_GO_ON;
	status = begin_entry(call, 1, lock);
	if (*lock >= 0 && !first)
		overlay_moved_note(*lock, call->paths[0].result->host);
	return status;
}
