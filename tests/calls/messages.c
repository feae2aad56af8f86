/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages with addresses: sendmsg, recvmsg, sendmmsg, recvmmsg, SO_PEERNAME.
 * Addresses in and out, in full and cut short, with descriptors and credentials
 * beside them; bad memory; waiting, and interrupted.
 */
#include "call.h"
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#define PATH_AT offsetof(struct sockaddr_un, sun_path)
#define COUNT 4

static socklen_t make_address(struct sockaddr_un *address, const char *path)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	strcpy(address->sun_path, path);
	return (socklen_t)(PATH_AT + strlen(path) + 1);
}

static int bound_socket(int type, const char *path)
{
	struct sockaddr_un address;
	socklen_t length = make_address(&address, path);
	int fd = socket(AF_UNIX, type, 0);

	say("bind %s %s\n", path, show(CALL(SYS_bind, fd, &address, length)));
	return fd;
}

/* A message with room for all there is to receive. */
struct parcel {
	struct sockaddr_un name;
	char behind[32];
	char data[16];
	union {
		struct cmsghdr header;
		char bytes[128];
	} control;
	struct iovec part;
};

static struct msghdr message_for(struct parcel *parcel)
{
	memset(parcel, '#', sizeof(*parcel));
	parcel->part = (struct iovec){ parcel->data, sizeof(parcel->data) };
	return (struct msghdr){ .msg_name = &parcel->name,
				.msg_namelen = sizeof(parcel->name),
				.msg_iov = &parcel->part,
				.msg_iovlen = 1,
				.msg_control = &parcel->control,
				.msg_controllen = sizeof(parcel->control),
				.msg_flags = 0x55 };
}

static void say_control(struct msghdr *message)
{
	for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at; at = CMSG_NXTHDR(message, at)) {
		say("    control %d of %zu", at->cmsg_type, (size_t)at->cmsg_len);
		if (at->cmsg_type == SCM_RIGHTS) {
			int fd = *(int *)CMSG_DATA(at);
			struct stat status;

			MUST(!fstat(fd, &status));
			say(" file of %ld bytes, close-on-exec %d", (long)status.st_size, fcntl(fd, F_GETFD));
			close(fd);
		} else if (at->cmsg_type == SCM_CREDENTIALS) {
			struct ucred *from = (struct ucred *)CMSG_DATA(at);

			say(" from %s %u %u", from->pid == getpid() ? "me" : "another", from->uid, from->gid);
		}
		say("\n");
	}
}

static void say_message(const char *what, long result, struct msghdr *message, const struct sockaddr_un *name)
{
	say("  %s %s, name %u", what, show(result), message->msg_namelen);
	if (result >= 0) {
		if (name && message->msg_namelen > PATH_AT)
			say(" '%.*s'", (int)(message->msg_namelen - PATH_AT), name->sun_path);
		say(" flags %x control %zu\n", (unsigned)message->msg_flags, message->msg_controllen);
		say_control(message);
	} else {
		say(" flags %x control %zu\n", (unsigned)message->msg_flags, message->msg_controllen);
	}
}

/* Send "data" from FD to PATH, with a descriptor if there is one. */
static long send_to(int fd, const char *path, int passed)
{
	static struct parcel parcel;
	struct msghdr message = message_for(&parcel);
	long result;

	memcpy(parcel.data, "data", 4);
	parcel.part.iov_len = 4;
	message.msg_namelen = make_address(&parcel.name, path);
	message.msg_controllen = 0;
	if (passed >= 0) {
		message.msg_controllen = CMSG_SPACE(sizeof(int));
		parcel.control.header = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
		*(int *)CMSG_DATA(&parcel.control.header) = passed;
	}
	result = CALL(SYS_sendmsg, fd, &message, 0);
	say("  sendmsg %s %s\n", show_path(path), show(result));
	return result;
}

static void receive(int fd, const char *what, int flags)
{
	static struct parcel parcel;
	struct msghdr message = message_for(&parcel);
	long result = CALL(SYS_recvmsg, fd, &message, flags);

	say_message(what, result, &message, &parcel.name);
}

