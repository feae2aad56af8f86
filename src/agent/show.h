/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --trace: what guests ask of the kernel, as they see it: one line for each call
 * that the agent answers or the filter refuses. Calls that pass are the kernel's alone, and have none.
 */
#ifndef AGENT_SHOW_H
#define AGENT_SHOW_H

#include "agent/slot.h"

static inline bool show_is_on(void)
{
	return image_data()->flags & IMAGE_SHOW;
}

/* CALL has RESULT. Overwrites the slot's scratch and spare. */
void show_call(const struct call *call, long result);

/* The call NR of CONTEXT was refused with the errno ERROR, or is not known. Likewise. Returns the call's result. */
long show_refused(struct slot *slot, const struct ucontext *context, unsigned long nr, unsigned int error);

/* The program FILE_NAME has been executed, with ARGV; where it is run by an emulator, without the word SKIPPED. */
void show_program(const char *file_name, char *const *argv, const char *skipped);

#endif
