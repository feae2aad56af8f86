/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/cache.h"

#include <stdio.h>

void cache_name_file(const struct stat *status, const char *cpu, char *buf)
{
	snprintf(buf, NAME_LONGEST + 1, "%llx-%llx-%llx-%llx.%lx-%llx.%lx-%.32s", (unsigned long long)status->st_dev,
		 (unsigned long long)status->st_ino, (unsigned long long)status->st_size,
		 (unsigned long long)status->st_mtim.tv_sec, status->st_mtim.tv_nsec,
		 (unsigned long long)status->st_ctim.tv_sec, status->st_ctim.tv_nsec, cpu);
}
