/* SPDX-License-Identifier: GPL-2.0-or-later */
/* shmget, shmat, shmdt, shmctl. */
#include "sysv.h"
#include <sys/shm.h>

#define KEY 0x1234567

static void show_segment(const char *what, int id)
{
	struct shmid_ds status;
	long result = CALL(SYS_shmctl, id, IPC_STAT, &status);

	say("%s: %s", what, show(result));
	if (!result)
		say(": %s, size %zu, %lu attached, made by %s, last by %s, attached %s, detached %s, changed %s",
		    show_permission(&status.shm_perm), status.shm_segsz, (unsigned long)status.shm_nattch,
		    show_pid(status.shm_cpid), show_pid(status.shm_lpid), show_time(status.shm_atime),
		    show_time(status.shm_dtime), show_time(status.shm_ctime));
	say("\n");
}

static char *attach(int id, const void *at, int flags)
{
	long result = CALL(SYS_shmat, id, at, flags);

	if (result < 0 && result > -4096) {
		say("attach with %x: %s\n", flags, show(result));
		return NULL;
	}
	return (char *)result;
}

static void make(void)
{
	int id;

	say("none: %s\n", show(CALL(SYS_shmget, KEY, 1, 0600)));
	say("no size: %s\n", show(CALL(SYS_shmget, KEY, 0, IPC_CREAT | 0600)));
	say("too large: %s\n", show(CALL(SYS_shmget, KEY, -1L, IPC_CREAT | 0600)));
	id = shmget(KEY, 5000, IPC_CREAT | 0640);
	show_segment("made", id);
	say("again: %d\n", (int)CALL(SYS_shmget, KEY, 5000, IPC_CREAT | 0640) == id);
	say("smaller: %d\n", (int)CALL(SYS_shmget, KEY, 0, 0) == id);
	say("larger: %s\n", show(CALL(SYS_shmget, KEY, 5001, 0)));
	say("exclusively: %s\n", show(CALL(SYS_shmget, KEY, 5000, IPC_CREAT | IPC_EXCL | 0640)));
	say("removed: %s\n", show(CALL(SYS_shmctl, id, IPC_RMID, 0)));
	say("once more: %s\n", show(CALL(SYS_shmctl, id, IPC_RMID, 0)));
	show_segment("gone", id);
	say("gone: %s\n", show(CALL(SYS_shmat, id, 0, 0)));
	say("no number: %s %s\n", show(CALL(SYS_shmat, -1, 0, 0)), show(CALL(SYS_shmctl, -1, IPC_STAT, 0)));
}

/* Numbers come again late, with another sequence. */
static void count_numbers(void)
{
	int first = shmget(IPC_PRIVATE, 1, 0600), id;

	shmctl(first, IPC_RMID, NULL);
	for (int i = 0; i < 200; i++) {
		id = shmget(IPC_PRIVATE, 1, 0600);
		if (i % 23 == 0)
			say("number %d\n", id - first);
		if (i % 3)
			shmctl(id, IPC_RMID, NULL);
	}
	for (int i = 0; i < 128; i++) {
		struct shmid_ds status;

		id = shmctl(i, SHM_STAT, &status);
		if (id >= 0)
			say("%d ", (int)CALL(SYS_shmctl, id, IPC_RMID, 0) + id - first);
	}
	say("\n");
}

static void write_in_child(int id)
{
	char *memory = attach(id, NULL, 0);

	say("  child: %s\n", memory);
	strcpy(memory, "from the child");
	show_segment("  child", id);
}

static void count_attached(int id)
{
	struct shmid_ds status;
	long result = CALL(SYS_shmctl, id, IPC_STAT, &status);

	say("  in parts, after a fork: %s, %lu attached\n", show(result), (unsigned long)status.shm_nattch);
}

