/* SPDX-License-Identifier: GPL-2.0-or-later */
/* chdir, fchdir, getcwd, and chroot to where one is. */
#include "call.h"

static void say_cwd(void)
{
	char text[PATH_MAX + 1] = "";
	long length = CALL(SYS_getcwd, text, sizeof(text));

	say("  cwd %s '%s'\n", show(length), length > 0 ? text : "");
}

/* From the root each time, or from where "from" says. */
static const char *from = "/";

static long run_chdir(int directory, const char *path)
{
	long result;

	(void)directory;
	if (from)
		MUST(!chdir(from));
	result = CALL(SYS_chdir, path);
	if (!result) {
		say_cwd();
		MUST(!chdir("/"));
	}
	return result;
}

static long run_fchdir(int fd, const char *path)
{
	long result = CALL(SYS_fchdir, fd);

	(void)path;
	if (!result)
		say_cwd();
	MUST(!chdir("/"));
	return result;
}

static long run_chroot(int directory, const char *path)
{
	(void)directory;
	return CALL(SYS_chroot, path);
}

static void try_sizes(const char *where)
{
	char text[64];

	MUST(!chdir(where));
	for (size_t size = 0; size <= strlen(where) + 2; size++) {
		memset(text, '#', sizeof(text));
		say("getcwd in %s, %zu bytes = %s '%.20s'\n", where, size, show(CALL(SYS_getcwd, text, size)), text);
		say("getcwd into the last %zu bytes = %s\n", size, show(CALL(SYS_getcwd, page_end(size), 64)));
	}
	say("getcwd huge = %s\n", show(CALL(SYS_getcwd, text, -1)));
	say("getcwd NULL = %s %s\n", show(CALL(SYS_getcwd, NULL, 0)), show(CALL(SYS_getcwd, NULL, 64)));
	say("getcwd where nothing can be written = %s\n", show(CALL(SYS_getcwd, read_only_page(), PAGE)));
	MUST(!chdir("/"));
}

/* A working directory that is removed, or moved. */
static void try_gone(void)
{
	struct stat status;

	MUST(!mkdir("/tmp/gone", 0755) && !chdir("/tmp/gone") && !rmdir("/tmp/gone"));
	say_cwd();
	say("in a removed directory: stat . %s", show(CALL(SYS_stat, ".", &status)));
	say(" open x %s", show(CALL(SYS_open, "x", O_CREAT | O_WRONLY, 0600)));
	say(" stat .. %s mkdir %s", show(CALL(SYS_stat, "..", &status)), show(CALL(SYS_mkdir, "d", 0700)));
	say(" open . %s", show_success(CALL(SYS_open, ".", O_RDONLY)));
	say(" chdir .. %s\n", show(CALL(SYS_chdir, "..")));
	say_cwd();
	MUST(!chdir("/tmp") && !mkdir("here", 0755) && !mkdir("here/below", 0755) && !chdir("here/below"));
	MUST(!rename("/tmp/here", "/dir/there"));
	say_cwd();
	say("moved: stat ../../file %s", show(CALL(SYS_stat, "../../file", &status)));
	say(" stat ../../../file %s", show(CALL(SYS_stat, "../../../file", &status)));
	say(" open new %s", show_success(CALL(SYS_open, "new", O_CREAT | O_WRONLY, 0600)));
	say(" seen there %s\n", show(CALL(SYS_stat, "/dir/there/below/new", &status)));
	MUST(!chdir("/"));
}

int main(void)
{
	static const char *const places[] = { "/", "/dir", "/bound", "/bound/sub/again", "/dir/mount" };
	static const char *const froms[] = { "/dir/sub", "/bound/sub", "/bound/sub/again", "/dir/mount" };

	sweep_path("chdir", run_chdir);
	for (size_t i = 0; i < ARRAY_SIZE(froms); i++) {
		from = froms[i];
		for (size_t j = 0; j < ARRAY_SIZE(relative_paths); j++)
			say("chdir %s %s = %s\n", from, relative_paths[j],
			    show(run_chdir(AT_FDCWD, relative_paths[j])));
	}
	MUST(!chdir("/"));
	sweep_empty("fchdir", run_fchdir);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		try_sizes(places[i]);
	try_gone();
	for (size_t i = 0; i < 5; i++)
		say("chroot %s = %s\n", absolute_paths[i], show(run_chroot(AT_FDCWD, absolute_paths[i])));
	say("chroot \"\" = %s\n", show(run_chroot(AT_FDCWD, "")));
	say("chroot NULL = %s\n", show(run_chroot(AT_FDCWD, NULL)));
	say("chroot /missing = %s\n", show(run_chroot(AT_FDCWD, "/missing")));
	say("chroot /file = %s\n", show(run_chroot(AT_FDCWD, "/file")));
	return 0;
}
