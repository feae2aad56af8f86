/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mount(2) and umount2(2): changes of the view (agent/views.h), of which the kernel
 * and the machine know nothing. File systems of the kernel are those that the host has
 * mounted, shown at another place. What can't be so is refused: EPERM, as for who is root in a
 * container only.
 *
 * The checks and their order are those of fs/namespace.c, Linux 6.18.
 */
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/overlay.h"
#include "agent/mounts.h"
#include "agent/proc.h"
#include "agent/root.h"
#include "agent/tmpfs.h"
#include "agent/translate.h"
#include "agent/views.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <asm/stat.h>
#include <asm/statfs.h>
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/stat.h>

/* Flags of umount2(2): include/linux/fs.h. */
#define MNT_FORCE 1
#define MNT_DETACH 2
#define MNT_EXPIRE 4
#define UMOUNT_NOFOLLOW 8

#define PROPAGATION (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)
/* What would keep the guest from something, and is not kept. */
#define RESTRICTIONS MS_NOSYMFOLLOW

#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256 /* Linux 5.10 */
#endif
#define MQUEUE_MAGIC 0x19800202 /* ipc/mqueue.c */

/* A place of the guest. Both paths have PATH_SIZE bytes. */
struct place {
	char *guest; /* canonical, in the view; "" is the root */
	char *host;
	bool is_directory;
	bool is_virtual;
	bool is_overlay; /* it is in one, by whatever way */
};

/* What mount(2) is asked for. */
struct request {
	struct call *call;
	unsigned long flags;
	struct place target;
	char type[32];
	const char *options;
};

/* File systems of the kernel, and where the host has them. */
static const struct {
	const char *type;
	const char *host;
	unsigned long magic; /* f_type of statfs(2) */
	bool takes_options;  /* which are about what is there already */
	bool is_single;	     /* the kernel has one of it, and does not mount that over itself */
} systems[] = {
	{ "proc", "/proc", PROC_SUPER_MAGIC, false, false },
	{ "sysfs", "/sys", SYSFS_MAGIC, false, true },
	{ "devpts", "/dev/pts", DEVPTS_SUPER_MAGIC, true, false },
	{ "devtmpfs", "/dev", TMPFS_MAGIC, true, true },
	{ "mqueue", "/dev/mqueue", MQUEUE_MAGIC, false, true },
	{ "cgroup2", "/sys/fs/cgroup", CGROUP2_SUPER_MAGIC, true, true },
};

/* What the object FD, of the path that was translated, is and is called on the host. */
static long describe_object(int fd, struct place *place)
{
	struct stat status;
	long length = GATE_2(NR_fstat, fd, &status);

	if (!length)
		length = proc_read_descriptor(fd, place->host);
	if (length < 0)
		return length;
	place->is_directory = (status.st_mode & S_IFMT) == S_IFDIR;
	if (place->host[0] != '/')
		return -EINVAL;
	return text_ends(place->host, " (deleted)") ? -ENOENT : 0;
}

static long name_place(const struct host_path *path, struct place *place)
{
	long status = 0;

	if (path->is_resolved && !path->result->is_magic)
		memcpy(place->guest, path->result->guest, path->result->guest_length + 1);
	else
		status = proc_to_canonical_guest(place->host, place->guest);
	/* Out of the view is out of the mount namespace. */
	return status ? -EINVAL : 0;
}

/* The place that call->paths[0] has led to; it is there. */
static long take_place(const struct host_path *path, struct place *place)
{
	long fd = path->pin, status;

	place->is_overlay = false;
	place->is_virtual = path->is_resolved && path->result->is_virtual;
	if (place->is_virtual) {
		place->is_directory = true;
		place->host[0] = '\0';
		return name_place(path, place);
	}
	if (fd < 0)
		fd = GATE_4(NR_openat, path->directory, path->path, O_PATH | O_CLOEXEC, 0);
	if (fd < 0)
		return fd;
	status = describe_object((int)fd, place);
	place->is_overlay = overlay_has((int)fd);
	if (fd != path->pin)
		GATE_1(NR_close, fd);
	return status ? status : name_place(path, place);
}