static void try_passing(const char *to, const char *from)
{
	int receiver = bound_socket(SOCK_DGRAM, to), sender = bound_socket(SOCK_DGRAM, from);
	int file = open("/file", O_RDONLY | O_CLOEXEC), nameless = socket(AF_UNIX, SOCK_DGRAM, 0), yes = 1;
	struct parcel parcel;
	struct msghdr message;

	send_to(sender, to, -1);
	receive(receiver, "plain", 0);
	send_to(sender, to, file);
	receive(receiver, "descriptor", 0);
	send_to(sender, to, file);
	receive(receiver, "descriptor, close-on-exec", MSG_CMSG_CLOEXEC);
	MUST(!setsockopt(receiver, SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes)));
	send_to(sender, to, file);
	receive(receiver, "credentials", MSG_PEEK);
	receive(receiver, "credentials", 0);
	send_to(nameless, to, -1);
	receive(receiver, "nameless", 0);
	receive(receiver, "nothing there", MSG_DONTWAIT);
	send_to(sender, to, -1);
	message = message_for(&parcel);
	parcel.part.iov_len = 2;
	message.msg_controllen = 3;
	say_message("all too small", CALL(SYS_recvmsg, receiver, &message, MSG_TRUNC), &message, &parcel.name);
	for (socklen_t room = 0; room < 12; room += 3) {
		send_to(sender, to, -1);
		message = message_for(&parcel);
		message.msg_namelen = room;
		message.msg_controllen = 0;
		say("  room %u: %s", room, show(CALL(SYS_recvmsg, receiver, &message, 0)));
		say(" %u '%.12s'\n", message.msg_namelen, (char *)&parcel.name + 2);
	}
	send_to(sender, to, -1);
	message = message_for(&parcel);
	message.msg_namelen = (socklen_t)-1;
	say_message("room of -1", CALL(SYS_recvmsg, receiver, &message, MSG_DONTWAIT), &message, NULL);
	message = message_for(&parcel);
	message.msg_name = NULL;
	message.msg_namelen = 7;
	say_message("no name", CALL(SYS_recvmsg, receiver, &message, 0), &message, NULL);
	say("  to nowhere:\n");
	send_to(sender, "/missing/s", -1);
	send_to(sender, "/file", -1);
	send_to(sender, "/closed/s", -1);
	send_to(sender, "/dir", -1);
	close(receiver);
	close(sender);
	unlink(to);
	unlink(from);
}

/* What comes back after a connection, by each call that may tell a name. */
static void try_stream(const char *path, const char *client_path)
{
	struct sockaddr_un address, name;
	socklen_t length = make_address(&address, path);
	int server = bound_socket(SOCK_STREAM, path), client = bound_socket(SOCK_STREAM, client_path), accepted;
	static const socklen_t sizes[] = { 0, 1, 2, 5, 9, 100 };

	MUST(!listen(server, 1));
	say("stream: connect %s\n", show(CALL(SYS_connect, client, &address, length)));
	accepted = accept(server, NULL, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		socklen_t size = sizes[i];

		memset(&name, '#', sizeof(name));
		say("  peername into %u: %s", size,
		    show(CALL(SYS_getsockopt, accepted, SOL_SOCKET, SO_PEERNAME, &name, &size)));
		say(" %u '%.10s'\n", size, (char *)&name + 2);
	}
	say("  peername of the server %s\n",
	    show(CALL(SYS_getsockopt, server, SOL_SOCKET, SO_PEERNAME, &name, &(socklen_t){ 2 })));
	say("  peername, bad memory %s %s\n", show(CALL(SYS_getsockopt, accepted, SOL_SOCKET, SO_PEERNAME, &name, 8)),
	    show(CALL(SYS_getsockopt, accepted, SOL_SOCKET, SO_PEERNAME, 8, &(socklen_t){ 5 })));
	say("  same number, another level %s\n",
	    show(CALL(SYS_getsockopt, accepted, IPPROTO_TCP, SO_PEERNAME, &name, &(socklen_t){ 5 })));
	send_to(client, path, -1);
	send_to(socket(AF_UNIX, SOCK_STREAM, 0), path, -1);
	MUST(write(client, "stream", 6) == 6);
	receive(accepted, "received", 0);
	close(server);
	close(client);
	close(accepted);
	unlink(path);
	unlink(client_path);
}

