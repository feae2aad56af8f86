/* SPDX-License-Identifier: GPL-2.0-or-later */
/* readlink, readlinkat: every path, every size. */
#include "call.h"

static char text[PATH_MAX];
static long size = sizeof(text);

static long say_text(long result)
{
	if (result > 0)
		say("  '%.*s'\n", (int)result, text);
	return result;
}

static long run_readlink(int directory, const char *path)
{
	(void)directory;
	return say_text(CALL(SYS_readlink, path, text, size));
}

static long run_readlinkat(int directory, const char *path)
{
	return say_text(CALL(SYS_readlinkat, directory, path, text, size));
}

static void try_sizes(const char *path)
{
	static const long sizes[] = {
		0, 1, 4, 7, 8, 9, 4095, 4096, 100000, 0x7fffffff, -1, 0x100000004, (long)0x8000000000000000
	};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		memset(text, '#', sizeof(text));
		say("readlink %s %lx = %s", path, sizes[i], show(CALL(SYS_readlink, path, text, sizes[i])));
		say(" '%.16s'\n", text);
		say("readlinkat %s %lx = %s\n", path, sizes[i],
		    show(CALL(SYS_readlinkat, AT_FDCWD, path, text, sizes[i])));
	}
}

/* A buffer that ends where memory ends. */
static void try_buffers(const char *path)
{
	for (size_t room = 0; room < 12; room += 3)
		say("readlink %s into %zu bytes = %s\n", path, room,
		    show(CALL(SYS_readlink, path, page_end(room), 64)));
	say("readlink %s into nothing = %s\n", path, show(CALL(SYS_readlink, path, NULL, 64)));
	say("readlink %s into what can't be written = %s\n", path,
	    show(CALL(SYS_readlink, path, read_only_page(), 64)));
}

/* A link longer than most. */
static void try_long_link(void)
{
	char target[PATH_MAX], *at_end;

	memset(target, 't', sizeof(target));
	target[PATH_MAX - 1] = '\0';
	say("symlink of 4095 = %s\n", show(CALL(SYS_symlink, target, "/tmp/long")));
	say("readlink of it = %s\n", show(CALL(SYS_readlink, "/tmp/long", text, sizeof(text))));
	say("stat of it = %s\n", show(CALL(SYS_stat, "/tmp/long", text)));
	target[4000] = '\0';
	say("symlink of 4000 = %s\n", show(CALL(SYS_symlink, target, "/tmp/long2")));
	at_end = page_end(4000);
	say("readlink of it = %s %d\n", show(CALL(SYS_readlink, "/tmp/long2", at_end, 4000)), at_end[3999]);
}

int main(void)
{
	sweep_path("readlink", run_readlink);
	sweep_at("readlinkat", run_readlinkat);
	try_sizes("/link-abs");
	try_sizes("/proc/self/exe");
	try_sizes("/file");
	try_sizes("/missing");
	try_buffers("/link-abs");
	try_buffers("/proc/self/cwd");
	try_buffers("/proc/self/exe");
	try_long_link();
	return 0;
}
