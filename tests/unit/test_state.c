/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tap.h"
#include "image/state.h"

#include <stdint.h>
#include <string.h>

static bool survives(const struct state *state)
{
	char buf[STATE_NUMBERS_SIZE];
	const char *strings[STATE_STRINGS];
	struct state again;

	memset(&again, 0xff, sizeof(again));
	state_write(state, buf, strings);
	return strlen(buf) < sizeof(buf) && state_read(&again, (char *const *)strings) &&
	       again.program_fd == state->program_fd && again.interpreter_fd == state->interpreter_fd &&
	       again.signal_mask == state->signal_mask && again.flags == state->flags &&
	       !strcmp(again.file_name, state->file_name) && !strcmp(again.exe, state->exe) &&
	       !strcmp(again.root, state->root) &&
	       !strcmp(again.interpreter, state->interpreter ? state->interpreter : "");
}

static void test_round_trip(void)
{
	struct state state = { .program_fd = 3, .interpreter_fd = -1, .file_name = "sh", .exe = "/bin/sh", .root = "" };

	ok(survives(&state), "a state without an interpreter");
	state.interpreter_fd = 4;
	state.signal_mask = UINT64_MAX;
	state.flags = UINT32_MAX;
	state.file_name = "";
	state.exe = "/a path with blanks,\nand a newline";
	state.root = "/another root";
	ok(survives(&state), "the largest numbers and strange names");
	state.program_fd = INT32_MAX - 1;
	state.interpreter_fd = INT32_MAX - 1;
	ok(survives(&state), "the largest descriptors");
	state.program_fd = state.interpreter_fd = -1;
	state.interpreter = "/lib64/ld.so";
	ok(survives(&state), "paths in place of descriptors");
}

static bool reads(const char *numbers)
{
	const char *strings[STATE_STRINGS] = { numbers };
	struct state state;

	for (size_t i = 1; i < STATE_STRINGS; i++)
		strings[i] = "x";
	return state_read(&state, (char *const *)strings);
}

/* The numbers as written, cut after LENGTH bytes, with TAIL instead. */
static bool reads_changed(size_t length, const char *tail)
{
	const struct state state = { .program_fd = 3, .interpreter_fd = 4, .file_name = "f", .exe = "/f", .root = "" };
	char buf[STATE_NUMBERS_SIZE + 32];
	const char *strings[STATE_STRINGS];

	state_write(&state, buf, strings);
	strcpy(buf + length, tail);
	return reads(buf);
}

static size_t written_length(void)
{
	const struct state state = { .program_fd = 3, .interpreter_fd = 4, .file_name = "f", .exe = "/f", .root = "" };
	char buf[STATE_NUMBERS_SIZE];
	const char *strings[STATE_STRINGS];

	state_write(&state, buf, strings);
	return strlen(buf);
}

static void test_strangers(void)
{
	size_t length = written_length();
	bool refuses_prefixes = true;

	ok(!reads("") && !reads("PATH=/bin") && !reads("proot=1,2,3,4"), "ordinary variables are no state");
	ok(reads_changed(length, ""), "what was written is one");
	ok(!reads_changed(length, ",1") && !reads_changed(length, " ") && !reads_changed(length, "x"),
	   "more than was written is none");
	for (size_t i = 0; i < length; i++)
		refuses_prefixes &= !reads_changed(i, "");
	ok(refuses_prefixes, "less than was written is none");
}

int main(void)
{
	test_round_trip();
	test_strangers();
	return plan_done();
}
