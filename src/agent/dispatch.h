/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a trapped system call to its handler and back.
 */
#ifndef AGENT_DISPATCH_H
#define AGENT_DISPATCH_H

#include "agent/slot.h"
#include <asm/siginfo.h>
#include <linux/openat2.h>

/*
 * The body of the SIGSYS handler, on the stack of SLOT, all signals blocked.
 * Returns the stack pointer for rt_sigreturn, or 0 to enter slot->deliver, with INFO as it is then.
 */
unsigned long agent_signal(struct slot *slot, siginfo_t *info, struct ucontext *context);

/*
 * Handle the call in CONTEXT, on the stack of SLOT. True when it goes on at the gate. VERDICT is
 * that of the guest's own filters (agent/filters.h), but not SECCOMP_RET_TRAP.
 */
bool dispatch_call(struct slot *slot, struct ucontext *context, uint32_t verdict);

/* Whether path WHICH of the call, made with call_make(), may be relative to a descriptor. */
bool call_takes_directory(const struct call *call, unsigned int which);

/*
 * Whether a name may come to mean something else by a call of ROW, whose THIRD argument may be unlinkat's
 * flags: most files are removed by that, most directories too, and only the latter counts.
 */
bool call_changes_names(const struct call_row *row, unsigned long third);

/* As it was before paths were translated. */
void call_start_anew(struct call *call);

/* Make the call NR with call->arguments. */
long call_make(const struct call *call, unsigned long nr);

/*
 * What the row's handler makes of the call, once: what the guest's root may do although modes deny it is not done. What
 * is changed in an overlay goes to the upper layer first.
 */
long call_handle_once(struct call *call);

/*
 * Let the guest make the call NR with call->arguments itself, at the gate, on
 * its own stack and signal mask, because it may wait. Everything the arguments
 * point to must lie in the slot or be the guest's. FINISH, if not NULL, turns
 * the kernel's result into the guest's. Returns CALL_RESUME.
 */
long call_resume(struct call *call, unsigned long nr, slot_finish *finish);

/*
 * The same for openat2(DIRECTORY, PATH, HOW), where ELOOP means that a link is
 * in the way: then RETRY makes the call another way.
 */
long call_resume_open(struct call *call, int directory, const char *path, const struct open_how *how,
		      call_handler *retry);

/* The same for the call itself, with call->arguments. */
long call_resume_retry(struct call *call, call_handler *retry);

/* The same for the call itself at gate_judged. RETRY makes it when it is to go on: SECCOMP_GO_ON. */
long call_resume_judged(struct call *call, call_handler *retry);

/* Let the guest open what call->waits holds. How is in the slot, where call_resume_open() was given it. */
long call_resume_waiting(struct call *call);

/*
 * Whether RESULT is none: a link was in the way; or a name is missing, and the walk that
 * led here and the call may have met different ones; or nothing has been made yet.
 */
bool call_wants_retry(const struct call *call, long result);

/*
 * The same for clone3, whose child, if there is one, goes back to the guest's
 * site by CHILD (agent/clone.h). IS_SHARED: it has the same memory.
 */
struct clone_child;
long call_resume_clone(struct call *call, struct clone_child *child, bool is_shared);

#endif
