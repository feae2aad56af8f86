/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisor/process.h"

void process_close_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

bool process_read(const char *name, struct process *process)
{
	char path[sizeof("/proc//stat") + 256];
	char line[512];
	FILE *file __attribute__((cleanup(process_close_file))) = NULL;
	size_t length;

	snprintf(path, sizeof(path), "/proc/%s/stat", name);
	file = fopen(path, "re");
	if (!file)
		return false;
	length = fread(line, 1, sizeof(line) - 1, file);
	line[length] = '\0';
	while (length && line[length] != ')') /* the name in parentheses may hold any character */
		length--;
	return sscanf(line + length, ") %c %d", &process->state, &process->parent) == 2;
}
