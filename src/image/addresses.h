/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the image lies. Below 2^38, which every 64-bit Linux gives a process;
 * inside 0x3000000000-0x4fffffffff, which AddressSanitizer leaves to others
 * (kMidMemBeg of LLVM's asan_mapping.h: anywhere else below 2^38 its shadow
 * memory collides with us); far from 0x400000 and from the top of memory. The
 * linker script reads this file too.
 */
#ifndef IMAGE_ADDRESSES_H
#define IMAGE_ADDRESSES_H

#define IMAGE_ADDRESS 0x3000000000
#define IMAGE_DATA_ADDRESS 0x3010000000

/* Signal stacks of ours: agent/stacks.h. */
#define IMAGE_STACKS_ADDRESS 0x3020000000
#define IMAGE_STACK_SIZE 0x10000
#define IMAGE_STACK_COUNT 4096
#define IMAGE_STACKS_SIZE (IMAGE_STACK_SIZE * IMAGE_STACK_COUNT)

#define IMAGE_END_ADDRESS 0x3030000000

#endif
