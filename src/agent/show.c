/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/show.h"
#include "agent/guest_memory.h"
#include "agent/log.h"
#include "base/text.h"
#include "image/shared.h"
#include <asm/stat.h>
#include <linux/fcntl.h>

#define ARGUMENTS_MOST 6
#define TEXT_MOST 256	/* bytes of a text that are shown */
#define WORDS_MOST 16	/* words of an array */
#define ROOM_FOR_END 64 /* of a line whose arguments do not fit: what the call returned */

static const struct shape {
	uint16_t nr;
	char letters[ARGUMENTS_MOST];
} shapes[] = {
#define SHOW(call, letters) { NR_##call, letters },
#include "agent/show.def"
};

/* What the filter refuses has no row here. */
static const struct {
	uint16_t nr;
	char name[20];
} refused_names[] = {
#define PASS(call)
#define TRAP(call, when, first, second, effect, handler)
#define REFUSE(call, error) { NR_##call, #call },
#include "agent/calls.def"
};

static const struct {
	unsigned int bits;
	const char *name;
} open_flags[] = {
	/* O_SYNC and O_TMPFILE have the bits of others. */
	{ O_SYNC, "O_SYNC" },	      { O_TMPFILE, "O_TMPFILE" },     { O_CREAT, "O_CREAT" },
	{ O_EXCL, "O_EXCL" },	      { O_NOCTTY, "O_NOCTTY" },	      { O_TRUNC, "O_TRUNC" },
	{ O_APPEND, "O_APPEND" },     { O_NONBLOCK, "O_NONBLOCK" },   { O_DSYNC, "O_DSYNC" },
	{ O_DIRECT, "O_DIRECT" },     { O_LARGEFILE, "O_LARGEFILE" }, { O_DIRECTORY, "O_DIRECTORY" },
	{ O_NOFOLLOW, "O_NOFOLLOW" }, { O_NOATIME, "O_NOATIME" },     { O_CLOEXEC, "O_CLOEXEC" },
	{ O_PATH, "O_PATH" },
};

static void add_bits(struct text *line, unsigned long bits)
{
	text_add(line, bits ? "0x" : "");
	text_add_hex(line, bits);
}

static void add_octal(struct text *line, unsigned int number)
{
	char digits[12];
	unsigned int at = sizeof(digits);

	for (; number; number /= 8)
		digits[--at] = (char)('0' + number % 8);
	digits[--at] = '0';
	text_add_bytes(line, digits + at, sizeof(digits) - at);
}

static void add_open_flags(struct text *line, unsigned int flags)
{
	static const char *const modes[] = { "O_RDONLY", "O_WRONLY", "O_RDWR", "3" };

	text_add(line, modes[flags & O_ACCMODE]);
	flags &= ~(unsigned int)O_ACCMODE;
	for (size_t i = 0; i < ARRAY_SIZE(open_flags); i++) {
		if ((flags & open_flags[i].bits) != open_flags[i].bits)
			continue;
		text_add(line, "|");
		text_add(line, open_flags[i].name);
		flags &= ~open_flags[i].bits;
	}
	if (flags) {
		text_add(line, "|");
		add_bits(line, flags);
	}
}

static void add_character(struct text *line, unsigned char character)
{
	char quoted[5] = { '\\', (char)('0' + character / 64), (char)('0' + character / 8 % 8),
			   (char)('0' + character % 8) };

	if (character == '"' || character == '\\')
		text_add_bytes(line, "\\", 1);
	if (character >= ' ' && character < 127)
		text_add_bytes(line, (const char *)&character, 1);
	else if (character == '\n')
		text_add(line, "\\n");
	else
		text_add(line, quoted);
}

static void add_quoted(struct text *line, const char *text, bool is_cut)
{
	text_add(line, "\"");
	while (*text)
		add_character(line, (unsigned char)*text++);
	text_add(line, is_cut ? "\"..." : "\"");
}

static void add_address(struct text *line, unsigned long address)
{
	if (address)
		add_bits(line, address);
	else
		text_add(line, "NULL");
}

/* The guest's text at ADDRESS, by way of BUF of PATH_SIZE bytes. */
static void add_text(struct text *line, unsigned long address, char *buf, size_t most)
{
	long length = address ? guest_read_string(buf, address, most) : -EFAULT;

	buf[most - 1] = '\0';
	if (length >= 0 || (length == -ENAMETOOLONG && !guest_read(buf, address, most - 1)))
		add_quoted(line, buf, length < 0);
	else
		add_address(line, address);
}

static void add_words(struct text *line, unsigned long address, char *buf)
{
	unsigned long word;

	if (!address || guest_read(&word, address, sizeof(word))) {
		add_address(line, address);
		return;
	}
	text_add(line, "[");
	for (unsigned int i = 0; !guest_read(&word, address + i * sizeof(word), sizeof(word)) && word; i++) {
		text_add(line, i ? ", " : "");
		if (i == WORDS_MOST) {
			text_add(line, "...");
			break;
		}
		add_text(line, word, buf, TEXT_MOST);
	}
	text_add(line, "]");
}

