/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/attach.h"
#include "agent/store_file.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <asm/mman.h>
#include <linux/mman.h>
#include <linux/shm.h>

long attach_open(const char *name, unsigned long flags)
{
	char path[sizeof(image_data()->memory) + 64];
	struct text text;

	text_init(&text, path, sizeof(path));
	text_add(&text, image_data()->memory);
	text_add(&text, name);
	return store_file_open_any(path, flags | O_NOFOLLOW);
}

static long map_file(int32_t id, const void *at, size_t size, bool writes)
{
	unsigned long protection = PROT_READ | (writes ? PROT_WRITE : 0), flags = at ? MAP_FIXED_NOREPLACE : 0;
	char name[16];
	struct text text;
	long fd, result;

	text_init(&text, name, sizeof(name));
	text_add(&text, SHARED_FILE_NAME);
	text_add_number(&text, id);
	fd = attach_open(name, writes ? O_RDWR : O_RDONLY);
	if (fd < 0)
		return fd;
	result = GATE_6(NR_mmap, at, size, protection, MAP_SHARED | flags, fd, 0);
	GATE_1(NR_close, fd);
	return result;
}

long attach_memory(int32_t id, const void *at, size_t size, bool writes)
{
	if (*image_data()->memory)
		return map_file(id, at, size, writes);
	return GATE_3(NR_shmat, id, at, writes ? 0 : SHM_RDONLY);
}

void attach_release(void *at, size_t size)
{
	if (*image_data()->memory)
		GATE_2(NR_munmap, at, ALIGN_UP(size, 0x1000ul));
	else
		GATE_1(NR_shmdt, at);
}
