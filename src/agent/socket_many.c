/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sendmmsg and recvmmsg of a socket whose addresses are to be translated, where a message has one: all
 * messages are copied, with addresses of their own, to memory that is mapped
 * for the call. Any other call of theirs goes to the kernel as it is.
 */
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/identity.h"
#include "agent/ports.h"
#include "agent/room.h"
#include "agent/socket.h"
#include <asm/mman.h>
#include <linux/mman.h>

#define MESSAGES_MOST 1024 /* UIO_MAXIOV, linux/uio.h: what sendmmsg clamps to */

/* struct mmsghdr, linux/socket.h of the kernel. */
struct many {
	struct message message;
	unsigned int length;
	unsigned int padding;
};

/* What is kept of one message beside its copy. */
struct aside {
	char address[ADDRESS_MOST + 1];
	int directory;	       /* to be closed, or -1 */
	unsigned long name_at; /* where the guest wants the address */
};

#define SIZE_EACH (sizeof(struct many) + sizeof(struct aside))

static struct many *copies_of(const struct slot *slot)
{
	return slot->extra;
}

static struct aside *asides_of(struct slot *slot)
{
	return (struct aside *)(copies_of(slot) + slot->extra_size / SIZE_EACH);
}

static unsigned long guest_message(const struct slot *slot, unsigned int index)
{
	return slot->call.original[1] + index * sizeof(struct many);
}

static void free_copies(struct slot *slot)
{
	room_unmap(slot->extra, slot->extra_size);
	slot->extra = NULL;
}

/* How many of the guest's messages can be read, and whether any has an address. */
static unsigned int count_messages(const struct call *call, bool *has_address)
{
	unsigned int most = MIN((unsigned int)call->arguments[2], MESSAGES_MOST), count = 0;
	struct message message;

	for (*has_address = false; count < most; count++) {
		if (guest_read(&message, guest_message(call->slot, count), sizeof(message)))
			break;
		*has_address |= message.name != 0;
	}
	return count;
}

