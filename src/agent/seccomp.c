/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Seccomp filters of the guest. The agent's own calls must not be hit by them:
 * each is installed with a preface that lets the gate pass. For a call that
 * traps to us, the guest's filter still sees the guest's site, and a verdict
 * stronger than a trap (kill) counts; a weaker one (errno, trace) is not
 * applied to such a call.
 */
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include <linux/mman.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#define GATE_ADDRESS (IMAGE_ADDRESS + GATE_OFFSET)

static const struct sock_filter preface[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer) + 4),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, GATE_ADDRESS >> 32, 0, 4),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer)),
	BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~(GATE_SIZE - 1)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, GATE_ADDRESS & 0xffffffff, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

/* Make the call with the program at argument AT behind the preface. */
static long install(struct call *call, unsigned int at)
{
	struct sock_fprog program;
	size_t size, whole;
	char *copy;
	long status;

	if (guest_read(&program, call->arguments[at], sizeof(program)))
		return -EFAULT;
	if (!program.len || program.len > BPF_MAXINSNS - ARRAY_SIZE(preface))
		return -EINVAL;
	size = program.len * sizeof(struct sock_filter);
	whole = size + sizeof(preface);
	copy = (char *)GATE_6(NR_mmap, 0, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if ((long)copy < 0 && (long)copy > -4096)
		return (long)copy;
	memcpy(copy, preface, sizeof(preface));
	status = guest_read(copy + sizeof(preface), (unsigned long)program.filter, size);
	program.filter = (struct sock_filter *)copy;
	program.len = (unsigned short)(program.len + ARRAY_SIZE(preface));
	call->arguments[at] = (unsigned long)&program;
	if (!status)
		status = call_make(call, call->nr);
	GATE_2(NR_munmap, copy, whole);
	return status;
}

long handle_prctl(struct call *call)
{
	if (call->arguments[1] != SECCOMP_MODE_FILTER)
		return call_make(call, call->nr);
	return install(call, 2);
}

long handle_seccomp(struct call *call)
{
	return install(call, 2);
}
