/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which error comes first: calls on sockets, signals, and processes, with several wrong arguments at once, by chance.
 */
#include "chance.h"
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#define ROUNDS 400
#define CALLS_A_ROUND 24

enum kind {
	NOTHING,
	SOCKET,
	DESCRIPTOR,
	ADDRESS,
	ADDRESS_SIZE,
	DATA,
	DATA_SIZE,
	MESSAGE_FLAGS,
	ROOM,
	ROOM_SIZE_PLACE,
	MESSAGE,
	MESSAGES,
	COUNT,
	LEVEL,
	OPTION,
	ACCEPT_FLAGS,
	SIGNAL,
	ACTION,
	OLD,
	SET_SIZE,
	HOW,
	SET,
	STACK,
	POLLED,
	POLLED_COUNT,
	TIMEOUT,
	EVENTS,
	SELECTED,
	SET_AND_SIZE,
	PROCESS,
	STATUS,
	WAIT_OPTIONS,
	WAIT_KIND,
	USAGE,
	CONTROL,
	NUMBER_ARGUMENT,
	CLONE_ARGUMENTS,
	CLONE_SIZE,
	SECCOMP_ACTION,
	SECCOMP_FLAGS,
	PROGRAM,
	RULES,
	RULE_KIND,
	MILLISECONDS,
	REQUEST, /* not to be traced: the test would have to let it go on */
};

struct form {
	const char *name;
	long number;
	enum kind arguments[6];
};

#define FORM(name, ...) \
	{ \
#name, SYS_##name, \
		{ \
			__VA_ARGS__ \
		} \
	}

static const struct form forms[] = {
	FORM(bind, SOCKET, ADDRESS, ADDRESS_SIZE),
	FORM(connect, SOCKET, ADDRESS, ADDRESS_SIZE),
	FORM(sendto, SOCKET, DATA, DATA_SIZE, MESSAGE_FLAGS, ADDRESS, ADDRESS_SIZE),
	FORM(sendmsg, SOCKET, MESSAGE, MESSAGE_FLAGS),
	FORM(sendmmsg, SOCKET, MESSAGES, COUNT, MESSAGE_FLAGS),
	FORM(recvfrom, SOCKET, DATA, DATA_SIZE, MESSAGE_FLAGS, ROOM, ROOM_SIZE_PLACE),
	FORM(recvmsg, SOCKET, MESSAGE, MESSAGE_FLAGS),
	FORM(recvmmsg, SOCKET, MESSAGES, COUNT, MESSAGE_FLAGS, TIMEOUT),
	FORM(accept, SOCKET, ROOM, ROOM_SIZE_PLACE),
	FORM(accept4, SOCKET, ROOM, ROOM_SIZE_PLACE, ACCEPT_FLAGS),
	FORM(getsockname, SOCKET, ROOM, ROOM_SIZE_PLACE),
	FORM(getpeername, SOCKET, ROOM, ROOM_SIZE_PLACE),
	FORM(getsockopt, SOCKET, LEVEL, OPTION, ROOM, ROOM_SIZE_PLACE),
	FORM(rt_sigaction, SIGNAL, ACTION, OLD, SET_SIZE),
	FORM(rt_sigprocmask, HOW, SET, OLD, SET_SIZE),
	FORM(sigaltstack, STACK, OLD),
	FORM(rt_sigsuspend, SET, SET_SIZE),
	FORM(ppoll, POLLED, POLLED_COUNT, TIMEOUT, SET, SET_SIZE),
	FORM(pselect6, NUMBER_ARGUMENT, SELECTED, SELECTED, SELECTED, TIMEOUT, SET_AND_SIZE),
	FORM(epoll_pwait, DESCRIPTOR, EVENTS, COUNT, MILLISECONDS, SET, SET_SIZE),
	FORM(wait4, PROCESS, STATUS, WAIT_OPTIONS, USAGE),
	FORM(waitid, WAIT_KIND, PROCESS, STATUS, WAIT_OPTIONS, USAGE),
	FORM(prctl, CONTROL, NUMBER_ARGUMENT, PROGRAM, NUMBER_ARGUMENT, NUMBER_ARGUMENT),
	FORM(seccomp, SECCOMP_ACTION, SECCOMP_FLAGS, PROGRAM),
	FORM(clone3, CLONE_ARGUMENTS, CLONE_SIZE),
	FORM(fchdir, DESCRIPTOR),
	FORM(getcwd, ROOM, DATA_SIZE),
	FORM(landlock_add_rule, DESCRIPTOR, RULE_KIND, RULES, NUMBER_ARGUMENT),
	FORM(setns, DESCRIPTOR, NUMBER_ARGUMENT),
	FORM(kill, PROCESS, SIGNAL),
	FORM(ptrace, REQUEST, PROCESS, ROOM, ROOM),
};

