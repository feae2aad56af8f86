/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SUPERVISOR_DESCENDANTS_H
#define SUPERVISOR_DESCENDANTS_H

/*
 * Kill every descendant of this process, which is their subreaper, and wait
 * until none is left.
 */
void descendants_end(void);

#endif
