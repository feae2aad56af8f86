/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include "sequence.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int kept[KEPT_MOST];
static int kept_count;

int kept_any(void)
{
	return kept_count ? kept[random_below((uint32_t)kept_count)] : -1;
}

int kept_random(void)
{
	unsigned int number = random_below(100);

	if (number < 45)
		return AT_FDCWD;
	if (number < 47)
		return -1;
	if (number < 49)
		return 777;
	return kept_any();
}

void kept_drop_one(void)
{
	int index;

	if (!kept_count)
		return;
	index = (int)random_below((uint32_t)kept_count);
	close(kept[index]);
	kept[index] = kept[--kept_count];
}

void kept_add(int fd)
{
	if (random_chance(50) && kept_count < KEPT_MOST) {
		kept[kept_count++] = fd;
		return;
	}
	close(fd);
}

/* Device and inode of the directories above bindings, as the guest sees them. */
static struct {
	dev_t device;
	ino_t inode;
} above[BINDINGS_MOST * 16 + 1];
static unsigned int above_count;

void protected_start(void)
{
	char path[256];
	struct stat status;

	/* Nothing can be executed without it. */
	if (!lstat("/bin", &status)) {
		above[above_count].device = status.st_dev;
		above[above_count++].inode = status.st_ino;
	}
	for (int i = 0; i < binding_count; i++) {
		strcpy(path, bindings[i].guest);
		for (char *slash = strrchr(path, '/'); slash > path; slash = strrchr(path, '/')) {
			*slash = '\0';
			if (lstat(path, &status))
				continue;
			above[above_count].device = status.st_dev;
			above[above_count++].inode = status.st_ino;
		}
	}
}

bool is_protected(int directory, const char *path)
{
	struct stat status;

	if (fstatat(directory, path, &status, AT_SYMLINK_NOFOLLOW))
		return false;
	for (unsigned int i = 0; i < above_count; i++)
		if (above[i].inode == status.st_ino && above[i].device == status.st_dev)
			return true;
	return false;
}
