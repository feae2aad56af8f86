/* SPDX-License-Identifier: GPL-2.0-or-later */
/* msgget, msgsnd, msgrcv, msgctl. */
#include "sysv.h"
#include <sys/msg.h>

#define KEY 0x1234567
#define LARGEST 8192

#ifndef MSG_COPY
#define MSG_COPY 040000
#endif

struct message {
	long type;
	char text[LARGEST + 1];
};

#define TOLD 64

static int queue;	   /* what the children look at */
static char (*told)[TOLD]; /* what they say: each at its number's remainder */

static void show_queue(const char *what, int id)
{
	struct msqid_ds status;
	long result = CALL(SYS_msgctl, id, IPC_STAT, &status);

	say("%s: %s", what, show(result));
	if (!result)
		say(": %s, %lu of %lu bytes in %lu, sent by %s %s, received by %s %s, changed %s",
		    show_permission(&status.msg_perm), (unsigned long)status.__msg_cbytes,
		    (unsigned long)status.msg_qbytes, (unsigned long)status.msg_qnum, show_pid(status.msg_lspid),
		    show_time(status.msg_stime), show_pid(status.msg_lrpid), show_time(status.msg_rtime),
		    show_time(status.msg_ctime));
	say("\n");
}

static long send(long type, const char *text, int flags)
{
	struct message message = { .type = type };

	strcpy(message.text, text);
	return CALL(SYS_msgsnd, queue, &message, strlen(text), flags);
}

static void receive(const char *what, size_t size, long type, int flags)
{
	struct message message = { .type = -77, .text = "nothing" };
	long result;

	memset(message.text, '.', 20);
	result = CALL(SYS_msgrcv, queue, &message, size, type, flags);
	say("%s: %s, type %ld, %.12s\n", what, show(result), message.type, message.text);
}

static void make(void)
{
	int id;

	say("none: %s\n", show(CALL(SYS_msgget, KEY, 0600)));
	id = msgget(KEY, IPC_CREAT | 0640);
	show_queue("made", id);
	say("again: %d %d\n", (int)CALL(SYS_msgget, KEY, IPC_CREAT | 0600) == id, (int)CALL(SYS_msgget, KEY, 0) == id);
	say("exclusively: %s\n", show(CALL(SYS_msgget, KEY, IPC_CREAT | IPC_EXCL | 0640)));
	say("removed: %s %s\n", show(CALL(SYS_msgctl, id, IPC_RMID, 0)), show(CALL(SYS_msgctl, id, IPC_RMID, 0)));
	show_queue("gone", id);
}

static void messages(void)
{
	struct message message = { .type = 1 };

	say("type: %s %s\n", show(send(0, "x", 0)), show(send(-1, "x", 0)));
	say("size: %s %s\n", show(CALL(SYS_msgsnd, queue, &message, LARGEST + 1, 0)),
	    show(CALL(SYS_msgsnd, queue, &message, -1, 0)));
	say("bad address: %s %s\n", show(CALL(SYS_msgsnd, queue, 1, 1, 0)), show(CALL(SYS_msgrcv, queue, 1, -1, 0, 0)));
	say("no queue: %s %s\n", show(CALL(SYS_msgsnd, -1, &message, 1, 0)),
	    show(CALL(SYS_msgrcv, 12345, &message, 1, 0, 0)));
	receive("empty", 10, 0, IPC_NOWAIT);
	say("send: %s %s %s %s %s\n", show(send(5, "five", 0)), show(send(3, "three", 0)), show(send(4, "four", 0)),
	    show(send(3, "third", 0)), show(send(9, "", 0)));
	show_queue("five", queue);
	receive("copy", 100, 1, MSG_COPY | IPC_NOWAIT);
	receive("copy of none", 100, 5, MSG_COPY | IPC_NOWAIT);
	receive("copy and wait", 100, 1, MSG_COPY);
	receive("copy but", 100, 1, MSG_COPY | MSG_EXCEPT | IPC_NOWAIT);
	receive("lowest", 100, -4, 0);
	receive("type", 100, 4, 0);
	receive("no such", 100, 4, IPC_NOWAIT);
	receive("no lower", 100, -2, IPC_NOWAIT);
	receive("but five", 100, 5, MSG_EXCEPT);
	receive("too long", 3, 0, 0);
	receive("cut", 3, 0, MSG_NOERROR);
	receive("nothing in it", 100, 0, 0);
	show_queue("empty", queue);
	say("lost: %s ", show(send(5, "five", 0)));
	say("%s\n", show(CALL(SYS_msgrcv, queue, 1, 10, 0, 0)));
	receive("empty", 10, 0, IPC_NOWAIT);
}

