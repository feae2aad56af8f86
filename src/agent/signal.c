/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/signal.h"
#include "agent/clone.h"
#include "agent/dispatch.h"
#include "agent/fast.h"
#include "agent/fault.h"
#include "agent/gate.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/notify.h"
#include "agent/patch.h"
#include "agent/pin.h"
#include "agent/proc.h"
#include "agent/sender.h"
#include "agent/sigsys.h"
#include "agent/stacks.h"
#include "agent/trace.h"
#include "image/state.h"
#include <linux/signal.h>

/* Handlers of the guest, by trampoline. Entries are added, never changed: a vfork child shares them. */
unsigned long agent_guest_handlers[TRAMPOLINE_COUNT] AGENT_LARGE;

const struct disposition agent_disposition = {
	.handler = (unsigned long)agent_sigsys,
	.flags = SA_SIGINFO | SA_ONSTACK | SA_RESTORER,
	.restorer = (unsigned long)gate_sigreturn,
	.mask = ~0ul,
};

static long set_disposition(int signal, const struct disposition *new, struct disposition *old)
{
	return GATE_4(NR_rt_sigaction, signal, new, old, SIGNAL_SET_SIZE);
}

/*
 * Whether a thread believes SIGSYS to be blocked, its mask tells: who blocks all
 * others of the old signals, as around the start and end of a thread, blocks it, too. Those that
 * differ are here, by thread number. A table that forgets: of two threads that
 * share a place the later counts.
 */
static int differing_threads[64] __attribute__((aligned(8)));

#define OLD_SIGNALS (SIGNAL_BIT(32) - 1)

bool signal_seems_blocked(unsigned long mask)
{
	return (mask | NEVER_BLOCKED) % SIGNAL_BIT(32) == OLD_SIGNALS;
}

static int *place_of(int thread)
{
	return &differing_threads[(unsigned int)thread % ARRAY_SIZE(differing_threads)];
}

bool signal_any_differs(void)
{
	const uint64_t *places = (const uint64_t *)differing_threads;
	uint64_t any = 0;

	for (size_t i = 0; i < sizeof(differing_threads) / (sizeof(*places)); i++)
		any |= __atomic_load_n(places + i, __ATOMIC_RELAXED);
	return any;
}

/* In a copy of the memory a child of the first thread is what that was; of another it is not known. */
static void settle_differing(int thread)
{
	static unsigned int generation;
	unsigned int now = slot_generation();
	int parent;

	if (generation == now)
		return;
	parent = (int)GATE_0(NR_getppid);
	if (generation && __atomic_load_n(place_of(parent), __ATOMIC_RELAXED) == parent)
		__atomic_store_n(place_of(thread), thread, __ATOMIC_RELAXED);
	generation = now;
}

static bool differs(int thread)
{
	settle_differing(thread);
	return __atomic_load_n(place_of(thread), __ATOMIC_RELAXED) == thread;
}

bool signal_is_blocked(unsigned long mask)
{
	return signal_seems_blocked(mask) ^ (signal_any_differs() && differs((int)GATE_0(NR_gettid)));
}

void signal_set_blocked(unsigned long mask, bool is_blocked)
{
	bool is_other = is_blocked != signal_seems_blocked(mask);
	int thread;

	if (!is_other && !signal_any_differs())
		return;
	thread = (int)GATE_0(NR_gettid);
	if (differs(thread) || is_other)
		__atomic_store_n(place_of(thread), is_other ? thread : 0, __ATOMIC_RELAXED);
}

/*
 * Ours in the kernel, with what the guest's own says of calls that it interrupts; those that trap are not begun. What
 * is ignored natively interrupts nothing.
 */
static void install_own(const struct disposition *own)
{
	struct disposition disposition = agent_disposition;

	if (own->handler == DISPOSITION_IGNORE || own->flags & SA_RESTART)
		disposition.flags |= SA_RESTART;
	set_disposition(SIGSYS, &disposition, NULL);
}

void signal_start(uint32_t flags, unsigned long mask)
{
	sigsys_start(flags & STATE_SIGSYS_IGNORED ? DISPOSITION_IGNORE : DISPOSITION_DEFAULT);
	signal_set_blocked(mask, flags & STATE_SIGSYS_BLOCKED);
	install_own(sigsys_own());
}

bool signal_read_facts(long thread, struct signal_facts *facts)
{
	struct disposition own;

	_Static_assert(sizeof(facts->differing_threads) == sizeof(differing_threads), "signal.h");
	if (!sigsys_read(thread, &own) ||
	    !proc_read_agent(thread, fault_signals(), &facts->faults, sizeof(facts->faults)) ||
	    !proc_read_agent(thread, differing_threads, facts->differing_threads, sizeof(differing_threads)))
		return false;
	facts->catches = own.handler > DISPOSITION_IGNORE;
	facts->ignores = own.handler == DISPOSITION_IGNORE;
	return true;
}

bool signal_blocks(const struct signal_facts *facts, int thread, unsigned long mask)
{
	return signal_seems_blocked(mask) ^
	       (facts->differing_threads[(unsigned int)thread % ARRAY_SIZE(facts->differing_threads)] == thread);
}

