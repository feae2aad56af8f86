/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --explain: every step from a guest path to the host's, one line each on stdout.
 */
#ifndef CLI_ROUTE_H
#define CLI_ROUTE_H

#include "view/view.h"

/*
 * Explain GUEST_PATH, relative to the canonical GUEST_CWD. Returns 0 when there is something at it, 1 when there is
 * not, -EIO when stdout can't be written.
 */
int route_explain(const struct view *view, const char *guest_cwd, const char *guest_path);

#endif
