/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ports that are others on the host than inside: -p, -n. Addresses on their way
 * in get the host's port; on their way out the guest's. That is so for
 * addresses of this machine only: what is far away has its own ports.
 *
 * A pair of the command line counts always. One that comes of binding (-p without a
 * value, -n) counts for all guests from then on: nobody knows when its last socket is closed.
 */
#ifndef AGENT_PORTS_H
#define AGENT_PORTS_H

#include "agent/slot.h"

/* Whether any port may be another: nothing has to be looked at otherwise. */
bool ports_are_on(void);

/*
 * The address *ADDRESS of LENGTH bytes, to which something is sent or connected:
 * if it has a port, it becomes a copy in the slot (socket_work()), with the
 * host's port. It stays where it is if it can't be read.
 */
void ports_translate(struct call *call, unsigned long *address, int length);

/* bind(2) of what is no UNIX socket. Returns what the guest is told. */
long ports_bind(struct call *call);

/* Give BYTES, an address of LENGTH that the kernel has written, the guest's port. */
void ports_tell(char *bytes, int length);

#endif
