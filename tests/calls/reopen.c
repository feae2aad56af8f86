/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a descriptor is of, by the links in /proc, when root has become somebody else. */
#include "call.h"
#include <grp.h>

static char name[64];

static void try_all(const char *what, int fd, const char *behind)
{
	struct stat status;
	char text[PATH_MAX];

	snprintf(name, sizeof(name), "/proc/self/fd/%d%s", fd, behind);
	say("%s: stat %s", what, show(stat(name, &status) ? -errno : 0));
	say(" read %s", show(open(name, O_RDONLY) < 0 ? -errno : 0));
	say(" write %s", show(open(name, O_WRONLY) < 0 ? -errno : 0));
	say(" path %s", show(open(name, O_PATH) < 0 ? -errno : 0));
	say(" access %s", show(access(name, R_OK) ? -errno : 0));
	say(" chmod %s", show(chmod(name, 0640) ? -errno : 0));
	say(" truncate %s", show(truncate(name, 0) ? -errno : 0));
	say(" link %s\n", show(readlink(name, text, sizeof(text)) < 0 ? -errno : 0));
}

int main(void)
{
	int path, file, private, ends[2];

	mkdir("reopen", 0755);
	chmod("reopen", 0777);
	close(open("reopen/secret", O_CREAT | O_WRONLY, 0600));
	mkdir("reopen/private", 0700);
	close(open("reopen/private/file", O_CREAT | O_WRONLY, 0644));
	path = open("reopen/secret", O_PATH);
	file = open("reopen/secret", O_RDONLY);
	private = open("reopen/private", O_PATH);
	if (setgroups(0, NULL) || setgid(1000) || setuid(1000))
		return 1;
	try_all("secret by path", path, "");
	try_all("secret", file, "");
	try_all("in a private directory", private, "/file");
	try_all("mine", open("reopen/mine", O_CREAT | O_RDWR, 0600), "");
	try_all("mine by path", open("reopen/mine", O_PATH), "");
	try_all("nameless", open("reopen", O_TMPFILE | O_RDWR, 0600), "");
	if (!pipe(ends)) {
		snprintf(name, sizeof(name), "/proc/thread-self/fd/%d", ends[1]);
		say("pipe: %s\n", show(open(name, O_WRONLY) < 0 ? -errno : 0));
	}
	say("chdir: %s\n", show(chdir("/proc/self/fd") ? -errno : 0));
	return 0;
}
