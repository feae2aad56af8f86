/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses of UNIX sockets hold paths. Going in, the guest's path becomes the
 * host's; where that does not fit into the 108 bytes of sun_path, it goes
 * through a descriptor. Coming out, a name is the text it was bound to
 * (socket_bind.c). Other sockets cost what it takes to see that they are.
 */
#include "agent/socket.h"
#include "agent/access.h"
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/identity.h"
#include "agent/ports.h"
#include "agent/proc.h"
#include "agent/translate.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <linux/fcntl.h>

long socket_read_path(struct call *call, unsigned long address, int length)
{
	struct socket_work *work = socket_work(call->slot);
	size_t path_length;

	if (!socket_is_copied(length))
		return 0;
	if (guest_read(work->bytes, address, (size_t)length))
		return -EFAULT;
	work->bytes[length] = '\0';
	if (work->unix_address.sun_family != AF_UNIX || !socket_is_unix((int)call->original[0]))
		return 0;
	path_length = strlen(work->bytes + PATH_AT);
	memcpy(call->slot->path[0], work->bytes + PATH_AT, path_length + 1);
	return (long)path_length;
}

/* The last byte of a full one needs no NUL behind it. */
long socket_set_path(struct socket_work *work, const char *path)
{
	size_t length = strlen(path);

	if (length > SOCKET_NAME_MOST)
		return -ENAMETOOLONG;
	work->unix_address.sun_family = AF_UNIX;
	work->length = (int)(PATH_AT + MIN(length + 1, SOCKET_NAME_MOST));
	memcpy(work->unix_address.sun_path, path, (size_t)work->length - PATH_AT);
	return 0;
}

/* A socket whose host path is too long: a descriptor of it, kept until the call is done. */
static long name_by_descriptor(struct socket_work *work, const struct host_path *path)
{
	long fd = GATE_4(NR_openat, path->directory, path->path, O_PATH | O_CLOEXEC, 0);
	char buf[48];
	struct text name;

	if (fd < 0)
		return fd;
	work->directory = (int)fd;
	text_init(&name, buf, sizeof(buf));
	text_add(&name, PROC_DESCRIPTORS);
	text_add_number(&name, fd);
	return socket_set_path(work, buf);
}

long socket_refuse(struct socket_work *work, long error)
{
	const char *path = error == -EACCES ? NULL : translate_path_of_error(error);

	return path && !socket_set_path(work, path) ? 0 : error;
}

long socket_translate(struct call *call, unsigned long *address, int *length)
{
	struct socket_work *work = socket_work(call->slot);
	long status = socket_read_path(call, *address, *length);

	if (status < 0)
		return status;
	/* From here on the copy counts, even of what has no path: the guest's may be changed. */
	if (socket_is_copied(*length))
		*address = (unsigned long)work->bytes;
	if (!status) {
		ports_translate(call, address, *length);
		return 0;
	}
	status = translate_text(call, AT_FDCWD, VIEW_FOLLOW, 0);
	if (!status && call->paths[0].is_resolved && call->paths[0].result->is_virtual)
		status = -ECONNREFUSED;
	if (!status && access_is_checked(call))
		status = access_check_at(call, call->paths[0].directory, call->paths[0].path, ACCESS_WRITE);
	if (!status && socket_set_path(work, call->paths[0].path))
		status = name_by_descriptor(work, &call->paths[0]);
	if (status)
		status = socket_refuse(work, status);
	*length = work->length;
	return status;
}

static long finish_closing(struct slot *slot, long result)
{
	if (socket_work(slot)->directory >= 0)
		GATE_1(NR_close, socket_work(slot)->directory);
	return result;
}

static long resume(struct call *call)
{
	return call_resume(call, call->nr, socket_work(call->slot)->directory >= 0 ? finish_closing : NULL);
}

static long translate_arguments(struct call *call, unsigned int at)
{
	int length = (int)call->arguments[at + 1];
	long status = socket_translate(call, &call->arguments[at], &length);

	call->arguments[at + 1] = (unsigned long)length;
	/* The kernel looks at the descriptor first. */
	if (status == -EFAULT) {
		call->arguments[at] = BAD_ADDRESS;
		status = call_make(call, call->nr);
	}
	return status;
}

/* By a child, which must not wait: where it would have to, the mode is what keeps the guest from it. */
static long connect_at_once(struct call *call)
{
	int fd = (int)call->original[0];
	long flags = GATE_2(NR_fcntl, fd, F_GETFL), result;

	GATE_3(NR_fcntl, fd, F_SETFL, flags | O_NONBLOCK);
	result = resume(call);
	GATE_3(NR_fcntl, fd, F_SETFL, flags);
	return result == -EAGAIN && !(flags & O_NONBLOCK) ? access_deny(call) : result;
}