unsigned long *signal_own_handler(void)
{
	struct disposition *own = sigsys_own();

	return own->handler > DISPOSITION_IGNORE ? &own->handler : NULL;
}

uint32_t signal_state(unsigned long mask)
{
	return (sigsys_own()->handler == DISPOSITION_IGNORE ? STATE_SIGSYS_IGNORED : 0) |
	       (signal_is_blocked(mask) ? STATE_SIGSYS_BLOCKED : 0);
}

unsigned long signal_trampoline(unsigned long handler)
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

unsigned long signal_handler_behind(unsigned long trampoline)
{
	unsigned long offset = trampoline - (unsigned long)agent_trampolines;

	if (offset >= TRAMPOLINE_COUNT * TRAMPOLINE_SIZE)
		return trampoline;
	return agent_guest_handlers[offset / TRAMPOLINE_SIZE];
}

/* For which signals the guest wants SIGSYS blocked in the handler: told back, not done. */
static unsigned long masks_with_sigsys;

static void note_mask(int signal, const struct disposition *new, struct disposition *old)
{
	unsigned long bit = SIGNAL_BIT(signal);

	if (masks_with_sigsys & bit)
		old->mask |= SIGNAL_BIT(SIGSYS);
	if (new &&new->mask & SIGNAL_BIT(SIGSYS))
		__atomic_fetch_or(&masks_with_sigsys, bit, __ATOMIC_RELAXED);
	else if (new)
		__atomic_fetch_and(&masks_with_sigsys, ~bit, __ATOMIC_RELAXED);
}

