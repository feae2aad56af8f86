/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ptrace(2) and the calls that wait for a tracee: what the tracer asks for, and
 * what it is told. See trace.h.
 */
#include "agent/condition.h"
#include "agent/dispatch.h"
#include "agent/fault.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/sender.h"
#include "agent/signal.h"
#include "agent/trace.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <linux/elf.h>
#include <linux/fcntl.h>
#include <linux/ptrace.h>
#include <linux/uio.h>
#include <linux/wait.h>

#ifndef CLD_TRAPPED
#define CLD_TRAPPED 4 /* asm-generic/siginfo.h */
#define CLD_STOPPED 5
#endif

static long request_of(const struct call *call)
{
	return GATE_4(NR_ptrace, call->arguments[0], call->arguments[1], call->arguments[2], call->arguments[3]);
}

/* What waitpid(2) tells of it from now on comes from the beginning. */
static long attach(struct call *call, unsigned int is)
{
	unsigned long options = call->arguments[3];
	struct tracee *tracee;
	long status;

	if (is & TRACEE_IS_SEIZED)
		call->arguments[3] = trace_add_options(options);
	status = request_of(call);
	if (status)
		return status;
	tracee = tracee_take((int)call->arguments[1]);
	if (!tracee)
		return 0;
	tracee->is = TRACEE_IS_ATTACHED | is;
	trace_note_options(tracee, is & TRACEE_IS_SEIZED ? options : 0);
	return 0;
}

static long set_options(struct call *call, struct tracee *tracee)
{
	unsigned long options = call->arguments[3];
	long status;

	call->arguments[3] = trace_add_options(options);
	status = request_of(call);
	if (!status)
		trace_note_options(tracee, options);
	return status;
}

/*
 * While a program is in place and its exec is shown, the kernel is kept from making a call by its number:
 * what the tracer reads is what it would be.
 */
static long tell_exec_registers(struct call *call, const struct tracee *tracee)
{
	struct traced_registers regs;
	unsigned long at = call->arguments[3], size = sizeof(regs);
	struct iovec part;
	long status = request_of(call);

	if (status < 0)
		return status;
	if (call->arguments[0] == PTRACE_GETREGSET) {
		if (call->arguments[2] != NT_PRSTATUS || guest_read(&part, at, sizeof(part)))
			return status;
		at = (unsigned long)part.iov_base;
		size = MIN(part.iov_len, size);
	}
	if (guest_read(&regs, at, size))
		return status;
	traced_in_call(&regs, tracee->nr);
	guest_write(at, &regs, size);
	return status;
}

static long tell_exec_word(struct call *call, const struct tracee *tracee)
{
	struct traced_registers regs;

	if (call->arguments[2] % sizeof(long) || call->arguments[2] >= sizeof(regs) || !tracee_get(tracee, &regs))
		return request_of(call);
	traced_in_call(&regs, tracee->nr);
	return guest_write(call->arguments[3], (const char *)&regs + call->arguments[2], sizeof(long));
}

/* What the kernel does where a signal has interrupted a call: arch_do_signal_or_restart(). */
static void restart(struct tracee *tracee)
{
	struct traced_registers regs;

	tracee->is &= ~TRACEE_OWES_RESTART;
	if (!tracee_get(tracee, &regs) || traced_call(&regs) != tracee->nr || traced_result(&regs) > -ERESTARTSYS)
		return;
	traced_rewind(&regs);
	tracee_set(tracee, &regs);
}

/*
 * A call that is about to trap, as its row says whatever its arguments are, has no end but the one the agent tells: the
 * stop of the trap's return would have to be passed over.
 */
static void skip_trap(struct call *call, struct tracee *tracee)
{
	const struct call_row *row;
	struct traced_registers regs;

	if (call->arguments[0] != PTRACE_SYSCALL || call->arguments[3] || !tracee_get(tracee, &regs))
		return;
	row = call_find(traced_call(&regs));
	if (!row || row->action != CALL_TRAP || row->condition != WHEN_ALWAYS)
		return;
	tracee->is |= TRACEE_IS_IN_CALL;
	call->arguments[0] = PTRACE_CONT;
}

