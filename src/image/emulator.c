/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/emulator.h"
#include "base/text.h"

bool emulator_runs(const struct emulator *emulator, uint16_t machine, uint8_t class, uint8_t order, bool is_native)
{
	if (!emulator || !emulator->count)
		return false;
	if (is_native || emulator->runs_all)
		return emulator->runs_all;
	return !emulator->machine ||
	       (emulator->machine == machine && emulator->class == class && emulator->order == order);
}

const char *emulator_host_path(const char *path)
{
	return text_begins(path, EMULATOR_HOST "/") ? path + sizeof(EMULATOR_HOST) - 1 : NULL;
}

bool emulator_is_loader_variable(const char *variable)
{
	return text_begins(variable, "LD_");
}

bool emulator_takes_variable(const char *variable)
{
	while (*variable && *variable != ',')
		variable++;
	return !*variable;
}

unsigned int emulator_front_most(const struct emulator *emulator)
{
	return emulator->count + 2 * EMULATOR_VARIABLES_MOST + 3;
}

/*
 * PRoot's words and order, which programs that stand for QEMU in tests and wrappers know. QEMU itself would get along
 * without -E and -U: its environment is the guest's.
 */
unsigned int emulator_front(const struct emulator *emulator, const char *const variables[], unsigned int count,
			    bool has_library_path, const char *front[])
{
	const char *word = emulator->words;
	unsigned int at = 0;

	for (unsigned int i = 1; i < emulator->count; i++) {
		word += strlen(word) + 1;
		front[at++] = word;
	}
	for (unsigned int i = 0; i < count; i++) {
		front[at++] = "-E";
		front[at++] = variables[i];
	}
	if (!has_library_path) {
		front[at++] = "-U";
		front[at++] = "LD_LIBRARY_PATH";
	}
	front[at++] = "-0";
	return at;
}
