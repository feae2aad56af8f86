/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENGINE_DESCRIPTORS_H
#define ENGINE_DESCRIPTORS_H

/* Close all descriptors of this process but A and B; -1: none. Before Linux 5.9 only those below 65536. */
void descriptors_close_but(int a, int b);

#endif
