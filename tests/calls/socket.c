/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses of UNIX sockets: names with paths, relative and absolute, through
 * links and bindings, at the limit of 108 bytes, and the abstract ones.
 */
#include "call.h"
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#define PATH_AT offsetof(struct sockaddr_un, sun_path)

static socklen_t make_address(struct sockaddr_un *address, const char *path, bool terminated)
{
	size_t length = strlen(path);

	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	MUST(length <= sizeof(address->sun_path));
	memcpy(address->sun_path, path, length);
	return (socklen_t)(PATH_AT + length + terminated);
}

static void say_address(const char *what, long result, const struct sockaddr_un *address, socklen_t length)
{
	say("  %s %s, %u bytes", what, show_success(result), length);
	if (result >= 0 && length > PATH_AT) {
		if (address->sun_path[0])
			say(" '%.*s'", (int)(length - PATH_AT), address->sun_path);
		else
			say(" abstract '%.*s'", (int)(length - PATH_AT - 1), address->sun_path + 1);
	}
	say("\n");
}

static void say_name(int fd, long number, const char *what)
{
	struct {
		struct sockaddr_un address;
		char behind[64];
	} name = { 0 };
	socklen_t length = sizeof(name);
	long result = CALL(number, fd, &name, &length);

	say_address(what, result, &name.address, length);
}

/* A stream socket at PATH: bound, connected to, both asked for their names. */
static void try_stream(const char *path, bool terminated)
{
	struct {
		struct sockaddr_un address;
		char behind[64];
	} peer = { 0 };
	struct sockaddr_un address;
	socklen_t length = make_address(&address, path, terminated), peer_length = sizeof(peer);
	int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
	struct stat status;
	long result = CALL(SYS_bind, server, &address, length), accepted;

	say("stream %s%s: bind %s\n", show_path(path), terminated ? "" : " without its end", show(result));
	say_name(server, SYS_getsockname, "getsockname");
	if (result) {
		say("  connect %s\n", show(CALL(SYS_connect, client, &address, length)));
		close(server);
		close(client);
		return;
	}
	if (path[0] && terminated) {
		MUST(!stat(path, &status));
		say("  mode %o\n", status.st_mode);
	}
	say("  again %s\n", show(CALL(SYS_bind, socket(AF_UNIX, SOCK_STREAM, 0), &address, length)));
	say("  connect before listen %s\n", show(CALL(SYS_connect, client, &address, length)));
	MUST(!listen(server, 5));
	say("  connect %s\n", show(CALL(SYS_connect, client, &address, length)));
	say_name(client, SYS_getpeername, "getpeername");
	say_name(client, SYS_getsockname, "getsockname");
	accepted = CALL(SYS_accept4, server, &peer, &peer_length, SOCK_CLOEXEC);
	say_address("accept4", accepted, &peer.address, peer_length);
	if (accepted >= 0) {
		say_name((int)accepted, SYS_getsockname, "getsockname");
		say_name((int)accepted, SYS_getpeername, "getpeername");
	}
	if (path[0] && terminated)
		unlink(path);
	close((int)accepted);
	close(server);
	close(client);
}

