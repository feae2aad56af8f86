/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/segments.h"
#include "agent/attach.h"
#include "agent/store_file.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <asm/stat.h>
#include <linux/fcntl.h>

/* struct linux_dirent64, include/linux/dirent.h. */
struct entry {
	uint64_t inode;
	int64_t next;
	uint16_t length;
	uint8_t type;
	char name[];
};

#define CHUNK 4096 /* the longest line */

/* A file of /proc that is read line by line. */
struct lines {
	int fd;
	char *buf; /* 2 * CHUNK */
	size_t used, length;
};

static char *next_line(struct lines *lines)
{
	for (;;) {
		char *start = lines->buf + lines->used;
		size_t length = lines->length - lines->used, at = 0;
		long got;

		while (at < length && start[at] != '\n')
			at++;
		if (at < length || at >= CHUNK) {
			start[at] = '\0';
			lines->used += at + 1;
			return start;
		}
		memmove(lines->buf, start, length);
		lines->used = 0;
		lines->length = length;
		got = GATE_3(NR_read, lines->fd, lines->buf + length, CHUNK - 1);
		if (got <= 0)
			return NULL;
		lines->length += (size_t)got;
	}
}

/* The name may be followed by " (deleted)". */
bool segments_is_file(const char *path, int *id)
{
	size_t length = strlen(image_data()->memory);
	long number;

	if (!length || !text_begins(path, image_data()->memory) || !text_begins(path + length, "/s"))
		return false;
	path += length + 2;
	number = text_read_number(&path);
	if (number < 0 || number > 0x7fffffff || (*path && *path != ' '))
		return false;
	*id = (int)number;
	return true;
}

/* One line of maps: START-END MODE OFFSET DEVICE INODE PATH. */
struct mapping {
	unsigned long start, end, offset;
	int id;
};

static bool parse_mapping(const char *line, struct mapping *mapping)
{
	const char *path = line;

	while (*path && *path != '/')
		path++;
	if (!segments_is_file(path, &mapping->id))
		return false;
	if (!text_read_hex(&line, &mapping->start) || *line++ != '-' || !text_read_hex(&line, &mapping->end))
		return false;
	line += strlen(" rwxp ");
	return text_read_hex(&line, &mapping->offset);
}

static int open_maps(const char *process)
{
	char name[64];
	struct text text;

	text_init(&text, name, sizeof(name));
	text_add(&text, "/proc/");
	text_add(&text, process);
	text_add(&text, "/maps");
	return (int)store_file_open_any(name, O_RDONLY);
}

static unsigned long count_in(struct slot *slot, const char *process, int id)
{
	struct lines lines = { open_maps(process), slot->scratch.rest, 0, 0 };
	unsigned long count = 0;
	struct mapping mapping;
	const char *line;

	if (lines.fd < 0)
		return 0;
	while ((line = next_line(&lines)))
		count += parse_mapping(line, &mapping) && mapping.id == id;
	GATE_1(NR_close, lines.fd);
	return count;
}

static unsigned long count_listed(struct slot *slot, const char *entries, long size, int id)
{
	unsigned long count = 0;

	for (long at = 0; at < size;) {
		const struct entry *entry = (const struct entry *)(entries + at);

		if (entry->name[0] >= '1' && entry->name[0] <= '9')
			count += count_in(slot, entry->name, id);
		at += entry->length;
	}
	return count;
}

unsigned long segments_count(struct slot *slot, int id)
{
	long fd = store_file_open_any("/proc", O_RDONLY | O_DIRECTORY), size;
	char entries[1024] __attribute__((aligned(8)));
	unsigned long count = 0;

	if (fd < 0)
		return 0;
	while ((size = GATE_3(NR_getdents64, fd, entries, sizeof(entries))) > 0)
		count += count_listed(slot, entries, size, id);
	GATE_1(NR_close, fd);
	return count;
}

/*
 * ksys_shmdt(): what begins at ADDRESS with the segment's first byte, and all of it that lies behind in its place. The
 * list changes while it is read: so one after the other is looked for from the beginning.
 */
static bool find_part(struct slot *slot, unsigned long address, int id, struct mapping *part)
{
	struct lines lines = { open_maps("self"), slot->scratch.rest, 0, 0 };
	bool is_found = false;
	const char *line;

	if (lines.fd < 0)
		return false;
	while (!is_found && (line = next_line(&lines)))
		is_found = parse_mapping(line, part) && part->start - part->offset == address &&
			   (id < 0 ? !part->offset : part->id == id);
	GATE_1(NR_close, lines.fd);
	return is_found;
}

int segments_detach(struct slot *slot, unsigned long address)
{
	struct mapping part;
	int id = -1;

	while (find_part(slot, address, id, &part)) {
		id = part.id;
		if (GATE_2(NR_munmap, part.start, part.end - part.start))
			break;
	}
	return id;
}

unsigned long segments_pages(int id)
{
	char path[sizeof(image_data()->memory) + 32];
	struct stat status;
	struct text text;

	text_init(&text, path, sizeof(path));
	text_add(&text, image_data()->memory);
	text_add(&text, "/s");
	text_add_number(&text, id);
	return GATE_4(NR_newfstatat, AT_FDCWD, path, &status, 0) ? 0 : (unsigned long)status.st_blocks / 8;
}
