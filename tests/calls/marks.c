/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * landlock and fanotify: what is marked is the guest's place, with all that is
 * bound below it and nothing else.
 */
#include "call.h"
#include <linux/landlock.h>
#include <sys/fanotify.h>

#define READS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_EXECUTE)
#define WRITES (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE)

static int ruleset;

static long allow(const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = access };
	long result;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	result = CALL(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	close(rule.parent_fd);
	say("allow %s %llx: %s\n", path, (unsigned long long)access, show(result));
	return result;
}

static void look(const char *path)
{
	say("  %s: read %s", path, show_success(CALL(SYS_open, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)));
	say(" write %s", show_success(CALL(SYS_open, path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)));
	say(" path %s\n", show_success(CALL(SYS_open, path, O_PATH | O_CLOEXEC)));
}

static void make(const char *path)
{
	say("  make %s: %s", path, show_success(CALL(SYS_open, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)));
	say(" remove %s\n", show(CALL(SYS_unlink, path)));
}

static void execute(void)
{
	execl("/tests/true", "true", NULL);
	say("  execute: %s\n", strerrorname_np(errno));
}

static const struct {
	const char *path;
	uint64_t access;
} rules[][4] = {
	{ { "/", READS } },
	{ { "/", READS }, { "/dir", READS | WRITES } },
	{ { "/bound", READS }, { "/tests", READS } },
	{ { "/bound/sub", READS | WRITES } },
	{ { "/dir/mount", READS }, { "/bound-file", LANDLOCK_ACCESS_FS_READ_FILE } },
	{ { "/bound-file", READS } },
	{ { "/dir", WRITES }, { "/file", LANDLOCK_ACCESS_FS_READ_FILE } },
};

static size_t chosen;

static void restrict_and_look(void)
{
	static const char *const paths[] = {
		"/",
		"/file",
		"/dir",
		"/dir/file",
		"/bound",
		"/bound/inner",
		"/bound/sub/again",
		"/bound-file",
		"/dir/mount",
		"/dir/mount/in",
		"/bound/sub/file",
		"/bound/sub/again/innermost",
		"/dev/null",
		"/tests/true",
		"/proc/self/status",
	};
	struct landlock_ruleset_attr handled = { .handled_access_fs = READS | WRITES };

	ruleset = (int)CALL(SYS_landlock_create_ruleset, &handled, sizeof(handled), 0);
	if (ruleset < 0) {
		say("no landlock: %s\n", show(ruleset));
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(rules[0]) && rules[chosen][i].path; i++)
		allow(rules[chosen][i].path, rules[chosen][i].access);
	MUST(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	MUST(!CALL(SYS_landlock_restrict_self, ruleset, 0));
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		look(paths[i]);
	make("/tmp/made");
	make("/dir/made");
	make("/dir/mount/made");
	make("/bound/sub/again/made");
	in_child(execute);
}

static void try_landlock(void)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = READS, .parent_fd = -1 };

	for (chosen = 0; chosen < ARRAY_SIZE(rules); chosen++) {
		say("rules %zu\n", chosen);
		in_child(restrict_and_look);
	}
	say("bad: %s", show(CALL(SYS_landlock_add_rule, -1, LANDLOCK_RULE_PATH_BENEATH, &rule, 0)));
	say(" %s", show(CALL(SYS_landlock_add_rule, 0, LANDLOCK_RULE_PATH_BENEATH, &rule, 0)));
	say(" %s", show(CALL(SYS_landlock_add_rule, -1, LANDLOCK_RULE_PATH_BENEATH, NULL, 0)));
	say(" %s", show(CALL(SYS_landlock_add_rule, -1, LANDLOCK_RULE_PATH_BENEATH, no_memory(), 0)));
	say(" %s", show(CALL(SYS_landlock_add_rule, -1, LANDLOCK_RULE_PATH_BENEATH, &rule, 1)));
	say(" %s\n", show(CALL(SYS_landlock_add_rule, -1, 77, &rule, 0)));
}

static int group;
static unsigned int mark_flags;

static long run_mark(int directory, const char *path)
{
	return CALL(SYS_fanotify_mark, group, mark_flags, FAN_OPEN | FAN_CLOSE | FAN_EVENT_ON_CHILD, directory, path);
}

/* How many events what is done brings. */
static void count_events(const char *place, const char *opened)
{
	static char buf[1 << 14];
	int fd = (int)CALL(SYS_fanotify_init, FAN_CLASS_NOTIF | FAN_REPORT_FID | FAN_NONBLOCK | FAN_CLOEXEC, O_RDONLY);
	struct fanotify_event_metadata *event = (struct fanotify_event_metadata *)buf;
	long size;

	if (fd < 0)
		return;
	say("mark %s: %s", place,
	    show(CALL(SYS_fanotify_mark, fd, FAN_MARK_ADD, FAN_OPEN | FAN_EVENT_ON_CHILD, AT_FDCWD, place)));
	close(open(opened, O_RDONLY | O_CLOEXEC));
	size = read(fd, buf, sizeof(buf));
	say(", opened %s: %s", opened, size > 0 ? "event" : "nothing");
	if (size > 0)
		say(" %llx", (unsigned long long)event->mask);
	say("\n");
	close(fd);
}

static void try_fanotify(void)
{
	static const unsigned int flags[] = { FAN_MARK_ADD, FAN_MARK_ADD | FAN_MARK_DONT_FOLLOW,
					      FAN_MARK_ADD | FAN_MARK_ONLYDIR, FAN_MARK_REMOVE, 0 };

	group = (int)CALL(SYS_fanotify_init, FAN_CLASS_NOTIF | FAN_REPORT_FID | FAN_CLOEXEC, O_RDONLY);
	say("fanotify_init %s\n", show_success(group));
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		mark_flags = flags[i];
		say("flags %x\n", mark_flags);
		sweep_at("fanotify_mark", run_mark);
	}
	say("flush %s\n", show(CALL(SYS_fanotify_mark, group, FAN_MARK_FLUSH, 0, AT_FDCWD, NULL)));
	count_events("/bound", "/bound/inner");
	count_events("/bound", "/file");
	count_events("/bound/sub/again", "/bound/sub/again/innermost");
	count_events("/bound-file", "/bound-file");
	count_events("/", "/file");
	/* Of whole mounts: refused for a user by the kernel, for all by proot. */
	if (geteuid()) {
		mark_flags = FAN_MARK_ADD | FAN_MARK_MOUNT;
		sweep_at("whole mount", run_mark);
		mark_flags = FAN_MARK_ADD | FAN_MARK_FILESYSTEM;
		sweep_at("whole file system", run_mark);
	}
}

int main(void)
{
	try_landlock();
	try_fanotify();
	return 0;
}
