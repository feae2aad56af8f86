/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bind(2) of a UNIX socket: the kernel keeps the text it is given, and must
 * find the guest's place by it. A bare name does, and an absolute one that names
 * the same place on the host. Any other text is bound as socket_name_encode()
 * has it, from a directory made for a moment, whose last link leads to the
 * place; where there can be none, from the guest's root or cwd.
 */
#include "agent/access.h"
#include "agent/child.h"
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/overlay.h"
#include "agent/owner.h"
#include "agent/ports.h"
#include "agent/readonly.h"
#include "agent/root.h"
#include "agent/socket.h"
#include "agent/temporary.h"
#include "agent/translate.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <asm/stat.h>
#include <linux/fcntl.h>

#define SCAFFOLD_NAME ".proot-socket-"

/* Where the last component begins. Slashes behind it belong to it. */
static size_t last_component(const char *path)
{
	size_t at = strlen(path);

	while (at && path[at - 1] == '/')
		at--;
	while (at && path[at - 1] != '/')
		at--;
	return at;
}

/* The directory that holds the last component of PATH, by the kernel's look-up from DIRECTORY. */
static long open_parent(int directory, const char *path, char *buf)
{
	size_t length = last_component(path);

	memcpy(buf, path, length);
	buf[length] = '\0';
	return GATE_4(NR_openat, directory, length ? buf : ".", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
}

/* Whether NAME leads from DIRECTORY into the directory PLACE. */
static bool leads_to(int directory, const char *name, int place, char *buf)
{
	long fd = open_parent(directory, name, buf);
	struct stat found, wanted;
	bool is_same;

	if (fd < 0)
		return false;
	is_same = !GATE_2(NR_fstat, fd, &found) && !GATE_2(NR_fstat, place, &wanted) && found.st_dev == wanted.st_dev &&
		  found.st_ino == wanted.st_ino;
	GATE_1(NR_close, fd);
	return is_same;
}

/* In the child: go to the directory, bind to the text in the slot. */
static long bind_from_directory(struct slot *slot, long socket)
{
	struct socket_work *work = socket_work(slot);

	slot->result = GATE_1(NR_fchdir, work->directory);
	if (!slot->result)
		slot->result = GATE_3(NR_bind, socket, work->bytes, work->length);
	return 0;
}

/*
 * The cwd is the process's, and other threads use it: a child goes to
 * DIRECTORY. -ENOTEMPTY when there can be no child.
 */
static long bind_from(struct call *call, int directory, const char *name)
{
	struct slot *slot = call->slot;

	socket_work(slot)->directory = directory;
	socket_set_path(socket_work(slot), name);
	if (child_run(bind_from_directory, slot, (long)call->arguments[0], CHILD_SHARES_FILES))
		return -ENOTEMPTY;
	return slot->result;
}

static bool has_dot_dot(const char *name)
{
	for (const char *at = name; *at; at++)
		if (at[0] == '.' && at[1] == '.' && (!at[2] || at[2] == '/') && (at == name || at[-1] == '/'))
			return true;
	return false;
}

/* The guest's umask must not close what is made. */
static long make_step(int scaffold, const char *name)
{
	long status = GATE_3(NR_mkdirat, scaffold, name, 0700);

	if (!status)
		GATE_3(NR_fchmodat, scaffold, name, 0700);
	return status == -EEXIST ? 0 : status;
}

/* Where the last directory NAME leads through ends, other than ".". */
static size_t last_step(const char *name)
{
	size_t end = last_component(name);

	while (end && (name[end - 1] == '/' || (name[end - 1] == '.' && end > 1 && name[end - 2] == '/')))
		end--;
	return end;
}

/* The directories NAME leads through, below SCAFFOLD, the last of them a link to PLACE. Changes and restores NAME. */
static long make_steps(int scaffold, char *name, int place)
{
	size_t last = last_step(name);
	char target[48];
	struct text text;
	long status = 0;

	for (size_t at = 1; !status && at < last; at++)
		if (name[at] == '/') {
			name[at] = '\0';
			status = make_step(scaffold, name);
			name[at] = '/';
		}
	text_init(&text, target, sizeof(target));
	text_add(&text, "/proc/thread-self/fd/");
	text_add_number(&text, place);
	name[last] = '\0';
	if (!status)
		status = GATE_3(NR_symlinkat, target, scaffold, name);
	name[last] = '/';
	return status;
}

static void remove_steps(int scaffold, char *name)
{
	for (size_t at = last_step(name) + 1; at-- > 1;)
		if (name[at] == '/' && name[at - 1] != '/') {
			name[at] = '\0';
			if (GATE_3(NR_unlinkat, scaffold, name, 0))
				GATE_3(NR_unlinkat, scaffold, name, AT_REMOVEDIR);
			name[at] = '/';
		}
}

/* Bind to NAME from a directory made so that it leads to PLACE. -ENOTEMPTY when there can't be one. */
static long bind_from_scaffold(struct call *call, char *name, int place)
{
	char path[TEMPORARY_SIZE];
	long scaffold, status;

	if (!last_component(name) || has_dot_dot(name))
		return -ENOTEMPTY;
	scaffold = temporary_make(SCAFFOLD_NAME, 0, O_PATH | O_CLOEXEC, path);
	if (scaffold < 0)
		return -ENOTEMPTY;
	GATE_3(NR_fchmodat, AT_FDCWD, path, 0700);
	status = make_steps((int)scaffold, name, place) ? -ENOTEMPTY : bind_from(call, (int)scaffold, name);
	remove_steps((int)scaffold, name);
	GATE_3(NR_unlinkat, AT_FDCWD, path, AT_REMOVEDIR);
	GATE_1(NR_close, scaffold);
	return status;
}

/* Bind to NAME from the guest's root, if that leads to PLACE. -ENOTEMPTY otherwise. */
static long bind_from_root(struct call *call, const char *name, int place)
{
	char *host_path = call->slot->spare;
	long status = -ENOTEMPTY, root;

	translate_stand_in(root_path(), host_path);
	root = GATE_4(NR_openat, AT_FDCWD, host_path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	if (root >= 0 && last_component(name) && leads_to((int)root, name, place, call->slot->spare))
		status = bind_from(call, (int)root, name);
	if (root >= 0)
		GATE_1(NR_close, root);
	return status;
}

/* Bind to the text NAME from the cwd. */
static long bind_here(struct call *call, const char *name)
{
	struct socket_work *work = socket_work(call->slot);
	long status = socket_set_path(work, name);

	return status ? status : GATE_3(NR_bind, call->arguments[0], work->bytes, work->length);
}

/* Whether NAME has nothing but "." before its last component. */
static bool stays_there(const char *name)
{
	size_t length = last_component(name);

	for (size_t at = 0; at < length; at++)
		if (name[at] != '/' && !(name[at] == '.' && name[at + 1] == '/' && (!at || name[at - 1] == '/')))
			return false;
	return true;
}

/*
 * Bind to the encoded NAME from a directory where it leads to PLACE. -ENOTEMPTY
 * when there is none. Through the scaffold nobody else can lead it elsewhere.
 */
static long bind_encoded(struct call *call, char *name, bool is_absolute, int place)
{
	/* An absolute name may have lost its only slash. */
	bool stays = stays_there(name) && (last_component(name) || !is_absolute);
	long status = stays ? -ENOTEMPTY : bind_from_scaffold(call, name, place);

	if (status != -ENOTEMPTY)
		return status;
	/* The cwd may be the same directory in another layer of an overlay. */
	if (stays && !leads_to(AT_FDCWD, name, place, call->slot->spare))
		return bind_from(call, place, name);
	if (is_absolute)
		return bind_from_root(call, name, place);
	return leads_to(AT_FDCWD, name, place, call->slot->spare) ? bind_here(call, name) : -ENOTEMPTY;
}

/* The same for the canonical name, in NAME of SOCKET_NAME_MOST + 1. */
static long bind_canonical(struct call *call, char *name, int place)
{
	const struct host_path *path = &call->paths[0];
	char *guest_name = path->result->guest;

	if (!path->is_resolved || path->result->wants_directory || !root_tell(guest_name) ||
	    strlen(guest_name) > SOCKET_NAME_MOST)
		return -ENOTEMPTY;
	socket_name_encode(guest_name, name);
	return bind_encoded(call, name, true, place);
}

/* An absolute text that names the same place on the host is kept for the host's sake. */
static bool is_host_name(const struct call *call, const char *guest_name, int place)
{
	const struct host_path *path = &call->paths[0];

	if (guest_name[0] != '/')
		return false;
	if (path->is_resolved && text_equal(path->result->host, guest_name))
		return true;
	/* Otherwise it is not looked up where it may name a place the guest can't see. */
	return !view_binding(the_view(), 0)->host_length && leads_to(AT_FDCWD, guest_name, place, call->slot->spare);
}

/*
 * Bind to GUEST_NAME, or to the canonical one, or to the last component only:
 * the first the kernel can find the directory PLACE by. -ENOTEMPTY when none.
 */
static long bind_in(struct call *call, const char *guest_name, int place)
{
	char name[SOCKET_NAME_MOST + 1];
	long status;

	if (is_host_name(call, guest_name, place))
		return bind_here(call, guest_name);
	socket_name_encode(guest_name, name);
	status = bind_encoded(call, name, guest_name[0] == '/', place);
	if (status == -ENOTEMPTY)
		status = bind_canonical(call, name, place);
	return status == -ENOTEMPTY ? bind_from(call, place, guest_name + last_component(guest_name)) : status;
}

/* Whether something is there comes before who may make it. */
static long check_place(struct call *call, int place, const char *path)
{
	struct stat status;
	const char *last = path + last_component(path);
	long error = *last ? GATE_4(NR_newfstatat, place, last, &status, AT_SYMLINK_NOFOLLOW) : 0;

	if (!error || error == -EACCES)
		return error ? error : -EADDRINUSE;
	/* A slash behind the name, or a removed directory: the kernel tells. */
	if (text_ends(last, "/") || GATE_4(NR_newfstatat, place, "", &status, AT_EMPTY_PATH) || !status.st_nlink)
		return 0;
	return access_check_at(call, place, ".", ACCESS_WRITE | ACCESS_SEARCH);
}

/* The place is found and free of mounts, and not of /proc. */
static long bind_in_place(struct call *call, const char *guest_name)
{
	const struct host_path *path = &call->paths[0];
	const char *host_path = path->is_resolved ? path->path : guest_name;
	struct owner_record record;
	long place = open_parent(path->directory, host_path, call->slot->spare), status;

	if (place < 0)
		return strlen(host_path) > SOCKET_NAME_MOST ? place : bind_here(call, host_path);
	status = access_is_checked(call) ? check_place(call, (int)place, host_path) : 0;
	if (!status)
		status = bind_in(call, guest_name, (int)place);
	if (status == -ENOTEMPTY)
		status = bind_here(call, host_path);
	if (!status && identity_is_on() && owner_of_new((int)place, ".", &record, NULL))
		status = owner_put_new((int)place, host_path + last_component(host_path), -1, &record);
	GATE_1(NR_close, place);
	return status;
}

/*
 * In /proc nothing can be made, and what is there may be descriptors of this process, of which ours would be one. Where
 * a directory can't be opened the kernel says why, or needs no descriptor.
 */
static long bind_at(struct call *call, const char *guest_name)
{
	const struct host_path *path = &call->paths[0];

	if (path->is_resolved && text_begins(path->result->host, "/proc/") && strlen(path->path) <= SOCKET_NAME_MOST)
		return bind_here(call, path->path);
	return bind_in_place(call, guest_name);
}

/* The same where there may be overlays: the directory goes up, and a whiteout goes. */
static long bind_in_overlay(struct call *call, const char *guest_name)
{
	int lock;
	long status = overlay_begin_socket(&call->paths[0], &lock);

	/* The directory may be another one now. */
	if (!status && lock >= 0) {
		memcpy(call->slot->path[0], guest_name, strlen(guest_name) + 1);
		status = translate_text(call, AT_FDCWD, VIEW_PARENT, TRANSLATE_FULL | TRANSLATE_NAME);
	}
	if (!status)
		status = overlay_clear_socket(&call->paths[0], lock);
	if (!status) {
		status = bind_at(call, guest_name);
		overlay_end_socket(&call->paths[0], lock, status);
	}
	if (lock >= 0)
		overlay_unlock(lock);
	return status;
}

static long refuse(struct call *call, long error)
{
	struct socket_work *work = socket_work(call->slot);
	long status = socket_refuse(work, error);

	return status ? status : GATE_3(NR_bind, call->arguments[0], work->bytes, work->length);
}

long handle_bind(struct call *call)
{
	char guest_name[SOCKET_NAME_MOST + 1];
	long status = socket_read_path(call, call->arguments[1], (int)call->arguments[2]);

	/* The kernel looks at the descriptor first. */
	if (status == -EFAULT) {
		call->arguments[1] = BAD_ADDRESS;
		return call_make(call, call->nr);
	}
	if (!status && socket_is_copied((int)call->arguments[2]))
		call->arguments[1] = (unsigned long)socket_work(call->slot)->bytes;
	if (status <= 0)
		return status ? status : ports_bind(call);
	memcpy(guest_name, call->slot->path[0], (size_t)status + 1);
	status = translate_text(call, AT_FDCWD, VIEW_PARENT, TRANSLATE_FULL | TRANSLATE_NAME);
	if (status) {
		status = refuse(call, status);
	} else if (call->paths[0].is_resolved &&
		   (call->paths[0].result->is_virtual || call->paths[0].result->is_mount_point)) {
		status = socket_check((int)call->arguments[0]);
		status = status ? status : -EADDRINUSE;
	} else if (readonly_is_there() && readonly_holds(&call->paths[0], true)) {
		status = readonly_refuse_name(call);
	} else {
		status = overlay_is_there() ? bind_in_overlay(call, guest_name) : bind_at(call, guest_name);
	}
	return status == -EEXIST ? -EADDRINUSE : status;
}