/* What the tracer has made of the call goes to the agent, which goes on with it. */
static void answer(struct call *call, struct tracee *tracee)
{
	bool is_told = call->arguments[0] == PTRACE_SYSCALL || call->arguments[0] == PTRACE_SINGLESTEP;
	struct traced_registers guest, *agent = &tracee->asking;
	struct ucontext context;
	bool is_skipped;

	if (!tracee_get(tracee, &guest) || !tracee_read(tracee->thread, tracee->context, &context, sizeof(context)))
		return;
	is_skipped = traced_call(&guest) == TRACED_NO_CALL;
	traced_to_context(&guest, &context);
	if (!is_skipped)
		registers_set_number(&context, traced_call(&guest));
	tracee_write(tracee->thread, &tracee->context->uc_mcontext, &context.uc_mcontext, sizeof(context.uc_mcontext));
	traced_set_call(agent, TRACED_NO_CALL);
	traced_set_result(agent, (is_skipped ? TRACE_SKIPS : 0) | (is_told ? TRACE_TOLD : 0));
	tracee_set(tracee, agent);
	if (!is_told)
		return;
	tracee->nr = traced_call(&guest);
	tracee->is |= TRACEE_IS_IN_CALL;
	call->arguments[0] = PTRACE_CONT;
}

/* SIGNAL, if it comes again because what SIG_DFL does is done by a handler of ours; or 0. */
static int comes_twice(const struct tracee *tracee, int signal)
{
	unsigned long faults;

	if (signal <= 0 || signal > 31 || !tracee_read(tracee->thread, fault_signals(), &faults, sizeof(faults)))
		return 0;
	return faults & SIGNAL_BIT(signal) ? signal : 0;
}

static long let_go_on(struct call *call, struct tracee *tracee)
{
	int request = (int)call->arguments[0];
	unsigned int is = tracee->is;
	struct traced_registers regs;
	long status;

	if (request != PTRACE_DETACH)
		trace_send(tracee);
	if (request == PTRACE_DETACH)
		trace_release(tracee);
	if (is & TRACEE_OWES_RESTART)
		restart(tracee);
	if (is & TRACEE_SHOWS_EXEC && tracee_get(tracee, &regs)) {
		traced_set_call(&regs, TRACED_NO_CALL);
		traced_set_result(&regs, 0);
		tracee_set(tracee, &regs);
	}
	if (is & TRACEE_SHOWS_ASK)
		answer(call, tracee);
	if (is & TRACEE_IS_ENTERING)
		skip_trap(call, tracee);
	tracee->hidden = request == PTRACE_DETACH ? 0 : comes_twice(tracee, (int)call->arguments[3]);
	tracee->request = request == PTRACE_LISTEN ? PTRACE_CONT : request;
	tracee->is &= ~(TRACEE_SHOWS_EXEC | TRACEE_SHOWS_ASK | TRACEE_IS_ENTERING);
	status = request_of(call);
	if (status)
		tracee->is = is;
	else if (request == PTRACE_DETACH)
		tracee_drop(tracee);
	return status;
}

/* What the filter has said is the only thing the kernel does not know. */
static long tell_question(struct call *call, const struct tracee *tracee)
{
	size_t at = offsetof(struct ptrace_syscall_info, seccomp.ret_data);
	uint32_t data = (uint32_t)tracee->message;
	long status = request_of(call);

	if (status > 0 && call->arguments[2] >= at + sizeof(data) &&
	    guest_write(call->arguments[3] + at, &data, sizeof(data)))
		return -EFAULT;
	return status;
}

static long set_mask(struct call *call)
{
	unsigned long mask;

	if (call->arguments[2] != SIGNAL_SET_SIZE || guest_read(&mask, call->arguments[3], sizeof(mask)))
		return request_of(call);
	mask &= ~SIGNAL_BIT(SIGSYS);
	call->arguments[3] = (unsigned long)&mask;
	return request_of(call);
}

static long tell_signal(const struct call *call, const struct tracee *tracee)
{
	siginfo_t info;
	long status = tracee_request(tracee, PTRACE_GETSIGINFO, 0, &info);

	if (status)
		return status;
	sender_tell(&info);
	return guest_write(call->arguments[3], &info, sizeof(info));
}

