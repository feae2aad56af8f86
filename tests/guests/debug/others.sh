#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# ltrace and valgrind.
plain() {
	sed -E 's/0x[0-9a-f]{4,}/ADDRESS/g; s/==[0-9]+==/==N==/; s/\b(process|pid) [0-9]+/\1 N/; s/SYS_(brk|set_tid_address)\(.*/\1/'
}

ltrace "$P/prog" 2>&1 | plain
ltrace -S -e stat "$P/prog" 2>&1 | grep -v -e mmap -e munmap | plain
valgrind -q "$P/prog" 2>&1 | plain
(valgrind -q "$P/crash" >../out 2>&1) 2>/dev/null
plain <../out | head -n 12
