/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/fault.h"
#include "agent/gate.h"
#include "agent/guest_memory.h"
#include <linux/signal.h>

#define SIGNALS 2 /* SIGSEGV and SIGBUS */

/* NEVER: the guest ignores one of them, and the kernel kills who ignores a fault. */
static enum { NOT_YET, CAUGHT, NEVER } state;

/* What the guest has set where ours is: SIG_DFL, with whatever flags. */
static struct disposition defaults[SIGNALS];
static unsigned long replaced; /* a mask of signals */

/* Those whose handler has asked for no siginfo_t. The kernel writes it all the same: fault_is_of_reading() reads it. */
static unsigned long without_siginfo;

static int index_of(int signal)
{
	return signal == SIGSEGV ? 0 : signal == SIGBUS ? 1 : -1;
}

/*
 * SIG_DFL, as far as it can be seen: the same signal once more, with what it tells, where it
 * came. It is blocked until this returns.
 */
static void end_by_default(int signal, siginfo_t *info, void *context)
{
	static const struct disposition none = { .handler = DISPOSITION_DEFAULT };
	int index = index_of(signal);

	(void)context;
	GATE_4(NR_rt_sigaction, signal, index >= 0 ? &defaults[index] : &none, NULL, SIGNAL_SET_SIZE);
	GATE_4(NR_rt_tgsigqueueinfo, GATE_0(NR_getpid), GATE_0(NR_gettid), signal, info);
}

static void make_ours(struct disposition *disposition)
{
	*disposition = (struct disposition){
		.handler = signal_trampoline((unsigned long)end_by_default),
		.flags = SA_SIGINFO | SA_RESTORER,
		.restorer = (unsigned long)gate_sigreturn,
		.mask = ~SIGNAL_BIT(SIGSYS),
	};
}

static void set_bit(unsigned long *mask, int signal, bool is_set)
{
	if (is_set)
		__atomic_fetch_or(mask, SIGNAL_BIT(signal), __ATOMIC_RELEASE);
	else
		__atomic_fetch_and(mask, ~SIGNAL_BIT(signal), __ATOMIC_RELEASE);
}

/* Whether a fault would come to us, now that it is asked for. */
static bool take(int signal)
{
	struct disposition old, ours;
	int index = index_of(signal);

	if (GATE_4(NR_rt_sigaction, signal, NULL, &old, SIGNAL_SET_SIZE) || old.handler == DISPOSITION_IGNORE)
		return false;
	make_ours(&ours);
	if (old.handler != DISPOSITION_DEFAULT)
		return signal_handler_behind(old.handler) != old.handler;
	if (signal_handler_behind(ours.handler) == ours.handler)
		return false;
	defaults[index] = old;
	set_bit(&replaced, signal, true);
	return !GATE_4(NR_rt_sigaction, signal, &ours, NULL, SIGNAL_SET_SIZE);
}

bool fault_is_caught(void)
{
	if (state == NOT_YET) {
		bool is_caught = take(SIGSEGV) && take(SIGBUS);

		__atomic_store_n(&state, is_caught ? CAUGHT : NEVER, __ATOMIC_RELEASE);
	}
	return state == CAUGHT;
}

void fault_catch_all(void)
{
	static const int others[] = { SIGILL, SIGTRAP, SIGFPE };
	struct disposition old, ours;

	fault_is_caught();
	make_ours(&ours);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		if (GATE_4(NR_rt_sigaction, others[i], NULL, &old, SIGNAL_SET_SIZE) ||
		    old.handler != DISPOSITION_DEFAULT || signal_handler_behind(ours.handler) == ours.handler)
			continue;
		set_bit(&replaced, others[i], true);
		GATE_4(NR_rt_sigaction, others[i], &ours, NULL, SIGNAL_SET_SIZE);
	}
}

bool fault_is_of_reading(int signal, const siginfo_t *info, const struct ucontext *context)
{
	unsigned long at = registers_instruction(context);

	if (at < (unsigned long)agent_reading_start || at >= (unsigned long)agent_reading_end || index_of(signal) < 0 ||
	    info->si_code <= 0)
		return false;
	guest_forget_pages();
	return true;
}

void fault_replace(int signal, struct disposition *new)
{
	if (index_of(signal) < 0)
		return;
	if (new->handler > DISPOSITION_IGNORE)
		new->flags |= SA_SIGINFO;
	if (new->handler == DISPOSITION_IGNORE && state == CAUGHT)
		__atomic_store_n(&state, NEVER, __ATOMIC_RELEASE);
	if (new->handler == DISPOSITION_DEFAULT && state == CAUGHT)
		make_ours(new);
}

void fault_tell(int signal, const struct disposition *new, struct disposition *old)
{
	bool is_ours = signal_handler_behind(old->handler) == (unsigned long)end_by_default;
	int index = index_of(signal);

	if (index < 0 && is_ours) {
		*old = (struct disposition){ .handler = DISPOSITION_DEFAULT };
		set_bit(&replaced, signal, !new);
	}
	if (index < 0)
		return;
	if (is_ours)
		*old = defaults[index];
	else if (without_siginfo & SIGNAL_BIT(signal))
		old->flags &= ~(unsigned long)SA_SIGINFO;
	if (!new)
		return;
	if (new->handler == DISPOSITION_DEFAULT)
		defaults[index] = *new;
	set_bit(&replaced, signal, new->handler == DISPOSITION_DEFAULT &&state == CAUGHT);
	set_bit(&without_siginfo, signal, new->handler > DISPOSITION_IGNORE && !(new->flags &SA_SIGINFO));
}

const unsigned long *fault_signals(void)
{
	return &replaced;
}
