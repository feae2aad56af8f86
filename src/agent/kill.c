/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signals of guests to others, by the rules of the users they believe to be: to the kernel all
 * are one, and so are the user's processes that are no guests.
 */
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/identity.h"
#include "agent/proc.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <asm/signal.h>
#include <linux/capability.h>
#include <linux/fcntl.h>

#define SIGNALS 64 /* _NSIG */
#define ALL (-1)

/* struct linux_dirent64, include/linux/dirent.h. */
struct directory_entry {
	uint64_t inode;
	int64_t offset;
	unsigned short size;
	unsigned char type;
	char name[];
};

/* Those of PROCESS, or a thread; of who is no guest, as the owner of the user's files. */
static void read_subject(long process, struct credentials *subject)
{
	if (!proc_is_guest(process) || !identity_read(process, subject))
		credentials_init(subject, image_data()->identity.uid, image_data()->identity.gid);
}

/* check_kill_permission(), kernel/signal.c, of who is there. */
static bool may_signal(int target, int signal)
{
	const struct credentials *now = identity_now();
	struct credentials subject;

	if (credentials_can(now, CAP_KILL) || !GATE_3(NR_tgkill, GATE_0(NR_getpid), target, 0))
		return true;
	if (signal == SIGCONT && GATE_1(NR_getsid, target) == GATE_1(NR_getsid, 0))
		return true;
	read_subject(target, &subject);
	return credentials_may_signal(now, &subject);
}

/* The number of the process whose directory of /proc is called NAME; 0: it is another file. */
static int process_of(const char *name)
{
	long number = text_read_number(&name);

	return number > 0 && !*name ? (int)number : 0;
}

/* Signal the guests of this proot among those that SIZE bytes of /proc's listing name: how many there are. */
static unsigned int signal_listed(const char *entries, long size, int signal)
{
	unsigned int count = 0;

	for (long at = 0; at < size; at += ((const struct directory_entry *)(entries + at))->size) {
		int process = process_of(((const struct directory_entry *)(entries + at))->name);

		if (process <= 1 || process == GATE_0(NR_getpid) || !proc_is_guest(process))
			continue;
		count++;
		if (may_signal(process, signal))
			GATE_2(NR_kill, process, signal);
	}
	return count;
}

/* kill(-1): natively all but init and the caller. A container's root does not reach further than its container. */
static long signal_all(struct call *call, int signal)
{
	struct view_scratch *scratch = &call->slot->scratch;
	unsigned int count = 0;
	long fd, size;

	if (signal < 0 || signal > SIGNALS)
		return -EINVAL;
	fd = GATE_4(NR_openat, AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (fd < 0)
		return -EPERM;
	while ((size = GATE_3(NR_getdents64, fd, scratch->rest, sizeof(scratch->rest))) > 0)
		count += signal_listed(scratch->rest, size, signal);
	GATE_1(NR_close, fd);
	return count ? 0 : -ESRCH;
}

/* A signal to a process group goes to the whole group. */
long handle_signal(struct call *call)
{
	bool has_group = call->nr == NR_tgkill || call->nr == NR_rt_tgsigqueueinfo;
	int target = (int)call->arguments[has_group], signal = (int)call->arguments[1 + has_group];
	long status;

	/* In a process namespace of its own the numbers of /proc are others, and there are only guests. */
	if (call->nr == NR_kill && target == ALL && proc_is_own(GATE_0(NR_getpid)))
		return signal_all(call, signal);
	if (target <= 0 || may_signal(target, signal))
		return call_make(call, call->nr);
	if (has_group)
		status = GATE_3(NR_tgkill, call->arguments[0], target, 0);
	else
		status = GATE_2(call->nr == NR_tkill ? NR_tkill : NR_kill, target, 0);
	if (status)
		return status;
	return signal < 0 || signal > SIGNALS ? -EINVAL : -EPERM;
}
