/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/tracer.h"
#include "agent/fast.h"
#include "agent/filters.h"
#include "agent/gate.h"
#include "image/filter_data.h"
#include <asm/siginfo.h>
#include <asm/signal.h>

#ifndef SYS_SECCOMP
#define SYS_SECCOMP 1 /* asm-generic/siginfo.h, left out by some headers */
#endif

unsigned long tracer_entrance;

static bool may_enter;

void tracer_start(bool may)
{
	may_enter = may;
}

/* Threads may tell at the same time: what is closed stays so. */
static void note_entrance(void)
{
	bool is_open = may_enter && !fast_is_closed;

	__atomic_store_n(&tracer_entrance,
			 filters_are_on() ? FILTER_IS_THERE :
			 is_open	  ? (unsigned long)fast_traced :
					    FILTER_NO_ENTRANCE,
			 __ATOMIC_RELAXED);
}

/*
 * SIGSYS, because the guest neither blocks nor ignores it. With a code like the kernel's it is delivered before
 * any other signal (SYNCHRONOUS_MASK, kernel/signal.c) and has room in a full queue. Every image has
 * tracer_entrance at one address, which the tracer learns from this.
 */
static void leave(bool is_passing)
{
	siginfo_t info = { .si_signo = SIGSYS, .si_code = SYS_SECCOMP, .si_errno = FILTER_LEAVE_DATA };

	if (!(image_data()->flags & IMAGE_TRACED))
		return;
	note_entrance();
	info.si_call_addr = &tracer_entrance;
	info.si_arch = is_passing;
	info.si_syscall = tracer_entrance != (unsigned long)fast_traced;
	GATE_4(NR_rt_tgsigqueueinfo, GATE_0(NR_getpid), GATE_0(NR_gettid), SIGSYS, &info);
}

void tracer_leave(void)
{
	leave(false);
}

void tracer_leave_passing(void)
{
	leave(true);
}
