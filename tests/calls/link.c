/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link, linkat: from where to where, on both sides of a binding. */
#include "call.h"

static int flags;
static const char *from = "/empty", *to = "/tmp/linked";

static long undo(int directory, const char *path, long result)
{
	struct stat status;

	if (result)
		return result;
	MUST(!fstatat(directory, path, &status, AT_SYMLINK_NOFOLLOW));
	say_stat(&status);
	MUST(!unlinkat(directory, path, 0));
	return 0;
}

static long run_link_from(int directory, const char *path)
{
	return undo(directory, to, CALL(SYS_link, path, to));
}

static long run_link_to(int directory, const char *path)
{
	return undo(directory, path, CALL(SYS_link, from, path));
}

static long run_linkat_from(int directory, const char *path)
{
	return undo(AT_FDCWD, to, CALL(SYS_linkat, directory, path, AT_FDCWD, to, flags));
}

static long run_linkat_to(int directory, const char *path)
{
	return undo(directory, path, CALL(SYS_linkat, AT_FDCWD, from, directory, path, flags));
}

/* What a link of /proc leads to lies on a mount, whatever the link's own is. */
static void try_objects(void)
{
	static const char *const objects[] = { "/proc/self/fd/3", "/proc/self/fd/3/", "/proc/self/fd/4",
					       "/proc/self/cwd",  "/proc/self/cwd/",  "/proc/thread-self/cwd" };
	static const char *const tos[] = { "/tmp/linked", "/bound/linked", "/bound", "/proc/self/fd/99" };

	MUST(open("/empty", O_RDONLY) == 3 || geteuid());
	MUST(open("/bound/inner", O_RDONLY) == 4 || geteuid());
	for (size_t i = 0; i < ARRAY_SIZE(tos); i++) {
		to = tos[i];
		flags = AT_SYMLINK_FOLLOW;
		for (size_t j = 0; j < ARRAY_SIZE(objects); j++)
			say("%s to %s = %s\n", objects[j], to, show(run_linkat_from(AT_FDCWD, objects[j])));
		flags = AT_EMPTY_PATH;
		for (int fd = 3; fd < 6; fd++)
			say("%d to %s = %s\n", fd, to, show(run_linkat_from(fd, "")));
		say("cwd to %s = %s\n", to, show(run_linkat_from(AT_FDCWD, "")));
	}
	close(3);
	close(4);
}

int main(void)
{
	static const char *const froms[] = {
		"/empty", "/bound/inner", "/dir", "/missing", "/link-file", "/bound-file", "/bound/sub/again/innermost"
	};
	static const char *const tos[] = { "/tmp/linked",	"/bound/linked",   "/bound/sub/again/linked",
					   "/dir/mount/linked", "/missing/linked", "/bound" };
	static const int wrong[] = { AT_SYMLINK_NOFOLLOW, AT_REMOVEDIR, -1 };

	for (size_t i = 0; i < ARRAY_SIZE(tos); i++) {
		to = tos[i];
		say("to %s\n", to);
		sweep_path("link from", run_link_from);
	}
	for (size_t i = 0; i < ARRAY_SIZE(froms); i++) {
		from = froms[i];
		say("from %s\n", from);
		sweep_path("link to", run_link_to);
		sweep_at("linkat to", run_linkat_to);
	}
	from = "/empty";
	to = "/tmp/linked";
	sweep_at("linkat from", run_linkat_from);
	flags = AT_SYMLINK_FOLLOW;
	sweep_at("linkat follow", run_linkat_from);
	flags = AT_EMPTY_PATH;
	sweep_empty("linkat empty", run_linkat_from);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		flags = wrong[i];
		sweep_empty("linkat wrong", run_linkat_from);
		sweep_empty("linkat wrong to", run_linkat_to);
	}
	try_objects();
	return 0;
}
