/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/sender.h"
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/kin.h"
#include <asm/signal.h>

/* Whether the kernel has filled it in: with SI_QUEUE the sender has, who knows no other user than the guest's. */
static bool has_user(const siginfo_t *info)
{
	return info->si_code == SI_USER || info->si_code == SI_TKILL || info->si_code == SI_MESGQ ||
	       (info->si_signo == SIGCHLD && info->si_code > 0);
}

/* Of who has ended only the host's user is known. */
void sender_tell_known(siginfo_t *info)
{
	const struct identity *identity = &image_data()->identity;
	struct identity_ids ids;

	if (!has_user(info))
		return;
	if (info->si_pid == GATE_0(NR_getpid))
		info->si_uid = identity_now()->uid;
	else if (info->si_pid > 0 && kin_has_identity(info->si_pid) && identity_read_ids(info->si_pid, &ids))
		info->si_uid = ids.uid;
	else if (info->si_uid == identity->host_uid)
		info->si_uid = identity->uid;
}

static long finish_sigtimedwait(struct slot *slot, long result)
{
	siginfo_t *info = (siginfo_t *)slot->spare;

	if (result <= 0)
		return result;
	sender_tell_known(info);
	return guest_write(slot->call.original[1], info, sizeof(*info)) ? -EFAULT : result;
}

long handle_sigtimedwait(struct call *call)
{
	if (!call->arguments[1])
		return call_resume(call, call->nr, NULL);
	call->arguments[1] = (unsigned long)call->slot->spare;
	return call_resume(call, call->nr, finish_sigtimedwait);
}
