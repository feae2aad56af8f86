/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/verdict.h"
#include <string.h>

static uint32_t distance(const struct sock_filter *step, uint32_t accumulator)
{
	switch (step->code) {
	case BPF_JMP | BPF_JA:
		return step->k;
	case BPF_JMP | BPF_JEQ | BPF_K:
		return accumulator == step->k ? step->jt : step->jf;
	default: /* BPF_JGE */
		return accumulator >= step->k ? step->jt : step->jf;
	}
}

uint32_t verdict_find(const struct sock_filter *filter, const struct seccomp_data *call)
{
	uint32_t accumulator = 0;

	for (const struct sock_filter *step = filter;; step++) {
		switch (BPF_CLASS(step->code)) {
		case BPF_LD:
			memcpy(&accumulator, (const char *)call + step->k, sizeof(accumulator));
			break;
		case BPF_ALU:
			accumulator &= step->k;
			break;
		case BPF_RET:
			return step->k;
		default:
			step += distance(step, accumulator);
		}
	}
}
