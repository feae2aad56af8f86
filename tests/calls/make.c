/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mkdir, mkdirat, mknod, mknodat, symlink, symlinkat. What is made is removed again. */
#include "call.h"

static unsigned int mode;
static unsigned long device;
static const char *target = "target";

static long undo(int directory, const char *path, long result)
{
	struct stat status;

	if (result)
		return result;
	MUST(!fstatat(directory, path, &status, AT_SYMLINK_NOFOLLOW));
	say("  %o %u:%u\n", status.st_mode, status.st_uid, status.st_gid);
	if (S_ISDIR(status.st_mode))
		MUST(!unlinkat(directory, path, AT_REMOVEDIR));
	else
		MUST(!unlinkat(directory, path, 0));
	return 0;
}

static long run_mkdir(int directory, const char *path)
{
	return undo(directory, path, CALL(SYS_mkdir, path, mode));
}

static long run_mkdirat(int directory, const char *path)
{
	return undo(directory, path, CALL(SYS_mkdirat, directory, path, mode));
}

static long run_mknod(int directory, const char *path)
{
	return undo(directory, path, CALL(SYS_mknod, path, mode, device));
}

static long run_mknodat(int directory, const char *path)
{
	return undo(directory, path, CALL(SYS_mknodat, directory, path, mode, device));
}

static long run_symlink(int directory, const char *path)
{
	return undo(directory, path, CALL(SYS_symlink, target, path));
}

static long run_symlinkat(int directory, const char *path)
{
	return undo(directory, path, CALL(SYS_symlinkat, target, directory, path));
}

static void sweep_masks(void)
{
	static const unsigned int masks[] = { 0, 022, 077, 0777, 07777 };
	static const unsigned int types[] = {
		0, S_IFREG, S_IFIFO, S_IFSOCK, S_IFDIR, S_IFLNK, S_IFCHR, S_IFBLK, 0150000
	};

	for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
		say("umask %o was %o\n", masks[i], umask(masks[i]));
		mode = 07777;
		say("mkdir = %s\n", show(run_mkdir(AT_FDCWD, "/tmp/masked")));
		say("mkdir = %s\n", show(run_mkdir(AT_FDCWD, "/bound/sub/again/masked")));
		for (size_t j = 0; j < ARRAY_SIZE(types); j++) {
			mode = types[j] | 0666;
			device = 0; /* as a device: a whiteout, which no driver has */
			say("mknod %o = %s\n", mode, show(run_mknod(AT_FDCWD, "/tmp/masked")));
		}
	}
}

int main(void)
{
	static const char *const targets[] = { "", "/", "x/", "../..", "/missing" };
	static char longest[PATH_MAX + 1];

	umask(022);
	mode = 0755;
	sweep_path("mkdir", run_mkdir);
	sweep_at("mkdirat", run_mkdirat);
	mode = S_IFREG | 0644;
	sweep_path("mknod", run_mknod);
	sweep_at("mknodat", run_mknodat);
	mode = S_IFIFO | 0600;
	sweep_at("mknodat fifo", run_mknodat);
	mode = S_IFDIR | 0600;
	sweep_path("mknod directory", run_mknod);
	sweep_path("symlink", run_symlink);
	sweep_at("symlinkat", run_symlinkat);
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		target = targets[i];
		say("symlink to %s = %s\n", show_path(target), show(run_symlink(AT_FDCWD, "/tmp/new")));
	}
	target = NULL;
	sweep_path("symlink to NULL", run_symlink);
	target = no_memory();
	say("symlink to bad memory = %s\n", show(run_symlink(AT_FDCWD, "/tmp/new")));
	target = text_at_page_end("ends", true);
	say("symlink to text at a page's end = %s\n", show(run_symlink(AT_FDCWD, "/tmp/new")));
	target = text_at_page_end("does not end", false);
	say("symlink to text without an end = %s\n", show(run_symlink(AT_FDCWD, "/tmp/new")));
	for (size_t length = PATH_MAX - 2; length <= PATH_MAX; length++) {
		memset(longest, 't', length);
		longest[length] = '\0';
		target = longest;
		say("symlink to %zu bytes = %s\n", length, show(run_symlink(AT_FDCWD, "/tmp/new")));
	}
	sweep_masks();
	return 0;
}
