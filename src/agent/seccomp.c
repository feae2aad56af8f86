/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Seccomp filters of the guest: how they are installed, and what becomes of a call
 * that has trapped to us. The agent's own calls must not be hit by them: each is installed with a preface that
 * lets the gate pass. The kernel applies it to all other calls; where our trap hides
 * what it says, agent/filters.h asks it once more.
 */
#include "agent/seccomp.h"
#include "agent/capability.h"
#include "agent/credentials.h"
#include "agent/dispatch.h"
#include "agent/filters.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/notify.h"
#include "agent/own.h"
#include "agent/plain.h"
#include "agent/privileges.h"
#include "agent/proc.h"
#include "agent/room.h"
#include "agent/signal.h"
#include "agent/trace.h"
#include "agent/user_dispatch.h"
#include "image/filter_data.h"
#include <linux/mman.h>
#include <linux/capability.h>
#include <linux/prctl.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59 /* Linux 5.11 */
#endif

#define GATE_ADDRESS (IMAGE_ADDRESS + GATE_OFFSET)
#define MAX_ERRNO 4095

/* How many are left out, of the PREFACE_SIZE in all. */
#define TO_PROGRAM(from) (PREFACE_SIZE - 2 - (from))
#define PREFACE_SIZE 13

/* What comes before a program. It leaves the machine as the program expects it: the accumulator 0. */
static void write_preface(struct sock_filter *to, unsigned int number)
{
	const struct sock_filter preface[PREFACE_SIZE] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		/* The trap that finishes a call: ours is the filter that stops it. */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FINISH_NUMBER, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, QUERY_NUMBER, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | number),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer) + 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, GATE_ADDRESS >> 32, 0, TO_PROGRAM(6)),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (IMAGE_ADDRESS + GATE_JUDGED_OFFSET) & 0xffffffff, TO_PROGRAM(8),
			 0),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~(GATE_SIZE - 1)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, GATE_ADDRESS & 0xffffffff, 0, TO_PROGRAM(10)),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_LD | BPF_IMM, 0),
	};

	memcpy(to, preface, sizeof(preface));
}

/* The kernel would ask this of the guest; of us it does not, because we have set no_new_privs. */
static bool may_install(void)
{
	return privileges_are_fixed() || has_capability(CAP_SYS_ADMIN);
}

