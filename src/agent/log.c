/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/log.h"
#include "base/text.h"

static void add_paths(struct text *line, const struct call *call)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(call->paths); i++) {
		const struct host_path *path = &call->paths[i];

		if (!path->path)
			continue;
		text_add(line, " \"");
		text_add(line, path->guest_path);
		text_add(line, "\" -> \"");
		text_add(line, path->is_resolved ? path->result->host : path->path);
		text_add(line, "\"");
	}
}

static void add_call(struct text *line, const struct call *call)
{
	text_add(line, call->row->name);
	text_add(line, "(");
	for (unsigned int i = 0; i < ARRAY_SIZE(call->original); i++) {
		text_add(line, i ? ", 0x" : "0x");
		text_add_hex(line, call->original[i]);
	}
	text_add(line, ")");
}

void log_call(const struct call *call, long result)
{
	const struct image_data *data = image_data();
	struct text line;

	if (data->verbosity < 2 || data->log_fd < 0 || (data->verbosity == 2 && !call->paths[0].path))
		return;
	text_init(&line, (char *)&call->slot->scratch, sizeof(call->slot->scratch));
	text_add(&line, "proot info: pid ");
	text_add_number(&line, GATE_0(NR_gettid));
	text_add(&line, ": ");
	if (data->verbosity >= 3)
		add_call(&line, call);
	else
		text_add(&line, call->row->name);
	add_paths(&line, call);
	if (data->verbosity >= 3) {
		text_add(&line, " = ");
		text_add_number(&line, result);
	}
	text_add(&line, "\n");
	GATE_3(NR_write, data->log_fd, line.text, line.length);
}
