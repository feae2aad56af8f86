/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/state.h"
#include "base/text.h"

#define MARK "\1proot="
#define DESCRIPTOR_MOST 0x7ffffffful /* as written */

/* The order of the numbers is that of struct state. Descriptors are written + 1, so that none is 0. */
void state_write(const struct state *state, char *buf, const char *strings[STATE_STRINGS])
{
	const unsigned long numbers[] = { (unsigned long)(state->program_fd + 1),
					  (unsigned long)(state->interpreter_fd + 1),
					  state->signal_mask,
					  state->flags,
					  state->cwd_mount,
					  (unsigned long)(state->foreign_fd + 1),
					  state->foreign_at,
					  state->filters };
	struct text text;

	text_init(&text, buf, STATE_NUMBERS_SIZE);
	text_add(&text, MARK);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (i)
			text_add(&text, ",");
		text_add_hex(&text, numbers[i]);
	}
	strings[0] = buf;
	strings[1] = state->file_name;
	strings[2] = state->exe;
	strings[3] = state->root;
	strings[4] = state->interpreter ? state->interpreter : "";
	strings[5] = state->credentials ? state->credentials : "";
}

bool state_read(struct state *state, char *const strings[STATE_STRINGS])
{
	const char *at = strings[0];
	unsigned long numbers[8];

	if (!text_begins(at, MARK))
		return false;
	at += sizeof(MARK) - 1;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (i && *at++ != ',')
			return false;
		if (!text_read_hex(&at, &numbers[i]))
			return false;
	}
	if (numbers[0] > DESCRIPTOR_MOST || numbers[1] > DESCRIPTOR_MOST || numbers[5] > DESCRIPTOR_MOST)
		return false;
	*state = (struct state){ .program_fd = (int)(numbers[0] - 1),
				 .interpreter_fd = (int)(numbers[1] - 1),
				 .signal_mask = numbers[2],
				 .flags = (uint32_t)numbers[3],
				 .cwd_mount = (uint32_t)numbers[4],
				 .foreign_fd = (int)(numbers[5] - 1),
				 .foreign_at = (uint32_t)numbers[6],
				 .filters = (uint32_t)numbers[7],
				 .file_name = strings[1],
				 .exe = strings[2],
				 .root = strings[3],
				 .interpreter = strings[4],
				 .credentials = strings[5] };
	return !*at;
}
