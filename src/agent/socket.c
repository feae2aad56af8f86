/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses of UNIX sockets hold paths. Going in, the guest's path becomes the
 * host's; where that does not fit into the 108 bytes of sun_path, it goes
 * through a descriptor. Coming out, the host's becomes the
 * guest's.
 */
#include "agent/dispatch.h"
#include "agent/gate.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/translate.h"
#include "agent/proc.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/un.h>

#ifndef AF_UNIX
#define AF_UNIX 1
#endif
#define ADDRESS_MOST 128       /* sizeof(struct sockaddr_storage) */
#define WAIT_CLONE 0x80000000u /* __WCLONE, linux/wait.h */
/* The child's stack: the lower part of the slot's, of which bind needs little. */
#define CHILD_STACK_END (SLOT_SIZE - 12 * 1024)
#define PATH_AT offsetof(struct sockaddr_un, sun_path)

/* What a socket call keeps in its slot: the part of a result that only path calls use. */
struct socket_work {
	union {
		struct sockaddr_un unix_address;
		char bytes[ADDRESS_MOST + 1];
	};
	int length;	  /* of the address */
	int directory;	  /* open while the call runs, or -1 */
	bool needs_child; /* the address is a bare name in DIRECTORY */
	struct message {
		unsigned long name;
		int name_length;
		int padding;
		unsigned long rest[5];
	} message; /* struct user_msghdr */
};

static struct socket_work *work_of(struct slot *slot)
{
	return (struct socket_work *)&slot->results[1];
}

/* The path of an address that has one: copied to slot->path[0]. 0 when it has none, or -EFAULT. */
static long read_path(struct call *call, unsigned long address, int length)
{
	struct socket_work *work = work_of(call->slot);
	size_t path_length;

	if (length <= (int)PATH_AT || length > (int)sizeof(work->unix_address))
		return 0;
	if (guest_read(work->bytes, address, (size_t)length))
		return -EFAULT;
	work->bytes[length] = '\0';
	if (work->unix_address.sun_family != AF_UNIX)
		return 0;
	path_length = strlen(work->bytes + PATH_AT);
	memcpy(call->slot->path[0], work->bytes + PATH_AT, path_length + 1);
	return (long)path_length;
}

