/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same for who is root inside only. What modes deny to the user stays denied, because the mode
 * would have to be changed for that.
 */
#define DENIED 0600
#define SHUT 0700
#include "readonly.c"