static long finish_connect(struct slot *slot, long result)
{
	finish_closing(slot, result);
	return result == -EACCES ? access_override(&slot->call, result) : result;
}

long handle_connect(struct call *call)
{
	long status;

	socket_work(call->slot)->directory = -1;
	status = translate_arguments(call, 1);
	if (status)
		return status;
	if (!identity_is_on())
		return resume(call);
	return call->is_overriding ? connect_at_once(call) : call_resume(call, call->nr, finish_connect);
}

#define SOCKET_TYPE 3 /* SO_TYPE, SO_DOMAIN, SOCK_DGRAM: asm-generic/socket.h, linux/net.h */
#define SOCKET_DOMAIN 39
#define SOCKET_DATAGRAM 2

static bool has_option(int fd, int option, int wanted)
{
	int value = wanted, size = sizeof(value);

	GATE_5(NR_getsockopt, fd, SOCKET_LEVEL, option, &value, &size);
	return value == wanted;
}

long socket_check(int fd)
{
	int value, size = sizeof(value);

	return GATE_5(NR_getsockopt, fd, SOCKET_LEVEL, SOCKET_TYPE, &value, &size);
}

bool socket_is_unix(int fd)
{
	return has_option(fd, SOCKET_DOMAIN, AF_UNIX);
}

bool socket_has_names(int fd)
{
	return ports_are_on() || socket_is_unix(fd);
}

bool socket_looks_at_address(int fd)
{
	return has_option(fd, SOCKET_TYPE, SOCKET_DATAGRAM);
}

/* Whether the address is a UNIX one: two bytes tell, for other sockets nothing else has to be asked. */
static bool is_unix_address(unsigned long address, int length)
{
	unsigned short family;

	return length > (int)PATH_AT && !guest_read(&family, address, sizeof(family)) && family == AF_UNIX;
}

long handle_sendto(struct call *call)
{
	long status = 0;

	socket_work(call->slot)->directory = -1;
	if (is_unix_address(call->arguments[4], (int)call->arguments[5]) &&
	    socket_looks_at_address((int)call->arguments[0]))
		status = translate_arguments(call, 4);
	else
		ports_translate(call, &call->arguments[4], (int)call->arguments[5]);
	return status ? status : resume(call);
}

long handle_sendmsg(struct call *call)
{
	struct message *message = &socket_work(call->slot)->message;
	long status;

	socket_work(call->slot)->directory = -1;
	if (guest_read(message, call->arguments[1], sizeof(*message))) {
		call->arguments[1] = BAD_ADDRESS;
		return resume(call);
	}
	call->arguments[1] = (unsigned long)message;
	if (message->name && is_unix_address(message->name, message->name_length) &&
	    socket_looks_at_address((int)call->arguments[0])) {
		status = socket_translate(call, &message->name, &message->name_length);
		if (status)
			return status;
	} else if (message->name) {
		ports_translate(call, &message->name, message->name_length);
	}
	status = socket_translate_sent(call->slot, message);
	return status ? status : resume(call);
}

/* The bound text of a UNIX address, as the guest chose it: the address's length. */
static int decode(char *bytes, int length)
{
	const struct sockaddr_un *address = (const struct sockaddr_un *)bytes;

	if (length <= (int)PATH_AT || address->sun_family != AF_UNIX || !bytes[PATH_AT])
		return length;
	bytes[length] = '\0';
	return (int)(PATH_AT + socket_name_decode(bytes + PATH_AT)) + 1;
}

/* As move_addr_to_user(), net/socket.c: the length first. */
long socket_tell(char *bytes, int length, unsigned long address, unsigned long length_at)
{
	int room;

	if (guest_read(&room, length_at, sizeof(room)))
		return -EFAULT;
	length = decode(bytes, length);
	ports_tell(bytes, length);
	if (room < 0)
		return -EINVAL;
	if (guest_write(length_at, &length, sizeof(length)))
		return -EFAULT;
	return guest_write(address, bytes, (size_t)MIN(room, length));
}

/* The same for the call's own arguments, from AT on. */
static long tell_arguments(struct slot *slot, unsigned int at)
{
	struct socket_work *work = socket_work(slot);

	return socket_tell(work->bytes, work->length, slot->call.original[at], slot->call.original[at + 1]);
}

/* Let the kernel put the address into the slot. */
static void take_address(struct call *call, unsigned int at)
{
	struct socket_work *work = socket_work(call->slot);

	work->length = ADDRESS_MOST;
	call->arguments[at] = (unsigned long)work->bytes;
	call->arguments[at + 1] = (unsigned long)&work->length;
}