static int descriptors[12];
static const char *const descriptor_names[] = { "STREAM", "LISTENS", "DATAGRAM", "PAIR", "INET", "UDP",
						"FILE",	  "O_PATH",  "EPOLL",	 "-1",	 "1000", "DIRECTORY" };
static char room[8192], data[64];

static struct choice choose_descriptor(unsigned int most)
{
	unsigned int number = pick(most);

	return (struct choice){ descriptors[number], descriptor_names[number] };
}

static struct sockaddr_un addresses[6];
static const char *const address_names[] = { "missing", "socket", "file", "long", "abstract", "INET" };

static void fill_addresses(void)
{
	static const char *const paths[] = { "/missing/x", "/socket", "/file" };

	for (int i = 0; i < 6; i++)
		addresses[i].sun_family = i == 5 ? AF_INET : AF_UNIX;
	for (int i = 0; i < 3; i++)
		strcpy(addresses[i].sun_path, paths[i]);
	memset(addresses[3].sun_path, 'n', sizeof(addresses[3].sun_path));
	strcpy(addresses[4].sun_path + 1, "proot-precedence");
}

static struct choice choose_address(void)
{
	unsigned int number = pick(ARRAY_SIZE(addresses));

	return memory(&addresses[number], address_names[number]);
}

static void fill_message(struct msghdr *message, char *text, size_t size)
{
	static struct iovec vectors[2] = { { data, 4 }, { data + 8, 4 } }, bad_vector = { (void *)8, 4 };
	static union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} right = { { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } }, wrong = { { 3, SOL_SOCKET, SCM_RIGHTS } };
	struct choice name = choose_address();
	static const long sizes[] = { 0, 1, 2, 16, 110, 128, 1000, -1 };
	unsigned int vector = pick(4), control = pick(5);

	memcpy(right.room + CMSG_LEN(0), &descriptors[6], sizeof(int));
	*message = (struct msghdr){ .msg_name = (void *)name.value, .msg_namelen = (socklen_t)PICK(sizes) };
	message->msg_iov = vector == 0 ? NULL : vector == 1 ? &bad_vector : vectors;
	message->msg_iovlen = pick(4) ? 1 : pick(2) ? 2 : 1025;
	message->msg_control = control == 0 ? &right : control == 1 ? &wrong : control == 2 ? no_memory() : NULL;
	message->msg_controllen = message->msg_control ? CMSG_SPACE(sizeof(int)) : 0;
	snprintf(text, size, "{%s %d iov%u*%zu control%u}", name.text, (int)message->msg_namelen, vector,
		 message->msg_iovlen, control);
}

static struct choice choose_message(void)
{
	static struct msghdr message;
	static char text[100];

	fill_message(&message, text, sizeof(text));
	return memory(&message, text);
}

static struct choice choose_messages(void)
{
	static struct mmsghdr messages[2];
	static char text[220];
	int length;

	fill_message(&messages[0].msg_hdr, text, 100);
	length = (int)strlen(text);
	fill_message(&messages[1].msg_hdr, text + length, 100);
	return memory(messages, text);
}

static struct choice choose_size_place(void)
{
	static int size;
	static char text[20];
	static const long sizes[] = { 0, 1, 2, 12, 110, 200, -1, 4096 };

