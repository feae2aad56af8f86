/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/fast.h"
#include "agent/access.h"
#include "agent/change.h"
#include "agent/clone.h"
#include "agent/credentials.h"
#include "agent/dispatch.h"
#include "agent/gate.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/mount.h"
#include "agent/mounts.h"
#include "agent/open.h"
#include "agent/fast_owner.h"
#include "agent/patch.h"
#include "agent/plain.h"
#include "agent/proc.h"
#include "agent/proc_files.h"
#include "agent/root.h"
#include "agent/signal.h"
#include "agent/store.h"
#include "base/text.h"
#include "image/state.h"
#include <asm/fcntl.h>
#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/sched.h>
#include <linux/stat.h>

unsigned long fast_is_closed;

static uint32_t closed_for_good;

void fast_close(uint32_t lasting)
{
	if (lasting)
		closed_for_good = lasting;
	__atomic_store_n(&fast_is_closed, 1, __ATOMIC_RELEASE);
}

void fast_start(uint32_t flags)
{
	if (flags & STATE_FILTERED)
		fast_close(STATE_FILTERED);
}

uint32_t fast_state(void)
{
	return closed_for_good;
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
	return length;
}

/* Where the last component of PATH begins. */
static size_t name_start(const char *path, size_t length)
{
	while (length && path[length - 1] != '/')
		length--;
	return length;
}

/* Whether NAME is none of a binding, and no "." or "..". */
static bool is_ordinary(const char *name, size_t length)
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

	if (root_is_set() || !is_ordinary(frame->path + name, length - name))
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

	if (!rest || up > FAST_UP_MOST || up * 3 > rest)
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

static void use_absolute(struct fast_frame *frame, const struct fast_path *path)
{
	if (!path->is_from_cwd)
		return;
	memcpy((char *)frame->path, path->replaced_text, path->replaced);
	frame->path = frame->host_path;
}

