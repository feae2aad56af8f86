/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The errno values of Linux's generic ABI (asm-generic/errno*.h), for code
 * without libc. Functions return them negated.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <linux/errno.h>

#endif
