/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Credentials that UNIX sockets tell: SO_PEERCRED, SO_PEERGROUPS, SCM_CREDENTIALS. */
#include "call.h"
#include <linux/capability.h>
#include <sys/socket.h>
#include <sys/un.h>

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

static void say_peer(const char *who, int fd)
{
	struct ucred peer = { -1, 55, 55 };
	gid_t groups[16];
	socklen_t size = sizeof(peer), groups_size = sizeof(groups);
	long result = CALL(SYS_getsockopt, fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);

	say("%s: %s, size %u, %u:%u, %s", who, show(result), size, peer.uid, peer.gid,
	    peer.pid > 0 ? "a process" : "none");
	result = CALL(SYS_getsockopt, fd, SOL_SOCKET, SO_PEERGROUPS, groups, &groups_size);
	say(", groups: %s", show(result));
	for (size_t i = 0; !result && i < groups_size / sizeof(gid_t); i++)
		say(" %u", groups[i]);
	say("\n");
}

static void try_sizes(int fd)
{
	struct ucred peer;
	gid_t groups[4];
	static const int sizes[] = { 0, 3, 4, 8, 12, 13, 100, -1 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		int size = sizes[i];
		long result;

		memset(&peer, 0x5a, sizeof(peer));
		peer.pid = 0;
		result = CALL(SYS_getsockopt, fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
		say("size %d: %s %d %x %x\n", sizes[i], show(result), size, peer.uid, peer.gid);
		size = MIN(sizes[i], (int)sizeof(groups));
		memset(groups, 0x5a, sizeof(groups));
		result = CALL(SYS_getsockopt, fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size);
		say("groups %d: %s %d %x %x\n", sizes[i], show(result), size, groups[0], groups[1]);
	}
	say("%s %s %s\n", show(CALL(SYS_getsockopt, fd, SOL_SOCKET, SO_PEERCRED, no_memory(), &(int){ 12 })),
	    show(CALL(SYS_getsockopt, fd, SOL_SOCKET, SO_PEERCRED, &peer, no_memory())),
	    show(CALL(SYS_getsockopt, -1, SOL_SOCKET, SO_PEERCRED, &peer, &(int){ 12 })));
	say("%s %s\n", show(CALL(SYS_getsockopt, fd, SOL_SOCKET, SO_PEERGROUPS, no_memory(), &(int){ 64 })),
	    show(CALL(SYS_getsockopt, fd, SOL_SOCKET, SO_PEERGROUPS, groups, no_memory())));
	say("another level %s\n", show(CALL(SYS_getsockopt, fd, 6, SO_PEERCRED, &peer, &(int){ 12 })));
}

static void try_pair(void)
{
	static const gid_t groups[] = { 9, 4 };
	int fds[2];

	MUST(!CALL(SYS_setgroups, 2, groups) && !CALL(SYS_setresgid, 3, 4, 5) && !CALL(SYS_setresuid, 6, 7, 8));
	MUST(!socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	say_peer("pair", fds[0]);
	try_sizes(fds[0]);
	say_peer("alone", socket(AF_UNIX, SOCK_STREAM, 0));
	say_peer("not UNIX", socket(AF_INET, SOCK_STREAM, 0));
	say_peer("no socket", open("/file", O_RDONLY));
}

static const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/tmp/peers" };

static void wait_for_byte(int fd)
{
	char byte;

	MUST(read(fd, &byte, 1) == 1);
}

/* A server and a client who are different users, and no root. */
static void try_connection(void)
{
	static const gid_t groups[] = { 1, 2, 3 };
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), fd;
	pid_t pid;

	unlink(address.sun_path);
	MUST(!bind(listener, (const struct sockaddr *)&address, sizeof(address)) && !chmod(address.sun_path, 0777));
	pid = fork();
	if (!pid) {
		MUST(!CALL(SYS_setresuid, 0, 33, 0));
		MUST(!listen(listener, 5));
		fd = accept(listener, NULL, NULL);
		MUST(fd >= 0 && write(fd, "a", 1) == 1);
		wait_for_byte(fd);
		say_peer("client", fd);
		MUST(write(fd, "b", 1) == 1);
		wait_for_byte(fd);
		_exit(0);
	}
	MUST(!CALL(SYS_setgroups, 3, groups) && !CALL(SYS_setresgid, 77, 77, 77));
	MUST(!CALL(SYS_setresuid, 1000, 1000, 1000));
	close(listener);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	while (connect(fd, (const struct sockaddr *)&address, sizeof(address)))
		usleep(1000);
	wait_for_byte(fd);
	say_peer("server", fd);
	MUST(write(fd, "c", 1) == 1);
	wait_for_byte(fd);
	MUST(write(fd, "d", 1) == 1);
	waitpid(pid, NULL, 0);
}

static long send_credentials(int fd, pid_t pid, uid_t uid, gid_t gid, int passed)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec data = { "x", 1 };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control };
	struct cmsghdr *head = &control.head;
	const struct ucred sender = { pid, uid, gid };

	message.msg_controllen = CMSG_SPACE(sizeof(struct ucred)) + (passed >= 0 ? CMSG_SPACE(sizeof(int)) : 0);
	if (passed >= 0) {
		*head = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
		memcpy(CMSG_DATA(head), &passed, sizeof(passed));
		head = CMSG_NXTHDR(&message, head);
	}
	*head = (struct cmsghdr){ CMSG_LEN(sizeof(sender)), SOL_SOCKET, SCM_CREDENTIALS };
	memcpy(CMSG_DATA(head), &sender, sizeof(sender));
	return CALL(SYS_sendmsg, fd, &message, 0);
}

