/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "cli/doctor.h"

#include "cli/emulator.h"
#include "cli/explain.h"
#include "cli/host.h"
#include "cli/message.h"
#include "cli/places.h"
#include "engine/engine.h"
#include "engine/nest.h"
#include "image/filter_data.h"
#include "image/image.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define DETAIL_SIZE 512

/* What probes are told, and where they tell what they have seen. */
struct patient {
	const char *directory; /* whose file system is looked at */
	struct image_data *data;
	char detail[DETAIL_SIZE];
};

static const char *temporary_directory(const struct patient *patient)
{
	const char *other = getenv("TMPDIR");

	return patient->data->temporary[0] ? patient->data->temporary : other && *other ? other : "/tmp";
}

/* What TRY returns in a child: 0 or a negative errno. A child that is killed is ECHILD. */
static long in_child(long (*try)(const struct patient *), const struct patient *patient)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid) {
		int fd = open("/dev/null", O_RDWR);

		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		_exit((int)-try(patient));
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? -(long)WEXITSTATUS(status) : -ECHILD;
}

static long look_processes(struct patient *patient)
{
	(void)patient;
	return host_has_proc() ? 0 : -ENOENT;
}

static long try_privileges(const struct patient *patient)
{
	(void)patient;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -errno : 0;
}

static long look_privileges(struct patient *patient)
{
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) > 0)
		snprintf(patient->detail, sizeof(patient->detail), "set already");
	return in_child(try_privileges, patient);
}

static long install(const struct sock_filter *code, size_t count)
{
	struct sock_fprog program = { .len = (unsigned short)count, .filter = (struct sock_filter *)code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) ? -errno : 0;
}

static long try_filter(const struct patient *patient)
{
	static const struct sock_filter allow[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };

	(void)patient;
	return install(allow, ARRAY_SIZE(allow));
}

static long look_filter(struct patient *patient)
{
	return in_child(try_filter, patient);
}

static volatile sig_atomic_t has_trapped;

static void note_trap(int signal_number, siginfo_t *info, void *context)
{
	(void)signal_number;
	(void)context;
	has_trapped = info->si_errno == FILTER_TRAP_DATA;
}

static long try_trap(const struct patient *patient)
{
	static const struct sock_filter trap[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP | FILTER_TRAP_DATA),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sigaction action = { .sa_sigaction = note_trap, .sa_flags = SA_SIGINFO };
	long status;

	(void)patient;
	sigaction(SIGSYS, &action, NULL);
	status = install(trap, ARRAY_SIZE(trap));
	syscall(SYS_getppid);
	return status ? status : has_trapped ? 0 : -ENOSYS;
}

static long look_trap(struct patient *patient)
{
	return in_child(try_trap, patient);
}

static long try_tracer(const struct patient *patient)
{
	patient->data->flags |= IMAGE_TRACED;
	return engine_begin(patient->data);
}

/* /proc/sys/kernel/yama/ptrace_scope: Documentation/admin-guide/LSM/Yama.rst. */
static void tell_yama(struct patient *patient)
{
	FILE *file = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
	int scope;

	if (file && fscanf(file, "%d", &scope) == 1)
		snprintf(patient->detail, sizeof(patient->detail), "yama's ptrace_scope is %d", scope);
	if (file)
		fclose(file);
}

static long look_tracer(struct patient *patient)
{
	tell_yama(patient);
	return in_child(try_tracer, patient);
}

/* In DETAIL, the file that the image would be. */
static bool is_memory_file(int fd, char *detail)
{
	char link[64];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, detail, DETAIL_SIZE - 1);
	detail[MAX(length, 0)] = '\0';
	return !strncmp(detail, "/memfd:", 7);
}

static long look_memory_file(struct patient *patient)
{
	int fd = image_compose(patient->data, -1);
	bool is_one;

	if (fd < 0)
		return fd;
	is_one = is_memory_file(fd, patient->detail);
	close(fd);
	if (is_one)
		patient->detail[0] = '\0';
	return is_one ? 0 : -EACCES;
}

#define AGENT_REFUSES 127 /* agent_start(): it has been started by hand */

static long try_image(const struct patient *patient)
{
	static char *const arguments[] = { "proot", NULL }, *const environment[] = { NULL };
	int fd = image_compose(patient->data, -1);

	if (fd < 0)
		return fd;
	syscall(SYS_execveat, fd, "", arguments, environment, AT_EMPTY_PATH);
	return -errno;
}

