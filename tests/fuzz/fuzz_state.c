/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * state_read() of strings that any program may put into the environment of an
 * image; what it accepts, state_write() writes so that it is read alike. The same of the credentials among them.
 */
#include "image/credentials.h"
#include "image/state.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Cut TEXT at its zero bytes. Missing strings are empty. */
static void split(char *text, size_t size, char *strings[STATE_STRINGS])
{
	char *at = text;

	for (int i = 0; i < STATE_STRINGS; i++) {
		strings[i] = at;
		at += strlen(at);
		if (at < text + size)
			at++;
	}
}

static void try_credentials(const char *text)
{
	static struct credentials credentials, again;
	static char written[CREDENTIALS_TEXT_SIZE];

	if (!credentials_read(&credentials, text))
		return;
	credentials_write(&credentials, written);
	if (!credentials_read(&again, written) || !credentials_equal(&credentials, &again))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char numbers[STATE_NUMBERS_SIZE], *text = malloc(size + 1), *strings[STATE_STRINGS];
	const char *written[STATE_STRINGS];
	struct state state, again;

	memcpy(text, data, size);
	text[size] = '\0';
	split(text, size, strings);
	try_credentials(strings[0]);
	try_credentials(strings[STATE_STRINGS - 1]);
	if (state_read(&state, strings)) {
		state_write(&state, numbers, written);
		if (!state_read(&again, (char *const *)written) || again.program_fd != state.program_fd ||
		    again.interpreter_fd != state.interpreter_fd || again.signal_mask != state.signal_mask ||
		    again.flags != state.flags || strcmp(again.exe, state.exe))
			abort();
	}
	free(text);
	return 0;
}