/* Open the directory of a host path too long for an address. NAME gets the last component. */
static long open_directory(struct socket_work *work, char *host_path, const char **name)
{
	long fd;

	*name = text_base_name(host_path);
	if (*name - host_path < 2)
		return -ENAMETOOLONG;
	host_path[*name - host_path - 1] = '\0';
	fd = GATE_4(NR_openat, AT_FDCWD, host_path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	if (fd < 0)
		return fd;
	work->directory = (int)fd;
	return 0;
}

/* Put a path into the address in the slot; the last byte of a full one needs no NUL behind it. */
static long set_path(struct socket_work *work, const char *path)
{
	size_t length = strlen(path), room = sizeof(work->unix_address.sun_path);

	if (length > room)
		return -ENAMETOOLONG;
	work->unix_address.sun_family = AF_UNIX;
	work->length = (int)(PATH_AT + MIN(length + 1, room));
	memcpy(work->unix_address.sun_path, path, (size_t)work->length - PATH_AT);
	return 0;
}

/* A path of the descriptor FD, with NAME below it unless that is NULL. */
static long set_path_of(struct socket_work *work, long fd, const char *name)
{
	char buf[PATH_SIZE];
	struct text path;

	text_init(&path, buf, sizeof(buf));
	text_add(&path, "/proc/self/fd/");
	text_add_number(&path, fd);
	if (name) {
		text_add(&path, "/");
		text_add(&path, name);
	}
	return set_path(work, buf);
}

/* An address for a socket whose host path is too long: a descriptor of it, kept until the call is done. */
static long name_existing(struct socket_work *work, const struct host_path *path)
{
	long fd = GATE_4(NR_openat, path->directory, path->path, O_PATH | O_CLOEXEC, 0);

	if (fd < 0)
		return fd;
	work->directory = (int)fd;
	return set_path_of(work, fd, NULL);
}

/* The same for one that bind makes; a name too long even then is left to bind_in_child(). */
static long name_new(struct call *call)
{
	struct socket_work *work = work_of(call->slot);
	const char *name;
	long status = open_directory(work, call->paths[0].result->host, &name);

	if (status)
		return status;
	if (set_path_of(work, work->directory, name)) {
		work->needs_child = true;
		status = set_path(work, name);
	}
	return status;
}

/* In the child: bind to the bare name, from its directory. */
static long bind_from_directory(struct slot *slot, long socket)
{
	struct socket_work *work = work_of(slot);

	slot->result = GATE_1(NR_fchdir, work->directory);
	if (!slot->result)
		slot->result = GATE_3(NR_bind, socket, work->bytes, work->length);
	return 0;
}

/* The cwd is the process's, and other threads use it: a child goes to the directory. */
static long bind_in_child(struct call *call)
{
	long child = agent_call_in_child((char *)call->slot + CHILD_STACK_END, bind_from_directory, call->slot,
					 (long)call->arguments[0]);

	if (child < 0)
		return child;
	GATE_4(NR_wait4, child, NULL, WAIT_CLONE, NULL);
	return call->slot->result;
}

/* The kernel looks at the socket before it looks the path up: give it a path of which it says ERROR. */
static long refuse_address(const struct call *call, unsigned long *address, int *length, long error)
{
	struct socket_work *work = work_of(call->slot);
	const char *path = error == -EACCES ? NULL : translate_path_of_error(error);
	size_t size = path ? strlen(path) + 1 : 0;

	if (!path || size > sizeof(work->unix_address.sun_path))
		return error;
	memcpy(work->unix_address.sun_path, path, size);
	*address = (unsigned long)work->bytes;
	*length = (int)(PATH_AT + size);
	return 0;
}

/*
 * Translate the address at argument values *ADDRESS, *LENGTH, which then name a
 * copy in the slot. MAKES: the call makes the socket's file.
 */
static long translate_address(struct call *call, unsigned long *address, int *length, bool makes)
{
	struct socket_work *work = work_of(call->slot);
	long status = read_path(call, *address, *length);

	work->directory = -1;
	work->needs_child = false;
	if (status <= 0)
		return status;
	status = translate_text(call, AT_FDCWD, makes ? VIEW_PARENT : VIEW_FOLLOW, 0);
	if (status)
		return refuse_address(call, address, length, status);
	if (!call->paths[0].is_resolved)
		return 0;
	if (call->paths[0].result->is_virtual || (makes && call->paths[0].result->is_mount_point))
		return makes ? -EADDRINUSE : -ECONNREFUSED;
	status = set_path(work, call->paths[0].path);
	if (status)
		status = makes ? name_new(call) : name_existing(work, &call->paths[0]);
	*address = (unsigned long)work->bytes;
	*length = work->length;
	return status;
}

static void close_directory(struct slot *slot)
{
	struct socket_work *work = work_of(slot);

	if (work->directory >= 0)
		GATE_1(NR_close, work->directory);
}

static long finish_closing(struct slot *slot, long result)
{
	close_directory(slot);
	return result;
}

static long resume(struct call *call)
{
	return call_resume(call, call->nr, work_of(call->slot)->directory >= 0 ? finish_closing : NULL);
}

static long translate_arguments(struct call *call, unsigned int at, bool makes)
{
	int length = (int)call->arguments[at + 1];
	long status = translate_address(call, &call->arguments[at], &length, makes);

	call->arguments[at + 1] = (unsigned long)length;
	return status;
}

long handle_bind(struct call *call)
{
	long status = translate_arguments(call, 1, true);

	if (!status)
		status = work_of(call->slot)->needs_child ? bind_in_child(call) : call_make(call, call->nr);
	close_directory(call->slot);
	return status == -EEXIST ? -EADDRINUSE : status;
}

long handle_connect(struct call *call)
{
	long status = translate_arguments(call, 1, false);

	return status ? status : resume(call);
}

#define SOCKET_LEVEL 1 /* SOL_SOCKET, SO_TYPE, SOCK_DGRAM: asm-generic/socket.h, linux/net.h */
#define SOCKET_TYPE 3
#define SOCKET_DATAGRAM 2

/* Only datagram sockets look at the address of what is sent. */
static bool looks_at_address(const struct call *call)
{
	int type = SOCKET_DATAGRAM, size = sizeof(type);

	GATE_5(NR_getsockopt, call->arguments[0], SOCKET_LEVEL, SOCKET_TYPE, &type, &size);
	return type == SOCKET_DATAGRAM;
}

long handle_sendto(struct call *call)
{
	long status = 0;

	work_of(call->slot)->directory = -1;
	if (looks_at_address(call))
		status = translate_arguments(call, 4, false);

	return status ? status : resume(call);
}

long handle_sendmsg(struct call *call)
{
	struct message *message = &work_of(call->slot)->message;
	long status;

	work_of(call->slot)->directory = -1;
	if (guest_read(message, call->arguments[1], sizeof(*message)))
		return -EFAULT;
	if (message->name && looks_at_address(call)) {
		status = translate_address(call, &message->name, &message->name_length, false);
		if (status)
			return status;
		call->arguments[1] = (unsigned long)message;
	}
	return resume(call);
}

/* Tell the path of a UNIX address in the slot as the guest knows it. */
static void localise(struct slot *slot)
{
	struct socket_work *work = work_of(slot);
	long length;

	if (work->unix_address.sun_family != AF_UNIX || work->length <= (int)PATH_AT || work->bytes[PATH_AT] != '/')
		return;
	work->bytes[MIN(work->length, ADDRESS_MOST)] = '\0';
	length = view_to_guest(the_view(), work->bytes + PATH_AT, slot->spare, PATH_SIZE);
	if (length < 0 || length >= (long)sizeof(work->unix_address.sun_path))
		return;
	memcpy(work->bytes + PATH_AT, slot->spare, (size_t)length + 1);
	work->length = (int)PATH_AT + (int)length + 1;
}

/* Copy the address in the slot out to where the arguments from AT on say. */
static long copy_out(struct slot *slot, unsigned int at)
{
	struct socket_work *work = work_of(slot);
	int room;

	if (guest_read(&room, slot->call.original[at + 1], sizeof(room)))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	localise(slot);
	if (guest_write(slot->call.original[at], work->bytes, (size_t)MIN(room, work->length)))
		return -EFAULT;
	return guest_write(slot->call.original[at + 1], &work->length, sizeof(work->length));
}

/* Let the kernel put the address into the slot. */
static void take_address(struct call *call, unsigned int at)
{
	struct socket_work *work = work_of(call->slot);

	work->length = ADDRESS_MOST;
	work->unix_address.sun_family = 0;
	call->arguments[at] = (unsigned long)work->bytes;
	call->arguments[at + 1] = (unsigned long)&work->length;
}

long handle_socket_name(struct call *call)
{
	long status;

	take_address(call, 1);
	status = call_make(call, call->nr);
	return status ? status : copy_out(call->slot, 1);
}

static long finish_accept(struct slot *slot, long result)
{
	long status = result < 0 ? 0 : copy_out(slot, 1);

	if (!status)
		return result;
	GATE_1(NR_close, result);
	return status;
}

long handle_accept(struct call *call)
{
	take_address(call, 1);
	return call_resume(call, call->nr, finish_accept);
}

static long finish_recvfrom(struct slot *slot, long result)
{
	long status = result < 0 ? 0 : copy_out(slot, 4);

	return status ? status : result;
}

long handle_recvfrom(struct call *call)
{
	take_address(call, 4);
	return call_resume(call, call->nr, finish_recvfrom);
}
