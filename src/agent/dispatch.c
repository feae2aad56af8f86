/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/dispatch.h"
#include "agent/access.h"
#include "agent/clone.h"
#include "agent/condition.h"
#include "agent/filters.h"
#include "agent/gate.h"
#include "agent/handlers.h"
#include "agent/host_program.h"
#include "agent/log.h"
#include "agent/patch.h"
#include "agent/mounts.h"
#include "agent/nest.h"
#include "agent/overlay.h"
#include "agent/pin.h"
#include "agent/proc.h"
#include "agent/readonly.h"
#include "agent/seccomp.h"
#include "agent/show.h"
#include "agent/signal.h"
#include "agent/tracer.h"
#include "agent/user_dispatch.h"
#include "base/text.h"
#include "image/filter_data.h"
#include <asm/fcntl.h>
#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#ifndef SYS_SECCOMP
#define SYS_SECCOMP 1 /* asm-generic/siginfo.h, left out by some headers */
#endif

bool call_changes_names(const struct call_row *row, unsigned long third)
{
	return row->moves && (row->nr != NR_unlinkat || third & AT_REMOVEDIR);
}

/*
 * What is made or removed below a descriptor (pin.h): calls that take none have
 * a form that does. It has the descriptor before each path, and FLAGS at the end.
 */
static const struct form {
	uint16_t nr;
	uint16_t arguments; /* how many NR has */
	uint16_t form;
	uint16_t flags;
} forms[] = {
	{ NR_unlink, 1, NR_unlinkat, 0 }, { NR_rmdir, 1, NR_unlinkat, AT_REMOVEDIR }, { NR_mkdir, 2, NR_mkdirat, 0 },
	{ NR_mknod, 3, NR_mknodat, 0 },	  { NR_symlink, 2, NR_symlinkat, 0 },	      { NR_rename, 2, NR_renameat, 0 },
	{ NR_link, 2, NR_linkat, 0 },
};

static const struct form *form_of(const struct call *call)
{
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		if (forms[i].nr == call->nr)
			return &forms[i];
	return NULL;
}

static long make_form(const struct call *call, const struct form *form)
{
	unsigned long arguments[6] = { 0 };
	unsigned int count = 0;

	for (unsigned int i = 0; i < form->arguments; i++) {
		for (unsigned int which = 0; which < ARRAY_SIZE(call->paths); which++)
			if (call->row->paths[which].follow != FOLLOW_NONE && call->row->paths[which].path == (int)i)
				arguments[count++] = (unsigned long)call->paths[which].directory;
		arguments[count++] = call->arguments[i];
	}
	arguments[count] = form->flags;
	return gate(form->form, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], 0);
}

bool call_takes_directory(const struct call *call, unsigned int which)
{
	const struct call_path *shape = &call->row->paths[which];

	return shape->follow != FOLLOW_NONE && (shape->directory != CALL_CWD || form_of(call));
}

void call_start_anew(struct call *call)
{
	pin_release(call);
	memcpy(call->arguments, call->original, sizeof(call->arguments));
}

long call_make(const struct call *call, unsigned long nr)
{
	const unsigned long *arguments = call->arguments;
	const struct form *form = nr == call->nr && pin_is_held(call) ? form_of(call) : NULL;
	bool changes = call_changes_names(call->row, call->arguments[2]);
	long result;

	if (nr == call->nr && overlay_is_there() && overlay_forbids(call))
		return -EROFS;
	if (changes)
		plain_begin_change();
	if (form)
		result = make_form(call, form);
	else
		result = gate((long)nr, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
			      arguments[5]);
	if (changes)
		plain_end_change();
	return result;
}

/* -v wants to tell the call, and who holds a descriptor must give it back: then there is something left to do. */
static long finish_whole(struct slot *slot, long result)
{
	if (slot->call.finish)
		result = slot->call.finish(slot, result);
	if (result == CALL_RESUME || result == CALL_ANEW)
		return result;
	pin_release(&slot->call);
	if (log_is_on())
		log_call(&slot->call, result);
	return result;
}

