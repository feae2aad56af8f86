/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules for credentials. As root, random sequences of calls are made by the kernel in a
 * child, and by the model, and must agree; so must what execve makes of files with random
 * owners, bits and capabilities. As a user, the model's own promises are tested.
 */
#define _GNU_SOURCE 1
#include "tap.h"
#include "image/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define CALLS 400 /* of one child */
#define REPORT_FD 99

static uint64_t random_state;

static uint32_t next_random(void)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 33);
}

static uint32_t below(uint32_t most)
{
	return next_random() % most;
}

/* Few, so that they meet again; sometimes -1. */
static uint32_t random_id(void)
{
	static const uint32_t ids[] = { 0, 0, 1000, 1001, 33, CREDENTIALS_KEEP };

	return ids[below(ARRAY_SIZE(ids))];
}

static uint64_t random_set(void)
{
	uint64_t set = (uint64_t)next_random() << 32 | next_random();

	switch (below(4)) {
	case 0:
		return 0;
	case 1:
		return UINT64_MAX;
	case 2:
		return set;
	default:
		return UINT64_MAX & ~(1ull << below(41));
	}
}

enum kind {
	SETUID,
	SETGID,
	SETREUID,
	SETREGID,
	SETRESUID,
	SETRESGID,
	SETFSUID,
	SETFSGID,
	SETGROUPS,
	CAPSET,
	CONTROL,
	KINDS
};

struct operation {
	enum kind kind;
	uint32_t ids[3];
	uint32_t groups[8];
	unsigned int count;
	struct credentials_sets sets;
	int option;
	unsigned long arguments[4];
};

static void randomise_control(struct operation *operation)
{
	static const int options[] = { PR_GET_KEEPCAPS,	  PR_SET_KEEPCAPS,   PR_CAPBSET_READ, PR_CAPBSET_DROP,
				       PR_GET_SECUREBITS, PR_SET_SECUREBITS, PR_CAP_AMBIENT,  PR_CAP_AMBIENT };
	unsigned long *arguments = operation->arguments;

	operation->option = options[below(ARRAY_SIZE(options))];
	memset(operation->arguments, 0, sizeof(operation->arguments));
	arguments[0] = below(3);
	/* Sets that have become small stay so. */
	if (operation->option == PR_CAPBSET_READ || operation->option == PR_CAPBSET_DROP)
		arguments[0] = below(43);
	if (operation->option == PR_SET_SECUREBITS)
		arguments[0] = below(4) ? (unsigned long)(below(2) << below(8)) : below(256);
	if (operation->option == PR_CAP_AMBIENT) {
		arguments[0] = below(6);
		arguments[1] = below(8) ? below(42) : 0;
		arguments[2] = !below(20);
	}
}

static struct operation random_operation(void)
{
	struct operation operation = { .kind = below(KINDS) };

	for (unsigned int i = 0; i < ARRAY_SIZE(operation.ids); i++)
		operation.ids[i] = random_id();
	operation.count = below(ARRAY_SIZE(operation.groups) + 1);
	for (unsigned int i = 0; i < operation.count; i++)
		operation.groups[i] = below(30) ? below(5) * 500 : CREDENTIALS_KEEP;
	operation.sets = (struct credentials_sets){ random_set(), random_set(), random_set() };
	if (below(2))
		operation.sets.effective = operation.sets.permitted;
	randomise_control(&operation);
	return operation;
}

static long call(long result)
{
	return result == -1 ? -errno : result;
}

static long kernel_capset(const struct credentials_sets *sets)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	for (unsigned int i = 0; i < 2; i++)
		data[i] = (struct __user_cap_data_struct){ (uint32_t)(sets->effective >> 32 * i),
							   (uint32_t)(sets->permitted >> 32 * i),
							   (uint32_t)(sets->inheritable >> 32 * i) };
	return call(syscall(SYS_capset, &header, data));
}