static void make_many(struct mmsghdr *many, struct parcel *parcels)
{
	for (int i = 0; i < COUNT; i++)
		many[i] = (struct mmsghdr){ .msg_hdr = message_for(&parcels[i]), .msg_len = 77 };
}

static void say_many(const char *what, long result, struct mmsghdr *many, struct parcel *parcels)
{
	say("%s %s\n", what, show(result));
	for (int i = 0; i < COUNT; i++) {
		struct msghdr *message = &many[i].msg_hdr;

		say("  %d: length %u name %u", i, many[i].msg_len, message->msg_namelen);
		if (i < result)
			say(" '%.12s'", (char *)&parcels[i].name + 2);
		say(" flags %x control %zu\n", (unsigned)message->msg_flags, message->msg_controllen);
	}
}

/* Send COUNT messages to the paths, the last of which may be missing. */
static void send_many(int fd, const char *const paths[COUNT])
{
	static struct parcel parcels[COUNT];
	struct mmsghdr many[COUNT];

	make_many(many, parcels);
	for (int i = 0; i < COUNT; i++) {
		many[i].msg_hdr.msg_controllen = 0;
		if (paths[i])
			many[i].msg_hdr.msg_namelen = make_address(&parcels[i].name, paths[i]);
		else
			many[i].msg_hdr.msg_name = NULL;
		parcels[i].part.iov_len = (size_t)i + 1;
	}
	say_many("sendmmsg", CALL(SYS_sendmmsg, fd, many, COUNT, 0), many, parcels);
}

static void receive_many(int fd, const char *what, int flags)
{
	static struct parcel parcels[COUNT];
	struct mmsghdr many[COUNT];
	struct timespec none = { 0, 1 };

	make_many(many, parcels);
	many[1].msg_hdr.msg_namelen = 5;
	many[2].msg_hdr.msg_name = NULL;
	say_many(what, CALL(SYS_recvmmsg, fd, many, COUNT, flags, &none), many, parcels);
}

static void try_many(void)
{
	static char long_name[PATH_AT + 80] = "/tmp/";
	int receiver = bound_socket(SOCK_DGRAM, "/bound/a"), sender = bound_socket(SOCK_DGRAM, "/link-mount/b"), other;
	struct sockaddr_un address;
	struct mmsghdr *many = page_end(2 * sizeof(*many));
	struct parcel parcel;

	memset(long_name + 5, 'n', 70);
	other = bound_socket(SOCK_DGRAM, long_name);
	send_many(sender, (const char *const[]){ "/bound/a", long_name, "/bound/../bound/a", "/bound/a" });
	receive_many(receiver, "recvmmsg", MSG_DONTWAIT);
	receive_many(receiver, "recvmmsg of nothing", MSG_DONTWAIT);
	receive_many(other, "recvmmsg, other", MSG_WAITFORONE);
	send_many(sender, (const char *const[]){ "/bound/a", "/missing", "/bound/a", "/bound/a" });
	receive_many(receiver, "recvmmsg", MSG_DONTWAIT);
	send_many(sender, (const char *const[]){ "/missing", "/bound/a", "/bound/a", "/bound/a" });
	MUST(!connect(sender, (struct sockaddr *)&address, make_address(&address, "/bound/a")));
	send_many(sender, (const char *const[]){ NULL, "/bound/a", NULL, "/closed/x" });
	receive_many(receiver, "recvmmsg", MSG_WAITFORONE);
	say("none: %s %s\n", show(CALL(SYS_sendmmsg, sender, NULL, 0, 0)),
	    show(CALL(SYS_recvmmsg, receiver, NULL, 0, 0, NULL)));
	say("bad memory: %s %s\n", show(CALL(SYS_sendmmsg, sender, 8, 1, 0)),
	    show(CALL(SYS_recvmmsg, receiver, no_memory(), 1, 0, NULL)));
	say("bad descriptor: %s %s %s %s\n", show(CALL(SYS_sendmmsg, -1, many, 1, 0)),
	    show(CALL(SYS_recvmmsg, 0, many, 1, 0, NULL)), show(CALL(SYS_recvmsg, 0, no_memory(), 0)),
	    show(CALL(SYS_sendmsg, 1000, no_memory(), 0)));
	/* Only the first two of three can be read. */
	for (int i = 0; i < 3; i++)
		send_to(sender, "/bound/a", -1);
	many[0].msg_hdr = many[1].msg_hdr = message_for(&parcel);
	say("at the end of memory %s", show(CALL(SYS_recvmmsg, receiver, many, 3, MSG_DONTWAIT, NULL)));
	say(" %u %u '%.10s'\n", many[0].msg_len, many[1].msg_hdr.msg_namelen, parcel.name.sun_path);
	close(receiver);
	close(sender);
	close(other);
	unlink("/bound/a");
	unlink("/dir/mount/b");
	unlink(long_name);
}

