/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "cli/host.h"

#include "base/text.h"
#include "cli/hardlinks.h"
#include "image/image.h"
#include "image/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * /proc/self, and everything below /proc/self and /proc/PID, means something
 * else for each process: the command must not put its own answer into a path.
 */
static bool is_of_a_process(const char *host_path)
{
	const char *name = host_path + strlen("/proc/");

	if (!text_begins(host_path, "/proc/"))
		return false;
	return text_equal(name, "self") || text_begins(name, "self/") || text_equal(name, "thread-self") ||
	       text_begins(name, "thread-self/") || (*name >= '0' && *name <= '9');
}

static long read_link(void *context, const char *host_path, char *buf, size_t size, bool is_last)
{
	ssize_t length = readlink(host_path, buf, size);

	(void)context;
	(void)is_last;
	if (length < 0)
		return -errno;
	return is_of_a_process(host_path) ? VIEW_MAGIC : (long)length;
}

/* struct view_operations.stand: whether -l has been given or not. */
static long stand(void *context, const char *host_path, char *buf, long length)
{
	bool follows = length >= 0;
	char file[PATH_SIZE];
	ssize_t text;

	(void)context;
	length = hardlinks_find_file(host_path, buf, length, NULL);
	if (length < 0 || !follows)
		return length;
	memcpy(file, buf, (size_t)length + 1);
	text = readlink(file, buf, PATH_SIZE);
	return text < 0 ? length : VIEW_TEXT + text;
}

static long system_call(long nr, unsigned long a, unsigned long b, unsigned long c, unsigned long d, unsigned long e,
			unsigned long f)
{
	long result = syscall(nr, a, b, c, d, e, f);

	return result < 0 ? -errno : result;
}

static long look(void *context, const char *host_path, bool is_upper)
{
	(void)context;
	return overlay_look(system_call, host_path, is_upper);
}

const struct view_operations host_view_operations = { .read_link = read_link, .stand = stand, .look = look };

