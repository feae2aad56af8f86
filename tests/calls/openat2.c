/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * openat2 with each flag of struct open_how's resolve, and those that go
 * together: the root, bindings and links of /proc as the guest has them.
 */
#include "call.h"
#include <linux/openat2.h>

static struct open_how how;

/* Which object the descriptor is, as a path of the view; closed. */
static long tell(long fd)
{
	char link[64], text[PATH_MAX];
	ssize_t length;

	if (fd < 0)
		return fd;
	snprintf(link, sizeof(link), "/proc/self/fd/%ld", fd);
	length = readlink(link, text, sizeof(text));
	close((int)fd);
	say("[%.*s] ", length < 0 || length > 60 ? 0 : (int)length, text);
	return 0;
}

/* Scoped walks are EAGAIN when a rename or a mount anywhere gets in their way. */
static long try_again(int directory, const char *path, const struct open_how *with)
{
	long result;

	do
		result = CALL(SYS_openat2, directory, path, with, sizeof(*with));
	while (result == -EAGAIN && !(with->resolve & RESOLVE_CACHED));
	return result;
}

/* RESOLVE_CACHED may always be EAGAIN; then it is another try without it that tells. */
static long run(int directory, const char *path)
{
	struct open_how other = how;
	long result = try_again(directory, path, &how);

	other.resolve &= ~(uint64_t)RESOLVE_CACHED;
	if (result == -EAGAIN)
		result = try_again(directory, path, &other);
	return tell(result);
}

static long run_making(int directory, const char *path)
{
	long result = try_again(directory, path, &how);

	if (result >= 0) {
		say("made ");
		result = tell(result);
		/* A name with links in it is not what was made. */
		if (unlinkat(directory, path, 0) && how.resolve & RESOLVE_IN_ROOT)
			unlink(path);
	}
	return result;
}

