/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the guest's user may do, and the kernel denies to the user it knows because of modes: done with other modes,
 * for that long, by a child that goes on when the process is killed (agent/child.h).
 */
#include "agent/access.h"
#include "agent/child.h"
#include "agent/dispatch.h"
#include "agent/handlers.h"
#include "agent/open.h"
#include "agent/owner.h"
#include "agent/pin.h"
#include "agent/raised.h"
#include "agent/readonly.h"
#include "agent/socket.h"
#include "agent/translate.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

/* Modes that have been changed for the time of a call, by descriptors. */
#define RAISED_MOST 24

struct raised {
	unsigned int count;
	struct object objects[RAISED_MOST];
};

static void lower(struct raised *raised)
{
	while (raised->count--) {
		raised_lower(&raised->objects[raised->count]);
		object_release(&raised->objects[raised->count]);
	}
}

/* A socket can be connected to; of a fifo to open may wait, which a child must not: with other modes it is not tried.
 */
static bool is_raisable(const struct call *call, const struct stat *status)
{
	uint32_t type = status->st_mode & S_IFMT;

	if (call->row->handler == handle_connect)
		return true;
	if (type == S_IFIFO)
		return call_opens(call->row) && open_flags_of(call) & O_NONBLOCK;
	return status_is_regular_or_directory(status) || type == S_IFSOCK;
}

/* Whether it lies on a read-only mount of the guest: what its mode denies stays denied, as on such a file system. */
static bool is_readonly(const struct object *object)
{
	return readonly_is_there() && readonly_holds_descriptor(object->fd);
}

/* Let the user do all with the object, which becomes one of RAISED, or is released. */
static bool raise_object(struct raised *raised, const struct call *call, bool is_taken)
{
	struct object *object = &raised->objects[raised->count];

	if (is_taken && owner_is_users(object) && !is_readonly(object) && is_raisable(call, &object->status) &&
	    raised_raise(object, status_is_directory(&object->status) ? 0700 : 0600)) {
		raised->count++;
		return true;
	}
	object_release(object);
	return false;
}

/* What the guest does not see, a directory above its root, say, is none of its business. */
static bool is_in_view(const char *host_path)
{
	char buf[PATH_SIZE];

	return view_to_guest(the_view(), host_path, buf, sizeof(buf)) >= 0;
}

/* The same with what lies at HOST_PATH. False where that changes nothing, or can't be. */
static bool raise(struct raised *raised, const struct call *call, const char *host_path)
{
	return raised->count < RAISED_MOST && is_in_view(host_path) &&
	       raise_object(raised, call, !object_take_plain(host_path, &raised->objects[raised->count]));
}

/* The same with what the guest has open. */
static bool raise_descriptor(struct raised *raised, const struct call *call, int fd)
{
	return raised->count < RAISED_MOST &&
	       raise_object(raised, call, !object_take_any(fd, &raised->objects[raised->count]));
}

/* The same with where a relative path begins, if that may not be searched. It may have no name any more. */
static bool raise_base(struct raised *raised, const struct call *call, const struct host_path *path, int directory)
{
	struct object *object = &raised->objects[raised->count];

	if (raised->count == RAISED_MOST || path->guest_path[0] == '/' || object_take_directory(directory, object))
		return false;
	return raise_object(raised, call,
			    GATE_4(NR_faccessat2, object->fd, "", ACCESS_SEARCH, AT_EMPTY_PATH | AT_EACCESS) ==
				    -EACCES);
}

/* The first directory above HOST_PATH that may not be searched: raise it. HOST_PATH is changed meanwhile. */
static bool raise_above(struct raised *raised, const struct call *call, char *host_path)
{
	bool is_raised = false;

	for (char *at = host_path + 1; *at && !is_raised; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		is_raised = GATE_4(NR_faccessat2, AT_FDCWD, host_path, ACCESS_SEARCH, AT_EACCESS) == -EACCES &&
			    raise(raised, call, host_path);
		*at = '/';
	}
	return is_raised;
}

static bool raise_parent(struct raised *raised, const struct call *call, char *host_path)
{
	char *last = (char *)text_base_name(host_path), *slash = last > host_path + 1 ? last - 1 : last, kept = *slash;
	bool is_raised;

	*slash = '\0';
	is_raised = raise(raised, call, host_path);
	*slash = kept;
	return is_raised;
}

static void strip_slashes(char *path)
{
	size_t length = strlen(path);

	while (length > 1 && path[length - 1] == '/')
		path[--length] = '\0';
}

/* What lies at HOST_PATH is to be made, removed, opened or changed. */
static bool raise_last(struct raised *raised, const struct call *call, char *host_path, bool is_name)
{
	if (call->row->handler == handle_access)
		return false; /* what the object's own mode grants has been judged */
	if (call_opens(call->row))
		return raise(raised, call, host_path) || raise_parent(raised, call, host_path);
	if (is_name && raise_parent(raised, call, host_path))
		return true;
	/* A directory that gets another parent is written to. */
	return (!is_name || call->row->handler == handle_rename) && raise(raised, call, host_path);
}

/* The path has been translated, with STATUS. */
static bool raise_on_way(struct raised *raised, const struct call *call, const struct host_path *path, long status,
			 bool is_name)
{
	char *host_path;

	if ((status && status != -EACCES) || (!status && !path->is_resolved))
		return false;
	host_path = path->result->host;
	strip_slashes(host_path);
	if (raise_above(raised, call, host_path))
		return true;
	return status ? raise(raised, call, host_path) : raise_last(raised, call, host_path, is_name);
}