static void say_control(struct msghdr *message)
{
	for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head; head = CMSG_NXTHDR(message, head)) {
		struct ucred sender;

		say("  control %d of %zu", head->cmsg_type, (size_t)head->cmsg_len);
		if (head->cmsg_type == SCM_CREDENTIALS) {
			memcpy(&sender, CMSG_DATA(head), sizeof(sender));
			say(": %u:%u, %s", sender.uid, sender.gid, sender.pid == getpid() ? "own" : "other");
		}
		say("\n");
	}
}

static void receive(int fd, bool by_many, bool wants_name)
{
	union {
		struct cmsghdr head;
		char bytes[256];
	} control;
	struct sockaddr_un from;
	char byte;
	struct iovec data = { &byte, 1 };
	struct mmsghdr message = { { .msg_iov = &data,
				     .msg_iovlen = 1,
				     .msg_control = &control,
				     .msg_controllen = sizeof(control),
				     .msg_name = wants_name ? &from : NULL,
				     .msg_namelen = wants_name ? sizeof(from) : 0 },
				   0 };
	long result;

	if (by_many)
		result = CALL(SYS_recvmmsg, fd, &message, 1, MSG_DONTWAIT, 0);
	else
		result = CALL(SYS_recvmsg, fd, &message.msg_hdr, MSG_DONTWAIT);
	say("received %s, flags %x, control %zu\n", show(result), message.msg_hdr.msg_flags,
	    message.msg_hdr.msg_controllen);
	if (result > 0)
		say_control(&message.msg_hdr);
}

static void pass(int type)
{
	static const int yes = 1;
	int fds[2], file = open("/file", O_RDONLY);

	MUST(!socketpair(AF_UNIX, type, 0, fds));
	say("without %s\n", show(send_credentials(fds[0], getpid(), getuid(), getgid(), -1)));
	receive(fds[1], false, false);
	MUST(!setsockopt(fds[1], SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes)));
	for (int i = 0; i < 4; i++) {
		MUST(write(fds[0], "x", 1) == 1);
		receive(fds[1], i & 1, i & 2);
	}
	say("effective %s\n", show(send_credentials(fds[0], getpid(), geteuid(), getegid(), file)));
	receive(fds[1], false, false);
	say("another user %s\n", show(send_credentials(fds[0], getpid(), 4444, getgid(), -1)));
	say("another group %s\n", show(send_credentials(fds[0], getpid(), getuid(), 4444, -1)));
	say("another process %s\n", show(send_credentials(fds[0], 1, getuid(), getgid(), -1)));
	close(fds[0]);
	close(fds[1]);
}

static void try_messages_as_user(void)
{
	MUST(!CALL(SYS_setresgid, 50, 50, 50) && !CALL(SYS_setresuid, 1000, 1000, 1000));
	pass(SOCK_STREAM);
	pass(SOCK_DGRAM);
	pass(SOCK_SEQPACKET);
}

/* A child sends, and is somebody else. */
static void try_messages_of_child(void)
{
	static const int yes = 1;
	int fds[2], go[2];
	pid_t pid;

	MUST(!socketpair(AF_UNIX, SOCK_STREAM, 0, fds) && !pipe(go));
	MUST(!setsockopt(fds[1], SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes)));
	pid = fork();
	if (!pid) {
		MUST(!CALL(SYS_setresgid, 5, 6, 7) && !CALL(SYS_setresuid, 8, 9, 10));
		MUST(write(fds[0], "x", 1) == 1 && write(go[1], "x", 1) == 1);
		pause();
	}
	wait_for_byte(go[0]);
	receive(fds[1], false, false);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int main(void)
{
	in_child(try_pair);
	in_child(try_connection);
	in_child(try_messages_as_user);
	in_child(try_messages_of_child);
	return 0;
}