/* A link of each place to others, by a path that meets both. */
static void try_paths(void)
{
	static const char *const paths[] = {
		"bound",
		"bound/inner",
		"bound/sub/again/..",
		"bound/sub/again/../../..",
		"bound/sub/../..",
		"sub/again",
		"sub/again/innermost",
		"sub/again/../file",
		"sub/again/../../..",
		"../bound",
		"../bound/inner",
		"../dir/mount/in",
		"mount/in",
		"mount/..",
		"mount/../file",
		"up-link",
		"abs-link",
		"back-link",
		"back-link/file",
		"/inner",
		"/file",
		"/..",
		"/../inner",
		"..",
		"../",
		"../..",
		".",
		"./",
		"/",
		"../../../../file",
		"link-bound",
		"link-mount/in",
		"link-dir-abs/file",
		"link-dir/../file",
		"link-abs",
		"chain40",
		"chain41",
		"loop",
		"dangling",
		"dev/null",
		"proc/self/root/file",
		"proc/self/root",
		"proc/self/cwd",
		"proc/self/cwd/file",
		"proc/self/fd",
		"proc/self/fd/3",
		"proc/self/exe",
		"proc/self",
		"proc/self/status",
		"self/root",
		"self/cwd/file",
		"self/status",
		"thread-self/fd/3",
		"../proc/self/root/file",
		"closed/file",
		"closed/../file",
		"bound-file",
		"bound-file/",
		"bound-file/..",
		"lib64/..",
		"missing",
		"missing/..",
		"file/x",
		"file/..",
	};
	static struct start more[3];
	static const char *const names[] = { "/", "/proc", "/bound/sub/again" };

	for (size_t i = 0; i < ARRAY_SIZE(more); i++)
		more[i] = (struct start){ names[i], open(names[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		for (unsigned int start = 0; start < start_count; start++)
			sweep_one("openat2", run, &starts[start], paths[i], NULL);
		for (size_t start = 0; start < ARRAY_SIZE(more); start++)
			sweep_one("openat2", run, &more[start], paths[i], NULL);
		MUST(!chdir("/bound/sub"));
		sweep_one("openat2", run, &(struct start){ "IN BOUND/SUB", AT_FDCWD }, paths[i], NULL);
		MUST(!chdir("/dir/mount"));
		sweep_one("openat2", run, &(struct start){ "IN MOUNT", AT_FDCWD }, paths[i], NULL);
		MUST(!chdir("/"));
	}
	for (size_t i = 0; i < ARRAY_SIZE(more); i++)
		close(more[i].fd);
}

/* struct open_how of other sizes: what lies behind it must be zero, and be there. */
static void try_sizes(uint64_t resolve)
{
	static const size_t sizes[] = { 0, 1, 8, 23, 24, 25, 32, 64, 4095, 4096, 4097, 1 << 20 };
	static const char *const paths[] = { "/file", "/missing", "/bound/sub/again", "" };
	char *copy;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		for (size_t j = 0; j < ARRAY_SIZE(paths); j++) {
			copy = page_end(sizes[i]);
			memcpy(copy, &(struct open_how){ .flags = O_RDONLY, .resolve = resolve }, MIN(sizes[i], 24ul));
			say("size %zu %s = %s", sizes[i], paths[j],
			    show_success(CALL(SYS_openat2, AT_FDCWD, paths[j], copy, sizes[i])));
			if (sizes[i] > 24)
				copy[sizes[i] - 1] = 1;
			say(", with a bit = %s", show_success(CALL(SYS_openat2, AT_FDCWD, paths[j], copy, sizes[i])));
			say(", cut off = %s\n",
			    show_success(CALL(SYS_openat2, AT_FDCWD, paths[j], copy + 8, sizes[i])));
		}
}

/* What is wrong with the flags comes before what is wrong with the path. */
static void try_flags(void)
{
	static const struct open_how wrong[] = {
		{ .flags = O_RDONLY, .mode = 0600 },
		{ .flags = O_CREAT, .mode = 010000 },
		{ .flags = 1ul << 40 },
		{ .flags = O_PATH | O_RDWR },
		{ .flags = O_TMPFILE | O_RDWR, .mode = 0600 },
		{ .flags = O_TMPFILE | O_RDONLY, .mode = 0600 },
		{ .flags = O_RDONLY, .resolve = RESOLVE_BENEATH | RESOLVE_IN_ROOT },
		{ .flags = O_RDONLY, .resolve = 0x40 },
		{ .flags = O_RDONLY, .resolve = 1ull << 40 },
		{ .flags = O_CREAT | O_RDWR, .mode = 0600, .resolve = RESOLVE_CACHED },
		{ .flags = O_TRUNC | O_RDWR, .resolve = RESOLVE_CACHED },
		{ .flags = O_CREAT | O_DIRECTORY, .mode = 0600 },
	};
	static const char *const paths[] = { "bound", "bound/sub/again", "missing/x", "", "../x", "dir/../bound" };

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		for (size_t j = 0; j < ARRAY_SIZE(paths); j++) {
			int fds[] = { AT_FDCWD, -1, 0 };

			for (size_t k = 0; k < ARRAY_SIZE(fds); k++)
				say("%llo %llo %llx %s %d = %s\n", wrong[i].flags, wrong[i].mode, wrong[i].resolve,
				    paths[j], fds[k],
				    show_success(CALL(SYS_openat2, fds[k], paths[j], &wrong[i], sizeof(wrong[i]))));
		}
}

/* What was looked at a moment ago is in memory. */
static void try_cached(const char *path)
{
	struct open_how cached = { .flags = O_RDONLY | O_CLOEXEC, .resolve = RESOLVE_CACHED };
	long result = -EAGAIN;
	struct stat status;

	for (int i = 0; i < 1000 && result == -EAGAIN; i++)
		result = stat(path, &status) ? -EIO : CALL(SYS_openat2, AT_FDCWD, path, &cached, sizeof(cached));
	say("cached %s: %s\n", path, show_success(result));
}

int main(void)
{
	static const uint64_t resolves[] = {
		RESOLVE_BENEATH,
		RESOLVE_IN_ROOT,
		RESOLVE_NO_XDEV,
		RESOLVE_NO_MAGICLINKS,
		RESOLVE_NO_SYMLINKS,
		RESOLVE_CACHED,
		RESOLVE_BENEATH | RESOLVE_NO_XDEV,
		RESOLVE_IN_ROOT | RESOLVE_NO_XDEV,
		RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
		RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
		RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS,
		RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS,
	};
	static const unsigned long flags[] = { O_PATH, O_RDONLY | O_NONBLOCK, O_PATH | O_NOFOLLOW,
					       O_RDONLY | O_DIRECTORY };

	umask(0);
	open_starts();
	for (size_t i = 0; i < ARRAY_SIZE(resolves); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(flags); j++) {
			how = (struct open_how){ .flags = flags[j], .resolve = resolves[i] };
			say("resolve %llx flags %llo\n", how.resolve, how.flags);
			try_paths();
			if (!j)
				sweep_at("openat2", run);
		}
		how = (struct open_how){ .flags = O_WRONLY | O_CREAT | O_EXCL, .mode = 0600, .resolve = resolves[i] };
		say("resolve %llx, made\n", how.resolve);
		sweep_at("openat2", run_making);
		try_sizes(resolves[i]);
	}
	try_flags();
	try_cached("/file");
	try_cached("/bound/sub/again/innermost");
	return 0;
}
