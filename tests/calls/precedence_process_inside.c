/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The same by root inside. */
#include "precedence_process.c"