/* The target's path, with FLAGS of translate_path(): 0 or a negative errno. */
static long translate_target(struct call *call, unsigned int flags, struct place *place)
{
	long status = translate_path(call, 0, TRANSLATE_FULL | flags);

	place->guest = call->slot->results[1].guest;
	place->host = call->slot->results[1].host;
	if (status == TRANSLATE_NOTHING)
		return call->original[call->row->paths[0].path] ? -ENOENT : -EFAULT;
	return status;
}

static long find_target(struct call *call, struct place *place)
{
	long status = translate_target(call, 0, place);

	return status ? status : take_place(&call->paths[0], place);
}

/* The entry that is exactly at PLACE, or -1: virtual places are no mounts. */
static int mount_at(const struct view *view, const struct place *place)
{
	int index = view_find(view, place->guest, strlen(place->guest));

	return index >= 0 && view_binding(view, (uint32_t)index)->flags & VIEW_VIRTUAL ? -1 : index;
}

/*
 * The place of what is to be unmounted. There may be nothing else any more on the host. Of what is no mount the
 * kernel says first whether it is there.
 */
static long find_mounted(struct call *call, struct place *place)
{
	long status = translate_target(call, TRANSLATE_NAME, place);
	const struct host_path *path = &call->paths[0];
	struct stat there;

	if (status)
		return status;
	if (!path->is_resolved || path->result->is_magic)
		return take_place(path, place);
	name_place(path, place);
	if (path->result->is_virtual || mount_at(the_view(), place) >= 0)
		return 0;
	return GATE_4(NR_newfstatat, path->directory, path->path, &there, AT_SYMLINK_NOFOLLOW);
}

/* The first argument of mount(2), as a path. */
static long find_source(struct call *call, struct place *place)
{
	long status = call->original[0] ? guest_read_string(call->slot->path[0], call->original[0], PATH_SIZE) : 0;

	place->guest = call->slot->base[1];
	place->host = call->slot->relative[1];
	if (status <= 0)
		return status ? status : -EINVAL;
	status = translate_text(call, AT_FDCWD, VIEW_FOLLOW, TRANSLATE_FULL);
	/* An entry of the view has one host path. */
	if (!status && call->paths[0].is_resolved && overlay_is_mount(call->paths[0].result->mount))
		status = -EPERM;
	if (!status)
		status = take_place(&call->paths[0], place);
	return !status && place->is_overlay ? -EPERM : status;
}

/* Nobody can be brought to see what is mounted over the root. */
static long check_target(const struct place *place, bool is_directory, long error)
{
	if (place->is_directory != is_directory)
		return error;
	return text_equal(place->guest, root_path()) || !place->guest[0] ? -EBUSY : 0;
}

static uint32_t flags_of(const struct view *view, const struct place *place)
{
	uint32_t above = view_find_above(view, place->guest, strlen(place->guest));

	return (place->is_directory ? VIEW_DIRECTORY : 0) |
	       (view_binding(view, above)->flags & (VIEW_TEMPORARY | VIEW_READ_ONLY));
}

static long bind(struct request *request)
{
	const struct place *target = &request->target;
	struct views_change change;
	struct place source;
	long status = find_source(request->call, &source);

	if (!status)
		status = source.is_virtual ? -EINVAL : check_target(target, source.is_directory, -ENOTDIR);
	if (status)
		return status;
	status = views_begin(&change);
	if (!status)
		status = view_mount(change.view, target->guest, source.host, flags_of(change.view, &source));
	if (status >= 0)
		status = request->flags & MS_REC ? view_mount_below(change.view, source.guest, target->guest) : 0;
	if (!status)
		views_commit(&change);
	views_end(&change);
	return status;
}

static bool is_at_or_below(const char *guest_path, const char *above)
{
	size_t length = strlen(above);

	return text_begins(guest_path, above) && (!guest_path[length] || guest_path[length] == '/');
}

/* As do_move_mount() has it. */
static long check_move(const struct view *view, const struct place *source, const struct place *target)
{
	if (mount_at(view, source) <= 0)
		return -EINVAL;
	if (is_at_or_below(target->guest, source->guest))
		return -ELOOP;
	return check_target(target, source->is_directory, -EINVAL);
}

