/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "unpack/progress.h"

#include "base/text.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define PAUSE 150 /* milliseconds between two looks of the line */
#define CLEAR "\r\033[K"

static volatile sig_atomic_t signal_number;

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

void progress_begin(struct progress *progress, const char *name, bool is_silent)
{
	*progress = (struct progress){ .name = text_base_name(name), .is_shown = !is_silent && isatty(2) };
}

void progress_start(struct progress *progress, const char *what, uint64_t total)
{
	progress->what = what;
	progress->done = 0;
	progress->total = total;
	progress->shown_at = now();
}

/* What takes no time is not worth a line. */
void progress_add(struct progress *progress, size_t bytes)
{
	unsigned int share;

	progress->done += bytes;
	if (!progress->is_shown || now() < progress->shown_at + PAUSE)
		return;
	progress->shown_at = now();
	share = progress->total ? (unsigned int)(MIN(progress->done, progress->total) * 100 / progress->total) : 0;
	fprintf(stderr, CLEAR "proot: %s '%.60s': %3u %% of %llu MB", progress->what, progress->name, share,
		(unsigned long long)progress->total / 1000000);
	fflush(stderr);
}

void progress_end(struct progress *progress)
{
	if (progress->is_shown)
		fputs(CLEAR, stderr);
	fflush(stderr);
	progress->is_shown = false;
}

static void note(int number)
{
	signal_number = number;
}

/* System calls are not made again: who waits is to look. */
void progress_catch_signals(void)
{
	const struct sigaction action = { .sa_handler = note };
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };

	for (unsigned int i = 0; i < ARRAY_SIZE(numbers); i++)
		sigaction(numbers[i], &action, NULL);
}

int progress_signal(void)
{
	return signal_number;
}
