/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "cli/copy.h"
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define PART 65536

static int copy_bytes(int from, int to)
{
	char part[PART];
	ssize_t length, written = 0;

	while ((length = read(from, part, sizeof(part))) > 0) {
		written = write(to, part, (size_t)length);
		if (written != length)
			break;
	}
	return length < 0 || written < 0 ? -errno : length ? -ENOSPC : 0;
}

/* Those that may be set; others are the system's own affair. */
static void copy_attributes(int from, int to)
{
	char names[PART], value[PART];
	ssize_t length = flistxattr(from, names, sizeof(names));

	for (ssize_t at = 0; at < length; at += (ssize_t)strlen(names + at) + 1) {
		ssize_t size = fgetxattr(from, names + at, value, sizeof(value));

		if (size >= 0)
			fsetxattr(to, names + at, value, (size_t)size, 0);
	}
}

static int copy_all(int from, int to, const struct stat *status)
{
	struct timespec times[] = { status->st_atim, status->st_mtim };
	int error = copy_bytes(from, to);

	if (error)
		return error;
	/* To whom it belongs only root can say. */
	if (fchown(to, status->st_uid, status->st_gid) && geteuid() == 0)
		return -errno;
	copy_attributes(from, to);
	return fchmod(to, status->st_mode & 07777) || futimens(to, times) ? -errno : 0;
}

static int copy_regular(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), out = -1, error = 0;
	struct stat status;

	if (in < 0)
		return -errno;
	if (fstat(in, &status))
		error = -errno;
	else if (!S_ISREG(status.st_mode))
		error = -EOPNOTSUPP;
	if (!error && (out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) < 0)
		error = -errno;
	if (!error && (error = copy_all(in, out, &status)))
		unlink(to);
	if (out >= 0)
		close(out);
	close(in);
	return error;
}

static int copy_link(const char *from, const char *to, const struct stat *status)
{
	struct timespec times[] = { status->st_atim, status->st_mtim };
	char text[PATH_SIZE];
	ssize_t length = readlink(from, text, sizeof(text) - 1);

	if (length < 0)
		return -errno;
	text[length] = '\0';
	if (symlink(text, to))
		return -errno;
	utimensat(AT_FDCWD, to, times, AT_SYMLINK_NOFOLLOW);
	return lchown(to, status->st_uid, status->st_gid) && geteuid() == 0 ? -errno : 0;
}

int copy_file(const char *from, const char *to)
{
	struct stat status;

	if (lstat(from, &status))
		return -errno;
	return S_ISLNK(status.st_mode) ? copy_link(from, to, &status) : copy_regular(from, to);
}