/* Whether something in the way of path WHICH has been raised. */
static bool raise_for(struct raised *raised, struct call *call, unsigned int which)
{
	const struct call_path *shape = &call->row->paths[which];
	int start = shape->directory == CALL_CWD ? AT_FDCWD : (int)call->original[shape->directory];
	bool makes = call_opens(call->row) && open_flags_of(call) & O_CREAT;
	long status = translate_path(call, which, TRANSLATE_FULL | TRANSLATE_NAME | (makes ? TRANSLATE_MAY_MAKE : 0));

	if (call->paths[which].guest_path && raise_base(raised, call, &call->paths[which], start))
		return true;
	return raise_on_way(raised, call, &call->paths[which], status, call_is_of_entry(shape));
}

/* The same of a socket's address. */
static bool raise_for_address(struct raised *raised, struct call *call)
{
	bool binds = call->row->handler == handle_bind;
	long status = socket_read_path(call, call->original[1], (int)call->original[2]);

	if (status <= 0)
		return false;
	status = translate_text(call, AT_FDCWD, binds ? VIEW_PARENT : VIEW_FOLLOW, TRANSLATE_FULL | TRANSLATE_NAME);
	return raise_base(raised, call, &call->paths[0], AT_FDCWD) ||
	       raise_on_way(raised, call, &call->paths[0], status, binds);
}

static bool raise_something(struct call *call, struct raised *raised)
{
	bool is_raised = false;

	for (unsigned int i = 0; i < ARRAY_SIZE(call->paths) && !is_raised; i++)
		if (call->row->paths[i].follow != FOLLOW_NONE)
			is_raised = raise_for(raised, call, i);
	if (call->row->handler == handle_bind || call->row->handler == handle_connect)
		is_raised = raise_for_address(raised, call);
	if (call->row->handler == handle_fchdir)
		is_raised = raise_descriptor(raised, call, (int)call->original[0]);
	call_start_anew(call);
	return is_raised;
}

struct overriding {
	struct call *call;
	access_step *step;
	void *context;
	long result;
};

static long override(struct slot *overriding_at, long unused)
{
	struct raised raised = { .count = 0 };
	struct overriding *overriding = (struct overriding *)overriding_at;
	struct call *call = overriding->call;

	(void)unused;
	while (overriding->result == -EACCES && !call->is_denied && raise_something(call, &raised)) {
		overriding->result = overriding->step(call, overriding->context);
		call_start_anew(call);
	}
	lower(&raised);
	return 0;
}

long access_override_step(struct call *call, access_step *step, void *context, long result)
{
	struct overriding overriding = { call, step, context, result };

	if (call->is_overriding || call->is_denied || access_kind(call) == ACCESS_KERNEL)
		return result;
	call->is_overriding = true;
	call_start_anew(call);
	child_run_alone(override, &overriding, 0);
	call->is_overriding = false;
	return overriding.result;
}

static long handle_again(struct call *call, void *unused)
{
	(void)unused;
	return call_handle_once(call);
}

long access_override(struct call *call, long result)
{
	/* A program is executed by the process itself: see exec.c. */
	if (call->row->handler == handle_execve)
		return result;
	result = access_override_step(call, handle_again, NULL, result);
	if (result == CALL_RESUME) {
		/* No other modes can help. */
		call->is_denied = true;
		return call_resume_waiting(call);
	}
	if (result < 0 || !call_opens(call->row))
		return result;
	access_reopen((int)result, open_flags_of(call));
	return pin_lowest((int)result);
}

/* In a directory that is open. */
struct directory_steps {
	struct object object;
	slot_finish *function;
	void *a;
	long b;
};

static long take_in_directory(struct slot *steps_at, long unused)
{
	struct directory_steps *steps = (struct directory_steps *)steps_at;
	bool is_raised = raised_raise(&steps->object, 0700);

	(void)unused;
	steps->function(steps->a, steps->b);
	if (is_raised)
		raised_lower(&steps->object);
	return 0;
}

void access_in_directory(int fd, slot_finish *function, void *a, long b)
{
	struct directory_steps steps = { .function = function, .a = a, .b = b };

	if (access_kind(NULL) != ACCESS_KERNEL && !object_take_any(fd, &steps.object) && owner_is_users(&steps.object))
		child_run_alone(take_in_directory, &steps, 0);
}

struct opening {
	struct object object;
	long result;
};

static long open_between(struct slot *opening_at, long unused)
{
	struct opening *opening = (struct opening *)opening_at;
	bool is_raised = raised_raise(&opening->object, 0400);

	(void)unused;
	opening->result = GATE_4(NR_openat, AT_FDCWD, opening->object.name, O_RDONLY, 0);
	if (is_raised)
		raised_lower(&opening->object);
	return 0;
}

long access_read_anyway(int fd)
{
	struct opening opening = { .result = -EACCES };
	long status = object_take_any(fd, &opening.object);

	if (!status && access_kind(NULL) != ACCESS_KERNEL && !is_readonly(&opening.object) &&
	    owner_is_users(&opening.object) && status_is_regular_or_directory(&opening.object.status))
		child_run_alone(open_between, &opening, 0);
	return status ? status : opening.result;
}
