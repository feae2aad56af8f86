/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The same where what is read-only is not seen at another place. */
#include "readonly.c"
