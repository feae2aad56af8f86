/* SPDX-License-Identifier: GPL-2.0-or-later */
/* semget, semop, semtimedop, semctl. */
#include "sysv.h"
#include <sys/sem.h>

#define KEY 0x1234567
#define MOST 32767

static int set; /* what the children look at */

static void show_set(const char *what, int id)
{
	struct semid_ds status;
	long result = CALL(SYS_semctl, id, 0, IPC_STAT, &status);

	say("%s: %s", what, show(result));
	if (!result)
		say(": %s, %lu, used %s, changed %s", show_permission(&status.sem_perm),
		    (unsigned long)status.sem_nsems, show_time(status.sem_otime), show_time(status.sem_ctime));
	say("\n");
}

static void show_values(const char *what)
{
	say("%s:", what);
	for (int i = 0; i < 4; i++) {
		long pid = CALL(SYS_semctl, set, i, GETPID, 0);

		say(" %s by %s, %s %s;", show(CALL(SYS_semctl, set, i, GETVAL, 0)),
		    pid < 0 ? show(pid) : show_pid((pid_t)pid), show(CALL(SYS_semctl, set, i, GETNCNT, 0)),
		    show(CALL(SYS_semctl, set, i, GETZCNT, 0)));
	}
	say("\n");
}

static long operate(int number, int change, int flags)
{
	struct sembuf operation = { (unsigned short)number, (short)change, (short)flags };

	return CALL(SYS_semop, set, &operation, 1);
}

static void make(void)
{
	int id;

	say("none: %s\n", show(CALL(SYS_semget, KEY, 1, 0600)));
	say("no semaphore: %s\n", show(CALL(SYS_semget, KEY, 0, IPC_CREAT | 0600)));
	say("wrong: %s %s\n", show(CALL(SYS_semget, KEY, -1, IPC_CREAT | 0600)),
	    show(CALL(SYS_semget, KEY, 32001, IPC_CREAT | 0600)));
	id = semget(KEY, 5, IPC_CREAT | 0640);
	show_set("made", id);
	say("again: %d %d\n", (int)CALL(SYS_semget, KEY, 5, IPC_CREAT | 0600) == id,
	    (int)CALL(SYS_semget, KEY, 0, 0) == id);
	say("more: %s\n", show(CALL(SYS_semget, KEY, 6, 0)));
	say("exclusively: %s\n", show(CALL(SYS_semget, KEY, 5, IPC_CREAT | IPC_EXCL | 0640)));
	say("removed: %s %s\n", show(CALL(SYS_semctl, id, 0, IPC_RMID, 0)), show(CALL(SYS_semctl, id, 0, IPC_RMID, 0)));
	show_set("gone", id);
	id = semget(IPC_PRIVATE, 32000, 0600);
	show_set("large", id);
	say("its last: %s %s\n", show(CALL(SYS_semctl, id, 31999, SETVAL, 7)),
	    show(CALL(SYS_semctl, id, 31999, GETVAL, 0)));
	semctl(id, 0, IPC_RMID);
}

static void values(void)
{
	unsigned short all[4] = { 1, 2, 3, MOST }, wrong[4] = { 1, 2, MOST + 1, 1 };

	show_values("new");
	say("set: %s\n", show(CALL(SYS_semctl, set, 1, SETVAL, 5)));
	say("range: %s %s\n", show(CALL(SYS_semctl, set, 1, SETVAL, MOST + 1)),
	    show(CALL(SYS_semctl, set, 1, SETVAL, -1)));
	say("number: %s %s %s\n", show(CALL(SYS_semctl, set, 4, SETVAL, 1)), show(CALL(SYS_semctl, set, -1, GETVAL, 0)),
	    show(CALL(SYS_semctl, set, 4, GETPID, 0)));
	say("all: %s %s %s\n", show(CALL(SYS_semctl, set, 0, SETALL, all)),
	    show(CALL(SYS_semctl, set, 0, SETALL, wrong)), show(CALL(SYS_semctl, set, 0, SETALL, 1)));
	say("get: %s %d %d %d %d %s\n", show(CALL(SYS_semctl, set, 0, GETALL, wrong)), wrong[0], wrong[1], wrong[2],
	    wrong[3], show(CALL(SYS_semctl, set, 0, GETALL, 1)));
	show_values("all");
	say("unknown: %s %s\n", show(CALL(SYS_semctl, set, 0, 99, 0)), show(CALL(SYS_semctl, -1, 0, GETVAL, 0)));
}