/* Memory that can't be written gives EFAULT, and the message is gone. */
static void try_bad_memory(void)
{
	int receiver = bound_socket(SOCK_DGRAM, "/tmp/a"), sender = bound_socket(SOCK_DGRAM, "/tmp/b");
	struct parcel parcel;
	struct msghdr message;

	for (int i = 0; i < 3; i++) {
		send_to(sender, "/tmp/a", -1);
		message = message_for(&parcel);
		if (i == 0)
			message.msg_name = no_memory();
		if (i == 1)
			message.msg_name = read_only_page();
		if (i == 2)
			message.msg_iov = no_memory();
		say("bad memory %d: %s\n", i, show(CALL(SYS_recvmsg, receiver, &message, MSG_DONTWAIT)));
	}
	receive(receiver, "what is left", MSG_DONTWAIT);
	send_to(sender, "/tmp/a", -1);
	say("NULL %s, hole %s\n", show(CALL(SYS_recvmsg, receiver, NULL, 0)),
	    show(CALL(SYS_recvmsg, receiver, no_memory(), 0)));
	close(receiver);
	close(sender);
	unlink("/tmp/a");
	unlink("/tmp/b");
}

/* Other families have addresses of their own. */
static void try_internet(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) }, from = { 0 };
	int receiver = socket(AF_INET, SOCK_DGRAM, 0), sender = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t length = sizeof(address);
	struct sockaddr_un wrong;
	char data[16];
	struct iovec part = { data, sizeof(data) };
	struct msghdr message = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &part, .msg_iovlen = 1 };
	struct mmsghdr many[2] = { { .msg_hdr = message }, { .msg_hdr = message } };
	struct timespec none = { 1, 0 };

	MUST(!bind(receiver, (struct sockaddr *)&address, sizeof(address)));
	MUST(!getsockname(receiver, (struct sockaddr *)&address, &length));
	for (int i = 0; i < 3; i++)
		say("internet: sendto %s\n", show(CALL(SYS_sendto, sender, "data", 4, 0, &address, sizeof(address))));
	say("  recvmsg %s", show(CALL(SYS_recvmsg, receiver, &message, 0)));
	say(" %u %x\n", message.msg_namelen, ntohl(from.sin_addr.s_addr));
	from.sin_addr.s_addr = 0;
	say("  recvmmsg %s", show(CALL(SYS_recvmmsg, receiver, many, 2, MSG_WAITFORONE, &none)));
	say(" %u %u %x\n", many[0].msg_len, many[0].msg_hdr.msg_namelen, ntohl(from.sin_addr.s_addr));
	say("  UNIX address: sendto %s",
	    show(CALL(SYS_sendto, sender, "data", 4, 0, &wrong, make_address(&wrong, "/file"))));
	say(" connect %s", show(CALL(SYS_connect, sender, &wrong, make_address(&wrong, "/file"))));
	say(" bind %s\n", show(CALL(SYS_bind, sender, &wrong, make_address(&wrong, "/tmp/x"))));
	say("  made %s\n", show(CALL(SYS_access, "/tmp/x", F_OK)));
}

static void handle(int signal)
{
	(void)signal;
}

/* Who reads from its other end goes on when it has got three bytes. */
static int go;

static void handle_and_tell(int signal)
{
	(void)signal;
	MUST(write(go, "g", 1) == 1);
}