static long look_image(struct patient *patient)
{
	long status = in_child(try_image, patient);

	return status == -AGENT_REFUSES ? 0 : status;
}

static long try_own_image(const struct patient *patient)
{
	(void)patient;
	execl("/proc/self/exe", "proot", "--version", (char *)NULL);
	return -errno;
}

static long look_own_image(struct patient *patient)
{
	return in_child(try_own_image, patient);
}

/* The numbers behind the name in /proc/self/stat, from the process's state on, which counts as number 3: proc(5). */
static bool read_numbers(unsigned long numbers[static 53])
{
	char line[2048], *at;
	FILE *file = fopen("/proc/self/stat", "re");
	size_t length = file ? fread(line, 1, sizeof(line) - 1, file) : 0;

	if (file)
		fclose(file);
	line[length] = '\0';
	at = strrchr(line, ')');
	if (!at || strlen(at) < 4)
		return false;
	at += 3;
	for (unsigned int i = 4; i < 53; i++)
		numbers[i] = strtoul(at, &at, 10);
	return true;
}

/* As tell_kernel() of agent/start.c does it; here nothing is changed. */
static long try_layout(const struct patient *patient)
{
	unsigned long n[53];
	struct prctl_mm_map layout;

	(void)patient;
	if (!read_numbers(n))
		return -ENOENT;
	layout = (struct prctl_mm_map){
		.start_code = n[26],
		.end_code = n[27],
		.start_data = n[45],
		.end_data = n[46],
		.start_brk = n[47],
		.brk = (unsigned long)sbrk(0),
		.start_stack = n[28],
		.arg_start = n[48],
		.arg_end = n[49],
		.env_start = n[50],
		.env_end = n[51],
		.exe_fd = (unsigned int)-1,
	};
	return prctl(PR_SET_MM, PR_SET_MM_MAP, &layout, sizeof(layout), 0) ? -errno : 0;
}

static long look_layout(struct patient *patient)
{
	return in_child(try_layout, patient);
}

static long look_shared_memory(struct patient *patient)
{
	int id;

	(void)patient;
	if (!host_has_segments())
		return -ENOSYS;
	id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
	return id < 0 || shmctl(id, IPC_RMID, NULL) ? -errno : 0;
}

static long look_temporary(struct patient *patient)
{
	const char *directory = temporary_directory(patient);
	struct statvfs status;

	snprintf(patient->detail, sizeof(patient->detail), "%s", directory);
	if (access(directory, W_OK | X_OK) < 0 || statvfs(directory, &status) < 0)
		return -errno;
	return status.f_flag & ST_NOEXEC ? -EACCES : 0;
}

#define ATTRIBUTE "user.proot.doctor"

static long look_attributes(struct patient *patient)
{
	char path[PATH_SIZE];
	long status = 0;
	int fd;

	snprintf(patient->detail, sizeof(patient->detail), "%s", patient->directory);
	snprintf(path, sizeof(path), "%s/.proot-doctor-XXXXXX", patient->directory);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fsetxattr(fd, ATTRIBUTE, "", 0, 0) < 0)
		status = -errno;
	unlink(path);
	close(fd);
	return status;
}

static long look_others(struct patient *patient)
{
	(void)patient;
	return access("/proc/1/stat", R_OK) ? -errno : 0;
}

static long try_namespace(const struct patient *patient)
{
	(void)patient;
	return unshare(CLONE_NEWUSER) ? -errno : 0;
}

static long look_namespace(struct patient *patient)
{
	return in_child(try_namespace, patient);
}

static long look_emulators(struct patient *patient)
{
	return emulator_list(patient->detail, sizeof(patient->detail)) ? 0 : -ENOENT;
}

enum { SECCOMP = 1, PTRACE = 2, BOTH = 4 };

