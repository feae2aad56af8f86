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
	unsigned long *mask = &call->context->uc_sigmask, old = *mask, set;

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

/* Copy the mask that argument AT points to, without SIGSYS, and make the call with the copy. */
static long resume_with_mask(struct call *call, unsigned int at)
{
	unsigned long *mask = (unsigned long *)call->slot->spare;

	/* A wrong size is the kernel's to refuse. */
	if (call->arguments[at] && call->arguments[at + 1] == SIGNAL_SET_SIZE) {
		if (guest_read(mask, call->arguments[at], sizeof(*mask)))
			return -EFAULT;
		*mask &= ~SIGNAL_BIT(SIGSYS);
		call->arguments[at] = (unsigned long)mask;
	}
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
	if (copy->mask_at && copy->size == SIGNAL_SET_SIZE) {
		if (guest_read(&copy->mask, copy->mask_at, sizeof(copy->mask)))
			return -EFAULT;
		copy->mask &= ~SIGNAL_BIT(SIGSYS);
		copy->mask_at = (unsigned long)&copy->mask;
	}
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
