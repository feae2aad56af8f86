/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The same for who is root inside only. */
#define IS_INSIDE
#include "machine.c"
