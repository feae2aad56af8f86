/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a stopped tracee comes out of its agent: what agent/signal.c does inside a
 * process when a signal comes, done from outside.
 */
#include "agent/clone.h"
#include "agent/fast.h"
#include "agent/gate.h"
#include "agent/patch.h"
#include "agent/signal.h"
#include "agent/trace.h"
#include "agent/translate.h"
#include <linux/ptrace.h>
#include <linux/wait.h>

#define STEPS_MOST 1000000

bool trace_is_in_agent(const struct tracee *tracee, unsigned long at)
{
	if (at >= (unsigned long)agent_image_start && at < (unsigned long)agent_image_end)
		return true;
	return patch_is_stub_of(tracee->thread, at);
}

static bool is_interrupted(long result)
{
	return result <= -ERESTARTSYS && result >= -ERESTART_RESTARTBLOCK;
}

/* What SLOT, or a child's record, says where the call was made. */
static bool read_saved(const struct tracee *tracee, const struct slot *slot, struct saved_registers *saved)
{
	return tracee_read(tracee->thread, &slot->saved, saved, sizeof(*saved));
}

/* Give SLOT back, and what it holds to who takes it next: slot_take(). */
static void abandon(const struct tracee *tracee, struct slot *slot)
{
	static const int head[2] = { 0, 1 };

	_Static_assert(offsetof(struct slot, is_abandoned) == sizeof(int), "head");
	tracee_write(tracee->thread, slot, head, sizeof(head));
}

static void free_child(const struct tracee *tracee, struct clone_child *child)
{
	static const unsigned int none;

	tracee_write(tracee->thread, &child->owner, &none, sizeof(none));
}

static void set_from(struct traced_registers *regs, const struct ucontext *context, unsigned long call)
{
	traced_from_context(regs, context);
	traced_set_call(regs, call);
}

long trace_interrupted_result(unsigned long nr)
{
	switch (nr) {
	case NR_rt_sigsuspend:
	case NR_ppoll:
	case NR_pselect6:
		return -ERESTARTNOHAND;
	case NR_clone3:
		return -ERESTARTNOINTR;
	default:
		return -ERESTARTSYS;
	}
}

/* In a call that waits, or about to make it: SLOT's. As if it had begun then, too, and been interrupted. */
static bool leave_slot(struct tracee *tracee, struct traced_registers *regs, struct ucontext *context, bool is_made)
{
	struct slot *slot = registers_slot(context);
	struct saved_registers saved;
	unsigned long nr;

	if (!read_saved(tracee, slot, &saved))
		return false;
	nr = registers_saved_number(&saved);
	registers_finish(context, &saved, is_made ? registers_result(context) : trace_interrupted_result(nr));
	set_from(regs, context, nr);
	abandon(tracee, slot);
	return tracee_set(tracee, regs);
}

/* The call has returned. What is left to do, if anything, is done by the agent. */
static bool leave_made(struct tracee *tracee, struct traced_registers *regs, struct ucontext *context)
{
	struct slot *slot = registers_slot(context);
	long result = registers_result(context);
	slot_finish *finish;
	bool is_open = registers_instruction(context) == (unsigned long)gate_open_done;

	if (is_interrupted(result))
		return leave_slot(tracee, regs, context, true);
	if (!tracee_read(tracee->thread, &slot->finish, &finish, sizeof(finish)) || finish)
		return false;
	if (is_open && (result == -ELOOP || result == -ENOENT || result == -ENOTDIR)) {
		/* It may have to be made another way. Either way it traps at its end. */
		finish = slot_finish_nothing;
		tracee_write(tracee->thread, &slot->finish, &finish, sizeof(finish));
		return false;
	}
	return leave_slot(tracee, regs, context, true);
}

/* clone3 has returned in the child. One without handlers gets ours by its own hand. */
static bool leave_child(struct tracee *tracee, struct traced_registers *regs, struct ucontext *context)
{
	struct clone_child *child = registers_child(context), copy;

	if (!tracee_read(tracee->thread, child, &copy, sizeof(copy)) || copy.has_lost_ours)
		return false;
	registers_finish(context, &copy.saved, 0);
	set_from(regs, context, registers_saved_number(&copy.saved));
	free_child(tracee, child);
	return tracee_set(tracee, regs);
}

static bool leave_cloned(struct tracee *tracee, struct traced_registers *regs, struct ucontext *context)
{
	long result = registers_result(context);

	if (!result)
		return leave_child(tracee, regs, context);
	if (!leave_made(tracee, regs, context))
		return false;
	if (result < 0 || !registers_child_is_shared(context))
		free_child(tracee, registers_child(context));
	return true;
}

/* In clone3, which has not returned yet: the kernel puts the result into the guest's registers then. */
bool trace_leave_cloning(struct tracee *tracee, struct traced_registers *regs)
{
	struct ucontext context;
	struct slot *slot;
	slot_finish *finish;

	traced_to_context(regs, &context);
	slot = registers_slot(&context);
	if (traced_instruction(regs) != (unsigned long)gate_clone3_done ||
	    !tracee_read(tracee->thread, &slot->finish, &finish, sizeof(finish)) || finish)
		return false;
	if (!registers_child_is_shared(&context))
		free_child(tracee, registers_child(&context));
	return leave_slot(tracee, regs, &context, true);
}