/* Again and again: the first may come before there is a call to interrupt. */
static void alarm_with(void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
	struct itimerval timer = { { 0, 20000 }, { 0, 20000 } };

	MUST(!sigaction(SIGALRM, &action, NULL));
	MUST(!setitimer(ITIMER_REAL, &timer, NULL));
}

static void no_alarm(void)
{
	MUST(!setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 0 }, { 0, 0 } }, NULL));
}

/* With SA_RESTART the call goes on waiting, until a child sends something. */
static void try_waiting(int flags)
{
	int receiver = bound_socket(SOCK_DGRAM, "/tmp/a"), ends[2];
	struct parcel parcels[COUNT];
	struct mmsghdr many[COUNT];
	pid_t child;

	MUST(!pipe(ends));
	go = ends[1];
	child = fork();
	if (!child) {
		int sender = socket(AF_UNIX, SOCK_DGRAM, 0);
		struct sockaddr_un address;
		socklen_t length = make_address(&address, "/tmp/a");

		for (int i = 0; i < 3; i++)
			MUST(read(ends[0], &(char){ 0 }, 1) == 1);
		for (int i = 0; i < COUNT + 1; i++)
			sendto(sender, "late", 4, 0, (struct sockaddr *)&address, length);
		_exit(0);
	}
	alarm_with(flags ? handle_and_tell : handle, flags);
	receive(receiver, flags ? "waits, restarted" : "waits", 0);
	no_alarm();
	if (!flags) {
		MUST(write(go, "ggg", 3) == 3);
		receive(receiver, "waits again", 0);
	}
	MUST(waitpid(child, NULL, 0) == child);
	alarm_with(handle, flags);
	make_many(many, parcels);
	say_many("waits for many", CALL(SYS_recvmmsg, receiver, many, COUNT, 0, NULL), many, parcels);
	no_alarm();
	close(receiver);
	close(ends[0]);
	close(ends[1]);
	unlink("/tmp/a");
}

#define STORM 3000

/* Signals all the time: each message comes once, with its whole address. */
static void try_storm(int flags)
{
	int receiver = bound_socket(SOCK_DGRAM, "/bound/a"), sender = bound_socket(SOCK_DGRAM, "/link-mount/b"),
	    wrong = 0;
	struct sigaction action = { .sa_handler = handle, .sa_flags = flags };
	struct itimerval timer = { { 0, storm_interval() }, { 0, storm_interval() } };
	struct sockaddr_un address;
	socklen_t length = make_address(&address, "/bound/a");
	struct parcel parcel;
	pid_t child = fork();

	if (!child) {
		for (int i = 0; i < STORM; i++)
			sendto(sender, &i, sizeof(i), 0, (struct sockaddr *)&address, length);
		_exit(0);
	}
	MUST(!sigaction(SIGALRM, &action, NULL) && !setitimer(ITIMER_REAL, &timer, NULL));
	for (int i = 0; i < STORM;) {
		struct msghdr message = message_for(&parcel);
		long result = CALL(SYS_recvmsg, receiver, &message, 0);

		if (result == -EINTR && !flags)
			continue;
		wrong += result != sizeof(int) || memcmp(parcel.data, &i, sizeof(i)) ||
			 message.msg_namelen != PATH_AT + sizeof("/link-mount/b") ||
			 strcmp(parcel.name.sun_path, "/link-mount/b") || message.msg_flags;
		i++;
	}
	no_alarm();
	MUST(waitpid(child, NULL, 0) == child);
	say("storm: %d wrong\n", wrong);
	close(receiver);
	close(sender);
	unlink("/bound/a");
	unlink("/dir/mount/b");
}

int main(void)
{
	try_passing("/tmp/a", "/tmp/b");
	try_passing("/bound/a", "/link-mount/b");
	try_passing("bound/sub/again/a", "dir/../dir/b");
	try_stream("/tmp/a", "/bound/b");
	try_stream("bound/a", "/link-dir/b");
	try_many();
	try_bad_memory();
	try_internet();
	try_waiting(0);
	try_waiting(SA_RESTART);
	try_storm(0);
	try_storm(SA_RESTART);
	return 0;
}