	size = (int)PICK(sizes);
	snprintf(text, sizeof(text), "{%d}", size);
	return memory(&size, text);
}

static struct choice choose_action(void)
{
	static struct {
		void *handler;
		unsigned long flags;
		void *restorer;
		unsigned long mask;
	} ignore = { SIG_IGN, 0, NULL, 0 };

	return memory(&ignore, "IGN");
}

static struct choice choose_stack(void)
{
	static stack_t stack;
	static char text[40];
	static const long sizes[] = { 0, 1, 2047, 2048, 8192, -1 };
	static const int flags[] = { 0, 0, SS_DISABLE, SS_ONSTACK, 7, (int)(1u << 31), -1 };

	stack = (stack_t){ .ss_sp = room, .ss_size = (size_t)PICK(sizes), .ss_flags = PICK(flags) };
	/* It must not be used. */
	snprintf(text, sizeof(text), "{%#lx %#x}", (long)stack.ss_size, stack.ss_flags);
	return memory(&stack, text);
}

static struct choice choose_timeout(void)
{
	static struct timespec times[] = { { 0, 0 }, { 0, 1000 }, { -1, 0 }, { 0, 1000000000 }, { 0, -1 } };
	static const char *const names[] = { "0", "1us", "-1", "10^9", "-1ns" };
	unsigned int number = pick(ARRAY_SIZE(times));

	return pick(6) ? (struct choice){ (long)&times[number], names[number] } :
			 (struct choice){ (long)no_memory(), "HOLE" };
}

static struct choice choose_set_and_size(void)
{
	static unsigned long set;
	static struct {
		void *set;
		unsigned long size;
	} both[] = { { &set, 8 }, { NULL, 8 }, { &set, 4 }, { (void *)8, 8 }, { NULL, 0 } };
	static const char *const names[] = { "set", "NULL set", "4", "LOW", "NULL 0" };
	unsigned int number = pick(ARRAY_SIZE(both));

	return memory(&both[number], names[number]);
}

static struct choice choose_clone(void)
{
	static struct clone_args arguments;
	static char text[60];
	static const uint64_t flags[] = { CLONE_THREAD,
					  CLONE_SIGHAND,
					  1ull << 40,
					  CLONE_VM | CLONE_CLEAR_SIGHAND | CLONE_SIGHAND,
					  CLONE_FS | CLONE_NEWNS,
					  CLONE_PARENT_SETTID | CLONE_PIDFD,
					  CLONE_INTO_CGROUP };

	arguments = (struct clone_args){ .flags = PICK(flags),
					 .exit_signal = pick(3) ? SIGCHLD : 1000,
					 .stack = pick(2) ? 8 : 0 };
	if (arguments.flags == (CLONE_PARENT_SETTID | CLONE_PIDFD))
		arguments.exit_signal = 1000;
	if (arguments.flags == CLONE_INTO_CGROUP)
		arguments.cgroup = 1000;
	snprintf(text, sizeof(text), "{%#llx %llu %llu}", arguments.flags, arguments.exit_signal, arguments.stack);
	return memory(&arguments, text);
}

static struct choice choose_program(void)
{
	static struct sock_filter bad[] = { BPF_STMT(0xffff, 0) };
	static struct sock_fprog programs[] = { { 1, bad }, { 0, bad }, { 1, NULL }, { 1, (void *)8 }, { 5000, bad } };
	static const char *const names[] = { "bad", "none", "NULL code", "LOW code", "5000" };
	unsigned int number = pick(ARRAY_SIZE(programs));

	return memory(&programs[number], names[number]);
}

static struct choice choose_rules(void)
{
	static struct {
		uint64_t access;
		int32_t parent;
	} __attribute__((packed)) rules[] = { { 1, 1000 }, { 0, 1000 }, { 1ull << 60, 0 }, { 1, -1 } };
	static const char *const names[] = { "1000", "none", "2^60", "-1" };
	unsigned int number = pick(ARRAY_SIZE(rules));

	return memory(&rules[number], names[number]);
}

static struct choice choose(enum kind kind)
{
	static unsigned long set = 0x200, polled[4];
	static struct rusage usage;
	static siginfo_t status;