static void share(void)
{
	int id = shmget(IPC_PRIVATE, 3 * PAGE + 1, 0600);
	char *memory = attach(id, NULL, 0), *other = attach(id, NULL, SHM_RDONLY);

	say("zeros: %d %d\n", memory[0], memory[3 * PAGE]);
	strcpy(memory, "from the parent");
	show_segment("attached twice", id);
	in_child_with(write_in_child, id);
	say("%s, %s\n", memory, other);
	show_segment("child has ended", id);
	say("not to be written: %s\n", show(CALL(SYS_mprotect, other, PAGE, PROT_READ | PROT_WRITE)));
	say("part: %s\n", show(CALL(SYS_munmap, memory + PAGE, PAGE)));
	in_child_with(count_attached, id);
	say("detached: %s\n", show(CALL(SYS_shmdt, memory)));
	say("again: %s\n", show(CALL(SYS_shmdt, memory)));
	say("in the middle: %s\n", show(CALL(SYS_shmdt, other + PAGE)));
	say("beside a page: %s\n", show(CALL(SYS_shmdt, other + 1)));
	show_segment("once", id);
	say("removed: %s\n", show(CALL(SYS_shmctl, id, IPC_RMID, 0)));
	show_segment("dying", id);
	memory = attach(id, NULL, 0);
	say("still %s\n", memory);
	shmdt(other);
	show_segment("dying", id);
	shmdt(memory);
	show_segment("dead", id);
}

