/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "cli/route.h"

#include "cli/host.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* "directory", or why there is nothing to be seen. */
static const char *kind_of(const char *host_path)
{
	struct stat status;

	if (lstat(host_path, &status) < 0)
		return errno == ENOENT || errno == ENOTDIR ? "missing" : errno == EACCES ? "denied" : "unknown";
	switch (status.st_mode & S_IFMT) {
	case S_IFDIR:
		return "directory";
	case S_IFLNK:
		return "link";
	case S_IFREG:
		return "file";
	case S_IFSOCK:
		return "socket";
	case S_IFIFO:
		return "fifo";
	default:
		return "device";
	}
}

static const char *or_root(const char *path)
{
	return *path ? path : "/";
}

static const char *binding_kind(const struct view *view, uint32_t mount)
{
	uint32_t flags = view_binding(view, mount)->flags;

	return flags & VIEW_VIRTUAL ? "virtual" : flags & VIEW_HOST ? "host" : "binding";
}

/* One line: what the place is, where the guest has it, where the host does. */
static void print_step(const char *kind, const struct view *view, const struct view_result *result)
{
	uint32_t flags = view_binding(view, result->mount)->flags;

	printf("%-10s %s -> %s%s", kind, or_root(result->guest),
	       flags & VIEW_VIRTUAL ? "(nothing)" : or_root(result->host),
	       flags & VIEW_READ_ONLY ? " (read-only)" : "");
}

/* struct view_operations.tell */
static void tell_step(void *context, enum view_event event, const struct view_result *result, const char *text,
		      size_t length)
{
	const struct view *view = context;
	const char *kind = event == VIEW_ENTER ? kind_of(result->host) : binding_kind(view, result->mount);

	switch (event) {
	case VIEW_BEGIN:
		print_step(result->guest_length ? "cwd" : "root", view, result);
		break;
	case VIEW_ENTER:
		/* That is told when it is followed, with its target. */
		if (!strcmp(kind, "link"))
			return;
		print_step(kind, view, result);
		break;
	case VIEW_ENTER_BINDING:
		print_step(kind, view, result);
		break;
	case VIEW_UP:
		print_step("..", view, result);
		break;
	case VIEW_LINK:
		print_step("link", view, result);
		printf(", a link to '%.*s'", (int)length, text);
		break;
	case VIEW_KERNEL_LINK:
		print_step("link", view, result);
		printf(", another for each process: the kernel follows it");
		break;
	}
	putchar('\n');
}

/* 0 when the object that RESULT names is there. */
static int look(const struct view_result *result)
{
	struct stat status;

	if (result->is_virtual)
		return 0;
	return (result->is_magic ? stat(result->host, &status) : lstat(result->host, &status)) ? -errno : 0;
}

int route_explain(const struct view *view, const char *guest_cwd, const char *guest_path)
{
	struct view_operations operations = host_view_operations;
	struct view_scratch scratch;
	struct view_result result = { .guest_length = 0 };
	int error;

	operations.context = (void *)view;
	operations.tell = tell_step;
	error = (int)view_resolve(view, &operations, guest_cwd, guest_path, VIEW_FOLLOW, &scratch, &result);
	if (!error)
		error = look(&result);
	if (error)
		printf("'%s' leads to nothing: %s\n", guest_path, strerror(-error));
	else if (result.is_virtual)
		printf("'%s' is a directory that is there because something is bound below it\n", guest_path);
	else
		printf("'%s' is '%s' of the host, a %s\n", guest_path, result.host, kind_of(result.host));
	if (fflush(stdout) || ferror(stdout))
		return -EIO;
	return error ? 1 : 0;
}
