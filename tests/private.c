/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 *	private COMMAND [ARGUMENT ...]
 *
 * Runs the command in a mount namespace of its own with private mounts: what
 * `unshare -m` does, but also in a chroot. Needs the right to mount.
 */
#define _GNU_SOURCE
#include "private.h"
#include <err.h>

int main(int argc, char **argv)
{
	if (argc < 2)
		errx(125, "no command");
	if (unshare(CLONE_NEWNS) || make_mounts_private())
		err(125, "a private mount namespace");
	execvp(argv[1], argv + 1);
	err(127, "%s", argv[1]);
}
