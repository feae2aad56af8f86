/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose the directory of a process in /proc is: kill(1), start-stop-daemon(8) and ps(1) ask for users so. */
#include "call.h"
#include <fcntl.h>
#include <sys/wait.h>

static void say_owner(const char *what, int directory, const char *path, int flags)
{
	struct stat status = { 0 };
	struct statx more = { 0 };
	long result = CALL(SYS_newfstatat, directory, path, &status, flags);

	say("%s: %s %u:%u", what, show(result), status.st_uid, status.st_gid);
	result = CALL(SYS_statx, directory, path, flags, STATX_UID | STATX_GID, &more);
	say(" %s %u:%u\n", show(result), more.stx_uid, more.stx_gid);
}

static void say_owners(pid_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	for (int i = 0; i < 20; i++)
		say_owner("path", AT_FDCWD, path, 0);
	say_owner("itself", AT_FDCWD, path, AT_SYMLINK_NOFOLLOW);
	fd = open(path, O_RDONLY | O_DIRECTORY);
	say_owner("descriptor", fd, "", AT_EMPTY_PATH);
	say_owner("in it", fd, ".", 0);
	close(fd);
	snprintf(path, sizeof(path), "%d", pid);
	MUST(!chdir("/proc"));
	say_owner("relative", AT_FDCWD, path, 0);
	strcat(path, "/");
	say_owner("with a slash", AT_FDCWD, path, 0);
	strcat(path, "task/..");
	say_owner("dots", AT_FDCWD, path, 0);
	snprintf(path, sizeof(path), "/proc/%d/task/%d", pid, pid);
	say_owner("task", AT_FDCWD, path, 0);
}

int main(void)
{
	static const uid_t users[] = { 0, 1000, 33 };

	for (size_t i = 0; i < ARRAY_SIZE(users); i++) {
		int ready[2];
		pid_t pid;
		char byte;

		MUST(!pipe(ready) && (pid = fork()) >= 0);
		if (!pid) {
			MUST(!setresgid(users[i] + 1, users[i] + 2, users[i] + 3));
			MUST(!setresuid(users[i], users[i], users[i]));
			MUST(write(ready[1], "", 1) == 1);
			for (;;)
				pause();
		}
		MUST(read(ready[0], &byte, 1) == 1);
		say("user %u\n", users[i]);
		say_owners(pid);
		MUST(!kill(pid, SIGKILL) && waitpid(pid, NULL, 0) == pid);
		say_owners(getpid());
	}
	say_owner("self", AT_FDCWD, "/proc/self", 0);
	say_owner("thread-self", AT_FDCWD, "/proc/thread-self", 0);
	say_owner("its link", AT_FDCWD, "/proc/self", AT_SYMLINK_NOFOLLOW);
	say_owner("proc", AT_FDCWD, "/proc", 0);
	say_owner("sys", AT_FDCWD, "/proc/sys", 0);
	MUST(!setresuid(5, 6, 7));
	say_owner("changed", AT_FDCWD, "/proc/self", 0);
	say_owner("changed", AT_FDCWD, "/proc/thread-self", 0);
	return 0;
}
