/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include "engine/engine.h"
#include "engine/filter.h"
#include "engine/tracer.h"
#include "image/filter_data.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

bool engine_needs_filter(const struct image_data *data)
{
	static struct sock_filter there[FILTER_MOST], wanted[FILTER_MOST];
	uint32_t flags = data->trapped_flags, view_flags = data->trapped_view_flags;
	unsigned int count = filter_build(there, flags, view_flags);

	if (data->is_apart)
		return true;
	return filter_build(wanted, flags | data->flags, view_flags | data->view.flags) != count ||
	       memcmp(there, wanted, count * sizeof(there[0]));
}

static int install_filter(const struct image_data *data)
{
	struct sock_filter code[FILTER_MOST];
	struct sock_fprog program = { .filter = code };

	program.len = (unsigned short)filter_build(code, data->flags, data->view.flags);
	if (data->depth)
		return engine_needs_filter(data) ? engine_install_inside(&program) : 0;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) ? -errno : 0;
}

bool engine_can_filter(void)
{
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) < 0 && errno == EFAULT;
}

/* Privileges without the filter, too, so that set-user-id programs are the same in both ways. */
int engine_begin(const struct image_data *data)
{
	if (data->depth)
		return install_filter(data);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && !(data->flags & IMAGE_TRACED))
		return -errno;
	return data->flags & IMAGE_TRACED ? tracer_start(data) : install_filter(data);
}

/*
 * Behind the filter this call would trap, and no agent is there yet to handle
 * it: the sixth argument, which the kernel ignores, lets it pass.
 */
int engine_execute(int image_fd, char *const argv[], char *const envp[])
{
	syscall(SYS_execveat, image_fd, "", argv, envp, AT_EMPTY_PATH, FILTER_FIRST_EXECUTION);
	return -errno;
}
