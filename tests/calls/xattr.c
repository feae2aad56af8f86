/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The extended attributes: twelve calls by path, four of them with a directory. */
#include "call.h"
#include <sys/xattr.h>

static char value[256];
static unsigned long size = sizeof(value);
static int flags;
static const char *name = "user.kept";

struct arguments {
	uint64_t value;
	uint32_t size;
	uint32_t flags;
};

static long say_value(long result)
{
	if (result > 0)
		say("  '%.*s'\n", (int)result, value);
	return result;
}

/* A list, its names one after the other; none in /proc. */
static long say_list(long result)
{
	for (long at = 0; at < result; at += (long)strlen(value + at) + 1)
		say("  %s\n", value + at);
	return result;
}

#define BY_PATH(function, number, then, ...) \
	static long function(int directory, const char *path) \
	{ \
		(void)directory; \
		return then(CALL(number, path, ##__VA_ARGS__)); \
	}

static long same(long result)
{
	return result;
}

BY_PATH(run_getxattr, SYS_getxattr, say_value, name, value, size)
BY_PATH(run_lgetxattr, SYS_lgetxattr, say_value, name, value, size)
BY_PATH(run_listxattr, SYS_listxattr, say_list, value, size)
BY_PATH(run_llistxattr, SYS_llistxattr, say_list, value, size)
BY_PATH(run_setxattr, SYS_setxattr, same, "user.set", "text", 4, flags)
BY_PATH(run_lsetxattr, SYS_lsetxattr, same, "user.set", "text", 4, flags)
BY_PATH(run_removexattr, SYS_removexattr, same, "user.set")
BY_PATH(run_lremovexattr, SYS_lremovexattr, same, "user.set")

static long run_getxattrat(int directory, const char *path)
{
	struct arguments arguments = { (uint64_t)value, sizeof(value), 0 };

	return say_value(CALL(SYS_getxattrat, directory, path, flags, name, &arguments, sizeof(arguments)));
}

static long run_setxattrat(int directory, const char *path)
{
	struct arguments arguments = { (uint64_t) "by at", 5, 0 };

	return CALL(SYS_setxattrat, directory, path, flags, "user.at", &arguments, sizeof(arguments));
}

static long run_listxattrat(int directory, const char *path)
{
	return say_list(CALL(SYS_listxattrat, directory, path, flags, value, sizeof(value)));
}

static long run_removexattrat(int directory, const char *path)
{
	return CALL(SYS_removexattrat, directory, path, flags, "user.at");
}

static void try_names(void)
{
	static char longest[300];
	const char *const names[] = { "user.kept",
				      "user.missing",
				      "kept",
				      "",
				      "user.",
				      "trusted.none",
				      "security.none",
				      "system.none",
				      NULL,
				      (const char *)8,
				      no_memory(),
				      longest,
				      text_at_page_end("user.kept", true),
				      text_at_page_end("user.kept", false) };
	static const unsigned long sizes[] = { 0, 1, 4, 5, 6, 65536, 65537, -1ul };

	memcpy(longest, "user.", 5);
	memset(longest + 5, 'n', 256);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		say("name %zu: get %s", i, show(CALL(SYS_getxattr, "/file", names[i], value, sizeof(value))));
		say(" set %s", show(CALL(SYS_setxattr, "/file", names[i], "value", 5, 0)));
		say(" missing get %s", show(CALL(SYS_getxattr, "/missing", names[i], value, sizeof(value))));
		say(" missing set %s", show(CALL(SYS_setxattr, "/missing", names[i], "value", 5, 0)));
		say(" missing remove %s\n", show(CALL(SYS_removexattr, "/missing", names[i])));
	}
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		static char large[65537];

		say("size %lu: get %s", sizes[i], show(CALL(SYS_getxattr, "/file", "user.kept", large, sizes[i])));
		say(" list %s", show(CALL(SYS_listxattr, "/bound/inner", large, sizes[i])));
		say(" set %s\n", show(CALL(SYS_setxattr, "/empty", "user.size", large, sizes[i], 0)));
	}
	say("create over %s", show(CALL(SYS_setxattr, "/file", "user.kept", "v", 1, XATTR_CREATE)));
	say(" replace none %s", show(CALL(SYS_setxattr, "/file", "user.none", "v", 1, XATTR_REPLACE)));
	say(" both %s", show(CALL(SYS_setxattr, "/file", "user.none", "v", 1, 4)));
	say(" to bad memory %s", show(CALL(SYS_getxattr, "/file", "user.kept", no_memory(), 10)));
	say(" from bad memory %s\n", show(CALL(SYS_setxattr, "/file", "user.kept", no_memory(), 10, 0)));
}

int main(void)
{
	static const int kinds[] = { 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, 0x40 };

	try_names();
	sweep_path("setxattr", run_setxattr);
	sweep_path("lsetxattr", run_lsetxattr);
	sweep_path("getxattr", run_getxattr);
	sweep_path("lgetxattr", run_lgetxattr);
	name = "user.set";
	sweep_path("getxattr set", run_getxattr);
	sweep_path("listxattr", run_listxattr);
	sweep_path("llistxattr", run_llistxattr);
	sweep_path("removexattr", run_removexattr);
	sweep_path("lremovexattr", run_lremovexattr);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		flags = kinds[i];
		say("flags %x\n", flags);
		(i < 2 ? sweep_at : sweep_empty)("setxattrat", run_setxattrat);
		(i < 2 ? sweep_at : sweep_empty)("getxattrat", run_getxattrat);
		(i < 2 ? sweep_at : sweep_empty)("listxattrat", run_listxattrat);
		(i < 2 ? sweep_at : sweep_empty)("removexattrat", run_removexattrat);
	}
	return 0;
}
