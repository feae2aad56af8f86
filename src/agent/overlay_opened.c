/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/overlay_opened.h"
#include "agent/mounts.h"
#include "agent/overlay.h"
#include "agent/overlay_copy.h"
#include "agent/overlay_moved.h"
#include "agent/proc.h"
#include "agent/translate.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/openat2.h>
#include <linux/stat.h>

/* What has become of the name of something of a lower layer. */
#define OVERLAY_GONE 1
#define OVERLAY_MOVED 2

#define SEEK_SET 0
#define SEEK_CUR 1

/* The flags of an open file that are not asked for by opening it: fcntl(2) sets it. */
#define OTHER_FLAGS ((unsigned long)FASYNC)

bool opened_find_place(int fd, struct opened *opened)
{
	size_t length;

	if (proc_read_descriptor(fd, opened->host) < 0 || opened->host[0] != '/' ||
	    mounts_to_guest(fd, opened->host, opened->rest))
		return false;
	opened->mount = view_find_above(the_view(), opened->rest, strlen(opened->rest));
	if (!overlay_is_mount(opened->mount))
		return false;
	length = view_binding(the_view(), opened->mount)->guest_length;
	memmove(opened->rest, opened->rest + length, strlen(opened->rest + length) + 1);
	return true;
}

long overlay_mount_of(int fd)
{
	struct opened opened;

	return opened_find_place(fd, &opened) ? (long)opened.mount : -1;
}

static bool is_in(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	return !memcmp(path, directory, length) && (!path[length] || path[length] == '/');
}

bool opened_is_removed(const struct opened *opened)
{
	return is_in(opened->host, view_work(the_view(), opened->mount));
}

bool opened_find(int fd, struct opened *opened)
{
	return opened_find_place(fd, opened) && !is_in(opened->host, view_host(the_view(), opened->mount)) &&
	       !opened_is_removed(opened) && !GATE_4(NR_newfstatat, fd, "", &opened->status, AT_EMPTY_PATH);
}

bool opened_find_name(struct opened *opened)
{
	char found[PATH_SIZE];
	size_t length;

	opened->error =
		layers_find(the_view(), &translate_look, opened->mount, opened->rest, &opened->place, found, &length);
	if (!opened->error && !opened->place.is_there)
		opened->error = -ENOENT;
	if (opened->error)
		return false;
	opened->is_seen = layers_are_at(the_view(), opened->mount, opened->rest, &opened->place,
					opened->host[1] ? opened->host : "");
	memcpy(opened->host, found, length + 1);
	return true;
}

long opened_replace(int fd, const char *host_path)
{
	long flags = GATE_2(NR_fcntl, fd, F_GETFL), is_closed = GATE_2(NR_fcntl, fd, F_GETFD) & FD_CLOEXEC, new;
	long position = GATE_3(NR_lseek, fd, 0, SEEK_CUR);
	struct open_how how = { .resolve = RESOLVE_NO_SYMLINKS };

	if (fd == AT_FDCWD)
		return GATE_1(NR_chdir, host_path);
	if (flags < 0)
		return flags;
	how.flags = ((unsigned long)flags & ~OTHER_FLAGS) | O_CLOEXEC;
	new = GATE_4(NR_openat2, AT_FDCWD, host_path, &how, sizeof(how));
	if (new < 0)
		return new;
	if (position > 0)
		GATE_3(NR_lseek, new, position, SEEK_SET);
	GATE_3(NR_dup3, new, fd, is_closed ? O_CLOEXEC : 0);
	GATE_1(NR_close, new);
	return 0;
}

bool opened_has_copy(const struct opened *opened, int fd)
{
	return !opened->place.layer && overlay_copy_is_of(opened->host, fd);
}

bool opened_has_special_copy(const struct opened *opened)
{
	uint32_t type = opened->status.st_mode & S_IFMT;
	struct stat named;

	if (opened->place.layer || type == S_IFREG || type == S_IFDIR ||
	    GATE_4(NR_newfstatat, AT_FDCWD, opened->host, &named, AT_SYMLINK_NOFOLLOW))
		return false;
	return (named.st_mode & S_IFMT) == type && named.st_rdev == opened->status.st_rdev &&
	       named.st_mtime == opened->status.st_mtime && named.st_mtime_nsec == opened->status.st_mtime_nsec;
}

/* Whether what is at the name of an open directory, of a lower layer, is that still, but now in a layer above. */
static bool has_more(const struct opened *opened)
{
	struct stat named;

	return (opened->status.st_mode & S_IFMT) == S_IFDIR && opened->is_seen &&
	       !GATE_4(NR_newfstatat, AT_FDCWD, opened->host, &named, AT_SYMLINK_NOFOLLOW) &&
	       (named.st_ino != opened->status.st_ino || named.st_dev != opened->status.st_dev);
}