/* What the kernel says of it. The ids of setfs*id are no errors. */
static long kernel_does(const struct operation *o)
{
	switch (o->kind) {
	case SETUID:
		return call(syscall(SYS_setuid, o->ids[0]));
	case SETGID:
		return call(syscall(SYS_setgid, o->ids[0]));
	case SETREUID:
		return call(syscall(SYS_setreuid, o->ids[0], o->ids[1]));
	case SETREGID:
		return call(syscall(SYS_setregid, o->ids[0], o->ids[1]));
	case SETRESUID:
		return call(syscall(SYS_setresuid, o->ids[0], o->ids[1], o->ids[2]));
	case SETRESGID:
		return call(syscall(SYS_setresgid, o->ids[0], o->ids[1], o->ids[2]));
	case SETFSUID:
		return syscall(SYS_setfsuid, o->ids[0]);
	case SETFSGID:
		return syscall(SYS_setfsgid, o->ids[0]);
	case SETGROUPS:
		return call(syscall(SYS_setgroups, o->count, o->groups));
	case CAPSET:
		return kernel_capset(&o->sets);
	default:
		return call(syscall(SYS_prctl, o->option, o->arguments[0], o->arguments[1], o->arguments[2],
				    o->arguments[3]));
	}
}

static long model_does(struct credentials *credentials, const struct operation *o)
{
	switch (o->kind) {
	case SETUID:
		return credentials_setuid(credentials, o->ids[0]);
	case SETGID:
		return credentials_setgid(credentials, o->ids[0]);
	case SETREUID:
		return credentials_setreuid(credentials, o->ids[0], o->ids[1]);
	case SETREGID:
		return credentials_setregid(credentials, o->ids[0], o->ids[1]);
	case SETRESUID:
		return credentials_setresuid(credentials, o->ids[0], o->ids[1], o->ids[2]);
	case SETRESGID:
		return credentials_setresgid(credentials, o->ids[0], o->ids[1], o->ids[2]);
	case SETFSUID:
		return credentials_setfsuid(credentials, o->ids[0]);
	case SETFSGID:
		return credentials_setfsgid(credentials, o->ids[0]);
	case SETGROUPS:
		return credentials_set_groups(credentials, o->groups, o->count);
	case CAPSET:
		return credentials_set_capabilities(credentials, &o->sets);
	default:
		return credentials_control(credentials, o->option, o->arguments);
	}
}

/* What the kernel knows of the calling thread. */
static void ask_kernel(struct credentials *credentials)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	memset(credentials, 0, offsetof(struct credentials, groups));
	syscall(SYS_getresuid, &credentials->uid, &credentials->euid, &credentials->suid);
	syscall(SYS_getresgid, &credentials->gid, &credentials->egid, &credentials->sgid);
	credentials->fsuid = (uint32_t)syscall(SYS_setfsuid, -1);
	credentials->fsgid = (uint32_t)syscall(SYS_setfsgid, -1);
	credentials->securebits = (uint32_t)syscall(SYS_prctl, PR_GET_SECUREBITS, 0, 0, 0, 0);
	credentials->group_count = (uint32_t)syscall(SYS_getgroups, CREDENTIALS_GROUPS_MOST, credentials->groups);
	syscall(SYS_capget, &header, data);
	for (unsigned int i = 0; i < 2; i++) {
		credentials->inheritable |= (uint64_t)data[i].inheritable << 32 * i;
		credentials->permitted |= (uint64_t)data[i].permitted << 32 * i;
		credentials->effective |= (uint64_t)data[i].effective << 32 * i;
	}
	for (unsigned int i = 0; i <= CAP_LAST_CAP; i++) {
		credentials->bounding |= (uint64_t)(prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1) << i;
		credentials->ambient |= (uint64_t)(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) == 1) << i;
	}
}

static void print_operation(const struct operation *o)
{
	printf("# kind %d ids %x %x %x count %u sets %llx %llx %llx prctl %d %lx %lx %lx\n", o->kind, o->ids[0],
	       o->ids[1], o->ids[2], o->count, (unsigned long long)o->sets.effective,
	       (unsigned long long)o->sets.permitted, (unsigned long long)o->sets.inheritable, o->option,
	       o->arguments[0], o->arguments[1], o->arguments[2]);
}

static void print_credentials(const char *who, const struct credentials *credentials)
{
	char text[CREDENTIALS_TEXT_SIZE];

	credentials_write(credentials, text);
	printf("# %s %s\n", who, text);
}

static bool has_agreed(const struct credentials *model, const struct credentials *before, const struct operation *o,
		       long kernel_result, long model_result)
{
	struct credentials kernel;

	ask_kernel(&kernel);
	if (kernel_result == model_result && credentials_equal(&kernel, model))
		return true;
	print_operation(o);
	print_credentials("before", before);
	print_credentials("kernel", &kernel);
	print_credentials("model ", model);
	printf("# kernel says %ld, the model %ld\n", kernel_result, model_result);
	fflush(stdout);
	return false;
}

