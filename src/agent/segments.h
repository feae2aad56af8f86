/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who has a segment's file mapped, by what /proc/PID/maps says.
 */
#ifndef AGENT_SEGMENTS_H
#define AGENT_SEGMENTS_H

#include "agent/sysv.h"

struct shmid64_ds;

/* How often the segment ID is mapped, by all processes whose maps may be read. SLOT: its spare and scratch are used. */
unsigned long segments_count(struct slot *slot, int id);
/* Unmap what shmat(2) has mapped at ADDRESS: the number of the segment, or -1: there is none. SLOT: likewise. */
int segments_detach(struct slot *slot, unsigned long address);
/* How many pages of the segment ID are in memory, or on the disk. */
unsigned long segments_pages(int id);
/* What IPC_STAT tells. SLOT: likewise. */
void segments_tell(struct slot *slot, struct sysv_segment *segment, struct shmid64_ds *status);
/*
 * Whether the host path PATH, of /proc/PID/maps, is a segment's file: *ID gets its number.
 */
bool segments_is_file(const char *path, int *id);

#endif
