/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/directory_owned.h"
#include "agent/access.h"
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/identity.h"
#include "agent/hardlinks.h"
#include "agent/owner.h"
#include "agent/store.h"
#include "base/text.h"
#include "image/store.h"
#include <linux/fcntl.h>
#include <linux/stat.h>

#define TYPE_SHIFT 12
#define TYPE_SOCKET (S_IFSOCK >> TYPE_SHIFT)
#define TYPE_LINK (S_IFLNK >> TYPE_SHIFT)

/* What the kernel has written, piece by piece: whole entries of it lie in TEXT. */
struct window {
	struct call *call;
	unsigned long at;  /* in the guest's memory */
	unsigned long end; /* behind the last entry there */
	char *text;
	size_t length;
};

static uint16_t entry_length(const struct window *window, const char *entry)
{
	return window->call->nr == NR_getdents64 ? ((const struct entry64 *)entry)->length :
						   ((const struct entry *)entry)->length;
}

static const char *entry_name(const struct window *window, const char *entry)
{
	return window->call->nr == NR_getdents64 ? ((const struct entry64 *)entry)->name :
						   ((const struct entry *)entry)->name;
}

static size_t type_offset(const struct window *window, const char *entry)
{
	return window->call->nr == NR_getdents64 ? offsetof(struct entry64, type) : entry_length(window, entry) - 1u;
}

/* Read on from window->at: false at the end, or where the guest has taken its memory away. */
static bool read_entries(struct window *window)
{
	size_t room = MIN(sizeof(window->call->slot->scratch.rest), window->end - window->at);
	size_t length = 0;

	if (!room || guest_read(window->text, window->at, room))
		return false;
	while (length + offsetof(struct entry64, name) <= room) {
		size_t next = entry_length(window, window->text + length);

		if (!next || length + next > room)
			break;
		length += next;
	}
	window->length = length;
	return length;
}

struct look {
	int fd;
	const char *name;
	struct stat status;
	long result;
};

static long look(struct slot *look_at, long unused)
{
	struct look *look = (struct look *)look_at;

	(void)unused;
	look->result = GATE_4(NR_newfstatat, look->fd, look->name, &look->status, AT_SYMLINK_NOFOLLOW);
	if (!look->result)
		owner_tell(look->fd, look->name, AT_SYMLINK_NOFOLLOW, &look->status);
	return 0;
}

/* The type of the entry, which is a socket to the kernel. */
static void tell_type(const struct window *window, size_t offset)
{
	const char *entry = window->text + offset;
	struct look entry_look = { .fd = (int)window->call->arguments[0], .name = entry_name(window, entry) };
	uint8_t type;

	look((struct slot *)&entry_look, 0);
	if (entry_look.result == -EACCES)
		access_in_directory(entry_look.fd, look, &entry_look, 0);
	type = (uint8_t)(entry_look.status.st_mode >> TYPE_SHIFT);
	if (!entry_look.result && type != TYPE_SOCKET)
		guest_write(window->at + offset + type_offset(window, entry), &type, sizeof(type));
}

/* The entry at OFFSET goes; what is behind it moves up. */
static bool leave_out(struct window *window, size_t offset)
{
	unsigned long to = window->at + offset, from = to + entry_length(window, window->text + offset);
	char *buf = window->call->slot->spare;

	for (unsigned long at = from; at < window->end; at += PATH_SIZE) {
		size_t size = MIN((size_t)PATH_SIZE, window->end - at);

		if (guest_read(buf, at, size) || guest_write(to + (at - from), buf, size))
			return false;
	}
	window->end -= from - to;
	return true;
}

static bool is_store(const char *name)
{
	return identity_is_on() && text_begins(name, STORE_NAME) && store_is_own_name(name);
}

static long look_behind_name(struct slot *look_at, long unused)
{
	struct look *look = (struct look *)look_at;

	(void)unused;
	look->result = hardlinks_look(look->fd, look->name, &look->status);
	return 0;
}

/* The entry is a link, to the kernel. */
static void tell_name(const struct window *window, size_t offset)
{
	const char *entry = window->text + offset;
	struct look name_look = { .fd = (int)window->call->arguments[0], .name = entry_name(window, entry) };
	uint64_t inode;
	uint8_t type;

	look_behind_name((struct slot *)&name_look, 0);
	if (name_look.result == -EACCES && identity_is_on())
		access_in_directory(name_look.fd, look_behind_name, &name_look, 0);
	if (name_look.result)
		return;
	inode = name_look.status.st_ino;
	type = (uint8_t)((name_look.status.st_mode & S_IFMT) >> TYPE_SHIFT);
	guest_write(window->at + offset + type_offset(window, entry), &type, sizeof(type));
	guest_write(window->at + offset, &inode, sizeof(inode));
}

static void tell_entry(const struct window *window, size_t offset)
{
	const char *entry = window->text + offset;
	char type = entry[type_offset(window, entry)];

	if (identity_is_on() && type == TYPE_SOCKET)
		tell_type(window, offset);
	if (hardlinks_are_on() && (type == TYPE_LINK || !type))
		tell_name(window, offset);
}

static bool is_left_out(const char *name)
{
	return is_store(name) || (hardlinks_are_on() && hardlinks_is_hidden(name, strlen(name)));
}

/* True when an entry has been left out: then the window is to be read again. */
static bool tell_entries(struct window *window)
{
	for (size_t offset = 0; offset < window->length;) {
		const char *entry = window->text + offset;

		if (is_left_out(entry_name(window, entry)))
			return leave_out(window, offset);
		tell_entry(window, offset);
		offset += entry_length(window, entry);
	}
	return false;
}

long directory_tell_owned(struct call *call, long length)
{
	struct window window = { .call = call,
				 .at = call->arguments[1],
				 .end = call->arguments[1] + (unsigned long)length,
				 .text = call->slot->scratch.rest };

	while (read_entries(&window))
		if (!tell_entries(&window))
			window.at += window.length;
	return (long)(window.end - call->arguments[1]);
}
