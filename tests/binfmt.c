/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 *	binfmt CPU QEMU COMMAND [ARGUMENT ...]
 *
 * Runs the command where the kernel hands programs for CPU to QEMU, a static one of
 * this machine: by a binfmt_misc that lives in a user namespace made for it (Linux 6.7),
 * so that the machine's own is not touched. All users are what they were. As root.
 * Exit status 77 where there is no such thing.
 */
#define _GNU_SOURCE
#include "private.h"
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#define MISSING 77
#define PLACE "/mnt" /* as long as it is mounted, what is registered counts */

/* e_ident, e_type (an executable or a shared file) and e_machine of the programs; the mask is the same for all. */
static const struct {
	const char *cpu, *head;
} cpus[] = {
	{ "aarch64", "\\x7fELF\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\xb7\\x00" },
};
#define MASK "\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xfe\\xff\\xff\\xff"

static void write_file(const char *path, const char *text, int status)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		err(status, "%s", path);
	close(fd);
}

/* From outside the new namespace, where all users may be mapped. */
static void map_users(int go, pid_t pid)
{
	char path[64], c;

	if (read(go, &c, 1) != 1)
		exit(1);
	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	write_file(path, "0 0 4294967295", 125);
	snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
	write_file(path, "0 0 4294967295", 125);
	exit(0);
}

static void enter_namespace(void)
{
	pid_t own = getpid(), helper;
	int go[2], status;

	if (pipe(go))
		err(125, "pipe");
	helper = fork();
	if (!helper)
		map_users(go[0], own);
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
		err(MISSING, "user namespaces");
	if (make_mounts_private() || write(go[1], "", 1) != 1 || waitpid(helper, &status, 0) != helper || status)
		errx(125, "a user namespace for all users");
	close(go[0]);
	close(go[1]);
}

int main(int argc, char **argv)
{
	char line[512];
	const char *head = NULL;

	for (size_t i = 0; argc > 3 && i < sizeof(cpus) / sizeof(cpus[0]); i++)
		if (!strcmp(cpus[i].cpu, argv[1]))
			head = cpus[i].head;
	if (!head)
		errx(125, "binfmt CPU QEMU COMMAND");
	enter_namespace();
	if (mount("none", PLACE, "binfmt_misc", 0, NULL))
		err(MISSING, "binfmt_misc in a user namespace");
	snprintf(line, sizeof(line), ":proot:M::%s:%s:%s:PF", head, MASK, argv[2]);
	write_file(PLACE "/register", line, 125);
	execvp(argv[3], argv + 3);
	err(127, "%s", argv[3]);
}
