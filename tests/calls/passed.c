/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that pass, because they name no file, or only by descriptor or process:
 * a row must not have spoiled them, nor what the agent has done to the process.
 */
#include "call.h"
#include <fcntl.h>
#include <linux/kcmp.h>
#include <linux/userfaultfd.h>
#include <sys/auxv.h>
#include <sys/personality.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#ifndef PR_GET_AUXV
#define PR_GET_AUXV 0x41555856
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

/* Message queues have names of their own, and a slash in them means nothing. */
static void try_queues(void)
{
	static const char *const names[] = { "proot-test", "file", "bound", "/file", "a/b", ".", "..", "" };
	char data[8192];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		int queue = (int)CALL(SYS_mq_open, names[i], O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK, 0600, NULL);

		say("mq_open %s: %s", names[i], show_success(queue));
		say(" send %s", show(CALL(SYS_mq_timedsend, queue, "data", 4, 0, NULL)));
		say(" receive %s", show(CALL(SYS_mq_timedreceive, queue, data, sizeof(data), NULL, NULL)));
		say(" unlink %s\n", show(CALL(SYS_mq_unlink, names[i])));
		if (queue >= 0)
			close(queue);
	}
}

static void try_processes(void)
{
	static char here[] = "what is here", there[sizeof(here)];
	struct iovec local = { there, sizeof(there) }, remote = { here, sizeof(here) }, bad = { (void *)8, 8 };
	int ends[2], other = dup(0), pidfd, got;
	pid_t child;

	MUST(!pipe(ends));
	child = fork();
	if (!child) {
		char byte;

		memcpy(here, "and in child", sizeof(here));
		MUST(write(ends[1], "x", 1) == 1);
		close(ends[1]);
		sleep(100);
		_exit(read(ends[0], &byte, 1) != 1);
	}
	MUST(read(ends[0], there, 1) == 1);
	say("process_vm_readv %s", show(CALL(SYS_process_vm_readv, child, &local, 1, &remote, 1, 0)));
	say(" '%s'", there);
	memcpy(there, "written here", sizeof(there));
	say(" process_vm_writev %s", show(CALL(SYS_process_vm_writev, child, &local, 1, &remote, 1, 0)));
	say(" bad %s\n", show(CALL(SYS_process_vm_readv, child, &local, 1, &bad, 1, 0)));
	say("kcmp same %s", show(CALL(SYS_kcmp, getpid(), getpid(), KCMP_FILE, 0, other)));
	say(" of child %s", show(CALL(SYS_kcmp, getpid(), child, KCMP_FILE, 0, 0)));
	say(" tables %d", CALL(SYS_kcmp, getpid(), child, KCMP_FILES, 0, 0) != 0);
	say(" cwd %d", CALL(SYS_kcmp, getpid(), child, KCMP_FS, 0, 0) != 0);
	say(" no file %s\n", show(CALL(SYS_kcmp, getpid(), child, KCMP_FILE, 777, 0)));
	pidfd = (int)CALL(SYS_pidfd_open, child, 0);
	got = (int)CALL(SYS_pidfd_getfd, pidfd, 0, 0);
	say("pidfd_getfd %s", show_success(got));
	say(" same %s", show(CALL(SYS_kcmp, getpid(), getpid(), KCMP_FILE, 0, got)));
	say(" none %s", show(CALL(SYS_pidfd_getfd, pidfd, 777, 0)));
	say(" signal %s\n", show(CALL(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0)));
	MUST(waitpid(child, NULL, 0) == child);
	say("gone: pidfd_open %s", show(CALL(SYS_pidfd_open, child, 0)));
	say(" kcmp %s\n", show(CALL(SYS_kcmp, getpid(), child, KCMP_VM, 0, 0)));
}

/* The vector the kernel keeps is the one the program was given. */
static void try_vector(void)
{
	static unsigned long vector[256], file[256];
	long size = CALL(SYS_prctl, PR_GET_AUXV, vector, sizeof(vector), 0, 0);
	int fd = open("/proc/self/auxv", O_RDONLY | O_CLOEXEC);
	long length = read(fd, file, sizeof(file));
	bool is_ours = true;

	close(fd);
	/* The kernel gives all it keeps, the file ends with the end. */
	say("auxv %s alike %d", size > 0 ? "told" : show(size), length > 0 && !memcmp(vector, file, (size_t)length));
	for (int i = 0; vector[i] != AT_NULL; i += 2)
		is_ours &= vector[i + 1] == getauxval(vector[i]);
	say(" as in libc %d\n", is_ours);
	say("auxv, no memory %s %s\n", show(CALL(SYS_prctl, PR_GET_AUXV, no_memory(), 512, 0, 0)),
	    show(CALL(SYS_prctl, PR_GET_AUXV, vector, 512, 1, 0)));
}

