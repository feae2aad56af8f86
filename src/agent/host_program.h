/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program of the host in the guest, QEMU among them. It is a guest like any
 * other, and its files are the guest's; but the libraries it is made of are the
 * host's, and the dynamic loader that finds them gets to see the host.
 */
#ifndef AGENT_HOST_PROGRAM_H
#define AGENT_HOST_PROGRAM_H

#include "agent/program.h"
#include "agent/slot.h"

/*
 * INTERPRETER, called INTERPRETER_NAME, is the loader of such a program, whose entry stands at ENTRY_AT in
 * the auxiliary vector: the loader comes to agent_host_entry instead. The loader's variables in ENVP, which are about
 * the guest's libraries, are hidden until it has looked at them; the last one, with HAS_LIBRARY_PATH, is the loader's
 * only.
 */
void host_program_start(const struct program_map *interpreter, unsigned long *entry_at, char **envp,
			const char *interpreter_name, bool has_library_path);

/* This process is the emulator. */
void host_program_start_emulator(void);

/* From agent_host_entry: returns the program's entry. */
unsigned long host_program_enter(void);

/* Whether this is the emulator, for a program of another CPU. */
bool host_program_is_emulator(void);

/* Whether the site that ends at BEHIND is in that loader. */
bool host_program_is_loader(unsigned long behind);

/* A call of the loader's: made in the host as it is, where it only reads. */
long host_program_call(struct call *call);

/*
 * Whether what the host has at a path can only be found by way of EMULATOR_HOST: where "the host" is what the guest of
 * an outer proot sees.
 */
bool host_program_has_view(void);

#endif
