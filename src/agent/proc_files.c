/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/proc_files.h"
#include "agent/proc.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/memfd.h>

#define CHUNK 4096
#define ESCAPED " \t\n\\" /* mangle_path() of fs/seq_file.c, in octal */

/* A copy being made: lines come in from one descriptor and go out to another. */
struct copy {
	struct slot *slot;
	int from, to;
	char *in; /* 2 * CHUNK: what is read and not yet used */
	size_t in_used, in_length;
	struct text out; /* flushed when nearly full */
	unsigned int next_id;
};

typedef void copy_line(struct copy *copy, char *line);

struct proc_file {
	const char *name;
	void (*make)(struct copy *copy, const struct proc_file *file);
	unsigned int place_field; /* of a list of mounts: which word is the mount point, from 0 */
	bool has_ids;		  /* its first two words are numbers of the mount and its parent */
};

static void flush(struct copy *copy)
{
	GATE_3(NR_write, copy->to, copy->out.text, copy->out.length);
	text_init(&copy->out, copy->out.text, copy->out.size);
}

static void end_line(struct copy *copy)
{
	text_add(&copy->out, "\n");
	if (copy->out.length > CHUNK / 2)
		flush(copy);
}

/* The next line without its newline, or NULL at the end. A line too long for the buffer comes in parts. */
static char *next_line(struct copy *copy)
{
	for (;;) {
		char *start = copy->in + copy->in_used;
		size_t length = copy->in_length - copy->in_used, at = 0;
		long got;

		while (at < length && start[at] != '\n')
			at++;
		if (at < length || at >= CHUNK) {
			start[at] = '\0';
			copy->in_used += at + 1;
			return start;
		}
		memmove(copy->in, start, length);
		copy->in_used = 0;
		copy->in_length = length;
		got = GATE_3(NR_read, copy->from, copy->in + length, CHUNK - 1);
		if (got <= 0)
			return NULL;
		copy->in_length += (size_t)got;
	}
}

static bool is_map_head(const char *line)
{
	unsigned long start;

	return text_read_hex(&line, &start) && *line == '-';
}

/*
 * A line of maps or smaps, with its path as the guest knows it. The image
 * stays in: who looks for free room here (AddressSanitizer) must not take ours.
 */
static void copy_map_line(struct copy *copy, char *line)
{
	char *path = line;

	if (is_map_head(line))
		while (*path && *path != '/')
			path++;
	else
		path += strlen(path);
	if (*path && view_to_guest(the_view(), path, copy->slot->spare, PATH_SIZE) > 0) {
		text_add_bytes(&copy->out, line, (size_t)(path - line));
		line = copy->slot->spare;
	}
	text_add(&copy->out, line);
	end_line(copy);
}

static void make_maps(struct copy *copy, const struct proc_file *file)
{
	char *line;

	(void)file;
	while ((line = next_line(copy)))
		copy_map_line(copy, line);
}

/* Word NUMBER of a line, from 0. */
static char *word_of(char *line, unsigned int number)
{
	while (number && *line)
		if (*line++ == ' ')
			number--;
	return line;
}

/* Undo the octal escapes of a mount point, up to its end, into BUF of PATH_SIZE. */
static void unescape(const char *word, char *buf)
{
	size_t length = 0;

	while (*word && *word != ' ' && length < PATH_SIZE - 1) {
		if (*word == '\\' && word[1] && word[2] && word[3]) {
			buf[length++] = (char)((word[1] - '0') << 6 | (word[2] - '0') << 3 | (word[3] - '0'));
			word += 4;
		} else {
			buf[length++] = *word++;
		}
	}
	buf[length] = '\0';
}

static void add_escaped(struct text *out, const char *path)
{
	char octal[4] = "\\";

	for (; *path; path++) {
		const char *special = ESCAPED;

		while (*special && *special != *path)
			special++;
		if (!*special) {
			text_add_bytes(out, path, 1);
			continue;
		}
		octal[1] = (char)('0' + ((*path >> 6) & 7));
		octal[2] = (char)('0' + ((*path >> 3) & 7));
		octal[3] = (char)('0' + (*path & 7));
		text_add_bytes(out, octal, 4);
	}
}

/* Write LINE with the mount point GUEST_PATH in place of its own. */
static void add_mount(struct copy *copy, const struct proc_file *file, char *line, const char *guest_path,
		      unsigned int id, unsigned int parent)
{
	char *place = word_of(line, file->place_field), *behind = word_of(place, 1);

	if (file->has_ids) {
		text_add_number(&copy->out, id);
		text_add(&copy->out, " ");
		text_add_number(&copy->out, parent);
		text_add(&copy->out, " ");
		line = word_of(line, 2);
		/* The root of the mount would be a host path. */
		text_add_bytes(&copy->out, line, (size_t)(word_of(line, 1) - line));
		text_add(&copy->out, "/ ");
	} else {
		text_add_bytes(&copy->out, line, (size_t)(place - line));
	}
	add_escaped(&copy->out, guest_path[0] ? guest_path : "/");
	text_add(&copy->out, " ");
	text_add(&copy->out, behind);
	end_line(copy);
}

