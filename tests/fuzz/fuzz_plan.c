/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan_exec() over one file, the input, under every name: "#!" lines and ELF
 * files. The first byte says after how many openings there are no more files, and whether there is an emulator.
 */
#include "image/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *content;
static size_t content_size;
static unsigned int openings;
static int open_files;

static long open_file(void *context, const char *path, char *exe)
{
	(void)context;
	if (!openings || strlen(path) >= PATH_SIZE)
		return -ENOENT;
	openings--;
	if (exe)
		strcpy(exe, "/x");
	return 3 + open_files++;
}

static long read_file(int fd, void *buf, size_t size, uint64_t offset)
{
	if (fd < 3 || (int64_t)offset < 0)
		return -EINVAL;
	if (offset >= content_size)
		return 0;
	if (size > content_size - offset)
		size = content_size - offset;
	memcpy(buf, content + offset, size);
	return (long)size;
}

static void close_file(int fd)
{
	if (fd < 3 || open_files-- < 1)
		abort();
}

static long open_host_file(void *context, const char *path)
{
	return open_file(context, path, NULL);
}

static bool is_bound(void *context, const char *exe)
{
	(void)context;
	(void)exe;
	return openings % 2;
}

static const struct plan_operations operations = {
	.open = open_file, .open_host = open_host_file, .is_bound = is_bound, .read = read_file, .close = close_file
};

static const struct emulator emulator = { .count = 2, .words = EMULATOR_HOST "/q\0q" };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct plan plan;
	long status;

	if (!size)
		return 0;
	openings = data[0] % 10;
	content = data + 1;
	content_size = size - 1;
	status = plan_exec(&plan, &operations, NULL, data[0] >= 128 ? &emulator : NULL, "/x");
	if (status > 0 || status < -4095 || plan.front_count > ARRAY_SIZE(plan.front))
		abort();
	for (unsigned int i = 0; i < plan.front_count; i++)
		if (strlen(plan.front[i]) >= PLAN_HEAD_SIZE)
			abort();
	if (!status)
		plan_close(&plan);
	if (open_files)
		abort();
	return 0;
}