/* Datagram sockets that both have names: sendto, sendmsg, recvfrom, recvmsg. */
static void try_datagram(const char *path, const char *other)
{
	struct sockaddr_un address, other_address, from = { 0 };
	socklen_t length = make_address(&address, path, true), other_length = make_address(&other_address, other, true),
		  from_length = sizeof(from);
	int receiver = socket(AF_UNIX, SOCK_DGRAM, 0), sender = socket(AF_UNIX, SOCK_DGRAM, 0);
	char buf[16];
	struct iovec data = { "message", 7 };
	struct msghdr message = { .msg_name = &address, .msg_namelen = length, .msg_iov = &data, .msg_iovlen = 1 };

	say("datagram %s from %s: bind %s %s\n", path, other, show(CALL(SYS_bind, receiver, &address, length)),
	    show(CALL(SYS_bind, sender, &other_address, other_length)));
	say("  sendto %s", show(CALL(SYS_sendto, sender, "data", 4, 0, &address, length)));
	say(" sendmsg %s\n", show(CALL(SYS_sendmsg, sender, &message, 0)));
	for (int i = 0; i < 2; i++) {
		long result = CALL(SYS_recvfrom, receiver, buf, sizeof(buf), MSG_DONTWAIT, &from, &from_length);

		say_address("recvfrom", result, &from, from_length);
		from_length = sizeof(from);
	}
	say("  sendto, no data %s", show(CALL(SYS_sendto, sender, "", 0, 0, &address, length)));
	say(" recvfrom without address %s\n",
	    show(CALL(SYS_recvfrom, receiver, buf, sizeof(buf), MSG_DONTWAIT, NULL, NULL)));
	say("  connect %s", show(CALL(SYS_connect, sender, &address, length)));
	say(" send %s\n", show(CALL(SYS_sendto, sender, "data", 4, 0, NULL, 0)));
	say_name(sender, SYS_getpeername, "getpeername");
	from_length = 4;
	say("  recvfrom, small address %s",
	    show(CALL(SYS_recvfrom, receiver, buf, sizeof(buf), MSG_DONTWAIT, &from, &from_length)));
	say(" %u\n", from_length);
	close(receiver);
	close(sender);
	unlink(path);
	unlink(other);
}

/*
 * With ".." behind a binding the text can't be kept, because no other place
 * has that parent: what comes back is the canonical name.
 */
static void try_dot_dot(const char *path)
{
	struct sockaddr_un address, name = { 0 };
	socklen_t length = make_address(&address, path, true), name_length = sizeof(name);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct stat status, other;

	say("%s: bind %s", path, show(CALL(SYS_bind, fd, &address, length)));
	say(" getsockname %s", show(CALL(SYS_getsockname, fd, &name, &name_length)));
	MUST(!stat(path, &status));
	say(" leads %s\n", !stat(name.sun_path, &other) && status.st_ino == other.st_ino ? "there" : "elsewhere");
	unlink(path);
	close(fd);
}

static void try_errors(void)
{
	static const char *const paths[] = { "/missing/s", "/file/s", "/dir",	     "/file",	      "/loop",
					     "/closed/s",  "/bound",  "/bound-file", "/dangling",     "/socket",
					     "/tmp/s/",	   "/",	      "/dir/..",     "/bound/sub/..", "/bound/.",
					     "bound/..",   "." };
	struct sockaddr_un address;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		int stream = socket(AF_UNIX, SOCK_STREAM, 0), datagram = socket(AF_UNIX, SOCK_DGRAM, 0);
		socklen_t length = make_address(&address, paths[i], true);

		say("%s: connect %s %s", paths[i], show(CALL(SYS_connect, stream, &address, length)),
		    show(CALL(SYS_connect, datagram, &address, length)));
		say(" sendto %s", show(CALL(SYS_sendto, datagram, "x", 1, 0, &address, length)));
		say(" stream sendto %s", show(CALL(SYS_sendto, stream, "x", 1, 0, &address, length)));
		say(" bind %s\n", show(CALL(SYS_bind, datagram, &address, length)));
		close(stream);
		close(datagram);
	}
	say("not a socket: %s %s %s %s\n", show(CALL(SYS_bind, 0, &address, 10)),
	    show(CALL(SYS_connect, 0, &address, 10)), show(CALL(SYS_getsockname, 0, &address, &(socklen_t){ 10 })),
	    show(CALL(SYS_connect, -1, &address, 10)));
}