#define FIRST_ID 1 /* of the root; a binding's is FIRST_ID + its index */

/* Whether the mount point MOUNT holds HOST_PATH; "/" holds all. */
static bool is_at_or_above(const char *mount, const char *host_path)
{
	size_t length = text_equal(mount, "/") ? 0 : strlen(mount);

	return !memcmp(mount, host_path, MIN(length, strlen(host_path) + 1)) &&
	       (!host_path[length] || host_path[length] == '/');
}

static void rewind_copy(struct copy *copy)
{
	GATE_3(NR_lseek, copy->from, 0, 0);
	copy->in_used = copy->in_length = 0;
}

/* The line of the host's mount that HOST_PATH lies on goes to FOUND, of CHUNK bytes: the last of the longest. */
static bool find_mount(struct copy *copy, const struct proc_file *file, const char *host_path, char *found)
{
	char *place = copy->slot->spare, *line;
	size_t best = 0;

	rewind_copy(copy);
	while ((line = next_line(copy))) {
		size_t length = strlen(line);

		unescape(word_of(line, file->place_field), place);
		if (place[0] == '/' && strlen(place) >= best && is_at_or_above(place, host_path) && length < CHUNK) {
			best = strlen(place);
			memcpy(found, line, length + 1);
		}
	}
	return best > 0;
}

static unsigned int parent_id(const char *guest_path)
{
	size_t length = strlen(guest_path);

	if (!length)
		return 0;
	while (length && guest_path[--length] != '/')
		;
	return FIRST_ID + view_find_above(the_view(), guest_path, length);
}

/* Mounts of the host inside what is bound show too, as with mount --rbind. */
static void add_inner_mounts(struct copy *copy, const struct proc_file *file)
{
	const struct view *view = the_view();
	char *guest_path = copy->slot->scratch.link, *line;

	rewind_copy(copy);
	while ((line = next_line(copy))) {
		uint32_t above;
		long length;

		unescape(word_of(line, file->place_field), copy->slot->spare);
		length = view_to_guest(view, copy->slot->spare, guest_path, PATH_SIZE);
		if (length <= 1)
			continue;
		above = view_find_above(view, guest_path, (size_t)length);
		if (view_binding(view, above)->guest_length != (size_t)length)
			add_mount(copy, file, line, guest_path, FIRST_ID + view->binding_count + copy->next_id++,
				  FIRST_ID + above);
	}
}

/* The root and the bindings are the guest's mounts. */
static void make_mounts(struct copy *copy, const struct proc_file *file)
{
	const struct view *view = the_view();
	char *found = (char *)&copy->slot->results[1] + CHUNK;

	for (uint32_t i = 0; i < view->binding_count; i++)
		if (!(view_binding(view, i)->flags & VIEW_VIRTUAL) && find_mount(copy, file, view_host(view, i), found))
			add_mount(copy, file, found, view_guest(view, i), FIRST_ID + i, parent_id(view_guest(view, i)));
	add_inner_mounts(copy, file);
}

static const struct proc_file files[] = {
	{ "maps", make_maps, 0, false },       { "smaps", make_maps, 0, false },
	{ "numa_maps", make_maps, 0, false },  { "mounts", make_mounts, 1, false },
	{ "mountinfo", make_mounts, 4, true }, { "mountstats", make_mounts, 4, false },
};

static const struct proc_file *find_file(const char *path)
{
	const char *name = text_base_name(path);

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (text_equal(name, files[i].name))
			return &files[i];
	return NULL;
}

bool proc_file_may_be(const char *path)
{
	return find_file(path);
}

static long make_copy(struct slot *slot, const struct proc_file *file, int from, unsigned long flags)
{
	struct copy copy = { .slot = slot, .from = from, .in = slot->scratch.rest };
	long to = GATE_2(NR_memfd_create, file->name, flags & O_CLOEXEC ? MFD_CLOEXEC : 0);

	if (to < 0)
		return to;
	copy.to = (int)to;
	text_init(&copy.out, (char *)&slot->results[1], CHUNK);
	file->make(&copy, file);
	flush(&copy);
	GATE_3(NR_lseek, to, 0, 0);
	return to;
}

long proc_file_open(struct slot *slot, const char *host_path, unsigned long flags)
{
	const struct proc_file *file = find_file(host_path);
	long from, to;

	if (!file || !text_begins(host_path, "/proc/") || flags & (O_PATH | O_DIRECTORY) || flags & O_ACCMODE)
		return -ENOSYS;
	from = GATE_4(NR_openat, AT_FDCWD, host_path, O_RDONLY | O_CLOEXEC, 0);
	if (from < 0)
		return from;
	to = make_copy(slot, file, (int)from, flags);
	GATE_1(NR_close, from);
	return to;
}