static void operations(void)
{
	struct sembuf many[501] = { { 0, 1, 0 } }, some[] = { { 0, 2, 0 }, { 1, -1, 0 }, { 2, -9, IPC_NOWAIT } };
	struct sembuf zero[] = { { 3, 0, IPC_NOWAIT }, { 3, 1, 0 }, { 3, 1, 0 }, { 3, -2, 0 }, { 3, 0, 0 } };
	const struct timespec moment = { 0, 20000000 }, wrong = { 0, 1000000000 };

	for (int i = 1; i < 501; i++)
		many[i].sem_num = 3;
	semctl(set, 0, SETALL, (unsigned short[4]){ 1, 2, 3, 0 });
	say("no operation: %s\n", show(CALL(SYS_semop, set, many, 0)));
	say("too many: %s\n", show(CALL(SYS_semop, set, many, 501)));
	say("as many as may be: %s\n", show(CALL(SYS_semop, set, many, 500)));
	say("bad address: %s %s\n", show(CALL(SYS_semop, set, 1, 1)), show(CALL(SYS_semtimedop, set, many, 1, 1)));
	say("bad time: %s\n", show(CALL(SYS_semtimedop, set, many, 1, &wrong)));
	say("bad number: %s\n", show(operate(4, 1, 0)));
	say("no set: %s %s\n", show(CALL(SYS_semop, -1, many, 1)), show(CALL(SYS_semop, 12345, many, 1)));
	say("too much: %s\n", show(operate(2, MOST, 0)));
	say("all or nothing: %s\n", show(CALL(SYS_semop, set, some, 3)));
	show_values("nothing");
	some[2].sem_op = -3;
	say("all: %s\n", show(CALL(SYS_semop, set, some, 3)));
	say("with itself: %s\n", show(CALL(SYS_semop, set, zero, 5)));
	show_values("all");
	say("less than nothing: %s\n", show(operate(2, -1, IPC_NOWAIT)));
	say("not zero: %s\n", show(operate(1, 0, IPC_NOWAIT)));
	many[0] = (struct sembuf){ 2, -1, 0 };
	say("for a moment: %s\n", show(CALL(SYS_semtimedop, set, many, 1, &moment)));
	show_values("after that");
	show_set("used", set);
}

struct order {
	int number, change, flags;
	int number2, change2;
};

static pid_t start(struct order order)
{
	struct sembuf operations[] = { { (unsigned short)order.number, (short)order.change, (short)order.flags },
				       { (unsigned short)order.number2, (short)order.change2, 0 } };
	pid_t child = fork();

	if (!child) {
		long result = CALL(SYS_semop, set, operations, order.change2 ? 2 : 1);

		_exit(result < 0 ? (int)-result : 0);
	}
	wait_until_asleep(child);
	return child;
}

static void show_end(const char *what, pid_t child)
{
	int status;

	MUST(waitpid(child, &status, 0) == child);
	say("%s: %s\n", what, WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : show(-(long)WEXITSTATUS(status)));
}

static void waiting(void)
{
	unsigned short nine[4] = { 0, 0, 0, 9 };
	pid_t first, second, zero;

	semctl(set, 0, SETALL, (unsigned short[4]){ 0, 0, 1, 0 });
	first = start((struct order){ 0, -2, 0, 0, 0 });
	second = start((struct order){ 0, -1, 0, 1, 1 });
	zero = start((struct order){ 2, 0, 0, 0, 0 });
	show_values("three wait");
	say("one: %s\n", show(operate(0, 1, 0)));
	show_end("the second goes first", second);
	show_values("one has it");
	say("to zero: %s\n", show(operate(2, -1, 0)));
	show_end("zero", zero);
	say("two: %s, and not to be had: %s\n", show(operate(0, 2, 0)), show(operate(0, -1, IPC_NOWAIT)));
	show_end("the first", first);
	first = start((struct order){ 3, -1, 0, 0, 0 });
	second = start((struct order){ 3, -1, 0, 0, 0 });
	say("set: %s\n", show(CALL(SYS_semctl, set, 3, SETVAL, 1)));
	show_values("one of two");
	show_end("who came first", first);
	say("all: %s\n", show(CALL(SYS_semctl, set, 0, SETALL, nine)));
	show_end("the other", second);
	show_values("eight left");
	first = start((struct order){ 0, 1, 0, 3, -9 });
	say("too much for it: %s\n", show(CALL(SYS_semctl, set, 0, SETVAL, MOST)));
	say("it can: %s\n", show(operate(3, 1, 0)));
	show_end("range", first);
}

static void killed(void)
{
	pid_t first, second;

	semctl(set, 0, SETVAL, 0);
	first = start((struct order){ 0, -1, 0, 0, 0 });
	second = start((struct order){ 0, -1, 0, 0, 0 });
	kill(first, SIGKILL);
	show_end("killed", first);
	show_values("one waits");
	say("one: %s\n", show(operate(0, 1, 0)));
	show_end("not for the dead", second);
	show_values("had");
}

