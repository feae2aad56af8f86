/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include "engine/engine.h"
#include "engine/filter.h"
#include "image/filter_data.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

bool engine_is_nested(void)
{
	unsigned char is_resident;

	return !mincore((void *)IMAGE_ADDRESS, 1, &is_resident);
}

static int install_filter(const struct image_data *data)
{
	struct sock_filter code[FILTER_MOST];
	struct sock_fprog program = { .filter = code };

	program.len = (unsigned short)filter_build(code, data->flags, data->view.flags);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) ? -errno : 0;
}

/*
 * Behind the filter this call would trap, and no agent is there yet to handle
 * it: the sixth argument, which the kernel ignores, lets it pass.
 */
int engine_execute(int image_fd, const struct image_data *data, char *const argv[], char *const envp[])
{
	int status = install_filter(data);

	if (status)
		return status;
	syscall(SYS_execveat, image_fd, "", argv, envp, AT_EMPTY_PATH, FILTER_FIRST_EXECUTION);
	return -errno;
}
