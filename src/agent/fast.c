/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/fast.h"
#include "agent/access.h"
#include "agent/change.h"
#include "agent/clone.h"
#include "agent/condition.h"
#include "agent/credentials.h"
#include "agent/dispatch.h"
#include "agent/filters.h"
#include "agent/gate.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/hardlinks.h"
#include "agent/links.h"
#include "agent/mount.h"
#include "agent/log.h"
#include "agent/mounts.h"
#include "agent/open.h"
#include "agent/fast_link.h"
#include "agent/fast_overlay.h"
#include "agent/fast_owner.h"
#include "agent/overlay.h"
#include "agent/owner.h"
#include "agent/patch.h"
#include "agent/plain.h"
#include "agent/proc.h"
#include "agent/proc_files.h"
#include "agent/readonly.h"
#include "agent/root.h"
#include "agent/signal.h"
#include "agent/store.h"
#include "agent/tracer.h"
#include "base/text.h"
#include "image/state.h"
#include <asm/fcntl.h>
#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/sched.h>
#include <linux/stat.h>

unsigned long fast_is_closed;

void fast_close(void)
{
	__atomic_fetch_or(&fast_is_closed, FAST_CLOSED_BY_US, __ATOMIC_RELEASE);
}

/* A frame of its own, so that fast_call()'s stays small: see find_frame(). */
#define APART __attribute__((noinline))

/*
 * The guest's path goes behind the room that the root's host path takes, so that in
 * most cases that has only to be put there. *SIZE gets what is left, maybe nothing.
 */
static char *place_for(struct fast_frame *frame, size_t *size)
{
	size_t root_length = view_binding(the_view(), 0)->host_length;

	*size = FAST_PATH_MOST - MIN(root_length, FAST_PATH_MOST);
	return frame->host_path + root_length;
}

/*
 * The guest's path to frame->path: its length, or a negative errno. Many are on the
 * stack: in the pages of the frame and of the guest's stack pointer.
 */
static long read_string(struct fast_frame *frame, unsigned long guest_path_at, uint64_t now)
{
	size_t size;
	char *place = place_for(frame, &size);
	long length = guest_read_string_near(place, guest_path_at, size, (unsigned long)frame,
					     registers_fast_stack(&frame->registers) - 1, now);

	frame->path = place;
	return length > 0 && hardlinks_are_on() && hardlinks_may_hide(place) ? -ENOENT : length;
}

/* Where the last component of PATH begins. */
static size_t name_start(const char *path, size_t length)
{
	while (length && path[length - 1] != '/')
		length--;
	return length;
}

