/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the filter says of a call, found without the kernel. A pure function.
 */
#ifndef ENGINE_VERDICT_H
#define ENGINE_VERDICT_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>

/*
 * Run FILTER, a program of filter_build(), on CALL: a SECCOMP_RET_ value. Only the instructions that
 * filter_build() uses are known.
 */
uint32_t verdict_find(const struct sock_filter *filter, const struct seccomp_data *call);

#endif
