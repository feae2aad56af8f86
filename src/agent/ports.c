/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/ports.h"
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/plain.h"
#include "agent/socket.h"
#include <linux/in.h>
#include <linux/in6.h>

#define FAMILY_NONE 0 /* AF_UNSPEC, linux/socket.h of the kernel; the other two as well */
#define FAMILY_4 2
#define FAMILY_6 10
#define SIZE_6_LEAST 24 /* SIN6_LEN_RFC2133: the scope may be left out */

#define TYPE_DATAGRAM 2 /* SOCK_DGRAM, SOCK_CLOEXEC: linux/net.h of the kernel */
#define TYPE_CLOSED_ON_EXEC 02000000

/* What is noted where guests share no memory: it is a process's own, and its children's. */
static uint32_t own_notes[SHARED_PORTS_MOST];

static const struct ports *settings(void)
{
	return &image_data()->ports;
}

bool ports_are_on(void)
{
	return settings()->count || settings()->raises || settings()->cooperates;
}

static uint32_t *notes(void)
{
	struct shared *shared = plain_shared();

	return shared ? shared->ports : own_notes;
}

static uint32_t note_at(unsigned int index)
{
	return __atomic_load_n(&notes()[index], __ATOMIC_RELAXED);
}

/* The host's port of INSIDE, or 0: the same. */
static unsigned int outside_of(unsigned int inside)
{
	for (unsigned int i = 0; i < settings()->count; i++)
		if (settings()->pairs[i].inside == inside)
			return settings()->pairs[i].outside;
	for (unsigned int i = 0; i < SHARED_PORTS_MOST && note_at(i); i++)
		if (note_at(i) >> 16 == inside)
			return note_at(i) & 0xffff;
	return 0;
}

/* The guest's port of OUTSIDE, or 0: the same. */
static unsigned int inside_of(unsigned int outside)
{
	for (unsigned int i = 0; i < settings()->count; i++)
		if (settings()->pairs[i].outside == outside)
			return settings()->pairs[i].inside;
	for (unsigned int i = 0; i < SHARED_PORTS_MOST && note_at(i); i++)
		if ((note_at(i) & 0xffff) == outside)
			return note_at(i) >> 16;
	return 0;
}

/*
 * Note that INSIDE is OUTSIDE, if there is room. What it is from now on: somebody
 * else may have noted another at this moment.
 */
static unsigned int note(unsigned int inside, unsigned int outside)
{
	for (unsigned int i = 0; i < SHARED_PORTS_MOST; i++) {
		uint32_t there = 0;

		if (__atomic_compare_exchange_n(&notes()[i], &there, inside << 16 | outside, false, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED))
			break;
		if (there >> 16 == inside)
			return there & 0xffff;
	}
	return outside;
}

/* Whether BYTES is an address with a port. Without a family, the kernel may take it for one of version 4. */
static bool has_port(const char *bytes, int length)
{
	unsigned short family;

	if (length < (int)sizeof(struct sockaddr_in))
		return false;
	memcpy(&family, bytes, sizeof(family));
	return family == FAMILY_4 || family == FAMILY_NONE || (family == FAMILY_6 && length >= SIZE_6_LEAST);
}

/* The port lies behind the family in both versions, its high byte first. */
static unsigned int port_of(const char *bytes)
{
	return (unsigned int)(unsigned char)bytes[2] << 8 | (unsigned char)bytes[3];
}

static void set_port(char *bytes, unsigned int port)
{
	bytes[2] = (char)(port >> 8);
	bytes[3] = (char)port;
}

/*
 * Whether the kernel would send from ADDRESS to itself, which it does where that
 * is the machine's own. To connect a datagram socket sends nothing.
 */
static bool is_source_for_itself(const void *address, size_t size, size_t host_at, size_t host_size)
{
	struct sockaddr_in6 source;
	unsigned short family;
	int length = sizeof(source);
	bool is_same;
	long fd;

	memcpy(&family, address, sizeof(family));
	fd = GATE_3(NR_socket, family, TYPE_DATAGRAM | TYPE_CLOSED_ON_EXEC, 0);
	if (fd < 0)
		return false;
	is_same = !GATE_3(NR_connect, fd, address, size) && !GATE_3(NR_getsockname, fd, &source, &length) &&
		  !memcmp((const char *)&source + host_at, (const char *)address + host_at, host_size);
	GATE_1(NR_close, fd);
	return is_same;
}