	switch (kind) {
	case SOCKET:
		return choose_descriptor(11);
	case DESCRIPTOR:
		return choose_descriptor(12);
	case ADDRESS:
		return choose_address();
	case ADDRESS_SIZE:
		return NUMBER(((const long[]){ 0, 1, 2, 3, 16, 110, 111, 128, 129, -1 }));
	case DATA:
		return memory(data, "data");
	case DATA_SIZE:
		return NUMBER(((const long[]){ 0, 1, 4, 64, -1 }));
	case MESSAGE_FLAGS:
		return NUMBER(((const long[]){
			MSG_DONTWAIT | MSG_NOSIGNAL, MSG_DONTWAIT | MSG_NOSIGNAL,
			MSG_DONTWAIT | MSG_PEEK | MSG_NOSIGNAL, MSG_DONTWAIT | MSG_OOB | MSG_NOSIGNAL,
			MSG_DONTWAIT | MSG_TRUNC | MSG_NOSIGNAL, MSG_DONTWAIT | MSG_NOSIGNAL | (int)0x80000000 }));
	case ROOM:
	case OLD:
		return memory(room, "room");
	case ROOM_SIZE_PLACE:
		return choose_size_place();
	case MESSAGE:
		return choose_message();
	case MESSAGES:
		return choose_messages();
	case COUNT:
		return NUMBER(((const long[]){ 0, 1, 2, 1, -1 }));
	case LEVEL:
		return NUMBER(((const long[]){ SOL_SOCKET, SOL_SOCKET, SOL_SOCKET, 6, 0, -1 }));
	case OPTION:
		return NUMBER(((const long[]){ SO_TYPE, SO_PEERCRED, SO_PEERNAME, SO_PEERGROUPS, SO_ERROR, SO_PEERSEC,
					       1000, -1 }));
	case ACCEPT_FLAGS:
		return NUMBER(((const long[]){ 0, SOCK_CLOEXEC, SOCK_NONBLOCK, 1, -1 }));
	case SIGNAL:
		return NUMBER(((const long[]){ 0, SIGKILL, SIGSTOP, SIGUSR1, SIGSYS, 64, 65, -1 }));
	case ACTION:
		return choose_action();
	case SET_SIZE:
		return NUMBER(((const long[]){ 8, 8, 8, 4, 0, 16, 128, -1 }));
	case HOW:
		return NUMBER(((const long[]){ SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK, 3, -1 }));
	case SET:
		return memory(&set, "set");
	case STACK:
		return choose_stack();
	case POLLED:
		return memory(polled, "polled");
	case POLLED_COUNT:
		return NUMBER(((const long[]){ 0, 1, 4, 0x7fffffff, -1 }));
	case TIMEOUT:
		return choose_timeout();
	case EVENTS:
		return memory(room, "events");
	case SELECTED:
		return memory(polled, "set");
	case SET_AND_SIZE:
		return choose_set_and_size();
	case PROCESS:
		return NUMBER(((const long[]){ 0x3fffffff, 0x3ffffffe, INT_MIN }));
	case STATUS:
		return memory(&status, "status");
	case WAIT_OPTIONS:
		return NUMBER(((const long[]){ WNOHANG, WNOHANG | WUNTRACED, WNOHANG | WEXITED, 0, WEXITED,
					       0x20000000 | WNOHANG, 0x10, 0x40000000 | WNOHANG, -1 }));
	case WAIT_KIND:
		return NUMBER(((const long[]){ P_ALL, P_PID, P_PGID, 3, 4, -1 }));
	case USAGE:
		return memory(&usage, "usage");
	case CONTROL:
		return NUMBER(((const long[]){ PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS, PR_SET_SECCOMP, PR_GET_SECCOMP,
					       PR_SET_MM, PR_GET_DUMPABLE, PR_SET_SYSCALL_USER_DISPATCH,
					       PR_CAPBSET_READ, PR_GET_NAME, PR_SET_NAME, 1000, -1 }));
	case NUMBER_ARGUMENT:
		return NUMBER(((const long[]){ 0, 2, 3, 4, 99, 0x1000, 0x10000000, -1 }));
	case CLONE_ARGUMENTS:
		return choose_clone();
	case CLONE_SIZE:
		return NUMBER(((const long[]){ 64, 80, 88, 63, 0, 4096, 4097, -1 }));
	case SECCOMP_ACTION:
		return NUMBER(((const long[]){ SECCOMP_SET_MODE_FILTER, SECCOMP_SET_MODE_FILTER,
					       SECCOMP_GET_ACTION_AVAIL, SECCOMP_GET_NOTIF_SIZES, 4, -1 }));
	case SECCOMP_FLAGS:
		return NUMBER(
			((const long[]){ 0, 0, SECCOMP_FILTER_FLAG_TSYNC,
					 SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_NEW_LISTENER, 0x100, -1 }));
	case PROGRAM:
		return choose_program();
	case RULES:
		return choose_rules();
	case RULE_KIND:
		return NUMBER(((const long[]){ 1, 1, 2, 0, 3 }));
	case REQUEST:
		return NUMBER(((const long[]){ 1, 3, 16, 99, 0x4200, 0x4206, 0x420e, -1 }));
	case MILLISECONDS:
		return NUMBER(((const long[]){ 0, 1 }));
	default:
		return (struct choice){ 0, NULL };
	}
}

