/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/change.h"
#include "agent/clock.h"
#include "agent/dispatch.h"
#include "agent/gate.h"
#include "agent/guest_memory.h"
#include "agent/identity.h"
#include "agent/hardlinks.h"
#include "agent/pin.h"
#include "agent/readonly.h"
#include "agent/translate.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <linux/fcntl.h>

/* A path of the call, and as it is told to the kernel: NAME in the directory PARENT, NULL: DIRECTORY itself. */
struct entry_name {
	unsigned long guest_path; /* where it is in the guest's memory */
	uint64_t now;		  /* clock_now() */
	bool removes;
	bool is_alone; /* the call has no other */
	char *buf;
	size_t size;
	int directory;
	char *parent;
	char *name;
};

/*
 * Whether the path meets neither binding nor, as far as its text tells, link on
 * its way. The kernel looks for links when it opens the directory.
 */
static bool read_entry(struct fast_frame *frame, struct entry_name *entry)
{
	char *buf = entry->buf;
	long length = guest_read_string_near(buf, entry->guest_path, entry->size - 1, (unsigned long)frame,
					     registers_fast_stack(&frame->registers) - 1, entry->now);
	unsigned int count = 2;
	uint32_t mount = 0;

	if (length <= 0 || pin_ends_in_dots(buf) || (hardlinks_are_on() && hardlinks_may_hide(buf)))
		return false;
	if (buf[0] != '/' && !translate_passes_as_is(buf, VIEW_PARENT, entry->removes, &count))
		return false;
	if (buf[0] == '/' &&
	    (!translate_may_be_plain(buf, VIEW_PARENT, entry->removes) ||
	     !plain_host_path(buf, (size_t)length, buf, entry->size - 1, &mount) || !pin_holds_place(buf)))
		return false;
	if (readonly_is_there() && (buf[0] != '/' || readonly_is_mount(mount)))
		return false;
	/* Two names that are looked at together have to be in the root's mount. */
	if (mount && !entry->is_alone)
		return false;
	entry->name = (char *)text_base_name(buf);
	if (count == 1)
		return true;
	/* "a/b" becomes "a/" and "b". */
	memmove(entry->name + 1, entry->name, strlen(entry->name) + 1);
	*entry->name++ = '\0';
	entry->parent = buf;
	return true;
}

/* Whether both are in one directory, which is opened once. */
static bool is_same_directory(const struct entry_name *a, const struct entry_name *b)
{
	if (!a->parent || !b->parent)
		return !a->parent && !b->parent && a->directory == b->directory;
	return text_equal(a->parent, b->parent) && (a->parent[0] == '/' || a->directory == b->directory);
}

static const struct change_form {
	uint16_t nr, form;
	int8_t third; /* which argument is the third of the form, or its flags; < 0: none */
	unsigned int flags_most, added;
} forms[] = {
	{ NR_mkdir, NR_mkdirat, 1, ~0u, 0 },
	{ NR_mkdirat, NR_mkdirat, 2, ~0u, 0 },
	{ NR_unlink, NR_unlinkat, -1, 0, 0 },
	{ NR_rmdir, NR_unlinkat, -1, 0, AT_REMOVEDIR },
	{ NR_unlinkat, NR_unlinkat, 2, AT_REMOVEDIR, 0 },
	{ NR_rename, NR_renameat2, -1, 0, 0 },
	{ NR_renameat, NR_renameat2, -1, 0, 0 },
	{ NR_renameat2, NR_renameat2, 4, 0, 0 },
};

static const struct change_form *form_of(unsigned long nr)
{
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		if (forms[i].nr == nr)
			return &forms[i];
	return NULL;
}

/* The COUNT paths of the call. */
static bool read_entries(struct fast_frame *frame, const struct call_row *row, const unsigned long arguments[6],
			 struct entry_name entries[2], unsigned int count)
{
	size_t size = sizeof(frame->change.texts) / count;

	for (unsigned int i = 0; i < count; i++) {
		const struct call_path *shape = &row->paths[i];

		entries[i] = (struct entry_name){
			.guest_path = arguments[shape->path],
			.now = i ? entries[0].now : clock_now(),
			.removes = shape->follow == FOLLOW_REMOVES,
			.is_alone = count == 1,
			.buf = frame->change.texts + i * size,
			.size = size,
			.directory = shape->directory == CALL_CWD ? AT_FDCWD : (int)arguments[shape->directory],
		};
		if (!read_entry(frame, &entries[i]))
			return false;
	}
	return count == 1 || is_same_directory(&entries[0], &entries[1]);
}

long fast_change(struct fast_frame *frame, const struct call_row *row, const unsigned long arguments[6])
{
	unsigned int count = row->paths[1].follow == FOLLOW_NONE ? 1 : 2;
	const struct change_form *form = form_of(row->nr);
	struct fast_change *change = &frame->change;
	struct entry_name entries[2];
	unsigned long third;

	if (!form || identity_is_on() || (hardlinks_are_on() && form->form != NR_mkdirat))
		return FAST_SLOW;
	third = form->third < 0 ? 0 : arguments[form->third];
	if ((unsigned int)third & ~form->flags_most || !read_entries(frame, row, arguments, entries, count))
		return FAST_SLOW;
	frame->how = (struct open_how){ .flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS };
	frame->directory = entries[0].directory;
	frame->path = entries[0].parent;
	change->nr = form->form;
	change->name = entries[0].name;
	change->third = third | form->added;
	change->other_name = count == 2 ? entries[1].name : NULL;
	change->changes = call_changes_names(row, third) ? plain_changes() : NULL;
	if (!change->changes)
		change->changes = &change->no_changes;
	return FAST_CHANGE;
}

static void end_change(const struct fast_frame *frame)
{
	if (frame->change.changes != &frame->change.no_changes)
		plain_end_change();
}

static void close_directory(const struct fast_frame *frame, long fd)
{
	if (frame->path)
		GATE_1(NR_close, fd);
}

bool change_leave(struct fast_frame *frame, struct ucontext *context)
{
	unsigned long at = registers_instruction(context);
	long directory = registers_change_directory(context);

	if (at == (unsigned long)gate_change_opened) {
		if (registers_result(context) >= 0)
			GATE_1(NR_close, registers_result(context));
		return false;
	}
	if (at < (unsigned long)gate_change_opened)
		return false;
	if (at < (unsigned long)gate_change_ended &&
	    !(at == (unsigned long)gate_change_tried && registers_is_zero(context)) &&
	    at >= (unsigned long)gate_change_begun)
		end_change(frame);
	if (at < (unsigned long)gate_change_closed)
		close_directory(frame, directory);
	if (at < (unsigned long)gate_change_made)
		return false;
	if (at == (unsigned long)gate_change_made)
		frame->registers.result = (unsigned long)registers_result(context);
	else if (at < (unsigned long)gate_change_done)
		frame->registers.result = (unsigned long)registers_change_result(context);
	return true;
}
