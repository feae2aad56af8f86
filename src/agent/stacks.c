/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/stacks.h"
#include "agent/fast.h"
#include "agent/guest_memory.h"
#include "agent/seal.h"
#include "agent/signal.h"
#include <linux/mman.h>
#include <linux/signal.h>

#define FLAG_BITS (1u << 31) /* SS_AUTODISARM: SS_FLAG_BITS in linux/signal.h of the kernel */

/* The head of a stack of ours, at its lowest address. */
struct own_stack {
	int is_used;
	int process; /* who registered it: when that thread is gone it may be used again */
	int thread;
	int padding;
	stack_t guest;
};

/* How many of the stacks have ever been mapped. */
static int mapped_count;

static struct own_stack *stack_at(int index)
{
	return (struct own_stack *)(IMAGE_STACKS_ADDRESS + (unsigned long)index * IMAGE_STACK_SIZE);
}

/* The stack of ours that STACK is, or NULL. */
static struct own_stack *own_stack_of(const stack_t *stack)
{
	unsigned long offset = (unsigned long)stack->ss_sp - IMAGE_STACKS_ADDRESS;

	return offset < IMAGE_STACKS_SIZE ? (struct own_stack *)stack->ss_sp : NULL;
}

static bool lies_on(unsigned long address, const struct own_stack *own)
{
	return address - (unsigned long)own < IMAGE_STACK_SIZE;
}

