/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/signal.h"
#include "agent/dispatch.h"
#include "agent/gate.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/stacks.h"
#include <linux/signal.h>

/* struct sigaction of the kernel: asm/signal.h has it under a name that depends on the header's age. */
struct disposition {
	unsigned long handler;
	unsigned long flags;
	unsigned long restorer;
	unsigned long mask;
};

#define DISPOSITION_DEFAULT 0ul
#define DISPOSITION_IGNORE 1ul

/* Handlers of the guest, by trampoline. Entries are added, never changed: a vfork child shares them. */
unsigned long agent_guest_handlers[TRAMPOLINE_COUNT];

/* What the guest believes to have set for SIGSYS. */
static struct disposition own_sigsys;

static long set_disposition(int signal, const struct disposition *new, struct disposition *old)
{
	return GATE_4(NR_rt_sigaction, signal, new, old, SIGNAL_SET_SIZE);
}

void signal_start(bool ignored)
{
	struct disposition ours = {
		.handler = (unsigned long)agent_sigsys,
		.flags = SA_SIGINFO | SA_ONSTACK | SA_RESTORER,
		.restorer = (unsigned long)gate_sigreturn,
		.mask = ~0ul,
	};

	own_sigsys.handler = ignored ? DISPOSITION_IGNORE : DISPOSITION_DEFAULT;
	set_disposition(SIGSYS, &ours, NULL);
}

bool signal_is_ignored(void)
{
	return own_sigsys.handler == DISPOSITION_IGNORE;
}

/* The trampoline for HANDLER; HANDLER itself once all are taken, which costs only what signal_leave_gate() gives. */
static unsigned long trampoline_for(unsigned long handler)
{
	for (unsigned int i = 0; i < TRAMPOLINE_COUNT; i++) {
		unsigned long free = 0;

		if (!__atomic_load_n(&agent_guest_handlers[i], __ATOMIC_ACQUIRE))
			__atomic_compare_exchange_n(&agent_guest_handlers[i], &free, handler, false, __ATOMIC_ACQ_REL,
						    __ATOMIC_ACQUIRE);
		if (agent_guest_handlers[i] == handler)
			return (unsigned long)agent_trampolines + (unsigned long)i * TRAMPOLINE_SIZE;
	}
	return handler;
}

static unsigned long handler_behind(unsigned long trampoline)
{
	unsigned long offset = trampoline - (unsigned long)agent_trampolines;

	if (offset >= TRAMPOLINE_COUNT * TRAMPOLINE_SIZE)
		return trampoline;
	return agent_guest_handlers[offset / TRAMPOLINE_SIZE];
}

static long exchange(int signal, const struct disposition *new, struct disposition *old)
{
	struct disposition kernel_new;

	if (signal == SIGSYS) {
		*old = own_sigsys;
		if (new)
			own_sigsys = *new;
		return 0;
	}
	if (new) {
		kernel_new = *new;
		kernel_new.mask &= ~SIGNAL_BIT(SIGSYS);
		if (new->handler > DISPOSITION_IGNORE)
			kernel_new.handler = trampoline_for(new->handler);
	}
	return set_disposition(signal, new ? &kernel_new : NULL, old);
}

long handle_sigaction(struct call *call)
{
	int signal = (int)call->arguments[0];
	struct disposition new, old;
	long status;

	if (call->arguments[3] != SIGNAL_SET_SIZE)
		return -EINVAL;
	if (call->arguments[1] && guest_read(&new, call->arguments[1], sizeof(new)))
		return -EFAULT;
	status = exchange(signal, call->arguments[1] ? &new : NULL, &old);
	if (status || !call->arguments[2])
		return status;
	old.handler = handler_behind(old.handler);
	return guest_write(call->arguments[2], &old, sizeof(old));
}

void signal_kill_self(int signal)
{
	static const struct disposition fatal = { .handler = DISPOSITION_DEFAULT };
	unsigned long mask = SIGNAL_BIT(signal);

	set_disposition(signal, &fatal, NULL);
	GATE_4(NR_rt_sigprocmask, SIG_UNBLOCK, &mask, 0, SIGNAL_SET_SIZE);
	GATE_3(NR_tgkill, GATE_0(NR_getpid), GATE_0(NR_gettid), signal);
}

unsigned long signal_deliver_own(struct slot *slot, struct ucontext *context)
{
	unsigned long mask;

	if (own_sigsys.handler == DISPOSITION_IGNORE)
		return (unsigned long)context;
	if (own_sigsys.handler == DISPOSITION_DEFAULT)
		signal_kill_self(SIGSYS);
	/* The guest's handler makes calls of its own, so SIGSYS stays open in it. */
	mask = (context->uc_sigmask | own_sigsys.mask) & ~SIGNAL_BIT(SIGSYS);
	slot->deliver = own_sigsys.handler;
	GATE_4(NR_rt_sigprocmask, SIG_SETMASK, &mask, 0, SIGNAL_SET_SIZE);
	return 0;
}

/* Behind the gate: the result is in the slot once the number of the finishing trap has replaced it. */
static void roll_forward(struct ucontext *context)
{
	struct slot *slot = registers_slot(context);
	long result = registers_result(context);

	if (result == FINISH_NUMBER)
		result = slot->result;
	if (result == -ELOOP && slot->call.retry) {
		/* An attempt that changed nothing: let the guest begin anew. */
		registers_rewind(context, &slot->saved);
		slot_free(slot);
		return;
	}
	if (slot->finish)
		result = agent_call_on((char *)slot + SLOT_SIZE, slot->finish, slot, result);
	registers_finish(context, &slot->saved, result);
	slot_free(slot);
}

void signal_leave_gate(struct ucontext *context)
{
	unsigned long at = registers_instruction(context);
	struct slot *slot;

	if (at == (unsigned long)gate_blocking || at == (unsigned long)gate_open) {
		slot = registers_slot(context);
		registers_rewind(context, &slot->saved);
		slot_free(slot);
	} else if ((at >= (unsigned long)gate_open_done && at < (unsigned long)gate_restored) ||
		   at == (unsigned long)agent_finish_site) {
		roll_forward(context);
	} else if (at >= (unsigned long)gate_restored && at <= (unsigned long)gate_freed) {
		slot = registers_late_slot(context);
		if (at < (unsigned long)gate_freed) {
			registers_restore_late(context, &slot->saved);
			slot_free(slot);
		}
		registers_leave_late(context);
	}
}

/*
 * The guest's frame may hold a mask it has written itself (QEMU does so for
 * every signal). The kernel takes the frame from the stack pointer.
 */
long handle_sigreturn(struct call *call)
{
	unsigned long frame = registers_stack(call->context);
	unsigned long mask_at = frame + offsetof(struct ucontext, uc_sigmask), mask;

	if (!guest_read(&mask, mask_at, sizeof(mask)) && mask & SIGNAL_BIT(SIGSYS)) {
		mask &= ~SIGNAL_BIT(SIGSYS);
		guest_write(mask_at, &mask, sizeof(mask));
	}
	stack_leave_guest_frame(call, (struct ucontext *)frame);
	call->leave_stack = frame;
	return 0;
}

/* The kernel restores the alternate stack from our own frame, so that is where a new one goes. */
long handle_sigaltstack(struct call *call)
{
	stack_t new, old;
	long status;

	if (call->arguments[0] && guest_read(&new, call->arguments[0], sizeof(new)))
		return -EFAULT;
	status = stack_exchange(call, call->arguments[0] ? &new : NULL, &old);
	if (status || !call->arguments[1])
		return status;
	return guest_write(call->arguments[1], &old, sizeof(old));
}
