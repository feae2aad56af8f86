/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The supervisor's side of user notification (seccomp_unotify(2)). A call that
 * traps to us is made again at gate_judged for it, where the kernel must never go on with what the guest's
 * arguments say. So a supervisor's "go on" is turned into an answer that the agent at the
 * gate knows (SECCOMP_GO_ON), and which calls these are is noted when they are received.
 */
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/notify.h"
#include "agent/plain.h"
#include "agent/proc.h"
#include "agent/seccomp.h"
#include "image/shared.h"
#include <asm/ioctl.h>
#include <linux/seccomp.h>

#define JUDGED_ADDRESS (IMAGE_ADDRESS + GATE_JUDGED_OFFSET)

/*
 * Numbers of notifications of calls at gate_judged; 0: none. Who receives one is not always who answers it: all guests
 * share them, if they share anything.
 */
static struct shared *judged(void)
{
	static struct shared alone AGENT_LARGE;
	struct shared *shared = plain_shared();

	return shared ? shared : &alone;
}

static bool is_judged(uint64_t id)
{
	struct shared *shared = judged();

	for (unsigned int i = 0; i < ARRAY_SIZE(shared->judged); i++)
		if (__atomic_load_n(&shared->judged[i], __ATOMIC_RELAXED) == id)
			return id;
	return false;
}

static void note_judged(uint64_t id)
{
	struct shared *shared = judged();
	unsigned int at = __atomic_fetch_add(&shared->judged_next, 1, __ATOMIC_RELAXED);

	__atomic_store_n(&shared->judged[at % ARRAY_SIZE(shared->judged)], id, __ATOMIC_RELAXED);
}

/* What threads of this memory have at gate_judged. Of two that share a place the later counts. */
static struct judged_call {
	long thread;
	unsigned long site;
	/* Of one that has leave to be made: so that it is the same. */
	unsigned long leave_stack, arguments[6], nr;
} calls[64] AGENT_LARGE;

static struct judged_call *call_of(long thread)
{
	return &calls[(unsigned long)thread % ARRAY_SIZE(calls)];
}

bool notify_is_due(const struct call *call)
{
	long thread = GATE_0(NR_gettid);
	struct judged_call *last = call_of(thread);
	unsigned long site = registers_instruction(call->context);
	bool has_leave = last->thread == thread && last->site == site && last->nr == call->nr &&
			 last->leave_stack == registers_stack(call->context) &&
			 !memcmp(last->arguments, call->original, sizeof(last->arguments));

	*last = (struct judged_call){ .thread = thread, .site = site };
	return !has_leave;
}

void notify_note_leave(const struct call *call, unsigned long stack_pointer)
{
	struct judged_call *last = call_of(GATE_0(NR_gettid));

	last->leave_stack = stack_pointer;
	last->nr = call->nr;
	memcpy(last->arguments, call->original, sizeof(last->arguments));
}

/* That of THREAD, another guest's; 0 if it is not known. */
static unsigned long read_site(long thread)
{
	struct judged_call found;

	if (!proc_read_agent(thread, call_of(thread), &found, sizeof(found)) || found.thread != thread)
		return 0;
	return found.site;
}

/* A notification has been received: the supervisor is told the guest's own site. */
static long finish_receive(struct slot *slot, long result)
{
	unsigned long at = slot->call.arguments[2];
	unsigned long site_at = at + offsetof(struct seccomp_notif, data.instruction_pointer);
	struct seccomp_notif notification;
	uint64_t site;

	if (result || guest_read(&notification, at, sizeof(notification)) ||
	    notification.data.instruction_pointer != JUDGED_ADDRESS)
		return result;
	note_judged(notification.id);
	site = read_site(notification.pid);
	if (site)
		guest_write(site_at, &site, sizeof(site));
	return result;
}

/* The kernel gets a copy: what has been looked at is what counts. */
static long send_response(struct call *call)
{
	struct seccomp_notif_resp *response = (struct seccomp_notif_resp *)call->slot->spare;
	bool is_read = !guest_read(response, call->arguments[2], sizeof(*response));

	if (is_read && response->flags == SECCOMP_USER_NOTIF_FLAG_CONTINUE && !response->error && !response->val &&
	    is_judged(response->id)) {
		response->flags = 0;
		response->val = SECCOMP_GO_ON;
	}
	call->arguments[2] = is_read ? (unsigned long)response : BAD_ADDRESS;
	return call_make(call, call->nr);
}

long handle_ioctl(struct call *call)
{
	if ((uint32_t)call->arguments[1] == SECCOMP_IOCTL_NOTIF_SEND)
		return send_response(call);
	return call_resume(call, call->nr, finish_receive);
}
