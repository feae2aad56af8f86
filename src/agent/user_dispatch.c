/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/user_dispatch.h"
#include "agent/clone.h"
#include "agent/dispatch.h"
#include "agent/fast.h"
#include "agent/gate.h"
#include "agent/handlers.h"
#include "agent/seccomp.h"
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59 /* Linux 5.11 */
#define PR_SYS_DISPATCH_OFF 0
#endif
#define EXCLUSIVE_ON 1 /* PR_SYS_DISPATCH_ON */
#define INCLUSIVE_ON 2 /* Linux 6.17 */
#define STACK_STEP 16  /* clone3 is told where a stack begins, clone where it ends */

/* The calls of a thread from addresses below START + LENGTH, from START on, pass; or, modulo 2^64, all others. */
struct passing_range {
	int thread; /* 0: free */
	unsigned long start, length, selector;
};

#define RANGES 1024

static struct passing_range ranges[RANGES] AGENT_LARGE;

static struct passing_range *range_of(int thread)
{
	for (unsigned int i = 0; i < RANGES; i++) {
		struct passing_range *range = &ranges[((unsigned int)thread + i) % RANGES];

		if (range->thread == thread)
			return range;
	}
	return NULL;
}

/* A place for the calling THREAD, of one that has none or has ended. NULL: there are too many. */
static struct passing_range *take_range(int thread)
{
	int process = (int)GATE_0(NR_getpid);

	for (unsigned int i = 0; i < RANGES; i++) {
		struct passing_range *range = &ranges[((unsigned int)thread + i) % RANGES];
		int owner = __atomic_load_n(&range->thread, __ATOMIC_RELAXED);

		if ((!owner || GATE_3(NR_tgkill, process, owner, 0) == -ESRCH) &&
		    __atomic_compare_exchange_n(&range->thread, &owner, thread, false, __ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return range;
	}
	return NULL;
}

static long set_in_kernel(unsigned long mode, unsigned long start, unsigned long length, const void *selector)
{
	return GATE_5(NR_prctl, PR_SET_SYSCALL_USER_DISPATCH, mode, start, length, selector);
}

static long set_image(unsigned long selector)
{
	return set_in_kernel(EXCLUSIVE_ON, IMAGE_ADDRESS, IMAGE_END_ADDRESS - IMAGE_ADDRESS, (const void *)selector);
}

static long set_off(const unsigned long arguments[6], struct passing_range *range)
{
	long status = GATE_5(NR_prctl, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4]);

	if (!status && range)
		range->thread = 0;
	return status;
}

/*
 * The kernel looks at what the guest asks for, with a selector that lets all calls pass: ours, too, between this and
 * the next.
 */
static long check_range(const unsigned long arguments[6])
{
	static const char allow;

	return set_in_kernel(arguments[1], arguments[2], arguments[3], &allow);
}

long user_dispatch_set(const unsigned long arguments[6])
{
	int thread = (int)GATE_0(NR_gettid);
	struct passing_range *range = range_of(thread), old = { 0 };
	long status;

	if (arguments[1] != EXCLUSIVE_ON && arguments[1] != INCLUSIVE_ON)
		return set_off(arguments, range);
	status = check_range(arguments);
	if (status)
		return status;
	if (range)
		old = *range;
	else
		range = take_range(thread);
	if (!range) {
		set_in_kernel(PR_SYS_DISPATCH_OFF, 0, 0, NULL);
		return -ENOMEM;
	}
	/* Sites must make their calls themselves from now on. */
	fast_close();
	status = set_image(arguments[4]);
	if (!status)
		*range = (struct passing_range){ thread, arguments[2], arguments[3], arguments[4] };
	else if (!old.thread || set_image(old.selector))
		set_off((const unsigned long[6]){ PR_SET_SYSCALL_USER_DISPATCH }, range);
	if (!status && arguments[1] == INCLUSIVE_ON) {
		range->start += range->length;
		range->length = -range->length;
	}
	return status;
}

bool user_dispatch_passes(const struct ucontext *context)
{
	const struct passing_range *range = range_of((int)GATE_0(NR_gettid));

	return range && registers_instruction(context) - range->start < range->length;
}

/* What our filter says of numbers: those that it never traps are not among the agent's rows. */
enum { UNKNOWN = 0, PASSES = 255, TRAPS = 254 };
#define PASS(call) [NR_##call] = PASSES,
#define REFUSE(call, error) [NR_##call] = (error),
#define TRAP(call, when, first, second, effect, function) [NR_##call] = TRAPS,
static const uint8_t answers[NR_END] = {
#include "agent/calls.def"
};

/* clone(2) and its kind as clone3(2), whose child finds its way from the gate. Flags: kernel/fork.c. */
static long make_child(struct call *call)
{
	struct clone_args *args = (struct clone_args *)call->slot->spare;
	const unsigned long *guest = call->arguments;
	unsigned long flags = call->nr == NR_clone ? guest[0] :
			      call->nr == NR_vfork ? CLONE_VFORK | CLONE_VM | SIGCHLD :
						     SIGCHLD;
	struct clone_child *child;

	*args = (struct clone_args){ .flags = flags & ~(unsigned long)(CSIGNAL | CLONE_DETACHED),
				     .exit_signal = flags & CSIGNAL };
	if (call->nr == NR_clone) {
		args->pidfd = args->parent_tid = guest[2];
		args->child_tid = guest[ARCH_CLONE_CHILD_THREAD];
		args->tls = guest[ARCH_CLONE_THREAD_POINTER];
	}
	if (call->nr == NR_clone && guest[1]) {
		args->stack = guest[1] - STACK_STEP;
		args->stack_size = STACK_STEP;
	}
	child = clone_take_child(call, args->flags);
	call->arguments[0] = (unsigned long)args;
	call->arguments[1] = CLONE_ARGS_SIZE_VER0;
	return call_resume_clone(call, child, flags & CLONE_VM);
}

static long make_passing(struct call *call)
{
	if (call->nr == NR_clone || call->nr == NR_fork || call->nr == NR_vfork)
		return make_child(call);
	return call_resume(call, call->nr, NULL);
}

bool user_dispatch_make(struct slot *slot, struct ucontext *context, uint32_t verdict)
{
	/* A row that says no more than that nothing is changed. */
	static const struct call_row passing = { .name = "call" };
	unsigned long nr = registers_number(context);
	uint8_t answer = nr <= NR_HIGHEST ? answers[nr] : UNKNOWN;
	struct call *call = &slot->call;
	long result = answer == UNKNOWN ? -ENOSYS : -(long)answer;

	*call = (struct call){ .row = &passing,
			       .slot = slot,
			       .context = context,
			       .nr = nr,
			       .waits = -1,
			       .paths = { { .pin = -1, .held = -1 }, { .pin = -1, .held = -1 } } };
	registers_arguments(context, call->arguments);
	memcpy(call->original, call->arguments, sizeof(call->original));
	if (answer == PASSES || answer == TRAPS || (answer == UNKNOWN && image_data()->flags & IMAGE_ALLOW_UNKNOWN))
		result = verdict == SECCOMP_RET_ALLOW ? make_passing(call) : seccomp_obey(call, verdict, make_passing);
	if (result != CALL_RESUME)
		registers_set_result(context, result);
	return result == CALL_RESUME;
}
