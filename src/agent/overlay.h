/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Overlays of the guest (VIEW_OVERLAY, view/layers.h). The walk finds what there is in the layers, so calls that only
 * read know nothing of them. What changes something is caught before its handler (overlay_begin(), from
 * dispatch_call()): the object is copied up, and the directory that an entry is made in; then the handler finds it in
 * the upper layer. Where there is a whiteout, or one has to be left, the call is made here: agent/overlay_entries.c.
 *
 * All that changes an upper layer is done under the lock of its work directory, flock(2), which the kernel takes from
 * who is killed. Things are made in there, and renamed to their place when they are whole. In views without an overlay
 * this is one look at view->flags.
 */
#ifndef AGENT_OVERLAY_H
#define AGENT_OVERLAY_H

#include "agent/slot.h"
#include "agent/store_file.h"

static inline bool overlay_is_there(void)
{
	return the_view()->flags & VIEW_OVERLAY;
}

static inline bool overlay_is_mount(uint32_t mount)
{
	return view_binding(the_view(), mount)->flags & VIEW_OVERLAY;
}

/* Result: the call is to be handled as ever. Errors are errno of the guest. */
#define OVERLAY_GO_ON (-4099)

/*
 * Before CALL is handled: OVERLAY_GO_ON, or its result. *LOCK becomes a descriptor for overlay_unlock() behind the
 * handler, or -1.
 */
long overlay_begin(struct call *call, int *lock);

/* Behind the handler: who may search a directory of an overlay may be another now, which plain_layers() has to forget.
 */
void overlay_end(const struct call *call);

/* Give LOCK back, and close it. A child that another thread has forked meanwhile has it open, too, but not the lock. */
static inline void overlay_unlock(int lock)
{
	store_file_close(lock);
}

/*
 * Nothing that changes may ever reach a lower layer: the last question before CALL is made, with its arguments as they
 * are, whether it would make, remove or rename an entry there; and before path 0 of it is opened with FLAGS, whether a
 * file there would be made or written. True only where what is above has gone wrong.
 */
bool overlay_forbids(const struct call *call);
bool overlay_forbids_open(const struct call *call, uint64_t flags);
/* The same of the object FD, maybe by O_PATH, that CALL is about to change by itself: 0 or -EROFS. */
long overlay_check_object(const struct call *call, int fd);

/* Whether what PATH has been found to be may be renamed or removed by another, so that there is a whiteout. */
bool overlay_may_lose(const struct host_path *path);

/* Whether CALL opens such a one. Whether that is why it had RESULT, and it is to be made anew. */
bool overlay_opens(const struct call *call);
bool overlay_has_gone(const struct call *call, long result);

/*
 * A socket is to be bound where PATH, translated, says that nothing is: 0, when the directory is in the upper layer,
 * with a lock as above, or a negative errno. Then, for PATH translated anew, a whiteout goes, for a socket can't be
 * bound over it, nor be bound elsewhere and moved; and comes back if STATUS says that there is no socket.
 */
long overlay_begin_socket(const struct host_path *path, int *lock);
long overlay_clear_socket(const struct host_path *path, int lock);
void overlay_end_socket(const struct host_path *path, int lock, long status);

/*
 * getdents(2) of a directory in an overlay: its result, where the host's position is the number of a name, or
 * OVERLAY_GO_ON where it is no such directory. Positions are below OVERLAY_POSITIONS.
 */
long overlay_list(struct call *call);
#define OVERLAY_POSITIONS 0x7ec0de00l

/* Whether NAME of the directory that FD is of, which may be in an overlay, is there: a "no" of what is not in one. */
bool overlay_has_entry(int fd, const char *name);

/* The overlay that what FD is of, maybe by O_PATH, is in; -1: none. */
long overlay_mount_of(int fd);

static inline bool overlay_has(int fd)
{
	return overlay_mount_of(fd) >= 0;
}

/*
 * A call of the stat family has written the status of what it names, or its descriptor, for the guest: directories of
 * several layers have one name (ovl_getattr(), fs/overlayfs/inode.c), and all are of the upper layer's device. 0,
 * -EFAULT, or -ENOENT: it has become a whiteout since it was found.
 */
long overlay_tell(const struct call *call);
/* Whether a directory of DEVICE in the overlay MOUNT is of the upper layer's. */
bool overlay_is_of_device(uint32_t mount, uint64_t device);

/* Whether FD, a descriptor or AT_FDCWD, is of something in a lower layer that is not in the overlay any more. */
bool overlay_has_removed(int fd);

/*
 * GUEST_PATH, of PATH_SIZE, is how a link of /proc names what FD is of: it becomes that of a copy which has been
 * renamed, or of what has been removed. Its length.
 */
long overlay_tell_name(int fd, char *guest_path);

/*
 * FD, a descriptor or AT_FDCWD, is of something in a lower layer that has been copied up since: then it becomes one of
 * the copy, and a descriptor shares its position with no other any more.
 */
void overlay_renew(int fd);

/* Whether FD, maybe one of O_PATH, is of something in a lower layer. */
bool overlay_is_lower(int fd);

/*
 * Such a one, which is no directory, is copied up under the LOCK if it has not been. In the slot's results[0].host its
 * place in the upper layer: 0, -ENOENT: it has been removed, -EACCES: its name can't be told, or another errno.
 * OVERLAY_GO_ON: it is of no lower layer.
 */
long overlay_raise_opened(const struct call *call, int fd, int *lock);

/*
 * FD is to become the current directory: it becomes one of its copy, as above. 0, or where it can't be opened again so,
 * what faccessat2(2) says of searching the copy.
 */
long overlay_check_enter(int fd);

#endif
