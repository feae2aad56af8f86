/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the handlers of socket calls share: an address on its way in or out, in
 * the call's slot.
 */
#ifndef AGENT_SOCKET_H
#define AGENT_SOCKET_H

#include "agent/slot.h"
#include "agent/socket_name.h"
#include <linux/un.h>

#ifndef AF_UNIX
#define AF_UNIX 1
#endif
#define SOCKET_LEVEL 1 /* SOL_SOCKET, SO_PEERCRED, SO_PEERNAME, SO_PEERGROUPS: asm-generic/socket.h */
#define SOCKET_PEER 17
#define SOCKET_PEER_NAME 28
#define SOCKET_PEER_GROUPS 59
#define ADDRESS_MOST 128 /* sizeof(struct sockaddr_storage) */
#define PATH_AT offsetof(struct sockaddr_un, sun_path)

/* struct user_msghdr, linux/socket.h of the kernel. */
struct message {
	unsigned long name;
	int name_length;
	int padding;
	unsigned long data, data_count, control, control_size;
	unsigned int flags;
	unsigned int more_padding;
};

/* What a socket call keeps in its slot: the part of a result that only path calls use. */
struct socket_work {
	union {
		struct sockaddr_un unix_address;
		char bytes[ADDRESS_MOST + 1];
	};
	int length;    /* of the address */
	int directory; /* open while the call runs, or -1 */
	struct message message;
	unsigned long name_at; /* of recvmsg: where the guest wants the address; 0: nowhere */
	bool has_credentials;  /* of recvmsg and recvmmsg: socket_may_get_credentials() */
	unsigned int many;     /* of sendmmsg and recvmmsg: messages in slot->extra */
};

static inline struct socket_work *socket_work(struct slot *slot)
{
	return (struct socket_work *)&slot->results[1];
}

/*
 * The path of an address that has one, for the UNIX socket in the call's first
 * argument: copied to slot->path[0], its length returned. 0 when it has none or
 * the socket is another, or -EFAULT.
 */
long socket_read_path(struct call *call, unsigned long address, int length);

/* Whether an address of LENGTH may have a path, so that socket_read_path() copies it to the slot. */
static inline bool socket_is_copied(int length)
{
	return length > (int)PATH_AT && length <= (int)sizeof(struct sockaddr_un);
}

/* Put a path into the address in the slot, or -ENAMETOOLONG. */
long socket_set_path(struct socket_work *work, const char *path);

/*
 * The path can't be used because of ERROR. The kernel looks at the socket
 * before it looks the path up: give it one of which it says the same, 0. Where
 * there is none, ERROR.
 */
long socket_refuse(struct socket_work *work, long error);

/*
 * Translate the address *ADDRESS of *LENGTH bytes, of a socket that is there.
 * It then names the copy in the slot, for which work->directory may have to be
 * closed after the call. A negative errno when the call is not to be made.
 */
long socket_translate(struct call *call, unsigned long *address, int *length);

/*
 * Give the guest an address the kernel has written, LENGTH of at most
 * ADDRESS_MOST bytes in BYTES with room for one more: to ADDRESS, of as many
 * bytes as the number at LENGTH_AT says, which becomes the true length. 0,
 * -EFAULT or -EINVAL as the kernel.
 */
long socket_tell(char *bytes, int length, unsigned long address, unsigned long length_at);

/* getsockopt(2) of SO_PEERCRED and SO_PEERGROUPS: agent/socket_credentials.c, as the following. */
long socket_tell_peer(struct call *call);
long socket_tell_peer_groups(struct call *call);
/* Whether credentials may come along with MESSAGE; they came, SIZE bytes at CONTROL, the guest's memory. */
bool socket_may_get_credentials(int fd, const struct message *message);
void socket_translate_received(unsigned long control, unsigned long size);
/* Make those that are sent with MESSAGE the kernel's, in slot->spare. 0 or -EPERM. */
long socket_translate_sent(struct slot *slot, struct message *message);

/* 0 if FD is a socket; -EBADF or -ENOTSOCK. */
long socket_check(int fd);
/* Whether FD is a UNIX socket, or none. */
bool socket_is_unix(int fd);
/* Whether addresses of FD may be others inside than for the kernel: a UNIX socket's, or those with ports
 * (agent/ports.h). */
bool socket_has_names(int fd);
/* Whether the socket looks at the address of what is sent: those of datagrams do. */
bool socket_looks_at_address(int fd);

#endif
