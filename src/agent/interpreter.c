/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/interpreter.h"
#include "agent/program.h"
#include "agent/root.h"
#include "agent/views.h"
#include "base/text.h"
#include <asm/fcntl.h>
#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/openat2.h>

static struct {
	char name[64];	    /* "": not known */
	uint32_t views_age; /* of the view in which it was found by that */
	unsigned long device, inode;
} own;

void interpreter_start(const char *name, int fd)
{
	struct stat file;

	if (name[0] != '/' || strlen(name) >= sizeof(own.name) || root_is_set() || GATE_2(NR_fstat, fd, &file))
		return;
	own.device = file.st_dev;
	own.inode = file.st_ino;
	own.views_age = views_age();
	memcpy(own.name, name, strlen(name) + 1);
}

/*
 * The kernel follows NAME's links within the view's root, and knows nothing of
 * bindings. That these are not in the way the file itself shows, which a walk has
 * found by this name.
 */
static long open_in_root(const char *name)
{
	static const struct open_how how = { .flags = O_RDONLY | O_LARGEFILE | O_NONBLOCK | O_NOCTTY,
					     .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	const char *host = view_host(the_view(), 0);
	long root = GATE_4(NR_openat, AT_FDCWD, host[0] ? host : "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0), fd;

	if (root < 0)
		return root;
	fd = GATE_4(NR_openat2, root, name, &how, sizeof(how));
	program_close((int)root);
	return fd;
}

long interpreter_open(const char *name)
{
	struct stat file;
	long fd;

	if (!text_equal(name, own.name) || root_is_set() || own.views_age != views_age())
		return -ENOENT;
	fd = open_in_root(name);
	if (fd < 0)
		return fd;
	if (!GATE_2(NR_fstat, fd, &file) && file.st_dev == own.device && file.st_ino == own.inode)
		return fd;
	program_close((int)fd);
	return -ENOENT;
}
