/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ports of the guest that are others on the host: -p, -n. Numbers are in the
 * machine's order of bytes. What is settled on the command line is in the image;
 * what guests find out by binding is in the page they share (image/shared.h).
 */
#ifndef IMAGE_PORTS_H
#define IMAGE_PORTS_H

#include "base/base.h"

#define PORTS_MOST 128
#define PORTS_LOW 1024 /* those below are raised by -p without a value */
#define PORTS_RAISED_BY 2000

struct port_pair {
	uint16_t inside, outside; /* neither is 0 */
};

struct ports {
	uint16_t count;
	uint8_t raises;			    /* -p without a value: who binds to a low port gets a higher one */
	uint8_t cooperates;		    /* -n: who binds to a port gets one that is free */
	struct port_pair pairs[PORTS_MOST]; /* neither inside nor outside has a number twice */
};

#endif
