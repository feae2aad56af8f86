/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The code of patched sites (patch.h) as a tracer sees it: while a process is traced its fast way
 * is closed, and what the jumps are in the place of can be put back.
 */
#ifndef AGENT_TRACE_SITES_H
#define AGENT_TRACE_SITES_H

#include "agent/tracee.h"

/*
 * Put the guest's own code, or the jumps, at the sites of the process of TRACEE, which is stopped and a
 * guest. Nothing is done while another of its threads is not in a tracer's stop: it might be
 * about to execute what changes. Then the jumps stay, which are right, too.
 */
void trace_sites_show(const struct tracee *tracee);
void trace_sites_hide(const struct tracee *tracee);

#endif
