/* SPDX-License-Identifier: GPL-2.0-or-later */
/* utime, utimes, futimesat, utimensat. */
#include "call.h"
#include <sys/time.h>
#include <utime.h>

static int flags;
static const void *times;

static void say_time(int directory, const char *path)
{
	struct stat status;

	if (fstatat(directory, path, &status, flags & AT_SYMLINK_NOFOLLOW))
		return;
	if (status.st_mtime < 1000000000)
		say("  @%ld.%09ld\n", (long)status.st_mtime, status.st_mtim.tv_nsec);
	else
		say("  @now\n");
}

static long run_utime(int directory, const char *path)
{
	long result = CALL(SYS_utime, path, times);

	if (!result)
		say_time(directory, path);
	return result;
}

static long run_utimes(int directory, const char *path)
{
	long result = CALL(SYS_utimes, path, times);

	if (!result)
		say_time(directory, path);
	return result;
}

static long run_futimesat(int directory, const char *path)
{
	long result = CALL(SYS_futimesat, directory, path, times);

	if (!result && path)
		say_time(directory, path);
	return result;
}

static long run_utimensat(int directory, const char *path)
{
	long result = CALL(SYS_utimensat, directory, path, times, flags);

	if (!result && path)
		say_time(directory, path);
	return result;
}

int main(void)
{
	static const struct utimbuf seconds = { 5000, 6000 };
	static const struct timeval micros[2] = { { 5000, 1 }, { 6000, 2 } },
				    bad_micros[2] = { { 1, 1000000 }, { 1, -1 } };
	static const struct timespec nanos[2] = { { 7000, 3 }, { 8000, 4 } }, bad[2] = { { 1, 1000000000 }, { 1, 0 } };
	static const struct timespec omit[2] = { { 0, UTIME_OMIT }, { 0, UTIME_OMIT } };
	static const struct timespec mixed[2] = { { 0, UTIME_OMIT }, { 9000, 5 } },
				     now[2] = { { 0, UTIME_NOW }, { 0, UTIME_NOW } };
	static const void *const kinds[] = { nanos, bad, omit, mixed, now, NULL };
	static const int wrong[] = { 0x40, -1 };

	times = &seconds;
	sweep_path("utime", run_utime);
	times = micros;
	sweep_path("utimes", run_utimes);
	sweep_at("futimesat", run_futimesat);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		times = kinds[i];
		flags = 0;
		say("times %zu\n", i);
		sweep_at("utimensat", run_utimensat);
		flags = AT_SYMLINK_NOFOLLOW;
		sweep_path("utimensat nofollow", run_utimensat);
		flags = AT_EMPTY_PATH;
		sweep_empty("utimensat empty", run_utimensat);
	}
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		flags = wrong[i];
		sweep_empty("utimensat wrong", run_utimensat);
	}
	flags = 0;
	times = bad_micros;
	say("utimes bad = %s\n", show(run_utimes(AT_FDCWD, "/file")));
	say("utimes bad missing = %s\n", show(run_utimes(AT_FDCWD, "/missing")));
	say("futimesat bad = %s\n", show(run_futimesat(AT_FDCWD, "/file")));
	times = no_memory();
	say("bad memory: %s", show(run_utime(AT_FDCWD, "/file")));
	say(" %s %s %s\n", show(run_utimes(AT_FDCWD, "/file")), show(run_futimesat(AT_FDCWD, "/file")),
	    show(run_utimensat(AT_FDCWD, "/file")));
	say("bad memory, missing: %s", show(run_utime(AT_FDCWD, "/missing")));
	say(" %s %s %s\n", show(run_utimes(AT_FDCWD, "/missing")), show(run_futimesat(AT_FDCWD, "/missing")),
	    show(run_utimensat(AT_FDCWD, "/missing")));
	return 0;
}