/* What is looked at, what it means when it works and when it does not, and what can't do without it. */
static const struct probe {
	const char *name;
	long (*look)(struct patient *patient);
	const char *good, *bad;
	unsigned int needed_by;
} probes[] = {
	{ "/proc", look_processes, "guests find the image and their descriptors there",
	  "guests can't run without it: mount it, or have it mounted where proot is confined", BOTH },
	{ "no_new_privs", look_privileges, "set-user-id programs of the machine don't change the user of a guest",
	  "an ordinary user can't install a filter without it (Linux 3.5)", SECCOMP },
	{ "seccomp filter", look_filter, "system calls can be intercepted within the guest's processes",
	  "a tracer has to stand in, which is slower; the kernel is without, or what confines proot refuses it",
	  SECCOMP },
	{ "seccomp trap", look_trap, "a filter sends SIGSYS, which the agent in the guest's process handles",
	  "filters can't hand system calls to the agent", SECCOMP },
	{ "ptrace", look_tracer, "a tracer can stand in for a filter (--engine=ptrace)",
	  "no tracer can stand in for a filter: yama's ptrace_scope, or what confines proot, refuses it", PTRACE },
	{ "memory file", look_memory_file, "the image is a file in memory",
	  "the image is a temporary file, for memory files may not be executed (vm.memfd_noexec)", 0 },
	{ "image", look_image, "it can be executed, as all guests have to be",
	  "it can't be executed: set PROOT_TMP_DIR to a directory that is not mounted noexec", BOTH },
	{ "/proc/self/exe", look_own_image, "a guest can execute other programs",
	  "no guest can execute another program", BOTH },
	{ "PR_SET_MM_MAP", look_layout, "/proc/PID/cmdline, environ and auxv of a guest are as they should be",
	  "/proc/PID/cmdline, environ and auxv of a guest show the image's (CONFIG_CHECKPOINT_RESTORE)", 0 },
	{ "shared memory", look_shared_memory, "what guests remember of directories, and mounts inside, work",
	  "without System V segments guests share files, in $PROOT_TMP_DIR, /dev/shm, /tmp or /var/tmp (see --sysvipc)",
	  0 },
	{ "temporary files", look_temporary, "can be made and executed",
	  "can't be made there, or not be executed: it matters where memory files don't work (PROOT_TMP_DIR)", 0 },
	{ "user attributes", look_attributes, "owners that a guest gives with -0 are kept with the files",
	  "owners that a guest gives with -0 are kept in a store beside the files (.proot-owners-*)", 0 },
	{ "other processes", look_others, "/proc shows them", "/proc hides those of others (hidepid)", 0 },
	{ "user namespaces", look_namespace, "can be made; proot does not need them",
	  "can't be made; proot does not need them", 0 },
	{ "QEMU", look_emulators, "runs programs for these CPUs",
	  "none is in $PATH: programs for other CPUs don't run; " EMULATOR_PACKAGES, 0 },
};

/* Look at each; the result has the bits of what can't be done. */
static unsigned int examine(struct patient *patient)
{
	unsigned int missing = 0;

	for (size_t i = 0; i < ARRAY_SIZE(probes); i++) {
		const struct probe *probe = &probes[i];
		long status;

		patient->detail[0] = '\0';
		fflush(stdout); /* children have none of it */
		status = probe->look(patient);
		printf("%-16s %s", probe->name, status ? "no" : "yes");
		if (status && status != -ENOENT)
			printf(" (%s)", strerror((int)-status));
		printf("%s%s: %s\n", patient->detail[0] ? ", " : "", patient->detail,
		       status ? probe->bad : probe->good);
		if (status)
			missing |= probe->needed_by;
	}
	return missing;
}

static int conclude(unsigned int missing)
{
	const char *engine = !(missing & SECCOMP) ? "sigsys" : !(missing & PTRACE) ? "ptrace" : NULL;

	if (missing & BOTH || !engine) {
		puts("proot can't run here");
		return EXIT_WRONG_USAGE;
	}
	printf("proot runs here, with --engine=%s unless another is asked for\n", engine);
	return 0;
}

static void free_data(struct image_data **data)
{
	free(*data);
}

int doctor_run(const struct config *config)
{
	struct image_data *data __attribute__((cleanup(free_data))) = NULL;
	struct config plain = { .host_root = "/" };
	const char *operand = config->command_count ? config->command[0] : NULL;
	struct patient patient = { .directory = config->checked ? config->checked : config->host_root };
	int status;

	if (!patient.directory)
		patient.directory = operand ? operand : ".";
	if (!host_is_directory(patient.directory)) {
		message_error("'%s' is not a directory", patient.directory);
		return EXIT_WRONG_USAGE;
	}
	if (nest_is_guest()) {
		puts("this is a guest of proot: what the machine allows counts outside, and proot runs here too");
		return 0;
	}
	if (places_build(&plain, &data))
		return EXIT_OWN_FAILURE;
	patient.data = data;
	status = conclude(examine(&patient));
	return fflush(stdout) || ferror(stdout) ? EXIT_WRONG_USAGE : status;
}
