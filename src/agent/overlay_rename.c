/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/overlay_entries.h"
#include "agent/access.h"
#include "agent/dispatch.h"
#include "agent/object.h"
#include "agent/overlay.h"
#include "agent/overlay_copy.h"
#include "agent/overlay_list.h"
#include "agent/overlay_moved.h"
#include "agent/translate.h"
#include "base/text.h"
#include "image/overlay.h"
#include "view/layers.h"
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#define WRITE 2 /* W_OK */

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

	if (overlay_overrides() || (length == (size_t)(text_base_name(new) - new) && !memcmp(old, new, length)))
		return 0;
	if (status_is_directory(&renaming->old_status))
		status = GATE_4(NR_faccessat2, AT_FDCWD, renaming->old_host, WRITE, AT_EACCESS);
	if (!status && renaming->is_exchange && status_is_directory(&renaming->new_status))
		status = GATE_4(NR_faccessat2, AT_FDCWD, renaming->new_host, WRITE, AT_EACCESS);
	return status;
}

/* Both may be removed from where they are, and one may take the place of the other, if that IS_THERE: vfs_rename(). */
static long check_both(const struct call *call, const struct renaming *renaming, bool is_there)
{
	long status = overlay_entry_check_delete(&call->paths[0], &renaming->old_status);

	if (!status)
		status = is_there ? overlay_entry_check_delete(&call->paths[1], &renaming->new_status) :
				    overlay_check_parent(&call->paths[1]);
	if (!status && is_there && !renaming->is_exchange &&
	    status_is_directory(&renaming->old_status) != status_is_directory(&renaming->new_status))
		status = status_is_directory(&renaming->old_status) ? -ENOTDIR : -EISDIR;
	return status ? status : check_moved(renaming);
}

/* What do_renameat2() and vfs_rename(), fs/namei.c, say, in their order; or 0, or OVERLAY_GO_ON: nothing is to be done.
 */
static long check_names(const struct call *call, struct renaming *renaming)
{
	const struct view_result *old = renaming->old, *new = renaming->new;
	bool is_there = new->place.is_there;
	long status = old->place.is_there ? overlay_entry_stat(old, &renaming->old_status) : -ENOENT;

	renaming->old_host = old->host;
	renaming->new_host = new->host;
	if (!status && is_there)
		status = overlay_entry_stat(new, &renaming->new_status);
	if (status)
		return status;
	if (is_there && renaming->flags & RENAME_NOREPLACE)
		return -EEXIST;
	if (!is_there && renaming->is_exchange)
		return -ENOENT;
	if (renaming->is_exchange && new->wants_directory && !status_is_directory(&renaming->new_status))
		return -ENOTDIR;
	if (!status_is_directory(&renaming->old_status) &&
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

/* How the upper layer is renamed in: ovl_rename(). *IS_LEFT: a whiteout has come to the old name that is none to be. */
static unsigned int flags_of(const struct renaming *renaming, bool *is_left)
{
	const struct view_result *old = renaming->old;
	bool is_whiteout = renaming->new_place.is_whiteout;

	*is_left = false;
	if (renaming->is_exchange)
		return RENAME_EXCHANGE;
	if (overlay_entry_has_lower(old->mount, overlay_rest(old), &renaming->old_place))
		return is_whiteout ? RENAME_EXCHANGE : RENAME_WHITEOUT;
	*is_left = is_whiteout && status_is_directory(&renaming->old_status);
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
		status = overlay_entry_clear(lock, new, overlay_rest(renaming->new), &renaming->new_status);
	if (!status)
		status = overlay_entry_make_opaque(old, &renaming->old_status, &renaming->new_place);
	if (!status && renaming->is_exchange)
		status = overlay_entry_make_opaque(new, &renaming->new_status, &renaming->old_place);
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
		return at->place.is_there && !overlay_entry_stat(at, status) ? at->host : NULL;
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

/* Whether it can be moved as it is: nothing of a lower layer is there, nor would come to light. */
static bool is_alone(const struct host_path *path)
{
	const struct view_result *at = path->result;

	return !overlay_holds(path) || (!at->place.layer && can_move(&at->place) &&
					!overlay_entry_has_lower(at->mount, overlay_rest(at), &at->place));
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
	long error = overlay_entry_stat(old, &status);

	if (!error)
		error = overlay_entry_check_delete(&call->paths[0], &status);
	if (!error)
		error = *lock = (int)overlay_copy_lock(old->mount);
	if (error >= 0)
		error = overlay_copy_up(*lock, old->mount, overlay_rest(old), false, &place);
	if (!error)
		error = overlay_copy_path(old->mount, 0, overlay_rest(old), host_path);
	if (error)
		return error;
	overlay_moved_note(*lock, host_path);
	if (overlay_entry_has_lower(old->mount, overlay_rest(old), &place))
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
	if (!is_alone(old) && overlay_is_nameless(new) && old->result->mount == new->result->mount &&
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

/* Where one of two names is in a removed directory: do_renameat2(). The call's result, or OVERLAY_GO_ON. */
static long refuse_removed(struct call *call)
{
	bool is_found[2];
	long old = find_mount(call, 0, &is_found[0]), new = find_mount(call, 1, &is_found[1]), status = 0;
	int directory;

	if (old < 0 || new < 0 || (is_found[0] && is_found[1]))
		return OVERLAY_GO_ON;
	for (unsigned int i = 0; i < ARRAY_SIZE(is_found) && !status; i++) {
		const char *parent;

		if (!is_found[i])
			continue;
		parent = translate_parent(call, &call->paths[i], &directory);
		status = GATE_4(NR_faccessat2, directory, parent, 0, AT_EACCESS);
	}
	if (status)
		return OVERLAY_GO_ON;
	return old == new ? -ENOENT : -EXDEV;
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
		return refuse_removed(call);
	if (is_dots(call))
		return refuse_dots(call, renaming.flags);
	if (overlay_is_nameless(&call->paths[0]) || overlay_is_nameless(&call->paths[1]))
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