/* An open from a patched site, the only one of those calls that waits elsewhere than the others. */
static bool leave_fast_open(struct tracee *tracee, struct traced_registers *regs, struct ucontext *context)
{
	bool is_made = registers_instruction(context) == (unsigned long)gate_fast_opened;
	struct fast_frame *frame = registers_fast_frame(context);
	static const unsigned long none;
	struct fast_registers saved;
	unsigned long nr;

	if ((is_made && !is_interrupted(registers_result(context))) ||
	    !tracee_read(tracee->thread, &frame->registers, &saved, sizeof(saved)))
		return false;
	nr = saved.result & 0xffffffff;
	saved.result = (unsigned long)trace_interrupted_result(nr);
	registers_from_fast(context, &saved);
	set_from(regs, context, nr);
	tracee_write(tracee->thread, &frame->self, &none, sizeof(none));
	return tracee_set(tracee, regs);
}

/* On its way from a patched site to the gate: its mask is the slot's yet. */
static bool leave_unmasking(struct tracee *tracee, struct traced_registers *regs, struct ucontext *context)
{
	struct slot *slot = registers_slot(context);
	unsigned long mask;

	if (!tracee_read(tracee->thread, &slot->mask, &mask, sizeof(mask)))
		return false;
	tracee_request(tracee, PTRACE_SETSIGMASK, SIGNAL_SET_SIZE, &mask);
	return leave_slot(tracee, regs, context, false);
}

bool trace_is_about_to_wait(const struct traced_registers *regs)
{
	unsigned long at = traced_instruction(regs);

	return at == (unsigned long)gate_blocking || at == (unsigned long)gate_open || at == (unsigned long)gate_clone3;
}

bool trace_is_made(const struct traced_registers *regs)
{
	unsigned long at = traced_instruction(regs);

	return at == (unsigned long)gate_blocking_done || at == (unsigned long)gate_open_done;
}

bool trace_leave_gate(struct tracee *tracee, struct traced_registers *regs)
{
	unsigned long at = traced_instruction(regs);
	struct ucontext context;

	traced_to_context(regs, &context);
	if (at == (unsigned long)gate_blocking_done || at == (unsigned long)gate_open_done)
		return leave_made(tracee, regs, &context);
	if (at == (unsigned long)gate_blocking || at == (unsigned long)gate_open)
		return leave_slot(tracee, regs, &context, false);
	if (at == (unsigned long)gate_clone3_done)
		return leave_cloned(tracee, regs, &context);
	if (at == (unsigned long)gate_fast_cloned && !traced_result(regs))
		return leave_child(tracee, regs, &context);
	if (at == (unsigned long)gate_clone3) {
		free_child(tracee, registers_child(&context));
		return leave_slot(tracee, regs, &context, false);
	}
	if (at >= (unsigned long)gate_unmask && at < (unsigned long)gate_unmask_end)
		return leave_unmasking(tracee, regs, &context);
	if (at == (unsigned long)gate_fast_open || at == (unsigned long)gate_fast_opened)
		return leave_fast_open(tracee, regs, &context);
	return false;
}

/* One step, by which SIGNAL is delivered: what waitpid(2) says then. */
static bool step(const struct tracee *tracee, int signal, int *status)
{
	return !tracee_request(tracee, PTRACE_SINGLESTEP, 0, (void *)(long)signal) &&
	       GATE_4(NR_wait4, tracee->thread, status, __WALL, NULL) == tracee->thread && (*status & 0xff) == 0x7f;
}

/* Stops that came between the steps, and have to come again behind them. */
struct between {
	bool is_stopped;
	bool is_interrupted;
};

/* Which signal the next step delivers: those of the processor are the agent's. */
static int pass_on(int status, struct between *between)
{
	int signal = status >> 8 & 0xff;

	if (status >> 16 == PTRACE_EVENT_STOP)
		between->is_interrupted = true;
	else if (signal == SIGSTOP)
		between->is_stopped = true;
	return signal == SIGSYS || signal == SIGSEGV || signal == SIGBUS ? signal : 0;
}

static bool is_out(struct tracee *tracee, struct traced_registers *regs)
{
	return !trace_is_in_agent(tracee, traced_instruction(regs)) || trace_leave_gate(tracee, regs);
}

bool trace_step_out(struct tracee *tracee, int *status)
{
	static const unsigned long all = TRACE_BLOCKED;
	unsigned long mask = 0, mask_then = 0;
	struct between between = { 0 };
	struct traced_registers regs;
	int signal = 0;

	tracee_request(tracee, PTRACE_GETSIGMASK, SIGNAL_SET_SIZE, &mask);
	tracee_request(tracee, PTRACE_SETSIGMASK, SIGNAL_SET_SIZE, &all);
	for (unsigned int i = 0; i < STEPS_MOST && tracee_get(tracee, &regs) && !is_out(tracee, &regs); i++) {
		if (!step(tracee, signal, status))
			return false;
		signal = pass_on(*status, &between);
	}
	/* Unless the agent has set it meanwhile. */
	tracee_request(tracee, PTRACE_GETSIGMASK, SIGNAL_SET_SIZE, &mask_then);
	if (mask_then == all)
		tracee_request(tracee, PTRACE_SETSIGMASK, SIGNAL_SET_SIZE, &mask);
	if (between.is_stopped)
		GATE_2(NR_tkill, tracee->thread, SIGSTOP);
	if (between.is_interrupted)
		tracee_request(tracee, PTRACE_INTERRUPT, 0, NULL);
	return true;
}
