# SPDX-License-Identifier: GPL-2.0-or-later
# Atomics are instructions here, not functions of libgcc; no landing pads, as for x86_64.
AGENT_CFLAGS += -mno-outline-atomics -mbranch-protection=none