/* Map memory and copy the messages there; the slot's next owner frees it if nobody comes back. */
static long copy_messages(struct slot *slot, unsigned int count)
{
	size_t size = ALIGN_UP(count * SIZE_EACH, 0x1000ul);
	long memory = room_map(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	if (memory < 0)
		return -ENOMEM;
	GATE_3(NR_madvise, memory, size, MADV_DONTFORK);
	slot->extra = (void *)memory;
	slot->extra_size = size;
	socket_work(slot)->many = count;
	return guest_read(slot->extra, slot->call.original[1], count * sizeof(struct many));
}

/* Whether the messages have to be copied, and are: 1. 0: the kernel takes the guest's own. */
static long prepare(struct call *call)
{
	bool has_address;
	unsigned int count = count_messages(call, &has_address);
	long status;

	if (!has_address || !socket_has_names((int)call->arguments[0]))
		return 0;
	status = copy_messages(call->slot, count);
	if (status)
		return status;
	call->arguments[1] = (unsigned long)copies_of(call->slot);
	call->arguments[2] = count;
	return 1;
}

static void close_directories(struct slot *slot)
{
	for (unsigned int i = 0; i < socket_work(slot)->many; i++)
		if (asides_of(slot)[i].directory >= 0)
			GATE_1(NR_close, asides_of(slot)[i].directory);
}

static long finish_send(struct slot *slot, long result)
{
	for (unsigned int i = 0; (long)i < result; i++)
		if (guest_write(guest_message(slot, i) + offsetof(struct many, length), &copies_of(slot)[i].length,
				sizeof(copies_of(slot)[i].length)))
			result = i ? (long)i : -EFAULT;
	close_directories(slot);
	free_copies(slot);
	return result;
}

/* Translate the address of message INDEX, into the memory beside its copy. */
static long translate_message(struct call *call, unsigned int index)
{
	struct socket_work *work = socket_work(call->slot);
	struct message *message = &copies_of(call->slot)[index].message;
	struct aside *aside = &asides_of(call->slot)[index];
	long status = 0;

	work->directory = -1;
	if (message->name)
		status = socket_translate(call, &message->name, &message->name_length);
	if (message->name == (unsigned long)work->bytes) {
		memcpy(aside->address, work->bytes, sizeof(aside->address));
		message->name = (unsigned long)aside->address;
	}
	aside->directory = work->directory;
	/* Each message keeps its own. */
	if (message->name && call->paths[0].pin >= 0) {
		aside->directory = call->paths[0].pin;
		call->paths[0].pin = -1;
	}
	return status;
}

/* A message whose address is bad ends what is sent; the first one is the call's error. */
long handle_sendmmsg(struct call *call)
{
	struct slot *slot = call->slot;
	unsigned int count;
	long status = 0;

	/* The kernel looks at the descriptor first. */
	if (socket_check((int)call->arguments[0])) {
		call->arguments[1] = BAD_ADDRESS;
		return call_make(call, call->nr);
	}
	if (!socket_looks_at_address((int)call->arguments[0]) &&
	    (!ports_are_on() || socket_is_unix((int)call->arguments[0])))
		return call_resume(call, call->nr, NULL);
	status = prepare(call);
	if (status <= 0)
		return status ? status : call_resume(call, call->nr, NULL);
	count = socket_work(slot)->many;
	socket_work(slot)->many = 0;
	while (socket_work(slot)->many < count) {
		status = translate_message(call, socket_work(slot)->many);
		if (status)
			break;
		socket_work(slot)->many++;
	}
	call->arguments[2] = socket_work(slot)->many;
	if (socket_work(slot)->many)
		return call_resume(call, call->nr, finish_send);
	free_copies(slot);
	return status;
}

/* Give the guest message INDEX as the kernel has received it: as ___sys_recvmsg() and do_recvmmsg(), net/socket.c. */
static long tell_message(struct slot *slot, unsigned int index)
{
	const struct many *copy = &copies_of(slot)[index];
	struct aside *aside = &asides_of(slot)[index];
	unsigned long at = guest_message(slot, index);
	long status = 0;

	if (aside->name_at)
		status = socket_tell(aside->address, copy->message.name_length, aside->name_at,
				     at + offsetof(struct message, name_length));
	if (!status)
		status = guest_write(at + offsetof(struct message, control_size), &copy->message.control_size,
				     sizeof(copy->message.control_size));
	if (!status)
		status = guest_write(at + offsetof(struct message, flags), &copy->message.flags,
				     sizeof(copy->message.flags));
	if (!status)
		status = guest_write(at + offsetof(struct many, length), &copy->length, sizeof(copy->length));
	return status;
}

/* What came along with the first COUNT messages. */
static void translate_controls(struct slot *slot, long count)
{
	struct message message;

	for (unsigned int i = 0; (long)i < count; i++)
		if (!guest_read(&message, guest_message(slot, i), sizeof(message)))
			socket_translate_received(message.control, message.control_size);
}

static long finish_receive(struct slot *slot, long result)
{
	for (unsigned int i = 0; (long)i < result; i++) {
		long status = tell_message(slot, i);

		if (status)
			result = i ? (long)i : status;
	}
	if (socket_work(slot)->has_credentials)
		translate_controls(slot, result);
	free_copies(slot);
	return result;
}

static long finish_controls(struct slot *slot, long result)
{
	translate_controls(slot, result);
	return result;
}

/* The kernel writes each address beside its message's copy. A length it refuses stays. */
long handle_recvmmsg(struct call *call)
{
	struct slot *slot = call->slot;
	long status = prepare(call);
	struct message first;
	bool has_credentials = identity_is_on() && !guest_read(&first, call->original[1], sizeof(first)) &&
			       socket_may_get_credentials((int)call->arguments[0], &first);

	socket_work(slot)->has_credentials = has_credentials;
	if (status <= 0)
		return status ? status : call_resume(call, call->nr, has_credentials ? finish_controls : NULL);
	for (unsigned int i = 0; i < socket_work(slot)->many; i++) {
		struct message *message = &copies_of(slot)[i].message;

		asides_of(slot)[i].name_at = message->name;
		if (!message->name || message->name_length < 0)
			continue;
		message->name = (unsigned long)asides_of(slot)[i].address;
		message->name_length = ADDRESS_MOST;
	}
	return call_resume(call, call->nr, finish_receive);
}