static long request_of_known(struct call *call, struct tracee *tracee)
{
	switch ((int)call->arguments[0]) {
	case PTRACE_CONT:
	case PTRACE_SYSCALL:
	case PTRACE_SINGLESTEP:
	case PTRACE_SINGLEBLOCK:
	case PTRACE_SYSEMU:
	case PTRACE_SYSEMU_SINGLESTEP:
	case PTRACE_LISTEN:
	case PTRACE_DETACH:
		return let_go_on(call, tracee);
	case PTRACE_SETOPTIONS:
	case PTRACE_OLDSETOPTIONS:
		return set_options(call, tracee);
	case PTRACE_GETEVENTMSG:
		if (!(tracee->is & (TRACEE_SHOWS_EXEC | TRACEE_SHOWS_ASK)))
			return request_of(call);
		return guest_write(call->arguments[3], &tracee->message, sizeof(tracee->message));
	case PTRACE_GET_SYSCALL_INFO:
		return tracee->is & TRACEE_SHOWS_ASK ? tell_question(call, tracee) : request_of(call);
	case PTRACE_GETREGS:
	case PTRACE_GETREGSET:
		return tracee->is & TRACEE_SHOWS_EXEC ? tell_exec_registers(call, tracee) : request_of(call);
	case PTRACE_PEEKUSR:
		return tracee->is & TRACEE_SHOWS_EXEC ? tell_exec_word(call, tracee) : request_of(call);
	case PTRACE_SETSIGMASK:
		return set_mask(call);
	case PTRACE_GETSIGINFO:
		return tell_signal(call, tracee);
	default:
		return request_of(call);
	}
}

/*
 * Processes that have asked to be traced. The stop of a trap would be the first stop, and who is to
 * wait for it may wait for something else: vfork(2)'s parent for the exec, others for what is written, or closed by
 * that. So they are traced when there would be a stop without us: when they execute, or stop themselves.
 */
static int expecting[16];

/* Whether the calling thread has a tracer: /proc tells. */
static bool is_traced(struct slot *slot)
{
	static const char begin[] = "\nTracerPid:\t";
	long fd = GATE_4(NR_openat, AT_FDCWD, "/proc/thread-self/status", O_RDONLY | O_CLOEXEC, 0), length;
	char *at = slot->spare;

	if (fd < 0)
		return false;
	length = GATE_3(NR_read, fd, at, sizeof(slot->spare) - 1);
	GATE_1(NR_close, fd);
	at[MAX(length, 0)] = '\0';
	while (*at && !text_begins(at, begin))
		at++;
	return *at && at[sizeof(begin) - 1] != '0';
}

static long begin_later(struct call *call)
{
	int process = (int)GATE_0(NR_getpid);

	for (size_t i = 0; i < ARRAY_SIZE(expecting); i++)
		if (__atomic_load_n(&expecting[i], __ATOMIC_RELAXED) == process)
			return -EPERM;
	if (is_traced(call->slot))
		return -EPERM;
	for (size_t i = 0; i < ARRAY_SIZE(expecting); i++) {
		int none = 0;

		if (__atomic_compare_exchange_n(&expecting[i], &none, process, false, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED)) {
			fault_catch_all();
			return 0;
		}
	}
	return request_of(call);
}

bool trace_is_expected(void)
{
	int any = 0;

	for (size_t i = 0; i < ARRAY_SIZE(expecting); i++)
		any |= __atomic_load_n(&expecting[i], __ATOMIC_RELAXED);
	return any;
}