/* The new descriptor is to be the lowest free one, as if we had held none. */
static long finish_open(struct slot *slot, long result)
{
	struct call *call = &slot->call;

	/* The arguments of openat2, where they are. */
	if ((result == -EACCES || result == -ENXIO) && identity_is_on())
		return access_open_again(call, (const struct open_how *)slot->spare, result);
	if (result < 0)
		return result;
	result = pin_take_place(&slot->call, (int)result);
	if (slot->call.mount)
		mounts_note_descriptor((int)result, slot->call.mount);
	return result;
}

/*
 * What HOW opens, if to open it may wait: another process may have to open a fifo, too, and a terminal is the
 * session's. A descriptor of O_PATH, or -1.
 */
static int hold_waiting(int directory, const char *path, const struct open_how *how)
{
	struct open_how held = { .flags = O_PATH | O_CLOEXEC | (how->flags & O_NOFOLLOW), .resolve = how->resolve };
	struct stat status;
	uint32_t type;
	long fd;

	if (how->flags & (O_PATH | O_EXCL | O_NONBLOCK))
		return -1;
	fd = GATE_4(NR_openat2, directory, path, &held, sizeof(held));
	if (fd < 0)
		return -1;
	type = GATE_2(NR_fstat, fd, &status) ? S_IFREG : status.st_mode & S_IFMT;
	if (type == S_IFIFO || type == S_IFCHR || type == S_IFSOCK)
		return (int)fd;
	GATE_1(NR_close, fd);
	return -1;
}

