/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs of classic BPF, as seccomp(2) takes them, and what they say of a
 * call. A pure function: tests/unit/test_bpf.c lets the kernel run the same programs.
 */
#ifndef AGENT_BPF_H
#define AGENT_BPF_H

#include "base/base.h"
#include <linux/filter.h>
#include <linux/seccomp.h>

/*
 * What the COUNT instructions at CODE say of the call DATA. It must be a program
 * that the kernel takes (seccomp_check_filter(), kernel/seccomp.c, and
 * bpf_check_classic(), net/core/filter.c); of another the answer, in the worst case, is
 * SECCOMP_RET_KILL_PROCESS. *LOOKS_FURTHER: whether it depends on more of DATA than number
 * and architecture.
 */
uint32_t bpf_run(const struct sock_filter *code, unsigned int count, const struct seccomp_data *data,
		 bool *looks_further);

#endif