static void large(void)
{
	static struct message message = { .type = 7 }, other;

	for (int i = 0; i < LARGEST; i++)
		message.text[i] = (char)(i * 7 % 251);
	say("large: %s %s", show(CALL(SYS_msgsnd, queue, &message, LARGEST, 0)),
	    show(CALL(SYS_msgsnd, queue, &message, LARGEST, 0)));
	say(" %s %s\n", show(CALL(SYS_msgsnd, queue, &message, 1, IPC_NOWAIT)),
	    show(CALL(SYS_msgsnd, queue, &message, 0, IPC_NOWAIT)));
	show_queue("full", queue);
	for (int i = 0; i < 3; i++) {
		long size = CALL(SYS_msgrcv, queue, &other, LARGEST + 1, 0, IPC_NOWAIT);

		say("%s %d\n", show(size), memcmp(other.text, message.text, (size_t)(size > 0 ? size : 0)));
		memset(other.text, 0, LARGEST);
	}
	for (size_t size = 0; size < 1000; size += 27) {
		CALL(SYS_msgsnd, queue, &message, size, 0);
		MUST(CALL(SYS_msgrcv, queue, &other, LARGEST, 0, 0) == (long)size &&
		     !memcmp(other.text, message.text, size));
	}
	show_queue("empty", queue);
}

static pid_t start_receiver(size_t size, long type, int flags)
{
	pid_t child = fork();

	if (!child) {
		struct message message = { .type = 0 };
		long result = CALL(SYS_msgrcv, queue, &message, size, type, flags);

		snprintf(told[getpid() % TOLD], TOLD, ": %s, type %ld, %.20s", show(result), message.type,
			 message.text);
		_exit(result < 0 ? (int)-result : 0);
	}
	wait_until_asleep(child);
	return child;
}

static pid_t start_sender(long type, const char *text)
{
	pid_t child = fork();

	if (!child) {
		long result = send(type, text, 0);

		_exit(result < 0 ? (int)-result : 0);
	}
	wait_until_asleep(child);
	return child;
}

static void show_end(const char *what, pid_t child)
{
	int status;

	MUST(waitpid(child, &status, 0) == child);
	say("%s: %s%s\n", what, WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : show(-(long)WEXITSTATUS(status)),
	    told[child % TOLD]);
	told[child % TOLD][0] = '\0';
}

static void waiting(void)
{
	pid_t first = start_receiver(100, 5, 0), second = start_receiver(3, 0, 0), third;

	third = start_receiver(100, -3, 0);
	say("too long for one: %s\n", show(send(2, "two and more", 0)));
	show_end("the third", third);
	show_end("the second", second);
	show_queue("handed over", queue);
	say("five: %s\n", show(send(5, "five", 0)));
	show_end("the first", first);
	receive("nothing is left", 100, 0, IPC_NOWAIT);
	first = start_receiver(100, 0, 0);
	kill(first, SIGKILL);
	show_end("killed", first);
	say("not for the dead: %s\n", show(send(5, "five", 0)));
	receive("here", 100, 0, IPC_NOWAIT);
}

