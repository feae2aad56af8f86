/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Credentials: the calls that ask for them and change them, what threads and children have
 * of them, and what execve makes of them.
 */
#include "call.h"
#include <linux/capability.h>
#include <linux/prctl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/auxv.h>

#define COMMON 0xffffffull /* capabilities that root has on any machine; those above are dropped first */

static void get_capabilities(struct __user_cap_data_struct data[2])
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

	MUST(!syscall(SYS_capget, &header, data));
}

static long set_capabilities(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	for (int i = 0; i < 2; i++)
		data[i] = (struct __user_cap_data_struct){ (uint32_t)(effective >> 32 * i),
							   (uint32_t)(permitted >> 32 * i),
							   (uint32_t)(inheritable >> 32 * i) };
	return CALL(SYS_capset, &header, data);
}

static void limit_capabilities(void)
{
	for (unsigned int i = 24; !CALL(SYS_prctl, PR_CAPBSET_DROP, i); i++)
		;
	MUST(!set_capabilities(COMMON, COMMON, 0));
}

static void say_credentials(const char *who)
{
	struct __user_cap_data_struct data[2];
	uint32_t ids[6], groups[100];
	unsigned int bounding = 0, ambient = 0;
	int count = getgroups(ARRAY_SIZE(groups), groups);

	MUST(!syscall(SYS_getresuid, ids, ids + 1, ids + 2) && !syscall(SYS_getresgid, ids + 3, ids + 4, ids + 5));
	get_capabilities(data);
	for (unsigned int i = 0; i < 41; i++) {
		bounding += prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1;
		ambient += prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) == 1;
	}
	say("%s: %u %u %u %ld, %u %u %u %ld, caps %x/%x %x/%x %x/%x of %u, ambient %u, bits %x, groups", who, ids[0],
	    ids[1], ids[2], syscall(SYS_setfsuid, -1), ids[3], ids[4], ids[5], syscall(SYS_setfsgid, -1),
	    data[0].effective, data[1].effective, data[0].permitted, data[1].permitted, data[0].inheritable,
	    data[1].inheritable, bounding, ambient, prctl(PR_GET_SECUREBITS));
	for (int i = 0; i < count; i++)
		say(" %u", groups[i]);
	MUST(getuid() == ids[0] && geteuid() == ids[1] && getgid() == ids[3] && getegid() == ids[4]);
	say("\n");
}

static void try(const char *name, long number, long a, long b, long c)
{
	say("%s(%ld, %ld, %ld) = %s\n", name, a, b, c, show(CALL(number, a, b, c)));
	say_credentials("  now");
}

#define TRY(name, ...) TRY_FILL(name, ##__VA_ARGS__, 0, 0, 0)
#define TRY_FILL(name, a, b, c, ...) try(#name, SYS_##name, a, b, c)

static long setgroups_of(size_t count, gid_t *groups)
{
	for (size_t i = 0; i < count; i++)
		groups[i] = (gid_t)(i * 1000000);
	return CALL(SYS_setgroups, count, groups);
}

static void set_users(void)
{
	TRY(setresuid, 1, 2, 3);
	TRY(setuid, 5);
	TRY(setuid, 3);
	TRY(setreuid, -1, 2);
	TRY(setreuid, 2, -1);
	TRY(setresuid, -1, -1, -1);
	TRY(setresuid, -1, 3, -1);
	TRY(setfsuid, 2);
	TRY(setfsuid, 9);
	TRY(setfsuid, -1);
	TRY(setuid, -1);
	TRY(setresuid, 0, 0, 0);
	TRY(setgid, 0);
	TRY(setgid, 4);
	TRY(setgroups, 0, 0);
}

