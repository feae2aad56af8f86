/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 *	no-links [-e ERRNO] [-x] COMMAND [ARGUMENT ...]
 *
 * Runs the command where no file system has hard links: link(2) and linkat(2) are EPERM, or the number ERRNO, whoever
 * makes them. -x: nor can two names exchange their places (renameat2(2): EINVAL).
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RENAME_EXCHANGE_FLAG 2
#ifdef __x86_64__
#define THIS_ARCH AUDIT_ARCH_X86_64
#define LINK_NUMBER __NR_link
#else
#define THIS_ARCH AUDIT_ARCH_AARCH64
#define LINK_NUMBER __NR_linkat
#endif

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IF_EQUAL(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no)

static void deny(unsigned int error, int exchanges)
{
	struct sock_filter filter[] = {
		LOAD(arch),
		IF_EQUAL(THIS_ARCH, 0, 7),
		LOAD(nr),
		IF_EQUAL(LINK_NUMBER, 6, 0),
		IF_EQUAL(__NR_linkat, 5, 0),
		IF_EQUAL(exchanges ? 0xffffffff : __NR_renameat2, 0, 3),
		LOAD(args[4]),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, RENAME_EXCHANGE_FLAG, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
	};
	struct sock_fprog program = { .len = sizeof(filter) / sizeof(filter[0]), .filter = filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		err(125, "a seccomp filter");
}

int main(int argc, char **argv)
{
	int error = EPERM, exchanges = 1, option;

	while ((option = getopt(argc, argv, "+e:x")) != -1) {
		if (option == 'e')
			error = atoi(optarg);
		else if (option == 'x')
			exchanges = 0;
		else
			errx(125, "usage: no-links [-e ERRNO] [-x] COMMAND [ARGUMENT ...]");
	}
	if (optind == argc)
		errx(125, "no command");
	deny((unsigned int)error, exchanges);
	execvp(argv[optind], argv + optind);
	err(127, "%s", argv[optind]);
}
