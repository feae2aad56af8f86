/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signals of guests to others, by the rules of the users they believe to be: to the kernel all
 * are one, and so are the user's processes that are no guests.
 */
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/identity.h"
#include "agent/kin.h"
#include "agent/proc.h"
#include "agent/trace.h"
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
	if (!kin_has_identity(process) || !identity_read(process, subject))
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

/* A signal to many. */
struct volley {
	int group; /* of processes, or ALL */
	int signal;
	unsigned int met, reached;
};

/* Natively to all is to all but init and the caller. A container's root does not reach further than its container. */
static bool is_meant(const struct volley *volley, int process)
{
	if (volley->group == ALL ? process <= 1 || process == GATE_0(NR_getpid) :
				   GATE_1(NR_getpgid, process) != volley->group)
		return false;
	return kin_is_inside(process);
}

/* Among the processes that SIZE bytes of /proc's listing name. */
static void signal_listed(struct volley *volley, const char *entries, long size)
{
	for (long at = 0; at < size; at += ((const struct directory_entry *)(entries + at))->size) {
		int process = process_of(((const struct directory_entry *)(entries + at))->name);

		if (!process || !is_meant(volley, process))
			continue;
		volley->met++;
		if (may_signal(process, volley->signal))
			volley->reached += !GATE_2(NR_kill, process, volley->signal);
	}
}

/* As kill_something_info(), kernel/signal.c: who is met by a signal to all need not have been reached. */
static long signal_many(struct call *call, int group, int signal)
{
	struct view_scratch *scratch = &call->slot->scratch;
	struct volley volley = { .group = group, .signal = signal };
	long fd, size;

	if (signal < 0 || signal > SIGNALS)
		return -EINVAL;
	fd = GATE_4(NR_openat, AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (fd < 0)
		return -EPERM;
	while ((size = GATE_3(NR_getdents64, fd, scratch->rest, sizeof(scratch->rest))) > 0)
		signal_listed(&volley, scratch->rest, size);
	GATE_1(NR_close, fd);
	if (!volley.met)
		return -ESRCH;
	return volley.reached || group == ALL ? 0 : -EPERM;
}

/* In a process namespace of its own the numbers of /proc are others: there it is the kernel's. */
static bool is_for_many(const struct call *call, int target)
{
	if (call->nr != NR_kill || target > 0 || !proc_is_own(GATE_0(NR_getpid)))
		return false;
	return target == ALL || !credentials_can(identity_now(), CAP_KILL);
}

/* The process that the descriptor PIDFD is of: /proc tells. 0: none. */
static int process_of_descriptor(struct slot *slot, int pidfd)
{
	static const char begin[] = "Pid:\t";
	struct text path;
	char name[64], *at = slot->spare;
	const char *number;
	long fd, length;

	text_init(&path, name, sizeof(name));
	text_add(&path, "/proc/thread-self/fdinfo/");
	text_add_number(&path, pidfd);
	fd = GATE_4(NR_openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	length = GATE_3(NR_read, fd, at, sizeof(slot->spare) - 1);
	GATE_1(NR_close, fd);
	at[MAX(length, 0)] = '\0';
	while (*at && !text_begins(at, begin))
		at++;
	number = at + sizeof(begin) - 1;
	return *at ? (int)text_read_number(&number) : 0;
}

long handle_pidfd_signal(struct call *call)
{
	int target = process_of_descriptor(call->slot, (int)call->arguments[0]);
	long status;

	if (target <= 0 || may_signal(target, (int)call->arguments[1]))
		return call_make(call, call->nr);
	/* What else is wrong with the call the kernel says first. */
	call->arguments[1] = 0;
	status = call_make(call, call->nr);
	return status ? status : -EPERM;
}

/* Errors are looked for in the kernel's order: who is not there can't be sent a signal that is none. */
static long send_signal(struct call *call)
{
	bool has_group = call->nr == NR_tgkill || call->nr == NR_rt_tgsigqueueinfo;
	int target = (int)call->arguments[has_group], signal = (int)call->arguments[1 + has_group];
	long status;

	if (is_for_many(call, target))
		return signal_many(call, target == ALL ? ALL : target ? -target : (int)GATE_1(NR_getpgid, 0), signal);
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

long handle_signal(struct call *call)
{
	trace_begin();
	/* What stops itself is to be found where a tracer can put it at its site. */
	return identity_is_on() ? send_signal(call) : call_resume(call, call->nr, NULL);
}