bool trace_begin(void)
{
	int process;

	if (!trace_is_expected())
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(expecting); i++) {
		process = (int)GATE_0(NR_getpid);
		if (__atomic_compare_exchange_n(&expecting[i], &process, 0, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return !GATE_4(NR_ptrace, PTRACE_TRACEME, 0, 0, 0);
	}
	return false;
}

bool trace_begin_with(int signal, const siginfo_t *info)
{
	if (!trace_begin())
		return false;
	/* It is blocked until the handler returns. */
	GATE_4(NR_rt_tgsigqueueinfo, GATE_0(NR_getpid), GATE_0(NR_gettid), signal, info);
	return true;
}

/* The next stop is what is asked for, and may be one that is not shown. */
static long interrupt(struct call *call)
{
	struct tracee *tracee = tracee_find((int)call->arguments[1]);
	long status = request_of(call);

	if (!status && tracee)
		tracee->is |= TRACEE_OWES_INTERRUPT;
	return status;
}

long handle_ptrace(struct call *call)
{
	struct tracee *tracee;

	if (image_data()->flags & IMAGE_TRACE_AGENT)
		return request_of(call);
	if ((int)call->arguments[0] == PTRACE_TRACEME)
		return begin_later(call);
	if ((int)call->arguments[0] == PTRACE_ATTACH)
		return attach(call, 0);
	if ((int)call->arguments[0] == PTRACE_SEIZE)
		return attach(call, TRACEE_IS_SEIZED);
	if ((int)call->arguments[0] == PTRACE_INTERRUPT)
		return interrupt(call);
	tracee = tracee_find((int)call->arguments[1]);
	return tracee && tracee->is & TRACEE_IS_GUEST ? request_of_known(call, tracee) : request_of(call);
}

static bool is_stop(int status)
{
	return (status & 0xff) == 0x7f;
}

/* Where the kernel has put the status. */
static int *status_of(const struct call *call)
{
	return (int *)call->slot->spare;
}

static long finish_wait4(struct slot *slot, long result)
{
	int *status = status_of(&slot->call);

	if (result <= 0)
		return result;
	if (is_stop(*status)) {
		if (!trace_shows((int)result, status))
			return CALL_ANEW;
	} else if (*status != 0xffff) {
		trace_forget((int)result);
	}
	if (slot->call.original[1] && guest_write(slot->call.original[1], status, sizeof(*status)))
		return -EFAULT;
	return result;
}

/* Who does not want to wait need not leave the agent for it. */
static long make_now(struct call *call, slot_finish *finish)
{
	long result;

	do
		result = finish(call->slot, call_make(call, call->nr));
	while (result == CALL_ANEW);
	return result;
}

long handle_wait4(struct call *call)
{
	call->arguments[1] = (unsigned long)status_of(call);
	if (call->arguments[2] & WNOHANG)
		return make_now(call, finish_wait4);
	return call_resume(call, call->nr, finish_wait4);
}

/* The fields that the kernel writes, whatever the result: waitid(), kernel/exit.c. */
static long write_info(unsigned long at, const siginfo_t *info)
{
	size_t head = offsetof(siginfo_t, si_code) + sizeof(info->si_code);
	size_t child = offsetof(siginfo_t, si_pid), end = offsetof(siginfo_t, si_status) + sizeof(info->si_status);
	long status = guest_write(at, info, head);

	return status ? status : guest_write(at + child, (const char *)info + child, end - child);
}

static long finish_waitid(struct slot *slot, long result)
{
	siginfo_t *info = (siginfo_t *)slot->spare;
	int status;

	if (!result && info->si_pid && (info->si_code == CLD_TRAPPED || info->si_code == CLD_STOPPED)) {
		status = info->si_status << 8 | 0x7f;
		if (!trace_shows(info->si_pid, &status))
			return CALL_ANEW;
		info->si_status = is_stop(status) ? status >> 8 : info->si_status;
	} else if (!result && info->si_pid && info->si_code < CLD_TRAPPED && !(slot->call.original[3] & WNOWAIT)) {
		trace_forget(info->si_pid);
	}
	if (!result && info->si_pid)
		sender_tell(info);
	return slot->call.original[2] && write_info(slot->call.original[2], info) ? -EFAULT : result;
}

long handle_waitid(struct call *call)
{
	call->arguments[2] = (unsigned long)call->slot->spare;
	if (call->arguments[3] & WNOHANG)
		return make_now(call, finish_waitid);
	return call_resume(call, call->nr, finish_waitid);
}

void trace_tell_start(const unsigned long *stack_pointer, unsigned long entry, unsigned long mask)
{
	GATE_3(TELL_NUMBER, stack_pointer, entry, mask);
}

/* The number may be another then. */
static long make_changed(struct call *call, unsigned long nr)
{
	const unsigned long *arguments = call->arguments;
	const struct call_row *row = call_find(nr);

	if (row && row->action == CALL_TRAP && condition_holds(row, arguments)) {
		call->row = row;
		call->nr = row->nr;
		return row->handler(call);
	}
	return gate((long)nr, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}

long trace_ask(struct call *call, unsigned long data, call_handler *handle)
{
	long decision = GATE_2(TELL_ASK_NUMBER, data, call->context);

	if (decision < 0)
		return decision;
	if (decision & TRACE_TOLD)
		call->slot->told = 1;
	if (decision & TRACE_SKIPS)
		return registers_result(call->context);
	registers_arguments(call->context, call->arguments);
	memcpy(call->original, call->arguments, sizeof(call->original));
	if (registers_number(call->context) == call->nr)
		return handle(call);
	return make_changed(call, registers_number(call->context));
}
