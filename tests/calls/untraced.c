/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clone(2) and clone3(2) with CLONE_UNTRACED: no tracer of ours may lose the child. */
#include "call.h"
#include <linux/sched.h>
#include <sched.h>

static int look(void)
{
	return access("/bound/inner", F_OK) || !access("/bound/covered", F_OK);
}

static void tell(const char *how, long pid)
{
	int status = 0;

	if (!pid)
		_exit(look() ? 1 : 10);
	say("%s: %s, ", how, pid > 0 ? "a child" : strerrorname_np(errno));
	say("status %d\n", waitpid((pid_t)pid, &status, 0) == pid ? WEXITSTATUS(status) : -1);
}

/* The flags are what they were, in the register of the caller. */
static long clone_keeping(unsigned long flags, unsigned long *after)
{
	long result = SYS_clone;

	*after = flags;
	__asm__ volatile("xor %%r10d, %%r10d\n\txor %%r8d, %%r8d\n\tsyscall"
			 : "+a"(result), "+D"(*after)
			 : "S"(0ul), "d"(0ul)
			 : "rcx", "r8", "r10", "r11", "memory");
	return result;
}

int main(void)
{
	struct clone_args arguments = { .flags = CLONE_UNTRACED, .exit_signal = SIGCHLD };
	unsigned long after;
	long pid;

	tell("clone", syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, 0, 0, 0, 0));
	tell("clone3", syscall(SYS_clone3, &arguments, sizeof(arguments)));
	pid = clone_keeping(CLONE_UNTRACED | SIGCHLD, &after);
	if (pid)
		say("flags are %s\n", after == (CLONE_UNTRACED | SIGCHLD) ? "kept" : "others");
	tell("again", pid);
	return 0;
}
