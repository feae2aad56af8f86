/* SPDX-License-Identifier: GPL-2.0-or-later */
/* umask with what makes files: open, mkdir, mknod, bind, by whichever way. */
#include "call.h"

static void say_mode(const char *path)
{
	struct stat status;

	if (lstat(path, &status))
		say(" %s", strerrorname_np(errno));
	else
		say(" %o", status.st_mode & 07777);
}

int main(void)
{
	static const unsigned int masks[] = { 0, 022, 027, 077, 0777 };
	static const char *const places[] = { "/tmp/new",	 "new",
					      "/bound/new",	 "bound/sub/../new",
					      "/link-mount/new", "/bound/sub/again/new" };

	for (size_t i = 0; i < ARRAY_SIZE(masks); i++)
		for (size_t j = 0; j < ARRAY_SIZE(places); j++) {
			const char *path = places[j];

			say("%o %s umask was %o:", masks[i], path, umask(masks[i]));
			close(open(path, O_CREAT | O_WRONLY, 0666));
			say_mode(path);
			unlink(path);
			close(creat(path, 0777));
			say_mode(path);
			unlink(path);
			mkdir(path, 0777);
			say_mode(path);
			rmdir(path);
			mknod(path, S_IFIFO | 0666, 0);
			say_mode(path);
			unlink(path);
			say("\n");
		}
	return 0;
}