/* HOST is the address's four bytes. */
static bool is_own_4(const unsigned char *host)
{
	struct sockaddr_in address = { .sin_family = FAMILY_4, .sin_port = 0x0101 };
	static const unsigned char any[4];

	if (host[0] == 127 || !memcmp(host, any, sizeof(any)))
		return true;
	if (host[0] >= 224) /* to many */
		return false;
	memcpy(&address.sin_addr, host, 4);
	return is_source_for_itself(&address, sizeof(address), offsetof(struct sockaddr_in, sin_addr), 4);
}

static bool is_own_6(const char *bytes, int length)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff }, loopback[16] = { [15] = 1 }, any[16];
	struct sockaddr_in6 address = { 0 };
	const unsigned char *host = address.sin6_addr.s6_addr;

	memcpy(&address, bytes, MIN((size_t)length, sizeof(address)));
	if (!memcmp(host, mapped, sizeof(mapped)))
		return is_own_4(host + sizeof(mapped));
	if (!memcmp(host, loopback, sizeof(loopback)) || !memcmp(host, any, sizeof(any)))
		return true;
	return host[0] != 0xff &&
	       is_source_for_itself(&address, sizeof(address), offsetof(struct sockaddr_in6, sin6_addr), sizeof(any));
}

/* Whether the address, which has a port, is this machine's. */
static bool is_own(const char *bytes, int length)
{
	unsigned short family;

	memcpy(&family, bytes, sizeof(family));
	if (family == FAMILY_6)
		return is_own_6(bytes, length);
	return is_own_4((const unsigned char *)bytes + offsetof(struct sockaddr_in, sin_addr));
}

/* Copy the address to the slot, if it has a port: the guest's may be changed while we look at it. */
static bool take(struct call *call, unsigned long *address, int length)
{
	struct socket_work *work = socket_work(call->slot);

	if (length < (int)sizeof(struct sockaddr_in) || length > ADDRESS_MOST)
		return false;
	if (*address != (unsigned long)work->bytes && guest_read(work->bytes, *address, (size_t)length))
		return false;
	*address = (unsigned long)work->bytes;
	return has_port(work->bytes, length);
}

void ports_translate(struct call *call, unsigned long *address, int length)
{
	char *bytes = socket_work(call->slot)->bytes;
	unsigned int outside;

	if (!ports_are_on() || !take(call, address, length))
		return;
	outside = outside_of(port_of(bytes));
	if (outside && is_own(bytes, length))
		set_port(bytes, outside);
}

static long bind_to(struct call *call, unsigned int port)
{
	set_port(socket_work(call->slot)->bytes, port);
	return call_make(call, call->nr);
}

static long bind_raised(struct call *call, unsigned int inside)
{
	long status = bind_to(call, inside + PORTS_RAISED_BY);

	if (!status)
		note(inside, inside + PORTS_RAISED_BY);
	return status;
}

/* The kernel chooses. Who has bound to the same port at this moment has got it. */
static long bind_anywhere(struct call *call, unsigned int inside)
{
	char *bytes = socket_work(call->slot)->bytes;
	long status = bind_to(call, 0);
	int length = ADDRESS_MOST;

	if (!status)
		status = GATE_3(NR_getsockname, call->original[0], bytes, &length);
	if (status || !has_port(bytes, length))
		return status;
	return note(inside, port_of(bytes)) == port_of(bytes) ? 0 : -EADDRINUSE;
}

long ports_bind(struct call *call)
{
	unsigned int inside, outside;

	if (!ports_are_on() || !take(call, &call->arguments[1], (int)call->arguments[2]))
		return call_make(call, call->nr);
	inside = port_of(socket_work(call->slot)->bytes);
	outside = inside ? outside_of(inside) : 0;
	if (outside || !inside)
		return bind_to(call, outside);
	if (settings()->raises && inside < PORTS_LOW)
		return bind_raised(call, inside);
	return settings()->cooperates ? bind_anywhere(call, inside) : call_make(call, call->nr);
}

void ports_tell(char *bytes, int length)
{
	unsigned int inside;

	if (!ports_are_on() || length > ADDRESS_MOST || !has_port(bytes, length))
		return;
	inside = inside_of(port_of(bytes));
	if (inside && is_own(bytes, length))
		set_port(bytes, inside);
}
