/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ELF interpreter of what a guest executes is nearly always its own. Where
 * that lies in the view is known then, and is not found out anew by a walk
 * through the links that lead there.
 */
#ifndef AGENT_INTERPRETER_H
#define AGENT_INTERPRETER_H

#include "agent/agent.h"

/* FD is the interpreter of this program, which calls it NAME. */
void interpreter_start(const char *name, int fd);

/*
 * Open NAME if it names that interpreter still: a descriptor of it. Negative:
 * to be looked for as every program is.
 */
long interpreter_open(const char *name);

#endif