/* Bits that this kernel does not know are not compared. */
static bool compare_calls(void)
{
	struct credentials model, before;

	ask_kernel(&model);
	for (unsigned int i = 0; i < CALLS; i++) {
		struct operation operation = random_operation();

		credentials_copy(&before, &model);
		long kernel_result = kernel_does(&operation);
		long model_result = model_does(&model, &operation);

		if (!has_agreed(&model, &before, &operation, kernel_result, model_result))
			return false;
	}
	return true;
}

/* Whether FUNCTION holds in a child, whose credentials do not come back. */
static bool in_child(bool (*function)(void))
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		bool is_good = function();

		fflush(stdout);
		_exit(is_good ? 0 : 1);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status;
}

static void test_calls(void)
{
	bool is_good = true;

	for (unsigned int i = 0; i < 500 && is_good; i++) {
		is_good = in_child(compare_calls);
		next_random();
	}
	ok(is_good, "random sequences of calls, as the kernel");
}

/*
 * execve
 */

/* What the program, which is this file's own, reports. */
struct report {
	struct credentials credentials;
	unsigned long is_secure;
};

static int report_from_program(void)
{
	static struct report report;

	ask_kernel(&report.credentials);
	report.is_secure = getauxval(AT_SECURE);
	return write(REPORT_FD, &report, sizeof(report)) != sizeof(report);
}

static char program_path[64];

static bool make_program(void)
{
	char command[256];

	strcpy(program_path, "/var/tmp/test_credentials.XXXXXX");
	if (!mkdtemp(program_path) || chmod(program_path, 0755))
		return false;
	strcat(program_path, "/program");
	snprintf(command, sizeof(command), "cp /proc/%d/exe %s", getpid(), program_path);
	return !system(command);
}

static void remove_program(void)
{
	unlink(program_path);
	*strrchr(program_path, '/') = '\0';
	rmdir(program_path);
}

static size_t random_capabilities(unsigned char bytes[XATTR_CAPS_SZ_3])
{
	struct vfs_ns_cap_data data = { .rootid = 0 };
	uint64_t permitted = random_set() & random_set(), inheritable = random_set();
	static const size_t sizes[] = { XATTR_CAPS_SZ_2, XATTR_CAPS_SZ_3 };
	unsigned int which = below(2);

	if (below(2))
		permitted &= 0xffff;
	data.magic_etc = (which ? VFS_CAP_REVISION_3 : VFS_CAP_REVISION_2) | below(2);
	for (unsigned int i = 0; i < 2; i++) {
		data.data[i].permitted = (uint32_t)(permitted >> 32 * i);
		data.data[i].inheritable = (uint32_t)(inheritable >> 32 * i);
	}
	memcpy(bytes, &data, sizes[which]);
	return sizes[which];
}

/* Give the file random properties, and tell the model. */
static bool prepare_program(struct credentials_program *program)
{
	static const uint32_t modes[] = { 0755, 04755, 02755, 06755, 02745, 06745 };
	unsigned char bytes[XATTR_CAPS_SZ_3];
	size_t size;

	*program = (struct credentials_program){ .uid = below(2) ? 0 : 1000, .gid = below(3) * 500 };
	program->mode = modes[below(ARRAY_SIZE(modes))];
	removexattr(program_path, "security.capability");
	if (chown(program_path, program->uid, program->gid) || chmod(program_path, program->mode))
		return false;
	if (below(2))
		return true;
	size = random_capabilities(bytes);
	if (setxattr(program_path, "security.capability", bytes, size, 0))
		return false;
	return !credentials_read_capabilities(program, bytes, size);
}

static bool has_fixed;

static void execute(int report_fd)
{
	char *arguments[] = { program_path, "report", NULL };
	char *environment[] = { "ASAN_OPTIONS=detect_leaks=0", NULL };

	dup2(report_fd, REPORT_FD);
	execve(program_path, arguments, environment);
	_exit(errno == EPERM ? 101 : 102);
}

