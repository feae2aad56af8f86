/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dispatch.h"
#include "agent/gate.h"
#include "agent/handlers.h"
#include "agent/log.h"
#include "agent/signal.h"
#include "image/filter_data.h"

#ifndef SYS_SECCOMP
#define SYS_SECCOMP 1 /* asm-generic/siginfo.h, left out by some headers */
#endif

long call_make(const struct call *call, unsigned long nr)
{
	const unsigned long *arguments = call->arguments;

	return gate((long)nr, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}

/* -v 3 wants the result, so every call that waits has something left to do. */
static long finish_logged(struct slot *slot, long result)
{
	if (slot->call.finish)
		result = slot->call.finish(slot, result);
	log_call(&slot->call, result);
	return result;
}

static long resume_at(struct call *call, const char *gate_at, unsigned long nr, const unsigned long arguments[6],
		      slot_finish *finish)
{
	struct slot *slot = call->slot;

	call->finish = finish;
	slot->finish = image_data()->verbosity >= 3 ? finish_logged : finish;
	slot->keep = 1;
	registers_enter_gate(call->context, &slot->saved, slot, (unsigned long)gate_at, nr, arguments);
	return CALL_RESUME;
}

long call_resume(struct call *call, unsigned long nr, slot_finish *finish)
{
	call->retry = NULL;
	return resume_at(call, gate_blocking, nr, call->arguments, finish);
}

long call_resume_open(struct call *call, int directory, const char *path, const struct open_how *how,
		      call_handler *retry)
{
	const unsigned long arguments[6] = { (unsigned long)directory, (unsigned long)path, (unsigned long)how,
					     sizeof(*how) };

	call->retry = retry;
	return resume_at(call, gate_open, NR_openat2, arguments, NULL);
}

/* A call that waited at the gate has its result, and something is left to do. */
static void finish_call(struct ucontext *context)
{
	struct slot *slot = registers_slot(context);
	long result = slot->result;

	registers_finish(context, &slot->saved, result);
	if (result == -ELOOP && slot->call.retry) {
		/* As at the site, in case the call has to be made from there again. */
		registers_set_result(context, (long)slot->call.nr);
		slot->call.context = context;
		result = slot->call.retry(&slot->call);
		if (result == CALL_RESUME)
			return;
		log_call(&slot->call, result);
	} else if (slot->finish) {
		result = slot->finish(slot, result);
	}
	registers_set_result(context, result);
	slot_free(slot);
}

static void handle_call(struct slot *slot, const struct call_row *row, struct ucontext *context)
{
	struct call *call = &slot->call;
	long result;

	*call = (struct call){ .row = row, .slot = slot, .context = context, .nr = row->nr };
	registers_arguments(context, call->arguments);
	memcpy(call->original, call->arguments, sizeof(call->original));
	result = row->handler(call);
	if (result == CALL_RESUME)
		return;
	log_call(call, result);
	/* The handler may have moved the frame, or left it for the guest's own. */
	if (row->nr != NR_rt_sigreturn)
		registers_set_result(call->context, result);
}

unsigned long agent_signal(struct slot *slot, const siginfo_t *info, struct ucontext *context)
{
	unsigned long nr = registers_number(context);
	const struct call_row *row = call_find(nr);
	bool is_trap = info->si_code == SYS_SECCOMP && info->si_errno == FILTER_TRAP_DATA;

	slot->call.leave_stack = 0;
	if (is_trap && nr == FINISH_NUMBER &&
	    registers_instruction(context) == (unsigned long)agent_finish_site + ARCH_SYSCALL_SIZE)
		finish_call(context);
	else if (is_trap && row && row->action == CALL_TRAP)
		handle_call(slot, row, context);
	else if (is_trap)
		registers_set_result(context, -ENOSYS); /* the number of the finishing trap, made by the guest */
	else
		return signal_deliver_own(slot, context);
	return slot->call.leave_stack ? slot->call.leave_stack : (unsigned long)context;
}
