/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which mount a place lies on, as statx and name_to_handle_at tell: the
 * numbers themselves mean nothing, so places are told by who shares one.
 */
#include "call.h"
#include <linux/stat.h>

#ifndef STATX_MNT_ID_UNIQUE
#define STATX_MNT_ID_UNIQUE 0x4000u
#endif
#ifndef AT_HANDLE_MNT_ID_UNIQUE
#define AT_HANDLE_MNT_ID_UNIQUE 1
#endif

struct statx_buffer {
	struct statx status;
	char behind[16];
};

/* The names by which numbers are told: the first place that had each. */
static struct {
	unsigned long number;
	char name[64];
} known[64];
static unsigned int known_count;

static const char *show_mount(unsigned long number, const char *place)
{
	for (unsigned int i = 0; i < known_count; i++)
		if (known[i].number == number)
			return known[i].name;
	MUST(known_count < ARRAY_SIZE(known));
	known[known_count].number = number;
	snprintf(known[known_count].name, sizeof(known[0].name), "%s", place);
	return known[known_count++].name;
}

static unsigned int mask;
static int flags;

static long run_statx(int directory, const char *path)
{
	struct statx_buffer buffer;
	long result = CALL(SYS_statx, directory, path, flags, mask, &buffer);
	struct statx *status = &buffer.status;

	if (result)
		return result;
	/* Of a descriptor that is no directory's, proot looks for the mount only if its number is asked for. */
	if ((path && path[0]) || S_ISDIR(status->stx_mode) || mask & (STATX_MNT_ID | STATX_MNT_ID_UNIQUE))
		say("top %d", !!(status->stx_attributes & status->stx_attributes_mask & STATX_ATTR_MOUNT_ROOT));
	if (mask & (STATX_MNT_ID | STATX_MNT_ID_UNIQUE))
		say(" of %s", show_mount(status->stx_mnt_id, path && path[0] ? path : "DESCRIPTOR"));
	say(" %x ", status->stx_mask & mask & (STATX_MNT_ID | STATX_MNT_ID_UNIQUE));
	return 0;
}

static int handle_flags;

static long run_handle(int directory, const char *path)
{
	struct {
		struct file_handle head;
		char bytes[MAX_HANDLE_SZ];
	} handle = { .head.handle_bytes = MAX_HANDLE_SZ };
	unsigned long number = 0;
	long result = CALL(SYS_name_to_handle_at, directory, path, &handle, &number, handle_flags);

	if (!result || result == -EOVERFLOW)
		say("of %s ", show_mount(number, path && path[0] ? path : "DESCRIPTOR"));
	return result;
}

/* The mount's line in mountinfo: the mount point. */
static void find_line(const char *path)
{
	char line[1024], point[256], *end;
	struct statx_buffer buffer;
	FILE *file = fopen("/proc/self/mountinfo", "r");
	int number, found = 0;

	MUST(file && !CALL(SYS_statx, AT_FDCWD, path, 0, STATX_MNT_ID, &buffer));
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%d %*d %*s %*s %255s", &number, point) != 2)
			continue;
		if ((unsigned long)number == buffer.status.stx_mnt_id) {
			end = strchr(point, '\n');
			if (end)
				*end = '\0';
			say("%s is on the mount at %s\n", path, point);
			found++;
		}
	}
	say("%s: %d lines\n", path, found);
	fclose(file);
}

static void sweep(void)
{
	static const int flags_of[] = { 0, AT_SYMLINK_NOFOLLOW, AT_NO_AUTOMOUNT };

	for (size_t i = 0; i < ARRAY_SIZE(flags_of); i++) {
		flags = flags_of[i];
		say("mask %x flags %x\n", mask, flags);
		known_count = 0;
		sweep_at("statx", run_statx);
	}
	flags = AT_EMPTY_PATH;
	known_count = 0;
	sweep_empty("statx empty", run_statx);
}

/* A link of /proc leads to the object's mount. */
static void try_links(void)
{
	static const char *const paths[] = { "/", "/dir", "/bound", "/bound/sub/again", "/bound/inner", "/bound-file" };
	char link[64];

	known_count = 0;
	flags = 0;
	mask = STATX_MNT_ID;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		int fd = open(paths[i], O_PATH);

		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		say("%s and its link: %s", paths[i], show(run_statx(AT_FDCWD, paths[i])));
		say(" %s\n", show(run_statx(AT_FDCWD, link)));
		close(fd);
	}
	run_statx(AT_FDCWD, "/proc/self/cwd");
	run_statx(AT_FDCWD, "/proc/self/root");
	run_statx(AT_FDCWD, "/proc/self/exe");
	say("\n");
}

int main(void)
{
	static const unsigned int masks[] = { STATX_BASIC_STATS, STATX_MNT_ID, STATX_MNT_ID_UNIQUE,
					      STATX_MNT_ID | STATX_MNT_ID_UNIQUE, STATX_ALL };
	static const int handles[] = { 0, AT_SYMLINK_FOLLOW, AT_HANDLE_MNT_ID_UNIQUE, AT_EMPTY_PATH, 0x40000 };

	for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
		mask = masks[i];
		sweep();
	}
	for (size_t i = 0; i < ARRAY_SIZE(handles); i++) {
		handle_flags = handles[i];
		known_count = 0;
		say("handle flags %x\n", handle_flags);
		sweep_at("name_to_handle_at", run_handle);
	}
	try_links();
	find_line("/bound");
	find_line("/bound/sub/again/innermost");
	find_line("/dir/mount");
	find_line("/bound-file");
	find_line("/proc/self");
	return 0;
}