static long move(struct request *request)
{
	struct views_change change;
	struct place source;
	long status = find_source(request->call, &source);

	if (status)
		return status;
	status = views_begin(&change);
	if (!status)
		status = check_move(change.view, &source, &request->target);
	if (!status)
		status = view_move(change.view, source.guest, request->target.guest);
	if (!status)
		views_commit(&change);
	views_end(&change);
	return status;
}

static uint32_t mode_of(const struct request *request)
{
	return request->flags & MS_RDONLY ? VIEW_READ_ONLY : 0;
}

/* Show the host's HOST_PATH, which is fresh or a file system's root, at the target. */
static long show(struct request *request, const char *host_path, uint32_t flags)
{
	struct views_change change;
	long status = check_target(&request->target, true, -ENOTDIR);

	if (status)
		return status;
	status = views_begin(&change);
	if (!status)
		status = view_mount(change.view, request->target.guest, host_path,
				    VIEW_DIRECTORY | flags | mode_of(request));
	if (status >= 0)
		views_commit(&change);
	views_end(&change);
	return MIN(status, 0);
}

static long mount_fresh(struct request *request)
{
	char *host = request->call->slot->relative[1];
	long status;

	if (request->flags & RESTRICTIONS)
		return -EPERM;
	status = tmpfs_make(request->options, request->flags & MS_NOEXEC, host);
	if (status)
		return status;
	status = show(request, host, VIEW_TEMPORARY);
	if (status)
		tmpfs_release(the_view(), host);
	return status;
}

static long mount_system(struct request *request, unsigned int which)
{
	struct statfs status;

	if (request->options[0] && !systems[which].takes_options)
		return -EINVAL;
	if (GATE_2(NR_statfs, systems[which].host, &status) || (unsigned long)status.f_type != systems[which].magic)
		return -EPERM;
	if (request->flags & RESTRICTIONS)
		return -EPERM;
	if (systems[which].is_single && text_equal(request->target.host, systems[which].host))
		return -EBUSY;
	return show(request, systems[which].host, 0);
}

/* Whether the word TYPE ends a line of TEXT, a part of /proc/filesystems. */
static bool has_line(const char *text, const char *type)
{
	size_t length = strlen(type);

	for (const char *at = text; *at; at++)
		if (at != text && at[-1] == '\t' && text_begins(at, type) && at[length] == '\n')
			return true;
	return false;
}

/* What the kernel has, and we have not, is EPERM; what it has not, ENODEV. */
static long refuse_type(struct request *request)
{
	char *text = request->call->slot->spare;
	long fd = GATE_4(NR_openat, AT_FDCWD, "/proc/filesystems", O_RDONLY | O_CLOEXEC, 0), size;

	size = fd < 0 ? fd : GATE_3(NR_read, fd, text, PATH_SIZE - 1);
	if (fd >= 0)
		GATE_1(NR_close, fd);
	if (size < 0)
		return -EPERM;
	text[size] = '\0';
	return has_line(text, request->type) ? -EPERM : -ENODEV;
}

static long mount_new(struct request *request)
{
	if (!request->type[0])
		return request->call->original[2] ? -ENODEV : -EINVAL;
	if (text_equal(request->type, "tmpfs") || text_equal(request->type, "ramfs"))
		return mount_fresh(request);
	for (unsigned int i = 0; i < ARRAY_SIZE(systems); i++)
		if (text_equal(request->type, systems[i].type))
			return mount_system(request, i);
	return refuse_type(request);
}

/* The view is one namespace, and nobody else's mounts come in or go out: whatever is asked for is so. */
static long propagate(const struct request *request)
{
	unsigned long kind = request->flags & ~(unsigned long)(MS_REC | MS_SILENT);

	if (kind & ~(unsigned long)PROPAGATION || kind & (kind - 1))
		return -EINVAL;
	return mount_at(the_view(), &request->target) < 0 ? -EINVAL : 0;
}

/* A whole file system of the host can't be made read-only; one mount of it (MS_BIND), and what is the guest's own, can.
 */
static bool may_make_read_only(const struct request *request, uint32_t index)
{
	return request->flags & MS_BIND || view_binding(the_view(), index)->flags & VIEW_TEMPORARY;
}