/* Whether what is at the name of the file FD, of a lower layer, is that still. */
static bool is_named(const struct opened *opened)
{
	struct stat named;

	return !GATE_4(NR_newfstatat, AT_FDCWD, opened->host, &named, AT_SYMLINK_NOFOLLOW) &&
	       named.st_ino == opened->status.st_ino && named.st_dev == opened->status.st_dev;
}

/* Some copies are known by their type only. */
bool opened_is_replaced(const struct opened *opened, int fd)
{
	struct stat named;

	if (GATE_4(NR_newfstatat, AT_FDCWD, opened->host, &named, AT_SYMLINK_NOFOLLOW) ||
	    (named.st_ino == opened->status.st_ino && named.st_dev == opened->status.st_dev))
		return false;
	return opened->place.layer || (named.st_mode & S_IFMT) != (opened->status.st_mode & S_IFMT) ||
	       ((named.st_mode & S_IFMT) == S_IFREG && overlay_copy_has_origin(fd) && !opened_has_copy(opened, fd));
}

bool opened_find_moved(int fd, struct opened *opened, bool is_there)
{
	if ((opened->status.st_mode & S_IFMT) != S_IFREG ||
	    (is_there && (opened_has_copy(opened, fd) || is_named(opened))))
		return false;
	return overlay_moved_find(opened->mount, fd, opened->host);
}

/* The guest path of what the upper layer has at OPENED->host. */
static long tell_moved(const struct opened *opened, char *buf)
{
	struct text text;

	text_init(&text, buf, PATH_SIZE);
	text_add(&text, view_guest(the_view(), opened->mount));
	text_add(&text, opened->host + strlen(view_host(the_view(), opened->mount)));
	return text.full ? -ENAMETOOLONG : (long)text.length;
}

/* As the kernel says it: d_path(), fs/d_path.c. */
static long add_deleted(char *guest_path)
{
	struct text text;

	text_resume(&text, guest_path, PATH_SIZE);
	text_add(&text, PROC_DELETED);
	return text.full ? -ENAMETOOLONG : (long)text.length;
}

/* FD is of something in a lower layer: OVERLAY_GONE, OVERLAY_MOVED to OPENED->host, or 0. */
static long find_change(int fd, struct opened *opened)
{
	char found[PATH_SIZE];
	size_t length;
	long status =
		layers_find(the_view(), &translate_look, opened->mount, opened->rest, &opened->place, found, &length);
	bool is_directory = (opened->status.st_mode & S_IFMT) == S_IFDIR;

	if (status == -EACCES)
		return 0;
	if (status)
		opened->place.is_there = false;
	if (is_directory && opened->place.is_there)
		return layers_are_at(the_view(), opened->mount, opened->rest, &opened->place,
				     opened->host[1] ? opened->host : "") ?
			       0 :
			       OVERLAY_GONE;
	if (opened->place.is_there)
		memcpy(opened->host, found, length + 1);
	if (opened_find_moved(fd, opened, opened->place.is_there))
		return OVERLAY_MOVED;
	return opened->place.is_there && !opened_is_replaced(opened, fd) ? 0 : OVERLAY_GONE;
}

bool overlay_has_removed(int fd)
{
	struct opened opened;

	return opened_find(fd, &opened) && find_change(fd, &opened) == OVERLAY_GONE;
}

long overlay_tell_name(int fd, char *guest_path)
{
	struct opened opened;
	long change = opened_find(fd, &opened) ? find_change(fd, &opened) : 0;

	if (change == OVERLAY_MOVED)
		return tell_moved(&opened, guest_path);
	return change == OVERLAY_GONE ? add_deleted(guest_path) : (long)strlen(guest_path);
}

void overlay_renew(int fd)
{
	struct opened opened;
	bool is_there;

	if (!opened_find(fd, &opened))
		return;
	is_there = opened_find_name(&opened);
	if ((is_there &&
	     (has_more(&opened) || ((opened.status.st_mode & S_IFMT) == S_IFREG && opened_has_copy(&opened, fd)))) ||
	    opened_find_moved(fd, &opened, is_there))
		opened_replace(fd, opened.host);
}

bool opened_is_left_behind(int fd, struct opened *opened)
{
	return opened_find(fd, opened) && opened_find_name(opened) &&
	       (has_more(opened) || opened_has_special_copy(opened));
}
