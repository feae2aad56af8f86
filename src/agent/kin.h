/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests of the proots around this one, and of those inside: they run on other images, of the same agent, with
 * other views. What they are called there is led through their view to the host, and from there to ours.
 */
#ifndef AGENT_KIN_H
#define AGENT_KIN_H

#include "agent/agent.h"

/* Whether PROCESS is such a guest, or one of our own view. */
bool kin_is(long process);
/* Whether its agent keeps credentials: identity_read() may be asked. */
bool kin_has_identity(long process);
/* Whether PROCESS is a guest of our view, or of a proot inside this one. */
bool kin_is_inside(long process);

/* How many filters of ours the kernel has for PROCESS, which kin_is(). */
uint32_t kin_filters(long process);

/*
 * Where we see what PROCESS, of another view, sees at its canonical PATH: into BUF of PATH_SIZE,
 * which may be PATH. Its length, or -ENOENT.
 */
long kin_to_guest(long process, const char *path, char *buf);

#endif