static long remount(const struct request *request)
{
	struct views_change change;
	int index = mount_at(the_view(), &request->target);
	long status;

	if (index < 0)
		return -EINVAL;
	if (request->flags & RESTRICTIONS || (mode_of(request) && !may_make_read_only(request, (uint32_t)index)))
		return -EPERM;
	status = views_begin(&change);
	index = status ? -1 : mount_at(change.view, &request->target);
	if (!status && index < 0)
		status = -EINVAL;
	if (!status) {
		view_set_read_only(change.view, (uint32_t)index, mode_of(request));
		views_commit(&change);
	}
	views_end(&change);
	return status;
}

/* The string at ADDRESS, "" where that is NULL. What is too long for BUF is none of those we know. */
static long read_text(char *buf, unsigned long address, size_t size)
{
	long status = address ? guest_read_string(buf, address, size) : 0;

	if (status <= 0)
		buf[0] = '\0';
	return status == -EFAULT ? status : 0;
}

long handle_mount(struct call *call)
{
	struct request request = { .call = call, .flags = call->original[3], .options = call->slot->path[1] };
	long status = read_text(request.type, call->original[2], sizeof(request.type));

	/* Whether there is a source is found out before the target is. */
	if (!status)
		status = read_text(call->slot->path[1], call->original[0], PATH_SIZE);
	if (!status)
		status = read_text(call->slot->path[1], call->original[4], PATH_SIZE);
	if (!status)
		status = find_target(call, &request.target);
	if (status)
		return status;
	if (!views_may_change())
		return -EPERM;
	if ((request.flags & MS_MGC_MSK) == MS_MGC_VAL)
		request.flags &= ~(unsigned long)MS_MGC_MSK;
	if (request.flags & MS_REMOUNT)
		return remount(&request);
	if (request.flags & MS_BIND)
		return bind(&request);
	if (request.flags & PROPAGATION)
		return propagate(&request);
	return request.flags & MS_MOVE ? move(&request) : mount_new(&request);
}

/* Give back what stood for a tmpfs that ORDER, in force before the change, had. */
static void release_left(const struct view *view, const struct view_order *order)
{
	for (uint32_t i = 0; i < order->count + order->covered; i++)
		if (view_binding(view, order->entries[i])->flags & VIEW_TEMPORARY &&
		    !view_is_mounted(view, order->entries[i]))
			tmpfs_release(view, view_host(view, order->entries[i]));
}

/* Whether the caller itself is in the mount INDEX, which is all that can be known of those who are. */
static bool is_in(struct call *call, uint32_t index)
{
	char *guest = call->slot->spare;
	const char *root = root_path();

	if (view_find_above(the_view(), root, strlen(root)) == index)
		return true;
	return !translate_directory(AT_FDCWD, guest, call->slot->relative[1]) &&
	       view_find_above(the_view(), guest, strlen(guest)) == index;
}

static long unmount(struct call *call, const struct place *place, unsigned long flags)
{
	struct views_change change;
	const struct view_order *order;
	int index;
	long status = views_begin(&change);

	index = status ? -1 : mount_at(change.view, place);
	if (!status && index < 0)
		status = -EINVAL;
	if (!status && (!index || (!(flags & MNT_DETACH) && is_in(call, (uint32_t)index))))
		status = -EBUSY;
	if (!status)
		status = view_unmount(change.view, (uint32_t)index, flags & MNT_DETACH);
	if (!status) {
		order = view_order(change.view);
		views_commit(&change);
		release_left(change.view, order);
	}
	views_end(&change);
	return status;
}

long handle_umount(struct call *call)
{
	unsigned long flags = call->original[1] & 0xffffffff;
	struct place place = { 0 };
	long status;

	if (flags & ~(unsigned long)(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW))
		return -EINVAL;
	status = find_mounted(call, &place);
	if (status)
		return status;
	if (!views_may_change())
		return -EPERM;
	if (mount_at(the_view(), &place) < 0 || (flags & MNT_EXPIRE && flags & (MNT_FORCE | MNT_DETACH)))
		return -EINVAL;
	/* Whether it was used since it was asked for the first time nobody knows. */
	return flags & MNT_EXPIRE ? -EAGAIN : unmount(call, &place, flags);
}