static void take_and_end(int how)
{
	struct sembuf operations[] = { { 0, -2, SEM_UNDO }, { 1, 3, SEM_UNDO }, { 2, -1, 0 } };

	say("  child: %s\n", show(CALL(SYS_semop, set, operations, 3)));
	say("  child: %s\n", show(operate(1, -1, SEM_UNDO)));
	if (how == 1)
		kill(getpid(), SIGKILL);
	if (how == 2)
		say("  child: set %s\n", show(CALL(SYS_semctl, set, 0, SETVAL, 4)));
	if (how == 3)
		execl("/tests/true", "true", NULL);
	if (how == 4)
		_exit(0);
}

static void undone(void)
{
	pid_t waits, holds;

	for (int how = 0; how < 5; how++) {
		semctl(set, 0, SETALL, (unsigned short[4]){ 5, 5, 5, 5 });
		in_child_with(take_and_end, how);
		show_values("undone");
	}
	/* Who waits goes on when what is held is given back by force. */
	semctl(set, 0, SETALL, (unsigned short[4]){ 1, 0, 0, 0 });
	holds = start((struct order){ 0, -1, SEM_UNDO, 1, -1 });
	show_values("not yet");
	say("go: %s\n", show(operate(1, 1, 0)));
	show_end("it has ended", holds);
	show_values("given back");
	holds = fork();
	if (!holds) {
		operate(0, -1, SEM_UNDO);
		pause();
	}
	wait_until_asleep(holds);
	waits = start((struct order){ 0, -1, 0, 0, 0 });
	kill(holds, SIGKILL);
	show_end("held", holds);
	show_end("waited", waits);
	show_values("at last");
}

static volatile sig_atomic_t came;

static void note(int signal)
{
	(void)signal;
	came++;
}

static void interrupted(void)
{
	struct sigaction action = { .sa_handler = note, .sa_flags = SA_RESTART };
	pid_t child;

	sigaction(SIGUSR1, &action, NULL);
	semctl(set, 0, SETVAL, 0);
	child = start((struct order){ 0, -1, 0, 0, 0 });
	show_values("one waits");
	kill(child, SIGUSR1);
	show_end("a signal", child);
	show_values("nobody waits");
	child = start((struct order){ 0, -1, 0, 0, 0 });
	say("removed: %s\n", show(CALL(SYS_semctl, set, 0, IPC_RMID, 0)));
	show_end("removed", child);
}

static void become_other(int id)
{
	struct semid_ds status;
	struct sembuf plus = { 0, 1, 0 }, zero = { 1, 0, IPC_NOWAIT };

	if (setresgid(54321, 54321, 54321) || setresuid(54321, 54321, 54321)) {
		say("  the same\n");
		return;
	}
	say("  other: %s %s %s %s\n", show_success(CALL(SYS_semget, KEY, 0, 0400)), show(CALL(SYS_semop, id, &plus, 1)),
	    show(CALL(SYS_semop, id, &zero, 1)), show(CALL(SYS_semctl, id, 0, IPC_STAT, &status)));
	say("  other: %s %s %s\n", show(CALL(SYS_semctl, id, 0, GETVAL, 0)), show(CALL(SYS_semctl, id, 0, SETVAL, 1)),
	    show(CALL(SYS_semctl, id, 0, IPC_RMID, 0)));
	say("  other: %s\n", show(CALL(SYS_semctl, id, 0, IPC_SET, &status)));
}

static void others(void)
{
	int id = semget(KEY, 2, IPC_CREAT | 0600);
	struct semid_ds status = { 0 };

	in_child_with(become_other, id);
	status.sem_perm = (struct ipc_perm){ .uid = geteuid(), .gid = getegid(), .mode = 0604 };
	say("for all to read: %s\n", show(CALL(SYS_semctl, id, 0, IPC_SET, &status)));
	show_set("for all", id);
	in_child_with(become_other, id);
	semctl(id, 0, IPC_RMID);
}

static void look_at_all(void)
{
	static const int hidden[] = { 8, 9 };
	int id = semget(KEY, 5, IPC_CREAT | 0600), other = semget(-5, 7, IPC_CREAT | 0644), result;
	struct seminfo info;
	struct semid_ds status;

	show_file("/proc/sysvipc/sem", hidden, ARRAY_SIZE(hidden));
	result = semctl(0, 0, SEM_INFO, &info);
	say("use: %d: %d %d\n", result, info.semusz, info.semaem);
	result = semctl(0, 0, IPC_INFO, &info);
	say("limits: %d: %d %d %d\n", result, info.semmsl, info.semopm, info.semvmx);
	say("index: %d\n", (int)CALL(SYS_semctl, result, 0, SEM_STAT, &status) == other);
	semctl(id, 0, IPC_RMID);
	semctl(other, 0, IPC_RMID);
}

int main(void)
{
	make();
	set = semget(IPC_PRIVATE, 4, 0600);
	values();
	operations();
	waiting();
	killed();
	undone();
	interrupted();
	others();
	look_at_all();
	return 0;
}
