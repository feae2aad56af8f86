/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signal masks the guest sets, for good or for one call: all without SIGSYS.
 */
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/signal.h"

/*
 * The mask that counts is the one the kernel restores when our handler
 * returns, so no system call is needed at all.
 */
long handle_sigprocmask(struct call *call)
{
	unsigned long *mask = registers_mask(call->context), old = *mask, set;

	if (call->arguments[3] != SIGNAL_SET_SIZE)
		return -EINVAL;
	if (signal_is_blocked(*mask))
		old |= SIGNAL_BIT(SIGSYS);
	if (call->arguments[1]) {
		if (guest_read(&set, call->arguments[1], sizeof(set)))
			return -EFAULT;
		switch ((int)call->arguments[0]) {
		case SIG_BLOCK:
			set |= old;
			break;
		case SIG_UNBLOCK:
			set = old & ~set;
			break;
		case SIG_SETMASK:
			break;
		default:
			return -EINVAL;
		}
		*mask = set & ~NEVER_BLOCKED;
		signal_set_blocked(*mask, set & SIGNAL_BIT(SIGSYS));
	}
	return call->arguments[2] ? guest_write(call->arguments[2], &old, sizeof(old)) : 0;
}

/*
 * In *MASK_AT, which points to a mask of SIZE bytes, if it is not 0, the address of a copy without SIGSYS in
 * COPY. One of a wrong size, or that can't be read, the kernel is to refuse, when it comes to that.
 */
static void copy_mask(unsigned long *mask_at, unsigned long size, unsigned long *copy)
{
	if (!*mask_at || size != SIGNAL_SET_SIZE)
		return;
	if (guest_read(copy, *mask_at, sizeof(*copy))) {
		*mask_at = BAD_ADDRESS;
		return;
	}
	*copy &= ~SIGNAL_BIT(SIGSYS);
	*mask_at = (unsigned long)copy;
}

/* Make the call with such a copy of the mask that argument AT points to. */
static long resume_with_mask(struct call *call, unsigned int at)
{
	copy_mask(&call->arguments[at], call->arguments[at + 1], (unsigned long *)call->slot->spare);
	return call_resume(call, call->nr, NULL);
}

long handle_sigsuspend(struct call *call)
{
	return resume_with_mask(call, 0);
}

long handle_ppoll(struct call *call)
{
	return resume_with_mask(call, 3);
}

/* Also epoll_pwait2: the mask is the same argument. */
long handle_epoll_pwait(struct call *call)
{
	return resume_with_mask(call, 4);
}

/* Argument 5 points to the address of the mask and its size. */
static long resume_with_mask_pointer(struct call *call)
{
	struct {
		unsigned long mask_at;
		unsigned long size;
		unsigned long mask;
	} *copy = (void *)call->slot->spare;

	if (guest_read(copy, call->arguments[5], 2 * sizeof(unsigned long)))
		return -EFAULT;
	copy_mask(&copy->mask_at, copy->size, &copy->mask);
	call->arguments[5] = (unsigned long)copy;
	return call_resume(call, call->nr, NULL);
}

long handle_pselect6(struct call *call)
{
	return resume_with_mask_pointer(call);
}

long handle_io_pgetevents(struct call *call)
{
	return resume_with_mask_pointer(call);
}
