/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses with ports, while proot has other ports for two of them: nothing of
 * that may be seen. Version 4 uses an address of 127.0.0.0/8 of its own, so that
 * many of these can run side by side.
 */
#include "call.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>

#define FIRST 27301 /* ports.options */
#define SECOND 27302

#ifndef SO_PEERNAME
#define SO_PEERNAME 28
#endif

union address {
	struct sockaddr base;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
	char bytes[160];
};

static uint32_t own_host; /* of version 4, in the order of the network */

static socklen_t make_address(union address *address, int family, unsigned int port)
{
	memset(address, 0, sizeof(*address));
	address->base.sa_family = (sa_family_t)family;
	address->four.sin_port = htons((uint16_t)port);
	if (family == AF_INET) {
		address->four.sin_addr.s_addr = own_host;
		return sizeof(address->four);
	}
	address->six.sin6_addr.s6_addr[10] = address->six.sin6_addr.s6_addr[11] = 0xff;
	memcpy(address->six.sin6_addr.s6_addr + 12, &own_host, 4);
	return sizeof(address->six);
}

/* A port that the kernel has chosen has no name. */
static const char *show_port(unsigned int port)
{
	static char text[8];

	snprintf(text, sizeof(text), "%u", port);
	return port && (port < 27300 || port > 27320) ? "some" : text;
}

static const char *show_host(const union address *address)
{
	static char text[INET6_ADDRSTRLEN];
	const void *host = &address->four.sin_addr;
	bool is_six = address->base.sa_family == AF_INET6;

	if (is_six && IN6_IS_ADDR_V4MAPPED(&address->six.sin6_addr))
		host = address->six.sin6_addr.s6_addr + 12;
	else if (is_six)
		return inet_ntop(AF_INET6, &address->six.sin6_addr, text, sizeof(text));
	return memcmp(host, &own_host, 4) ? inet_ntop(AF_INET, host, text, sizeof(text)) : "own";
}

static void say_address(const char *what, long result, const union address *address, socklen_t length)
{
	say("  %s %s", what, show_success(result));
	if (result >= 0 && length >= sizeof(address->four))
		say(", family %d port %s of %s, %u bytes", address->base.sa_family,
		    show_port(ntohs(address->four.sin_port)), show_host(address), length);
	say("\n");
}

static void say_name(const char *what, long number, int fd)
{
	union address address = { 0 };
	socklen_t length = sizeof(address);
	long result = CALL(number, fd, &address, &length);

	say_address(what, result, &address, length);
}

/* Other users' runs may have the port of an address that is not ours alone. */
static long bind_soon(int fd, const union address *address, socklen_t length)
{
	long result = -EADDRINUSE;

	for (int i = 0; result == -EADDRINUSE && i < 200; i++) {
		if (i)
			usleep(20000);
		result = CALL(SYS_bind, fd, address, length);
	}
	return result;
}

