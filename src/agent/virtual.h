/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual directories: those that exist only because something is bound below
 * them. They have no host object, so a descriptor of one refers to a directory
 * that was made for it and removed at once; the name it had tells which it is,
 * to every process that gets the descriptor. Nothing stays in any file system.
 */
#ifndef AGENT_VIRTUAL_H
#define AGENT_VIRTUAL_H

#include "agent/slot.h"

/* The virtual entry a removed directory's host path stands for, or -1. */
int virtual_of_path(const char *host_path);
/* The virtual entry a descriptor stands for, or -1. SCRATCH has PATH_SIZE bytes. */
int virtual_of_descriptor(int fd, char *scratch);
/* open(2) of the virtual entry BINDING: a descriptor or a negative errno. */
long virtual_open(uint32_t binding, unsigned long flags);

#endif