/* Have the kernel take the COUNT instructions at CODE, behind the preface, for FILTER. */
static long install_code(const struct filter *filter, const struct sock_filter *code, unsigned int count,
			 unsigned long flags)
{
	size_t whole = (count + PREFACE_SIZE) * sizeof(*code);
	struct sock_filter *copy =
		(struct sock_filter *)room_map(whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	struct sock_fprog program = { (unsigned short)(count + PREFACE_SIZE), copy };
	long status;

	if ((long)copy < 0 && (long)copy > -4096)
		return (long)copy;
	write_preface(copy, filters_number(filter));
	memcpy(copy + PREFACE_SIZE, code, count * sizeof(*code));
	status = GATE_3(NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
	room_unmap(copy, whole);
	return status;
}

/* The kernel takes FILTER, which is filled, with FLAGS. A number above 0 is a thread that TSYNC has failed at. */
static long install_filter(struct filter *filter, const struct sock_filter *code, unsigned int count,
			   unsigned long flags)
{
	long status;

	filters_publish(filter);
	status = install_code(filter, code, count, flags);
	if (status < 0 || (status && !(flags & SECCOMP_FILTER_FLAG_NEW_LISTENER)))
		filters_withdraw(filter);
	return status;
}

/* The program at ADDRESS. Errors in the order of seccomp_set_mode_filter() and seccomp_prepare_filter(). */
static long install(unsigned long address, unsigned long flags)
{
	struct sock_fprog program;
	struct filter *filter;
	/* Wrong flags are the kernel's to refuse: it looks at them before the program, which is not there. */
	long status = GATE_3(NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, NULL);

	if (status != -EFAULT)
		return status;
	if (guest_read(&program, address, sizeof(program)))
		return -EFAULT;
	if (!program.len || program.len > BPF_MAXINSNS)
		return -EINVAL;
	if (!may_install())
		return -EACCES;
	if (!program.filter)
		return -EINVAL;
	filter = program.len + PREFACE_SIZE > BPF_MAXINSNS ? NULL : filters_add(program.len, false);
	if (!filter)
		return -ENOMEM;
	if (guest_read(filters_code(filter), (unsigned long)program.filter, program.len * sizeof(*program.filter))) {
		filters_withdraw(filter);
		return -EFAULT;
	}
	return install_filter(filter, filters_code(filter), program.len, flags);
}

/*
 * Strict mode is a mode of its own in the kernel, which has ours already. So it
 * is a filter: what it forbids traps to us, and ends as it would there.
 */
static long install_strict(void)
{
	const struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NR_read, 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NR_write, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NR_exit, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NR_rt_sigreturn, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP | FILTER_TRAP_DATA),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct filter *filter;
	long status;

	if (filters_count())
		return -EINVAL;
	filter = filters_add(ARRAY_SIZE(code), true);
	if (!filter)
		return -ENOMEM;
	memcpy(filters_code(filter), code, sizeof(code));
	filters_code(filter)[ARRAY_SIZE(code) - 2].k = FILTERS_STRICT;
	/* As seccomp_set_mode_strict(): then the agent can't read the time for nothing any more. */
	plain_stop();
	status = install_filter(filter, code, ARRAY_SIZE(code), 0);
	if (!status) {
		filters_note_strict();
		GATE_2(NR_prctl, PR_SET_TSC, PR_TSC_SIGSEGV);
	}
	return status;
}

/* The kernel ends the thread, and that is the process if there is no other. */
static void end_thread(int signal)
{
	if (own_is_alone())
		signal_kill_self(signal);
	for (;;)
		GATE_1(NR_exit, signal);
}

void seccomp_end_strict(void)
{
	end_thread(SIGKILL);
}

long seccomp_obey(struct call *call, uint32_t verdict, call_handler *handle)
{
	switch (verdict & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
	case SECCOMP_RET_LOG:
		return handle(call);
	case SECCOMP_RET_ERRNO:
		return -(long)MIN(verdict & SECCOMP_RET_DATA, MAX_ERRNO);
	case SECCOMP_RET_USER_NOTIF:
		return notify_is_due(call) ? call_resume_judged(call, handle) : handle(call);
	case SECCOMP_RET_TRACE:
		return trace_ask(call, verdict & SECCOMP_RET_DATA, handle);
	case SECCOMP_RET_KILL_THREAD: /* where the kernel has not asked its filters: --engine=ptrace */
		end_thread(SIGSYS);
		return -ENOSYS;
	default:
		signal_kill_self(SIGSYS);
		return -ENOSYS;
	}
}

static long fix_privileges(struct call *call)
{
	long status = call_make(call, call->nr);

	if (!status)
		privileges_note_fixed();
	return status;
}

static long set_mode(unsigned long mode, unsigned long address)
{
	switch (mode) {
	case SECCOMP_MODE_STRICT:
		return install_strict();
	case SECCOMP_MODE_FILTER:
		return install(address, 0);
	default:
		return -EINVAL;
	}
}

static long tell_mode(void)
{
	if (filters_is_strict())
		return SECCOMP_MODE_STRICT;
	/* Some may be of what proot runs in. */
	return filters_count() || proc_status_has_filters() ? SECCOMP_MODE_FILTER : SECCOMP_MODE_DISABLED;
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
		return tell_mode();
	case PR_SET_SECCOMP:
		return set_mode(call->arguments[1], call->arguments[2]);
	case PR_SET_SYSCALL_USER_DISPATCH:
		return user_dispatch_set(call->arguments);
	case PR_SET_TSC:
		plain_stop();
		return call_make(call, call->nr);
	default:
		return call_make(call, call->nr);
	}
}

long handle_seccomp(struct call *call)
{
	const unsigned long *arguments = call->arguments;

	switch ((unsigned int)arguments[0]) {
	case SECCOMP_SET_MODE_STRICT:
		return (unsigned int)arguments[1] || arguments[2] ? -EINVAL : install_strict();
	case SECCOMP_SET_MODE_FILTER:
		return install(arguments[2], (unsigned int)arguments[1]);
	default:
		return call_make(call, call->nr);
	}
}