static int make_bound(int family, int type, unsigned int port)
{
	union address address;
	socklen_t length = make_address(&address, family, port);
	int fd = socket(family, type, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	say("  bind to %s: %s\n", show_port(port), show(CALL(SYS_bind, fd, &address, length)));
	say_name("name", SYS_getsockname, fd);
	return fd;
}

static void say_option(int fd)
{
	union address address = { 0 };
	socklen_t length = sizeof(address.four);
	long result = CALL(SYS_getsockopt, fd, SOL_SOCKET, SO_PEERNAME, &address, &length);

	say_address("SO_PEERNAME", result, &address, result ? 0 : sizeof(address.four));
}

/* A server that is connected to from a port of its own. */
static void try_stream(int family, unsigned int port, unsigned int from)
{
	union address address, peer = { 0 };
	socklen_t length = make_address(&address, family, port), peer_length = sizeof(peer);
	int server, client, accepted;

	say("stream of family %d at %s\n", family, show_port(port));
	server = make_bound(family, SOCK_STREAM, port);
	say("  listen %s\n", show(CALL(SYS_listen, server, 5)));
	client = make_bound(family, SOCK_STREAM, from);
	say("  connect %s\n", show(CALL(SYS_connect, client, &address, length)));
	say_name("name", SYS_getsockname, client);
	say_name("peer", SYS_getpeername, client);
	say_option(client);
	accepted = (int)CALL(SYS_accept4, server, &peer, &peer_length, 0);
	say_address("accept", accepted, &peer, peer_length);
	say_name("its name", SYS_getsockname, accepted);
	say_name("its peer", SYS_getpeername, accepted);
	MUST(write(client, "text", 4) == 4);
	peer_length = sizeof(peer);
	say_address("recvfrom", CALL(SYS_recvfrom, accepted, peer.bytes + 64, 4, 0, &peer, &peer_length), &peer,
		    peer_length);
	say("  in use: %s\n", show(CALL(SYS_bind, socket(family, SOCK_STREAM, 0), &address, length)));
	close(accepted);
	close(client);
	close(server);
}

static struct msghdr header_of(union address *address, socklen_t length, struct iovec *data)
{
	return (struct msghdr){ .msg_name = address, .msg_namelen = length, .msg_iov = data, .msg_iovlen = 1 };
}

static void receive_one(int fd)
{
	union address from = { 0 };
	char text[8];
	socklen_t length = sizeof(from);
	long result = CALL(SYS_recvfrom, fd, text, sizeof(text), 0, &from, &length);

	say_address("recvfrom", result, &from, length);
}

static void receive_header(int fd)
{
	union address from = { 0 };
	char text[8];
	struct iovec data = { text, sizeof(text) };
	struct msghdr header = header_of(&from, sizeof(from), &data);
	long result = CALL(SYS_recvmsg, fd, &header, 0);

	say_address("recvmsg", result, &from, header.msg_namelen);
}

static void receive_many(int fd, unsigned int count)
{
	union address from[3] = { 0 };
	char text[8];
	struct iovec data = { text, sizeof(text) };
	struct mmsghdr messages[3] = { 0 };
	long result;

	for (unsigned int i = 0; i < count; i++)
		messages[i].msg_hdr = header_of(&from[i], sizeof(from[i]), &data);
	result = CALL(SYS_recvmmsg, fd, messages, count, 0, NULL);
	say("  recvmmsg %s\n", show(result));
	for (long i = 0; i < result; i++)
		say_address("message", messages[i].msg_len, &from[i], messages[i].msg_hdr.msg_namelen);
}

static void try_datagram(int family, unsigned int port, unsigned int from)
{
	union address address;
	socklen_t length = make_address(&address, family, port);
	struct iovec data = { (void *)"text", 4 };
	struct msghdr header = header_of(&address, length, &data);
	struct mmsghdr messages[3] = { { .msg_hdr = header }, { .msg_hdr = header }, { .msg_hdr = header } };
	int server, client;

	say("datagrams of family %d at %s\n", family, show_port(port));
	server = make_bound(family, SOCK_DGRAM, port);
	client = make_bound(family, SOCK_DGRAM, from);
	say("  sendto %s\n", show(CALL(SYS_sendto, client, "text", 4, 0, &address, length)));
	receive_one(server);
	say("  sendmsg %s\n", show(CALL(SYS_sendmsg, client, &header, 0)));
	receive_header(server);
	say("  sendmmsg %s\n", show(CALL(SYS_sendmmsg, client, messages, 3, 0)));
	receive_many(server, 3);
	say("  connect %s\n", show(CALL(SYS_connect, client, &address, length)));
	say_name("peer", SYS_getpeername, client);
	say("  send %s\n", show(CALL(SYS_sendto, client, "text", 4, 0, NULL, 0)));
	receive_one(server);
	close(client);
	close(server);
}

/* What is wrong with an address, and lengths that are odd. */
static void try_lengths(void)
{
	static const int lengths[] = { -1, 0, 1, 2, 3, 4, 15, 16, 17, 28, 110, 111, 127, 128, 129, 160, 1 << 20 };
	union address address, name;

	say("lengths\n");
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		int fd = socket(AF_INET, SOCK_DGRAM, 0), other = socket(AF_INET, SOCK_DGRAM, 0), room = lengths[i];
		long result;

		make_address(&address, AF_INET, FIRST);
		say("  %d: bind %s", lengths[i], show(CALL(SYS_bind, fd, &address, lengths[i])));
		say(", connect %s", show(CALL(SYS_connect, other, &address, lengths[i])));
		say(", sendto %s", show(CALL(SYS_sendto, other, "x", 1, 0, &address, lengths[i])));
		close(other);
		other = socket(AF_INET, SOCK_DGRAM, 0);
		make_address(&address, AF_INET, SECOND);
		CALL(SYS_bind, other, &address, sizeof(address.four));
		memset(&name, 0xee, sizeof(name));
		result = CALL(SYS_getsockname, other, &name, &room);
		say(", getsockname %s %d", show(result), room);
		say(" %s", name.bytes[0] == AF_INET && !memcmp(name.bytes + 4, &own_host, 4) ? "own" : "not whole");
		for (int at = 0; at < 20; at++)
			say(at >= 4 && at < 8 ? "" : " %02x", (unsigned char)name.bytes[at]);
		say("\n");
		close(fd);
		close(other);
	}
}