static void add_argument(struct text *line, char letter, unsigned long argument, char *buf)
{
	switch (letter) {
	case 'd':
		if ((int)argument == AT_FDCWD) {
			text_add(line, "AT_FDCWD");
			break;
		}
		text_add_number(line, (int)argument);
		break;
	case 'i':
		text_add_number(line, (long)argument);
		break;
	case 'o':
		add_octal(line, (unsigned int)argument);
		break;
	case 'f':
		add_open_flags(line, (unsigned int)argument);
		break;
	case 'p':
		add_text(line, argument, buf, PATH_SIZE);
		break;
	case 's':
		add_text(line, argument, buf, TEXT_MOST);
		break;
	case 'v':
		add_words(line, argument, buf);
		break;
	case 'a':
		add_address(line, argument);
		break;
	default:
		add_bits(line, argument);
	}
}

static const struct shape *find_shape(unsigned long nr)
{
	static const struct shape unknown = { 0, { 'x', 'x', 'x', 'x', 'x', 'x' } };

	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
		if (shapes[i].nr == nr)
			return &shapes[i];
	return &unknown;
}

static void begin_line(struct text *line, struct slot *slot)
{
	text_init(line, (char *)&slot->scratch, sizeof(slot->scratch) - ROOM_FOR_END);
	text_add(line, "[pid ");
	text_add_number(line, GATE_0(NR_gettid));
	text_add(line, "] ");
}

static void add_call(struct text *line, unsigned long nr, const char *name, const unsigned long arguments[6], char *buf)
{
	const struct shape *shape = find_shape(nr);

	if (name) {
		text_add(line, name);
	} else {
		text_add(line, "syscall_");
		text_add_number(line, (long)nr);
	}
	text_add(line, "(");
	for (unsigned int i = 0; i < ARGUMENTS_MOST && shape->letters[i]; i++) {
		if (i && shape->letters[i - 1] == 'f' && !(arguments[i - 1] & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))))
			break; /* there is no mode */
		text_add(line, i ? ", " : "");
		add_argument(line, shape->letters[i], arguments[i], buf);
	}
}

/* To the descriptor that every guest inherits, or if the guest has closed it, to proot's own, if that is what it was.
 */
static void write_line(const struct text *line)
{
	const struct image_data *data = image_data();
	struct text path;
	struct stat status;
	char name[48];
	long fd;

	if (GATE_3(NR_write, data->show_fd, line->text, line->length) != -EBADF)
		return;
	text_init(&path, name, sizeof(name));
	text_add(&path, "/proc/");
	text_add_number(&path, data->show_owner);
	text_add(&path, "/fd/");
	text_add_number(&path, data->show_fd);
	if (GATE_4(NR_newfstatat, AT_FDCWD, name, &status, 0) || status.st_ino != data->show_inode)
		return;
	fd = GATE_4(NR_openat, AT_FDCWD, name, O_WRONLY | O_APPEND | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0);
	if (fd < 0)
		return;
	GATE_3(NR_write, fd, line->text, line->length);
	GATE_1(NR_close, fd);
}

static void end_line(struct text *line, long result, const char *remark)
{
	if (line->full)
		text_add(line, "...");
	line->size += ROOM_FOR_END;
	text_add(line, ") = ");
	if (result < 0 && result > -4096) {
		text_add(line, "-1 ");
		log_add_error(line, result);
	} else {
		text_add_number(line, result);
	}
	text_add(line, remark);
	text_add(line, "\n");
	write_line(line);
}

void show_call(const struct call *call, long result)
{
	struct text line;

	begin_line(&line, call->slot);
	add_call(&line, call->nr, call->row->name, call->original, call->slot->spare);
	end_line(&line, result, call->is_denied ? " (by proot)" : "");
}

static const char *refused_name(unsigned long nr)
{
	for (size_t i = 0; i < ARRAY_SIZE(refused_names); i++)
		if (refused_names[i].nr == nr)
			return refused_names[i].name;
	return NULL;
}

static void count_refused(unsigned long nr)
{
	struct shared *shared = plain_shared();

	_Static_assert(NR_HIGHEST < SHARED_CALLS - 1, "image/shared.h");
	if (shared)
		__atomic_fetch_add(&shared->refused[MIN(nr, SHARED_CALLS - 1)], 1, __ATOMIC_RELAXED);
}

long show_refused(struct slot *slot, const struct ucontext *context, unsigned long nr, unsigned int error)
{
	const char *name = refused_name(nr);
	unsigned long arguments[ARGUMENTS_MOST];
	struct text line;

	registers_arguments(context, arguments);
	count_refused(nr);
	begin_line(&line, slot);
	add_call(&line, nr, name, arguments, slot->spare);
	end_line(&line, -(long)error, name ? " (refused by proot)" : " (not known to proot)");
	return -(long)error;
}

void show_program(const char *file_name, char *const *argv, const char *skipped)
{
	struct slot *slot;
	struct text line;
	unsigned int count = 0;

	if (!show_is_on())
		return;
	slot = slot_take();
	begin_line(&line, slot);
	text_add(&line, "execve(");
	add_quoted(&line, file_name, false);
	text_add(&line, ", [");
	for (; *argv && count <= WORDS_MOST; argv++) {
		if (*argv == skipped)
			continue;
		text_add(&line, count ? ", " : "");
		if (count++ == WORDS_MOST)
			text_add(&line, "...");
		else
			add_text(&line, (unsigned long)*argv, slot->spare, TEXT_MOST);
	}
	text_add(&line, "], ...");
	end_line(&line, 0, "");
	slot_free(slot);
}