/* Whether the kernel's RESULT is the guest's. Root inside may do more than the kernel knows. */
static bool is_believed(const struct fast_path *path, long result)
{
	if (result == -EACCES && (path->is_from_cwd || identity_is_on()))
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

/* The same as read_path(), of a path in FRAME that is absolute. */
static void find_absolute(struct fast_frame *frame, size_t length, size_t name, struct fast_path *path)
{
	uint32_t mount = 0;

	path->is_kept = true;
	if (take_known_absolute(frame, length, name, path)) {
		frame->path = frame->host_path;
		frame->directory = AT_FDCWD;
		path->is_in_root = true;
	} else {
		path->may_be_top = !is_ordinary(frame->path + name, length - name);
		if (!take_absolute(frame, length, path, &mount) ||
		    !plain_is_directory(frame->path, name_start(frame->path, path->length) - 1, !mount, &path->stamp))
			return;
	}
	path->is_of_root = !mount;
	path->kind = PATH_ABSOLUTE;
}

/* The same of one that is relative. */
static void find_relative(struct fast_frame *frame, size_t length, size_t name, struct fast_path *path)
{
	bool is_ordinary_name = is_ordinary(frame->path + name, length - name);
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

/* The path at GUEST_PATH_AT, relative to DIRECTORY, to frame->path. */
static void read_path(struct fast_frame *frame, unsigned long guest_path_at, long directory, struct fast_path *path)
{
	long length;

	*path = (struct fast_path){ .kind = PATH_SLOW, .now = clock_now() };
	length = read_string(frame, guest_path_at, path->now);
	frame->directory = (int)directory;
	if (length <= 0 || frame->path[length - 1] == '/') {
		if (!length && !(the_view()->flags & VIEW_VIRTUAL))
			path->kind = PATH_EMPTY;
		return;
	}
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
		return flags & AT_SYMLINK_NOFOLLOW ? 0 : FAST_SLOW;
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
	read_path(frame, guest_path, directory, path);
	if (path->kind == PATH_SLOW)
		return FAST_SLOW;
	frame->guest_flags = flags;
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

static long judge_stat(struct fast_frame *frame, long status)
{
	const struct fast_path *path = &frame->about;
	struct stat *file = (struct stat *)frame->made[3];

	if (path->kind == PATH_EMPTY && (status || is_removed_file(file)))
		return status ? status : FAST_SLOW;
	/* What could not be written may be that of a link: where that leads is an error before. */
	if (!is_believed(path, status) || status == -EFAULT)
		return FAST_SLOW;
	if (status)
		return status;
	if (identity_is_on() && !(fast_tell_owner_in_stat(frame, file) && is_believed(path, 0)))
		return FAST_SLOW;
	if (path->kind == PATH_EMPTY)
		return 0;
	return judge_status(frame, path, (unsigned long)&file->st_mode, false, frame->guest_flags);
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
	length = GATE_3(NR_readlink, host_path, host_path, FAST_PATH_MOST);
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
	read_path(frame, arguments[1], (long)arguments[0], path);
	if (path->kind == PATH_SLOW || (path->kind == PATH_RELATIVE && frame->path[0] == '.') || path->may_be_top)
		return FAST_SLOW;
	frame->guest_flags = arguments[2];
	use_cwd(frame, path);
	return make(frame, FAST_STATUS_X, NR_statx, arguments[2] | AT_SYMLINK_NOFOLLOW, arguments[3], arguments[4]);
}

static APART long judge_statx(struct fast_frame *frame, long status)
{
	struct statx *result = (struct statx *)frame->made[5];
	const struct fast_path *path = &frame->about;
	uint32_t type;

	if (!is_believed(path, status) || status == -EFAULT)
		return FAST_SLOW;
	if (status)
		return status;
	if (identity_is_on() && !(fast_tell_owner_in_statx(frame, result) && is_believed(path, 0)))
		return FAST_SLOW;
	mount_leave_out(result);
	if (path->kind != PATH_EMPTY)
		return judge_status(frame, path, (unsigned long)&result->stx_mode, true, frame->guest_flags);
	type = result->stx_mode & S_IFMT;
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

/* Any other call that reads what one path names, and needs no more than that path translated. */
static long fast_read(struct fast_frame *frame, const struct call_row *row, const unsigned long arguments[6])
{
	const struct call_path *shape = &row->paths[0];
	long directory = shape->directory == CALL_CWD ? AT_FDCWD : (long)arguments[shape->directory];
	struct fast_path *path = &frame->about;
	unsigned long name = 0;

	if (row->once || !(row->handler == handle_paths || row->handler == handle_access ||
			   reads_attribute(frame, row, arguments, &name)))
		return FAST_SLOW;
	if (row->handler == handle_access && identity_is_on() && !access_real_is_effective())
		return FAST_SLOW;
	read_path(frame, arguments[shape->path], directory, path);
	if (path->kind < PATH_RELATIVE ||
	    (call_follows(shape, arguments) && (!path->stamp || ends_in_link(frame, path))))
		return FAST_SLOW;
	use_cwd(frame, path);
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

/* Only an absolute target in /proc is not what the guest is to see. */
static long fast_readlink(struct fast_frame *frame, long directory, unsigned long guest_path, unsigned long buf,
			  int size)
{
	struct fast_path *path = &frame->about;

	if (size <= 0)
		return FAST_SLOW;
	read_path(frame, guest_path, directory, path);
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

/* As find_absolute() and find_relative() have it, but for links. */
static bool find_by_text(struct fast_frame *frame, size_t length, size_t name, struct fast_path *path)
{
	bool is_absolute = frame->path[0] == '/';
	unsigned int count;
	uint32_t mount;

	if (!is_absolute)
		return (!name && is_ordinary(frame->path, length)) ||
		       view_is_relative_plain(the_view(), frame->path, &count);
	if (!take_known_absolute(frame, length, name, path)) {
		path->stamp = plain_now();
		path->is_in_root = take_absolute(frame, length, path, &mount) && !mount && path->stamp;
		return path->length;
	}
	frame->path = frame->host_path;
	frame->directory = AT_FDCWD;
	path->is_in_root = true;
	return true;
}

/*
 * openat2 looks for links itself. With a stamp, the path is named from the current
 * directory: what has been opened is closed again if it does not hold.
 */
static long fast_open(struct fast_frame *frame, long directory, unsigned long guest_path, unsigned long flags,
		      unsigned long mode)
{
	struct fast_path path = { .now = clock_now() };
	long length = read_string(frame, guest_path, path.now);
	size_t name;

	if (length <= 0)
		return FAST_SLOW;
	name = name_start(frame->path, (size_t)length);
	frame->directory = (int)directory;
	if (proc_file_may_be(frame->path + name, (size_t)length - name) ||
	    (the_view()->flags & VIEW_VIRTUAL && flags & O_CREAT) ||
	    (identity_is_on() && flags & (O_CREAT | O_TRUNC)) ||
	    (identity_is_on() && (flags & __O_TMPFILE) == __O_TMPFILE) ||
	    !find_by_text(frame, (size_t)length, name, &path) || mounts_may_need_note(frame->path, flags))
		return FAST_SLOW;
	frame->how = open_how_of(flags, mode);
	if (!(flags & (O_CREAT | O_TRUNC)))
		use_cwd(frame, &path);
	frame->stamp = path.is_from_cwd ? path.stamp : 0;
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

	if (frame->registers.rax)
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
	    read_near(frame, frame->host_path, arguments[0], size) || !(copy->flags & CLONE_VM) || !copy->stack)
		return FAST_SLOW;
	__atomic_store_n(&frame->self, (unsigned long)frame | FAST_IS_CLONING, __ATOMIC_RELAXED);
	frame->child = clone_take_child(frame, copy->flags);
	frame->child->saved = registers_saved_fast(regs);
	return FAST_CLONE;
}

/* Where no process has a root of its own, and no directory is at two places. */
static APART long fast_getcwd(struct fast_frame *frame, unsigned long to, unsigned long size)
{
	size_t half = FAST_PATH_MOST / 2;
	char *host_path = frame->host_path, *guest_path = host_path + half;
	long length;

	if (root_is_set() || the_view()->flags & (VIEW_TWICE | VIEW_VIRTUAL))
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
	unsigned long argument = arguments[row->when_argument];

	if (row->action != CALL_TRAP || patch_needs_trap(row->nr))
		return false;
	switch (row->condition) {
	case WHEN_SET:
		return argument;
	case WHEN_AMONG:
		return (uint32_t)argument < 64 && row->when_value >> (uint32_t)argument & 1;
	case WHEN_DIFFERS:
		return (uint32_t)argument != (uint32_t)row->when_value;
	case WHEN_SETTING:
		return image_data()->flags & row->when_value;
	case WHEN_EITHER:
		return image_data()->flags & row->when_value || the_view()->flags & row->when_value >> 32;
	case WHEN_VIEW:
		return the_view()->flags & row->when_value;
	default:
		return true;
	}
}

long fast_call(struct fast_frame *frame)
{
	unsigned long a[6];

	const struct call_row *row = call_find(frame->registers.rax & 0xffffffff);

	registers_fast_arguments(&frame->registers, a);
	if (!row || !is_ours(row, a))
		return FAST_PASS;
	if (image_data()->verbosity >= 2 || access_is_checked(NULL))
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
	if (dispatch_call(slot, context)) {
		slot->gate = registers_enter_later(context, slot->enter);
		return 1;
	}
	frame->registers.rax = (unsigned long)registers_result(context);
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
	slot->context.uc_sigmask = mask;
	if (agent_call_on((char *)slot + SLOT_SIZE, handle_in_slot, slot, (long)frame)) {
		slot->mask = slot->context.uc_sigmask;
		return slot;
	}
	mask = slot->context.uc_sigmask;
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
	frame->registers.rax = (unsigned long)result;
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

	frame->registers.rax = (unsigned long)registers_result(context);
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
	} else if (IS_IN(at, fast_entry, fast_saved)) {
		registers_rewind_entry(context, at > (unsigned long)fast_moving, at >= (unsigned long)fast_flags);
	} else if (IS_IN(at, fast_leaving, fast_left) || at == (unsigned long)fast_passed) {
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