static void set_groups(void)
{
	static const uint32_t unsorted[] = { 7, 3, 5, 3 }, wrong[] = { 1, -1u };
	static uint32_t many[65537], back[8];

	TRY(setgroups, 4, (long)unsorted);
	TRY(setgroups, 2, (long)wrong);
	say("bad groups %s\n", show(CALL(SYS_setgroups, 4, no_memory())));
	say("too many %s\n", show(CALL(SYS_setgroups, 65537, many)));
	say("negative %s\n", show(CALL(SYS_setgroups, -1, many)));
	say("how many %s\n", show(CALL(SYS_getgroups, 0, 0)));
	say("no room %s\n", show(CALL(SYS_getgroups, 3, back)));
	say("negative %s\n", show(CALL(SYS_getgroups, -1, back)));
	say("bad %s\n", show(CALL(SYS_getgroups, 8, no_memory())));
	TRY(setresgid, 1, 2, 3);
	TRY(setregid, 4, -1);
	TRY(setregid, -1, 5);
	TRY(setfsgid, 9);
	TRY(setgid, 6);
	TRY(setuid, 1000);
	TRY(setgid, 7);
	TRY(setregid, 6, 6);
	TRY(setresgid, 6, 7, 6);
	TRY(setfsgid, 7);
	TRY(setgroups, 0, 0);
}

static void keep_capabilities(void)
{
	say("keep %s\n", show(CALL(SYS_prctl, PR_SET_KEEPCAPS, 1)));
	say("keep 2 %s\n", show(CALL(SYS_prctl, PR_SET_KEEPCAPS, 2)));
	TRY(setuid, 1000);
	say("keeps %s\n", show(CALL(SYS_prctl, PR_GET_KEEPCAPS)));
	say("effective again %s\n", show(set_capabilities(0x80, 0xc0, 0xc0)));
	TRY(setuid, 1001);
	say("more %s\n", show(set_capabilities(0x81, 0xc1, 0)));
	say("ambient %s\n", show(CALL(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 7)));
	say("ambient %s\n", show(CALL(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 1)));
	say("ambient %s\n", show(CALL(SYS_prctl, PR_CAP_AMBIENT, 77, 1)));
	say_credentials("now");
	say("clear %s\n", show(CALL(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)));
	say_credentials("now");
	say("drop %s\n", show(CALL(SYS_prctl, PR_CAPBSET_DROP, 3)));
}

static void set_bits(void)
{
	say("bits %s\n", show(CALL(SYS_prctl, PR_SET_SECUREBITS, 4)));
	TRY(setuid, 1000);
	say("bits %s\n", show(CALL(SYS_prctl, PR_SET_SECUREBITS, 0x15)));
	TRY(setuid, 0);
	say("bits %s\n", show(CALL(SYS_prctl, PR_SET_SECUREBITS, 0x1000000)));
	say("bits %s\n", show(CALL(SYS_prctl, PR_SET_SECUREBITS, 0x20)));
	say("keep %s\n", show(CALL(SYS_prctl, PR_SET_KEEPCAPS, 1)));
	say("read %s\n", show(CALL(SYS_prctl, PR_CAPBSET_READ, 3)));
	say("read %s\n", show(CALL(SYS_prctl, PR_CAPBSET_READ, 99)));
	say("drop %s\n", show(CALL(SYS_prctl, PR_CAPBSET_DROP, 3)));
	say("drop %s\n", show(CALL(SYS_prctl, PR_CAPBSET_DROP, 99)));
	say_credentials("now");
}

static void say_status(const char *path)
{
	static const char *const names[] = { "Uid:", "Gid:", "Groups:", "Cap" };
	static char text[1 << 16];
	int fd = open(path, O_RDONLY);
	ssize_t length = 0, part;

	MUST(fd >= 0);
	while ((part = read(fd, text + length, sizeof(text) - 1 - (size_t)length)) > 0)
		length += part;
	close(fd);
	text[length] = '\0';
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			if (!strncmp(line, names[i], strlen(names[i])))
				say(" %s|\n", line);
}

static void *change_and_tell(void *unused)
{
	char path[64];

	MUST(!CALL(SYS_setresuid, 21, 22, 23));
	snprintf(path, sizeof(path), "/proc/self/task/%ld/status", syscall(SYS_gettid));
	say_status(path);
	say_status("/proc/thread-self/status");
	say_status("/proc/self/status");
	return unused;
}

/* What /proc tells of a thread, of another, of a child and of the parent. */
static void tell_status(void)
{
	static gid_t groups[1000];
	pthread_t thread;
	char path[64];
	pid_t pid;

	MUST(!setgroups_of(3, groups));
	MUST(!CALL(SYS_setresgid, 5, 6, 7) && !CALL(SYS_setfsgid, 5));
	say_status("/proc/self/status");
	pthread_create(&thread, NULL, change_and_tell, NULL);
	pthread_join(thread, NULL);
	say_status("/proc/self/status");
	MUST(!setgroups_of(ARRAY_SIZE(groups), groups));
	pid = fork();
	if (!pid) {
		MUST(!CALL(SYS_setresuid, 31, 32, 33));
		snprintf(path, sizeof(path), "/proc/%d/status", getppid());
		say_status(path);
		kill(getpid(), SIGSTOP);
		_exit(0);
	}
	waitpid(pid, NULL, WUNTRACED);
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	say_status(path);
	kill(pid, SIGCONT);
	waitpid(pid, NULL, 0);
}

