/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/pin.h"
#include "agent/deep.h"
#include "agent/proc.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/openat2.h>
#include <linux/resource.h>

static long open_plain(int directory, const char *path, unsigned long flags)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC | flags, .resolve = RESOLVE_NO_SYMLINKS };
	long fd = GATE_4(NR_openat2, directory, path, &how, sizeof(how));

	return fd == -ELOOP ? PIN_AGAIN : fd;
}

/* There is no descriptor to be had, or no openat2 (a sandbox): do without. */
static bool is_shortage(long status)
{
	return status == -EMFILE || status == -ENFILE || status == -ENOMEM || status == -ENOSYS || status == -EPERM;
}

/* The last component of PATH, with the slash or dot behind it that the kernel is to see. */
static char *last_of(char *path)
{
	char *at = path + strlen(path);

	while (at > path && at[-1] == '/')
		at--;
	while (at > path && at[-1] != '/')
		at--;
	return at;
}

/*
 * Open PATH. Where it begins with LINK, which is one of /proc ("": none), the
 * kernel follows that, and names count from there on.
 */
static long open_behind(int directory, const char *link, const char *path, unsigned long flags)
{
	size_t length = strlen(link);
	long base, fd;

	if (!length || !text_begins(path, link))
		return open_plain(directory, *path ? path : ".", flags);
	base = GATE_4(NR_openat, AT_FDCWD, link, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	if (base < 0)
		return base;
	fd = open_plain((int)base, path[length] && path[length + 1] ? path + length + 1 : ".", flags);
	GATE_1(NR_close, base);
	return fd;
}

long pin_open_parent(int directory, const char *link, char *path)
{
	char *last = last_of(path), first = *last;
	long fd;

	*last = '\0';
	fd = open_behind(directory, link, path, O_DIRECTORY);
	*last = first;
	return fd;
}

const char *pin_name_behind(const struct host_path *path)
{
	size_t length = strlen(path->base_link);

	return length && text_begins(path->path, path->base_link) ? path->path + length + !!path->path[length] :
								    path->path;
}

bool pin_goes_up(const char *name)
{
	return name[0] == '.' && name[1] == '.';
}

bool pin_is_of_mount(const char *name, int fd, uint32_t mount)
{
	size_t length = view_binding(the_view(), mount)->host_length;
	char text[PATH_SIZE];
	long status;

	if (!pin_goes_up(name))
		return true;
	status = proc_read_descriptor(fd, text);
	if (status == -ENAMETOOLONG)
		return deep_is_below(fd, view_host(the_view(), mount), length, text);
	if (status < 0)
		return false;
	return !memcmp(text, view_host(the_view(), mount), length) && (!text[length] || text[length] == '/');
}

bool pin_ends_in_dots(const char *name)
{
	const char *last = last_of((char *)name);
	size_t dots = last[0] != '.' ? 0 : last[1] != '.' ? 1 : 2;

	return dots && (!last[dots] || last[dots] == '/');
}

/* Whether PATH can only be a directory's: a slash behind it says so, and lets a call that does not follow go on. */
static bool is_directory_name(const struct host_path *path)
{
	return path->result->wants_directory || pin_ends_in_dots(path->path);
}

/* Tell the call by the descriptor: itself and a name below it, or a text of both. */
static void name_pinned(struct host_path *path, enum pin_kind kind, bool takes_directory, char *buf)
{
	const char *last = last_of((char *)path->path);
	struct text name;

	path->directory = AT_FDCWD;
	if (kind == PIN_PARENT && takes_directory) {
		path->directory = path->pin;
		path->path = last;
		return;
	}
	text_init(&name, buf, PIN_NAME_SIZE);
	text_add(&name, PROC_DESCRIPTORS);
	text_add_number(&name, path->pin);
	if (kind == PIN_PARENT) {
		text_add(&name, "/");
		text_add(&name, last);
	} else if (path->is_resolved && is_directory_name(path)) {
		text_add(&name, path->result->ends_in_dot ? "/." : "/");
	}
	path->path = name.text;
}

bool pin_holds_place(const char *host_path)
{
	return !text_begins(host_path, "/proc/") && !text_equal(host_path, "/");
}

/* Whether names are enough: nothing of /proc can be renamed, and a link of it that the kernel alone can follow is. */
static bool needs_pin(const struct host_path *path, enum pin_kind kind)
{
	const char *host = path->is_resolved ? path->result->host : path->path;

	if (kind == PIN_NONE || path->is_own_way ||
	    (path->is_resolved && (path->result->is_virtual || path->result->is_magic)))
		return false;
	return pin_holds_place(host);
}

static long open_pin(struct host_path *path, enum pin_kind kind)
{
	bool holds_name = kind == PIN_PARENT && !pin_ends_in_dots(path->path);
	uint32_t mount = holds_name ? path->result->parent_mount : path->result->mount;
	long fd;

	if (kind == PIN_PARENT)
		fd = pin_open_parent(path->directory, path->base_link, (char *)path->path);
	else
		fd = open_behind(path->directory, path->base_link, path->path, kind == PIN_LINK ? O_NOFOLLOW : 0);
	if (fd < 0 || !path->is_resolved || pin_is_of_mount(pin_name_behind(path), (int)fd, mount))
		return fd;
	GATE_1(NR_close, fd);
	return PIN_AGAIN;
}

void pin_borrow(struct host_path *path, const struct host_path *other)
{
	char *name, *name_of_other;
	size_t length;

	if (!path->is_plain || !other->is_plain || path->kind != PIN_PARENT || other->kind != PIN_PARENT ||
	    path->pin >= 0 || other->pin < 0)
		return;
	name = path->result->host;
	name_of_other = other->result->host;
	length = (size_t)(last_of(name) - name);
	if (length != (size_t)(last_of(name_of_other) - name_of_other) || memcmp(name, name_of_other, length))
		return;
	path->pin = other->pin;
	path->is_pin_lent = true;
}

long pin_path(struct host_path *path, enum pin_kind kind, bool takes_directory, char *name)
{
	long fd = path->pin;

	if (!needs_pin(path, kind))
		return 0;
	if (kind == PIN_PARENT && strlen(last_of((char *)path->path)) >= PIN_LAST_SIZE)
		return -ENAMETOOLONG;
	if (fd < 0)
		fd = open_pin(path, kind);
	/* Names serve where they have been looked at. */
	if (fd < 0 && is_shortage(fd))
		return path->is_plain ? PIN_AGAIN : 0;
	if (fd < 0)
		return fd;
	path->pin = (int)fd;
	name_pinned(path, kind, takes_directory, name);
	return 0;
}

long pin_read_link(int directory, const char *link, const char *path, char *buf, size_t size, int *parent,
		   plain_stamp mark)
{
	long length = GATE_4(NR_readlinkat, directory, path, buf, size), fd;

	/* A component that is no link is looked at once more with what it leads to. */
	if (length == -EINVAL || (!parent && mark && !plain_has_changed(mark)))
		return length;
	fd = pin_open_parent(directory, link, (char *)path);
	if (fd < 0)
		return is_shortage(fd) ? length : fd;
	length = GATE_4(NR_readlinkat, fd, last_of((char *)path), buf, size);
	if (parent)
		*parent = (int)fd;
	else
		GATE_1(NR_close, fd);
	return length;
}

void pin_let_go(struct host_path *path)
{
	if (path->held >= 0)
		GATE_1(NR_close, path->held);
	path->held = -1;
}

void pin_close(struct host_path *path)
{
	pin_let_go(path);
	if (path->pin >= 0 && !path->is_pin_lent)
		GATE_1(NR_close, path->pin);
	path->pin = -1;
	path->is_pin_lent = false;
}

bool pin_is_held(const struct call *call)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(call->paths); i++)
		if (call->paths[i].pin >= 0 || call->paths[i].held >= 0)
			return true;
	return false;
}

