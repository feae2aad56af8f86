/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_STORE_H
#define AGENT_STORE_H
#include "agent/agent.h"
#include "image/owner_record.h"
#include <asm/stat.h>
bool store_find(int directory, const char *path, unsigned long flags, const struct stat *status,
		struct owner_record *record);
long store_put(int directory, const char *path, unsigned long flags, const struct stat *status,
	       const struct owner_record *record);
long store_remove(int directory, const char *path, unsigned long flags, const struct stat *status);
#endif