/* With other modes for that long. A link in the way means the other way. */
static long make_at_once(struct call *call, unsigned long nr, const unsigned long arguments[6], slot_finish *finish)
{
	long result;

	if (nr == NR_openat2)
		call->waits = hold_waiting((int)arguments[0], (const char *)arguments[1],
					   (const struct open_how *)arguments[2]);
	if (call->waits >= 0)
		return CALL_RESUME;
	result = gate((long)nr, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
	if (result == -ELOOP && call->retry)
		return call->retry(call);
	return finish ? finish(call->slot, result) : result;
}

static long resume_at(struct call *call, const char *gate_at, unsigned long nr, const unsigned long arguments[6],
		      slot_finish *finish)
{
	struct slot *slot = call->slot;

	if (!finish && call->mount)
		finish = finish_open;
	if (call->is_overriding)
		return make_at_once(call, nr, arguments, finish);
	call->finish = finish;
	slot->finish = log_is_on() || pin_is_held(call) ? finish_whole : finish;
	slot->unmark = call->holds ? 0 : plain_unmark(call->mark);
	slot->keep = 1;
	registers_enter_gate(call->context, &slot->saved, slot, (unsigned long)gate_at, nr, arguments);
	return CALL_RESUME;
}

static bool wants_finish(const struct call *call)
{
	return pin_is_held(call) || identity_is_on() || overlay_opens(call);
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
	return resume_at(call, gate_open, NR_openat2, arguments, wants_finish(call) ? finish_open : NULL);
}

long call_resume_retry(struct call *call, call_handler *retry)
{
	call->retry = retry;
	return resume_at(call, gate_open, call->nr, call->arguments, wants_finish(call) ? finish_open : NULL);
}

static long finish_judged(struct slot *slot, long result)
{
	(void)slot;
	return result;
}

long call_resume_judged(struct call *call, call_handler *retry)
{
	call->retry = retry;
	call->is_judged = true;
	return resume_at(call, gate_judged, call->nr, call->arguments, finish_judged);
}

long call_resume_waiting(struct call *call)
{
	struct open_how *how = (struct open_how *)call->slot->spare;
	struct host_path *path = &call->paths[0];
	struct text name;

	text_init(&name, call->slot->pinned[0], sizeof(call->slot->pinned[0]));
	text_add(&name, PROC_DESCRIPTORS);
	text_add_number(&name, call->waits);
	*path = (struct host_path){ .directory = AT_FDCWD, .path = name.text, .pin = call->waits, .held = -1 };
	call->waits = -1;
	how->flags &= ~(uint64_t)(O_CREAT | O_NOFOLLOW);
	how->mode = 0;
	how->resolve = 0;
	return call_resume_open(call, path->directory, path->path, how, NULL);
}

long call_resume_clone(struct call *call, struct clone_child *child, bool is_shared)
{
	long status;

	registers_set_child(call->arguments, child, is_shared);
	status = resume_at(call, gate_clone3, NR_clone3, call->arguments, NULL);
	child->saved = call->slot->saved;
	return status;
}

bool call_wants_retry(const struct call *call, long result)
{
	if (overlay_has_gone(call, result))
		return true;
	if (!call->retry)
		return false;
	if (call->is_judged)
		return result == SECCOMP_GO_ON;
	return result == -ELOOP ||
	       ((result == -ENOENT || result == -ENOTDIR) && !call->holds && plain_has_changed(call->mark));
}

long call_handle_once(struct call *call)
{
	int lock;
	long result;

	if (!overlay_is_there())
		return identity_is_on() ? access_handle(call) : call->row->handler(call);
	result = overlay_begin(call, &lock);
	if (result == OVERLAY_GO_ON)
		result = identity_is_on() ? access_handle(call) : call->row->handler(call);
	if (lock >= 0) {
		overlay_unlock(lock);
		/* It was the lock that had the lowest number. */
		if (result > lock && call_opens(call->row))
			result = pin_lowest((int)result);
	}
	overlay_end(call);
	return result;
}

/* Where the guest is not who the kernel knows: what that one may do is not all, or more than, what it may. */
static long handle_as_other(struct call *call)
{
	long result = call_handle_once(call);

	return result == -EACCES && identity_is_on() ? access_override(call, result) : result;
}

/* The call has met a link, or a whiteout, or names have changed since the walk. */
static long retry(struct call *call)
{
	long result;

	pin_release(call);
	if (overlay_opens(call)) {
		call->tries++;
		call_start_anew(call);
		return handle_as_other(call);
	}
	result = call->retry(call);
	return result == -EACCES && identity_is_on() ? access_override(call, result) : result;
}

/* The call in SLOT, which waited at the gate, has its result, and something is left to do. */
static void finish_call(struct slot *slot, struct ucontext *context)
{
	struct call *call = &slot->call;
	long result = slot->result;

	/* In case the call has to be made from there again. */
	registers_unfinish(context, &slot->saved);
	call->context = context;
	if (call_wants_retry(call, result)) {
		result = retry(call);
		if (result == CALL_RESUME)
			return;
		pin_release(call);
		log_call(call, result);
	} else if (slot->finish) {
		result = slot->finish(slot, result);
		if (result == CALL_RESUME)
			return;
		if (result == CALL_ANEW) {
			registers_set_instruction(context, registers_instruction(context) - ARCH_SYSCALL_SIZE);
			return;
		}
	}
	registers_set_result(context, result);
}

/* What the row's handler, or what comes before it, makes of the call. */
static long handle_call(struct call *call)
{
	long result = 0;

	call->is_judged = false;
	call->retry = NULL;
	if (host_program_is_loader(registers_instruction(call->context)))
		return host_program_call(call);
	if (call->row->touches && readonly_is_there())
		result = readonly_check_descriptor(call);
	if (result)
		return result;
	return handle_as_other(call);
}

bool dispatch_call(struct slot *slot, struct ucontext *context, uint32_t verdict)
{
	const struct call_row *row = call_find(registers_number(context));
	struct call *call = &slot->call;
	long result;

	*call = (struct call){ .row = row,
			       .slot = slot,
			       .context = context,
			       .nr = row->nr,
			       .waits = -1,
			       .paths = { { .pin = -1, .held = -1 }, { .pin = -1, .held = -1 } } };
	registers_arguments(context, call->arguments);
	memcpy(call->original, call->arguments, sizeof(call->original));
	log_begin(call);
	result = verdict == SECCOMP_RET_ALLOW ? handle_call(call) : seccomp_obey(call, verdict, handle_call);
	if (result == CALL_RESUME)
		return true;
	pin_release(call);
	log_call(call, result);
	/* The handler may have moved the frame, or left it for the guest's own. */
	if (row->nr != NR_rt_sigreturn)
		registers_set_result(call->context, result);
	return false;
}

/* A question; or a call that only the filter of a proot around, of another build, wants to trap. */
static long answer_other(struct slot *slot, unsigned long nr, const struct call_row *row)
{
	const unsigned long *arguments = slot->call.arguments;

	if (nr == FINISH_NUMBER)
		return nest_answer(slot, arguments);
	if (!row)
		return -ENOSYS;
	if (row->action == CALL_REFUSE)
		return -row->error;
	return gate((long)nr, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}

/* The guest's own filter stops the call, not ours. */
static unsigned long trap_of_filter(struct slot *slot, uint32_t verdict, siginfo_t *info, struct ucontext *context)
{
	info->si_code = SYS_SECCOMP;
	info->si_errno = verdict & SECCOMP_RET_DATA;
	return signal_force_own(slot, context);
}

/* A call that our filter has stopped; or one of the guest's, with the same data as ours. */
static unsigned long handle_trap(struct slot *slot, siginfo_t *info, struct ucontext *context)
{
	unsigned long nr = registers_number(context);
	const struct call_row *row = call_find(nr);
	uint32_t verdict = filters_are_on() ? filters_judge(context) : SECCOMP_RET_ALLOW;

	if ((verdict & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_TRAP)
		return trap_of_filter(slot, verdict, info, context);
	if (verdict == FILTERS_STRICT)
		seccomp_end_strict();
	if (row && row->action == CALL_TRAP) {
		patch_consider(row, context);
		dispatch_call(slot, context, verdict);
	} else {
		registers_arguments(context, slot->call.arguments);
		registers_set_result(context, answer_other(slot, nr, row));
	}
	return slot->call.leave_stack ? slot->call.leave_stack : (unsigned long)context;
}

static bool is_forced(const siginfo_t *info)
{
	return info->si_code == SYS_SECCOMP || info->si_code == SYS_USER_DISPATCH;
}

/* A call that syscall user dispatch has stopped, but that the guest lets pass: the filter has not seen it. */
static unsigned long handle_passing(struct slot *slot, siginfo_t *info, struct ucontext *context)
{
	const struct call_row *row = call_find(registers_number(context));
	uint32_t verdict = filters_are_on() ? filters_judge(context) : SECCOMP_RET_ALLOW;
	unsigned long arguments[6];

	registers_arguments(context, arguments);
	if (row && condition_holds(row, arguments))
		return handle_trap(slot, info, context);
	if ((verdict & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_TRAP)
		return trap_of_filter(slot, verdict, info, context);
	user_dispatch_make(slot, context, verdict);
	return (unsigned long)context;
}

/* Of what would be refused by the filter, if there were not --trace. */
static bool is_refusal(const siginfo_t *info)
{
	return show_is_on() && info->si_code == SYS_SECCOMP && (info->si_errno & ~0xff) == FILTER_REFUSED;
}

/* The stack pointer for rt_sigreturn, or 0. */
static unsigned long take_signal(struct slot *slot, siginfo_t *info, struct ucontext *context)
{
	bool is_told = info->si_code == SYS_SECCOMP && info->si_errno == FILTER_TRAP_TOLD;
	bool is_trap = is_told || (info->si_code == SYS_SECCOMP && info->si_errno == FILTER_TRAP_DATA);

	slot->told = is_told;
	if (info->si_code == SYS_USER_DISPATCH && user_dispatch_passes(context))
		return handle_passing(slot, info, context);
	if (is_refusal(info)) {
		registers_set_result(context,
				     show_refused(slot, context, registers_number(context), info->si_errno & 0xff));
		return (unsigned long)context;
	}
	if (!is_trap)
		return is_forced(info) ? signal_force_own(slot, context) : signal_deliver_own(slot, context);
	if (registers_number(context) != FINISH_NUMBER ||
	    registers_instruction(context) != (unsigned long)agent_finish_site + ARCH_SYSCALL_SIZE)
		return handle_trap(slot, info, context);
	finish_call(slot, context);
	return slot->call.leave_stack ? slot->call.leave_stack : (unsigned long)context;
}

unsigned long agent_signal(struct slot *slot, siginfo_t *info, struct ucontext *context)
{
	bool is_of_tracer = info->si_code == SYS_SECCOMP;
	unsigned long stack;

	slot->call.leave_stack = 0;
	slot->deliver = 0;
	stack = take_signal(slot, info, context);
	if (is_of_tracer)
		tracer_leave();
	return stack;
}
