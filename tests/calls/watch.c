/* SPDX-License-Identifier: GPL-2.0-or-later */
/* inotify_add_watch, fanotify_mark, name_to_handle_at, file_getattr, file_setattr. */
#include "call.h"
#include <sys/fanotify.h>
#include <sys/inotify.h>

static int watcher;
static unsigned int mask = IN_ALL_EVENTS;
static int flags;

static long run_watch(int directory, const char *path)
{
	(void)directory;
	return CALL(SYS_inotify_add_watch, watcher, path, mask);
}

static long run_fanotify(int directory, const char *path)
{
	return CALL(SYS_fanotify_mark, -1, FAN_MARK_ADD | flags, FAN_OPEN, directory, path);
}

static long run_handle(int directory, const char *path)
{
	struct {
		struct file_handle head;
		char bytes[MAX_HANDLE_SZ];
	} handle = { .head.handle_bytes = MAX_HANDLE_SZ };
	int mount;

	return CALL(SYS_name_to_handle_at, directory, path, &handle, &mount, flags);
}

/* Some kinds of file system have it, some not. */
static long run_getattr(int directory, const char *path)
{
	uint64_t attributes[4];
	long result = CALL(SYS_file_getattr, directory, path, attributes, 24, flags);

	return result == -EOPNOTSUPP || result == -ENOTTY ? 0 : result;
}

/* To no attributes at all. */
static long run_setattr(int directory, const char *path)
{
	static uint64_t attributes[4];
	long result = CALL(SYS_file_setattr, directory, path, attributes, 24, flags);

	return result == -EOPNOTSUPP || result == -ENOTTY ? 0 : result;
}

/* Events, by the number of their watch: one for each object, however it is named. */
static void say_events(void)
{
	static char buf[1 << 16] __attribute__((aligned(8)));
	long size = read(watcher, buf, sizeof(buf));

	for (long at = 0; at < size;) {
		const struct inotify_event *event = (const struct inotify_event *)(buf + at);

		say("  event %d %x %s\n", event->wd, event->mask, event->len ? event->name : "");
		at += (long)sizeof(*event) + event->len;
	}
}

static void try_events(void)
{
	struct stat status;
	int fd;

	close(watcher);
	watcher = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	say("watch /bound %s", show(CALL(SYS_inotify_add_watch, watcher, "/bound", IN_ALL_EVENTS)));
	say(" /bound/. %s", show(CALL(SYS_inotify_add_watch, watcher, "/bound/.", IN_ALL_EVENTS)));
	say(" /dir %s", show(CALL(SYS_inotify_add_watch, watcher, "/dir", IN_ALL_EVENTS)));
	say(" /link-dir %s", show(CALL(SYS_inotify_add_watch, watcher, "/link-dir", IN_ALL_EVENTS)));
	say(" /bound-file %s", show(CALL(SYS_inotify_add_watch, watcher, "/bound-file", IN_ALL_EVENTS)));
	say(" / %s\n", show(CALL(SYS_inotify_add_watch, watcher, "/", IN_ALL_EVENTS)));
	/* What is only looked up is not reported. */
	stat("/bound/inner", &status);
	stat("/dir/sub/../file", &status);
	stat("/bound/back-link/file", &status);
	access("/bound-file", R_OK);
	say_events();
	fd = open("/bound/inner", O_RDONLY);
	MUST(fd >= 0);
	close(fd);
	fd = open("/dir/new", O_CREAT | O_WRONLY, 0600);
	MUST(fd >= 0 && write(fd, "x", 1) == 1);
	close(fd);
	say_events();
	rename("/dir/new", "/dir/newer");
	chmod("/bound-file", 0600);
	unlink("/dir/newer");
	mkdir("/bound/made", 0700);
	rmdir("/bound/made");
	truncate("/bound/inner", 2);
	symlink("x", "/dir/linked");
	link("/dir/file", "/dir/hard");
	say_events();
}

int main(void)
{
	watcher = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	sweep_path("inotify_add_watch", run_watch);
	mask = IN_CREATE | IN_DONT_FOLLOW;
	sweep_path("inotify_add_watch nofollow", run_watch);
	mask = IN_CREATE | IN_ONLYDIR;
	sweep_path("inotify_add_watch directory", run_watch);
	mask = 0;
	sweep_path("inotify_add_watch nothing", run_watch);
	try_events();
	close(watcher);
	watcher = open("/file", O_RDONLY);
	mask = IN_CREATE;
	sweep_path("inotify_add_watch no watcher", run_watch);
	sweep_at("fanotify_mark", run_fanotify);
	sweep_at("name_to_handle_at", run_handle);
	flags = AT_SYMLINK_FOLLOW;
	sweep_at("name_to_handle_at follow", run_handle);
	flags = AT_EMPTY_PATH;
	sweep_empty("name_to_handle_at empty", run_handle);
	flags = 0x40;
	sweep_empty("name_to_handle_at wrong", run_handle);
	sweep_empty("file_getattr wrong", run_getattr);
	sweep_empty("file_setattr wrong", run_setattr);
	flags = 0;
	sweep_at("file_getattr", run_getattr);
	sweep_at("file_setattr", run_setattr);
	return 0;
}
