/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/object.h"
#include "agent/dispatch.h"
#include "agent/path.h"
#include "agent/proc.h"
#include "agent/raised.h"
#include "agent/translate.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/openat2.h>

static long hold(int fd, bool is_opened, struct object *object)
{
	struct text name;
	long status;

	*object = (struct object){ .fd = fd, .is_opened = is_opened };
	text_init(&name, object->name, sizeof(object->name));
	text_add(&name, PROC_DESCRIPTORS);
	text_add_number(&name, fd);
	status = GATE_4(NR_newfstatat, fd, "", &object->status, AT_EMPTY_PATH);
	if (!status)
		raised_tell(&object->status);
	return status;
}

static long open_object(int directory, const char *path, unsigned long flags, struct object *object)
{
	long fd = GATE_4(NR_openat, directory, path, O_PATH | O_CLOEXEC | flags, 0);

	return fd < 0 ? fd : hold((int)fd, true, object);
}

/* No path: the descriptor itself, or the cwd, if the call takes an empty one; else the kernel says what is wrong. */
static long take_base(struct call *call, struct object *object)
{
	const struct call_path *shape = &call->row->paths[0];
	int directory = shape->directory == CALL_CWD ? AT_FDCWD : (int)call->original[shape->directory];
	long status;

	if (shape->directory == CALL_CWD || shape->follow < FOLLOW_UNLESS ||
	    !(call->original[shape->flags] & AT_EMPTY_PATH)) {
		status = call_make(call, call->nr);
		return status < 0 ? status : -ENOENT;
	}
	return object_take_directory(directory, object);
}

long object_take(struct call *call, struct object *object)
{
	const struct host_path *path = &call->paths[0];
	long status;

	object->is_opened = false;
	status = translate_path(call, 0, TRANSLATE_FULL | TRANSLATE_OBJECT);
	if (status < 0)
		return translate_refuse(call, 0, status);
	if (status == TRANSLATE_NOTHING)
		return take_base(call, object);
	status = path_use_stand_in(call, 0);
	if (status)
		return status;
	if (path->pin >= 0)
		return hold(path->pin, false, object);
	return open_object(path->directory, path->path,
			   call_follows(&call->row->paths[0], call->original) ? 0 : O_NOFOLLOW, object);
}

long object_take_descriptor(int fd, struct object *object)
{
	long flags = GATE_2(NR_fcntl, fd, F_GETFL);

	object->is_opened = false;
	if (flags < 0 || flags & O_PATH)
		return -EBADF;
	return hold(fd, false, object);
}

long object_take_any(int fd, struct object *object)
{
	return hold(fd, false, object);
}

long object_take_directory(int directory, struct object *object)
{
	object->is_opened = false;
	return directory == AT_FDCWD ? open_object(AT_FDCWD, "/proc/thread-self/cwd", O_DIRECTORY, object) :
				       hold(directory, false, object);
}

long object_take_entry(int directory, const char *name, struct object *object)
{
	object->is_opened = false;
	return open_object(directory, name, O_NOFOLLOW, object);
}

long object_take_plain(const char *host_path, struct object *object)
{
	static const struct open_how how = { .flags = O_PATH | O_CLOEXEC | O_NOFOLLOW, .resolve = RESOLVE_NO_SYMLINKS };
	long fd = GATE_4(NR_openat2, AT_FDCWD, host_path, &how, sizeof(how));

	object->is_opened = false;
	return fd < 0 ? fd : hold((int)fd, true, object);
}

long object_change_mode(struct object *object, uint32_t mode)
{
	long status = GATE_3(NR_fchmodat, AT_FDCWD, object->name, mode & 07777);

	return status ? status : object_look_changed(object);
}

long object_look_changed(struct object *object)
{
	long status = GATE_4(NR_newfstatat, object->fd, "", &object->status, AT_EMPTY_PATH);

	if (!status)
		raised_change(&object->status);
	return status;
}

long object_look(struct object *object)
{
	long status = GATE_4(NR_newfstatat, object->fd, "", &object->status, AT_EMPTY_PATH);

	raised_tell(&object->status);
	return status;
}

long object_look_again(struct object *object)
{
	long status = GATE_4(NR_newfstatat, object->fd, "", &object->status, AT_EMPTY_PATH);

	if (!status)
		raised_change_other(&object->status);
	raised_tell(&object->status);
	return status;
}

void object_release(struct object *object)
{
	if (object->is_opened)
		GATE_1(NR_close, object->fd);
	object->is_opened = false;
}