/* 0 when execve(2) would take HOST_PATH for a program that this process may execute. */
static int check_executable(const char *host_path)
{
	struct stat status;

	if (stat(host_path, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EACCES;
	return faccessat(AT_FDCWD, host_path, X_OK, AT_EACCESS) < 0 ? -errno : 0;
}

static int open_executable(const char *host_path)
{
	int error = check_executable(host_path), fd;

	if (error < 0)
		return error;
	fd = open(host_path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static long open_program(void *context, const char *guest_path, char *exe)
{
	struct host_guest *guest = context;
	struct view_result *result = &guest->result;
	long error;
	int fd;

	error = view_resolve(guest->view, &host_view_operations, guest->guest_cwd, guest_path, VIEW_FOLLOW,
			     &guest->scratch, result);
	if (error < 0)
		return error;
	if (result->is_virtual)
		return -EACCES;
	fd = open_executable(result->host);
	if (fd >= 0 && exe)
		memcpy(exe, result->guest, result->guest_length + 1);
	return fd;
}

/* struct plan_operations.open_host */
static long open_host_program(void *context, const char *host_path)
{
	char guest_path[PATH_SIZE];

	if (snprintf(guest_path, sizeof(guest_path), EMULATOR_HOST "%s", host_path) >= PATH_SIZE)
		return -ENAMETOOLONG;
	return open_program(context, guest_path, NULL);
}

static long read_program(int fd, void *buf, size_t size, uint64_t offset)
{
	ssize_t length = pread(fd, buf, size, (off_t)offset);

	return length < 0 ? -errno : (long)length;
}

static void close_program(int fd)
{
	close(fd);
}

/* struct plan_operations.is_bound */
static bool is_bound(void *context, const char *exe)
{
	const struct host_guest *guest = context;

	return view_find_above(guest->view, exe, strlen(exe));
}

const struct plan_operations host_plan_operations = {
	.open = open_program,
	.read = read_program,
	.close = close_program,
	.open_host = open_host_program,
	.is_bound = is_bound,
};

int host_current_directory(char *buf)
{
	if (!getcwd(buf, PATH_SIZE))
		return -errno;
	return *buf == '/' ? 0 : -ENOENT; /* "(unreachable)/..." since Linux 2.6.36 */
}

int host_expand(const char *path, char *buf)
{
	size_t length = strcspn(path, "/");
	const char *value = NULL;
	char name[256];

	if (*path == '$' && length <= sizeof(name)) {
		snprintf(name, sizeof(name), "%.*s", (int)length - 1, path + 1);
		value = getenv(name);
	}
	if (!value)
		length = 0;
	return snprintf(buf, PATH_SIZE, "%s%s", value ? value : "", path + length) < PATH_SIZE ? 0 : -ENAMETOOLONG;
}

/* A view of the host itself: nothing but its root. */
struct host_view {
	union {
		struct view view;
		char block[sizeof(struct view) + 8 * sizeof(struct view_binding) + 64];
	};
};

static bool is_same_directory(const char *a, const char *b)
{
	struct stat one, other;

	return stat(a, &one) == 0 && stat(b, &other) == 0 && S_ISDIR(one.st_mode) && one.st_dev == other.st_dev &&
	       one.st_ino == other.st_ino;
}

/*
 * In the host's own view: a link of a process that leads to a directory means
 * the directory it leads to now. /proc/self itself does not, nor does a link to
 * what has no name, like a pipe.
 */
static long read_link_now(void *context, const char *host_path, char *buf, size_t size, bool is_last)
{
	long length = read_link(context, host_path, buf, size, is_last);

	if (length != VIEW_MAGIC || text_equal(host_path, "/proc/self") || text_equal(host_path, "/proc/thread-self"))
		return length;
	length = readlink(host_path, buf, size);
	if (length <= 0 || (size_t)length >= size)
		return VIEW_MAGIC;
	buf[length] = '\0';
	return *buf == '/' && is_same_directory(buf, host_path) ? VIEW_JUMP + length : VIEW_MAGIC;
}

static const struct view_operations own_view_operations = { .read_link = read_link_now };

int host_canonicalise(const char *path, char *buf)
{
	struct host_view host;
	struct view_scratch scratch;
	struct view_result result;
	char cwd[PATH_SIZE] = "/";
	struct stat status;
	int error = *path == '/' ? 0 : host_current_directory(cwd);

	if (!error)
		error = (int)view_init(&host.view, sizeof(host.block), 0, "/");
	if (!error)
		error = (int)view_resolve(&host.view, &own_view_operations, cwd[1] ? cwd : "", path, VIEW_FOLLOW,
					  &scratch, &result);
	if (error)
		return error;
	if (lstat(result.host, &status) < 0)
		return -errno;
	memcpy(buf, result.guest_length ? result.guest : "/", MAX(result.guest_length, 1) + 1);
	return 0;
}

/* The name is agent/virtual.c's, which reads it. */
static int open_removed(const char *parent, uint32_t binding)
{
	char name[PATH_SIZE];
	int fd;

	if (snprintf(name, sizeof(name), "%s/" IMAGE_VIRTUAL_NAME "%u-%d-0", parent, binding, getpid()) >= PATH_SIZE)
		return -ENAMETOOLONG;
	if (mkdir(name, 0755) < 0)
		return -errno;
	fd = open(name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	rmdir(name);
	return fd;
}

int host_open_virtual(uint32_t binding, const char *temporary)
{
	const char *const parents[] = { *temporary ? temporary : "/dev/shm", "/dev/shm", "/tmp", "/var/tmp" };
	int fd = -ENOENT;

	for (size_t i = 0; i < ARRAY_SIZE(parents) && fd < 0; i++)
		fd = open_removed(parents[i], binding);
	return fd;
}

int host_check_openat2(void)
{
	/* EINVAL: a structure of no size. */
	return syscall(SYS_openat2, AT_FDCWD, "/", NULL, 0) < 0 && errno != EINVAL ? -errno : 0;
}

bool host_has_proc(void)
{
	return access("/proc/thread-self/exe", F_OK) == 0;
}

/* Asks for what can't be made, or exists for nobody: an errno that the kernel has no reason for means that it is
 * denied. */
static bool is_denied(void)
{
	return errno == ENOSYS || errno == EPERM;
}

static bool lacks_shared_memory(void)
{
	return (shmget(IPC_PRIVATE, 0, 0) < 0 && is_denied()) || (shmctl(-1, IPC_STAT, NULL) < 0 && is_denied()) ||
	       ((long)shmat(-1, NULL, 0) == -1 && is_denied()) || (shmdt((void *)1) < 0 && is_denied());
}

static sigjmp_buf trapped;

static void leave_trap(int signal)
{
	siglongjmp(trapped, signal);
}

bool host_has_segments(void)
{
	struct sigaction action = { .sa_handler = leave_trap }, before;
	volatile bool has_them = false; /* vfork(2) */

	sigaction(SIGSYS, &action, &before);
	if (!sigsetjmp(trapped, 1))
		has_them = shmget(IPC_PRIVATE, 0, 0) >= 0 || !is_denied();
	sigaction(SIGSYS, &before, NULL);
	return has_them;
}

static bool lacks_semaphores(void)
{
	return (semget(IPC_PRIVATE, -1, 0) < 0 && is_denied()) || (semctl(-1, 0, GETVAL) < 0 && is_denied()) ||
	       (semop(-1, NULL, 1) < 0 && is_denied()) || (semtimedop(-1, NULL, 1, NULL) < 0 && is_denied());
}

static bool lacks_messages(void)
{
	return (msgget(1, 0) < 0 && is_denied()) || (msgctl(-1, IPC_STAT, NULL) < 0 && is_denied()) ||
	       (msgsnd(-1, &(long){ 1 }, 0, 0) < 0 && is_denied()) ||
	       (msgrcv(-1, &(long){ 1 }, 0, 0, 0) < 0 && is_denied());
}

#define LACKS_IT 1

static void end_trapped(int signal)
{
	(void)signal;
	_exit(LACKS_IT);
}

/* In a process of its own, for a filter may kill it: then *KILLS. That of Android sends a signal that can be caught. */
static bool is_missing(bool (*lacks)(void), bool *kills)
{
	struct sigaction action = { .sa_handler = end_trapped };
	pid_t child = fork();
	int status = 0;

	if (!child) {
		sigaction(SIGSYS, &action, NULL);
		_exit(lacks() ? LACKS_IT : 0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return false;
	*kills = WIFSIGNALED(status);
	return status;
}

uint32_t host_find_missing_system_v(uint32_t *killing)
{
	static const struct {
		bool (*lacks)(void);
		uint32_t flag;
	} families[] = {
		{ lacks_shared_memory, IMAGE_SHARED_MEMORY },
		{ lacks_semaphores, IMAGE_SEMAPHORES },
		{ lacks_messages, IMAGE_MESSAGES },
	};
	uint32_t missing = 0;
	bool kills = false;

	*killing = 0;
	for (unsigned int i = 0; i < ARRAY_SIZE(families); i++)
		if (is_missing(families[i].lacks, &kills)) {
			missing |= families[i].flag;
			*killing |= kills ? families[i].flag : 0;
		}
	return missing;
}

bool host_is_directory(const char *host_path)
{
	struct stat status;

	return stat(host_path, &status) == 0 && S_ISDIR(status.st_mode);
}

bool host_exists(const char *host_path)
{
	struct stat status;

	return lstat(host_path, &status) == 0;
}

int host_may_enter(const char *host_path)
{
	struct stat status;

	if (stat(host_path, &status) < 0)
		return -errno;
	if (!S_ISDIR(status.st_mode))
		return -ENOTDIR;
	return faccessat(AT_FDCWD, host_path, X_OK, AT_EACCESS) < 0 ? -errno : 0;
}

#define TEXT_MOST (1UL << 20)

/* Read FD, which may be a pipe, to its end: a text with a final NUL. */
static int read_descriptor(int fd, char **text)
{
	size_t length = 0;
	ssize_t got;

	*text = malloc(TEXT_MOST + 1);
	if (!*text)
		return -ENOMEM;
	while ((got = read(fd, *text + length, TEXT_MOST + 1 - length)) > 0 || (got < 0 && errno == EINTR))
		length += (size_t)MAX(got, 0);
	if (got < 0 || length > TEXT_MOST || memchr(*text, '\0', length)) {
		free(*text);
		return got < 0 ? -errno : length > TEXT_MOST ? -EFBIG : -EILSEQ;
	}
	(*text)[length] = '\0';
	return 0;
}

static int read_text(const char *host_path, char **text)
{
	int fd = open(host_path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	int error;

	if (fd < 0)
		return -errno;
	error = read_descriptor(fd, text);
	close(fd);
	return error;
}

static const char *variable(const char *name)
{
	return getenv(name);
}

const struct options_host host_for_options = {
	.is_directory = host_is_directory,
	.read_text = read_text,
	.variable = variable,
};
