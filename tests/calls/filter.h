/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the programs on seccomp share: filters, and how they are installed. */
#ifndef TESTS_FILTER_H
#define TESTS_FILTER_H

#include "call.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <ucontext.h>

#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define LOAD_NUMBER LOAD(nr)
#define WHEN(number, verdict) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET | BPF_K, verdict)
#define OTHERWISE(verdict) BPF_STMT(BPF_RET | BPF_K, verdict)

__attribute__((unused)) static long install(const struct sock_filter *filter, size_t count, unsigned int flags)
{
	struct sock_fprog program = { (unsigned short)count, (struct sock_filter *)filter };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return CALL(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

#define INSTALL(filter) MUST(!install(filter, ARRAY_SIZE(filter), 0))

/* VERDICT for the call NUMBER, all others pass. */
__attribute__((unused)) static void install_for(long number, unsigned int verdict)
{
	struct sock_filter filter[] = { LOAD_NUMBER, WHEN((unsigned int)number, verdict),
					OTHERWISE(SECCOMP_RET_ALLOW) };

	INSTALL(filter);
}

#endif
