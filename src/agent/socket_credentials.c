/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Credentials that sockets tell: SO_PEERCRED, SO_PEERGROUPS and SCM_CREDENTIALS (unix(7)). The
 * kernel tells the number of a process and its own idea of the user. What a guest
 * is told of another is what that believes to be now, not what it was when it connected or sent; of who is no
 * guest, or has ended, that the user of the host is who files of the user's seem to belong to.
 */
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/identity.h"
#include "agent/kin.h"
#include "agent/proc.h"
#include "agent/socket.h"
#include <linux/capability.h>

#define SCM_CREDENTIALS 2 /* linux/socket.h of the kernel, as the next two */
#define SO_PASSCRED 16
#define CONTROL_MOST sizeof(((struct slot *)NULL)->spare)

struct ucred {
	int pid;
	uint32_t uid, gid;
};

struct control {
	uint64_t length; /* with this head */
	int level, type;
};

/* Those of PROCESS, into BUF unless they are our own; NULL: it is no guest. */
static const struct credentials *find_credentials(int process, struct credentials *buf)
{
	if (process <= 0)
		return NULL;
	if (process == GATE_0(NR_getpid))
		return identity_now();
	return kin_has_identity(process) && identity_read(process, buf) ? buf : NULL;
}

/* Make what the kernel says of a peer what the guest is to see. */
static void translate(struct ucred *peer, bool is_effective)
{
	const struct identity *identity = &image_data()->identity;
	struct credentials buf;
	const struct credentials *credentials = find_credentials(peer->pid, &buf);

	if (credentials) {
		peer->uid = is_effective ? credentials->euid : credentials->uid;
		peer->gid = is_effective ? credentials->egid : credentials->gid;
		return;
	}
	if (peer->uid == identity->host_uid)
		peer->uid = identity->uid;
	if (peer->gid == identity->host_gid)
		peer->gid = identity->gid;
}

/* Read the room that the guest has at LENGTH_AT: false where the kernel finds the call wrong. */
static bool read_room(const struct call *call, int *room)
{
	return (int)call->arguments[1] == SOCKET_LEVEL && !guest_read(room, call->arguments[4], sizeof(*room)) &&
	       *room >= 0;
}

static long ask_peer(const struct call *call, struct ucred *peer)
{
	int size = sizeof(*peer);

	return GATE_5(NR_getsockopt, call->arguments[0], SOCKET_LEVEL, SOCKET_PEER, peer, &size);
}

/* As sk_getsockopt(), net/core/sock.c. */
long socket_tell_peer(struct call *call)
{
	struct ucred peer;
	int room;
	long status;

	if (!identity_is_on() || !read_room(call, &room))
		return call_make(call, call->nr);
	status = ask_peer(call, &peer);
	if (status)
		return status;
	translate(&peer, true);
	room = MIN(room, (int)sizeof(peer));
	status = guest_write(call->arguments[3], &peer, (size_t)room);
	return status ? status : guest_write(call->arguments[4], &room, sizeof(room));
}

long socket_tell_peer_groups(struct call *call)
{
	const struct credentials *credentials = NULL;
	struct credentials buf;
	struct ucred peer;
	int room, size;

	if (identity_is_on() && read_room(call, &room) && !ask_peer(call, &peer))
		credentials = find_credentials(peer.pid, &buf);
	if (!credentials)
		return call_make(call, call->nr);
	size = (int)(credentials->group_count * sizeof(credentials->groups[0]));
	if (room < size)
		return guest_write(call->arguments[4], &size, sizeof(size)) ? -EFAULT : -ERANGE;
	if (guest_write(call->arguments[3], credentials->groups, (size_t)size))
		return -EFAULT;
	return guest_write(call->arguments[4], &size, sizeof(size));
}

bool socket_may_get_credentials(int fd, const struct message *message)
{
	int value = 0, size = sizeof(value);

	return identity_is_on() && message->control && message->control_size &&
	       !GATE_5(NR_getsockopt, fd, SOCKET_LEVEL, SO_PASSCRED, &value, &size) && value;
}

/* The kernel has written what came along with a message to the guest's memory. */
void socket_translate_received(unsigned long control, unsigned long size)
{
	unsigned long at = control, end = control + size;
	struct control head;
	struct ucred sender;

	while (end - at >= sizeof(head) && !guest_read(&head, at, sizeof(head))) {
		unsigned long next = at + ALIGN_UP(head.length, sizeof(long));

		if (head.length < sizeof(head) || head.length > end - at)
			return;
		if (head.level == SOCKET_LEVEL && head.type == SCM_CREDENTIALS &&
		    head.length >= sizeof(head) + sizeof(sender) &&
		    !guest_read(&sender, at + sizeof(head), sizeof(sender))) {
			translate(&sender, false);
			guest_write(at + sizeof(head), &sender, sizeof(sender));
		}
		if (next >= end)
			return;
		at = next;
	}
}

static bool is_one_of(uint32_t id, uint32_t a, uint32_t b, uint32_t c)
{
	return id == a || id == b || id == c;
}

/* scm_check_creds(), net/core/scm.c; of the process it asks the kernel. */
static long check_sender(struct ucred *sender)
{
	const struct credentials *now = identity_now();

	if (!is_one_of(sender->uid, now->uid, now->euid, now->suid) && !credentials_can(now, CAP_SETUID))
		return -EPERM;
	if (!is_one_of(sender->gid, now->gid, now->egid, now->sgid) && !credentials_can(now, CAP_SETGID))
		return -EPERM;
	sender->uid = (uint32_t)GATE_0(NR_getuid);
	sender->gid = (uint32_t)GATE_0(NR_getgid);
	return 0;
}

/*
 * The kernel takes its own numbers only. What the guest sends is copied to slot->spare for that; it must not be
 * used otherwise. What has no room there goes as it is.
 */
long socket_translate_sent(struct slot *slot, struct message *message)
{
	char *copy = slot->spare, *end = copy + message->control_size, *at = copy;

	if (!identity_is_on() || !message->control || message->control_size > CONTROL_MOST ||
	    guest_read(copy, message->control, message->control_size))
		return 0;
	while ((size_t)(end - at) >= sizeof(struct control) + sizeof(struct ucred)) {
		struct control head;
		struct ucred sender;
		long status;

		__builtin_memcpy(&head, at, sizeof(head));
		if (head.length < sizeof(head) || head.length > (size_t)(end - at))
			break;
		if (head.level == SOCKET_LEVEL && head.type == SCM_CREDENTIALS &&
		    head.length == sizeof(head) + sizeof(sender)) {
			__builtin_memcpy(&sender, at + sizeof(head), sizeof(sender));
			status = check_sender(&sender);
			if (status)
				return status;
			__builtin_memcpy(at + sizeof(head), &sender, sizeof(sender));
			message->control = (unsigned long)copy;
		}
		if (ALIGN_UP(head.length, sizeof(long)) > (size_t)(end - at))
			break;
		at += ALIGN_UP(head.length, sizeof(long));
	}
	return 0;
}

#define NETLINK 16 /* AF_NETLINK, linux/socket.h of the kernel */
#define NETLINK_AUDIT 9

/*
 * The machine's audit takes no messages from who has not really the capability, and su, sudo and sshd
 * take that amiss from root; a kernel without audit they are used to.
 */
long handle_socket(struct call *call)
{
	bool is_audit = (int)call->arguments[0] == NETLINK && (int)call->arguments[2] == NETLINK_AUDIT;

	return is_audit ? -EPROTONOSUPPORT : call_make(call, call->nr);
}
