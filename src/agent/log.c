/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/log.h"
#include "agent/proc.h"
#include "agent/virtual.h"
#include "agent/show.h"
#include "base/text.h"
#include <linux/fcntl.h>

/* clang-format off */
#define NAME(error) [error] = #error
static const char error_names[][16] = {
	NAME(EPERM), NAME(ENOENT), NAME(EINTR), NAME(EIO), NAME(ENXIO), NAME(E2BIG), NAME(ENOEXEC), NAME(EBADF),
	NAME(EAGAIN), NAME(ENOMEM), NAME(EACCES), NAME(EFAULT), NAME(EBUSY), NAME(EEXIST), NAME(EXDEV), NAME(ENODEV),
	NAME(ENOTDIR), NAME(EISDIR), NAME(EINVAL), NAME(ENFILE), NAME(EMFILE), NAME(ENOTTY), NAME(ETXTBSY), NAME(EFBIG),
	NAME(ENOSPC), NAME(EROFS), NAME(EMLINK), NAME(ERANGE), NAME(ENAMETOOLONG), NAME(ENOSYS), NAME(ENOTEMPTY),
	NAME(ELOOP), NAME(ENODATA), NAME(EOVERFLOW), NAME(ENOTSOCK), NAME(EMSGSIZE), NAME(EPROTOTYPE),
	NAME(EOPNOTSUPP), NAME(EAFNOSUPPORT), NAME(EADDRINUSE), NAME(EADDRNOTAVAIL), NAME(ECONNREFUSED),
	NAME(EISCONN), NAME(ENOTCONN), NAME(EINPROGRESS), NAME(EDQUOT), NAME(ESRCH), NAME(ECHILD), NAME(ENOTBLK),
	NAME(ESPIPE), NAME(EPIPE), NAME(EDOM), NAME(EDEADLK), NAME(ENOLCK), NAME(ETIME), NAME(EPROTO), NAME(EBADMSG),
	NAME(EILSEQ), NAME(EUSERS), NAME(EDESTADDRREQ), NAME(ENOPROTOOPT), NAME(EPROTONOSUPPORT), NAME(ESOCKTNOSUPPORT),
	NAME(EPFNOSUPPORT), NAME(ENETDOWN), NAME(ENETUNREACH), NAME(ENETRESET), NAME(ECONNABORTED), NAME(ECONNRESET),
	NAME(ENOBUFS), NAME(ESHUTDOWN), NAME(ETIMEDOUT), NAME(EHOSTDOWN), NAME(EHOSTUNREACH), NAME(EALREADY),
	NAME(ESTALE), NAME(ECANCELED), NAME(EOWNERDEAD),
};
/* clang-format on */

#define ROOM_FOR_REST 64 /* of a line whose paths do not fit: the result */

void log_begin(struct call *call)
{
	if (!log_is_on())
		return;
	for (unsigned int i = 0; i < ARRAY_SIZE(call->slot->results); i++)
		call->slot->results[i].host[0] = '\0';
}

void log_host_path(struct call *call, char *host_path)
{
	if (!log_is_on())
		return;
	call->paths[0].guest_path = host_path;
	memcpy(call->slot->results[0].host, host_path, strlen(host_path) + 1);
}

/* What path WHICH is relative to. */
static int directory_of(const struct call *call, unsigned int which)
{
	const struct call_path *shape = &call->row->paths[which];

	return shape->follow == FOLLOW_NONE || shape->directory == CALL_CWD ? AT_FDCWD :
									      (int)call->original[shape->directory];
}

/* The host path of a relative path that passed as it was, in slot->spare. */
static const char *name_as_is(const struct call *call, unsigned int which, long result)
{
	char *buf = call->slot->spare;
	struct text text = { .text = buf, .size = PATH_SIZE };
	long length = proc_read_descriptor(directory_of(call, which), buf);

	if (length < 0)
		return "(unknown)";
	if (virtual_of_path(buf) >= 0)
		return "(virtual)";
	if (call->nr == NR_chdir && !result)
		return buf;
	text.length = (size_t)length;
	text_add(&text, text_ends(buf, "/") ? "" : "/");
	text_add(&text, call->paths[which].guest_path);
	return buf;
}

static const char *host_of(const struct call *call, unsigned int which, long result)
{
	const struct host_path *path = &call->paths[which];
	const char *host = call->slot->results[which].host;

	if (path->is_resolved && path->result->is_virtual)
		return "(virtual)";
	if (path->is_as_is || path->is_own_way)
		return name_as_is(call, which, result);
	/* Where the walk has failed, this is how far it came. */
	return *host ? host : "(none)";
}

static void add_paths(struct text *line, const struct call *call, long result)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(call->paths); i++) {
		if (!call->paths[i].guest_path)
			continue;
		text_add(line, " \"");
		text_add(line, call->paths[i].guest_path);
		text_add(line, "\" -> \"");
		text_add(line, host_of(call, i, result));
		text_add(line, "\"");
	}
}

static void add_arguments(struct text *line, const struct call *call)
{
	text_add(line, "(");
	for (unsigned int i = 0; i < ARRAY_SIZE(call->original); i++) {
		text_add(line, i ? ", 0x" : "0x");
		text_add_hex(line, call->original[i]);
	}
	text_add(line, ")");
}

void log_add_error(struct text *line, long result)
{
	if (result < 0 && result > -(long)ARRAY_SIZE(error_names) && error_names[-result][0])
		text_add(line, error_names[-result]);
	else
		text_add_number(line, result);
}

static void add_result(struct text *line, long result)
{
	text_add(line, " = ");
	log_add_error(line, result);
}

/* RESULT may be NULL: there is none yet. */
static void print(const struct call *call, const long *result)
{
	const struct image_data *data = image_data();
	struct text line;

	text_init(&line, (char *)&call->slot->scratch, sizeof(call->slot->scratch) - ROOM_FOR_REST);
	text_add(&line, "proot info: pid ");
	text_add_number(&line, GATE_0(NR_gettid));
	text_add(&line, ": ");
	text_add(&line, call->row->name);
	if (data->verbosity >= 3)
		add_arguments(&line, call);
	add_paths(&line, call, result ? *result : -ENOENT);
	line.size += ROOM_FOR_REST;
	if (data->verbosity >= 3 && result)
		add_result(&line, *result);
	text_add(&line, "\n");
	GATE_3(NR_write, data->log_fd, line.text, line.length);
}

void log_call(const struct call *call, long result)
{
	const struct image_data *data = image_data();
	bool is_told = call->nr == NR_execve || call->nr == NR_execveat;

	if (show_is_on())
		show_call(call, result);
	if (data->verbosity < 2 || data->log_fd < 0 ||
	    (data->verbosity == 2 && (is_told || !call->paths[0].guest_path)))
		return;
	print(call, &result);
}

void log_file(const struct call *call)
{
	const struct image_data *data = image_data();

	if (data->verbosity >= 2 && data->log_fd >= 0 && (data->verbosity >= 3 || call->paths[0].guest_path))
		print(call, NULL);
}
