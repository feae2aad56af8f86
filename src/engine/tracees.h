/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The threads a tracer follows, by number.
 */
#ifndef ENGINE_TRACEES_H
#define ENGINE_TRACEES_H

#include "engine/near.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct tracee {
	struct tracee *next;
	pid_t thread;
	bool is_in_agent;      /* whose calls are made without a stop */
	bool is_inside;	       /* a system call, past its entry */
	bool is_refused;       /* the call has been cancelled: ANSWER is its result */
	bool is_trapped;       /* the call has been cancelled: SIGSYS is on its way, about TRAP */
	bool is_untraced;      /* the call is a clone(2) with CLONE_UNTRACED, which has been taken from ANSWER */
	bool is_passing;       /* the agent has sent the call that came in by the entrance back to its site */
	bool is_closed;	       /* it has told that calls need a signal to come in */
	unsigned int closings; /* when ENTRANCE was asked for */
	unsigned long entrance;
	unsigned long stack_page; /* there is such a page of its stack */
	uint64_t answer;
	struct near_thread near;
	bool is_owed; /* a SIGSYS of the guest's own has come in the place of a trap's: OWED */
	siginfo_t owed;
	struct trapped_call {
		uint64_t instruction_pointer;
		uint64_t first_argument;
		int nr;
		uint32_t arch;
		uint32_t data; /* of the verdict */
	} trap;
};

/* The record of THREAD, made if there is none; NULL: no memory. */
struct tracee *tracees_get(pid_t thread);
void tracees_forget(pid_t thread);

#endif
