/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "cli/overlay.h"

#include "cli/host.h"
#include "cli/message.h"
#include "image/image.h"
#include "image/overlay.h"
#include "supervisor/leftovers.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

/* What a whiteout is called in the upper layer, with a number behind it, while it is tried out whether it can be one.
 */
#define TRY_NAME ".proot-try-"
#define TRY_NAMES_MOST 100

/* The layers of a request. */
struct layers {
	char *lower[VIEW_LAYERS_MOST]; /* canonical */
	unsigned int count;
	char upper[PATH_SIZE], work[PATH_SIZE];
};

static void release(struct layers *layers)
{
	while (layers->count)
		free(layers->lower[--layers->count]);
}

/* The canonical directory PATH into BUF: 0 or a negative errno, after saying what is wrong. */
static int find_directory(const char *path, char *buf)
{
	char expanded[PATH_SIZE];
	int error = host_expand(path, expanded);

	if (!error)
		error = host_canonicalise(expanded, buf);
	if (!error)
		error = host_may_enter(buf);
	if (error)
		message_error("can't use '%s' as a layer: %s", path, strerror(-error));
	return error;
}

static int add_lower(struct layers *layers, const char *path)
{
	char host_path[PATH_SIZE];
	int error = layers->count == VIEW_LAYERS_MOST ? -E2BIG : find_directory(path, host_path);

	if (error == -E2BIG)
		message_error("more than %d layers in one overlay", VIEW_LAYERS_MOST);
	if (error)
		return error;
	layers->lower[layers->count] = strdup(host_path[1] ? host_path : "");
	return layers->lower[layers->count++] ? 0 : -ENOMEM;
}

/* The lower layers in the first LENGTH bytes of TEXT. */
static int read_lower(struct layers *layers, const char *text, size_t length)
{
	int error = 0;

	for (size_t at = 0, end; at < length && !error; at = end + 1) {
		char *path;

		for (end = at; end < length && text[end] != ':'; end++)
			;
		path = strndup(text + at, end - at);
		error = path ? add_lower(layers, path) : -ENOMEM;
		free(path);
	}
	return error;
}

/* Beside the upper layer, or in it. */
static int name_work(struct layers *layers, bool is_beside)
{
	const char *name = strrchr(layers->upper, '/') + 1;
	int length;

	if (!*name) {
		message_error("the root directory can't be the upper layer of an overlay");
		return -EINVAL;
	}
	if (is_beside)
		length = snprintf(layers->work, sizeof(layers->work), "%.*s.%s" OVERLAY_WORK,
				  (int)(name - layers->upper), layers->upper, name);
	else
		length = snprintf(layers->work, sizeof(layers->work), "%s/" OVERLAY_WORK, layers->upper);
	return length >= (int)sizeof(layers->work) ? -ENAMETOOLONG : 0;
}

static long system_call(long nr, unsigned long a, unsigned long b, unsigned long c, unsigned long d, unsigned long e,
			unsigned long f)
{
	long result = syscall(nr, a, b, c, d, e, f);

	return result < 0 ? -errno : result;
}

/* The whiteout NAME goes from WORK to UPPER and away. Who was killed may have left one there: it goes, too. */
static int try_rename(int work, const char *name, const char *upper)
{
	char path[PATH_SIZE];
	int error = -EEXIST;

	/* Of what else has such a name, which is the guest's, another is free. */
	for (int i = 0; i < TRY_NAMES_MOST && error == -EEXIST; i++) {
		if (snprintf(path, sizeof(path), "%s/" TRY_NAME "%d", upper, i) >= (int)sizeof(path))
			return -ENAMETOOLONG;
		if (overlay_look(system_call, path, true) == VIEW_IS_WHITEOUT)
			unlink(path);
		/* A system call of its own: musl has no such function before 1.2.5. */
		error = syscall(SYS_renameat2, work, name, AT_FDCWD, path, RENAME_NOREPLACE) ? -errno : 0;
	}
	if (!error && unlink(path))
		error = -errno;
	return error;
}

/* What is done to a layer while guests run, for a name in WORK; *STEP is what could not be done. */
static int try_steps(int work, const char *upper, const char *name, const char **step)
{
	char path[PATH_SIZE];
	int error;

	*step = "whiteouts (character devices of number 0, which takes Linux 5.8)";
	if (mknodat(work, name, S_IFCHR, 0))
		return -errno;
	*step = "renaming";
	error = try_rename(work, name, upper);
	if (error)
		unlinkat(work, name, 0);
	if (error || mkdirat(work, name, 0700))
		return error ? error : -errno;
	*step = "user attributes";
	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", work, name);
	if (setxattr(path, OVERLAY_OPAQUE, "y", 1, 0))
		error = -errno;
	unlinkat(work, name, AT_REMOVEDIR);
	return error;
}