static long exchange(int signal, const struct disposition *new, struct disposition *old)
{
	struct disposition kernel_new;
	long status;

	if (signal == SIGSYS) {
		*old = *sigsys_own();
		if (new) {
			*sigsys_own() = *new;
			install_own(new);
		}
		return 0;
	}
	if (new) {
		kernel_new = *new;
		kernel_new.mask &= ~SIGNAL_BIT(SIGSYS);
		if (new->handler > DISPOSITION_IGNORE)
			kernel_new.handler = signal_trampoline(new->handler);
		fault_replace(signal, &kernel_new);
	}
	status = set_disposition(signal, new ? &kernel_new : NULL, old);
	if (status)
		return status;
	fault_tell(signal, new, old);
	note_mask(signal, new, old);
	return 0;
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
	old.handler = signal_handler_behind(old.handler);
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

/*
 * Do what is left to do, on the slot's stack, with signals blocked: a handler
 * entered from there would find its own alternate stack unused, and the kernel
 * would put it over who is on it.
 */
static long finish(struct slot *slot, long result)
{
	static const unsigned long all = ~0ul;
	unsigned long mask;

	GATE_4(NR_rt_sigprocmask, SIG_SETMASK, &all, &mask, SIGNAL_SET_SIZE);
	slot->call.leaves = true;
	result = agent_call_on((char *)slot + SLOT_SIZE, slot->finish, slot, result);
	GATE_4(NR_rt_sigprocmask, SIG_SETMASK, &mask, 0, SIGNAL_SET_SIZE);
	return result;
}

/* Behind the gate: the result is in the slot once the number of the finishing trap has replaced it. */
static void roll_forward(struct ucontext *context)
{
	struct slot *slot = registers_slot(context);
	long result = registers_result(context);

	if (result == FINISH_NUMBER)
		result = slot->result;
	if (call_wants_retry(&slot->call, result)) {
		if (slot->call.is_judged)
			notify_note_leave(&slot->call, registers_stack(context));
		/* An attempt that changed nothing: let the guest begin anew. */
		pin_release(&slot->call);
		registers_rewind(context, &slot->saved);
		slot_free(slot);
		return;
	}
	if (slot->finish)
		result = finish(slot, result);
	if (result == CALL_ANEW)
		registers_rewind(context, &slot->saved);
	else
		registers_finish(context, &slot->saved, result);
	slot_free(slot);
}

/* Before the call at the gate is made. Who has noted that it waits may have been answered already. */
static void leave_unmade(struct ucontext *context)
{
	struct slot *slot = registers_slot(context);
	long result = slot->call.is_noted ? finish(slot, CALL_ANEW) : CALL_ANEW;

	pin_release(&slot->call);
	if (result == CALL_ANEW)
		registers_rewind(context, &slot->saved);
	else
		registers_finish(context, &slot->saved, result);
	slot_free(slot);
}

/* The same of clone3: in the child, */
static void leave_child(struct ucontext *context)
{
	struct clone_child *child = registers_child(context);

	registers_finish(context, &child->saved, 0);
	clone_child_free(child);
}

/* and in either. */
static void leave_clone(struct ucontext *context)
{
	unsigned long at = registers_instruction(context);
	struct clone_child *child = registers_child(context);
	struct slot *slot = registers_slot(context);

	if (at == (unsigned long)gate_clone3) {
		clone_child_free(child);
		registers_rewind(context, &slot->saved);
		slot_free(slot);
	} else if (!registers_result(context)) {
		leave_child(context);
	} else {
		if (at <= (unsigned long)gate_clone3_free &&
		    (registers_result(context) < 0 || !registers_child_is_shared(context)))
			clone_child_free(child);
		roll_forward(context);
	}
}

static void leave_gate(struct ucontext *context)
{
	unsigned long at = registers_instruction(context);
	struct slot *slot;

	if (at < (unsigned long)agent_image_start || at >= (unsigned long)agent_image_end) {
		patch_leave_stub(context);
	} else if (at == (unsigned long)gate_blocking || at == (unsigned long)gate_open ||
		   at == (unsigned long)gate_judged) {
		leave_unmade(context);
	} else if ((at >= (unsigned long)gate_open_done && at < (unsigned long)gate_restored) ||
		   at == (unsigned long)gate_judged_done || at == (unsigned long)agent_finish_site) {
		roll_forward(context);
	} else if (at >= (unsigned long)gate_unmask && at < (unsigned long)gate_unmask_end) {
		slot = registers_slot(context);
		clone_forget_child(&slot->call);
		leave_unmade(context);
	} else if (at >= (unsigned long)gate_clone3 && at <= (unsigned long)gate_clone3_freed) {
		leave_clone(context);
	} else if ((at >= (unsigned long)gate_clone3_child && at < (unsigned long)gate_clone3_child_end) ||
		   (at == (unsigned long)gate_fast_cloned && !registers_result(context))) {
		leave_child(context);
	} else if (at >= (unsigned long)gate_restored && at <= (unsigned long)gate_freed) {
		slot = registers_late_slot(context);
		if (at < (unsigned long)gate_freed) {
			registers_restore_late(context, &slot->saved);
			slot_free(slot);
		}
		registers_leave_late(context);
	} else {
		fast_leave_for_signal(context);
	}
}

unsigned long signal_deliver_own(struct slot *slot, struct ucontext *context)
{
	struct disposition *own = sigsys_own();
	unsigned long mask;

	if (own->handler == DISPOSITION_IGNORE)
		return (unsigned long)context;
	if (own->handler == DISPOSITION_DEFAULT)
		signal_kill_self(SIGSYS);
	leave_gate(context);
	/* The frame has what the guest believes: handle_sigreturn() finds it there. */
	if (signal_is_blocked(*registers_mask(context)))
		*registers_mask(context) |= SIGNAL_BIT(SIGSYS);
	/* The guest's handler makes calls of its own, so SIGSYS stays open in it. */
	mask = (*registers_mask(context) | own->mask) & ~SIGNAL_BIT(SIGSYS);
	signal_set_blocked(mask, !(own->flags & SA_NODEFER) || own->mask & SIGNAL_BIT(SIGSYS) ||
					 *registers_mask(context) & SIGNAL_BIT(SIGSYS));
	if (own->flags & SA_RESTORER)
		registers_set_return(context, own->restorer);
	slot->restorer = own->flags & SA_RESTORER ? own->restorer : 0;
	slot->deliver = own->handler;
	if (own->flags & SA_RESETHAND)
		own->handler = DISPOSITION_DEFAULT;
	GATE_4(NR_rt_sigprocmask, SIG_SETMASK, &mask, 0, SIGNAL_SET_SIZE);
	return 0;
}

unsigned long signal_force_own(struct slot *slot, struct ucontext *context)
{
	if (sigsys_own()->handler == DISPOSITION_IGNORE || signal_is_blocked(*registers_mask(context)))
		signal_kill_self(SIGSYS);
	return signal_deliver_own(slot, context);
}

bool signal_leave_gate(struct ucontext *context, siginfo_t *info, int signal)
{
	bool is_ours = fault_is_of_reading(signal, info, context) || trace_begin_with(signal, info);

	leave_gate(context);
	sender_tell(info);
	return is_ours;
}

/* Whether the guest returns from its handler of SIGSYS, which signal_deliver_own() has entered. */
static bool is_frame_of_sigsys(unsigned long frame)
{
	int signal;

	return signal_any_differs() && !guest_read(&signal, registers_frame_info(frame), sizeof(signal)) &&
	       signal == SIGSYS;
}

/*
 * The guest's frame may hold a mask it has written itself (QEMU does so for
 * every signal). The kernel takes the frame from the stack pointer.
 */
long handle_sigreturn(struct call *call)
{
	unsigned long frame = registers_frame_context(registers_stack(call->context));
	unsigned long mask_at = frame + offsetof(struct ucontext, uc_sigmask), mask;

	if (!guest_read(&mask, mask_at, sizeof(mask))) {
		if (mask & SIGNAL_BIT(SIGSYS) || is_frame_of_sigsys(frame))
			signal_set_blocked(mask, mask & SIGNAL_BIT(SIGSYS));
		if (mask & SIGNAL_BIT(SIGSYS)) {
			mask &= ~SIGNAL_BIT(SIGSYS);
			guest_write(mask_at, &mask, sizeof(mask));
		}
	}
	stack_leave_guest_frame(call, (struct ucontext *)frame);
	call->leave_stack = frame;
	call->slot->deliver = 1;
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