/* Execute it as who we are now: 1 with its REPORT; 0 when it was refused for its capabilities; -1 otherwise. */
static int run_program(struct report *report)
{
	int pipes[2], status;
	pid_t pid;
	bool is_read;

	if (pipe(pipes))
		return -1;
	pid = fork();
	if (!pid)
		execute(pipes[1]);
	close(pipes[1]);
	is_read = read(pipes[0], report, sizeof(*report)) == sizeof(*report);
	close(pipes[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return is_read ? 1 : WEXITSTATUS(status) == 101 ? 0 : -1;
}

static bool compare_exec(void)
{
	struct credentials_program program;
	struct credentials before, model;
	struct report report;
	bool is_secure = false;
	int came;
	long status;

	if (!prepare_program(&program))
		return false;
	for (unsigned int i = below(20); i; i--) {
		struct operation operation = random_operation();

		kernel_does(&operation);
	}
	has_fixed = !below(4) && !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	ask_kernel(&before);
	credentials_copy(&model, &before);
	came = run_program(&report);
	status = credentials_exec(&model, &program, has_fixed, &is_secure);
	/* Not by us: the file's mode may deny it. */
	if (came < 0)
		return true;
	if (came == !status &&
	    (status || (credentials_equal(&report.credentials, &model) && is_secure == report.is_secure)))
		return true;
	printf("# file %u:%u %o caps %d%d %llx %llx, no_new_privs %d\n", program.uid, program.gid, program.mode,
	       program.has_capabilities, program.is_effective, (unsigned long long)program.permitted,
	       (unsigned long long)program.inheritable, has_fixed);
	print_credentials("before", &before);
	if (came)
		print_credentials("kernel", &report.credentials);
	print_credentials("model ", &model);
	printf("# kernel %d secure %lu, model %ld secure %d\n", came, report.is_secure, status, is_secure);
	return false;
}

static bool has_set_id(const char *path)
{
	struct statvfs status;

	return !statvfs(path, &status) && !(status.f_flag & ST_NOSUID);
}

static void test_exec(void)
{
	bool is_good = true;

	if (!has_set_id("/var/tmp")) {
		ok(1, "execve, as the kernel # SKIP set-user-id bits do not count in /var/tmp");
		return;
	}
	is_good = make_program();
	for (unsigned int i = 0; i < 300 && is_good; i++) {
		is_good = in_child(compare_exec);
		next_random();
	}
	remove_program();
	ok(is_good, "execve, as the kernel");
}

/*
 * Without the kernel
 */

static bool survives_text(const struct credentials *credentials)
{
	char text[CREDENTIALS_TEXT_SIZE];
	struct credentials again;

	credentials_write(credentials, text);
	return credentials_read(&again, text) && credentials_equal(&again, credentials);
}

static bool holds_promises(void)
{
	struct credentials model, before;
	struct credentials_program program = { 0 };
	bool is_secure;

	credentials_init(&model, random_id() % 2000, 0);
	for (unsigned int i = 0; i < 2000; i++) {
		struct operation operation = random_operation();

		credentials_copy(&before, &model);
		if (model_does(&model, &operation) < 0 && !credentials_equal(&model, &before))
			return false;
		if (!credentials_are_sound(&model) || !survives_text(&model))
			return false;
		/* Who is not root stays so. */
		if (before.uid && before.euid && before.suid && !before.permitted && (!model.uid || model.permitted))
			return false;
		program.mode = below(8) << 9 | 0755;
		if (!below(10) &&
		    (credentials_exec(&model, &program, below(2), &is_secure) || !credentials_are_sound(&model)))
			return false;
		if (!below(20))
			credentials_init(&model, 0, 0);
	}
	return true;
}

static void test_promises(void)
{
	bool is_good = true;

	for (unsigned int i = 0; i < 100; i++)
		is_good &= holds_promises();
	ok(is_good, "whatever is called, the sets stay within each other, and errors change nothing");
}

static void test_many_groups(void)
{
	struct credentials credentials;
	uint32_t groups[CREDENTIALS_GROUPS_MOST];
	bool is_sorted = true;

	for (uint32_t i = 0; i < ARRAY_SIZE(groups); i++)
		groups[i] = CREDENTIALS_KEEP - 1 - i;
	credentials_init(&credentials, 0, 0);
	ok(credentials_may_set_groups(&credentials, 65537) == -EINVAL &&
		   credentials_may_set_groups(&credentials, CREDENTIALS_GROUPS_MOST + 1) == -ENOMEM,
	   "too many groups");
	ok(!credentials_set_groups(&credentials, groups, ARRAY_SIZE(groups)), "as many as there is room for");
	for (uint32_t i = 1; i < ARRAY_SIZE(groups); i++)
		is_sorted &= credentials.groups[i - 1] < credentials.groups[i];
	ok(is_sorted && survives_text(&credentials), "they are sorted, and their text has room");
	ok(credentials_in_group(&credentials, 0) && credentials_in_group(&credentials, CREDENTIALS_KEEP - 1) &&
		   !credentials_in_group(&credentials, 5),
	   "who is in a group");
}

static void test_text(void)
{
	static const char *const wrong[] = {
		"",
		"0",
		"0,0,0,0,0,0,0,0,0,0,0,0,0",
		"0,0,0,0,0,0,0,0,0,0,0,0,0,",
		",0,0,0,0,0,0,0,0,0,0,0,0,0",
		"0,0,0,0,0,0,0,0,0,0,0,0,0,0,",
		"0,0,0,0,0,0,0,0,0,0,0,0,0,0,x",
		"0,0,0,0,0,0,0,0,0,0,0,0,0,0 ",
		"0,0,0,0,0,0,0,0,0,0,0,0,0,0,5,4",
		"0,0,0,0,0,0,0,0,0,0,0,0,0,0,ffffffff",
		"ffffffff,0,0,0,0,0,0,0,0,0,0,0,0,0",
		"100000000,0,0,0,0,0,0,0,0,0,0,0,0,0",
		"0,0,0,0,0,0,0,0,80000000,0,0,0,0,0",
		"0,0,0,0,0,0,0,0,0,0,1,3,0,0",
		"0,0,0,0,0,0,0,0,0,0,1,1,0,1",
		"0,0,0,0,0,0,0,0,0,0,8000000000000000,0,0,0",
		"0,0,0,0,0,0,0,0,0,0,00000000000000001,0,0,0",
	};
	struct credentials credentials;
	bool is_good = true;

	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++)
		is_good &= !credentials_read(&credentials, wrong[i]);
	ok(is_good, "text that is none");
	ok(credentials_read(&credentials, "1,2,3,4,5,6,7,8,10,1,1,1,1ffffffffff,1,0,0,4,4,a") &&
		   credentials.euid == 2 && credentials.group_count == 5 && credentials.groups[4] == 10,
	   "text that is some");
}

static void test_capabilities(void)
{
	struct vfs_ns_cap_data data = { .magic_etc = VFS_CAP_REVISION_1 | VFS_CAP_FLAGS_EFFECTIVE };
	struct credentials_program program;

	data.data[0].permitted = 5;
	ok(!credentials_read_capabilities(&program, &data, XATTR_CAPS_SZ_1) && program.has_capabilities &&
		   program.is_effective && program.permitted == 5,
	   "capabilities of the first form");
	ok(credentials_read_capabilities(&program, &data, XATTR_CAPS_SZ_2) == -EINVAL &&
		   credentials_read_capabilities(&program, &data, 3) == -EINVAL &&
		   credentials_read_capabilities(&program, &data, 0) == -EINVAL,
	   "of another size than they say");
	data.magic_etc = VFS_CAP_REVISION_3;
	data.rootid = 1000;
	ok(!credentials_read_capabilities(&program, &data, XATTR_CAPS_SZ_3) && !program.has_capabilities,
	   "for another namespace's root");
	data.magic_etc = 0x04000000;
	ok(credentials_read_capabilities(&program, &data, XATTR_CAPS_SZ_3) == -EINVAL, "of a form that is to come");
}

/* Linux 6.16: before, execve found some programs less dangerous. */
static bool has_these_rules(void)
{
	struct utsname names;
	int major = 0, minor = 0;

	uname(&names);
	sscanf(names.release, "%d.%d", &major, &minor);
	if (major > 6 || (major == 6 && minor >= 16))
		return true;
	printf("# Linux %s has older rules: not compared\n", names.release);
	return false;
}

int main(int argc, char **argv)
{
	const char *seed = getenv("PROOT_TEST_SEED");

	if (argc > 1 && !strcmp(argv[1], "report"))
		_exit(report_from_program()); /* no leak sanitizer, which can't look at who has changed users */
	random_state = seed ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
	printf("# PROOT_TEST_SEED=%llu\n", (unsigned long long)random_state);
	test_promises();
	test_many_groups();
	test_text();
	test_capabilities();
	if (!geteuid() && has_these_rules()) {
		test_calls();
		test_exec();
	}
	return plan_done();
}