/* Whether UPPER, with WORK beside it, can be an upper layer: 0 or a negative errno. What others left in WORK goes. */
static int try_in(const char *upper, const char *work, const char **step)
{
	int fd, error;

	*step = "a directory in it";
	fd = (int)overlay_lock(system_call, work);
	if (fd < 0)
		return fd;
	leftovers_clear(work);
	close(fd);
	fd = (int)overlay_lock(system_call, work);
	if (fd < 0)
		return fd;
	unlinkat(fd, TRY_NAME, 0);
	unlinkat(fd, TRY_NAME, AT_REMOVEDIR);
	error = try_steps(fd, upper, TRY_NAME, step);
	close(fd);
	return error;
}

/* The same; the upper layer looks as if nothing had been done. */
static int try_out(const char *upper, const char *work, const char **step)
{
	struct stat status;
	int error = stat(upper, &status) ? -errno : try_in(upper, work, step);

	if (!error)
		utimensat(AT_FDCWD, upper, (struct timespec[]){ status.st_atim, status.st_mtim }, 0);
	return error;
}

/* Whether a directory that has been made for it can have an upper layer in it. */
static int try_temporary(const char *host_path)
{
	char upper[PATH_SIZE], work[PATH_SIZE];
	const char *step;

	if (snprintf(upper, sizeof(upper), "%s/upper", host_path) >= (int)sizeof(upper) ||
	    snprintf(work, sizeof(work), "%s/.upper" OVERLAY_WORK, host_path) >= (int)sizeof(work))
		return -ENAMETOOLONG;
	return mkdir(upper, 0755) ? -errno : try_out(upper, work, &step);
}

/* The new top looks as the one below. */
static int copy_top(const struct layers *layers)
{
	struct stat status;

	if (stat(*layers->lower[0] ? layers->lower[0] : "/", &status))
		return -errno;
	if (!geteuid() && chown(layers->upper, status.st_uid, status.st_gid))
		return -errno;
	return chmod(layers->upper, status.st_mode & 07777) ? -errno : 0;
}

static int make_upper(struct layers *layers)
{
	char host_path[PATH_SIZE];
	int error = leftovers_make_where(host_path, try_temporary);

	if (!error && snprintf(layers->upper, PATH_SIZE, "%s/upper", host_path) >= PATH_SIZE)
		error = -ENAMETOOLONG;
	if (!error)
		error = copy_top(layers);
	if (error)
		message_error("can't make a directory for --ephemeral: %s", strerror(-error));
	return error ? error : name_work(layers, true);
}

static int find_upper(struct layers *layers, const char *path)
{
	const char *step;
	int error = find_directory(path, layers->upper);

	if (!error)
		error = name_work(layers, true);
	if (error)
		return error;
	error = try_out(layers->upper, layers->work, &step);
	if (error == -EACCES || error == -EROFS || error == -EXDEV) {
		rmdir(layers->work);
		error = name_work(layers, false);
		if (!error)
			error = try_out(layers->upper, layers->work, &step);
	}
	if (!error)
		error = leftovers_note_work(layers->work);
	if (error)
		message_error("'%s' can't be the upper layer of an overlay: %s: %s", path, step, strerror(-error));
	return error;
}

static bool is_inside(const char *path, const char *above)
{
	size_t length = strlen(above);

	return !strncmp(path, above, length) && (!path[length] || path[length] == '/');
}

/* Changes would turn up in a lower layer. */
static int check_apart(const struct layers *layers)
{
	for (unsigned int i = 0; i < layers->count; i++)
		if (is_inside(layers->lower[i], layers->upper)) {
			message_error("the layer '%s' lies in the upper layer '%s'", layers->lower[i], layers->upper);
			return -EINVAL;
		}
	return 0;
}

static char *join(const struct layers *layers)
{
	size_t size = strlen(layers->upper) + strlen(layers->work) + 4;
	char *strings, *at;

	for (unsigned int i = 0; i < layers->count; i++)
		size += strlen(layers->lower[i]) + 1;
	strings = malloc(size);
	if (!strings)
		return NULL;
	at = stpcpy(stpcpy(strings, layers->upper) + 1, layers->work) + 1;
	*at++ = (char)layers->count;
	*at++ = '\0';
	for (unsigned int i = 0; i < layers->count; i++)
		at = stpcpy(at, layers->lower[i]) + 1;
	return strings;
}

int overlay_read(const struct binding_request *request, char **strings)
{
	struct layers layers __attribute__((cleanup(release))) = { .count = 0 };
	const char *upper = request->is_temporary ? NULL : strrchr(request->host, ':');
	int error;

	/* A root directory may have a colon in its name. */
	if (upper)
		error = read_lower(&layers, request->host, (size_t)(upper - request->host));
	else
		error = add_lower(&layers, request->host);
	if (!error)
		error = upper ? find_upper(&layers, upper + 1) : make_upper(&layers);
	if (!error)
		error = check_apart(&layers);
	if (error)
		return error;
	*strings = join(&layers);
	return *strings ? 0 : -ENOMEM;
}
