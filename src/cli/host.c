/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "cli/host.h"

#include "base/text.h"
#include "image/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

const struct view_operations host_view_operations = { .read_link = read_link };

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
	(void)context;
	return open_executable(host_path);
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

bool host_has_proc(void)
{
	return access("/proc/thread-self/exe", F_OK) == 0;
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
