/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guest is told of its kernel in place of what the machine would say: -k. */
#ifndef IMAGE_KERNEL_H
#define IMAGE_KERNEL_H

#include "base/base.h"

#define KERNEL_NAME_SIZE 65 /* struct new_utsname, linux/utsname.h */

/* In the order of struct new_utsname. */
enum kernel_name {
	KERNEL_SYSTEM,
	KERNEL_NODE,
	KERNEL_RELEASE,
	KERNEL_VERSION,
	KERNEL_MACHINE,
	KERNEL_DOMAIN,
	KERNEL_NAMES,
};

/* Those that a guest may set: image/shared.h. */
enum { SHARED_HOST, SHARED_DOMAIN, SHARED_NAMES };

struct kernel {
	uint64_t hardware; /* AT_HWCAP, with HAS_HARDWARE */
	uint32_t has_hardware;
	uint32_t older[SHARED_NAMES]; /* the version, of struct shared_name, that a name here came after */
	char names[KERNEL_NAMES][KERNEL_NAME_SIZE]; /* by enum kernel_name; "": as it is */
};

#endif
