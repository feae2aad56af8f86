/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text a UNIX socket is bound to in the kernel, for the one the guest chose.
 *
 * The kernel keeps the text of bind(2) and shows it to every process that asks
 * for a name or a sender, and it looks the text up while it binds. An absolute
 * one begins at the host's root, so it has to be bound as a relative one: with
 * "./" in front. What already looks so gets it too, so that "./" can be taken
 * off again wherever a name comes out.
 */
#ifndef AGENT_SOCKET_NAME_H
#define AGENT_SOCKET_NAME_H

#include "base/base.h"

#define SOCKET_NAME_MOST 108 /* sizeof(sun_path), linux/un.h; a final NUL need not fit */

/*
 * The text to bind for GUEST_NAME, of at most SOCKET_NAME_MOST bytes, into NAME
 * of SOCKET_NAME_MOST + 1: its length. It is relative. Where "./" does not fit,
 * a byte no name begins with goes before the first slash, or in its place; a
 * relative text that long is left as it is.
 */
size_t socket_name_encode(const char *guest_name, char *name);

/* The guest's text for the bound NAME, in its place: its length. */
size_t socket_name_decode(char *name);

#endif
