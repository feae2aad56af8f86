/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * User notification: a supervisor answers for another process, lets it go on, or puts descriptors into it; for calls
 * with paths and for others. What it is told of the call is what the guest has made.
 */
#include "filter.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#ifndef SECCOMP_ADDFD_FLAG_SEND
#define SECCOMP_ADDFD_FLAG_SEND 2
#endif
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV 32
#endif

/* Sites of our own, so that what the supervisor is told of them is known. */
long open_here(const char *path, long flags, long mode);
long getppid_here(void);
extern const char open_behind[], getppid_behind[];
__asm__(".text\n"
	"open_here: mov $2, %eax\n syscall\nopen_behind: ret\n"
	"getppid_here: mov $110, %eax\n syscall\ngetppid_behind: ret\n");

static int listener;

static void send_listener(int socket, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec byte = { "x", 1 };
	struct msghdr message = {
		.msg_iov = &byte, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	*head = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
				  .cmsg_type = SCM_RIGHTS,
				  .cmsg_len = CMSG_LEN(sizeof(int)) };
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	MUST(sendmsg(socket, &message, 0) == 1);
}

static int receive_listener(int socket)
{
	char control[CMSG_SPACE(sizeof(int))], buf;
	struct iovec byte = { &buf, 1 };
	struct msghdr message = {
		.msg_iov = &byte, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	int fd;

	MUST(recvmsg(socket, &message, 0) == 1);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

static pid_t target_pid;
static int target_output;

/* A child that RUNs with a filter that notifies of open and getppid; its listener is here then. */
static void start_target(void (*run)(void), unsigned int flags)
{
	const struct sock_filter filter[] = { LOAD_NUMBER, WHEN(SYS_open, SECCOMP_RET_USER_NOTIF),
					      WHEN(SYS_getppid, SECCOMP_RET_USER_NOTIF), OTHERWISE(SECCOMP_RET_ALLOW) };
	int sockets[2], output[2];
	long fd;

	MUST(!socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) && !pipe(output));
	target_pid = fork();
	if (!target_pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(output[1], 1);
		fd = install(filter, ARRAY_SIZE(filter), SECCOMP_FILTER_FLAG_NEW_LISTENER | flags);
		MUST(fd >= 0);
		send_listener(sockets[1], (int)fd);
		close((int)fd);
		run();
		_exit(0);
	}
	listener = receive_listener(sockets[0]);
	close(sockets[0]);
	close(sockets[1]);
	close(output[1]);
	target_output = output[0];
}

/* What the target says is told when it has ended, for it runs beside us. */
static void end_target(void)
{
	char buf[1024];
	ssize_t length;
	int status;

	while ((length = read(target_output, buf, sizeof(buf))) > 0)
		MUST(write(1, buf, (size_t)length) == length);
	close(target_output);
	MUST(waitpid(target_pid, &status, 0) == target_pid);
	if (WIFSIGNALED(status))
		say("  target killed by %s\n", sigabbrev_np(WTERMSIG(status)));
}

static struct seccomp_notif notification;

/* Wait for a notification and print it. */
static long receive(void)
{
	char path[64] = "";
	long status;

	memset(&notification, 0, sizeof(notification));
	status = CALL(SYS_ioctl, listener, SECCOMP_IOCTL_NOTIF_RECV, &notification);
	if (status) {
		say("  received %s\n", show(status));
		return status;
	}
	if (notification.data.nr == SYS_open) {
		char name[64];
		int memory;

		snprintf(name, sizeof(name), "/proc/%d/mem", target_pid);
		memory = open(name, O_RDONLY);
		pread(memory, path, sizeof(path) - 1, (off_t)notification.data.args[0]);
		close(memory);
	}
	say("  call %d of %s arch %x site %s flags %llx mode %llo path %s valid %s\n", notification.data.nr,
	    (int)notification.pid == target_pid ? "the target" : "another", notification.data.arch,
	    notification.data.instruction_pointer == (uintptr_t)open_behind    ? "open" :
	    notification.data.instruction_pointer == (uintptr_t)getppid_behind ? "getppid" :
										 "unknown",
	    notification.data.nr == SYS_open ? notification.data.args[1] : 0,
	    notification.data.nr == SYS_open ? notification.data.args[2] : 0, path,
	    show(CALL(SYS_ioctl, listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &notification.id)));
	return 0;
}

static void respond(long long value, int error, unsigned int flags)
{
	struct seccomp_notif_resp response = { notification.id, value, error, flags };

	say("  sent %s\n", show(CALL(SYS_ioctl, listener, SECCOMP_IOCTL_NOTIF_SEND, &response)));
}

static void say_content(long fd)
{
	char buf[64];
	ssize_t length = fd < 0 ? -1 : read((int)fd, buf, sizeof(buf) - 1);

	buf[length < 0 ? 0 : length] = '\0';
	say("    target: %s %s\n", show_success(fd), buf);
	if (fd >= 0)
		close((int)fd);
}

static void open_some(void)
{
	say_content(open_here("/bound/inner", O_RDONLY, 0));
	say_content(open_here("/link-dir/../bound/sub/again/innermost", O_RDONLY, 0));
	say_content(open_here("/missing", O_RDONLY, 0));
	say("    target: getppid %s\n", show_success(getppid_here()));
}

static void answered(void)
{
	start_target(open_some, 0);
	for (int i = 0; i < 3; i++) {
		receive();
		respond(0, i ? -EXDEV : -EBADSLT, 0);
	}
	receive();
	respond(77, 0, 0);
	end_target();
}

static void gone_on(void)
{
	start_target(open_some, 0);
	for (int i = 0; i < 4; i++) {
		receive();
		respond(1, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
		respond(0, -1, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
		respond(0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE | 8);
		respond(0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
	}
	end_target();
}

static void open_many(void)
{
	for (int i = 0; i < 40; i++) {
		long fd = open_here("/bound/inner", O_RDONLY, 0);

		MUST(fd >= 0 && !close((int)fd));
	}
	say_content(open_here("/link-file", O_RDONLY, 0));
}

/* A site that would be patched by and by. */
static void gone_on_often(void)
{
	start_target(open_many, 0);
	for (int i = 0; i < 41; i++) {
		struct seccomp_notif_resp response = { .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };

		memset(&notification, 0, sizeof(notification));
		MUST(!CALL(SYS_ioctl, listener, SECCOMP_IOCTL_NOTIF_RECV, &notification));
		response.id = notification.id;
		MUST(!CALL(SYS_ioctl, listener, SECCOMP_IOCTL_NOTIF_SEND, &response));
	}
	end_target();
}

/* One process receives, and another answers. */
static void gone_on_elsewhere(void)
{
	start_target(open_some, 0);
	for (int i = 0; i < 4; i++) {
		int pipes[2], result;
		pid_t pid;

		MUST(!pipe(pipes));
		pid = fork();
		if (!pid) {
			receive();
			MUST(write(pipes[1], &notification, sizeof(notification)) == sizeof(notification));
			_exit(0);
		}
		MUST(read(pipes[0], &notification, sizeof(notification)) == sizeof(notification));
		MUST(waitpid(pid, &result, 0) == pid);
		respond(0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
		close(pipes[0]);
		close(pipes[1]);
	}
	end_target();
}

static void descriptors_added(void)
{
	int file = open("/dir/file", O_RDONLY);
	struct seccomp_notif_addfd added = { .srcfd = (unsigned int)file };

	start_target(open_some, 0);
	receive();
	added.id = notification.id;
	say("  added %s\n", show_success(CALL(SYS_ioctl, listener, SECCOMP_IOCTL_NOTIF_ADDFD, &added)));
	added.flags = SECCOMP_ADDFD_FLAG_SEND;
	say("  added and sent %s\n", show_success(CALL(SYS_ioctl, listener, SECCOMP_IOCTL_NOTIF_ADDFD, &added)));
	for (int i = 0; i < 3; i++) {
		receive();
		respond(0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
	}
	end_target();
	close(file);
}

static void killed(void)
{
	start_target(open_some, 0);
	receive();
	kill(target_pid, SIGKILL);
	end_target();
	say("  valid %s\n", show(CALL(SYS_ioctl, listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &notification.id)));
}

static void deserted(void)
{
	start_target(open_some, 0);
	receive();
	close(listener);
	end_target();
}

static void handle(int signal)
{
	say("    target: handler of %s\n", sigabbrev_np(signal));
}

static void open_interrupted(void)
{
	signal(SIGUSR1, handle);
	say_content(open_here("/bound/inner", O_RDONLY, 0));
}

/* A signal: the call is made again, and notified of again. */
static void interrupted(void)
{
	uint64_t first;

	start_target(open_interrupted, 0);
	receive();
	first = notification.id;
	kill(target_pid, SIGUSR1);
	receive();
	say("  %s\n", notification.id == first ? "the same" : "another");
	respond(0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
	end_target();
}

static void not_interrupted(void)
{
	start_target(open_interrupted, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
	receive();
	kill(target_pid, SIGUSR1);
	respond(0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
	end_target();
}

/* Calls with these commands that are no supervisor's. */
static void no_listener(void)
{
	struct seccomp_notif_resp response = { .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };
	int null = open("/dev/null", O_RDWR);

	memset(&notification, 0, sizeof(notification));
	say("  on a file %s", show(CALL(SYS_ioctl, null, SECCOMP_IOCTL_NOTIF_RECV, &notification)));
	say(" %s", show(CALL(SYS_ioctl, null, SECCOMP_IOCTL_NOTIF_SEND, &response)));
	say(" on nothing %s", show(CALL(SYS_ioctl, -1, SECCOMP_IOCTL_NOTIF_RECV, &notification)));
	say(" %s\n", show(CALL(SYS_ioctl, -1, SECCOMP_IOCTL_NOTIF_SEND, &response)));
	start_target(open_some, 0);
	say("  bad memory %s", show(CALL(SYS_ioctl, listener, SECCOMP_IOCTL_NOTIF_SEND, no_memory())));
	say(" %s", show(CALL(SYS_ioctl, listener, SECCOMP_IOCTL_NOTIF_RECV, no_memory())));
	notification.id = 1;
	say(" not empty %s", show(CALL(SYS_ioctl, listener, SECCOMP_IOCTL_NOTIF_RECV, &notification)));
	response.id = 12345;
	say(" no such %s\n", show(CALL(SYS_ioctl, listener, SECCOMP_IOCTL_NOTIF_SEND, &response)));
	kill(target_pid, SIGKILL);
	end_target();
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "answered", answered },
	{ "gone on", gone_on },
	{ "gone on often", gone_on_often },
	{ "gone on elsewhere", gone_on_elsewhere },
	{ "descriptors added", descriptors_added },
	{ "killed", killed },
	{ "deserted", deserted },
	{ "interrupted", interrupted },
	{ "not interrupted", not_interrupted },
	{ "no listener", no_listener },
};

static size_t now;

static void run_now(void)
{
	alarm(30);
	cases[now].run();
}

int main(void)
{
	for (now = 0; now < ARRAY_SIZE(cases); now++) {
		say("%s\n", cases[now].name);
		in_child(run_now);
	}
	return 0;
}