int pin_take_place(struct call *call, int fd)
{
	struct host_path *path = &call->paths[0];
	int *lowest = path->held >= 0 && (path->pin < 0 || path->held < path->pin) ? &path->held : &path->pin;
	long flags = GATE_2(NR_fcntl, fd, F_GETFD);
	int number = *lowest;

	if (number < 0 || number > fd || GATE_3(NR_dup3, fd, number, flags & FD_CLOEXEC ? O_CLOEXEC : 0) < 0)
		return fd;
	*lowest = -1;
	GATE_1(NR_close, fd);
	return number;
}

static bool is_beyond_limit(int fd)
{
	struct rlimit limit;

	return !GATE_2(NR_getrlimit, RLIMIT_NOFILE, &limit) && (unsigned long)fd >= limit.rlim_cur;
}

long pin_lowest(int fd)
{
	bool is_closed = GATE_2(NR_fcntl, fd, F_GETFD) & FD_CLOEXEC;
	long lower = GATE_3(NR_fcntl, fd, is_closed ? F_DUPFD_CLOEXEC : F_DUPFD, 0);

	if (lower < 0 && !is_beyond_limit(fd))
		return fd;
	GATE_1(NR_close, lower < fd ? fd : lower);
	return MIN(lower, (long)fd);
}

void pin_release(struct call *call)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(call->paths); i++)
		pin_close(&call->paths[i]);
}
