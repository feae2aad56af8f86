/* SPDX-License-Identifier: GPL-2.0-or-later */
/* access, faccessat, faccessat2. */
#include "call.h"

static int mode, flags;

static long run_access(int directory, const char *path)
{
	(void)directory;
	return CALL(SYS_access, path, mode);
}

static long run_faccessat(int directory, const char *path)
{
	return CALL(SYS_faccessat, directory, path, mode, -1, -1, -1);
}

static long run_faccessat2(int directory, const char *path)
{
	return CALL(SYS_faccessat2, directory, path, mode, flags);
}

int main(void)
{
	static const int modes[] = { F_OK, R_OK, W_OK, X_OK, R_OK | W_OK | X_OK };
	static const int wrong[] = { 0x400, 0x80, -1 };

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		mode = modes[i];
		say("mode %d\n", mode);
		sweep_path("access", run_access);
	}
	mode = 8;
	sweep_path("access wrong", run_access);
	mode = R_OK;
	sweep_at("faccessat", run_faccessat);
	sweep_at("faccessat2", run_faccessat2);
	flags = AT_SYMLINK_NOFOLLOW;
	sweep_at("faccessat2 nofollow", run_faccessat2);
	flags = AT_EACCESS;
	sweep_path("faccessat2 effective", run_faccessat2);
	flags = AT_EMPTY_PATH;
	sweep_empty("faccessat2 empty", run_faccessat2);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		flags = wrong[i];
		sweep_empty("faccessat2 wrong", run_faccessat2);
	}
	return 0;
}