bool fast_is_ordinary(const char *name, size_t length)
{
	if (name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.')))
		return false;
	return !view_may_be_bound(the_view(), name, length);
}

/* Whether all but the last component of the relative PATH, which begins at NAME, is plain. */
static bool has_plain_parent(long directory, char *path, size_t name)
{
	char kept[2] = { path[name], path[name + 1] };
	bool is_plain;

	/* "a/b" becomes "a/.". */
	path[name] = '.';
	path[name + 1] = '\0';
	is_plain = plain_leads_to_dot((int)directory, path);
	path[name] = kept[0];
	path[name + 1] = kept[1];
	return is_plain;
}

/* The path in FRAME, of LENGTH bytes, in which the last component begins at NAME, is absolute and in a known directory.
 */
static bool take_known_absolute(struct fast_frame *frame, size_t length, size_t name, struct fast_path *path)
{
	const struct view_binding *root = view_binding(the_view(), 0);

	if (root_is_set() || !fast_is_ordinary(frame->path + name, length - name))
		return false;
	memcpy(frame->host_path, view_host(the_view(), 0), root->host_length);
	if (!plain_knows_directory(frame->host_path, root->host_length + name - 1, path->now, &path->stamp))
		return false;
	path->length = root->host_length + length;
	return true;
}

/*
 * An absolute host path in FRAME is named from the current directory if that is
 * shorter. No more of it is read before use_absolute(). Who does so does not
 * believe that a directory may not be searched: it may be one that is not on the guest's way.
 */
static void use_cwd(struct fast_frame *frame, struct fast_path *path)
{
	unsigned int up;
	size_t rest = path->is_in_root ? plain_from_cwd(frame->path, path->now, path->stamp, &up) : 0;

	if (!rest || up > FAST_UP_MOST || up * 3 >= rest)
		return;
	path->is_from_cwd = true;
	path->replaced = (size_t)up * 3;
	frame->path += rest - path->replaced;
	memcpy(path->replaced_text, frame->path, path->replaced);
	for (char *at = (char *)frame->path; up; up--) {
		*at++ = '.';
		*at++ = '.';
		*at++ = '/';
	}
}

/* Once more does no harm. */
static void use_absolute(struct fast_frame *frame, const struct fast_path *path)
{
	if (!path->is_from_cwd || frame->path == frame->host_path)
		return;
	memcpy((char *)frame->path, path->replaced_text, path->replaced);
	frame->path = frame->host_path;
}

/*
 * Whether the kernel's RESULT is the guest's. Root inside may do more than the kernel knows, and of what is in a layer
 * the directories in the layers above say who may search them.
 */
static bool is_believed(const struct fast_path *path, long result)
{
	if (result == -EACCES && (path->is_from_cwd || path->layers || identity_is_on()))
		return false;
	return plain_holds(path->stamp);
}

/* Of LENGTH bytes, in FRAME, absolute: its host path, *MOUNT its binding. False where it can't be told from the text.
 */
static bool take_absolute(struct fast_frame *frame, size_t length, struct fast_path *path, uint32_t *mount)
{
	path->length = plain_host_path(frame->path, length, frame->host_path, FAST_PATH_MOST, mount);
	frame->path = frame->host_path;
	frame->directory = AT_FDCWD;
	return path->length;
}

enum known { KNOWN_LOST, KNOWN_NOT, KNOWN_DIRECTORY };

/*
 * Whether the absolute path in FRAME is in a known directory; if not, behind the links in it that are known. *LENGTH
 * and *NAME are those of the path there is then.
 */
static enum known find_known(struct fast_frame *frame, size_t *length, size_t *name, struct fast_path *path)
{
	if (overlay_is_mount(0))
		return KNOWN_NOT;
	if (take_known_absolute(frame, *length, *name, path) && !fast_ends_in_link(frame, path))
		return KNOWN_DIRECTORY;
	if (!path->keeps_links && !fast_follow(frame, path, length, &path->followed))
		return KNOWN_LOST;
	if (!path->followed)
		return KNOWN_NOT;
	*name = name_start(frame->path, *length);
	return take_known_absolute(frame, *length, *name, path) ? KNOWN_DIRECTORY : KNOWN_NOT;
}

/* Whether a link that was followed counts still. */
static bool is_followed_now(const struct fast_path *path)
{
	return !path->followed || path->followed == path->stamp;
}

/* The same as read_path(), of a path in FRAME that is absolute. */
static void find_absolute(struct fast_frame *frame, size_t length, size_t name, struct fast_path *path)
{
	enum known known = find_known(frame, &length, &name, path);
	uint32_t mount = 0;

	path->is_kept = true;
	if (known == KNOWN_LOST)
		return;
	if (known == KNOWN_DIRECTORY) {
		frame->path = frame->host_path;
		frame->directory = AT_FDCWD;
		path->is_in_root = true;
	} else {
		path->may_be_top = !fast_is_ordinary(frame->path + name, length - name);
		if (!take_absolute(frame, length, path, &mount) ||
		    !plain_is_directory(frame->path, name_start(frame->path, path->length) - 1, !mount, &path->stamp))
			return;
	}
	path->is_of_root = !mount;
	path->kind = is_followed_now(path) ? PATH_ABSOLUTE : PATH_SLOW;
}

/* The same of one that is relative. */
static void find_relative(struct fast_frame *frame, size_t length, size_t name, struct fast_path *path)
{
	bool is_ordinary_name = fast_is_ordinary(frame->path + name, length - name);
	unsigned int count = 1;

	path->length = length;
	path->is_kept = name && frame->directory == AT_FDCWD && plain_trusts_cwd();
	path->is_of_root = true;
	if (is_ordinary_name && path->is_kept &&
	    plain_knows_directory(frame->path, name - 1, path->now, &path->stamp)) {
		path->kind = PATH_RELATIVE;
		return;
	}
	if ((!is_ordinary_name || name) && !view_is_relative_plain(the_view(), frame->path, &count))
		return;
	if (path->is_kept) {
		if (plain_is_directory(frame->path, name - 1, true, &path->stamp))
			path->kind = PATH_RELATIVE;
		return;
	}
	path->stamp = plain_now();
	if (!name || (path->stamp && has_plain_parent(frame->directory, (char *)frame->path, name)))
		path->kind = PATH_RELATIVE;
}

/* The same where there are overlays: false if that is all, or true: the path is that of no overlay. */
static APART bool find_in_overlay(struct fast_frame *frame, size_t length, struct fast_path *path)
{
	size_t name = name_start(frame->path, length);

	if (hardlinks_are_on())
		return frame->path[0] == '/';
	if (frame->path[0] == '/')
		return !fast_overlay_takes(frame, length, name, path);
	return !name && fast_overlay_takes_relative(frame, length, path) == FAST_OVERLAY_NOT;
}

/* The path at GUEST_PATH_AT, relative to DIRECTORY, to frame->path. FOLLOWS: a link in its last component. */
static void read_path(struct fast_frame *frame, unsigned long guest_path_at, long directory, bool follows,
		      struct fast_path *path)
{
	long length;

	*path = (struct fast_path){ .kind = PATH_SLOW, .follows = follows, .now = clock_now() };
	length = read_string(frame, guest_path_at, path->now);
	frame->directory = (int)directory;
	if (length <= 0 || frame->path[length - 1] == '/') {
		if (!length && !(the_view()->flags & VIEW_VIRTUAL))
			path->kind = PATH_EMPTY;
		return;
	}
	if (overlay_is_there() && !find_in_overlay(frame, (size_t)length, path))
		return;
	if (frame->path[0] == '/')
		find_absolute(frame, (size_t)length, name_start(frame->path, (size_t)length), path);
	else
		find_relative(frame, (size_t)length, name_start(frame->path, (size_t)length), path);
}

/* Whether the last component of a readable path is a link. */
static bool ends_in_link(const struct fast_frame *frame, const struct fast_path *path)
{
	char target[1];
	long status;

	if (path->is_kept && plain_is_known(frame->path, path->length, path->stamp, path->now))
		return false;
	status = GATE_4(NR_readlinkat, frame->directory, frame->path, target, sizeof(target));
	if (status != -EINVAL)
		return status != -ENOENT;
	if (path->is_kept)
		plain_note(frame->path, path->length, path->stamp, path->now);
	return false;
}

/* That the kernel has just written there says as much as guest_read() could find out. */
static uint32_t file_type(unsigned long mode_at, bool is_statx)
{
	uint32_t mode = is_statx ? *(const uint16_t *)mode_at : *(const uint32_t *)mode_at;

	return mode & S_IFMT;
}

/*
 * The status of PATH, not followed, is where its mode lies: the result, or
 * FAST_SLOW where it is a link to be followed. Others are asked about it next
 * by calls that do not show what it is.
 */
static long judge_status(struct fast_frame *frame, const struct fast_path *path, unsigned long mode_at, bool is_statx,
			 unsigned long flags)
{
	uint32_t type = file_type(mode_at, is_statx);

	if (type == S_IFLNK)
		return flags & AT_SYMLINK_NOFOLLOW && !hardlinks_are_on() ? 0 : FAST_SLOW;
	use_absolute(frame, path);
	if (path->is_kept && type == S_IFDIR)
		plain_note_directory(frame->path, path->length, path->is_of_root, path->stamp, path->now);
	else if (path->is_kept)
		plain_note(frame->path, path->length, path->stamp, path->now);
	return 0;
}

/* A copy of a file of /proc may be: proc_file_of_copy(). */
static bool is_removed_file(const struct stat *status)
{
	return (status->st_mode & S_IFMT) == S_IFREG && !status->st_nlink;
}

/* An open file may have more names than the kernel knows, a directory fewer others in it. */
static bool may_miscount(bool is_open, uint32_t type)
{
	return hardlinks_are_on() && (is_open || type == S_IFDIR);
}

/* Whether the path can be asked about: in an overlay it becomes that in the layer which has it. */
static bool find_layer(struct fast_frame *frame, struct fast_path *path)
{
	uint32_t type;

	return !path->layers || fast_overlay_find(frame, path, false, &type);
}

/* Whether the kernel has said RESULT of a layer for another reason than that nothing is there. */
static bool is_of_layer_only(const struct fast_path *path, long result)
{
	return path->layers && result && result != -ENOENT;
}

/* The same of the status of what is there: it may be that of a whiteout, or not be all. */
static bool is_of_one_layer(const struct fast_path *path, uint32_t mode, uint64_t size, uint64_t device)
{
	return path->layers && !fast_overlay_is_plain(path, mode, size, device);
}

/* Directories of an overlay are all of one device: overlay_tell(). */
static bool is_of_other_device(const struct fast_path *path, uint32_t mode, uint64_t device)
{
	return path->layers && (mode & S_IFMT) == S_IFDIR && !overlay_is_of_device(path->mount, device);
}

#define STAT_FLAGS (AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH)

/* Have NR made with four or five arguments, the path second, and its result judged as KIND says. */
static long make(struct fast_frame *frame, enum fast_kind kind, unsigned long nr, unsigned long third,
		 unsigned long fourth, unsigned long fifth)
{
	frame->kind = kind;
	frame->made[0] = nr;
	frame->made[1] = (unsigned long)frame->directory;
	frame->made[2] = (unsigned long)frame->path;
	frame->made[3] = third;
	frame->made[4] = fourth;
	frame->made[5] = fifth;
	return FAST_CALL;
}

/* Asked without following: a link, which is rare, shows in the answer. */
static long fast_stat(struct fast_frame *frame, long directory, unsigned long guest_path, unsigned long buf,
		      unsigned long flags)
{
	struct fast_path *path = &frame->about;

	if (flags & 0xffffffff & ~(unsigned long)STAT_FLAGS)
		return FAST_SLOW;
	read_path(frame, guest_path, directory, !(flags & AT_SYMLINK_NOFOLLOW), path);
	if (path->kind == PATH_SLOW)
		return FAST_SLOW;
	frame->guest_flags = flags;
	if (!find_layer(frame, path))
		return FAST_SLOW;
	if (path->kind != PATH_EMPTY)
		use_cwd(frame, path);
	return make(frame, FAST_STATUS, NR_newfstatat, buf,
		    path->kind == PATH_EMPTY ? flags : flags | AT_SYMLINK_NOFOLLOW, 0);
}

/* By descriptor, which traps only where owners are told, or for directories that are virtual. */
static long fast_fstat(struct fast_frame *frame, int fd, unsigned long buf)
{
	if (fd < 0 || the_view()->flags & VIEW_VIRTUAL)
		return FAST_SLOW;
	frame->about = (struct fast_path){ .kind = PATH_EMPTY };
	frame->directory = fd;
	frame->path = "";
	return make(frame, FAST_STATUS, NR_newfstatat, buf, AT_EMPTY_PATH, 0);
}

/* What carries no attribute is known in the store by its whole path. */
static void name_for_store(struct fast_frame *frame, const struct fast_path *path, uint32_t mode)
{
	if ((mode & S_IFMT) != S_IFREG && (mode & S_IFMT) != S_IFDIR)
		use_absolute(frame, path);
}

static bool tell_owner_in_stat(struct fast_frame *frame, struct stat *file)
{
	if (!identity_is_on())
		return true;
	name_for_store(frame, &frame->about, file->st_mode);
	return fast_tell_owner_in_stat(frame, file) && is_believed(&frame->about, 0);
}

/* What is open may have come to be another in an overlay. */
static bool is_current(struct fast_frame *frame, uint32_t mode, uint64_t device)
{
	if (!overlay_is_there())
		return true;
	frame->path = "";
	return fast_overlay_is_current(frame, (int)frame->directory, (mode & S_IFMT) == S_IFDIR, device);
}

static long judge_stat(struct fast_frame *frame, long status)
{
	const struct fast_path *path = &frame->about;
	struct stat *file = (struct stat *)frame->made[3];

	if (path->kind == PATH_EMPTY && (status || is_removed_file(file) || may_miscount(true, file->st_mode & S_IFMT)))
		return status ? status : FAST_SLOW;
	/* What could not be written may be that of a link: where that leads is an error before. */
	if (!is_believed(path, status) || status == -EFAULT || is_of_layer_only(path, status))
		return FAST_SLOW;
	if (status)
		return status;
	if (is_of_one_layer(path, file->st_mode, (uint64_t)file->st_size, file->st_rdev) ||
	    is_of_other_device(path, file->st_mode, file->st_dev) ||
	    (path->kind == PATH_EMPTY && !is_current(frame, file->st_mode, file->st_dev)))
		return FAST_SLOW;
	if (!tell_owner_in_stat(frame, file))
		return FAST_SLOW;
	if (path->kind == PATH_EMPTY)
		return 0;
	status = judge_status(frame, path, (unsigned long)&file->st_mode, false, frame->guest_flags);
	return may_miscount(false, file->st_mode & S_IFMT) ? FAST_SLOW : status;
}

/* Whether the directory DESCRIPTOR may be that of a binding. The path in FRAME is overwritten. */
static bool may_be_of_top(struct fast_frame *frame, int descriptor)
{
	const struct view *view = the_view();
	const struct view_order *order = view_order(view);
	char *host_path = frame->host_path;
	struct text link;
	long length;

	if (order->count == 1)
		return false;
	text_init(&link, host_path, FAST_PATH_MOST);
	text_add(&link, PROC_DESCRIPTORS);
	text_add_number(&link, descriptor);
	length = GATE_4(NR_readlinkat, AT_FDCWD, host_path, host_path, FAST_PATH_MOST);
	if (length <= 0 || length == FAST_PATH_MOST || host_path[0] != '/')
		return true;
	host_path[length] = '\0';
	/* The host path of the host's root is "". */
	for (uint32_t i = 0; i < order->count; i++)
		if (text_equal(length == 1 ? "" : host_path, view_host(view, order->entries[i])))
			return true;
	return false;
}

static APART long fast_statx(struct fast_frame *frame, const unsigned long arguments[6])
{
	struct fast_path *path = &frame->about;

	if (arguments[2] & 0xffffffff & ~(unsigned long)(STAT_FLAGS | AT_STATX_SYNC_TYPE) ||
	    mount_is_asked(arguments[3]))
		return FAST_SLOW;
	read_path(frame, arguments[1], (long)arguments[0], !(arguments[2] & AT_SYMLINK_NOFOLLOW), path);
	if (path->kind == PATH_SLOW || (path->kind == PATH_RELATIVE && frame->path[0] == '.') || path->may_be_top)
		return FAST_SLOW;
	frame->guest_flags = arguments[2];
	if (!find_layer(frame, path))
		return FAST_SLOW;
	use_cwd(frame, path);
	return make(frame, FAST_STATUS_X, NR_statx, arguments[2] | AT_SYMLINK_NOFOLLOW,
		    identity_is_on() ? arguments[3] | STATX_CTIME : arguments[3], arguments[4]);
}

/* The time of change was asked for our sake. Some file systems (Linux 6.13) tell it only then. */
static void leave_out_times(const struct fast_frame *frame, struct statx *result)
{
	unsigned long arguments[6];

	registers_fast_arguments(&frame->registers, arguments);
	if (!(arguments[3] & (STATX_CTIME | STATX_MTIME)))
		result->stx_mask &= ~(STATX_CTIME | STATX_MTIME);
}

static bool tell_owner_in_statx(struct fast_frame *frame, struct statx *file)
{
	if (!identity_is_on())
		return true;
	name_for_store(frame, &frame->about, file->stx_mode);
	if (!fast_tell_owner_in_statx(frame, file) || !is_believed(&frame->about, 0))
		return false;
	leave_out_times(frame, file);
	return true;
}

static APART long judge_statx(struct fast_frame *frame, long status)
{
	struct statx *result = (struct statx *)frame->made[5];
	const struct fast_path *path = &frame->about;
	uint64_t device;
	uint32_t type;

	if (!is_believed(path, status) || status == -EFAULT || is_of_layer_only(path, status))
		return FAST_SLOW;
	if (status)
		return status;
	device = owner_device(result->stx_dev_major, result->stx_dev_minor);
	if (is_of_one_layer(path, result->stx_mode, result->stx_size,
			    result->stx_rdev_major | result->stx_rdev_minor) ||
	    is_of_other_device(path, result->stx_mode, device) ||
	    (path->kind == PATH_EMPTY && !is_current(frame, result->stx_mode, device)))
		return FAST_SLOW;
	if (!tell_owner_in_statx(frame, result))
		return FAST_SLOW;
	mount_leave_out(result);
	type = result->stx_mode & S_IFMT;
	if (path->kind != PATH_EMPTY) {
		status = judge_status(frame, path, (unsigned long)&result->stx_mode, true, frame->guest_flags);
		return may_miscount(false, type) ? FAST_SLOW : status;
	}
	if (may_miscount(true, type))
		return FAST_SLOW;
	if (type == S_IFREG)
		return result->stx_nlink ? 0 : FAST_SLOW;
	return type == S_IFDIR && may_be_of_top(frame, (int)frame->made[1]) ? FAST_SLOW : 0;
}

/*
 * Whether an attribute is read, or the names of all. Where the guest is not who the kernel knows, of few: then *NAME
 * is the second argument.
 */
static bool reads_attribute(const struct fast_frame *frame, const struct call_row *row,
			    const unsigned long arguments[6], unsigned long *name)
{
	if (row->handler != handle_xattr || !identity_is_on())
		return row->handler == handle_xattr;
	if (row->nr == NR_getxattr || row->nr == NR_lgetxattr)
		*name = fast_attribute_name(frame, arguments[1]);
	return *name;
}

/* Whether the path is of the root's mount, which is not read-only. */
static bool is_in_writable_root(const struct fast_path *path)
{
	return path->is_in_root && !path->followed && !readonly_is_mount(0);
}

/* Whether the answer depends on whether the mount is read-only. */
static bool is_of_mode(const struct call_row *row, const unsigned long arguments[6])
{
	return row->handler == handle_statfs ||
	       (row->handler == handle_access && arguments[row->nr == NR_access ? 1 : 2] & ACCESS_WRITE);
}

/* The call of ROW is made with the path that FRAME has; and with the NAME of an attribute, if that is not NULL. */
static long make_row(struct fast_frame *frame, const struct call_row *row, const unsigned long arguments[6],
		     unsigned long name)
{
	const struct call_path *shape = &row->paths[0];

	frame->kind = FAST_OTHER;
	frame->made[0] = row->nr;
	memcpy(frame->made + 1, arguments, 6 * sizeof(arguments[0]));
	frame->made[1 + shape->path] = (unsigned long)frame->path;
	if (shape->directory != CALL_CWD)
		frame->made[1 + shape->directory] = (unsigned long)frame->directory;
	if (name)
		frame->made[2] = name;
	return FAST_CALL;
}

/* What is in the layer that has it. Whether it may be written to is not that layer's to say. */
static APART long read_in_overlay(struct fast_frame *frame, const struct call_row *row,
				  const unsigned long arguments[6], unsigned long name)
{
	struct fast_path *path = &frame->about;
	uint32_t type;

	if (row->handler == handle_xattr ?
		    (row->nr != NR_getxattr && row->nr != NR_lgetxattr) || !fast_overlay_tells(frame, arguments[1]) :
		    row->handler != handle_access || is_of_mode(row, arguments))
		return FAST_SLOW;
	if (!fast_overlay_find(frame, path, true, &type) || (path->follows && type == S_IFLNK))
		return FAST_SLOW;
	return make_row(frame, row, arguments, name);
}

/* Any other call that reads what one path names, and needs no more than that path translated. */
static long fast_read(struct fast_frame *frame, const struct call_row *row, const unsigned long arguments[6])
{
	const struct call_path *shape = &row->paths[0];
	long directory = shape->directory == CALL_CWD ? AT_FDCWD : (long)arguments[shape->directory];
	struct fast_path *path = &frame->about;
	unsigned long name = 0;

	if (row->once || !(row->handler == handle_paths || row->handler == handle_statfs ||
			   row->handler == handle_access || reads_attribute(frame, row, arguments, &name)))
		return FAST_SLOW;
	if (row->handler == handle_access && identity_is_on() && !access_real_is_effective())
		return FAST_SLOW;
	read_path(frame, arguments[shape->path], directory, call_follows(shape, arguments), path);
	if (path->layers)
		return read_in_overlay(frame, row, arguments, name);
	if (path->kind < PATH_RELATIVE || (hardlinks_are_on() && !path->follows) ||
	    (path->follows && (!path->stamp || ends_in_link(frame, path))) ||
	    (readonly_is_there() && is_of_mode(row, arguments) && !is_in_writable_root(path)))
		return FAST_SLOW;
	use_cwd(frame, path);
	return make_row(frame, row, arguments, name);
}

/* Only an absolute target in /proc is not what the guest is to see. */
static long fast_readlink(struct fast_frame *frame, long directory, unsigned long guest_path, unsigned long buf,
			  int size)
{
	struct fast_path *path = &frame->about;
	uint32_t type;

	if (size <= 0 || hardlinks_are_on())
		return FAST_SLOW;
	read_path(frame, guest_path, directory, false, path);
	if (path->layers && !fast_overlay_find(frame, path, true, &type))
		return FAST_SLOW;
	if (path->kind < PATH_RELATIVE || (path->kind == PATH_ABSOLUTE && text_begins(frame->path, "/proc/")))
		return FAST_SLOW;
	use_cwd(frame, path);
	return make(frame, FAST_LINK, NR_readlinkat, buf, (unsigned long)size, 0);
}

static long judge_link(const struct fast_frame *frame, long length)
{
	bool may_be_proc = frame->about.kind == PATH_RELATIVE && length > 0 && *(const char *)frame->made[3] == '/';

	return is_believed(&frame->about, length) && !may_be_proc ? length : FAST_SLOW;
}

/* Whether it may be a list that the guest is to see another way: tell_list(), agent/xattr.c. */
static bool is_attribute(const struct fast_frame *frame, long result)
{
	return result > 0 && identity_is_on() && (frame->made[0] == NR_getxattr || frame->made[0] == NR_lgetxattr);
}

long fast_judge(struct fast_frame *frame, long result)
{
	switch (frame->kind) {
	case FAST_STATUS:
		return judge_stat(frame, result);
	case FAST_STATUS_X:
		return judge_statx(frame, result);
	case FAST_LINK:
		return judge_link(frame, result);
	default:
		return is_believed(&frame->about, result) && !is_attribute(frame, result) ? result : FAST_SLOW;
	}
}

/* As find_absolute() has it, but for links that are not known. */
static bool find_absolute_text(struct fast_frame *frame, size_t length, size_t name, struct fast_path *path)
{
	enum known known = find_known(frame, &length, &name, path);
	uint32_t mount;

	if (known == KNOWN_LOST)
		return false;
	path->is_in_root = known == KNOWN_DIRECTORY;
	if (known == KNOWN_NOT) {
		path->stamp = plain_now();
		path->is_in_root = take_absolute(frame, length, path, &mount) && !mount && path->stamp;
	}
	frame->path = frame->host_path;
	frame->directory = AT_FDCWD;
	return path->length && is_followed_now(path);
}

/* The same for any path. */
static bool find_by_text(struct fast_frame *frame, size_t length, size_t name, struct fast_path *path)
{
	unsigned int count;

	if (frame->path[0] == '/')
		return find_absolute_text(frame, length, name, path);
	/* Of what it is relative to only the full walk knows whether it is an overlay's. */
	if (overlay_is_there())
		return false;
	return (!name && fast_is_ordinary(frame->path, length)) ||
	       view_is_relative_plain(the_view(), frame->path, &count);
}

/* Of the flags of an open. */
static bool may_open(unsigned long flags)
{
	if (the_view()->flags & VIEW_VIRTUAL && flags & O_CREAT)
		return false;
	return !identity_is_on() || (!(flags & (O_CREAT | O_TRUNC)) && (flags & __O_TMPFILE) != __O_TMPFILE);
}

/* Whether the path, of LENGTH bytes, may be that of a file of /proc of which there is a copy. */
static bool may_be_copied(const struct fast_frame *frame, size_t length)
{
	size_t name = name_start(frame->path, length);

	return proc_file_may_be(frame->path + name, length - name);
}

/* Of an open that only reads, and what it has to be. */
#define OPEN_FLAGS (O_NONBLOCK | O_CLOEXEC | O_LARGEFILE | O_NOFOLLOW | O_DIRECTORY | O_NOCTTY)

/* A file or directory is read from the layer that has it. What is a whiteout by now is no file that can be opened. */
static APART long open_in_overlay(struct fast_frame *frame, struct fast_path *path, unsigned long flags)
{
	uint32_t type;

	if (!path->layers || !fast_overlay_find(frame, path, true, &type) ||
	    (type && type != S_IFREG && type != S_IFDIR) || mounts_may_need_note(frame->path, flags))
		return FAST_SLOW;
	frame->how = open_how_of(flags, 0);
	frame->stamp = path->stamp;
	return FAST_OPEN;
}

/*
 * openat2 looks for links itself. With a stamp, the path is named from the current
 * directory, was found by links that are known, or is in an overlay: what has been opened is closed again if it does
 * not hold.
 */
static long fast_open(struct fast_frame *frame, long directory, unsigned long guest_path, unsigned long flags,
		      unsigned long mode)
{
	bool makes = flags & (O_CREAT | O_TRUNC), only_reads = !(flags & 0xffffffff & ~(unsigned long)OPEN_FLAGS);
	struct fast_path path = { .follows = !(flags & O_NOFOLLOW), .keeps_links = makes, .now = clock_now() };
	long length = read_string(frame, guest_path, path.now);

	frame->directory = (int)directory;
	/* "/" is nothing that could be made, but what the host calls it ends in a slash, and that the kernel says
	 * first. */
	if (length <= 0 || (makes && frame->path[length - 1] == '/'))
		return FAST_SLOW;
	if (only_reads && overlay_is_there() && frame->path[length - 1] != '/' &&
	    !may_be_copied(frame, (size_t)length) && !find_in_overlay(frame, (size_t)length, &path))
		return open_in_overlay(frame, &path, flags);
	if (!may_open(flags) || may_be_copied(frame, (size_t)length) ||
	    !find_by_text(frame, (size_t)length, name_start(frame->path, (size_t)length), &path) ||
	    (readonly_may_forbid(flags) && !is_in_writable_root(&path)) ||
	    (path.followed && may_be_copied(frame, path.length)) || mounts_may_need_note(frame->path, flags))
		return FAST_SLOW;
	frame->how = open_how_of(flags, mode);
	if (!makes)
		use_cwd(frame, &path);
	frame->stamp = path.is_from_cwd || path.followed ? path.stamp : 0;
	return FAST_OPEN;
}

#define PAGE 0x1000ul

/* As guest_read(). What lies in the pages of the frame and of the guest's stack pointer, which both have been written
 * to, is readable. */
static long read_near(const struct fast_frame *frame, void *to, unsigned long address, size_t size)
{
	unsigned long end = ALIGN_UP(registers_fast_stack(&frame->registers), PAGE);

	if (address < ALIGN_DOWN((unsigned long)frame, PAGE) || address > end || size > end - address)
		return guest_read(to, address, size);
	memcpy(to, (const void *)address, size);
	return 0;
}

/* The kernel has just written the old mask there: whether SIGSYS seems to be in it, as the guest is told. */
static bool tell_old_mask(unsigned long old_at)
{
	unsigned long *old = (unsigned long *)old_at;
	bool is_blocked = signal_seems_blocked(*old);

	if (is_blocked)
		*old |= SIGNAL_BIT(SIGSYS);
	return is_blocked;
}

/*
 * The mask goes to the kernel in a copy: the guest's own may change behind our
 * look at it. A change is not made here: made again it would tell another old mask.
 */
static APART long fast_sigprocmask(struct fast_frame *frame, const unsigned long arguments[6])
{
	unsigned long set;
	long status;

	if (arguments[3] != SIGNAL_SET_SIZE || signal_any_differs())
		return FAST_SLOW;
	if (!arguments[1]) {
		status = GATE_4(NR_rt_sigprocmask, 0, 0, arguments[2], SIGNAL_SET_SIZE);
		if (!status && arguments[2])
			tell_old_mask(arguments[2]);
		return status;
	}
	if (read_near(frame, &set, arguments[1], sizeof(set)))
		return FAST_SLOW;
	frame->mask.set = set & ~SIGNAL_BIT(SIGSYS);
	frame->mask.old_at = arguments[2] ? arguments[2] : (unsigned long)&frame->mask.old;
	frame->directory = set & SIGNAL_BIT(SIGSYS) ? 1 : 0;
	return FAST_MASK;
}

void fast_note_mask(struct fast_frame *frame)
{
	unsigned long set = frame->mask.set, mask, arguments[6];
	bool is_blocked, has_own = frame->directory;

	if (frame->registers.result)
		return;
	registers_fast_arguments(&frame->registers, arguments);
	is_blocked = tell_old_mask(frame->mask.old_at);
	mask = *(const unsigned long *)frame->mask.old_at;
	switch ((int)arguments[0]) {
	case SIG_BLOCK:
		mask |= set;
		is_blocked |= has_own;
		break;
	case SIG_UNBLOCK:
		mask &= ~set;
		is_blocked &= !has_own;
		break;
	default:
		mask = set;
		is_blocked = has_own;
	}
	signal_set_blocked(mask, is_blocked);
}

/* Of a thread, in memory that is shared, on a stack of its own: its way back is in no frame of its parent's. */
static APART long fast_clone(struct fast_frame *frame, const unsigned long arguments[6])
{
	const struct clone_args *copy = (const struct clone_args *)frame->host_path;
	const struct fast_registers *regs = &frame->registers;
	size_t size = arguments[1];

	if (size < CLONE_ARGS_SIZE_VER0 || size > FAST_PATH_MOST ||
	    read_near(frame, frame->host_path, arguments[0], size) || !(copy->flags & CLONE_VM) || !copy->stack ||
	    copy->flags & CLONE_UNTRACED)
		return FAST_SLOW;
	__atomic_store_n(&frame->self, (unsigned long)frame | FAST_IS_CLONING, __ATOMIC_RELAXED);
	frame->child = clone_take_child(frame, copy->flags);
	frame->child->saved = registers_saved_fast(regs);
	return FAST_CLONE;
}

/* Where no process has a root of its own, no directory is at two places, and none has been removed unseen. */
static APART long fast_getcwd(struct fast_frame *frame, unsigned long to, unsigned long size)
{
	size_t half = FAST_PATH_MOST / 2;
	char *host_path = frame->host_path, *guest_path = host_path + half;
	long length;

	if (root_is_set() || the_view()->flags & (VIEW_TWICE | VIEW_VIRTUAL | VIEW_OVERLAY))
		return FAST_SLOW;
	length = GATE_2(NR_getcwd, host_path, half);
	if (length <= 0 || host_path[0] != '/')
		return FAST_SLOW;
	length = view_to_guest(the_view(), host_path, guest_path, half);
	if (length <= 0)
		return FAST_SLOW;
	if ((size_t)length >= size)
		return -ERANGE;
	return guest_write(to, guest_path, (size_t)length + 1) ? -EFAULT : length + 1;
}

/* Of who has the same as all. */
static long fast_id(unsigned long nr)
{
	const struct credentials *all = identity_of_all();

	return all ? credentials_id(all, nr) : FAST_SLOW;
}

/* Whether the filter would have trapped the call, at a site where it can be handled. */
static bool is_ours(const struct call_row *row, const unsigned long arguments[6])
{
	return row->action == CALL_TRAP && !call_needs_frame(row->nr) && condition_holds(row, arguments);
}

long fast_call(struct fast_frame *frame)
{
	unsigned long a[6];

	const struct call_row *row = call_find(frame->registers.result & 0xffffffff);

	registers_fast_arguments(&frame->registers, a);
	if (!row || !is_ours(row, a) || (filters_are_on() && !filters_allow(row->nr)))
		return FAST_PASS;
	if (log_is_on() || access_is_checked(NULL))
		return FAST_SLOW;
	switch (row->nr) {
	case NR_stat:
		return fast_stat(frame, AT_FDCWD, a[0], a[1], 0);
	case NR_lstat:
		return fast_stat(frame, AT_FDCWD, a[0], a[1], AT_SYMLINK_NOFOLLOW);
	case NR_newfstatat:
		return fast_stat(frame, (long)a[0], a[1], a[2], a[3]);
	case NR_statx:
		return fast_statx(frame, a);
	case NR_fstat:
		return fast_fstat(frame, (int)a[0], a[1]);
	case NR_readlink:
		return fast_readlink(frame, AT_FDCWD, a[0], a[1], (int)a[2]);
	case NR_readlinkat:
		return fast_readlink(frame, (long)a[0], a[1], a[2], (int)a[3]);
	case NR_open:
		return fast_open(frame, AT_FDCWD, a[0], a[1], a[2]);
	case NR_openat:
		return fast_open(frame, (long)a[0], a[1], a[2], a[3]);
	case NR_getuid:
	case NR_geteuid:
	case NR_getgid:
	case NR_getegid:
		return fast_id(row->nr);
	case NR_getcwd:
		return fast_getcwd(frame, a[0], a[1]);
	case NR_rt_sigprocmask:
		return fast_sigprocmask(frame, a);
	case NR_clone3:
		return fast_clone(frame, a);
	default:
		return row->writes ? fast_change(frame, row, a) : fast_read(frame, row, a);
	}
}

/* On the stack of SLOT. 1: the call goes on at the gate. */
static long handle_in_slot(struct slot *slot, long frame_at)
{
	struct fast_frame *frame = (struct fast_frame *)frame_at;
	struct ucontext *context = &slot->context;

	registers_from_fast(context, &frame->registers);
	if (dispatch_call(slot, context, SECCOMP_RET_ALLOW)) {
		slot->gate = registers_enter_later(context, slot->enter);
		return 1;
	}
	frame->registers.result = (unsigned long)registers_result(context);
	return 0;
}

struct slot *fast_handle(struct fast_frame *frame)
{
	static const unsigned long all = ~0ul;
	unsigned long mask;
	struct slot *slot;

	GATE_4(NR_rt_sigprocmask, SIG_SETMASK, &all, &mask, SIGNAL_SET_SIZE);
	frame->self = 0;
	slot = slot_take();
	*registers_mask(&slot->context) = mask;
	if (agent_call_on((char *)slot + SLOT_SIZE, handle_in_slot, slot, (long)frame)) {
		slot->mask = *registers_mask(&slot->context);
		tracer_leave();
		return slot;
	}
	mask = *registers_mask(&slot->context);
	slot_free(slot);
	frame->self = (unsigned long)frame + FAST_IS_DONE;
	GATE_4(NR_rt_sigprocmask, SIG_SETMASK, &mask, 0, SIGNAL_SET_SIZE);
	return NULL;
}

/*
 * In C, the frame may be anywhere in the registers and on the stack. It is the
 * word that holds its own address, nearest above the stack pointer. All others have
 * been left, and hold it no more.
 */
static struct fast_frame *find_frame(unsigned long stack_pointer)
{
	/* Between the frame and fast_call() are its return address, flags and what aligns the stack. */
	unsigned long at = ALIGN_UP(stack_pointer, 8), end = at + FAST_DEPTH_MOST + FAST_SELF + 32;

	for (; at < end; at += sizeof(long)) {
		struct fast_frame *frame = (struct fast_frame *)(at - FAST_SELF);

		if ((frame->self & ~(unsigned long)FAST_IS_ANY) == (unsigned long)frame)
			return frame;
	}
	return NULL;
}

static void leave_from_c(struct ucontext *context)
{
	struct fast_frame *frame = find_frame(registers_stack(context));
	unsigned long is;

	if (!frame)
		return;
	plain_forget_half(registers_stack(context), (unsigned long)frame);
	is = frame->self & FAST_IS_ANY;
	frame->self = 0;
	if (is & FAST_IS_MASKED)
		fast_note_mask(frame);
	if (is & FAST_IS_CLONING)
		clone_forget_child(frame);
	if (is & (FAST_IS_DONE | FAST_IS_MASKED))
		registers_from_fast(context, &frame->registers);
	else
		registers_rewind_fast(context, &frame->registers);
}

/* The call has been made. */
static void leave_with_result(struct ucontext *context, long result)
{
	struct fast_frame *frame = registers_fast_frame(context);

	frame->self = 0;
	frame->registers.result = (unsigned long)result;
	registers_from_fast(context, &frame->registers);
}

/* Behind an open, as the code there does it. */
static void leave_with_descriptor(struct ucontext *context, long result)
{
	struct fast_frame *frame = registers_fast_frame(context);
	bool holds = plain_holds(frame->stamp);

	if (result != -ELOOP && result != -EACCES && result != -ENXIO && holds) {
		leave_with_result(context, result);
		return;
	}
	if (result >= 0)
		GATE_1(NR_close, result);
	frame->self = 0;
	registers_rewind_fast(context, &frame->registers);
}

/* The mask has been changed. */
static void leave_with_mask(struct ucontext *context)
{
	struct fast_frame *frame = registers_fast_frame(context);

	frame->registers.result = (unsigned long)registers_result(context);
	fast_note_mask(frame);
	leave_with_result(context, registers_result(context));
}

/* At clone3, or behind it in the parent. */
static void leave_parent(struct ucontext *context)
{
	struct fast_frame *frame = registers_fast_frame(context);
	struct clone_child *child = registers_child(context);
	unsigned long at = registers_instruction(context);

	if (at == (unsigned long)gate_fast_clone) {
		clone_child_free(child);
		frame->self = 0;
		registers_rewind_fast(context, &frame->registers);
		return;
	}
	if (registers_result(context) < 0 && at <= (unsigned long)gate_fast_clone_free)
		clone_child_free(child);
	leave_with_result(context, registers_result(context));
}

/* Within gate_change. */
static void leave_change(struct ucontext *context)
{
	struct fast_frame *frame = registers_fast_frame(context);

	frame->self = 0;
	if (change_leave(frame, context))
		registers_from_fast(context, &frame->registers);
	else
		registers_rewind_fast(context, &frame->registers);
}

#define IS_IN(at, from, to) ((at) >= (unsigned long)(from) && (at) < (unsigned long)(to))

void fast_leave_for_signal(struct ucontext *context)
{
	unsigned long at = registers_instruction(context), arguments[6];
	struct fast_frame *frame;

	if (IS_IN(at, fast_looking, fast_beginning)) {
		registers_rewind_look(context);
	} else if (IS_IN(at, fast_traced, fast_traced_end)) {
		registers_rewind_traced(context);
	} else if (IS_IN(at, fast_entry, fast_saved)) {
		registers_rewind_entry(context, at > (unsigned long)fast_moving, at >= (unsigned long)fast_flags);
	} else if (IS_IN(at, fast_leaving, fast_left) || IS_IN(at, fast_tell, fast_tell_end) ||
		   IS_IN(at, fast_passed, fast_slow)) {
		frame = registers_fast_frame(context);
		frame->self = 0;
		registers_from_fast(context, &frame->registers);
	} else if (at == (unsigned long)fast_left) {
		frame = registers_late_fast_frame(context);
		registers_from_fast(context, &frame->registers);
	} else if (at == (unsigned long)fast_gone) {
		registers_leave_late(context);
	} else if (IS_IN(at, gate_fast_masked, gate_fast_mask_noted)) {
		leave_with_mask(context);
	} else if (IS_IN(at, gate_fast_clone, gate_fast_clone_freed) || at == (unsigned long)gate_fast_clone_freed) {
		leave_parent(context);
	} else if (IS_IN(at, gate_change, gate_change_end)) {
		leave_change(context);
	} else if (IS_IN(at, fast_leave, fast_leaving)) {
		leave_with_result(context, registers_result(context));
	} else if (IS_IN(at, gate_fast_opened, gate_fast_closing)) {
		leave_with_descriptor(context, registers_result(context));
	} else if (at == (unsigned long)gate_fast_closing) {
		registers_arguments(context, arguments);
		leave_with_descriptor(context, (long)arguments[0]);
	} else if (at == (unsigned long)gate_fast_closed) {
		leave_with_descriptor(context, -ELOOP);
	} else {
		leave_from_c(context);
	}
}