static void try_memory(void)
{
	union address address;
	socklen_t length = make_address(&address, AF_INET, FIRST);
	char *at_end = page_end(length);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	say("memory\n");
	memcpy(at_end, &address, length);
	say("  bind from nowhere %s\n", show(CALL(SYS_bind, fd, no_memory(), length)));
	say("  bind beyond the end %s\n", show(CALL(SYS_bind, fd, at_end, length + 1)));
	say("  bind at the end %s\n", show(CALL(SYS_bind, fd, at_end, length)));
	say("  connect from nowhere %s\n", show(CALL(SYS_connect, fd, no_memory(), length)));
	say("  sendto nowhere %s\n", show(CALL(SYS_sendto, fd, "x", 1, 0, no_memory(), length)));
	say("  name to nowhere %s\n", show(CALL(SYS_getsockname, fd, no_memory(), &length)));
	say("  length to nowhere %s\n", show(CALL(SYS_getsockname, fd, &address, no_memory())));
	say("  name that can't be written %s\n", show(CALL(SYS_getsockname, fd, read_only_page(), &length)));
	close(fd);
}

/* The kernel takes no family for version 4, if the address is any. */
static void try_no_family(void)
{
	union address address;
	int fd = socket(AF_INET, SOCK_DGRAM, 0), six = socket(AF_INET6, SOCK_DGRAM, 0), one = 1;

	say("no family\n");
	make_address(&address, AF_INET, FIRST);
	address.base.sa_family = AF_UNSPEC;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	say("  own address %s\n", show(CALL(SYS_bind, fd, &address, sizeof(address.four))));
	say("  version 6 %s\n", show(CALL(SYS_bind, six, &address, sizeof(address.six))));
	address.four.sin_addr.s_addr = 0;
	say("  any %s\n", show(bind_soon(fd, &address, sizeof(address.four))));
	say_name("name", SYS_getsockname, fd);
	close(fd);
	close(six);
}

/* Any address stands for the machine itself; one far away does not. */
static void try_others(void)
{
	union address any = { 0 }, far = { 0 };
	int server = socket(AF_INET6, SOCK_DGRAM, 0), client = socket(AF_INET6, SOCK_DGRAM, 0), one = 1;

	say("others\n");
	any.base.sa_family = AF_INET6;
	any.six.sin6_port = htons(FIRST);
	setsockopt(server, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	say("  bind to any %s\n", show(bind_soon(server, &any, sizeof(any.six))));
	say_name("name", SYS_getsockname, server);
	say("  connect to any %s\n", show(CALL(SYS_connect, client, &any, sizeof(any.six))));
	say_name("peer", SYS_getpeername, client);
	say("  send %s\n", show(CALL(SYS_sendto, client, "x", 1, 0, NULL, 0)));
	receive_one(server);
	close(client);
	client = socket(AF_INET, SOCK_DGRAM, 0);
	far.base.sa_family = AF_INET;
	far.four.sin_port = htons(FIRST);
	far.four.sin_addr.s_addr = htonl(0xcb007101); /* of TEST-NET-3 */
	say("  connect far away %s\n", show_success(CALL(SYS_connect, client, &far, sizeof(far.four))));
	say_name("peer", SYS_getpeername, client);
	close(client);
	close(server);
}

int main(void)
{
	/* No other run has it, and the kernel takes all of 127.0.0.0/8 for its own. */
	MUST(getrandom(&own_host, sizeof(own_host), 0) == sizeof(own_host));
	own_host = htonl(0x7f000000 | (own_host % 0xfffffe + 1));
	try_stream(AF_INET, FIRST, SECOND);
	try_stream(AF_INET, FIRST, 0);
	try_stream(AF_INET, 27303, SECOND);
	try_stream(AF_INET6, SECOND, FIRST);
	try_datagram(AF_INET, FIRST, SECOND);
	try_datagram(AF_INET, FIRST, 0);
	try_datagram(AF_INET, 27303, FIRST);
	try_datagram(AF_INET6, SECOND, FIRST);
	try_lengths();
	try_memory();
	try_no_family();
	try_others();
	return 0;
}