/* Without the right to it, nothing of the process's layout can be set; with it, its program can't be replaced. */
static void try_layout(void)
{
	int fd = open("/file", O_RDONLY | O_CLOEXEC);
	struct prctl_mm_map map = { 0 };

	for (int what = PR_SET_MM_START_CODE; what <= PR_SET_MM_ENV_END; what++)
		say(" %s", show(CALL(SYS_prctl, PR_SET_MM, what, 1, 0, 0)));
	say("\nexe %s", show(CALL(SYS_prctl, PR_SET_MM, PR_SET_MM_EXE_FILE, fd, 0, 0)));
	say(" map %s", show(CALL(SYS_prctl, PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0)));
	say(" no memory %s", show(CALL(SYS_prctl, PR_SET_MM, PR_SET_MM_MAP, no_memory(), sizeof(map), 0)));
	say(" wrong size %s\n", show(CALL(SYS_prctl, PR_SET_MM, PR_SET_MM_MAP, &map, 8, 0)));
	close(fd);
}

/* What is not to be dumped is closed to other processes, not to itself. */
static void undumpable(void)
{
	char text[PATH_MAX] = "";
	struct stat status;
	long length;

	MUST(!prctl(PR_SET_DUMPABLE, 0));
	say("not dumpable: %d stat %s", prctl(PR_GET_DUMPABLE), show(CALL(SYS_stat, "/bound/inner", &status)));
	MUST(!chdir("/bound/sub"));
	say(" relative %s", show(CALL(SYS_stat, "../sub/again/innermost", &status)));
	length = CALL(SYS_getcwd, text, sizeof(text));
	say(" cwd %s %s", show(length), text);
	memset(text, 0, sizeof(text));
	length = CALL(SYS_readlink, "/proc/self/cwd", text, sizeof(text));
	say(" link %s %s", show(length), text);
	memset(text, 0, sizeof(text));
	length = CALL(SYS_readlink, "/proc/self/exe", text, sizeof(text));
	say(" exe %s %s\n", show(length), text);
	say("  open by descriptor %s",
	    show_success(CALL(SYS_openat, open("/bound", O_PATH), "sub/again/innermost", O_RDONLY, 0)));
	say(" fd %s", show_success(CALL(SYS_open, "/proc/self/fd/0", O_PATH, 0)));
	say(" maps %s", show_success(CALL(SYS_open, "/proc/self/maps", O_RDONLY, 0)));
	say(" execute %s\n", show(CALL(SYS_execve, "/tests/true", NULL, NULL)));
}

static void show_personality(void)
{
	say("personality %lx, dumpable %d\n", (long)personality(0xffffffff), prctl(PR_GET_DUMPABLE));
}

static void try_personality(void)
{
	static const unsigned long kinds[] = { ADDR_NO_RANDOMIZE,  READ_IMPLIES_EXEC, PER_LINUX32,
					       ADDR_COMPAT_LAYOUT, MMAP_PAGE_ZERO,    UNAME26 };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		pid_t child = fork();
		int status;

		if (!child) {
			MUST(personality(kinds[i]) >= 0);
			execl("/tests/passed", "passed", "personality", NULL);
			_exit(99);
		}
		MUST(waitpid(child, &status, 0) == child);
		say("  personality %lx: %d\n", kinds[i], status);
	}
}

static void try_faults(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	int fd = (int)CALL(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY);

	say("userfaultfd %s api %s\n", show_success(fd), show(CALL(SYS_ioctl, fd, UFFDIO_API, &api)));
	close(fd);
}

/* Kinds of file systems, and file systems by device: no paths. */
static void try_file_systems(void)
{
	char text[64] = "";
	struct stat status;
	long index = CALL(SYS_sysfs, 1, "proc");

	say("sysfs proc %s none %s", show_success(index), show(CALL(SYS_sysfs, 1, "none")));
	say(" name %s", show(CALL(SYS_sysfs, 2, index, text)));
	say(" \"%s\" count %s bad %s\n", text, show_success(CALL(SYS_sysfs, 3)), show(CALL(SYS_sysfs, 4)));
	MUST(!stat("/", &status));
	say("ustat %s", show(CALL(SYS_ustat, status.st_dev, text)));
	say(" none %s bad %s\n", show(CALL(SYS_ustat, -1, text)), show(CALL(SYS_ustat, status.st_dev, no_memory())));
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "personality")) {
		show_personality();
		return 0;
	}
	try_queues();
	try_file_systems();
	try_processes();
	try_vector();
	try_layout();
	in_child(undumpable);
	try_personality();
	try_faults();
	return 0;
}