static void try_lengths(void)
{
	static const int lengths[] = { -1, 0, 1, 2, 3, 109, 110, 111, 128, 129, 0x7fffffff };
	struct {
		struct sockaddr_un address;
		char behind[64];
	} name = { 0 };
	char long_name[120];

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

		make_address(&name.address, "/tmp/x", true);
		say("bind, length %d: %s", lengths[i], show(CALL(SYS_bind, fd, &name, lengths[i])));
		say(" connect %s", show(CALL(SYS_connect, socket(AF_UNIX, SOCK_DGRAM, 0), &name, lengths[i])));
		say(" sendto %s\n",
		    show(CALL(SYS_sendto, socket(AF_UNIX, SOCK_DGRAM, 0), "x", 1, 0, &name, lengths[i])));
		unlink("/tmp/x");
		unlink("/tmp/");
	}
	for (int length = 100; length <= 108; length += length == 100 ? 5 : 1) {
		memset(long_name, 'n', sizeof(long_name));
		memcpy(long_name, "/tmp/", 5);
		long_name[length] = '\0';
		say("name of %d\n", length);
		try_stream(long_name, length < 108);
		unlink(long_name);
		/* Of one of 108 bytes in the root the slash is lost. */
		memcpy(long_name, "/nnnn", 5);
		if (length < 108)
			try_stream(long_name, true);
		MUST(!chdir("/tmp"));
		memset(long_name, 'n', 5);
		try_stream(long_name, length < 108);
		unlink(long_name);
		MUST(!chdir("/bound/sub/again"));
		try_stream(long_name, length < 108);
		unlink(long_name);
		MUST(!chdir("/"));
	}
}

static void try_room(void)
{
	struct sockaddr_un address, name;
	socklen_t length = make_address(&address, "/tmp/room", true), room;
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	MUST(!bind(fd, (struct sockaddr *)&address, length));
	for (room = 0; room < 14; room += 3) {
		socklen_t got = room;

		memset(&name, '#', sizeof(name));
		say("getsockname into %u: %s", room, show(CALL(SYS_getsockname, fd, &name, &got)));
		say(" %u '%.12s'\n", got, name.sun_path);
	}
	say("getsockname into -1: %s\n", show(CALL(SYS_getsockname, fd, &name, &(int){ -1 })));
	close(fd);
}

/* The list of /proc has the names as they were bound. */
static void try_list(void)
{
	static const char *const paths[] = { "/tmp/listed", "/bound/sub/again/listed", "dir/listed", "./listed",
					     "/link-mount/listed" };
	int fds[ARRAY_SIZE(paths)];
	struct sockaddr_un address;
	char line[512], *name;
	FILE *file;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		fds[i] = socket(AF_UNIX, SOCK_STREAM, 0);
		MUST(!bind(fds[i], (struct sockaddr *)&address, make_address(&address, paths[i], true)));
	}
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		int count = 0;

		file = fopen("/proc/net/unix", "r");
		MUST(file);
		while (fgets(line, sizeof(line), file)) {
			line[strcspn(line, "\n")] = '\0';
			name = strrchr(line, ' ');
			count += name && !strcmp(name + 1, paths[i]);
		}
		fclose(file);
		say("listed %s: %s\n", paths[i], count ? "there" : "missing");
		close(fds[i]);
		unlink(paths[i]);
	}
}

/* A pair, and sockets without a name. */
static void try_nameless(void)
{
	int pair[2];

	MUST(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	say_name(pair[0], SYS_getsockname, "pair");
	say_name(pair[0], SYS_getpeername, "pair's peer");
	say_name(socket(AF_UNIX, SOCK_STREAM, 0), SYS_getsockname, "fresh");
	say_name(socket(AF_UNIX, SOCK_STREAM, 0), SYS_getpeername, "fresh peer");
}

static void try_abstract(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "\0/proot-test/abstract\0with zero" };
	socklen_t length = PATH_AT + 30;
	int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);

	say("abstract: bind %s", show(CALL(SYS_bind, server, &address, length)));
	say(" listen %d", listen(server, 1));
	say(" connect %s\n", show(CALL(SYS_connect, client, &address, length)));
	say_name(server, SYS_getsockname, "getsockname");
	say_name(client, SYS_getpeername, "getpeername");
	close(server);
	server = socket(AF_UNIX, SOCK_STREAM, 0);
	address.sun_family = AF_UNIX;
	/* The kernel chooses a name: five hexadecimal digits. */
	say("autobind %s", show(CALL(SYS_bind, server, &address, sizeof(sa_family_t))));
	length = sizeof(address);
	say(" %s %u\n", show(CALL(SYS_getsockname, server, &address, &length)), length);
}

