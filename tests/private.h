/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mounts that nobody else sees, in a mount namespace of this process's own; also
 * in a chroot, whose root directory is no mount point and can't be made private.
 */
#ifndef TESTS_PRIVATE_H
#define TESTS_PRIVATE_H

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

/* Entering the namespace it is in takes a process to the root of its mounts. */
static int make_private_from_above(int root, int directory, int namespace)
{
	if (root < 0 || directory < 0 || namespace < 0 || setns(namespace, CLONE_NEWNS))
		return -1;
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) || fchdir(root) || chroot(".") || fchdir(directory) ?
		       -1 :
		       0;
}

/*
 * Make all mounts of this mount namespace private. Root and working directory
 * stay. 0, or -1 and errno.
 */
static int make_mounts_private(void)
{
	int root, directory, namespace, status;

	if (!mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return 0;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	directory = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	namespace = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	status = make_private_from_above(root, directory, namespace);
	close(root);
	close(directory);
	close(namespace);
	return status;
}

#endif
