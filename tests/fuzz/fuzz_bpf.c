/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bpf_run() of any bytes: it ends, and touches nothing but what it is given. The first 64 are the call. */
#include "agent/bpf.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sock_filter code[BPF_MAXINSNS];
	struct seccomp_data call;
	bool looks_further;
	size_t count;

	if (size < sizeof(call))
		return 0;
	memcpy(&call, data, sizeof(call));
	count = (size - sizeof(call)) / sizeof(*code);
	if (count > BPF_MAXINSNS)
		count = BPF_MAXINSNS;
	memcpy(code, data + sizeof(call), count * sizeof(*code));
	bpf_run(code, (unsigned int)count, &call, &looks_further);
	return 0;
}