static void addresses(void)
{
	int id = shmget(IPC_PRIVATE, 2 * PAGE, 0600);
	char *room = mmap(NULL, 8 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *memory;

	say("taken: %s\n", show(CALL(SYS_shmat, id, room, 0)));
	memory = attach(id, room, SHM_REMAP);
	say("over it: %d\n", memory == room);
	munmap(room + 2 * PAGE, 6 * PAGE);
	say("half taken: %s\n", show(CALL(SYS_shmat, id, room + PAGE, 0)));
	memory = attach(id, room + 4 * PAGE + 5, SHM_RND);
	say("rounded: %d\n", memory == room + 4 * PAGE);
	say("not rounded: %s\n", show(CALL(SYS_shmat, id, room + 6 * PAGE + 5, 0)));
	say("nowhere: %s\n", show(CALL(SYS_shmat, id, NULL, SHM_REMAP)));
	say("%s %s %s\n", show(CALL(SYS_shmdt, room)), show(CALL(SYS_shmdt, room + 4 * PAGE)),
	    show(CALL(SYS_shmdt, room)));
	show_segment("addresses", id);
	shmctl(id, IPC_RMID, NULL);
}

static void change(void)
{
	int id = shmget(KEY, PAGE, IPC_CREAT | 0600);
	struct shmid_ds status;

	shmctl(id, IPC_STAT, &status);
	status.shm_perm.mode = 07444;
	say("set: %s\n", show(CALL(SYS_shmctl, id, IPC_SET, &status)));
	show_segment("set", id);
	status.shm_perm.uid = (uid_t)-1;
	say("nobody: %s\n", show(CALL(SYS_shmctl, id, IPC_SET, &status)));
	say("bad address: %s %s\n", show(CALL(SYS_shmctl, id, IPC_SET, 1)), show(CALL(SYS_shmctl, id, IPC_STAT, 1)));
	say("unknown: %s %s\n", show(CALL(SYS_shmctl, id, 99, &status)), show(CALL(SYS_shmctl, id, 4, &status)));
	say("lock: %s\n", show(CALL(SYS_shmctl, id, SHM_LOCK, 0)));
	show_segment("locked", id);
	say("unlock: %s\n", show(CALL(SYS_shmctl, id, SHM_UNLOCK, 0)));
	say("to write: %d\n", !!attach(id, NULL, 0));
	say("to execute: %d\n", !!attach(id, NULL, SHM_EXEC | SHM_RDONLY));
	say("by key, to write: %s\n", show_success(CALL(SYS_shmget, KEY, 0, 0600)));
	say("by key: %s\n", show_success(CALL(SYS_shmget, KEY, 0, 0400)));
	show_segment("after that", id);
	shmctl(id, IPC_RMID, NULL);
}

static void become_other(int id)
{
	struct shmid_ds status;

	if (setresgid(54321, 54321, 54321) || setresuid(54321, 54321, 54321)) {
		say("  the same\n");
		return;
	}
	say("  other: %s %s %s %s %s\n", show_success(CALL(SYS_shmget, KEY, 0, 0400)),
	    show_success(attach(id, NULL, SHM_RDONLY) ? 0 : -1), show(CALL(SYS_shmctl, id, IPC_STAT, &status)),
	    show(CALL(SYS_shmctl, id, SHM_STAT_ANY, &status)), show(CALL(SYS_shmctl, id, IPC_RMID, 0)));
	say("  other, lock: %s\n", show(CALL(SYS_shmctl, id, SHM_LOCK, 0)));
}

static void others(void)
{
	int id = shmget(KEY, PAGE, IPC_CREAT | 0600);
	struct shmid_ds status = { 0 };

	in_child_with(become_other, id);
	status.shm_perm = (struct ipc_perm){ .uid = geteuid(), .gid = getegid(), .mode = 0604 };
	say("for all to read: %s\n", show(CALL(SYS_shmctl, id, IPC_SET, &status)));
	in_child_with(become_other, id);
	shmctl(id, IPC_RMID, NULL);
}

static void wait_attached(int id)
{
	attach(id, NULL, 0);
	say("  child waits\n");
	pause();
}

/* Of who is killed nothing is left. */
static void killed(void)
{
	int id = shmget(IPC_PRIVATE, PAGE, 0600);
	pid_t child = fork();

	if (!child)
		wait_attached(id);
	wait_until_asleep(child);
	show_segment("with a child", id);
	say("removed: %s\n", show(CALL(SYS_shmctl, id, IPC_RMID, 0)));
	show_segment("dying", id);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	show_segment("dead", id);
}

static void executed(int id)
{
	attach(id, NULL, 0);
	execl("/tests/true", "true", NULL);
}

/* The name of what is mapped at ADDRESS. */
static void show_name(const void *address)
{
	char line[512], *name;
	FILE *maps = fopen("/proc/self/maps", "r");

	while (fgets(line, sizeof(line), maps))
		if (strtoul(line, NULL, 16) == (unsigned long)address && (name = strchr(line, '/')))
			say("%s", name);
	fclose(maps);
}

static void look_at_all(void)
{
	static const int hidden[] = { 4, 5, 11, 12, 13, 14, 15 };
	int id = shmget(KEY, 5000, IPC_CREAT | 0600), private = shmget(IPC_PRIVATE, 1, 0644);
	struct shm_info use;
	struct shminfo limits;
	int result;

	show_name(attach(private, NULL, 0));
	show_name(attach(id, NULL, 0));
	show_file("/proc/sysvipc/shm", hidden, ARRAY_SIZE(hidden));
	result = shmctl(0, SHM_INFO, (void *)&use);
	say("use: %d: %d, %lu pages\n", result, use.used_ids, use.shm_tot);
	result = shmctl(0, IPC_INFO, (void *)&limits);
	say("limits: %d: %lx %lu %lu %lx\n", result, limits.shmmax, limits.shmmin, limits.shmmni, limits.shmall);
	say("index: %s %s\n", show(CALL(SYS_shmctl, 9999, SHM_STAT, &use)), show(CALL(SYS_shmctl, 0, IPC_INFO, 1)));
	shmctl(id, IPC_RMID, NULL);
	shmctl(private, IPC_RMID, NULL);
}

int main(void)
{
	int id;

	make();
	count_numbers();
	share();
	addresses();
	change();
	others();
	killed();
	id = shmget(IPC_PRIVATE, PAGE, 0600);
	in_child_with(executed, id);
	show_segment("a child has executed", id);
	shmctl(id, IPC_RMID, NULL);
	look_at_all();
	return 0;
}