static void use_bad_memory(void)
{
	uint32_t ids[3];

	say("%s %s\n", show(CALL(SYS_getresuid, ids, no_memory(), ids)), show(CALL(SYS_getresuid, ids, ids, NULL)));
	say("%s %s\n", show(CALL(SYS_getresgid, no_memory(), ids, ids)),
	    show(CALL(SYS_getresgid, ids, ids, read_only_page())));
}

static void ask_capabilities(uint32_t version, int process, void *data)
{
	struct __user_cap_header_struct header = { .version = version, .pid = process };
	long result = CALL(SYS_capget, &header, data);

	say("capget %x %s: %s, version %x\n", version, data ? "data" : "NULL", show(result), header.version);
}

static void use_forms(void)
{
	static const uint32_t versions[] = { _LINUX_CAPABILITY_VERSION_1, _LINUX_CAPABILITY_VERSION_2,
					     _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		memset(data, 0xff, sizeof(data));
		ask_capabilities(versions[i], 0, data);
		say("  %x %x %x %x\n", data[0].effective, data[1].effective, data[0].permitted, data[1].inheritable);
		ask_capabilities(versions[i], 0, NULL);
		header.version = versions[i];
		say("capset %s\n", show(CALL(SYS_capset, &header, data)));
	}
	ask_capabilities(_LINUX_CAPABILITY_VERSION_3, -1, data);
	ask_capabilities(_LINUX_CAPABILITY_VERSION_3, 0x3fffffff, data);
	ask_capabilities(_LINUX_CAPABILITY_VERSION_3, getpid(), data);
	ask_capabilities(_LINUX_CAPABILITY_VERSION_3, 0, no_memory());
	say("%s %s\n", show(CALL(SYS_capget, no_memory(), data)), show(CALL(SYS_capget, no_memory(), NULL)));
	header = (struct __user_cap_header_struct){ .version = _LINUX_CAPABILITY_VERSION_3, .pid = getppid() };
	say("%s %s\n", show(CALL(SYS_capget, &header, data)), show(CALL(SYS_capset, &header, data)));
	header.pid = 0;
	say("%s %s\n", show(CALL(SYS_capset, no_memory(), data)), show(CALL(SYS_capset, &header, no_memory())));
}

static void lose_parent_signal(void)
{
	int signal = 0;

	MUST(!prctl(PR_SET_PDEATHSIG, SIGUSR1));
	TRY(setuid, 0);
	prctl(PR_GET_PDEATHSIG, &signal);
	say("signal %d\n", signal);
	TRY(setuid, 4);
	prctl(PR_GET_PDEATHSIG, &signal);
	say("signal %d\n", signal);
}

/*
 * Threads
 */

static pthread_barrier_t barrier;

static void meet(void)
{
	pthread_barrier_wait(&barrier);
}

static void say_child(void)
{
	say_credentials("child");
}

static void *be_b(void *unused)
{
	meet();
	meet();
	say_credentials("b with all");
	meet();
	say("only b %s\n", show(CALL(SYS_setresuid, 11, 11, 0)));
	say_credentials("b");
	in_child(say_child);
	meet();
	meet();
	meet();
	say_credentials("b after all");
	meet();
	return unused;
}

static void *be_c(void *unused)
{
	meet();
	meet();
	meet();
	meet();
	say_credentials("c without b");
	in_child(say_child);
	meet();
	meet();
	meet();
	return unused;
}

static void try_threads(void)
{
	pthread_t b, c;

	pthread_barrier_init(&barrier, NULL, 3);
	MUST(!pthread_create(&b, NULL, be_b, NULL) && !pthread_create(&c, NULL, be_c, NULL));
	meet();
	MUST(!setresuid(7, 8, 0));
	meet();
	meet();
	meet();
	meet();
	MUST(!setresuid(0, 0, 0));
	meet();
	meet();
	pthread_join(b, NULL);
	pthread_join(c, NULL);
	say_credentials("alone");
	TRY(setuid, 3);
}

