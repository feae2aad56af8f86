/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line on the terminal that tells how far it is, and whether a signal has asked for the end.
 */
#ifndef UNPACK_PROGRESS_H
#define UNPACK_PROGRESS_H

#include "base/base.h"

struct progress {
	const char *name; /* of what is unpacked */
	const char *what; /* is done with it */
	uint64_t done, total;
	int64_t shown_at; /* milliseconds */
	bool is_shown;
};

/* IS_SILENT: no line, although standard error is a terminal. */
void progress_begin(struct progress *progress, const char *name, bool is_silent);
/* WHAT is done from now on, with TOTAL bytes. */
void progress_start(struct progress *progress, const char *what, uint64_t total);
void progress_add(struct progress *progress, size_t bytes);
/* Take the line away. */
void progress_end(struct progress *progress);

/* From now on SIGINT, SIGTERM and SIGHUP are noted: which has come, or 0. */
void progress_catch_signals(void);
int progress_signal(void);

#endif
