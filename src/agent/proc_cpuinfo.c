/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/cpuinfo as a program of another CPU expects it. QEMU makes it itself for some CPUs, and
 * then does not open ours.
 */
#include "agent/agent.h"
#include "agent/proc_copy.h"

/* How many processors the host lists. */
static unsigned int count_processors(struct copy *copy)
{
	unsigned int count = 0;
	char *line;

	while ((line = copy_next_line(copy)))
		count += text_begins(line, "processor");
	return MAX(count, 1u);
}

/* Copy TEXT up to EMULATOR_EACH or its end, which is returned. */
static const char *add_part(struct copy *copy, const char *text, unsigned int processor, unsigned int count)
{
	for (; *text && *text != EMULATOR_EACH[0]; text++) {
		if (*text == EMULATOR_NUMBER[0])
			text_add_number(&copy->out, processor);
		else if (*text == EMULATOR_COUNT[0])
			text_add_number(&copy->out, count);
		else if (*text == '\n')
			copy_end_line(copy);
		else
			text_add_bytes(&copy->out, text, 1);
	}
	return text;
}

void proc_make_cpuinfo(struct copy *copy, const struct proc_file *file)
{
	unsigned int count = count_processors(copy);
	const char *each = add_part(copy, image_data()->emulator.cpuinfo, 0, count), *behind = each;

	(void)file;
	for (unsigned int i = 0; *each && i < count; i++)
		behind = add_part(copy, each + 1, i, count);
	if (*behind)
		add_part(copy, behind + 1, 0, count);
}