long handle_socket_name(struct call *call)
{
	long status;

	take_address(call, 1);
	status = call_make(call, call->nr);
	return status ? status : tell_arguments(call->slot, 1);
}

/* SO_PEERNAME: getpeername(2) with the length by value, sk_getsockopt() in net/core/sock.c. */
static long tell_peer_name(struct call *call)
{
	struct socket_work *work = socket_work(call->slot);
	const unsigned long *arguments = call->arguments;
	int size, length = ADDRESS_MOST;

	if ((int)arguments[1] != SOCKET_LEVEL || !socket_has_names((int)arguments[0]) ||
	    guest_read(&size, arguments[4], sizeof(size)) || size < 0 ||
	    GATE_3(NR_getpeername, arguments[0], work->bytes, &length))
		return call_make(call, call->nr);
	if (decode(work->bytes, length) < size)
		return -EINVAL;
	ports_tell(work->bytes, length);
	if (guest_write(arguments[3], work->bytes, (size_t)size))
		return -EFAULT;
	return guest_write(arguments[4], &size, sizeof(size));
}

long handle_getsockopt(struct call *call)
{
	switch ((int)call->arguments[2]) {
	case SOCKET_PEER:
		return socket_tell_peer(call);
	case SOCKET_PEER_GROUPS:
		return socket_tell_peer_groups(call);
	default:
		return tell_peer_name(call);
	}
}

static long finish_accept(struct slot *slot, long result)
{
	long status = result < 0 ? 0 : tell_arguments(slot, 1);

	if (!status)
		return result;
	GATE_1(NR_close, result);
	return status;
}

long handle_accept(struct call *call)
{
	if (!socket_has_names((int)call->arguments[0]))
		return call_resume(call, call->nr, NULL);
	take_address(call, 1);
	return call_resume(call, call->nr, finish_accept);
}

static long finish_recvfrom(struct slot *slot, long result)
{
	long status = result < 0 ? 0 : tell_arguments(slot, 4);

	return status ? status : result;
}

long handle_recvfrom(struct call *call)
{
	if (!socket_has_names((int)call->arguments[0]))
		return call_resume(call, call->nr, NULL);
	take_address(call, 4);
	return call_resume(call, call->nr, finish_recvfrom);
}

/* The kernel has been given the guest's own header. */
static void translate_control(struct slot *slot)
{
	struct message message;

	if (!guest_read(&message, slot->call.original[1], sizeof(message)))
		socket_translate_received(message.control, message.control_size);
}

static long finish_control(struct slot *slot, long result)
{
	if (result >= 0)
		translate_control(slot);
	return result;
}

/* As ____sys_recvmsg(), net/socket.c: the address, then what came with it. */
static long finish_recvmsg(struct slot *slot, long result)
{
	struct socket_work *work = socket_work(slot);
	const struct message *message = &work->message;
	unsigned long at = slot->call.original[1];
	long status;

	if (result < 0)
		return result;
	status = socket_tell(work->bytes, message->name_length, work->name_at,
			     at + offsetof(struct message, name_length));
	if (!status)
		status = guest_write(at + offsetof(struct message, flags), &message->flags, sizeof(message->flags));
	if (!status)
		status = guest_write(at + offsetof(struct message, control_size), &message->control_size,
				     sizeof(message->control_size));
	if (!status && work->has_credentials)
		socket_translate_received(message->control, message->control_size);
	return status ? status : result;
}

static bool has_credentials(const struct call *call)
{
	struct message message;

	return identity_is_on() && !guest_read(&message, call->arguments[1], sizeof(message)) &&
	       socket_may_get_credentials((int)call->arguments[0], &message);
}

/* Most want no address; what the kernel would refuse is left to it as it is. */
long handle_recvmsg(struct call *call)
{
	struct socket_work *work = socket_work(call->slot);
	struct message *message = &work->message;

	work->has_credentials = has_credentials(call);
	if (guest_read(&work->name_at, call->arguments[1], sizeof(work->name_at)) || !work->name_at ||
	    !socket_has_names((int)call->arguments[0]) || guest_read(message, call->arguments[1], sizeof(*message)) ||
	    message->name_length < 0)
		return call_resume(call, call->nr, work->has_credentials ? finish_control : NULL);
	message->name = (unsigned long)work->bytes;
	message->name_length = ADDRESS_MOST;
	call->arguments[1] = (unsigned long)message;
	return call_resume(call, call->nr, finish_recvmsg);
}