/* A child in the same memory, as vfork(2) makes them. */
static void try_vfork(void)
{
	pid_t pid = vfork();
	int status;

	if (!pid) {
		say_credentials("vfork child");
		CALL(SYS_setresuid, 5, 6, 7);
		say_credentials("vfork child");
		_exit(0);
	}
	MUST(waitpid(pid, &status, 0) == pid);
	say_credentials("parent");
	TRY(setresuid, 1, 1, 0);
	pid = vfork();
	if (!pid) {
		say_credentials("vfork child");
		CALL(SYS_setresuid, 0, 0, 0);
		execl("/proc/self/exe", "identity", "executed", NULL);
		_exit(1);
	}
	MUST(waitpid(pid, &status, 0) == pid);
	say_credentials("parent");
	in_child(say_child);
}

/*
 * Signals
 */

static void say_signals(const char *who, pid_t target)
{
	siginfo_t info = { .si_code = SI_QUEUE };

	say("%s: kill %s %s %s, CONT %s, invalid %s, tkill %s, tgkill %s %s, queue %s %s\n", who,
	    show(CALL(SYS_kill, target, 0)), show(CALL(SYS_kill, target, SIGUSR1)),
	    show(CALL(SYS_kill, 0x3fffffff, SIGUSR1)), show(CALL(SYS_kill, target, SIGCONT)),
	    show(CALL(SYS_kill, target, 99)), show(CALL(SYS_tkill, target, SIGUSR1)),
	    show(CALL(SYS_tgkill, target, target, SIGUSR1)), show(CALL(SYS_tgkill, getpid(), target, SIGUSR1)),
	    show(CALL(SYS_rt_sigqueueinfo, target, SIGUSR1, &info)),
	    show(CALL(SYS_rt_tgsigqueueinfo, target, target, SIGUSR1, &info)));
}

static void say_more_signals(const char *who, pid_t target)
{
	int pidfd = (int)CALL(SYS_pidfd_open, target, 0);

	say("%s: group %s %s %s %s, pidfd %s %s %s\n", who, show(CALL(SYS_kill, -target, SIGUSR1)),
	    show(CALL(SYS_kill, -target, 99)), show(CALL(SYS_kill, -0x3fffffff, SIGUSR1)),
	    show(CALL(SYS_kill, 0, SIGWINCH)), show(CALL(SYS_pidfd_send_signal, pidfd, SIGUSR1, NULL, 0)),
	    show(CALL(SYS_pidfd_send_signal, pidfd, SIGUSR1, NULL, 99)),
	    show(CALL(SYS_pidfd_send_signal, -1, SIGUSR1, NULL, 0)));
	close(pidfd);
}

static pid_t target;

static void signal_as_other(void)
{
	MUST(!CALL(SYS_setresuid, 1001, 1001, 1001));
	say_signals("another", target);
	say_more_signals("another", target);
	MUST(!setpgid(0, 0));
	say_more_signals("in a group of its own", target);
	say_more_signals("that group", getpid());
	say_signals("itself", getpid());
	say_signals("parent", getppid());
}

static void signal_as_saved(void)
{
	MUST(!CALL(SYS_setresuid, 5, 1002, 5));
	say_signals("of the saved one", target);
}

static void signal_as_real(void)
{
	MUST(!CALL(SYS_setresuid, 1000, 5, 5));
	say_signals("of the real one", target);
	say_more_signals("of the real one", target);
}

static void signal_with_capability(void)
{
	MUST(!prctl(PR_SET_KEEPCAPS, 1) && !CALL(SYS_setresuid, 5, 5, 5) && !set_capabilities(1 << 5, 1 << 5, 0));
	say_signals("with CAP_KILL", target);
}

static void try_signals(void)
{
	char byte;
	int ends[2];

	signal(SIGUSR1, SIG_IGN);
	MUST(!pipe(ends));
	target = fork();
	if (!target) {
		MUST(!setpgid(0, 0) && !CALL(SYS_setresuid, 1000, 1001, 1002));
		MUST(write(ends[1], "x", 1) == 1);
		for (;;)
			pause();
	}
	MUST(read(ends[0], &byte, 1) == 1);
	close(ends[0]);
	close(ends[1]);
	say_signals("root", target);
	say_more_signals("root", target);
	in_child(signal_as_other);
	in_child(signal_as_saved);
	in_child(signal_as_real);
	in_child(signal_with_capability);
	kill(target, SIGKILL);
	waitpid(target, NULL, 0);
}

