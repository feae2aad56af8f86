/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that newer CPUs lack: there syscall(2) makes of them those that have taken their place, so that
 * the programs of this folder ask the same everywhere. What nothing has taken the place of is ENOSYS.
 */
#ifndef TESTS_LACKING_H
#define TESTS_LACKING_H

#ifndef SYS_open

enum {
	SYS_open = 100000,
	SYS_access,
	SYS_chmod,
	SYS_chown,
	SYS_creat,
	SYS_create_module,
	SYS_fork,
	SYS_futimesat,
	SYS_getdents,
	SYS_ioperm,
	SYS_iopl,
	SYS_lchown,
	SYS_link,
	SYS_lstat,
	SYS_mkdir,
	SYS_mknod,
	SYS_pause,
	SYS_readlink,
	SYS_rename,
	SYS_rmdir,
	SYS_stat,
	SYS_symlink,
	SYS_unlink,
	SYS_utime,
	SYS_utimes,
};

__attribute__((unused)) static long lacking_call(long nr, ...)
{
	const long here = AT_FDCWD;
	long a[6];
	va_list list;

	va_start(list, nr);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	switch (nr) {
	case SYS_open:
		return syscall(SYS_openat, here, a[0], a[1], a[2]);
	case SYS_creat:
		return syscall(SYS_openat, here, a[0], O_CREAT | O_WRONLY | O_TRUNC, a[1]);
	case SYS_access:
		return syscall(SYS_faccessat, here, a[0], a[1]);
	case SYS_chmod:
		return syscall(SYS_fchmodat, here, a[0], a[1]);
	case SYS_chown:
		return syscall(SYS_fchownat, here, a[0], a[1], a[2], 0);
	case SYS_lchown:
		return syscall(SYS_fchownat, here, a[0], a[1], a[2], AT_SYMLINK_NOFOLLOW);
	case SYS_fork:
		return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	case SYS_link:
		return syscall(SYS_linkat, here, a[0], here, a[1], 0);
	case SYS_stat:
		return syscall(SYS_newfstatat, here, a[0], a[1], 0);
	case SYS_lstat:
		return syscall(SYS_newfstatat, here, a[0], a[1], AT_SYMLINK_NOFOLLOW);
	case SYS_mkdir:
		return syscall(SYS_mkdirat, here, a[0], a[1]);
	case SYS_mknod:
		return syscall(SYS_mknodat, here, a[0], a[1], a[2]);
	case SYS_pause:
		return syscall(SYS_ppoll, 0, 0, 0, 0, 0);
	case SYS_readlink:
		return syscall(SYS_readlinkat, here, a[0], a[1], a[2]);
	case SYS_rename:
		return syscall(SYS_renameat, here, a[0], here, a[1]);
	case SYS_rmdir:
		return syscall(SYS_unlinkat, here, a[0], AT_REMOVEDIR);
	case SYS_symlink:
		return syscall(SYS_symlinkat, a[0], here, a[1]);
	case SYS_unlink:
		return syscall(SYS_unlinkat, here, a[0], 0);
	default:
		return syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	}
}

#define syscall(...) lacking_call(__VA_ARGS__)

#endif
#endif