static void room(void)
{
	struct msqid_ds status;
	pid_t first, second;

	msgctl(queue, IPC_STAT, &status);
	status.msg_qbytes = 10;
	say("little: %s\n", show(CALL(SYS_msgctl, queue, IPC_SET, &status)));
	say("fits: %s\n", show(send(1, "12345678", 0)));
	say("does not: %s\n", show(send(1, "123", IPC_NOWAIT)));
	first = start_sender(2, "abc");
	second = start_sender(3, "de");
	show_queue("two wait", queue);
	receive("room", 100, 0, 0);
	show_end("first", first);
	show_end("second", second);
	receive("first", 100, 2, 0);
	receive("second", 100, 3, 0);
	first = start_sender(2, "more than ten bytes");
	status.msg_qbytes = 16384;
	say("much: %s\n", show(CALL(SYS_msgctl, queue, IPC_SET, &status)));
	show_end("has room", first);
	receive("it", 100, 0, 0);
	status.msg_qbytes = 16385;
	say("more: %s\n", show(CALL(SYS_msgctl, queue, IPC_SET, &status)));
	show_queue("more", queue);
}

static void note(int signal)
{
	(void)signal;
}

static void interrupted(void)
{
	struct sigaction action = { .sa_handler = note, .sa_flags = SA_RESTART };
	pid_t child;

	sigaction(SIGUSR1, &action, NULL);
	child = start_receiver(100, 0, 0);
	kill(child, SIGUSR1);
	show_end("a signal", child);
	child = start_receiver(100, 0, 0);
	kill(child, SIGSTOP);
	kill(child, SIGCONT);
	wait_until_asleep(child);
	say("stopped and continued: %s\n", show(send(1, "one", 0)));
	show_end("it", child);
	child = start_receiver(100, 0, 0);
	say("removed: %s\n", show(CALL(SYS_msgctl, queue, IPC_RMID, 0)));
	show_end("removed", child);
}

static void become_other(int id)
{
	struct message message = { .type = 1 };
	struct msqid_ds status;

	if (setresgid(54321, 54321, 54321) || setresuid(54321, 54321, 54321)) {
		say("  the same\n");
		return;
	}
	say("  other: %s %s %s %s %s\n", show_success(CALL(SYS_msgget, KEY, 0400)),
	    show(CALL(SYS_msgsnd, id, &message, 1, 0)), show(CALL(SYS_msgrcv, id, &message, 1, 0, IPC_NOWAIT)),
	    show(CALL(SYS_msgctl, id, IPC_STAT, &status)), show(CALL(SYS_msgctl, id, IPC_RMID, 0)));
}

static void others(void)
{
	int id = msgget(KEY, IPC_CREAT | 0600);
	struct msqid_ds status = { 0 };

	in_child_with(become_other, id);
	status.msg_qbytes = 100;
	status.msg_perm = (struct ipc_perm){ .uid = geteuid(), .gid = getegid(), .mode = 0604 };
	say("for all to read: %s\n", show(CALL(SYS_msgctl, id, IPC_SET, &status)));
	show_queue("for all", id);
	in_child_with(become_other, id);
	msgctl(id, IPC_RMID, NULL);
}

static void look_at_all(void)
{
	static const int hidden[] = { 5, 6, 11, 12, 13 };
	int other = msgget(-5, IPC_CREAT | 0644), result;
	struct msginfo info;
	struct msqid_ds status;

	queue = msgget(KEY, IPC_CREAT | 0600);
	send(1, "hello", 0);
	send(2, "there", 0);
	show_file("/proc/sysvipc/msg", hidden, ARRAY_SIZE(hidden));
	result = msgctl(0, MSG_INFO, (void *)&info);
	say("use: %d: %d %d %d\n", result, info.msgpool, info.msgmap, info.msgtql);
	result = msgctl(0, IPC_INFO, (void *)&info);
	say("limits: %d: %d %d\n", result, info.msgmax, info.msgmnb);
	say("index: %d\n", (int)CALL(SYS_msgctl, result, MSG_STAT, &status) == queue);
	msgctl(queue, IPC_RMID, NULL);
	msgctl(other, IPC_RMID, NULL);
}

int main(void)
{
	told = mmap(NULL, TOLD * TOLD, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	make();
	queue = msgget(IPC_PRIVATE, 0600);
	messages();
	large();
	waiting();
	room();
	interrupted();
	others();
	look_at_all();
	return 0;
}