/*
 * execve
 */

static void say_executed(void)
{
	say_credentials("executed");
	say("auxv %lu %lu %lu %lu secure %lu\n", getauxval(AT_UID), getauxval(AT_EUID), getauxval(AT_GID),
	    getauxval(AT_EGID), getauxval(AT_SECURE));
}

static void run_it(const char *path)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		execl(path, "identity", "executed", NULL);
		say("%s: %s\n", path, show(-errno));
		_exit(0);
	}
	MUST(waitpid(pid, &status, 0) == pid && !status);
}

static void copy_self(const char *path, mode_t mode)
{
	static char bytes[1 << 16];
	int from = open("/proc/self/exe", O_RDONLY), to = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	ssize_t length;

	while ((length = read(from, bytes, sizeof(bytes))) > 0)
		MUST(write(to, bytes, (size_t)length) == length);
	close(to);
	close(from);
	MUST(!chmod(path, mode));
}

static void write_script(const char *path, const char *program)
{
	char line[64];
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	int length = snprintf(line, sizeof(line), "#!%s executed\n", program);

	MUST(write(fd, line, (size_t)length) == length);
	close(fd);
	MUST(!chmod(path, 06755));
}

static void run_all(void)
{
	run_it("/tmp/plain");
	run_it("/tmp/set-uid");
	run_it("/tmp/set-gid");
	run_it("/tmp/set-both");
	run_it("/tmp/script");
	run_it("/tmp/script-set-uid");
}

static void execute_as_user(void)
{
	MUST(!CALL(SYS_setresgid, 50, 50, 50) && !CALL(SYS_setresuid, 1000, 1000, 1000));
	run_all();
}

static void execute_halfway(void)
{
	MUST(!CALL(SYS_setresgid, 50, 51, 52) && !CALL(SYS_setresuid, 1000, 1001, 0));
	run_all();
}

static void execute_fixed(void)
{
	MUST(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	execute_as_user();
}

static void execute_with_capabilities(void)
{
	MUST(!set_capabilities(COMMON, COMMON, 0xc0) && !prctl(PR_SET_KEEPCAPS, 1));
	MUST(!CALL(SYS_setresuid, 1000, 1000, 1000));
	MUST(!set_capabilities(0xff, 0xff, 0xc0));
	MUST(!CALL(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 7));
	run_all();
}

static void execute_without_root(void)
{
	MUST(!CALL(SYS_prctl, PR_SET_SECUREBITS, 1));
	run_all();
}

static void try_execve(void)
{
	copy_self("/tmp/plain", 0755);
	copy_self("/tmp/set-uid", 04755);
	copy_self("/tmp/set-gid", 02755);
	copy_self("/tmp/set-both", 06755);
	write_script("/tmp/script", "/tmp/plain");
	write_script("/tmp/script-set-uid", "/tmp/set-uid");
	run_all();
	in_child(execute_as_user);
	in_child(execute_halfway);
	in_child(execute_fixed);
	in_child(execute_with_capabilities);
	in_child(execute_without_root);
}

/* Often enough for sites to be patched. */
static void ask_often(void)
{
	for (int i = 0; i < 100; i++)
		MUST(getuid() == 0 && geteuid() == 0 && getgid() == 0 && getegid() == 0);
	MUST(!setresuid(4, 5, 6) && !setresgid(0, 0, 0));
	for (int i = 0; i < 100; i++)
		MUST(getuid() == 4 && geteuid() == 5 && getgid() == 0 && getegid() == 0);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "executed")) {
		say_executed();
		return 0;
	}
	limit_capabilities();
	say_credentials("at first");
	in_child(set_users);
	in_child(set_groups);
	in_child(keep_capabilities);
	in_child(set_bits);
	in_child(tell_status);
	in_child(use_bad_memory);
	in_child(use_forms);
	in_child(lose_parent_signal);
	in_child(try_threads);
	in_child(try_vfork);
	in_child(try_signals);
	in_child(try_execve);
	in_child(ask_often);
	return 0;
}