static bool take(struct own_stack *stack)
{
	int free = 0;

	return __atomic_compare_exchange_n(&stack->is_used, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* Its thread has ended without giving it back. A child of fork(2) leaves its parent's alone. */
static bool is_orphan(const struct own_stack *stack, int process)
{
	return stack->process == process && GATE_3(NR_tgkill, process, stack->thread, 0) == -ESRCH;
}

static struct own_stack *take_mapped(int process)
{
	int count = MIN(__atomic_load_n(&mapped_count, __ATOMIC_ACQUIRE), IMAGE_STACK_COUNT);

	for (int i = 0; i < count; i++)
		if (take(stack_at(i)))
			return stack_at(i);
	for (int i = 0; i < count; i++) {
		int used = 1;

		if (is_orphan(stack_at(i), process) &&
		    __atomic_compare_exchange_n(&stack_at(i)->is_used, &used, 2, false, __ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED)) {
			stack_at(i)->is_used = 1;
			return stack_at(i);
		}
	}
	return NULL;
}

static struct own_stack *map_stack(void)
{
	int index = mapped_count;
	long status;

	if (index >= IMAGE_STACK_COUNT)
		return NULL;
	status = GATE_6(NR_mmap, stack_at(index), IMAGE_STACK_SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
	if (status != (long)stack_at(index))
		return NULL;
	seal(stack_at(index), IMAGE_STACK_SIZE);
	stack_at(index)->is_used = 1;
	__atomic_store_n(&mapped_count, index + 1, __ATOMIC_RELEASE);
	return stack_at(index);
}

/* A stack of ours for the calling thread; NULL when there is none to be had. */
static struct own_stack *own_stack_take(void)
{
	int process = (int)GATE_0(NR_getpid);
	struct own_stack *stack = take_mapped(process);

	/* Two threads may map the same one: the kernel lets one of them. */
	for (int tries = 0; !stack && tries < 64; tries++) {
		stack = map_stack();
		if (!stack)
			stack = take_mapped(process);
	}
	if (stack) {
		stack->process = process;
		stack->thread = (int)GATE_0(NR_gettid);
	}
	return stack;
}

static bool is_on_stack(unsigned long stack_pointer, const stack_t *stack)
{
	unsigned long start = (unsigned long)stack->ss_sp;

	if ((unsigned int)stack->ss_flags & FLAG_BITS)
		return false;
	return stack_pointer > start && stack_pointer - start <= stack->ss_size;
}

/* What sigaltstack(2) tells of STACK. */
static stack_t describe(const stack_t *stack, unsigned long stack_pointer)
{
	stack_t told = *stack;

	told.ss_flags = (int)((unsigned int)stack->ss_flags & FLAG_BITS);
	if (!stack->ss_size)
		told.ss_flags |= SS_DISABLE;
	else if (is_on_stack(stack_pointer, stack))
		told.ss_flags |= SS_ONSTACK;
	return told;
}

/* Setting what is set is no error, whatever it is. */
static bool is_same(const stack_t *a, const stack_t *b)
{
	return a->ss_sp == b->ss_sp && a->ss_size == b->ss_size && a->ss_flags == b->ss_flags;
}

/* The checks of do_sigaltstack(), kernel/signal.c. */
static long check_stack(stack_t *new)
{
	int mode = (int)((unsigned int)new->ss_flags & ~FLAG_BITS);

	if (mode && mode != SS_ONSTACK && mode != SS_DISABLE)
		return -EINVAL;
	if (mode == SS_DISABLE)
		*new = (stack_t){ .ss_flags = new->ss_flags };
	else if (new->ss_size < MINSIGSTKSZ)
		return -ENOMEM;
	return 0;
}

/* Our own frame lies on the stack that is given back: go on from a copy on the guest's. */
static void leave_own_stack(struct call *call, struct own_stack *own)
{
	struct ucontext *copy = registers_move_frame(call->context, registers_stack(call->context) - RED_ZONE, 0);

	call->leave_stack = (unsigned long)copy;
	call->context = copy;
	__atomic_store_n(&own->is_used, 0, __ATOMIC_RELEASE);
}

/*
 * Tell the kernel now, which is possible because we stand on a slot's stack;
 * and in the frame, from which the kernel sets it again when our handler
 * returns. The frame alone will not do: the kernel looks at it
 * while the stack pointer is still the frame's, and may say EPERM to itself.
 */
static long tell_kernel(struct call *call, const stack_t *stack)
{
	long status = GATE_2(NR_sigaltstack, stack, NULL);

	if (!status)
		call->context->uc_stack = *stack;
	return status;
}

/* Whether a frame of ours has room there, in memory: the guest may name what no handler of its own ever uses. */
static bool is_usable(const stack_t *stack)
{
	unsigned long start = (unsigned long)stack->ss_sp, top = start + stack->ss_size;
	char byte;

	return stack->ss_size >= STACK_LARGE && top > start && !guest_read(&byte, top - 1, sizeof(byte));
}

static long set_stack(struct call *call, struct own_stack *own, const stack_t *wanted)
{
	bool is_small = wanted->ss_size && !is_usable(wanted);
	stack_t ours = { .ss_size = IMAGE_STACK_SIZE };
	long status;

	if (is_small && wanted->ss_size < STACK_TINY)
		fast_close();
	if (is_small && own) {
		own->guest = *wanted;
		return 0;
	}
	if (is_small && (own = own_stack_take())) {
		own->guest = *wanted;
		ours.ss_sp = own;
		return tell_kernel(call, &ours);
	}
	status = tell_kernel(call, wanted);
	if (!status && own)
		leave_own_stack(call, own);
	return status;
}

long stack_exchange(struct call *call, const stack_t *new, stack_t *old)
{
	unsigned long stack_pointer = registers_stack(call->context);
	struct own_stack *own = own_stack_of(&call->context->uc_stack);
	const stack_t *current = own ? &own->guest : &call->context->uc_stack;
	stack_t wanted;
	long status;

	*old = describe(current, stack_pointer);
	if (own && own->guest.ss_size && lies_on(stack_pointer, own))
		old->ss_flags |= SS_ONSTACK;
	if (!new)
		return 0;
	if (old->ss_flags & SS_ONSTACK)
		return -EPERM;
	if (is_same(new, current))
		return 0;
	wanted = *new;
	status = check_stack(&wanted);
	return status ? status : set_stack(call, own, &wanted);
}

/* As the kernel does with the stack in the frame; an error is nobody's to hear. */
void stack_leave_guest_frame(struct call *call, struct ucontext *frame)
{
	struct own_stack *own = own_stack_of(&call->context->uc_stack);
	stack_t told;

	if (guest_read(&told, (unsigned long)&frame->uc_stack, sizeof(told)))
		return;
	if (is_same(&told, &call->context->uc_stack) || check_stack(&told))
		return;
	if (!set_stack(call, own, &told))
		guest_write((unsigned long)&frame->uc_stack, &call->context->uc_stack, sizeof(told));
}

static _Noreturn void die_of_overflow(void)
{
	for (;;)
		signal_kill_self(SIGSEGV);
}

/* Move a frame that lies on OWN to the guest's stack: the alternate one, or the one it was on. */
static struct ucontext *move_frame(struct ucontext *context, const struct own_stack *own)
{
	unsigned long stack_pointer = registers_stack(context), lowest = 0, top = stack_pointer - RED_ZONE;
	struct ucontext *copy;

	if (own->guest.ss_size) {
		lowest = (unsigned long)own->guest.ss_sp;
		if (!is_on_stack(stack_pointer, &own->guest))
			top = lowest + own->guest.ss_size;
	}
	copy = registers_move_frame(context, top, lowest);
	if (!copy)
		die_of_overflow();
	return copy;
}

/*
 * What was interrupted may be another frame's trampoline, of a signal that came
 * at the same time: that frame lies on our stack still, and is only safe from
 * the kernel's next one as long as the stack pointer is there too. So this
 * handler runs where it is.
 */
struct ucontext *stack_adopt_guest_frame(struct ucontext *context)
{
	struct own_stack *own = own_stack_of(&context->uc_stack);

	if (lies_on((unsigned long)context, own) && !lies_on(registers_stack(context), own))
		context = move_frame(context, own);
	context->uc_stack = own->guest;
	/* SS_AUTODISARM: none is set while the handler runs; its return sets it again. */
	if ((unsigned int)own->guest.ss_flags & FLAG_BITS)
		own->guest = (stack_t){ .ss_flags = SS_DISABLE };
	return context;
}
