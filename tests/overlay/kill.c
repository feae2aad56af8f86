/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of a lower layer that are changed, renamed and removed by several processes at once, until they are killed.
 *
 *	kill make DIRECTORY	make the files
 *	kill work SEED		change them in /ov, for ever
 *	kill check DIRECTORY	whether each of them is whole there: as it was made, or as it was changed
 *
 * File N has blocks of numbers, each of which is N, or N and CHANGED. By N % 4: it is changed only; also renamed; also
 * removed; or replaced by one that was made aside. Each has its time, mode and attribute, which nobody changes but with
 *the mode.
 */
#define _GNU_SOURCE
#include "../oracle/sequence.h"
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define FILES 48
#define BLOCK 1024 /* numbers in a block */
#define CHANGED 0x10000u
#define WORKERS 3
#define MODE 0644
#define OTHER_MODE 0600

static const char *file_path(unsigned int file, bool is_renamed)
{
	static char paths[8][32];
	static unsigned int next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "d%u/%s%u", file % 5, is_renamed ? "new" : "file", file);
	return path;
}

static unsigned int blocks_of(unsigned int file)
{
	return 1 + file * 7 % 90;
}

static const uint32_t *block_of(uint32_t number)
{
	static uint32_t block[BLOCK];

	for (size_t i = 0; i < BLOCK; i++)
		block[i] = number;
	return block;
}

static void make_file(unsigned int file, const char *path, uint32_t number)
{
	const struct timespec times[2] = { { .tv_sec = 1000 + file }, { .tv_sec = 1000 + file } };
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, MODE);

	if (fd < 0)
		err(1, "%s", path);
	for (unsigned int i = 0; i < blocks_of(file); i++)
		if (write(fd, block_of(number), BLOCK * 4) != BLOCK * 4)
			err(1, "%s", path);
	if (fsetxattr(fd, "user.file", &file, sizeof(file), 0) || futimens(fd, times))
		err(1, "%s", path);
	close(fd);
}

static void make(void)
{
	char directory[8];

	umask(0);
	for (int i = 0; i < 5; i++) {
		snprintf(directory, sizeof(directory), "d%d", i);
		if (mkdir(directory, 0755))
			err(1, "%s", directory);
	}
	for (unsigned int i = 0; i < FILES; i++)
		make_file(i, file_path(i, false), i);
}

/* One that went the same moment is no matter. */
static void must(long result, const char *what, const char *path)
{
	if (result < 0 && errno != ENOENT)
		err(1, "%s %s", what, path);
}

static void write_block(const char *path, unsigned int file)
{
	int fd = open(path, random_chance(50) ? O_WRONLY : O_RDWR);

	must(fd, "open", path);
	if (fd < 0)
		return;
	if (pwrite(fd, block_of(file | CHANGED), BLOCK * 4, BLOCK * 4 * (off_t)random_below(blocks_of(file))) !=
	    BLOCK * 4)
		err(1, "write %s", path);
	close(fd);
}

static void replace(const char *path, unsigned int file)
{
	char aside[64];

	snprintf(aside, sizeof(aside), "d%u/aside%u.%d", file % 5, file, (int)getpid());
	make_file(file, aside, file | CHANGED);
	must(rename(aside, path), "replace", path);
}

static void act(unsigned int file)
{
	bool is_renamed = file % 4 == 1 && random_chance(50);
	const char *path = file_path(file, is_renamed);

	switch (random_below(6)) {
	case 0:
		must(chmod(path, random_chance(50) ? MODE : OTHER_MODE), "chmod", path);
		break;
	case 1:
		if (file % 4 == 1)
			must(rename(path, file_path(file, !is_renamed)), "rename", path);
		else if (file % 4 == 2 && random_chance(30))
			must(unlink(path), "unlink", path);
		else if (file % 4 == 3)
			replace(path, file);
		break;
	case 2:
		must(setxattr(path, "user.file", &file, sizeof(file), 0), "setxattr", path);
		break;
	default:
		write_block(path, file);
	}
}

static void work(uint64_t seed)
{
	umask(0);
	if (chdir("/ov"))
		err(1, "/ov");
	for (int i = 0; i < WORKERS; i++) {
		if (fork())
			continue;
		random_start(seed + (uint64_t)i);
		for (;;)
			act(random_below(FILES));
	}
	while (wait(NULL) > 0)
		;
}

static void check_file(unsigned int file, const char *path)
{
	static uint32_t block[BLOCK];
	uint32_t attribute = 0;
	struct stat status;
	unsigned int blocks = 0;
	int fd = open(path, O_RDONLY);

	if (fd < 0 || fstat(fd, &status))
		err(1, "%s", path);
	while (read(fd, block, sizeof(block)) == sizeof(block)) {
		blocks++;
		for (size_t i = 0; i < BLOCK; i++)
			if (block[i] != file && block[i] != (file | CHANGED))
				errx(1, "%s: block %u has %x at %zu", path, blocks, block[i], i);
	}
	if (blocks != blocks_of(file) || status.st_size != BLOCK * 4 * (off_t)blocks)
		errx(1, "%s: %ld bytes, not %u blocks", path, (long)status.st_size, blocks_of(file));
	if ((status.st_mode & 07777) != MODE && (status.st_mode & 07777) != OTHER_MODE)
		errx(1, "%s: mode %o", path, status.st_mode);
	if (fgetxattr(fd, "user.file", &attribute, sizeof(attribute)) != sizeof(attribute) || attribute != file)
		errx(1, "%s: attribute %x", path, attribute);
	if (status.st_mtime != 1000 + file && status.st_mtime < 1000000000)
		errx(1, "%s: time %ld", path, (long)status.st_mtime);
	close(fd);
}

/* Under one of its names, or none if it is removed at times. */
static unsigned int check_names(unsigned int file)
{
	unsigned int count = 0;

	for (int is_renamed = 0; is_renamed < 2; is_renamed++) {
		const char *path = file_path(file, is_renamed);
		struct stat status;

		if (lstat(path, &status)) {
			if (errno != ENOENT)
				err(1, "%s", path);
			continue;
		}
		check_file(file, path);
		count++;
	}
	if (count > 1 || (!count && file % 4 != 2))
		errx(1, "file %u has %u names", file, count);
	return count;
}

static unsigned int count_names(const char *directory)
{
	DIR *stream = opendir(directory);
	struct dirent *entry;
	unsigned int count = 0;

	if (!stream)
		err(1, "%s", directory);
	while ((entry = readdir(stream)))
		count += entry->d_name[0] != '.' && !strstr(entry->d_name, "aside");
	closedir(stream);
	return count;
}

static void check(void)
{
	unsigned int wanted = 0, found = 0;
	char directory[8];

	for (unsigned int i = 0; i < FILES; i++)
		wanted += check_names(i);
	for (int i = 0; i < 5; i++) {
		snprintf(directory, sizeof(directory), "d%d", i);
		found += count_names(directory);
	}
	if (found != wanted || count_names(".") != 5)
		errx(1, "%u names of files, not %u; %u at the top", found, wanted, count_names("."));
}

int main(int argc, char **argv)
{
	if (argc != 3)
		errx(2, "usage: kill make|work|check ...");
	if (!strcmp(argv[1], "work")) {
		work(strtoull(argv[2], NULL, 10));
		return 0;
	}
	if (chdir(argv[2]))
		err(1, "%s", argv[2]);
	if (!strcmp(argv[1], "make"))
		make();
	else
		check();
	return 0;
}