/* bind(2) needs no descriptor and no process. */
static void bind_without(int resource, const char *what)
{
	struct rlimit none = { resource == RLIMIT_NOFILE ? 20 : 0, 20 };
	struct sockaddr_un address;
	socklen_t length = make_address(&address, "/dir/mount/s", true);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	MUST(!setrlimit(resource, &none));
	while (resource == RLIMIT_NOFILE && dup(0) >= 0)
		;
	say("without %s: bind %s\n", what, show(CALL(SYS_bind, fd, &address, length)));
	say("  made %s\n", show(CALL(SYS_unlink, "/dir/mount/s")));
}

static void without_descriptors(void)
{
	bind_without(RLIMIT_NOFILE, "descriptors");
}

static void without_processes(void)
{
	bind_without(RLIMIT_NPROC, "processes");
}

/* In the root: where nothing fits in front of the name any more. */
static void try_long_in_root(void)
{
	char path[109] = "/";
	struct sockaddr_un address;
	socklen_t length;

	for (size_t size = 104; size < 108; size++) {
		memset(path + 1, 'l', size - 1);
		try_stream(path, true);
	}
	memset(path + 1, 'l', 107);
	length = make_address(&address, path, false);
	say("long in root: bind %s\n", show(CALL(SYS_bind, socket(AF_UNIX, SOCK_STREAM, 0), &address, length)));
	say("  made %s\n", show(CALL(SYS_unlink, path)));
}

/* There is nothing but what is open already. */
static void try_descriptors(void)
{
	char path[32];

	for (int fd = 0; fd < 100; fd++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		try_stream(path, true);
	}
}

/* Names are seen from the process's own root. */
static void with_another_root(void)
{
	int inside = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un address;

	MUST(!bind(inside, (struct sockaddr *)&address, make_address(&address, "/bound/sub/again/before", true)));
	say("chroot %s\n", show(CALL(SYS_chroot, "/bound/sub")));
	MUST(!chdir("/"));
	try_stream("/s", true);
	try_stream("/again/s", true);
	try_stream("again/s", true);
	try_dot_dot("/../s");
	say_name(inside, SYS_getsockname, "bound before");
	close(inside);
}

int main(void)
{
	static const char *const paths[] = {
		"/tmp/s", "/dir/s", "/bound/s", "/bound/sub/again/s", "/dir/mount/s", "s", "dir/s", "./tmp/s",
	};
	static const char *const detours[] = { "bound/s",
					       "/link-dir/s",
					       "link-dir/s",
					       "bound/../s",
					       "/bound/../s",
					       "/bound/back-link/s",
					       "//bound///sub/./s",
					       ".//dir/s",
					       ".//bound/s",
					       "././/bound/s",
					       "link-dir-abs/s",
					       "/link-mount/s",
					       "dir/mount/s",
					       "bound/sub/again/s",
					       "/s",
					       "//s",
					       "/bound/./sub/./s" };

	umask(022);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		try_stream(paths[i], true);
	for (size_t i = 0; i < ARRAY_SIZE(detours); i++)
		try_stream(detours[i], true);
	try_dot_dot("/bound/sub/again/../s");
	try_dot_dot("bound/./sub/../s");
	try_dot_dot("dir/mount/../s");
	try_dot_dot("/.././s");
	try_dot_dot("/../dir/s");
	try_stream("/tmp/s", false);
	MUST(!chdir("/bound/sub"));
	try_stream("s", true);
	try_stream("again/s", true);
	try_stream("./s", true);
	try_long_in_root();
	MUST(!chdir("/"));
	try_datagram("/tmp/a", "/tmp/b");
	try_datagram("/bound/a", "/dir/mount/b");
	try_datagram("a", "tmp/b");
	try_errors();
	try_lengths();
	try_room();
	try_list();
	try_descriptors();
	try_nameless();
	try_abstract();
	in_child(with_another_root);
	unlink("/bound/sub/again/before");
	in_child(without_descriptors);
	in_child(without_processes);
	return 0;
}
