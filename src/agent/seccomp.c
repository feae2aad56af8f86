/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Seccomp filters of the guest. The agent's own calls must not be hit by them:
 * each is installed with a preface that lets the gate pass. For a call that
 * traps to us, the guest's filter still sees the guest's site, and a verdict
 * stronger than a trap (kill) counts; a weaker one (errno, trace) is not
 * applied to such a call. So patched sites are not used any more.
 */
#include "agent/capability.h"
#include "agent/credentials.h"
#include "agent/dispatch.h"
#include "agent/fast.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/plain.h"
#include "agent/privileges.h"
#include "agent/proc_status.h"
#include "image/state.h"
#include <linux/mman.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59 /* Linux 5.11 */
#define PR_SYS_DISPATCH_OFF 0
#endif

#define GATE_ADDRESS (IMAGE_ADDRESS + GATE_OFFSET)

static const struct sock_filter preface[] = {
	/* The trap that finishes a call: ours is the filter that stops it. */
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FINISH_NUMBER, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer) + 4),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, GATE_ADDRESS >> 32, 0, 4),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer)),
	BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~(GATE_SIZE - 1)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, GATE_ADDRESS & 0xffffffff, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

/* The kernel would ask this of the guest; of us it does not, because we have set no_new_privs. */
static bool may_install(void)
{
	return privileges_are_fixed() || has_capability(CAP_SYS_ADMIN);
}

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
	if (!may_install())
		return -EACCES;
	copy = (char *)GATE_6(NR_mmap, 0, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if ((long)copy < 0 && (long)copy > -4096)
		return (long)copy;
	memcpy(copy, preface, sizeof(preface));
	status = guest_read(copy + sizeof(preface), (unsigned long)program.filter, size);
	program.filter = (struct sock_filter *)copy;
	program.len = (unsigned short)(program.len + ARRAY_SIZE(preface));
	call->arguments[at] = (unsigned long)&program;
	fast_close(STATE_FILTERED);
	if (!status)
		status = call_make(call, call->nr);
	GATE_2(NR_munmap, copy, whole);
	return status;
}

static long fix_privileges(struct call *call)
{
	long status = call_make(call, call->nr);

	if (!status)
		privileges_note_fixed();
	return status;
}

/* SIGSYS for the calls of other users of it would come between the gate and us: an old kernel says the same. */
static long dispatch_to_user(struct call *call)
{
	return call->arguments[1] == PR_SYS_DISPATCH_OFF ? call_make(call, call->nr) : -EINVAL;
}

long handle_prctl(struct call *call)
{
	long status;

	if (credentials_is_control((int)call->arguments[0]))
		return identity_is_on() ? credentials_prctl(call) : call_make(call, call->nr);
	switch ((int)call->arguments[0]) {
	case PR_SET_NO_NEW_PRIVS:
		return fix_privileges(call);
	case PR_GET_NO_NEW_PRIVS:
		status = call_make(call, call->nr);
		return status < 0 ? status : privileges_are_fixed();
	case PR_GET_SECCOMP:
		return proc_status_own_filters(call->slot) ? SECCOMP_MODE_FILTER : SECCOMP_MODE_DISABLED;
	case PR_SET_SYSCALL_USER_DISPATCH:
		return dispatch_to_user(call);
	case PR_SET_TSC:
		plain_stop();
		return call_make(call, call->nr);
	default:
		return call->arguments[1] == SECCOMP_MODE_FILTER ? install(call, 2) : call_make(call, call->nr);
	}
}

long handle_seccomp(struct call *call)
{
	return install(call, 2);
}
