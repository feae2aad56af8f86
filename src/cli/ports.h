/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading -p. A pure module. */
#ifndef CLI_PORTS_H
#define CLI_PORTS_H

#include "image/ports.h"

/* Whether WORD, behind a "-p", is meant for its value: a number, or something with a colon behind one. */
bool ports_is_value(const char *word);

/*
 * Add the pair IN:OUT to PORTS, in place of an earlier one of IN. NULL, or what
 * is wrong with it, in words that go behind the value and a colon.
 */
const char *ports_read(struct ports *ports, const char *value);

#endif
