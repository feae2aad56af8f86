/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/host_program.h"
#include "agent/agent.h"
#include "agent/dispatch.h"
#include "agent/gate.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/log.h"
#include "agent/pin.h"
#include "agent/translate.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <linux/fcntl.h>

#define HIDDEN '\1'

static struct {
	unsigned long start, end; /* the loader's code; 0: there is none */
	unsigned long entry;
	unsigned long *entry_at; /* in the auxiliary vector */
	char **envp;		 /* while its variables are hidden; else NULL */
	bool has_library_path;
	bool is_library; /* the loader is the C library too, so that all calls come from there */
	bool is_emulator;
} host;

/* The variables that a loader looks at. */
static const char *const hidden[] = { "LD_", "GLIBC_TUNABLES=" };

void host_program_start_emulator(void)
{
	host.is_emulator = true;
}

bool host_program_is_emulator(void)
{
	return host.is_emulator;
}

void host_program_start(const struct program_map *interpreter, unsigned long *entry_at, char **envp,
			const char *interpreter_name, bool has_library_path)
{
	host.entry = *entry_at;
	host.entry_at = entry_at;
	host.envp = envp;
	host.start = interpreter->start_code;
	host.end = interpreter->end_code;
	host.has_library_path = has_library_path;
	host.is_library = text_begins(text_base_name(interpreter_name), "ld-musl");
	*entry_at = (unsigned long)agent_host_entry;
	for (; envp[has_library_path]; envp++)
		for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
			if (text_begins(*envp, hidden[i]))
				**envp = HIDDEN;
}

/*
 * A loader has read its variables before it looks for the first file, and the
 * program's constructors run behind that: they see the environment as the program does.
 */
static void show_variables(void)
{
	char **at = host.envp;

	if (!at)
		return;
	for (; at[host.has_library_path]; at++)
		for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
			if (**at == HIDDEN && text_begins(*at + 1, hidden[i] + 1))
				**at = hidden[i][0];
	*at = NULL;
	host.envp = NULL;
}

unsigned long host_program_enter(void)
{
	show_variables();
	*host.entry_at = host.entry;
	if (host.is_library)
		host.start = host.end = 0;
	return host.entry;
}

bool host_program_is_loader(unsigned long behind)
{
	return behind > host.start && behind <= host.end;
}

/* What the loader asks for as /proc/self/exe: $ORIGIN in the names of libraries. */
static long read_exe(const struct call *call, unsigned long buf, size_t size)
{
	const char *exe = host.is_emulator ? image_data()->emulator.words : guest_exe;
	const char *seen = host_program_has_view() ? emulator_host_path(exe) : NULL;
	char *host_path = call->slot->path[1];
	size_t length;

	if (seen)
		memcpy(host_path, seen, strlen(seen) + 1);
	else
		translate_stand_in(exe, host_path);
	length = MIN(strlen(host_path), size);
	return guest_write(buf, host_path, length) ? -EFAULT : (long)length;
}

/* Which argument is the path, of a call that only reads what it names; -1: of any other call. */
static int find_path(const struct call *call)
{
	unsigned long flags;

	switch (call->nr) {
	case NR_open:
	case NR_openat:
		flags = call->arguments[call->nr == NR_open ? 1 : 2];
		if ((flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC))
			return -1;
		return call->nr == NR_openat;
	case NR_readlink:
	case NR_stat:
	case NR_lstat:
	case NR_access:
		return 0;
	case NR_readlinkat:
	case NR_newfstatat:
	case NR_statx:
	case NR_faccessat:
	case NR_faccessat2:
		return 1;
	default:
		return -1;
	}
}

/*
 * What a program of the host knows of its place it may know from the guest, as a
 * compiler that loads a plugin: the same file has this other name in the host.
 */
static unsigned long host_name(unsigned long path)
{
	char begin[sizeof(EMULATOR_HOST) + 1] = "";

	if (guest_read(begin, path, sizeof(EMULATOR_HOST)) || !emulator_host_path(begin))
		return path;
	return path + sizeof(EMULATOR_HOST) - 1;
}

/* Whether what the host does not have at GUEST_PATH is to be looked for in the guest: where its own files may be. */
static bool may_be_in_guest(const char *guest_path)
{
	const struct view *view = the_view();

	return guest_path[0] == '/' && (view_find_above(view, guest_path, strlen(guest_path)) ||
					!view_find_above(view, guest_exe, strlen(guest_exe)));
}

bool host_program_has_view(void)
{
	const size_t length = sizeof(EMULATOR_HOST) - 1;
	const struct view *view = the_view();
	int index = view_find(view, EMULATOR_HOST, length);

	return index < 0 || *view_host(view, (uint32_t)index) || view_has_below(view, EMULATOR_HOST, length);
}

/* With the path, which is absolute and in the slot, in that view. */
static long make_in_view(struct call *call, unsigned int path)
{
	const size_t length = sizeof(EMULATOR_HOST) - 1;
	const struct call_path *shape = &call->row->paths[0];
	char *text = call->slot->path[0];
	size_t text_length = strlen(text);
	long status;

	if (text_length + length >= PATH_SIZE)
		return -ENAMETOOLONG;
	if (!emulator_host_path(text)) {
		memmove(text + length, text, text_length + 1);
		memcpy(text, EMULATOR_HOST, length);
	}
	status = translate_text(call, AT_FDCWD, call->nr == NR_readlink || call->nr == NR_lstat ? 0 : VIEW_FOLLOW,
				TRANSLATE_FULL);
	if (status)
		return status;
	if (shape->directory != CALL_CWD)
		call->arguments[shape->directory] = (unsigned long)call->paths[0].directory;
	call->arguments[path] = (unsigned long)call->paths[0].path;
	status = call->paths[0].result->is_virtual ? -ENOENT : call_make(call, call->nr);
	pin_release(call);
	return status;
}

static long make_as_host(struct call *call, unsigned int path, unsigned long guest_path)
{
	call->arguments[path] = host_name(guest_path);
	return call_make(call, call->nr);
}

static long make_in_host(struct call *call, unsigned int path)
{
	char *text = call->slot->path[0];
	unsigned long guest_path = call->arguments[path];
	bool is_of_host = emulator_host_path(text), has_view = text[0] == '/' && host_program_has_view();
	long result = has_view ? make_in_view(call, path) : make_as_host(call, path, guest_path);

	if (is_of_host || (result != -ENOENT && result != -ENOTDIR) ||
	    !may_be_in_guest(has_view ? emulator_host_path(text) : text))
		return result;
	call->arguments[path] = guest_path;
	call->paths[0].guest_path = NULL;
	log_begin(call);
	return call->row->handler(call);
}

long host_program_call(struct call *call)
{
	const unsigned long *arguments = call->arguments;
	int path = find_path(call);
	char *text = call->slot->path[0];
	long status;

	show_variables();
	if (path < 0)
		return call->row->handler(call);
	status = guest_read_string(text, arguments[path], PATH_SIZE);
	if (status < 0)
		return status;
	if ((call->nr == NR_readlink || call->nr == NR_readlinkat) && text_equal(text, "/proc/self/exe"))
		return read_exe(call, arguments[path + 1], arguments[path + 2]);
	log_host_path(call, text);
	return make_in_host(call, (unsigned int)path);
}