/* What a call has made is not to be met by the next. */
static void tidy(const struct form *form, long result)
{
	if (result >= 0 && (form->number == SYS_accept || form->number == SYS_accept4))
		close((int)result);
	if (result >= 0 && form->number == SYS_seccomp && result > 2)
		close((int)result);
}

static void call_one(const struct form *form)
{
	struct choice arguments[6] = { 0 };
	char line[700];
	int length = snprintf(line, sizeof(line), "%s(", form->name);
	long result;

	for (int i = 0; i < 6 && form->arguments[i]; i++) {
		arguments[i] = choose(form->arguments[i]);
		length += snprintf(line + length, sizeof(line) - (size_t)length, "%s%s", i ? ", " : "",
				   arguments[i].text);
	}
	result = CALL(form->number, arguments[0].value, arguments[1].value, arguments[2].value, arguments[3].value,
		      arguments[4].value, arguments[5].value);
	say("%s) = %s\n", line,
	    form->number == SYS_accept || form->number == SYS_accept4 ? show_success(result) : show(result));
	tidy(form, result);
}

static void nothing(int signal)
{
	(void)signal;
}

static void wake_often(void)
{
	static const struct itimerspec often = { { 0, 20000000 }, { 0, 20000000 } };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM };
	timer_t timer;

	MUST(!sigaction(SIGALRM, &(struct sigaction){ .sa_handler = nothing }, NULL));
	MUST(!timer_create(CLOCK_MONOTONIC, &event, &timer) && !timer_settime(timer, 0, &often, NULL));
}

static void open_all(void)
{
	struct sockaddr_un address = { AF_UNIX, "" };
	int pair[2];

	MUST(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	descriptors[0] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	descriptors[1] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	MUST(!bind(descriptors[1], (struct sockaddr *)&address, sizeof(sa_family_t)) && !listen(descriptors[1], 5));
	descriptors[2] = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	descriptors[3] = pair[0];
	descriptors[4] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	descriptors[5] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	descriptors[6] = open("/file", O_RDONLY);
	descriptors[7] = open("/file", O_PATH);
	descriptors[8] = epoll_create1(0);
	descriptors[9] = -1;
	descriptors[10] = 1000;
	descriptors[11] = open("/dir", O_RDONLY);
}

static void run_round(void)
{
	open_all();
	wake_often();
	for (int i = 0; i < CALLS_A_ROUND; i++)
		call_one(&PICK(forms));
}

int main(void)
{
	fill_addresses();
	for (int round = 0; round < ROUNDS; round++) {
		say("round %d\n", round);
		chance = (unsigned long)round + 1;
		pick(2);
		pick(2);
		in_child(run_round);
	}
	return 0;
}
