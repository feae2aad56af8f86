/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/mounts.h"
#include "agent/access.h"
#include "agent/dispatch.h"
#include "agent/handlers.h"
#include "agent/overlay.h"
#include "agent/own.h"
#include "agent/proc.h"
#include "agent/root.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#define SIGNAL_MOST 64 /* what F_SETSIG takes: _NSIG */

static bool is_twice(void)
{
	return the_view()->flags & VIEW_TWICE;
}

uint32_t mounts_of_cwd(void)
{
	const struct own *own = is_twice() ? own_now() : NULL;

	return own ? own->cwd_mount : 0;
}

uint32_t mounts_of_descriptor(int fd)
{
	long signal;

	if (!is_twice())
		return 0;
	if (fd == AT_FDCWD)
		return mounts_of_cwd();
	signal = GATE_2(NR_fcntl, fd, F_GETSIG);
	return signal < 0 ? 0 : (uint32_t)signal;
}

void mounts_note_cwd(uint32_t mount)
{
	if (is_twice() && mounts_of_cwd() != mount)
		own_set_cwd_mount(mount);
}

void mounts_start(uint32_t cwd_mount)
{
	mounts_note_cwd(cwd_mount);
}

long mounts_to_guest(int directory, const char *host_path, char *buf)
{
	uint32_t mount = host_path[0] == '/' ? mounts_of_descriptor(directory) : 0;
	long length = mount ? view_to_guest_in(the_view(), mount - 1, host_path, buf, PATH_SIZE) : -ENOENT;

	if (length < 0)
		length = proc_to_canonical_guest(host_path, buf);
	/* Who is where something has been mounted over is called what he was. */
	if (length == -ENOENT && directory == AT_FDCWD && host_path[0] == '/')
		length = view_to_guest_covered(the_view(), host_path, buf, PATH_SIZE);
	if (length == 1)
		buf[0] = '\0';
	return MIN(length, 0);
}

uint32_t mounts_of_path(const struct host_path *path)
{
	int own;

	if (!path->is_resolved)
		return 0;
	if (!path->result->is_magic)
		return path->result->mount + 1;
	own = proc_own_descriptor(path->result->host);
	return own == PROC_NOT_OWN ? 0 : mounts_of_descriptor(own);
}

/* Files matter where one of the places is read-only, or an overlay. */
static bool notes_files(void)
{
	return the_view()->flags & (VIEW_READ_ONLY | VIEW_OVERLAY);
}

bool mounts_may_need_note(const char *path, unsigned long flags)
{
	if (!is_twice() || flags & O_PATH)
		return false;
	if (path[0] == '/')
		return view_shows_twice(the_view(), path);
	return notes_files() || flags & O_DIRECTORY || text_equal(path, ".");
}

uint32_t mounts_of_open(const struct call *call, unsigned long flags)
{
	const struct host_path *path = &call->paths[0];

	if (!is_twice() || flags & O_PATH || !path->is_resolved)
		return 0;
	return path->result->is_magic || view_shows_twice(the_view(), path->result->host) ? mounts_of_path(path) : 0;
}

void mounts_note_descriptor(int fd, uint32_t mount)
{
	struct stat file;

	if (mount <= SIGNAL_MOST && !GATE_2(NR_fstat, fd, &file) &&
	    ((file.st_mode & S_IFMT) == S_IFDIR || ((file.st_mode & S_IFMT) == S_IFREG && notes_files())))
		GATE_3(NR_fcntl, fd, F_SETSIG, mount);
}

long handle_fchdir(struct call *call)
{
	long status = overlay_check_enter((int)call->arguments[0]);

	if (!status && access_is_checked(call))
		status = access_check_directory(call, (int)call->arguments[0], "", ACCESS_SEARCH);
	if (status)
		return status;
	if (own_is_borrowed())
		plain_distrust_cwd();
	status = call_make(call, call->nr);
	if (!status)
		mounts_note_cwd(mounts_of_descriptor((int)call->arguments[0]));
	return status;
}
